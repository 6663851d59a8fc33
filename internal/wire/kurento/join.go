// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// version is the version of the server that clients are told. They fail on one
// that is no semantic version, and log a warning about one that is not theirs.
const version = "2.32.0"

// mediaServer is the name of the media server by which clients let the server
// offer what they receive.
const mediaServer = "mediasoup"

// joinLimit is how long a join may take. Clients wait 10 s.
const joinLimit = 8 * time.Second

type joinParams struct {
	Token    string `json:"token"`
	Session  string `json:"session"`
	Metadata string `json:"metadata"`
	Platform string `json:"platform"`
	Version  string `json:"sdkVersion"`
}

// maxToken is how many bytes a token may have. Its URL names a host and a
// session.
const maxToken = 4096

// readToken takes a client's token apart: the URL that the backend was given,
// with the session and the token of one use in its query. The token alone does
// as well. Fails with fault.TokenMissing and fault.TokenMalformed.
func readToken(text, session string) (sessionID, token string, err error) {
	switch {
	case text == "":
		return "", "", fault.TokenMissing.New("field", "token")
	case len(text) > maxToken:
		return "", "", fault.TokenMalformed.New("field", "token", "max_bytes", maxToken, "bytes", len(text))
	case !strings.Contains(text, "://"):
		return session, text, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", "", fault.TokenMalformed.New("field", "token", "want", "wss://HOST?sessionId=ID&token=TOKEN")
	}
	q := u.Query()
	if q.Get("sessionId") == "" || q.Get("token") == "" {
		return "", "", fault.TokenMalformed.New("field", "token", "want", "wss://HOST?sessionId=ID&token=TOKEN")
	}
	return q.Get("sessionId"), q.Get("token"), nil
}

// openVidu is the clients of OpenVidu.
type openVidu struct{ tokens Tokens }

func (openVidu) door() string                  { return "openvidu" }
func (openVidu) word(f *fault.Error) wireError { return wordFault(dialect.OpenVidu, f) }

func (openVidu) op(method string) (operation, bool) {
	o, known := ops[method]
	return o, known
}

func (openVidu) several() bool                                     { return false }
func (openVidu) describe(*session, room.Peer, []view)              {}
func (openVidu) evicted(e eviction, _ *fault.Error) eviction       { return e }
func (openVidu) again(stage, *subscription) error                  { return nil } // it gives up what it has asked for before
func (openVidu) update(*session, room.Update)                      {}
func (openVidu) broken(*session, *subscription, *fault.Error)      {}
func (openVidu) tell(_ *session, _ string, params any) (any, bool) { return params, true }
func (openVidu) sender(_ *session, id string) (room.PeerID, Stream, error) {
	return "", Stream{}, fault.StreamNotPublished.New("stream", clip(id, 200))
}

func (o openVidu) read(l *line, params json.RawMessage) (application, error) {
	p, err := jsonrpc.Params[joinParams](params)
	if err != nil {
		return application{}, err
	}
	l.agent.SDK, l.agent.SDKVersion = "openvidu-browser", clip(p.Version, 32)
	l.platform = p.Platform
	return application{
		who: participant.Profile{Name: nameIn(p.Metadata), Data: p.Metadata},
		redeem: func(ctx context.Context) (Grant, error) {
			session, token, err := readToken(p.Token, p.Session)
			if err != nil {
				return Grant{}, err
			}
			return o.tokens.Redeem(ctx, session, token)
		},
	}, nil
}

func (openVidu) result(s *session, _ room.Snapshot, others []connection) any {
	return map[string]any{
		"id": s.p.ID(), "role": s.role(), "value": others, "session": s.grant.Session, "sessionId": s.id,
		"createdAt": s.grant.CreatedAt.UnixMilli(), "metadata": s.metadata, "finalUserId": s.p.ID(),
		"version": version, "mediaServer": mediaServer, "videoSimulcast": s.h.cfg.Simulcast, "record": false, "life": -1,
		"customIceServers": s.ice,
	}
}

// join lets a client in, or tells it why not. The socket stays open then, since
// a client would come back to a closed one for ever.
func (l *line) join(f frame) {
	asks, err := l.h.style.read(l, f.Params)
	if err != nil {
		l.refuse(f, fault.From(err, fault.OpJoin))
		return
	}
	g, err := asks.redeem(l.ctx)
	if err == nil && asks.secret != "" {
		err = l.rejoin(f, asks, g)
		if err == nil {
			return
		}
	}
	if err != nil {
		bad := fault.From(err, fault.OpJoin)
		l.h.all.TurnAway(participant.Visitor{Address: l.address, Agent: l.agent, Door: l.door}, bad)
		l.tell(f, bad)
		return
	}
	if err := l.enter(f, asks.who, g); err != nil {
		g.Undo()
		l.tell(f, fault.From(err, fault.OpJoin))
	}
}

// rejoin has a client go on as the peer that it was, on its word that it alone
// knows. It fails with fault.ResumeSecret, and with why the peer was put out.
func (l *line) rejoin(f frame, asks application, g Grant) error {
	s := l.h.session(asks.secret)
	if s == nil || s.grant.Session != g.Session {
		return fault.ResumeSecret.New("session", g.Session)
	}
	l.seat.anew = &call{frame: f, op: fault.OpReconnect, on: l.seat, from: time.Now()}
	if !l.sit(s.p) {
		l.seat.anew = nil
		return gone(s)
	}
	l.s = s
	return nil
}

// startOver answers a client that is back with the whole room. What it sent and
// received went over connections that it may not have any more.
func (s *session) startOver(c *call) {
	s.unanswered++
	s.joining = c
	for _, p := range slices.Clone(s.pubs) {
		s.withdraw(s.p.Context(), p, "")
	}
	for peer := range s.subs {
		s.drop(peer)
	}
	clear(s.early)
}

// enter makes the participant of a grant and has it join. What fails has been
// recorded.
func (l *line) enter(f frame, who participant.Profile, g Grant) error {
	v, err := l.h.all.Admit(l.ctx, participant.Request{Token: g.RoomToken, Peer: g.Connection, Address: l.address, Agent: l.agent, Door: l.door})
	var s *session
	if err == nil && v.Peer != nil {
		err = fault.PeerAlreadyJoined.New("peer", v.ID)
	}
	if err == nil && l.h.cfg.Streams == nil { // for these clients the door is this call
		if refusal, _ := l.h.all.InitInjected(v); refusal != nil {
			err = refusal
		}
	}
	if err == nil && l.h.all.UpgradeInjected(v) { // whose socket it is was not known before
		l.seat.Drop()
		return fault.SignalUpgrade.New("injected", true)
	}
	if err == nil {
		_, err = l.h.all.Enter(v, func(p *participant.Participant) participant.Wire {
			s = newSession(l.h, p, g)
			return s
		})
	}
	if err == nil && (s == nil || !l.sit(s.p)) {
		err = fault.PeerGone.New("peer", g.Connection)
	}
	if bad := fault.From(err, fault.OpJoin); bad != nil {
		l.h.all.TurnAway(v, bad)
		return bad
	}
	outcome := make(chan error, 1)
	s.p.Post(func() { outcome <- s.join(l, f, who) })
	select {
	case err = <-outcome:
	case <-s.p.Context().Done():
		err = fault.PeerGone.New("peer", g.Connection)
	}
	if err != nil {
		s.p.Post(func() { s.p.Detached(l.seat, true, closeRefused) })
		return err
	}
	l.s = s
	return nil
}

// join brings the peer into the room. The client is answered once the room has
// told what is in it, so that everything it hears later is news to it.
func (s *session) join(l *line, f frame, who participant.Profile) (err error) {
	call := &call{frame: f, op: fault.OpJoin, on: l.seat, from: time.Now()}
	ctx, cancel := context.WithTimeout(s.p.Context(), joinLimit)
	defer cancel()
	do := s.p.Inject().Call(injected("joinRoom", fault.OpJoin))
	who.Data = joinData(who.Data, s.grant.Data)
	if s.grant.Mode != 0 {
		who.Mode = s.grant.Mode
	}
	if s.h.style.several() { // of these clients only their backend says anything
		who.Name = nameIn(who.Data)
	}
	if err = do.Err; err == nil {
		err = s.p.Join(ctx, who, nil)
	}
	if bad := fault.From(err, fault.OpJoin); bad != nil {
		s.p.Events().Refused("joinRoom", fault.OpJoin, bad)
		return bad
	}
	s.ice, s.metadata, s.mode, s.platform = l.iceServers(s.grant, s.p), who.Data, who.Mode, clip(l.platform, 256)
	s.noteReceived()
	s.monitor.began(s)
	s.h.remember(s)
	switch {
	case do.Hang:
		return nil
	case do.Says != nil:
		s.unanswered++
		s.finish(call, do.Says, nil)
		return nil
	}
	// From here on, a client that goes has given up this join.
	s.joining = call
	s.unanswered++
	s.p.After(do.Delay, func() {
		if s.joining != call {
			return
		}
		s.p.WhenWritten(func(err error) {
			s.unwritten("joinRoom", call.op, err)
			s.p.Refresh()
		})
	})
	return nil
}

// answerJoin tells the client who it is and who else is there.
func (s *session) answerJoin(snap room.Snapshot) {
	others := []connection{}
	s.told = roster{}
	for _, p := range snap.Peers {
		if p.ID == s.p.ID() {
			continue
		}
		for _, v := range s.views(p) {
			s.told[v.key] = told{stream: v.stream, owner: v.owner, conn: v.ID}
			others = append(others, v.published())
		}
	}
	call := s.joining
	s.joining, s.listed = nil, true
	s.finish(call, s.h.style.result(s, snap, others), nil)
	s.tellPending()
}

// role is what the peer's role in the room comes to in this wire's words.
func (s *session) role() string { return RoleOf(s.p.Template().Roles[s.p.Role()]) }

// The roles of this wire.
const (
	Subscriber = "SUBSCRIBER"
	Publisher  = "PUBLISHER"
	Moderator  = "MODERATOR"
)

// RoleOf words a role of a template.
func RoleOf(r policy.Role) string {
	switch {
	case r.Permissions.RemoveOthers:
		return Moderator
	case r.MayPublish(policy.Audio) || r.MayPublish(policy.Video) || r.MayPublish(policy.Screen):
		return Publisher
	}
	return Subscriber
}

// RoleFor finds the role of a template that comes closest to a role of the
// wire: the one of the usual name, else the first that may do as much and no
// more; "" when there is none.
func RoleFor(t policy.Template, role string) string {
	usual := map[string]string{Moderator: "host", Publisher: "guest", Subscriber: "viewer"}[role]
	if r, ok := t.Roles[usual]; ok && RoleOf(r) == role {
		return usual
	}
	for _, name := range t.RoleNames() {
		if RoleOf(t.Roles[name]) == role {
			return name
		}
	}
	return ""
}

// Separator stands between what the client and what its backend say of a peer.
const Separator = "%/%"

func joinData(client, server string) string {
	if client == "" || server == "" {
		return client + server
	}
	return client + Separator + server
}

// nameIn finds what a peer calls itself in the text that its app gave, which
// for most is JSON with a field clientData.
func nameIn(metadata string) string {
	var known struct {
		ClientData string `json:"clientData"`
		Nickname   string `json:"nickname"`
		UserName   string `json:"userName"`
		Name       string `json:"name"`
	}
	name := metadata
	if json.Unmarshal([]byte(metadata), &known) == nil {
		name = ""
		for _, one := range []string{known.ClientData, known.Nickname, known.UserName, known.Name} {
			if name == "" {
				name = one
			}
		}
	} else if strings.HasPrefix(strings.TrimSpace(metadata), "{") {
		name = "" // JSON with other ideas
	}
	return room.NameLimit.Clip(strings.ToValidUTF8(name, "\uFFFD"))
}

// newID is a secret and a name at once.
func newID() string { return uuid.NewString() }
