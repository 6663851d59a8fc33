// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package room keeps who is in a room, what they publish and what they agreed
// on: roles, groups, messages, metadata, polls.
//
// Each [Room] is one goroutine; its fields are touched only there, and every
// method runs as a closure in it. It knows nothing of sockets, SDP or vendors.
// Calls come down and may wait for the room; updates go up through
// [Member.Notify] and never waits, so a slow member cannot slow a room.
//
// A [Hub] holds the rooms of this process. A room exists while somebody is in
// it or looks at it, and for [Options.Linger] after. Its session begins with
// the first peer and ends when nobody has been inside for that long, at once
// if it was ended on purpose; metadata and polls end with it.
package room
