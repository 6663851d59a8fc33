// Package participant keeps the people in calls, whatever wire they came by.
//
// A [Participant] is one peer of one room. It owns the peer's membership, its
// media connections, what is recorded about it, and its place while it is
// away: it outlives its sockets, and holds membership and media for
// [Config.Hold] when a socket drops, so that the same peer can resume. Each is
// one goroutine with an inbox; calls of the client, updates of the room, media
// state and timers all pass through that inbox in order, and one peer's
// negotiation never holds up another's.
//
// A participant speaks to its client through a [Wire], which knows the frames
// and the words. Nothing here names a vendor's method, field or number. Every
// method of Participant is for its own goroutine, which is where its wire is
// called, but for those that say otherwise; a wire that hears from its socket
// gets there by [Participant.Post].
//
// The [Service] holds every participant of this process and decides who is
// let in: see [Service.Admit].
package participant
