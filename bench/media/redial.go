// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/coder/websocket/wsjson"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/token"
)

// ours is Redial, spoken to as the 100ms web SDK does (docs/protocol.md). Video is sent as
// soon as it is negotiated, which is what the other server does as well.
type ours struct {
	api  *webrtc.API
	url  string
	key  token.Key
	room string // its id
}

// newOurs makes a room whose publishers receive nothing: twenty publishers would else
// cost as much as those who are counted.
func newOurs(ctx context.Context, api *webrtc.API, url string, key token.Key) (*ours, error) {
	o := &ours{api: api, url: url, key: key}
	bearer, err := token.Mint(key, token.Claims{Type: token.Management, ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		return nil, err
	}
	backend, err := admin.New(admin.Config{URL: url, Token: bearer})
	if err != nil {
		return nil, err
	}
	template, err := backend.Templates.Create(ctx, admin.TemplateChange{Name: "bench", Roles: map[string]admin.Role{
		"sender":   {Publish: admin.Publish{Allowed: []string{"audio", "video"}}, Subscribe: admin.Subscribe{ToRoles: []string{}}},
		"receiver": {Publish: admin.Publish{Allowed: []string{}}, Subscribe: admin.Subscribe{ToRoles: []string{"sender"}}},
	}})
	if err != nil {
		return nil, err
	}
	room, err := backend.Rooms.Create(ctx, admin.NewRoom{Name: "bench", TemplateID: template.ID})
	if err != nil {
		return nil, err
	}
	o.room = room.ID
	return o, nil
}

// web opens a connection for each call, as somebody who comes for the first time does.
var web = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

const ourAgent = "os:linux,sdk:bench,sdk_version:1.0.0"

func (o *ours) with(api *webrtc.API) signalling {
	c := *o
	c.api = api
	return &c
}

// bearer is a token to join the room with.
func (o *ours) bearer(role, name string) (string, error) {
	return token.Mint(o.key, token.Claims{Type: token.App, RoomID: o.room, Role: role, UserID: name, ExpiresAt: time.Now().Add(time.Hour)})
}

func (o *ours) join(ctx context.Context, who member) (leave func(), err error) {
	p, err := o.reach(ctx, who)
	if err != nil {
		return nil, err
	}
	return p.enter(ctx, participant{
		listen: p.listen, goodbye: p.goodbye,
		every: 3 * time.Second, ping: p.ping,
	})
}

// reach asks where to go, and opens a socket there.
func (o *ours) reach(ctx context.Context, who member) (*ourPeer, error) {
	role := "receiver"
	if who.got == nil {
		role = "sender"
	}
	id := rand.Text()
	bearer, err := o.bearer(role, who.name)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.url+"/init?"+url.Values{"peer_id": {id}, "user_agent_v2": {ourAgent}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := web.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var found struct{ Endpoint string }
	if err := json.NewDecoder(res.Body).Decode(&found); err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("/init: %s: %v", res.Status, err)
	}
	q := url.Values{"peer": {id}, "token": {bearer}, "user_agent_v2": {ourAgent}, "protocol_version": {"2.5"}, "protocol_spec": {"20250115"}}
	l, err := dial(ctx, o.api, found.Endpoint+"?"+q.Encode(), who)
	if err != nil {
		return nil, err
	}
	return &ourPeer{l}, nil
}

type ourPeer struct{ *link }

type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// send sends a request, or a notification where it has no id.
func (p *ourPeer) send(ctx context.Context, id, method string, params any) error {
	frame := map[string]any{"jsonrpc": "2.0", "method": method, "params": params}
	if id != "" {
		frame["id"] = id
	}
	return wsjson.Write(ctx, p.socket, frame)
}

func (p *ourPeer) ping(ctx context.Context, now time.Time) error {
	return p.send(ctx, "ping"+strconv.FormatInt(now.UnixNano(), 36), "ping", map[string]int64{"timestamp": now.UnixMilli()})
}

func (p *ourPeer) goodbye(ctx context.Context) error {
	return p.send(ctx, "", "leave", map[string]string{"client_reason": "user request"})
}

// frame is one message.
type frame struct {
	ID, Method            string
	Params, Result, Error json.RawMessage
}

// listen takes one message.
func (p *ourPeer) listen(ctx context.Context) error {
	var f frame
	if err := wsjson.Read(ctx, p.socket, &f); err != nil {
		return err
	}
	if f.Error != nil {
		return fmt.Errorf("%s is refused: %s", f.ID, f.Error)
	}
	return p.hear(ctx, f.ID, f.Method, f.Params, f.Result)
}

func (p *ourPeer) hear(ctx context.Context, id, method string, params, result json.RawMessage) error {
	var d description
	switch {
	case method == "on-policy-change":
		return p.connect(ctx)
	case id == "join" || id == "offer":
		if err := json.Unmarshal(result, &d); err != nil {
			return err
		}
		if err := p.answered(d.SDP); err != nil {
			return err
		}
		if id == "join" && len(p.who.sources) > 0 {
			return p.publish(ctx)
		}
		p.settle(nil)
	case method == "offer":
		if err := json.Unmarshal(params, &d); err != nil {
			return err
		}
		text, err := p.answer(d.SDP)
		if err != nil {
			return err
		}
		return p.send(ctx, "", "answer", map[string]any{"desc": description{"answer", text}})
	case method == "trickle":
		var c struct {
			Target    int
			Candidate webrtc.ICECandidateInit
		}
		if err := json.Unmarshal(params, &c); err != nil {
			return err
		}
		p.candidate(c.Target, c.Candidate)
	case method == "on-error":
		return fmt.Errorf("the server says: %s", params)
	}
	return nil
}

// connect makes both connections and joins with an offer of nothing but a data channel.
func (p *ourPeer) connect(ctx context.Context) error {
	for target := range p.pcs {
		_, err := p.open(target, func(c webrtc.ICECandidateInit) error {
			return p.send(ctx, "", "trickle", map[string]any{"target": target, "candidate": c})
		})
		if err != nil {
			return err
		}
	}
	if _, err := p.pc(publishing).CreateDataChannel("ion-sfu", nil); err != nil {
		return err
	}
	text, err := offer(p.pc(publishing), nil)
	if err != nil {
		return err
	}
	return p.send(ctx, "join", "join", map[string]any{"name": p.who.name, "data": "", "disableVidAutoSub": false, "offer": description{"offer", text}})
}

func (p *ourPeer) publish(ctx context.Context) error {
	if err := publish(ctx, p.pc(publishing), p.who.sources); err != nil {
		return err
	}
	tracks := map[string]any{}
	for _, s := range p.who.sources {
		tracks[s.track.ID()] = map[string]any{"track_id": s.track.ID(), "stream_id": s.track.StreamID(), "type": s.track.Kind().String(), "source": "regular", "mute": false, "description": ""}
	}
	text, err := offer(p.pc(publishing), p.who.sources)
	if err != nil {
		return err
	}
	return p.send(ctx, "offer", "offer", map[string]any{"desc": description{"offer", text}, "tracks": tracks})
}
