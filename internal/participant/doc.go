// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package participant keeps the people in calls, whatever wire they came by.
//
// A [Participant] is one peer of one room. It owns the peer's membership, and
// its place while it is away: it outlives its sockets, and holds membership and
// media for [Config.Hold] when a socket drops, so that the same peer can resume.
// Its parts own the rest: [Media] the connections and what goes over them,
// [Events] what is recorded, [Budget] what its calls may cost. Each participant
// is one goroutine with an inbox; calls of the client, updates of the room, media
// state and timers all pass through that inbox in order, and one peer's
// negotiation never holds up another's.
//
// A participant speaks to its client through a [Wire], which knows the frames
// and the words. Nothing here names a vendor's method, field or number. Every
// method of Participant and its parts is for its own goroutine, which is where its wire is
// called, but for those that say otherwise; a wire that hears from its socket
// gets there by [Participant.Post].
//
// The [Service] holds every participant of this process and decides who is
// let in: see [Service.Admit].
package participant
