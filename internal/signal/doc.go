// Package signal speaks the 100ms-compatible JSON-RPC wire over a WebSocket.
//
// Two things carry a client. A conn is one WebSocket: it reads frames, writes
// frames and knows nothing else. A seat is one peer, and outlives its sockets:
// it owns the peer's membership in a room and its media connections, and it
// holds them for [Config.Hold] when a socket drops, so that the same peer can
// resume. Each seat is one goroutine with an inbox; calls of the client, news of
// the room, media state and timers all pass through that inbox in order, and one
// peer's negotiation never holds up another's.
//
// There is one way in (conn.read, then the ops table) and one way out
// (seat.finish): every refusal becomes the vendor's words, a log line, a metric
// and, where the vendor's contract has a type for it, a stored event there and
// nowhere else.
package signal
