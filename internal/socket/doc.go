// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package socket carries frames between a client and a wire over a WebSocket.
//
// A Conn reads frames, writes frames and knows nothing of what they say. It is
// bounded: how large and how frequent frames may be, how much may wait to be
// written, and how long the other end may be silent. What must not be missed
// is remembered until the other end has shown that it got it, so that a wire
// can send it again on the client's next socket; see [Conn.Missed].
//
// A Set holds every open Conn of a server, whatever its wire.
package socket
