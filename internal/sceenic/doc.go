// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package sceenic is the token service of Sceenic WatchTogether backends: one
// token for each session, with which everybody joins. It implements
// kurento.SharedTokens.
//
// Nothing is kept: a token says which room it is for and where clients connect,
// and whoever asks for a session again gets the same one for hours. It names
// nobody, so each join becomes a peer of its own with a room token that never
// leaves the process.
package sceenic
