// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// sceenic is the clients of Sceenic WatchTogether; see docs/sceenic.md. Everybody
// joins with the token of the session, under a name that nobody else has.
type sceenic struct{ tokens SharedTokens }

func (sceenic) door() string { return "sceenic" }

func (sceenic) word(f *fault.Error) wireError {
	w := wordFault(dialect.Sceenic, f)
	w.Name = w.Data.Name
	return w
}

func (sceenic) op(method string) (operation, bool) {
	if o, known := watchOps[method]; known {
		return o, true
	}
	o, known := ops[method]
	return o, known
}

// types are the types of participants, by how each takes part.
var types = map[room.Mode]string{
	room.SendsAndReceives: "FULL_PARTICIPANT", room.ReceivesOnly: "VIEWER",
	room.SendsOnly: "AV_BROADCASTER", room.SendsAudioOnly: "A_BROADCASTER",
}

// modeOf finds how a type takes part, or fails with fault.PeerTypeInvalid.
func modeOf(name string) (room.Mode, error) {
	for mode, known := range types {
		if known == name {
			return mode, nil
		}
	}
	return 0, fault.PeerTypeInvalid.New("field", "type", "want", "FULL_PARTICIPANT, VIEWER, AV_BROADCASTER or A_BROADCASTER", "got", clip(name, 64))
}

type watchParams struct {
	Token    string `json:"token"`
	Name     string `json:"participantName"`
	Type     string `json:"type"`
	Metadata string `json:"metadata"`
	Secret   string `json:"oldParticipantSecret"`
	Version  string `json:"sdkVersion"`
}

func (o sceenic) read(l *line, params json.RawMessage) (application, error) {
	p, err := jsonrpc.Params[watchParams](params)
	if err != nil {
		return application{}, err
	}
	l.agent.SDK, l.agent.SDKVersion = "wtsdk", clip(p.Version, 32)
	mode, err := modeOf(cmp.Or(p.Type, types[room.SendsAndReceives]))
	return application{
		who:    participant.Profile{Name: p.Name, Data: p.Metadata, Mode: mode, UniqueName: true, Watches: true},
		secret: p.Secret,
		redeem: func(ctx context.Context) (Grant, error) {
			g, bad := o.tokens.Redeem(ctx, p.Token)
			switch {
			case bad != nil:
				return g, bad
			case err != nil: // said to those alone who may come in
				return g, err
			case strings.TrimSpace(p.Name) == "" && p.Secret == "":
				return g, missing("participantName")
			}
			return g, nil
		},
	}, nil
}

func (sceenic) several() bool { return false }

func (sceenic) describe(_ *session, p room.Peer, all []view) {
	for i := range all {
		all[i].Metadata, all[i].Name, all[i].Type = p.Data, p.Name, types[p.Mode]
	}
}

// sessionState is what a session is like, as a client is told of it.
type sessionState struct {
	ID           room.PeerID `json:"participantId"`
	Name         string      `json:"participantName"`
	Type         string      `json:"type"`
	Locked       bool        `json:"locked"`
	Synchronizer room.PeerID `json:"synchronizer"`
	Streaming    streaming   `json:"streaming"`
	Player       *player     `json:"player,omitempty"`
}

type streaming struct {
	Now   int `json:"now"`
	Limit int `json:"limit"`
}

type player struct {
	From room.PeerID     `json:"from"`
	Data json.RawMessage `json:"data"`
	At   int64           `json:"at"`
}

func wordPlayer(p room.PlayerState) *player {
	if p.From == "" {
		return nil
	}
	data := p.Data
	if len(data) == 0 {
		data = json.RawMessage("null")
	}
	return &player{p.From, data, p.At.UnixMilli()}
}

func stateOf(s *session, snap room.Snapshot) sessionState {
	return sessionState{
		ID: s.p.ID(), Name: s.p.Name(), Type: types[s.mode], Locked: snap.Rules.Locked,
		Synchronizer: snap.Leader, Streaming: streaming{snap.Streaming, snap.Rules.MaxStreaming}, Player: wordPlayer(snap.Player),
	}
}

// rtcServer is an ICE server as browsers take it
// (https://www.w3.org/TR/webrtc/#rtciceserver-dictionary).
type rtcServer struct {
	URLs       string `json:"urls"`
	Username   string `json:"username,omitempty"`
	Credential string `json:"credential,omitempty"`
}

func (sceenic) result(s *session, snap room.Snapshot, others []connection) any {
	ice := make([]rtcServer, len(s.ice))
	for i, one := range s.ice {
		ice[i] = rtcServer{one.URL, one.Username, one.Credential}
	}
	return struct {
		sessionState
		Peer       room.PeerID  `json:"id"`
		Metadata   string       `json:"metadata"`
		Secret     string       `json:"secret"`
		SessionID  string       `json:"sessionId"`
		Session    string       `json:"session"`
		Role       string       `json:"role"`
		CreatedAt  int64        `json:"createdAt"`
		Version    string       `json:"version"`
		Server     string       `json:"mediaServer"`
		ICEServers []rtcServer  `json:"iceServers"`
		Custom     []ICEServer  `json:"customIceServers"`
		Others     []connection `json:"value"`
	}{
		stateOf(s, snap), s.p.ID(), s.metadata, s.id, s.id, s.grant.Session, s.role(), s.grant.CreatedAt.UnixMilli(),
		version, mediaServer, ice, s.ice, others,
	}
}

func (sceenic) tell(_ *session, _ string, params any) (any, bool) { return params, true }

// sender takes the id of a participant for its stream.
func (sceenic) sender(s *session, name string) (room.PeerID, Stream, error) {
	for peer, t := range s.told {
		switch {
		case string(peer) == name && t.stream.ID != "":
			return peer, t.stream, nil
		case string(peer) == name || strings.HasSuffix(name, "_"+string(peer)):
			return "", Stream{}, fault.StreamNotPublished.New("participant", peer)
		}
	}
	if me := string(s.p.ID()); name == me || strings.HasSuffix(name, "_"+me) {
		return "", Stream{}, fault.StreamNotPublished.New("participant", me, "reason", "nobody receives itself")
	}
	return "", Stream{}, fault.PeerNotFound.New("field", "sender", "peer", clip(name, 200))
}

// again has a client finish what it has begun.
func (sceenic) again(at stage, sub *subscription) error {
	if at == stalled { // it hears of that only with the next offer
		return nil
	}
	return fault.NegotiationInProgress.New("stream", sub.stream.ID)
}

func (o sceenic) evicted(e eviction, f *fault.Error) eviction {
	w := o.word(f)
	e.Error = &w
	return e
}

func (sceenic) broken(s *session, sub *subscription, f *fault.Error) {
	s.notify("mediaError", map[string]any{"connectionId": sub.peer, "streamId": sub.stream.ID, "error": s.h.style.word(f)})
}
