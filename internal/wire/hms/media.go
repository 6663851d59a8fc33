// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/json"
	"math"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// channelLabel is the data channel clients wait for on the subscribe side.
const channelLabel = "ion-sfu"

// The two connections of a peer, as trickle names them.
const (
	targetPublish   = 0
	targetSubscribe = 1
)

const (
	maxEarly     = 256     // candidates that may come before the connection they are for
	maxCandidate = 2 << 10 // bytes of a candidate as JSON
	maxTrackID   = 128     // bytes; clients send UUIDs
	maxSource    = 64      // bytes of the word for what a track shows
)

// media is what this wire knows of a client's connections: one to publish, one to
// receive, whose data channel carries what the client wants of each track.
type media struct {
	s *session

	pub       *participant.Publication
	sub       *participant.Subscription
	autoVideo bool                       // forward video without being asked
	onDemand  atomic.Pointer[bool]       // offer each video once it is asked for; nil before the first join
	early     []webrtc.ICECandidateInit  // candidates that came before the publish side
	told      map[room.TrackID]toldLayer // what the client was last told to be on
	withdrawn withdrawals
}

// closed hears that the participant has closed both connections.
func (m *media) closed() {
	m.pub, m.sub = nil, nil
	m.withdrawn.tellAll()
}

// open makes both connections of a peer that joins or is rebuilt.
func (m *media) open() error {
	pub, err := m.s.p.Media().OpenPublication(participant.PublicationOptions{
		// The web SDK (0.15) begins a track without layers at a thousandth of its bit
		// rate, too little for an encoder of H.264, and mends that when the answer is
		// there. A browser that had gone on to another format by then kept the
		// thousandth, and sent nothing ever.
		OneFormat: m.s.p.Agent().SDK == "web",
		Candidate: func(c webrtc.ICECandidateInit) { m.tellCandidate(targetPublish, c) },
		Warned:    func(_ room.TrackID, f *fault.Error) { m.tellWarning(f) },
		Trouble:   m.tellWarning, Moves: true,
	})
	if err != nil {
		return err
	}
	initial := sfu.LayerNone
	if m.autoVideo {
		initial = sfu.LayerHigh
	}
	sub, err := m.s.p.Media().OpenSubscription(participant.SubscriptionOptions{
		Channel: channelLabel, Initial: initial, OnDemand: m.asks(),
		Offer:     m.tellOffer,
		Candidate: func(c webrtc.ICECandidateInit) { m.tellCandidate(targetSubscribe, c) },
		Message:   m.channelMessage, MessageRate: m.s.h.cfg.FrameRate, MaxMessage: maxChannelMessage,
		Layer: m.tellLayer, Refused: m.tellRefused, Removed: m.withdrawn.tell,
		Trouble: m.tellWarning, Moves: true,
	})
	if err != nil {
		m.s.p.Media().ClosePublication(pub)
		return err
	}
	m.pub, m.sub = pub, sub
	for _, c := range m.early {
		_ = pub.AddCandidate(c)
	}
	m.early = nil
	return nil
}

// description is a session description on the wire, with the node it is for.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
	Node string `json:"sfu_node_id"`
}

func (m *media) describe(d webrtc.SessionDescription) description {
	return description{d.Type.String(), m.s.p.Inject().SDP(d.Type.String(), d.SDP), m.s.node}
}

// tellOffer passes an offer on and makes room for the answer, which grows with it:
// no limit may be smaller than what we ask for.
func (m *media) tellOffer(d webrtc.SessionDescription) {
	if m.s.conn != nil {
		// As JSON, where the end of each line takes two bytes more.
		m.s.conn.Expect(sfu.AnswerLimit(d)*5/4 + 4096)
	}
	m.s.notify("offer", m.describe(d))
}

// asks tells whether the client asks for each video before it is offered.
func (m *media) asks() bool {
	on := m.onDemand.Load()
	return on != nil && *on
}

func (m *media) tellWarning(f *fault.Error) { m.s.notify("on-warning", wordFault(f)) }

// tellRefused says that the peer is not sent a track, in all the ways there are:
// a warning, and the state of the track; see also preferVideo.
func (m *media) tellRefused(id room.TrackID, f *fault.Error) {
	m.tellWarning(f)
	if wish := m.s.p.Media().Layer(id); wish != "" && wish != sfu.LayerNone {
		m.sayLayer(id, sfu.LayerNone, wish)
	}
}

// sdp is a session description as clients send it.
type sdp struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// read checks a description of the given type. Fails with fault.FieldMissing,
// FieldInvalid and FrameTooLarge.
func (d *sdp) read(field string, want webrtc.SDPType, max int) (webrtc.SessionDescription, error) {
	var none webrtc.SessionDescription
	switch {
	case d == nil || d.SDP == "":
		return none, missing(field + ".sdp")
	case d.Type != want.String():
		return none, fault.FieldInvalid.New("field", field+".type", "want", want.String(), "got", clip(d.Type, 16))
	case len(d.SDP) > max:
		return none, fault.FrameTooLarge.New("limit", "limits.sdp_bytes", "field", field+".sdp", "max_bytes", max, "bytes", len(d.SDP))
	}
	return webrtc.SessionDescription{Type: want, SDP: d.SDP}, nil
}

type offerParams struct {
	Desc   *sdp                 `json:"desc"`
	Tracks map[string]wireTrack `json:"tracks"`
	Node   string               `json:"sfu_node_id"`
}

// offer negotiates what the peer publishes. A client that talks to a process
// that is gone is told so with the one refusal it understands, and then moves.
func (m *media) offer(ctx context.Context, p offerParams) (any, error) {
	if !m.s.p.Joined() {
		// The client believes it is inside; only the end of its session helps.
		f := fault.From(fault.PeerGone.New("peer", m.s.p.ID()), fault.OpReconnect)
		m.s.p.End(f)
		return nil, f
	}
	desc, err := p.Desc.read("desc", webrtc.SDPTypeOffer, m.s.h.cfg.MaxSDP)
	if err != nil {
		return nil, err
	}
	tracks, err := readTracks(p.Tracks)
	if err != nil {
		return nil, err
	}
	if m.pub == nil {
		if p.Node != m.s.node {
			return after{nil, func() { m.s.p.After(moveDelay, m.s.tellNode) }}, fault.NodeMoved.New("node", m.s.node)
		}
		m.s.p.Media().Rebuilt()
		if err := m.open(); err != nil {
			return nil, err
		}
		m.s.listed = false
		m.s.p.After(listDelay, m.s.p.Refresh)
	}
	restarts := m.pub.Stats().Connection.Restarts
	answer, err := m.pub.Answer(ctx, desc)
	if err != nil {
		return nil, err
	}
	if m.pub.Stats().Connection.Restarts != restarts {
		m.s.p.Media().Mend() // what hurts one path usually hurts both
	}
	done, err := m.s.p.Media().Publish(ctx, tracks)
	if err != nil {
		return nil, err
	}
	for _, e := range done.Refused {
		m.tellWarning(fault.From(e, fault.OpPublish))
	}
	return after{m.describe(answer), m.start}, nil
}

// start offers what the client may receive, once it has got its connections.
func (m *media) start() {
	if m.sub != nil {
		m.sub.Start()
	}
}

func readTracks(m map[string]wireTrack) ([]room.Track, error) {
	out := make([]room.Track, 0, len(m))
	for key, w := range m {
		t := room.Track{
			ID: room.TrackID(w.ID), StreamID: w.StreamID, Kind: w.Kind, Source: w.Source,
			Mute: w.Mute, Description: clip(w.Description, 1024),
		}
		if t.ID == "" {
			t.ID = room.TrackID(key)
		}
		if t.Kind != room.Audio && t.Kind != room.Video {
			return nil, fault.FieldInvalid.New("field", fieldAt("tracks", clip(key, 40), "type"), "want", "audio or video", "got", clip(w.Kind, 16))
		}
		for _, text := range []struct {
			field, is string
			most      int
		}{{"track_id", string(t.ID), maxTrackID}, {"stream_id", t.StreamID, maxTrackID}, {"source", t.Source, maxSource}} {
			if len(text.is) > text.most {
				return nil, fault.FieldInvalid.New("field", fieldAt("tracks", clip(key, 40), text.field), "max_bytes", text.most)
			}
		}
		if t.Source == "" {
			t.Source = room.SourceRegular
		}
		out = append(out, t)
	}
	return out, nil
}

type answerParams struct {
	Desc *sdp   `json:"desc"`
	Node string `json:"sfu_node_id"`
}

// answer completes an offer of ours. One that cannot be read is refused like one
// that does not fit, so that the offer is made again.
func (m *media) answer(_ context.Context, p answerParams) (any, error) {
	if m.sub == nil || (p.Node != "" && p.Node != m.s.node) {
		return nil, nil // meant for connections that are gone
	}
	// How long it may be depends on the offer; see sfu.AnswerLimit.
	desc, err := p.Desc.read("desc", webrtc.SDPTypeAnswer, math.MaxInt)
	if err != nil {
		m.sub.Refuse(err)
		return nil, err
	}
	return nil, m.sub.Answer(desc)
}

type trickleParams struct {
	Target    int             `json:"target"`
	Candidate json.RawMessage `json:"candidate"`
	Node      string          `json:"sfu_node_id"`
}

// trickle takes a candidate. Candidates for the publish side may come before
// join has made it.
func (m *media) trickle(_ context.Context, p trickleParams) (any, error) {
	if p.Target != targetPublish && p.Target != targetSubscribe {
		return nil, fault.FieldInvalid.New("field", "target", "want", "0 (publish) or 1 (subscribe)", "got", p.Target)
	}
	if p.Node != "" && p.Node != m.s.node {
		return nil, nil
	}
	if len(p.Candidate) == 0 {
		return nil, missing("candidate")
	}
	if len(p.Candidate) > maxCandidate {
		return nil, fault.CandidateInvalid.New("field", "candidate", "max_bytes", maxCandidate, "bytes", len(p.Candidate))
	}
	var c webrtc.ICECandidateInit
	if err := json.Unmarshal(p.Candidate, &c); err != nil {
		return nil, fault.CandidateInvalid.New("field", "candidate", "problem", err.Error())
	}
	switch {
	case p.Target == targetSubscribe && m.sub != nil:
		return nil, m.sub.AddCandidate(c)
	case p.Target == targetSubscribe:
		return nil, nil
	case m.pub != nil:
		return nil, m.pub.AddCandidate(c)
	case len(m.early) >= maxEarly:
		return nil, fault.CandidateLimit.New("limit", maxEarly)
	}
	m.early = append(m.early, c)
	return nil, nil
}

func (m *media) tellCandidate(target int, c webrtc.ICECandidateInit) {
	m.s.notify("trickle", map[string]any{"target": target, "candidate": c})
}
