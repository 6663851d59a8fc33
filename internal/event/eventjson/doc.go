// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package eventjson is events as JSON, in the form of the 100ms Error Events API
// with a block of our own, and the parameters by which that API is asked for them.
//
// The REST API, webhooks and exports show the document as it stands, and stores keep
// it, so a name changed here would be another name on the disk. A cursor is bound
// to the parameters of its query, so they are named here alone as well.
package eventjson
