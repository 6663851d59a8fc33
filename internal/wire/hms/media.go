package hms

import (
	"context"
	"encoding/json"
	"math"

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
)

// openMedia makes both connections of a peer that joins or is rebuilt.
func (s *session) openMedia() error {
	pub, err := s.p.Media().OpenPublication(participant.PublicationEvents{
		Candidate: func(c webrtc.ICECandidateInit) { s.tellCandidate(targetPublish, c) },
		Warned:    func(_ room.TrackID, f *fault.Error) { s.notify("on-warning", wordFault(f)) },
	})
	if err != nil {
		return err
	}
	initial := sfu.LayerNone
	if s.autoVideo {
		initial = sfu.LayerHigh
	}
	sub, err := s.p.Media().OpenSubscription(participant.SubscriptionOptions{
		Channel: channelLabel, Initial: initial, OnDemand: s.asks(),
		Offer:     s.tellOffer,
		Candidate: func(c webrtc.ICECandidateInit) { s.tellCandidate(targetSubscribe, c) },
		Message:   s.channelMessage, MessageRate: s.h.cfg.FrameRate, MaxMessage: maxChannelMessage,
		Layer: s.tellLayer, Refused: s.tellRefused,
	})
	if err != nil {
		s.p.Media().ClosePublication(pub)
		return err
	}
	s.pub, s.sub = pub, sub
	for _, c := range s.early {
		_ = pub.AddCandidate(c)
	}
	s.early = nil
	return nil
}

// description is a session description on the wire, with the node it is for.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
	Node string `json:"sfu_node_id"`
}

func (s *session) describe(d webrtc.SessionDescription) description {
	return description{d.Type.String(), s.p.Inject().SDP(d.Type.String(), d.SDP), s.node}
}

// tellOffer passes an offer on and makes room for the answer, which grows with it:
// no limit may be smaller than what we ask for.
func (s *session) tellOffer(d webrtc.SessionDescription) {
	if s.conn != nil {
		// As JSON, where the end of each line takes two bytes more.
		s.conn.Expect(sfu.AnswerLimit(d)*5/4 + 4096)
	}
	s.notify("offer", s.describe(d))
}

// asks tells whether the client asks for each video before it is offered.
func (s *session) asks() bool {
	on := s.onDemand.Load()
	return on != nil && *on
}

// tellRefused says that the peer is not sent a track, in all the ways there are:
// a warning, and the state of the track; see also preferVideo.
func (s *session) tellRefused(id room.TrackID, f *fault.Error) {
	s.notify("on-warning", wordFault(f))
	if wish := s.p.Media().Layer(id); wish != "" && wish != sfu.LayerNone {
		s.sayLayer(id, sfu.LayerNone, wish)
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
func (s *session) offer(ctx context.Context, p offerParams) (any, error) {
	if !s.p.Joined() {
		// The client believes it is inside; only the end of its session helps.
		f := fault.From(fault.PeerGone.New("peer", s.p.ID()), fault.OpReconnect)
		s.p.End(f)
		return nil, f
	}
	desc, err := p.Desc.read("desc", webrtc.SDPTypeOffer, s.h.cfg.MaxSDP)
	if err != nil {
		return nil, err
	}
	tracks, err := readTracks(p.Tracks)
	if err != nil {
		return nil, err
	}
	if s.pub == nil {
		if p.Node != s.node {
			return after{nil, func() { s.p.After(moveDelay, s.tellNode) }}, fault.NodeMoved.New("node", s.node)
		}
		s.p.Media().Rebuilt()
		if err := s.openMedia(); err != nil {
			return nil, err
		}
		s.listed = false
		s.p.After(listDelay, s.p.Refresh)
	}
	restarts := s.pub.Stats().Connection.Restarts
	answer, err := s.pub.Answer(ctx, desc)
	if err != nil {
		return nil, err
	}
	if s.pub.Stats().Connection.Restarts != restarts {
		s.p.Media().Mend() // what hurts one path usually hurts both
	}
	done, err := s.p.Media().Publish(ctx, tracks)
	if err != nil {
		return nil, err
	}
	for _, e := range done.Refused {
		s.notify("on-warning", wordFault(fault.From(e, fault.OpPublish)))
	}
	return s.describe(answer), nil
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
		if len(t.ID) > maxTrackID || len(t.StreamID) > maxTrackID || len(t.Source) > 64 {
			return nil, fault.FieldInvalid.New("field", fieldAt("tracks", clip(key, 40), "track_id"), "max_bytes", 128)
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
func (s *session) answer(_ context.Context, p answerParams) (any, error) {
	if s.sub == nil || (p.Node != "" && p.Node != s.node) {
		return nil, nil // meant for connections that are gone
	}
	// How long it may be depends on the offer; see sfu.AnswerLimit.
	desc, err := p.Desc.read("desc", webrtc.SDPTypeAnswer, math.MaxInt)
	if err != nil {
		s.sub.Refuse(err)
		return nil, err
	}
	return nil, s.sub.Answer(desc)
}

type trickleParams struct {
	Target    int             `json:"target"`
	Candidate json.RawMessage `json:"candidate"`
	Node      string          `json:"sfu_node_id"`
}

// trickle takes a candidate. Candidates for the publish side may come before
// join has made it.
func (s *session) trickle(_ context.Context, p trickleParams) (any, error) {
	if p.Target != targetPublish && p.Target != targetSubscribe {
		return nil, fault.FieldInvalid.New("field", "target", "want", "0 (publish) or 1 (subscribe)", "got", p.Target)
	}
	if p.Node != "" && p.Node != s.node {
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
	case p.Target == targetSubscribe && s.sub != nil:
		return nil, s.sub.AddCandidate(c)
	case p.Target == targetSubscribe:
		return nil, nil
	case s.pub != nil:
		return nil, s.pub.AddCandidate(c)
	case len(s.early) >= maxEarly:
		return nil, fault.CandidateLimit.New("limit", maxEarly)
	}
	s.early = append(s.early, c)
	return nil, nil
}

func (s *session) tellCandidate(target int, c webrtc.ICECandidateInit) {
	s.notify("trickle", map[string]any{"target": target, "candidate": c})
}
