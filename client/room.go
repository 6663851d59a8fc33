package client

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// homecoming is how long peers that were here before the server was restarted
// may take to come back before they count as gone.
const homecoming = 10 * time.Second

// Room is a session of this client in a room: from Join until it ends. Its
// methods may be called from any goroutine, callbacks included.
//
// Calls that need the server wait for a lost socket to come back for as long as
// their context allows, [Config.CallTimeout] when it has no deadline. Besides
// the faults each method names, all fail with fault.ClientNotConnected once the
// session has ended, fault.SignalLost when the socket is lost and stays so,
// fault.SignalSilent when no answer comes, and fault.RequestCancelled.
type Room struct {
	cfg    Config
	id     string
	token  string
	claims claims
	door   *door
	quick  *door // for reconnecting: it tries often instead of waiting long
	api    *webrtc.API
	ice    []webrtc.ICEServer
	log    *slog.Logger
	cb     *callbacks
	rec    *recovery
	rep    *reporter

	ctx  context.Context // ends when the session does
	end  context.CancelFunc
	shut sync.Once

	spawning sync.Mutex
	full     bool // nothing more is spawned
	wg       sync.WaitGroup

	torn chan struct{} // closed when nothing of the session is left
	done chan struct{} // closed when the session has ended
	turn chan struct{} // held while the publishing side is negotiated

	greeted chan struct{} // the policy has come
	listed  chan struct{} // the peer list has come
	moved   chan string   // the server's new node

	mu             sync.Mutex
	state          State
	err            *fault.Error
	link           *link
	linkUp         chan struct{} // closed while there is a socket
	coming         *link         // the socket that is about to replace link
	media          *media
	closing        []*link // sockets to be waited for
	refusal        *fault.Error
	node           string
	role           Role
	roles          map[string]Role
	template       string
	roomID         string
	roomName       string
	sessionID      string
	sessionStarted time.Time
	joinedAt       time.Time
	peerCount      int
	self           Peer
	peers          map[string]Peer
	away           map[string]bool // not in the list, but expected back
	awayTracks     map[string]bool
	lenientUntil   time.Time
	preview        map[string]wirePeer // non-nil until joined
	tracks         map[string]*RemoteTrack
	pubs           []*Publication
	reconnects     int
	outage         time.Duration
	entered        bool
}

// Join enters a room. It returns when the room's peers are known; media may
// still be connecting. It makes one attempt, plus up to two more, with pauses,
// when the server is overloaded or restarting (5xx, 429). It always returns
// within [Config.JoinTimeout], plus at most two seconds in which a server that
// answers is told of the failure.
//
// Ending ctx later leaves the room. Join fails with fault.EndpointInvalid;
// fault.TokenMissing, TokenMalformed, TokenPayload or TokenPayloadJSON for a
// token that cannot be read; fault.EndpointUnreachable when nothing answers (DNS
// included), fault.TLSFailed; fault.ResponseNotJSON, ResponseEmpty,
// ResponseMalformed, ResponseStatus or InitConfigMissing for a server that talks
// rubbish; fault.SignalUpgrade, SignalLost or SignalSilent when the socket
// cannot be opened, breaks or says nothing; fault.RequestCancelled; and with
// every refusal of the server, such as fault.TokenExpired, TokenRevoked,
// AccessKeyUnknown, TokenRoomUnknown, TokenRole, RoomLocked, RoomDisabled,
// RoomFull, RoleFull, PeerAlreadyJoined or Draining.
func Join(ctx context.Context, cfg Config) (*Room, error) {
	p, err := Preview(ctx, cfg)
	if err != nil {
		return nil, err
	}
	r, err := p.Join(ctx)
	if err != nil {
		p.Close()
		return nil, err
	}
	return r, nil
}

// Lobby is a look at a room before joining it.
type Lobby struct{ room *Room }

// Preview connects without joining: nobody in the room sees it. It fails like
// [Join]. The lobby must be joined from or closed.
func Preview(ctx context.Context, cfg Config) (*Lobby, error) {
	cfg = cfg.withDefaults()
	r, err := newRoom(cfg)
	if err != nil {
		return nil, asFault(err, fault.OpJoin)
	}
	jctx, cancel := context.WithTimeout(ctx, cfg.JoinTimeout)
	defer cancel()
	for n := 0; ; n++ {
		if err = r.knock(jctx); err == nil {
			break
		}
		f := asFault(err, fault.OpInit)
		again := f.Kind.CanRetry() && f.Kind.Status >= 500 || f.Kind == fault.RateLimited
		if !again || n == 2 || !sleep(jctx, pause(n+1)) {
			if ctx.Err() != nil {
				f = asFault(ctx.Err(), fault.OpJoin)
			} else {
				f = ending(f, f.Op, true)
				r.rep.failed("connect.failed", "INIT", f, true)
			}
			r.shutdown(nil, false)
			return nil, f
		}
	}
	return &Lobby{r}, nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Role returns the role that joining will give.
func (l *Lobby) Role() Role { return l.room.Role() }

// Peers returns who is inside, without tracks, as far as the room's template
// lets this role see it.
func (l *Lobby) Peers() []Peer {
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	var out []Peer
	for id, w := range l.room.preview {
		w.ID = id
		out = append(out, peerOf(w))
	}
	slices.SortFunc(out, func(a, b Peer) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Join enters the room over the connection of the preview. It fails like the
// function of that name; the lobby is then still to be closed.
func (l *Lobby) Join(ctx context.Context) (*Room, error) {
	r := l.room
	jctx, cancel := context.WithTimeout(ctx, r.cfg.JoinTimeout)
	defer cancel()
	if err := r.enter(jctx); err != nil {
		if ctx.Err() != nil {
			return nil, asFault(ctx.Err(), fault.OpJoin)
		}
		// A session that is running goes on, whatever is asked of its lobby.
		over := !errors.Is(err, fault.ClientAlreadyJoined)
		f := ending(err, fault.OpJoin, over)
		r.rep.failed("join.failed", "JOIN", f, over)
		return nil, f
	}
	// The context governs the session from here on.
	r.cb.begin()
	stop := context.AfterFunc(ctx, r.Leave)
	context.AfterFunc(r.ctx, func() { stop() }) // a long-lived context must not keep the room
	return r, nil
}

// Close leaves the lobby without joining.
func (l *Lobby) Close() { l.room.shutdown(nil, false) }

func newRoom(cfg Config) (*Room, error) {
	origin, err := cfg.origin()
	if err != nil {
		return nil, err
	}
	var c claims
	if cfg.RoomCode == "" || cfg.Token != "" {
		if c, err = readToken(cfg.Token); err != nil {
			return nil, err
		}
	}
	if cfg.PeerID == "" {
		cfg.PeerID = uuid.NewString()
	}
	d := newDoor(cfg, origin, cfg.StepTimeout)
	api, err := newAPI(d.loopback(), cfg.Log)
	if err != nil {
		return nil, fault.PeerConnectionCreate.Wrap(err)
	}
	r := &Room{
		cfg: cfg, id: cfg.PeerID, token: cfg.Token, claims: c, door: d, quick: newDoor(cfg, origin, min(dialTimeout, cfg.StepTimeout)), api: api, log: cfg.Log.With("peer", cfg.PeerID),
		cb: newCallbacks(), torn: make(chan struct{}), done: make(chan struct{}), turn: make(chan struct{}, 1),
		greeted: make(chan struct{}, 1), listed: make(chan struct{}, 1), moved: make(chan string, 1),
		state: StateJoined, linkUp: make(chan struct{}), peers: map[string]Peer{}, away: map[string]bool{}, awayTracks: map[string]bool{},
		preview: map[string]wirePeer{}, tracks: map[string]*RemoteTrack{},
	}
	r.ctx, r.end = context.WithCancel(context.Background())
	r.rec = &recovery{window: cfg.ReconnectWindow, began: r.reconnecting, healed: r.reconnected, over: r.giveUp}
	r.rep = newReporter(r)
	go r.cb.run()
	return r, nil
}

// knock comes as far as an open socket whose server has said who we are.
func (r *Room) knock(ctx context.Context) error {
	if r.token == "" {
		raw, err := r.door.exchange(ctx, r.cfg)
		if err != nil {
			return err
		}
		c, err := readToken(raw)
		if err != nil {
			return err
		}
		r.token, r.claims = raw, c
	}
	l, err := r.connect(ctx, r.door)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.link, r.coming = l, nil
	close(r.linkUp)
	r.mu.Unlock()
	return nil
}

// connect asks where to connect, opens a socket and waits for the policy. The
// socket is then in coming.
func (r *Room) connect(ctx context.Context, d *door) (*link, error) {
	in, err := d.init(ctx, r.token, r.id)
	if err != nil {
		return nil, err
	}
	r.rep.answered()
	r.ice = iceServers(r.cfg, in)
	ws, err := d.open(ctx, in.Endpoint, r.token, r.id)
	if err != nil {
		return nil, err
	}
	l := r.newLink(ws)
	r.mu.Lock()
	r.coming, r.refusal = l, nil
	r.mu.Unlock()
	drain(r.greeted)
	drain(r.listed)
	drain(r.moved)
	l.start()
	if err := r.await(ctx, l, r.greeted, "on-policy-change"); err != nil {
		r.discard(l)
		return nil, err
	}
	return l, nil
}

func (r *Room) newLink(ws *websocket.Conn) *link {
	var l *link
	l = newLink(ws, func(method string, params json.RawMessage) { r.heard(l, method, params) },
		func(why *fault.Error) { r.linkLost(l, why) })
	return l
}

// discard ends a socket that did not become the session's.
func (r *Room) discard(l *link) {
	r.mu.Lock()
	if r.coming == l {
		r.coming = nil
	}
	r.mu.Unlock()
	l.drop()
}

func drain[T any](ch chan T) {
	select {
	case <-ch:
	default:
	}
}

// await waits for a sign on a socket that has to come within a step.
func (r *Room) await(ctx context.Context, l *link, sign <-chan struct{}, what string) error {
	return r.awaitFor(ctx, l, sign, what, r.cfg.StepTimeout)
}

func (r *Room) awaitFor(ctx context.Context, l *link, sign <-chan struct{}, what string, patience time.Duration) error {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case <-sign:
		return nil
	case <-l.ctx.Done():
		r.mu.Lock()
		why := r.refusal
		r.mu.Unlock()
		if why != nil {
			return why
		}
		return asFault(l.gone(), fault.OpConnect)
	case <-wait.C:
		return asFault(fault.SignalSilent.New("waiting_for", what), fault.OpConnect)
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return asFault(fault.SignalSilent.New("waiting_for", what), fault.OpConnect)
		}
		return asFault(ctx.Err(), fault.OpConnect)
	}
}

// enter joins over the socket that is open.
func (r *Room) enter(ctx context.Context) error {
	r.mu.Lock()
	l, again := r.link, r.entered
	r.mu.Unlock()
	if l == nil || again {
		return asFault(fault.ClientAlreadyJoined.New(), fault.OpJoin)
	}
	m, err := newMedia(r, "")
	if err != nil {
		return asFault(err, fault.OpJoin)
	}
	offer, err := localOffer(m.pub, nil)
	if err != nil {
		m.close()
		return asFault(err, fault.OpJoin)
	}
	r.mu.Lock()
	r.media, r.preview = m, nil
	r.mu.Unlock()
	var got wireDescription
	step, cancel := context.WithTimeout(ctx, r.cfg.StepTimeout)
	defer cancel()
	err = l.call(step, fault.OpJoin, "join", map[string]any{
		"name": r.cfg.Name, "data": r.cfg.Metadata, "disableVidAutoSub": true, "onDemandTracks": true, "offer": wireSDP{"offer", offer},
	}, &got)
	if err == nil {
		r.mu.Lock()
		r.node = got.Node
		m.node.Store(got.Node)
		r.mu.Unlock()
		err = m.answered(got.SDP)
	}
	if err == nil {
		err = r.await(ctx, l, r.listed, "peer-list")
	}
	if err != nil {
		r.mu.Lock()
		if why := r.refusal; why != nil {
			err = why
		}
		r.media, r.preview = nil, map[string]wirePeer{}
		r.mu.Unlock()
		m.close()
		return asFault(err, fault.OpJoin)
	}
	r.mu.Lock()
	r.entered, r.joinedAt = true, time.Now()
	r.self = Peer{ID: r.id, Name: r.cfg.Name, Metadata: r.cfg.Metadata, Role: r.role.Name, UserID: r.claims.UserID, JoinedAt: r.joinedAt}
	lost := l.ctx.Err() != nil
	r.mu.Unlock()
	if lost { // while nobody was looking
		why := asFault(l.gone(), fault.OpReconnect)
		r.linkLost(l, why)
	}
	r.spawn(r.rep.reachable)
	return nil
}

func localOffer(pc *webrtc.PeerConnection, opt *webrtc.OfferOptions) (string, error) {
	o, err := pc.CreateOffer(opt)
	if err != nil {
		return "", fault.SDPCreateOffer.Wrap(err)
	}
	if err := pc.SetLocalDescription(o); err != nil {
		return "", fault.SDPSetLocal.Wrap(err)
	}
	return o.SDP, nil
}

func remoteAnswer(pc *webrtc.PeerConnection, sdp string) error {
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		return fault.SDPSetRemote.Wrap(err)
	}
	return nil
}

// linkLost hears that a socket has ended by itself.
func (r *Room) linkLost(l *link, why *fault.Error) {
	r.mu.Lock()
	mine := l == r.link && r.entered && r.state != StateEnded
	if l == r.link {
		select {
		case <-r.linkUp:
			r.linkUp = make(chan struct{})
		default:
		}
	}
	r.closing = append(r.closing, l)
	final := r.refusal
	r.mu.Unlock()
	if !mine {
		return
	}
	if final != nil {
		return // refusedBySocket ends the session
	}
	r.rep.failed("disconnected", "RECONNECT_SIGNAL", ending(why, fault.OpReconnect, false), false)
	r.rec.lose(signalPath, why, r.resume)
}

// refusedBySocket hears on-error, which ends a session for good.
func (r *Room) refusedBySocket(l *link, e refusal) {
	r.mu.Lock()
	inside := r.entered && l == r.link
	op := fault.OpConnect
	if r.entered {
		op = fault.OpReconnect
	}
	f := e.fault(op)
	r.refusal = f
	r.mu.Unlock()
	if inside {
		r.giveUp(f)
		return
	}
	// Whoever waits on this socket learns why.
	r.spawn(func() { l.fail(f) })
}

// heardRemoved hears that somebody sent us away, or ended the session.
func (r *Room) heardRemoved(raw json.RawMessage) {
	var w struct {
		By     string `json:"requested_by"`
		Reason string `json:"reason"`
		Ended  bool   `json:"room_end"`
	}
	_ = json.Unmarshal(raw, &w)
	k := fault.PeerRemoved
	if w.Ended {
		k = fault.RoomEnded
	}
	var details []any
	if w.Reason != "" {
		details = append(details, "reason", w.Reason)
	}
	if w.By != "" {
		details = append(details, "by", w.By)
	}
	r.giveUp(asFault(k.New(details...), fault.OpLeave))
}

// reconnecting and reconnected are the recovery's news.
func (r *Room) reconnecting(cause *fault.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == StateEnded {
		return
	}
	r.state = StateReconnecting
	r.reconnects++
	post(r, r.cfg.Listener.OnReconnecting, cause)
}

func (r *Room) reconnected(took time.Duration) {
	r.mu.Lock()
	if r.state != StateReconnecting {
		r.mu.Unlock()
		return
	}
	r.state = StateJoined
	r.outage += took
	if f := r.cfg.Listener.OnReconnected; f != nil {
		r.cb.post(f)
	}
	r.mu.Unlock()
	r.spawn(r.rep.reachable)
}

// giveUp ends the session with a terminal error.
func (r *Room) giveUp(why *fault.Error) {
	f := ending(why, fault.OpReconnect, true)
	r.mu.Lock()
	if r.state == StateEnded {
		r.mu.Unlock()
		return
	}
	r.state, r.err = StateEnded, f
	r.mu.Unlock()
	if f.Kind != fault.PeerRemoved && f.Kind != fault.RoomEnded {
		r.rep.failed("disconnected", "RECONNECT_SIGNAL", f, true)
	}
	r.onError(f)
	post(r, r.cfg.Listener.OnEnd, f)
	r.cb.finish()
	go r.shutdown(f, false)
}

// spawn runs f as a goroutine of the session, unless it has ended.
func (r *Room) spawn(f func()) {
	r.spawning.Lock()
	defer r.spawning.Unlock()
	if !r.full {
		r.wg.Go(f)
	}
}

// Leave leaves the room and waits until nothing of the session is left. Called
// from a callback it does not wait for that callback. It may be called more than
// once and after the session has ended by itself. With a dead network the goodbye
// and the reports that wait are given up after a few seconds.
func (r *Room) Leave() {
	r.shutdown(nil, true)
	r.cb.close()
}

// shutdown takes everything down, once; every caller waits for the end of it.
func (r *Room) shutdown(why *fault.Error, goodbye bool) {
	r.shut.Do(func() {
		r.mu.Lock()
		r.state = StateEnded
		l, coming, m, entered := r.link, r.coming, r.media, r.entered
		r.media = nil
		pubs := slices.Clone(r.pubs)
		tracks := make([]*RemoteTrack, 0, len(r.tracks))
		for _, t := range r.tracks {
			tracks = append(tracks, t)
		}
		r.mu.Unlock()
		close(r.done)
		if why == nil {
			r.cb.close()
		}
		r.rep.flush()
		if l != nil {
			// Who gives up over a socket that works leaves as well: the reports on
			// the socket get through, and nobody waits for a peer that is gone.
			switch {
			case goodbye && entered:
				l.farewell("leave", map[string]string{"client_reason": "user request"}, lastWords)
			case why != nil && entered:
				l.farewell("leave", map[string]string{"client_reason": why.Kind.ID}, lastWords)
			default:
				l.farewell("", nil, briefly)
			}
		}
		r.end()
		if coming != nil {
			coming.drop()
		}
		r.rec.stop()
		for _, p := range pubs {
			p.halt()
		}
		for _, t := range tracks {
			t.end()
		}
		if m != nil {
			m.close()
		}
		r.mu.Lock()
		closing := r.closing
		r.mu.Unlock()
		for _, old := range closing {
			old.drop()
		}
		r.spawning.Lock()
		r.full = true
		r.spawning.Unlock()
		r.wg.Wait()
		r.rep.close()
		r.door.http.CloseIdleConnections()
		close(r.torn)
	})
	<-r.torn
}

// Done is closed when the session has ended, whoever ended it.
func (r *Room) Done() <-chan struct{} { return r.done }

// Err returns the terminal error that ended the session; nil before that and
// after Leave.
func (r *Room) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		return nil
	}
	return r.err
}

// State returns where the session is in its life.
func (r *Room) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Self returns this peer, with its publications.
func (r *Room) Self() Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.self
	p.Role = r.role.Name
	for _, pub := range r.pubs {
		p.Tracks = append(p.Tracks, pub.Info())
	}
	return p
}

// ID returns the id of this peer, which it keeps through reconnections.
func (r *Room) ID() string { return r.id }

// Info returns the ids of the room and its session and the room's name.
func (r *Room) Info() (roomID, sessionID, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.roomID, r.sessionID, r.roomName
}

// Role returns this peer's role.
func (r *Room) Role() Role {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.role
}

// Roles returns every role of the room, by name. The map must not be changed.
func (r *Room) Roles() map[string]Role {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.roles
}

// Peers returns everybody else, ordered by id.
func (r *Room) Peers() []Peer {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Peer, 0, len(r.peers))
	for _, p := range r.peers {
		out = append(out, r.withTracks(p))
	}
	slices.SortFunc(out, func(a, b Peer) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Tracks returns the tracks of others, ordered by id.
func (r *Room) Tracks() []*RemoteTrack {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*RemoteTrack
	for _, t := range r.tracks {
		if t.known {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *RemoteTrack) int { return strings.Compare(a.ID(), b.ID()) })
	return out
}

// Publications returns what this peer publishes, in the order of publishing.
func (r *Room) Publications() []*Publication {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.pubs)
}

// Stats returns the session in numbers.
func (r *Room) Stats() Stats {
	r.mu.Lock()
	s := Stats{State: r.state, Reconnects: r.reconnects, Outage: r.outage, Tracks: map[string]TrackStats{}}
	pubs := slices.Clone(r.pubs)
	tracks := make([]*RemoteTrack, 0, len(r.tracks))
	for _, t := range r.tracks {
		tracks = append(tracks, t)
	}
	r.mu.Unlock()
	for _, p := range pubs {
		s.Published += p.Packets()
	}
	for _, t := range tracks {
		s.Tracks[t.ID()] = t.Stats()
	}
	return s
}
