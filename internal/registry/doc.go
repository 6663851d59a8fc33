// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package registry keeps what must outlive the process: rooms, templates, room
// codes, revoked tokens, and who was in which session.
//
// It is one SQLite file, registry.db, in the data directory. A [Registry] is
// safe for concurrent use. What it returns are copies; a write is durable when
// the method returns. It holds no business rule of a running call: that is the
// room's.
package registry
