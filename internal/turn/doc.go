// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package turn relays media for clients whose network lets them reach nothing but
// this server's TURN ports (RFC 8656): over UDP, TCP and TLS, and on the port of
// HTTPS. The protocol is Pion's. What is ours is who may do it, to where, and how
// much: credentials that expire, relays to the media addresses of this deployment
// and nowhere else, and bounds for each user, each host and the whole.
package turn
