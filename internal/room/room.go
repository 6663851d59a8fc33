// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
)

// errClosed tells the hub that a room closed under a caller; it never leaves
// the package through Join.
var errClosed = errors.New("room: closed")

// Room is one goroutine that owns everything below its line. Its parts own what
// belongs to one thing that peers do; like the room's own methods theirs may be
// called from anywhere and wait for the room's goroutine.
type Room struct {
	hub  *Hub
	spec Spec
	opt  Options
	log  *slog.Logger

	tasks chan func()
	done  chan struct{}
	once  sync.Once
	live  atomic.Bool  // a session runs
	size  atomic.Int32 // peers present

	// ---- touched only in the goroutine ----
	session  string
	started  time.Time
	members  map[PeerID]*member
	watchers map[Member]struct{}
	linger   *time.Timer
	longest  *time.Timer // until the session has lasted long enough
	out      outgoing

	roles      *Roles
	moderation *Moderation
	metadata   *Metadata
	polls      *Polls
	speakers   *speakers
	quality    *Quality
	player     *Player
}

// member is a peer beside the way to reach it.
type member struct {
	Peer
	to      counted
	sources map[TrackID]Source
	// lost are tracks that a change of role withdrew and the peer has not given up
	// itself yet.
	lost map[TrackID]bool
}

// Intervals of what a room tells by itself.
const (
	speakerEvery = 400 * time.Millisecond
	qualityEvery = 4 * time.Second
)

func newRoom(h *Hub, f Spec) *Room {
	r := &Room{
		hub: h, spec: f, opt: h.opt, log: h.opt.Log.With("room", f.ID),
		tasks: make(chan func()), done: make(chan struct{}),
		members: map[PeerID]*member{}, watchers: map[Member]struct{}{},
		linger: time.NewTimer(h.opt.Linger), longest: time.NewTimer(0),
	}
	r.longest.Stop() // no session runs
	r.roles, r.moderation, r.metadata, r.polls = newRoles(r), newModeration(r), newMetadata(r), newPolls(r)
	r.speakers, r.quality, r.player = &speakers{r: r}, newQuality(r), &Player{r: r}
	r.restore(f)
	go r.run()
	return r
}

func (r *Room) run() {
	speak := time.NewTicker(speakerEvery)
	rate := time.NewTicker(qualityEvery)
	defer speak.Stop()
	defer rate.Stop()
	defer r.linger.Stop()
	defer r.longest.Stop()
	defer func() { r.polls.book.Close() }()
	for {
		select {
		case <-r.done:
			return
		case f := <-r.tasks:
			f()
		case <-speak.C:
			r.speakers.tell()
		case <-rate.C:
			r.quality.tell()
		case <-r.polls.book.Due():
			r.polls.book.Run(time.Now())
		case <-r.linger.C:
			r.rest()
		case <-r.longest.C:
			r.moderation.expire()
		}
	}
}

// do runs f in the room's goroutine and waits for it. A panic of f is the
// caller's: the others in the room are not to pay for it.
func (r *Room) do(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	var broken any
	told, _ := ctx.Value(toldKey{}).(*Told)
	task := func() {
		from := r.out.bytes
		defer func() {
			broken = recover()
			if told != nil {
				told.Bytes += r.out.bytes - from
			}
			close(ran)
		}()
		f()
	}
	select {
	case r.tasks <- task:
		<-ran
		if broken != nil {
			panic(broken)
		}
		return nil
	case <-r.done:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call is do with a result.
func call[T any](ctx context.Context, r *Room, f func() (T, error)) (T, error) {
	var v T
	var err error
	if e := r.do(ctx, func() { v, err = f() }); e != nil {
		if errors.Is(e, errClosed) {
			e = fault.SessionNotActive.Wrap(e, "room", r.spec.ID)
		}
		return v, e
	}
	return v, err
}

func act(ctx context.Context, r *Room, f func() error) error {
	_, err := call(ctx, r, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// restore takes up what a session of an earlier process left. The spec keeps
// nothing of it.
func (r *Room) restore(f Spec) {
	r.spec.Metadata, r.spec.Removed = nil, nil
	if f.SessionID == "" {
		return
	}
	r.metadata.restore(f.Metadata)
	r.moderation.restore(f.Removed)
}

// rest ends the session of a room nobody is in, and the room itself unless
// somebody looks at it: a preview left open for hours does not keep a session
// alive. In the goroutine.
func (r *Room) rest() {
	if len(r.members) > 0 {
		return
	}
	if r.live.Swap(false) {
		r.opt.Journal.SessionEnded(r.session, r.spec.ID, time.Now())
		r.log.Info("session ended", "session", r.session)
	}
	r.longest.Stop()
	if r.spec.SessionID == "" { // else there is one to be continued still
		r.forgetSession()
	}
	if len(r.watchers) == 0 {
		r.stop()
		return
	}
	r.notifyCounts()
}

// forgetSession drops what lives only as long as a session.
func (r *Room) forgetSession() {
	r.session, r.started = "", time.Time{}
	clear(r.roles.offers)
	r.moderation.clear()
	r.metadata.clear()
	r.polls.clear()
	r.speakers.now = nil
	r.quality.clear()
	r.player.clear()
}

// stop ends the goroutine; the session stays open for another process.
func (r *Room) stop() {
	r.once.Do(func() {
		close(r.done)
		r.hub.forget(r)
	})
}

// Closed tells whether the room has ended.
func (r *Room) Closed() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Roles changes the roles of peers.
func (r *Room) Roles() *Roles { return r.roles }

// Moderation mutes and removes peers, and ends the session.
func (r *Room) Moderation() *Moderation { return r.moderation }

// Metadata is what the peers of the session share.
func (r *Room) Metadata() *Metadata { return r.metadata }

// Polls are those of the session.
func (r *Room) Polls() *Polls { return r.polls }

// Quality is how well the peers receive.
func (r *Room) Quality() *Quality { return r.quality }

// Player is the player that peers watch together.
func (r *Room) Player() *Player { return r.player }

// ID is the room's id.
func (r *Room) ID() string { return r.spec.ID }

// Size is how many peers are present.
func (r *Room) Size() int { return int(r.size.Load()) }

// MaxPeers is how many peers the room admits.
func (r *Room) MaxPeers() int { return cmp.Or(r.spec.MaxPeers, r.opt.MaxPeers) }

// Template is the policy the room was opened with.
func (r *Room) Template() policy.Template { return r.spec.Template }

// Role returns the named role of the room's template.
func (r *Room) Role(name string) (policy.Role, bool) {
	role, ok := r.spec.Template.Roles[name]
	return role, ok
}

// Join adds a peer, tells the others, and leaves it to the peer to ask for the
// room as it may see it: see Refresh. Fails with
// fault.RoomFull, RoleFull, TokenRole (no such role), PeerAlreadyJoined,
// PeerRemoved, PeerNameTaken for one whose name has to be its own, and
// StreamingFull for one that is there to send.
func (r *Room) Join(ctx context.Context, m Member, p Peer) error {
	var err error
	if e := r.do(ctx, func() {
		if err = r.admits(p.ID, p.Role); err != nil {
			return
		}
		if _, here := r.members[p.ID]; here {
			err = fault.PeerAlreadyJoined.New("peer", p.ID)
			return
		}
		if err = r.nameFree(p); err != nil {
			return
		}
		if p.Mode.broadcasts() {
			if err = r.streamingFull(); err != nil {
				return
			}
		}
		now := time.Now()
		if !r.live.Load() {
			r.startSession(now)
		}
		if p.JoinedAt.IsZero() {
			p.JoinedAt = now
		}
		p.Tracks = map[TrackID]Track{}
		nm := &member{Peer: p, to: counted{m, &r.out}, sources: map[TrackID]Source{}, lost: map[TrackID]bool{}}
		r.members[p.ID] = nm
		r.quality.synced(p.ID)
		delete(r.watchers, m)
		r.size.Store(int32(len(r.members)))
		r.polls.book.Joined()
		r.opt.Journal.PeerSaved(r.session, r.spec.ID, p.clone())
		r.notifyOthers(p.ID, PeerJoined{p.clone()})
		r.player.joined()
		r.notifyCounts()
		r.log.Info("peer joined", "peer", p.ID, "role", p.Role, "user", p.UserID, "peers", len(r.members))
	}); e != nil {
		return e
	}
	return err
}

// Admits tells, without joining, whether a peer could join now: the same
// checks as Join.
func (r *Room) Admits(ctx context.Context, id PeerID, role string) error {
	return act(ctx, r, func() error { return r.admits(id, role) })
}

func (r *Room) admits(id PeerID, role string) error {
	rl, ok := r.Role(role)
	if !ok {
		return fault.TokenRole.New("role", role)
	}
	if err := r.moderation.barred(id); err != nil {
		return err
	}
	if _, here := r.members[id]; here {
		return nil
	}
	if r.moderation.locked {
		return fault.RoomLocked.New("room", r.spec.ID)
	}
	if r.moderation.ended && r.live.Load() {
		return fault.RoomEnded.New("reason", "the session was ended and is closing")
	}
	if len(r.members) >= r.MaxPeers() {
		return fault.RoomFull.New("limit", r.MaxPeers())
	}
	return r.seatFor(role, rl)
}

// seatFor fails with fault.RoleFull when a role has no seat left.
func (r *Room) seatFor(name string, role policy.Role) error {
	taken := 0
	for _, m := range r.members {
		if m.Role == name {
			taken++
		}
	}
	if !role.HasSeat(taken) {
		return fault.RoleFull.New("role", name, "limit", max(role.MaxPeers, 0))
	}
	return nil
}

func (r *Room) startSession(now time.Time) {
	r.session, r.started, r.moderation.ended = newID(), now, false
	if r.spec.SessionID != "" {
		r.session, r.started = r.spec.SessionID, r.spec.SessionFrom
		r.spec.SessionID = ""
	}
	r.live.Store(true)
	r.opt.Journal.SessionStarted(r.session, r.spec, r.started)
	r.log.Info("session started", "session", r.session)
	if d := r.spec.MaxDuration; d > 0 {
		// A session that an earlier process began has used up a part of it.
		r.longest.Reset(time.Until(r.started.Add(d)))
	}
}

// Leave removes a peer; the reason is for the record. A peer that is not there
// is no fault.
func (r *Room) Leave(ctx context.Context, id PeerID, reason string) {
	_ = r.do(ctx, func() { r.leave(id, reason) })
}

func (r *Room) leave(id PeerID, reason string) {
	m := r.members[id]
	if m == nil {
		return
	}
	delete(r.members, id)
	r.hub.tracks.Add(-int64(len(m.Tracks)))
	r.roles.left(id)
	r.metadata.left(id)
	r.quality.left(id)
	r.player.left(id)
	r.size.Store(int32(len(r.members)))
	for tid := range m.sources {
		r.notifyOthers(id, SourceGone{id, tid})
	}
	r.notifyOthers(id, PeerLeft{m.Peer.clone(), reason})
	r.notifyCounts()
	r.opt.Journal.PeerLeft(r.session, m.Peer.clone(), reason, time.Now())
	r.log.Info("peer left", "peer", id, "reason", reason, "peers", len(r.members))
	r.restIfEmpty()
}

// restIfEmpty starts the linger once nobody is left; an ended session does not
// linger.
func (r *Room) restIfEmpty() {
	switch {
	case len(r.members) > 0:
	case r.moderation.ended:
		r.rest()
	default:
		r.linger.Reset(r.opt.Linger)
	}
}

// Watch lets a member that has not joined hear counts, as a preview does, and
// returns the room as it is.
func (r *Room) Watch(ctx context.Context, m Member) (Snapshot, error) {
	return call(ctx, r, func() (Snapshot, error) {
		r.watchers[m] = struct{}{}
		return r.snapshot(nil), nil
	})
}

// Unwatch ends Watch.
func (r *Room) Unwatch(ctx context.Context, m Member) {
	_ = r.do(ctx, func() {
		delete(r.watchers, m)
		if !r.live.Load() && len(r.watchers) == 0 {
			r.restIfEmpty()
		}
	})
}

// Snapshot returns the room as the server sees it: every peer, every track.
// Fails with fault.SessionNotActive when the room has closed.
func (r *Room) Snapshot(ctx context.Context) (Snapshot, error) {
	return call(ctx, r, func() (Snapshot, error) { return r.snapshot(nil), nil })
}

// SyncState tells a peer the room as it may see it, in order with the other
// updates: what was told before is in it, what is told after is newer.
func (r *Room) SyncState(ctx context.Context, id PeerID) error {
	return act(ctx, r, func() error {
		m, err := r.member(id)
		if err != nil {
			return err
		}
		m.to.Notify(StateSync{r.snapshot(m)})
		r.quality.synced(id)
		return nil
	})
}

// snapshot in the goroutine; viewer nil sees all.
func (r *Room) snapshot(viewer *member) Snapshot {
	s := Snapshot{
		RoomID: r.spec.ID, Name: r.spec.Name, Description: r.spec.Description,
		TemplateID: r.spec.Template.ID, MaxPeers: r.MaxPeers(), Large: r.spec.Large,
		SessionID: r.session, StartedAt: r.started,
		Streaming: r.streaming(), Rules: Rules{r.moderation.locked, r.spec.MaxStreaming}, Leader: r.player.leader, Player: r.player.last, Hushed: r.moderation.hushed,
	}
	for _, m := range r.members {
		p := m.Peer.clone()
		if viewer != nil && m != viewer && !r.sees(viewer, m) {
			p.Tracks = map[TrackID]Track{}
		}
		s.Peers = append(s.Peers, p)
	}
	slices.SortFunc(s.Peers, func(a, b Peer) int { return a.Cursor().compare(b.Cursor()) })
	if viewer != nil {
		s.Sources = sourcesFor(r, viewer)
	}
	return s
}

// Sources are the tracks that arrive and that a peer may receive. Fails with
// fault.PeerNotFound for one that is not inside.
func (r *Room) Sources(ctx context.Context, id PeerID) ([]SourceReady, error) {
	return call(ctx, r, func() ([]SourceReady, error) {
		m, err := r.member(id)
		if err != nil {
			return nil, err
		}
		return sourcesFor(r, m), nil
	})
}

func sourcesFor(r *Room, viewer *member) (all []SourceReady) {
	for _, m := range r.members {
		if m == viewer || !r.sees(viewer, m) {
			continue
		}
		for id, src := range m.sources {
			all = append(all, SourceReady{m.ID, m.Tracks[id], src})
		}
	}
	return all
}

// sees tells whether the viewer receives, and its role subscribes to the owner's.
func (r *Room) sees(viewer, owner *member) bool {
	role, ok := r.Role(viewer.Role)
	return ok && viewer.Mode.receives() && role.SubscribesTo(owner.Role)
}

func (r *Room) member(id PeerID) (*member, error) {
	if m := r.members[id]; m != nil {
		return m, nil
	}
	return nil, fault.PeerNotFound.New("peer", id)
}

// notifyOthers sends an update to everybody but one.
func (r *Room) notifyOthers(but PeerID, u Update) {
	tell(r, u, func(m *member) bool { return m.ID != but })
}

// notifyViewers sends an update about a peer's tracks to those who may see them.
func (r *Room) notifyViewers(owner *member, u Update) {
	tell(r, u, func(m *member) bool { return m != owner && r.sees(m, owner) })
}

func (r *Room) notifyCounts() {
	c := CountsChanged{SessionID: r.session}
	for _, m := range r.members {
		c.Peers++
		c.Tracks += len(m.Tracks)
	}
	tell(r, c, nil)
	all := &Shared{}
	for w := range r.watchers {
		w.Notify(c, all)
	}
}

// sorted returns members in order of joining.
func (r *Room) sorted() []*member {
	return slices.SortedFunc(maps.Values(r.members), func(a, b *member) int {
		return a.Cursor().compare(b.Cursor())
	})
}
