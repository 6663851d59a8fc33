// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package api is the REST side of the server: rooms, templates, room codes,
// tokens, active rooms and sessions, and whatever else is mounted into it.
//
// A route is a row in a list: a pattern, who may call it, and a [Handler] that
// only returns. There is one way in ([API.serve]: request id, rate limit, body
// limit, token) and one way out ([Call.finish]: reply or fault, one log line,
// one count).
package api
