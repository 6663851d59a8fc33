// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package opentok lets apps of OpenTok in: their projects, session ids and tokens,
// which official server SDKs make offline, and what clients ask before they open
// a socket. It implements kurento.SharedTokens. The REST API of their backends is
// package api/opentok.
//
// A session is a room of the registry. Its id says which, sealed with a key of
// the data directory, so that nothing else need be kept and no project can make
// an id for a room of another one.
package opentok
