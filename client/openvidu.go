// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// openVidu is the wire of OpenVidu 2 in the place of the 100ms one: JSON-RPC
// over one socket at /openvidu, and a connection for each stream that is sent or
// received. The session keeps what does not depend on the wire.
type openVidu struct {
	s      *session
	token  string // the whole text that the backend was given
	room   string // the session in it
	resume string // with which a lost socket is continued

	mu        sync.Mutex
	published *media // the connection of our stream; nil: nothing is published
	stream    string // our stream
	received  map[string]*incoming
	muted     map[string]wireTrack // what was told of the tracks of others
}

// streamToken takes the token of a connection apart, which says where to join
// (wss://HOST?sessionId=ID&token=TOKEN). Fails with fault.TokenMissing and
// fault.TokenMalformed.
func streamToken(text string) (origin *url.URL, room string, err error) {
	if text == "" {
		return nil, "", fault.TokenMissing.New()
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" || u.Query().Get("sessionId") == "" || u.Query().Get("token") == "" {
		return nil, "", fault.TokenMalformed.New("want", "wss://HOST?sessionId=ID&token=TOKEN")
	}
	return &url.URL{Scheme: "http" + strings.TrimPrefix(u.Scheme, "ws"), Host: u.Host}, u.Query().Get("sessionId"), nil
}

// open opens a socket.
func (o *openVidu) open(ctx context.Context, d *httpClient, again bool) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, d.step)
	defer cancel()
	q := url.Values{"sessionId": {o.room}}
	if again {
		q.Set("reconnect", "true")
	}
	at := url.URL{Scheme: "ws" + strings.TrimPrefix(d.origin.Scheme, "http"), Host: d.origin.Host, Path: "/openvidu", RawQuery: q.Encode()}
	ws, res, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{HTTPClient: d.http, CompressionMode: websocket.CompressionDisabled})
	switch {
	case err == nil:
	case res == nil && ctx.Err() == nil:
		return nil, unreachable(err, fault.OpConnect)
	case res != nil && res.StatusCode != 101:
		return nil, asFault(fault.SignalUpgrade.Wrap(err, "status", res.StatusCode), fault.OpConnect)
	default:
		return nil, asFault(fault.SignalUpgrade.Wrap(err), fault.OpConnect)
	}
	l := o.s.newLink(ws)
	o.s.mu.Lock()
	o.s.coming, o.s.refusal = l, nil
	o.s.mu.Unlock()
	l.start()
	return l, nil
}

// The shapes of this wire that are read.
type (
	ovStream struct {
		ID          string `json:"id"`
		HasAudio    bool   `json:"hasAudio"`
		HasVideo    bool   `json:"hasVideo"`
		AudioActive bool   `json:"audioActive"`
		VideoActive bool   `json:"videoActive"`
		TypeOfVideo string `json:"typeOfVideo"`
	}
	ovPeer struct {
		ID        string     `json:"id"`
		CreatedAt int64      `json:"createdAt"`
		Metadata  string     `json:"metadata"`
		Streams   []ovStream `json:"streams"`
	}
	ovJoined struct {
		ID      string   `json:"id"`
		Role    string   `json:"role"`
		Others  []ovPeer `json:"value"`
		Room    string   `json:"session"`
		Resume  string   `json:"sessionId"`
		Servers []struct {
			URL        string `json:"url"`
			Username   string `json:"username"`
			Credential string `json:"credential"`
		} `json:"customIceServers"`
	}
)

// enter joins over the socket that is open.
func (o *openVidu) enter(ctx context.Context, l *link) error {
	s := o.s
	said, _ := json.Marshal(map[string]string{"clientData": s.cfg.Name, "data": s.cfg.Metadata})
	ctx, cancel := context.WithTimeout(ctx, s.cfg.StepTimeout)
	defer cancel()
	// Who is there is told once, in the answer: what is heard after it is news.
	return callInOrder(ctx, l, fault.OpJoin, "joinRoom", map[string]any{
		"token": o.token, "session": o.room, "metadata": string(said), "platform": s.http.agent, "sdkVersion": sdkVersion,
	}, o.joined)
}

// joined takes the answer to a join.
func (o *openVidu) joined(got ovJoined) error {
	s := o.s
	if got.ID == "" || got.Resume == "" {
		return asFault(fault.ResponseMalformed.New("method", "joinRoom", "want", "id and sessionId"), fault.OpJoin)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id, o.resume = got.ID, got.Resume
	if s.cfg.ICEServers == nil {
		for _, one := range got.Servers {
			ice := webrtc.ICEServer{URLs: []string{one.URL}}
			if one.Username != "" {
				ice.Username, ice.Credential = one.Username, one.Credential
			}
			s.ice = append(s.ice, ice)
		}
	} else {
		s.ice = s.cfg.ICEServers
	}
	s.roster.preview, s.roster.roomID, s.roster.roomName = nil, got.Room, got.Room
	s.roster.role = ovRole(got.Role)
	s.entered, s.joinedAt = true, time.Now()
	s.roster.self = Peer{ID: s.id, Name: s.cfg.Name, Metadata: s.cfg.Metadata, Role: got.Role, JoinedAt: s.joinedAt}
	for _, p := range got.Others {
		o.upsert(p)
	}
	return nil
}

// ovRole is what a role of this wire may do.
func ovRole(name string) Role {
	r := Role{Name: name, Priority: 1}
	if name != "SUBSCRIBER" {
		r.Publish.Allowed = []string{"audio", "video", "screen"}
	}
	r.Permissions.RemoveOthers = name == "MODERATOR"
	return r
}

// wire is a peer as the roster takes it. What an app calls itself is where nearly
// every one puts it.
func (p ovPeer) wire() wirePeer {
	w := wirePeer{ID: p.ID, JoinedAt: p.CreatedAt, Tracks: map[string]wireTrack{}}
	w.Info.Data = p.Metadata
	said, _, _ := strings.Cut(p.Metadata, "%/%")
	var known struct {
		ClientData string `json:"clientData"`
	}
	if json.Unmarshal([]byte(said), &known) == nil {
		w.Info.Name = known.ClientData
	}
	for _, st := range p.Streams {
		for _, t := range st.tracks() {
			w.Tracks[t.ID] = t
		}
	}
	return w
}

// tracks are the tracks of a stream. The wire has no ids for them.
func (st ovStream) tracks() (all []wireTrack) {
	source := SourceRegular
	if st.TypeOfVideo == "SCREEN" {
		source = SourceScreen
	}
	if st.HasAudio {
		all = append(all, wireTrack{ID: trackIn(st.ID, "audio"), StreamID: st.ID, Kind: "audio", Source: source, Mute: !st.AudioActive})
	}
	if st.HasVideo {
		all = append(all, wireTrack{ID: trackIn(st.ID, "video"), StreamID: st.ID, Kind: "video", Source: source, Mute: !st.VideoActive})
	}
	return all
}

func trackIn(stream, kind string) string { return stream + "/" + kind }

// upsert takes a peer with what it publishes, and asks for that. The session is
// locked.
func (o *openVidu) upsert(p ovPeer) {
	w := p.wire()
	o.s.roster.upsert(w)
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, t := range w.Tracks {
		o.muted[id] = t
	}
	for _, st := range p.Streams {
		if o.received[st.ID] == nil {
			in := &incoming{o: o, stream: st.ID, peer: p.ID}
			o.received[st.ID] = in
			o.s.spawn(func() { in.begin(false) })
		}
	}
}

// gone forgets the streams of a peer.
func (o *openVidu) gone(peer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, in := range o.received {
		if in.peer == peer {
			delete(o.received, id)
			delete(o.muted, trackIn(id, "audio"))
			delete(o.muted, trackIn(id, "video"))
			o.s.spawn(in.close)
		}
	}
}

// heard takes a notification.
func (o *openVidu) heard(method string, raw json.RawMessage) {
	var w struct {
		ovPeer
		Connection string          `json:"connectionId"`
		Sender     string          `json:"senderConnectionId"`
		Stream     string          `json:"streamId"`
		Property   string          `json:"property"`
		Value      json.RawMessage `json:"newValue"`
		Reason     string          `json:"reason"`
		Offer      string          `json:"sdpOffer"`
		Type       string          `json:"type"`
		Data       string          `json:"data"`
		From       string          `json:"from"`
		webrtc.ICECandidateInit
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		o.s.log.Warn("a notification cannot be read", "method", method, "err", err)
		return
	}
	s := o.s
	switch method {
	case "iceCandidate":
		o.candidate(w.Sender, w.ICECandidateInit)
		return
	case "participantEvicted":
		k := fault.PeerRemoved
		if w.Reason == "sessionClosedByServer" {
			k = fault.RoomEnded
		}
		s.giveUp(asFault(k.New("reason", w.Reason), fault.OpLeave))
		return
	case "forciblyReconnectSubscriber":
		o.mu.Lock()
		in := o.received[w.Stream]
		o.mu.Unlock()
		if in != nil {
			s.spawn(func() { in.offered(w.Offer) })
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch method {
	case "participantJoined", "participantPublished":
		o.upsert(w.ovPeer)
	case "participantLeft":
		o.gone(w.Connection)
		s.roster.drop(w.Connection)
	case "participantUnpublished":
		if w.Connection == s.id {
			o.mu.Lock()
			m := o.published
			o.mu.Unlock()
			if m != nil {
				s.spawn(func() { o.withdrawn(m, w.Reason) })
			}
			return
		}
		o.gone(w.Connection)
		for id, t := range s.roster.tracks {
			if t.info.PeerID == w.Connection {
				s.roster.withdraw(id)
			}
		}
	case "streamPropertyChanged":
		o.changed(w.Connection, w.Stream, w.Property, w.Value)
	case "connectionPropertyChanged":
		var role string
		if w.Property == "role" && json.Unmarshal(w.Value, &role) == nil {
			s.roster.role = ovRole(role)
			post(s, s.cfg.Listener.OnRoleChange, s.roster.role)
		}
	case "sendMessage":
		post(s, s.cfg.Listener.OnMessage, Message{From: w.From, At: time.Now(), Type: strings.TrimPrefix(w.Type, "signal:"), Body: w.Data})
	}
}

// changed hears that a stream was muted or unmuted, which is told as text. The
// session is locked.
func (o *openVidu) changed(peer, stream, property string, value json.RawMessage) {
	var text string
	kind := strings.TrimSuffix(property, "Active")
	if kind != "audio" && kind != "video" || json.Unmarshal(value, &text) != nil {
		return
	}
	o.mu.Lock()
	t, known := o.muted[trackIn(stream, kind)]
	t.Mute = text == "false"
	if known {
		o.muted[t.ID] = t
	}
	o.mu.Unlock()
	if known {
		o.s.roster.announce(peer, t)
	}
}

// resumed continues the session on another socket and builds anew what has been
// lost meanwhile.
func (o *openVidu) resumed(ctx context.Context) error {
	s := o.s
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	l, err := o.open(ctx, s.httpQuick, true)
	if err != nil {
		return err
	}
	if err := l.call(ctx, fault.OpReconnect, "connect", map[string]any{"sessionId": o.resume, "reconnect": true}, nil); err != nil {
		s.discard(l)
		return err
	}
	_, err = s.adopt(l)
	return err
}

// send sends a signal to everybody, or to one peer.
func (o *openVidu) send(ctx context.Context, n NewMessage) (Message, error) {
	if len(n.Roles) > 0 {
		return Message{}, asFault(fault.FeatureUnsupported.New("feature", "messages to roles", "dialect", DialectOpenVidu), fault.OpMessage)
	}
	to := []string{}
	if n.PeerID != "" {
		to = append(to, n.PeerID)
	}
	text, _ := json.Marshal(map[string]any{"to": to, "type": "signal:" + n.Type, "data": n.Body})
	if err := o.call(ctx, fault.OpMessage, "sendMessage", map[string]any{"message": string(text)}, nil); err != nil {
		return Message{}, err
	}
	return Message{From: o.s.id, At: time.Now(), Private: n.PeerID != "", Type: cmp.Or(n.Type, "signal"), Body: n.Body}, nil
}

// call makes a call of this wire, like session.call.
func (o *openVidu) call(ctx context.Context, op fault.Op, method string, params, result any) error {
	ctx, cancel := o.s.bound(ctx)
	defer cancel()
	l, err := o.s.ready(ctx, op)
	if err != nil {
		return err
	}
	return l.call(ctx, op, method, params, result)
}
