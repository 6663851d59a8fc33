// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/trace"
)

// Timing and limits of a participant.
const (
	// A removed peer is given this long to leave by itself.
	removeGrace = 2 * time.Second
	updateLimit = 2000 // updates that may wait; beyond it the client must resume
)

// Participant is one peer: who it is, where it is, and the socket it is heard over.
// Everything below the line is touched only by run.
type Participant struct {
	s       *Service
	key     key
	in      *inbox
	ctx     context.Context
	end     context.CancelFunc
	vacated chan struct{} // closed once somebody may come in under its id
	gone    chan struct{} // closed once nothing is left of it but what is remembered
	wire    Wire

	claims     token.Claims
	roomRecord RoomRecord
	inject     *inject.Peer
	away       atomic.Bool // its socket is lost and its place is held
	departing  atomic.Bool // others may have been told that it left, and it is about to vacate its id
	asked      atomic.Bool // which connections it has, and it has not answered yet

	join    *trace.Join // how it came in, for its trace; nil: not followed
	user    userKey
	present atomic.Pointer[presence]   // where it is heard from
	out     atomic.Pointer[fault.Kind] // why the peer was disconnected for good, once it was
	// ----
	log     *slog.Logger
	socket  Socket // nil while the peer is away
	room    *room.Room
	role    string
	name    string
	data    string
	joined  bool
	leaving bool // removed: only the goodbye is left

	hold   hold
	media  *Media
	events *Events
	budget *Budget
}

// newParticipant makes the participant of a visitor; an earlier process may
// have held the peer, then it is as one that has joined and lost its media.
func newParticipant(s *Service, v Visitor) *Participant {
	ctx, end := context.WithCancel(context.Background())
	p := &Participant{
		s: s, key: key{v.Claims.RoomID, v.ID}, in: newInbox(updateLimit), ctx: ctx, end: end,
		vacated: make(chan struct{}), gone: make(chan struct{}),
		claims: v.Claims, roomRecord: v.Record, role: v.Claims.Role, user: v.userKey(),
		log: s.log.With("room", v.Claims.RoomID, "peer", string(v.ID)),
	}
	if p.join = s.cfg.Traces.Join(v.Claims.RoomID, string(v.ID)); p.join.ID() != "" {
		p.log = p.log.With("trace", p.join.ID())
	}
	p.inject = s.cfg.Inject.Attend(v.who(), func(a inject.Action) { p.Post(func() { p.provoke(a) }) })
	p.hold.p = p
	p.media, p.events, p.budget = newMedia(p), newEvents(p, v.Agent), newBudget(p)
	if v.held != nil {
		held := *v.held
		p.Post(func() { p.recover(held) })
	}
	return p
}

// belongsTo tells whether a token resumes the peer: only the one it came in
// with. Ids of peers and users are known to everybody in the room, the token to
// its holder alone; another token of the same user may be for another role, and
// may outlive the first one's revocation.
func (p *Participant) belongsTo(c token.Claims) bool { return c.Owns(p.claims.Digest) }

// discard ends a participant that was made and never entered.
func (p *Participant) discard() {
	p.inject.Close()
	p.end()
}

// run is the participant's goroutine.
func (p *Participant) run() {
	defer p.s.forget(p)
	defer p.join.End()
	defer p.inject.Close()
	for {
		select {
		case <-p.ctx.Done():
			p.in.close()
			p.media.close(MediaOver)
			p.wire.Closed()
			return
		case <-p.in.wake:
		}
		for {
			f, ok := p.in.take()
			if !ok || p.ctx.Err() != nil {
				break
			}
			p.guard(f)
		}
	}
}

// guard runs one item of the inbox. A bug that one peer's input reaches costs
// that peer its place, and nobody else anything.
func (p *Participant) guard(f func()) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		bad := fault.From(fault.Internal.Wrap(fmt.Errorf("panic: %v", r)), fault.OpConnect)
		p.s.met.refused(bad.Op, bad.Kind)
		p.log.Error("a peer's place is given up", "fault", bad, "stack", string(debug.Stack()))
		p.wire.End(bad)
		p.Leave("internal error")
	}()
	f()
}

// Post runs f in the participant's goroutine, after what waits already; it is
// dropped once the participant has ended. It may be called from anywhere and
// does not wait. Whoever posts bounds how much waits.
func (p *Participant) Post(f func()) { p.in.post(f) }

// After posts f when d has passed. It may be called from anywhere.
func (p *Participant) After(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { p.Post(f) })
}

// Attach gives the participant a new socket, in place of the old one; false
// when the participant has ended meanwhile. It is called from the socket's
// goroutine and waits.
func (p *Participant) Attach(c Socket, v Visitor) bool {
	done := make(chan bool, 1)
	p.Post(func() { done <- p.attached(c, v) })
	select {
	case ok := <-done:
		return ok
	case <-p.ctx.Done():
		return false
	}
}

func (p *Participant) attached(c Socket, v Visitor) bool {
	if p.leaving {
		return false
	}
	if old := p.socket; old != nil {
		p.events.replaced(old, v.Door)
		p.wire.Parted()
		old.Close(websocket.StatusGoingAway, "replaced by a newer connection")
	}
	p.hold.end()
	p.away.Store(false)
	p.socket = c
	p.came(&v)
	p.events.attached(v.Door)
	if v.Agent.String != "" {
		p.events.agent = v.Agent
	}
	p.wire.Greet(c)
	if p.joined {
		p.hold.resumed()
		_ = p.room.SyncState(p.ctx, p.key.peer)
		p.media.resendOffers()
	}
	p.inject.Arrived()
	return true
}

// Agent is the client, as it says.
func (p *Participant) Agent() event.Agent { return p.events.agent }

// Detached hears that a socket ended, and whether that was the client's
// goodbye. Anything else is a drop, and a joined peer is held.
func (p *Participant) Detached(c Socket, goodbye bool, code websocket.StatusCode) {
	if p.socket != c {
		return // replaced before it ended
	}
	p.events.detached(c)
	p.went()
	p.socket = nil
	p.wire.Parted()
	switch {
	case !p.joined:
		p.finish("closed")
	case goodbye:
		p.Leave("closed")
	case p.leaving:
		p.finish("removed")
	case p.hold.rejoined(c):
		p.Leave(reasonRejoined)
	default:
		p.away.Store(true)
		p.hold.begin(code)
	}
}

// Leave takes the peer out of the room and ends the participant.
func (p *Participant) Leave(reason string) {
	p.leaveRoom(reason)
	p.finish(reason)
}

// leaveRoom takes the peer out of the room; what is left is for the goodbye.
func (p *Participant) leaveRoom(reason string) {
	p.departing.Store(true)
	if p.room != nil && p.joined {
		p.events.tracksGone()
		p.room.Leave(p.ctx, p.key.peer, reason)
		p.joined, p.room = false, nil
	}
}

// Goodbye takes the peer out of the room at its own wish, and lets it come
// again at once. The returned function ends the participant, once the client
// has its answer.
func (p *Participant) Goodbye(reason string) (end func()) {
	p.leaveRoom(reason)
	p.leaving = true
	p.s.vacate(p)
	return func() { p.finish(reason) }
}

// revoked hears that the token the peer came in with is not good any more.
func (p *Participant) revoked() {
	if !p.leaving {
		p.terminate(fault.From(fault.TokenRevoked.New("jti", p.claims.ID), fault.OpReconnect))
	}
}

// terminate ends the client's session with a fault, and lets the peer not come back.
func (p *Participant) terminate(f *fault.Error) {
	p.out.Store(f.Kind)
	p.End(f)
	p.Leave("token revoked")
}

// End tells the client a fault that ends its session, and records it.
func (p *Participant) End(f *fault.Error) {
	f = fault.From(f, fault.OpReconnect)
	p.events.Record(event.Disconnected, f)
	p.wire.End(f)
}

// removed sends the peer away. It is out of the room already; the client is
// given a moment to go by itself before the socket closes.
func (p *Participant) removed(u room.Removed) {
	why := fault.PeerRemoved
	if u.Ended {
		why = fault.RoomEnded
	}
	p.out.Store(why)
	p.events.tracksGone()
	p.joined, p.leaving = false, true
	p.wire.Update(u, nil)
	if p.socket == nil {
		p.finish("removed")
		return
	}
	p.After(removeGrace, func() { p.finish("removed") })
}

// finish ends the goroutine. The room no longer knows the peer.
func (p *Participant) finish(reason string) {
	p.hold.end()
	p.media.stop()
	if p.room != nil && !p.joined {
		p.room.Unwatch(p.ctx, p)
	}
	if p.socket != nil {
		p.socket.Close(websocket.StatusNormalClosure, reason)
		p.socket = nil
	}
	p.end()
}

// test tells whether the participant is one of the server's own tests.
func (p *Participant) test() bool {
	return p.s.cfg.Tests != "" && p.roomRecord.Account == p.s.cfg.Tests
}

// abandon ends the participant but leaves the peer in the room's record, so
// that another process can go on with it.
func (p *Participant) abandon() { p.end() }
