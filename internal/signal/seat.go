package signal

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/token"
)

// Timing and limits of a seat.
const (
	// Clients note how long the peer list took only if it does not arrive in
	// the same instant as the answer to join.
	listDelay = 100 * time.Millisecond
	// A client told to migrate needs the refusal of its offer first.
	moveDelay = 20 * time.Millisecond
	// A removed peer is given this long to leave by itself.
	removeGrace = 2 * time.Second
	// How often the quality of a peer's downlink is judged.
	rateEvery = 4 * time.Second
	newsLimit = 2000 // news that may wait; beyond it the client must resume
	awayLimit = 200  // messages kept for a peer that is away; see Bounds.Away for bytes
	callLimit = 10 * time.Second
)

// seat is one peer. Everything below the line is touched only by run.
type seat struct {
	h   *Handler
	key seatKey
	in  *inbox
	ctx context.Context
	end context.CancelFunc

	claims token.Claims
	place  Place
	inject *inject.Peer
	out    atomic.Pointer[fault.Kind] // why the peer was put out, once it was
	// ----
	log      *slog.Logger
	agent    event.Agent
	conn     *conn // nil while the peer is away
	room     *room.Room
	node     string // the id the client knows this process by
	role     string
	name     string
	data     string
	joined   bool
	joinedOn *conn // on which socket: a second join there is a mistake of the client
	listed   bool  // the client has the peer list, so news makes sense to it
	started  bool  // the subscribe side has made its first offer
	leaving  bool  // removed: only the goodbye is left
	since    time.Time
	away     [][]byte // frames kept for a peer that is away
	awaySize int      // bytes of these
	awayFrom time.Time
	awayCode websocket.StatusCode
	session  string
	hold     *time.Timer
	rater    *time.Timer
	media    media
	told     *limit.Bucket // what the peer tells others
	answered *limit.Bucket // what its calls cost beyond what they carry
}

// newSeat makes the seat of a visitor; an earlier process may have held the
// peer, then it sits as one that has joined and lost its media.
func newSeat(h *Handler, v visitor) *seat {
	ctx, end := context.WithCancel(context.Background())
	s := &seat{
		h: h, key: seatKey{v.claims.RoomID, v.peer}, in: newInbox(newsLimit), ctx: ctx, end: end,
		claims: v.claims, place: v.place, role: v.claims.Role, agent: v.agent, since: time.Now(),
		log: h.log.With("room", v.claims.RoomID, "peer", string(v.peer)),
	}
	s.node = h.node
	s.told = limit.NewBucket(h.cfg.Bounds.Tell, tellBurst*h.cfg.Bounds.Tell)
	s.answered = limit.NewBucket(h.cfg.Bounds.Answer, answerBurst*h.cfg.Bounds.Answer)
	s.inject = h.cfg.Inject.Attend(v.who(), func(a inject.Action) { s.in.post(func() { s.provoke(a) }) })
	s.media.init(h.cfg.FrameRate)
	if v.held != nil {
		held := *v.held
		s.in.post(func() { s.recover(held) })
	}
	return s
}

// belongsTo tells whether a token may take over the seat: the same user with
// the same token, or with another one of the same user.
func (s *seat) belongsTo(c token.Claims) bool {
	if c.UserID == "" {
		return s.claims.ID == c.ID
	}
	return s.claims.UserID == c.UserID
}

// run is the seat's goroutine.
func (s *seat) run() {
	defer s.h.rise(s)
	defer s.inject.Close()
	for {
		select {
		case <-s.ctx.Done():
			s.in.close()
			s.closeMedia()
			return
		case <-s.in.wake:
		}
		for {
			f, ok := s.in.take()
			if !ok || s.ctx.Err() != nil {
				break
			}
			s.guard(f)
		}
	}
}

// guard runs one item of the inbox. A bug that one peer's input reaches costs
// that peer its place, and nobody else anything.
func (s *seat) guard(f func()) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		bad := fault.From(fault.Internal.Wrap(fmt.Errorf("panic: %v", p)), fault.OpConnect)
		s.h.met.refused(bad.Op, bad.Kind)
		s.log.Error("a peer's place is given up", "fault", bad, "stack", string(debug.Stack()))
		s.tell("on-error", wordFault(bad))
		s.leave("internal error")
	}()
	f()
}

// after posts f when d has passed.
func (s *seat) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() { s.in.post(f) })
}

// attach gives the seat a new socket, in place of the old one; false when the
// seat has ended meanwhile.
func (s *seat) attach(c *conn, v visitor) bool {
	done := make(chan bool, 1)
	s.in.post(func() { done <- s.attached(c, v) })
	select {
	case ok := <-done:
		return ok
	case <-s.ctx.Done():
		return false
	}
}

func (s *seat) attached(c *conn, v visitor) bool {
	if s.leaving {
		return false
	}
	if old := s.conn; old != nil {
		s.recall(old)
		old.close(websocket.StatusGoingAway, "replaced by a newer connection")
	}
	if s.hold != nil {
		s.hold.Stop()
		s.hold = nil
		s.h.met.held.Dec()
	}
	s.conn, s.agent, s.listed = c, v.agent, false
	if s.agent.String == "" {
		s.agent = v.agent
	}
	s.greet()
	if s.joined {
		if !s.awayFrom.IsZero() {
			s.log.Info("peer resumed", "away", time.Since(s.awayFrom).Round(time.Millisecond))
			s.h.met.resumed.WithLabelValues(strconv.FormatBool(s.inject.Tampered())).Inc()
		}
		_ = s.room.Refresh(s.ctx, s.key.peer)
		if s.media.sub != nil {
			_ = s.media.sub.Resend()
		}
	}
	s.inject.Arrived()
	return true
}

// greet sends what a client waits for before it does anything: its policy
// first, then what it may know of the room.
func (s *seat) greet() {
	s.tell("on-policy-change", policyOnWire(s.role, s.place.Facts.Template))
	if s.joined {
		return // the peer list follows, with the room in it
	}
	r, err := s.h.cfg.Hub.Open(s.place.Facts)
	if err != nil {
		return
	}
	snap, err := r.Watch(s.ctx, s)
	if err != nil {
		return
	}
	s.room = r
	s.tell("room-info", roomInfoOnWire(snap))
	peers, tracks := snap.Counts()
	s.tell("session-info", sessionInfoOnWire(snap.RoomID, snap.SessionID, peers, tracks))
	s.tellRoomState(snap)
}

// tellRoomState shows a preview who is inside, as far as the template lets it.
func (s *seat) tellRoomState(snap room.Snapshot) {
	set := s.place.Facts.Template.Settings.RoomState
	if !set.Enabled {
		return
	}
	if !set.SendPeerList {
		n := len(snap.Peers)
		snap.Peers = nil
		state := roomStateOnWire(snap)
		state.Count = n
		s.tell("room-state", state)
		return
	}
	s.tell("room-state", roomStateOnWire(snap))
}

// detached hears that a socket ended. 1000 and 1001 are a goodbye: a closed tab
// sends no other. Anything else is a drop, and a joined peer is held.
func (s *seat) detached(c *conn, code websocket.StatusCode) {
	if s.conn != c {
		return // replaced before it ended
	}
	s.conn, s.listed = nil, false
	switch {
	case !s.joined:
		s.finishSeat("closed")
	case code == websocket.StatusNormalClosure || code == websocket.StatusGoingAway:
		s.leave("closed")
	case s.leaving:
		s.finishSeat("removed")
	default:
		s.recall(c)
		s.awayFrom, s.awayCode = time.Now(), code
		s.h.met.held.Inc()
		s.log.Info("peer is away", "code", int(code), "held", s.h.cfg.Hold)
		s.hold = s.after(s.h.cfg.Hold, s.expire)
	}
}

// expire ends a hold nobody came back to.
func (s *seat) expire() {
	if s.conn != nil || s.hold == nil {
		return
	}
	f := fault.From(fault.SignalLost.New("away_seconds", int(s.h.cfg.Hold.Seconds()), "close_code", int(s.awayCode)), fault.OpReconnect)
	s.record(event.Disconnected, "RECONNECT_SIGNAL", f)
	s.leave("lost")
}

// leave takes the peer out of the room and ends the seat.
func (s *seat) leave(reason string) {
	s.leaveRoom(reason)
	s.finishSeat(reason)
}

// leaveRoom takes the peer out of the room; the seat is left for the goodbye.
func (s *seat) leaveRoom(reason string) {
	if s.room != nil && s.joined {
		s.recordTracksGone()
		s.room.Leave(s.ctx, s.key.peer, reason)
		s.joined, s.room = false, nil
	}
}

// revoked hears that the token the peer came in with is not good any more.
func (s *seat) revoked() {
	if !s.leaving {
		s.putOut(fault.From(fault.TokenRevoked.New("jti", s.claims.ID), fault.OpReconnect))
	}
}

// putOut ends the client's session with a fault, and lets the peer not come back.
func (s *seat) putOut(f *fault.Error) {
	s.out.Store(f.Kind)
	s.bye(f)
	s.leave("token revoked")
}

// finishSeat ends the goroutine. The room no longer knows the peer.
func (s *seat) finishSeat(reason string) {
	if s.hold != nil {
		s.hold.Stop()
		s.hold = nil
		s.h.met.held.Dec()
	}
	if s.rater != nil {
		s.rater.Stop()
	}
	if s.room != nil && !s.joined {
		s.room.Unwatch(s.ctx, s)
	}
	if s.conn != nil {
		s.conn.close(websocket.StatusNormalClosure, reason)
		s.conn = nil
	}
	s.end()
}

// abandon ends the seat but leaves the peer in the room's record, so that
// another process can go on with it.
func (s *seat) abandon() { s.end() }

// tell sends a notification, if anybody is there to hear it.
func (s *seat) tell(method string, p any) {
	if s.conn != nil {
		s.conn.send(news(method, p))
	}
}

// tellKept sends a notification that a peer must not miss while it is away.
func (s *seat) tellKept(method string, p any) {
	b, err := encode(news(method, p))
	if err != nil {
		s.log.Error("frame cannot be encoded", "err", err)
		return
	}
	if s.conn != nil && s.listed {
		s.conn.sendKept(b)
		return
	}
	s.keepAway(b)
}

// keepAway keeps a frame for the next socket. What is too much is dropped: the
// state of the room comes anew in any case, and only messages are lost.
func (s *seat) keepAway(b []byte) {
	if len(s.away) >= awayLimit || s.awaySize+len(b) > s.h.cfg.Bounds.Away {
		s.h.met.limited.WithLabelValues("limits.away_bytes").Inc()
		return
	}
	s.away = append(s.away, b)
	s.awaySize += len(b)
}

// takeAway takes what was kept.
func (s *seat) takeAway() [][]byte {
	kept := s.away
	s.away, s.awaySize = nil, 0
	return kept
}

// recall takes back what a lost socket was given and the client may never have
// got, ahead of what has happened since.
func (s *seat) recall(c *conn) {
	for _, b := range append(c.missed(), s.takeAway()...) {
		s.keepAway(b)
	}
}

// subject is the peer as events name it.
func (s *seat) subject() event.Subject {
	return event.Subject{
		AccountID: s.place.Account, UserID: s.claims.UserID, UserName: s.name, PeerID: string(s.key.peer),
		RoomID: s.key.room, SessionID: s.session, RoomName: s.place.Facts.Name,
		TemplateID: s.place.Facts.Template.ID, Role: s.role, Agent: s.agent,
	}
}

// record stores what the server itself saw go wrong.
func (s *seat) record(t event.Type, action string, f *fault.Error) {
	s.log.Warn("failed", "fault", f, "event", string(t), "injected", s.inject.Tampered())
	s.h.cfg.Events.Record(seen(t, action, f, s.subject()))
}

// recordTry is record for a failure that both sides go on trying to mend,
// whatever becomes of it in the end.
func (s *seat) recordTry(t event.Type, action string, f *fault.Error) {
	s.log.Warn("failed", "fault", f, "event", string(t), "injected", s.inject.Tampered())
	e := seen(t, action, f, s.subject())
	e.Failure.Terminal = false
	s.h.cfg.Events.Record(e)
}

// Notify takes news from the room. A client that falls too far behind loses
// its socket and resumes with the full state.
func (s *seat) Notify(u room.Update) {
	if !s.in.postNews(func() { s.hear(u) }) {
		s.in.post(func() {
			if s.conn != nil {
				s.conn.slow("news")
			}
		})
	}
}

// layerFor is a layer for a track nobody has asked about yet.
func (s *seat) layerFor(t room.Track) sfu.Layer {
	if l, asked := s.media.layers[t.ID]; asked {
		return l
	}
	if s.media.autoVideo {
		return sfu.LayerHigh
	}
	return sfu.LayerNone
}
