// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// callLimit is how long a call may take. Clients wait 10 s.
const callLimit = 8 * time.Second

// session is this wire's side of one participant. It outlives the client's
// sockets.
type session struct {
	h     *Handler
	p     *participant.Participant
	grant Grant
	id    string // the secret with which the client continues it

	metadata string
	mode     room.Mode // how the client takes part
	ice      []ICEServer
	platform string     // browser and system, in the client's words
	from     netip.Addr // where the client came from last

	monitor monitor

	about atomic.Pointer[About] // renewed by noteReceived

	seat       *seat                // nil while the peer is away
	pending    *socket.Backlog      // signals kept for a peer that is away
	joining    *call                // answered by the state of the room
	speaking   map[room.PeerID]bool // as the client was told
	listed     bool                 // the client knows who is inside, so news makes sense to it
	over       *fault.Kind          // why the client was put out, once it was
	unanswered int                  // calls of this socket that have not been answered
	told       roster               // what it knows of the others, by the connection or, see [view], by the stream
	rated      map[room.PeerID]int  // how well they receive, and the client, as it was told

	pubs   publications                              // what the client publishes; of most clients one at most
	subs   map[room.PeerID]*subscription             // by what a stream goes by in told
	cut    map[string]bool                           // streams whose publisher left while the client made its answer
	early  map[room.PeerID][]webrtc.ICECandidateInit // candidates that came before the offer they belong to
	hushed bool                                      // as the client was told
}

func newSession(h *Handler, p *participant.Participant, g Grant) *session {
	return &session{
		h: h, p: p, grant: g, id: newID(), pending: h.cfg.Sockets.NewBacklog(), told: roster{}, rated: map[room.PeerID]int{}, cut: map[string]bool{},
		subs: map[room.PeerID]*subscription{}, early: map[room.PeerID][]webrtc.ICECandidateInit{},
	}
}

// Greet implements participant.Wire. A client that comes back waits for the
// answer to its first call.
func (s *session) Greet(c participant.Socket) {
	s.Parted()
	s.seat = c.(*seat)
	s.from = s.seat.from
	s.noteReceived()
	switch seat := s.seat; {
	case seat.anew != nil:
		s.startOver(seat.anew)
	case seat.hello != nil:
		seat.Send(result(seat.hello, map[string]string{"sessionId": s.id}))
	}
}

// Parted implements participant.Wire. Signals that the client may never have got
// are kept; what else it misses is told by the state of the room when it is back.
func (s *session) Parted() {
	if s.seat != nil {
		s.pending.Precede(s.seat.Missed())
	}
	left := s.joining
	s.seat, s.joining, s.listed, s.unanswered = nil, nil, false, 0
	if left != nil {
		s.abandoned(left)
	}
}

// abandoned gives up a join whose client has closed the socket before it was
// answered. It was never told by which secret it could come back.
func (s *session) abandoned(c *call) {
	if c.op != fault.OpJoin {
		return // it came back to a place that is held still
	}
	s.p.Events().Refused(c.Method, c.op, fault.From(fault.JoinAbandoned.New("peer", s.p.ID()), c.op))
	s.p.Post(func() {
		if s.seat == nil {
			s.p.Leave("abandoned")
		}
	})
}

// Closed implements participant.Wire.
func (s *session) Closed() {
	s.monitor.ended(s)
	s.Parted()
	s.pending.Take()
}

// End implements participant.Wire.
func (s *session) End(f *fault.Error) {
	why := "forceDisconnectByServer"
	switch f.Kind {
	case fault.RoomEnded:
		why = "sessionClosedByServer"
	case fault.Internal:
		why = "nodeCrashed"
	}
	s.evict(why, f)
}

// evict tells the client that it is out. One that waits for its join only hears
// the answer to that.
func (s *session) evict(why string, f *fault.Error) {
	if call := s.joining; call != nil {
		s.joining = nil
		s.finish(call, nil, f)
	}
	s.listed, s.over = false, f.Kind
	s.monitor.why = why
	s.notify("participantEvicted", s.h.style.evicted(eviction{ID: s.p.ID(), Reason: why}, f))
	s.monitor.ended(s)
}

// eviction tells a client that it is out.
type eviction struct {
	ID     room.PeerID `json:"connectionId"`
	Reason string      `json:"reason"`
	Error  *wireError  `json:"error,omitempty"`
}

// CloseMedia implements participant.Wire. A client notices that its connections
// are gone and builds them anew.
func (s *session) CloseMedia(participant.MediaEnd) {
	for _, p := range s.pubs {
		p.conn = nil
	}
	clear(s.subs)
	clear(s.early)
	s.noteReceived()
}

// notify sends a notification, if anybody is there to hear it.
func (s *session) notify(method string, params any) {
	if s.seat == nil {
		return
	}
	if worded, known := s.h.style.tell(s, method, params); known {
		s.seat.Send(notificationFrame{"2.0", method, worded})
	}
}

// notifyReliable sends a notification that a peer must not miss while it is away.
func (s *session) notifyReliable(method string, params any) {
	worded, known := s.h.style.tell(s, method, params)
	if !known {
		return
	}
	b, err := socket.Encode(notificationFrame{"2.0", method, worded})
	if err != nil {
		s.p.Log().Error("frame cannot be encoded", "err", err)
		return
	}
	if s.seat != nil && s.listed {
		s.seat.SendReliable(b)
		return
	}
	s.pending.Keep(b)
}

// tellPending sends what was kept for the peer. These clients have no word for
// what could not be kept.
func (s *session) tellPending() {
	kept, lost, limit := s.pending.Take()
	for _, b := range kept {
		s.seat.SendReliable(b)
	}
	if lost > 0 {
		f := fault.From(fault.MessageLost.New("messages", lost, "limit", limit), fault.OpReconnect)
		s.h.all.Count(f)
		s.p.Log().Warn("messages were not kept", "fault", f)
	}
}

// call is one call of the client, until it is answered.
type call struct {
	frame
	op   fault.Op
	on   *seat // where it came from; another one did not ask
	from time.Time
	then func() // once it has been answered
}

// later is the result of a call that is answered by somebody else.
type later struct{}

// receive handles one frame of a socket: the one way in.
func (s *session) receive(on *seat, f frame, err error) {
	if s.seat != on {
		return // a late frame of a socket that was replaced
	}
	c := &call{frame: f, op: fault.OpConnect, on: on, from: time.Now()}
	s.unanswered++
	if err != nil {
		s.finish(c, nil, err)
		return
	}
	o, known := s.h.style.op(f.Method)
	if !known {
		s.finish(c, nil, fault.MethodUnknown.New("method", clip(f.Method, 64)))
		return
	}
	c.op = o.op
	switch {
	case s.listed || o.always:
	case s.over != nil:
		s.finish(c, nil, s.over.New("method", f.Method))
		return
	default:
		s.finish(c, nil, fault.NotJoined.New("method", f.Method))
		return
	}
	s.p.Inject().Call(injected(f.Method, o.op)).Meet(
		func(wait time.Duration, do func()) { s.p.After(wait, do) },
		func(says any, err error) { s.finish(c, says, err) },
		func() { s.carryOut(c, o) },
	)
}

// carryOut runs a call and answers it.
func (s *session) carryOut(c *call, o operation) {
	ctx, cancel := context.WithTimeout(s.p.Context(), callLimit)
	defer cancel()
	v, err := any(nil), s.p.Budget().Afford(o.cost)
	if err == nil {
		var told room.Told
		v, err = o.run(s, room.Counted(ctx, &told), c)
		s.p.Budget().Charge(o.cost, len(c.Params), told.Bytes, err)
	}
	if _, waits := v.(later); waits && err == nil {
		return
	}
	if err != nil || o.kept == 0 {
		s.finish(c, v, err)
		return
	}
	s.p.WhenWritten(func(err error) {
		if o.kept == kept {
			s.unwritten(c.Method, c.op, err)
			err = nil
		}
		s.finish(c, v, err)
	})
}

// unwritten notes that a call is acknowledged from memory, as the disk cannot be
// written.
func (s *session) unwritten(method string, op fault.Op, err error) {
	if err == nil || errors.Is(err, context.Canceled) {
		return
	}
	f := fault.From(err, op)
	s.h.all.Count(f)
	s.p.Log().Warn("acknowledged from memory", "method", method, "fault", f)
}

// finish answers a call: the one way out. A refusal becomes a reply, a metric,
// a log line and, for what the record has a type for, a stored event.
func (s *session) finish(c *call, v any, err error) {
	if s.seat == c.on {
		if s.unanswered--; s.unanswered < 0 { // an answer too many, which is a bug of ours
			s.unanswered = 0
			err = fault.Invariant.New("counter", "open calls", "method", clip(c.Method, 64))
		}
	}
	bad := fault.From(err, c.op)
	if bad != nil {
		s.p.Events().Refused(clip(c.Method, 64), c.op, bad)
	} else {
		s.p.Answered(c.Method, time.Since(c.from))
	}
	if s.seat == c.on && s.seat != nil && c.ID != nil {
		if bad != nil {
			s.seat.Send(s.h.refusal(c.ID, bad))
		} else {
			s.p.Budget().Answer(s.seat.Send(result(c.ID, v)) - len(c.Params))
		}
	}
	if c.then != nil {
		c.then()
	}
}

// typed makes a row's run from a function of decoded params.
func typed[T any](f func(s *session, ctx context.Context, c *call, p T) (any, error)) func(*session, context.Context, *call) (any, error) {
	return func(s *session, ctx context.Context, c *call) (any, error) {
		p, err := jsonrpc.Params[T](c.Params)
		if err != nil {
			return nil, err
		}
		return f(s, ctx, c, p)
	}
}
