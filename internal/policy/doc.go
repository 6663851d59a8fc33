// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package policy says what each role of a room may do: what it publishes and
// at which quality, whose media it receives, and whom it may moderate.
//
// A [Template] is a set of roles that rooms share. Everything here is plain
// data and pure functions over it; the forms that templates have on a wire or on
// a disk are packages of their own, such as policyjson. Enforcing a permission is
// the business of whoever serves the call.
package policy
