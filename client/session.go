package client

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// currentMedia is the present pair of connections, or nil.
func (r *Room) currentMedia() *media {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.media
}

func (r *Room) currentLink() *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.link
}

// tell sends a notification over the present socket, or over the one that is
// about to replace it. What is lost with the socket is told again after it is
// back.
func (r *Room) tell(method string, params any) error {
	r.mu.Lock()
	l := r.link
	if l == nil || l.ctx.Err() != nil && r.coming != nil {
		l = r.coming
	}
	r.mu.Unlock()
	if l == nil {
		return fault.SignalLost.New()
	}
	return l.notify(method, params)
}

// bound gives a context the deadline it lacks, and ends it with the session.
func (r *Room) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if _, ok := ctx.Deadline(); ok {
		ctx, cancel = context.WithCancel(ctx)
	} else {
		ctx, cancel = context.WithTimeout(ctx, r.cfg.CallTimeout)
	}
	stop := context.AfterFunc(r.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// ready waits until the socket is up and returns it.
func (r *Room) ready(ctx context.Context, op fault.Op) (*link, error) {
	for {
		r.mu.Lock()
		l, up, state := r.link, r.linkUp, r.state
		r.mu.Unlock()
		switch {
		case state == StateEnded:
			return nil, asFault(fault.ClientNotConnected.New("state", string(state)), op)
		case l != nil && l.ctx.Err() == nil:
			return l, nil
		}
		select {
		case <-up:
		case <-r.ctx.Done():
		case <-ctx.Done():
			return nil, asFault(fault.SignalLost.Wrap(ctx.Err()), op)
		}
	}
}

// call makes a call of the wire. While the socket is lost it waits for its
// return as long as ctx allows.
func (r *Room) call(ctx context.Context, op fault.Op, method string, params, result any) error {
	ctx, cancel := r.bound(ctx)
	defer cancel()
	l, err := r.ready(ctx, op)
	if err != nil {
		return err
	}
	return l.call(ctx, op, method, params, result)
}

// heard takes a notification, from a socket's reading goroutine or from the
// data channel's. Those of a socket that was replaced are passed over.
func (r *Room) heard(l *link, method string, raw json.RawMessage) {
	r.mu.Lock()
	stale := l != r.link && l != r.coming || r.state == StateEnded
	m := r.media
	r.mu.Unlock()
	if stale {
		return
	}
	switch method {
	case "offer":
		var d wireDescription
		if json.Unmarshal(raw, &d) == nil && m != nil && (d.Node == "" || d.Node == m.node.Load()) {
			m.do(func() { m.offered(d) })
		}
	case "trickle":
		r.heardTrickle(m, raw)
	case "node-info":
		var n struct {
			Node string `json:"sfu_node_id"`
		}
		if json.Unmarshal(raw, &n) == nil {
			r.heardNode(l, n.Node)
		}
	case "on-error":
		var e refusal
		if json.Unmarshal(raw, &e) != nil {
			e = refusal{}
		}
		r.refusedBySocket(l, e)
	case "on-warning":
		var e refusal
		if json.Unmarshal(raw, &e) == nil {
			r.onError(ending(e.fault(fault.OpUpdate), fault.OpUpdate, false))
		}
	case "on-peer-leave-request":
		r.heardRemoved(raw)
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		if f := news[method]; f != nil {
			f(r, l, raw)
		}
	}
}

// news are the notifications that change what is known; they run under the
// room's lock.
var news map[string]func(r *Room, l *link, raw json.RawMessage)

func init() {
	news = map[string]func(r *Room, l *link, raw json.RawMessage){
		"on-policy-change": typed((*Room).heardPolicy),
		"peer-list":        (*Room).heardList,
		"room-state":       typed((*Room).heardRoomState),
		"room-info":        typed((*Room).heardRoomInfo),
		"session-info":     typed((*Room).heardSession),
		"on-peer-join":     typed((*Room).upsert),
		"on-peer-update":   typed((*Room).heardUpdate),
		"on-peer-leave":    typed((*Room).heardLeave),
		"on-track-add":     typed((*Room).heardTracks),
		"on-track-update":  typed((*Room).heardTracks),
		"on-track-remove":  typed((*Room).heardTracksGone),
		"on-broadcast": typed(func(r *Room, w wireMessage) {
			post(r, r.cfg.Listener.OnMessage, w.message())
		}),
		"on-metadata-change": typed(func(r *Room, w struct {
			Values []wireEntry `json:"values"`
		}) {
			for _, e := range w.Values {
				post(r, r.cfg.Listener.OnMetadata, e.entry())
			}
		}),
		"on-role-change-request": typed(func(r *Room, w struct {
			By    string `json:"requested_by"`
			Role  string `json:"role"`
			Token string `json:"token"`
		}) {
			post(r, r.cfg.Listener.OnRoleRequest, RoleRequest{w.By, w.Role, w.Token})
		}),
		"on-track-update-request":            typed((*Room).heardMuteTrack),
		"on-change-track-mute-state-request": typed((*Room).heardMuteAll),
		"active-speakers": typed(func(r *Room, w struct {
			List []struct {
				PeerID  string `json:"peer_id"`
				TrackID string `json:"track_id"`
				Level   int    `json:"level"`
			} `json:"speaker-list"`
		}) {
			list := make([]Speaker, 0, len(w.List))
			for _, s := range w.List {
				list = append(list, Speaker(s))
			}
			post(r, r.cfg.Listener.OnSpeakers, list)
		}),
		"on-connection-quality-update": typed(func(r *Room, w struct {
			Peers []struct {
				ID    string `json:"peer_id"`
				Score int    `json:"downlink_score"`
			} `json:"peers"`
		}) {
			if f := r.cfg.Listener.OnQuality; f != nil {
				for _, p := range w.Peers {
					r.cb.post(func() { f(p.ID, p.Score) })
				}
			}
		}),
	}
}

// typed decodes the params; a notification that does not fit is passed over.
func typed[T any](f func(*Room, T)) func(*Room, *link, json.RawMessage) {
	return func(r *Room, _ *link, raw json.RawMessage) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			r.log.Warn("a notification cannot be read", "err", err)
			return
		}
		f(r, v)
	}
}

// post queues a callback, if the app has one.
func post[T any](r *Room, f func(T), v T) {
	if f != nil {
		r.cb.post(func() { f(v) })
	}
}

func (r *Room) onError(f *fault.Error) { post(r, r.cfg.Listener.OnError, f) }

func (r *Room) heardPolicy(w wirePolicy) {
	role, ok := w.KnownRoles[w.Name]
	if !ok {
		role = Role{Name: w.Name}
	}
	changed := r.role.Name != "" && r.role.Name != role.Name
	r.role, r.roles, r.template = role, w.KnownRoles, w.TemplateID
	if changed {
		post(r, r.cfg.Listener.OnRoleChange, role)
	}
	select {
	case r.greeted <- struct{}{}:
	default:
	}
}

func (r *Room) heardRoomState(w wirePeerList) {
	if r.preview != nil {
		r.preview = w.Peers
	}
}

func (r *Room) heardRoomInfo(w struct {
	ID   string `json:"room_id"`
	Name string `json:"name"`
}) {
	r.roomID, r.roomName = w.ID, w.Name
}

func (r *Room) heardSession(w struct {
	ID    string `json:"session_id"`
	Peers int    `json:"peer_count"`
}) {
	r.sessionID, r.peerCount = w.ID, w.Peers
}

// heardList brings the room in line with the whole truth. After the server
// was restarted others may still be on their way back; they are given time. On
// a socket that resumes it is not known yet whether the server was restarted.
func (r *Room) heardList(l *link, raw json.RawMessage) {
	var w wirePeerList
	if err := json.Unmarshal(raw, &w); err != nil {
		r.log.Warn("the peer list cannot be read", "err", err)
		return
	}
	r.roomName, r.sessionID = w.Room.Name, w.Room.SessionID
	r.sessionStarted = millis(w.Room.StartedAt)
	for id, p := range w.Peers {
		p.ID = id
		r.upsert(p)
	}
	var missing []string
	for id := range r.peers {
		if _, here := w.Peers[id]; !here {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	if r.lenient() || l == r.coming && r.entered {
		for _, id := range missing {
			r.away[id] = true
		}
	} else {
		for _, id := range missing {
			r.drop(id)
		}
	}
	select {
	case r.listed <- struct{}{}:
	default:
	}
}

// lenient tells that others may still be on their way back.
func (r *Room) lenient() bool { return time.Now().Before(r.lenientUntil) }

// settle lets go of whom and what did not come back.
func (r *Room) settle() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lenient() {
		return // moved again meanwhile
	}
	for id := range r.away {
		r.drop(id)
	}
	for id := range r.awayTracks {
		r.withdraw(id)
	}
}

// upsert takes a peer with everything it publishes.
func (r *Room) upsert(w wirePeer) {
	if w.ID == r.id || w.ID == "" {
		return
	}
	delete(r.away, w.ID)
	was, known := r.peers[w.ID]
	p := peerOf(w)
	r.peers[w.ID] = p
	switch {
	case !known:
		post(r, r.cfg.Listener.OnPeerJoin, r.withTracks(p))
	case was.Name != p.Name || was.Role != p.Role || was.Metadata != p.Metadata || !slices.Equal(was.Groups, p.Groups):
		post(r, r.cfg.Listener.OnPeerUpdate, r.withTracks(p))
	}
	for id, t := range w.Tracks {
		t.ID = id
		r.announce(w.ID, t)
	}
	for id, t := range r.tracks {
		if _, still := w.Tracks[id]; still || t.info.PeerID != w.ID || !t.known {
			continue
		}
		if r.lenient() || r.coming != nil && r.entered {
			r.awayTracks[id] = true
		} else {
			r.withdraw(id)
		}
	}
}

func peerOf(w wirePeer) Peer {
	return Peer{
		ID: w.ID, Name: w.Info.Name, Role: w.Role, UserID: w.Info.UserID, Metadata: w.Info.Data,
		Groups: w.Groups, JoinedAt: millis(w.JoinedAt),
	}
}

// withTracks is a peer as the app sees it.
func (r *Room) withTracks(p Peer) Peer {
	for _, t := range r.tracks {
		if info := t.Info(); info.PeerID == p.ID && t.known {
			p.Tracks = append(p.Tracks, info)
		}
	}
	slices.SortFunc(p.Tracks, func(a, b TrackInfo) int { return strings.Compare(a.ID, b.ID) })
	return p
}

func (r *Room) heardUpdate(w wirePeer) {
	if w.ID == r.id {
		r.self = peerOf(w)
		post(r, r.cfg.Listener.OnPeerUpdate, r.self)
		return
	}
	if _, known := r.peers[w.ID]; !known {
		return
	}
	p := peerOf(w)
	r.peers[w.ID] = p
	post(r, r.cfg.Listener.OnPeerUpdate, r.withTracks(p))
}

func (r *Room) heardLeave(w wirePeer) { r.drop(w.ID) }

// drop forgets a peer and its tracks.
func (r *Room) drop(id string) {
	p, known := r.peers[id]
	if !known {
		return
	}
	delete(r.away, id)
	p = r.withTracks(p)
	for _, t := range p.Tracks {
		r.withdraw(t.ID)
	}
	delete(r.peers, id)
	post(r, r.cfg.Listener.OnPeerLeave, p)
}

func (r *Room) heardTracks(w wirePeerTracks) {
	for id, t := range w.Tracks {
		t.ID = id
		r.announce(w.Peer.ID, t)
	}
}

func (r *Room) heardTracksGone(w wirePeerTracks) {
	for id := range w.Tracks {
		r.withdraw(id)
	}
}

// announce takes what is said about a track, new or changed.
func (r *Room) announce(peer string, w wireTrack) {
	delete(r.awayTracks, w.ID)
	t := r.tracks[w.ID]
	if t == nil {
		t = newRemote(r, w.ID)
		r.tracks[w.ID] = t
		// Some clients publish anew under other ids after the server moved.
		for id := range r.awayTracks {
			if old := r.tracks[id]; old != nil && old.info.PeerID == peer && old.info.Kind == w.Kind && old.info.Source == w.Source {
				r.withdraw(id)
			}
		}
	}
	info := TrackInfo{w.ID, w.StreamID, peer, w.Kind, w.Source, w.Mute, w.Description}
	t.mu.Lock()
	was, known := t.info, t.known
	t.info, t.known = info, true
	if !known && w.Kind == "video" && t.wish == "" {
		t.wish = r.cfg.AutoSubscribe
	}
	t.mu.Unlock()
	switch {
	case !known:
		post(r, r.cfg.Listener.OnTrack, t)
		if t.wishes() {
			r.wish(t)
		}
	case was != info:
		post(r, r.cfg.Listener.OnTrackUpdate, t)
	}
}

// wish tells the server what is wanted of a track, without making anybody wait.
func (r *Room) wish(t *RemoteTrack) {
	r.spawn(func() {
		if err := t.tell(r.ctx); err != nil {
			r.log.Debug("a wish was not granted", "track", t.ID(), "err", err)
		}
	})
}

// wishAgain repeats every wish, to a server that may know none of them.
func (r *Room) wishAgain(m *media) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.media != m {
		return
	}
	for _, t := range r.tracks {
		if t.wishes() {
			r.wish(t)
		}
	}
}

func (r *Room) withdraw(id string) {
	t := r.tracks[id]
	if t == nil {
		return
	}
	delete(r.tracks, id)
	delete(r.awayTracks, id)
	t.end()
	if t.known {
		post(r, r.cfg.Listener.OnTrackEnd, t)
	}
}

// remote is the track that media belongs to, announced or not yet.
func (r *Room) remote(id string) *RemoteTrack {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state == StateEnded {
		return nil
	}
	t := r.tracks[id]
	if t == nil {
		t = newRemote(r, id)
		r.tracks[id] = t
	}
	return t
}

func (r *Room) heardMuteTrack(w struct {
	By      string `json:"requested_by"`
	TrackID string `json:"track_id"`
	Mute    bool   `json:"mute"`
}) {
	r.muteAsked(MuteRequest{By: w.By, TrackID: w.TrackID, Mute: w.Mute}, func(i TrackInfo) bool { return i.ID == w.TrackID })
}

func (r *Room) heardMuteAll(w struct {
	By     string `json:"requested_by"`
	Kind   string `json:"type"`
	Source string `json:"source"`
	Mute   bool   `json:"value"`
}) {
	r.muteAsked(MuteRequest{By: w.By, Kind: w.Kind, Source: w.Source, Mute: w.Mute}, func(i TrackInfo) bool {
		return (w.Kind == "" || w.Kind == i.Kind) && (w.Source == "" || w.Source == i.Source)
	})
}

// muteAsked mutes what somebody may mute; whether to unmute is for the app.
func (r *Room) muteAsked(q MuteRequest, which func(TrackInfo) bool) {
	if q.Mute {
		for _, p := range r.pubs {
			if which(p.Info()) && !p.Muted() {
				r.spawn(func() { _ = p.SetMuted(true) })
			}
		}
	}
	post(r, r.cfg.Listener.OnMuteRequest, q)
}
