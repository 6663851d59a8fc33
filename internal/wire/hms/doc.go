// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package hms speaks the 100ms-compatible JSON-RPC wire over a WebSocket: GET
// /init, the socket, its calls and notifications, and the data channel of the
// receiving connection.
//
// A session is this wire's side of one participant, and is used in that
// participant's goroutine only. There is one way in (session.receive, then the
// ops table) and one way out (session.finish): every refusal becomes the
// vendor's words, a log line, a metric and, where the record has a type for it,
// a stored event there and nowhere else.
package hms
