// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package kurento is the wire of OpenVidu 2 clients, openvidu-browser first: the
// JSON-RPC dialect that Kurento Room began, over a WebSocket at /openvidu.
//
// A client has one connection for each stream that it sends or receives. It
// offers what it publishes; what it receives is offered by the server, which is
// how the client behaves towards a server that calls itself mediasoup. Its token
// is in the first call, of one use and bought over REST (package openvidu), so a
// socket belongs to nobody until it has joined, or has named the session that it
// continues.
//
// A peer of the room is a connection here, and its camera and microphone are the
// connection's one stream. Peers of other wires have theirs too.
package kurento
