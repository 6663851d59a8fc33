// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package sfu forwards media between peers: it terminates ICE, DTLS and SRTP,
// and passes RTP packets from one publisher to many subscribers unchanged but
// for what must differ per receiver.
//
// An [Engine] owns the sockets. A [Publisher] is one peer's sending connection,
// negotiated by the peer's offers; a [Subscriber] is one peer's receiving
// connection, negotiated by ours. A [Track] is one published track with all its
// simulcast layers; it is read by one goroutine per layer, which hands every
// packet to the list of its receivers. The list is replaced whole, never edited.
//
// Calls go down and may wait. News goes up through the callbacks of the two
// configurations: each connection runs its callbacks one at a time, in order, on
// a goroutine of its own, and starts none after Close. A callback must not call
// Close of the connection it belongs to, nor wait for one that does.
//
// The package knows nothing of rooms, sockets of the signalling, or vendors.
package sfu
