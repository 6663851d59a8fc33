// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package datafile is what the files of the data directory have in common: what
// a failure of one means and who can mend it ([Fault]), whether one is whole
// ([Check]), how one is copied while it is in use ([Copy]), and how a small one
// is written so that it is there whole or not at all ([Write]).
package datafile
