// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"encoding/json"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
)

const (
	maxEarly     = 256     // candidates that may come before the connection they are for
	maxCandidate = 2 << 10 // bytes of a candidate
)

type publishParams struct {
	Offer       string `json:"sdpOffer"`
	HasAudio    *bool  `json:"hasAudio"`
	HasVideo    *bool  `json:"hasVideo"`
	AudioActive *bool  `json:"audioActive"`
	VideoActive *bool  `json:"videoActive"`
	TypeOfVideo string `json:"typeOfVideo"`

	FrameRate  float64         `json:"frameRate"`
	Dimensions json.RawMessage `json:"videoDimensions"`
}

// publish takes the client's stream.
func (s *session) publish(ctx context.Context, _ *call, p publishParams) (any, error) {
	switch {
	case s.published.ID != "":
		return nil, fault.StreamPublished.New("stream", s.published.ID)
	case off(p.HasAudio) && off(p.HasVideo):
		return nil, fault.CaptureNothing.New("reason", "hasAudio and hasVideo are false")
	}
	source := room.SourceRegular
	if p.TypeOfVideo == screen {
		source = room.SourceScreen
	}
	answer, err := s.offered(ctx, p.Offer, "sdpOffer", func(kind string) room.Track {
		if kind == room.Video {
			return room.Track{Kind: kind, Source: source, Mute: off(p.VideoActive), Picture: p.picture()}
		}
		return room.Track{Kind: kind, Source: source, Mute: off(p.AudioActive)}
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"sdpAnswer": answer, "id": s.published.ID, "createdAt": s.published.CreatedAt}, nil
}

func off(b *bool) bool { return b != nil && !*b }

// describe checks a description of the client.
func (s *session) describe(text, field string, kind webrtc.SDPType) (d webrtc.SessionDescription, err error) {
	switch {
	case text == "":
		return d, missing(field)
	case len(text) > s.h.cfg.MaxSDP:
		return d, fault.FrameTooLarge.New("limit", "limits.sdp_bytes", "field", field, "max_bytes", s.h.cfg.MaxSDP, "bytes", len(text))
	}
	return webrtc.SessionDescription{Type: kind, SDP: text}, nil
}

// offered answers an offer on a connection of its own and publishes what it
// carries; track says what is known of a track of a kind.
func (s *session) offered(ctx context.Context, text, field string, track func(kind string) room.Track) (answer string, err error) {
	offer, err := s.describe(text, field, webrtc.SDPTypeOffer)
	if err != nil {
		return "", err
	}
	pub, err := s.p.Media().OpenPublication(participant.PublicationOptions{
		Candidate: func(c webrtc.ICECandidateInit) { s.tellCandidate(s.p.ID(), c) },
	})
	if err != nil {
		return "", err
	}
	for _, c := range s.takeEarly(s.p.ID()) {
		_ = pub.AddCandidate(c)
	}
	s.pub = pub
	defer func() {
		if err != nil {
			s.withdraw(context.WithoutCancel(ctx))
		}
	}()
	d, err := pub.Answer(ctx, offer)
	if err != nil {
		return "", err
	}
	var list []room.Track
	me := room.Peer{ID: s.p.ID(), JoinedAt: time.Now(), Tracks: map[room.TrackID]room.Track{}}
	for _, t := range pub.Tracks() {
		one := track(t.Kind().String())
		one.ID, one.StreamID = room.TrackID(t.ID()), clip(t.StreamID(), maxTrackID)
		if len(one.ID) > maxTrackID {
			return "", fault.SDPInvalid.New("reason", "the id of a track is too long", "max_bytes", maxTrackID)
		}
		list, me.Tracks[one.ID] = append(list, one), one
	}
	if len(list) == 0 {
		return "", fault.CaptureNothing.New("reason", "the offer sends nothing")
	}
	done, err := s.p.Media().Publish(ctx, list)
	if err != nil {
		return "", err
	}
	if len(done.Refused) > 0 {
		return "", done.Refused[0]
	}
	s.published = views(me)[0].stream
	return s.p.Inject().SDP(d.Type.String(), d.SDP), nil
}

// maxTrackID is how many bytes the id of a track may have; browsers make UUIDs.
const maxTrackID = 128

// withdraw ends what the client publishes.
func (s *session) withdraw(ctx context.Context) {
	_, _ = s.p.Media().Publish(ctx, []room.Track{})
	if s.pub != nil {
		s.p.Media().ClosePublication(s.pub)
	}
	s.pub, s.published = nil, Stream{}
}

func (s *session) unpublish(ctx context.Context, _ *call) (any, error) {
	if s.published.ID == "" {
		return nil, fault.StreamNotPublished.New("peer", s.p.ID())
	}
	s.withdraw(ctx)
	return nil, nil
}

// unpublishedBy ends what the client publishes at the wish of somebody else, and
// tells it.
func (s *session) unpublishedBy(ctx context.Context, streamID, why string) error {
	if s.published.ID == "" || s.published.ID != streamID {
		return fault.StreamNotPublished.New("stream", clip(streamID, 200))
	}
	s.withdraw(ctx)
	s.notify("participantUnpublished", map[string]any{"connectionId": s.p.ID(), "reason": why})
	return nil
}

// narrowed ends what the client publishes when its role lets it publish that no
// more. The room has withdrawn those tracks already.
func (s *session) narrowed() {
	role := s.p.Template().Roles[s.p.Role()]
	st := s.published
	kind := func(k string) string {
		if st.TypeOfVideo == screen {
			return room.SourceScreen
		}
		return k
	}
	if st.HasAudio && !role.MayPublish(kind(room.Audio)) || st.HasVideo && !role.MayPublish(kind(room.Video)) {
		_ = s.unpublishedBy(s.p.Context(), st.ID, "forceUnpublishByServer")
	}
}

type unpublishParams struct {
	Stream string `json:"streamId"`
}

// forceUnpublish ends the stream of another peer. It is answered by the other's
// goroutine, so that neither waits for the other.
func (s *session) forceUnpublish(_ context.Context, c *call, p unpublishParams) (any, error) {
	peer, _, err := s.publisher(p.Stream)
	switch {
	case s.role() != Moderator:
		return nil, fault.NotPermitted.New("role", s.p.Role(), "permission", "removeOthers")
	case p.Stream == "":
		return nil, missing("streamId")
	case err != nil:
		return nil, err
	}
	ctx, cancel := context.WithTimeout(s.p.Context(), callLimit)
	go func() {
		defer cancel()
		err := s.h.unpublish(ctx, s.p.RoomID(), peerOf(peer), p.Stream, "forceUnpublishByUser")
		s.p.Post(func() { s.finish(c, nil, err) })
	}()
	return later{}, nil
}

// republish takes the client's stream on a new connection, as it lost the old
// one. What it said of the tracks holds.
func (s *session) republish(ctx context.Context, offer string) (any, error) {
	was := s.published
	if s.pub != nil {
		s.p.Media().ClosePublication(s.pub)
		s.pub = nil
	}
	source := room.SourceRegular
	if was.TypeOfVideo == screen {
		source = room.SourceScreen
	}
	answer, err := s.offered(ctx, offer, "sdpString", func(kind string) room.Track {
		if kind == room.Video {
			return room.Track{Kind: kind, Source: source, Mute: was.HasVideo && !was.VideoActive, Picture: was.picture}
		}
		return room.Track{Kind: kind, Source: source, Mute: was.HasAudio && !was.AudioActive}
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"sdpAnswer": answer, "id": s.published.ID, "createdAt": s.published.CreatedAt}, nil
}

type propertyParams struct {
	StreamID string          `json:"streamId"`
	Property string          `json:"property"`
	NewValue json.RawMessage `json:"newValue"`
	Reason   string          `json:"reason"`
}

// property takes what the client says of its stream: mutes, and the size of its
// picture. The label of a device is not passed on.
func (s *session) property(ctx context.Context, _ *call, p propertyParams) (any, error) {
	if s.published.ID == "" || p.StreamID != s.published.ID {
		return nil, fault.StreamNotPublished.New("field", "streamId", "stream", clip(p.StreamID, 200))
	}
	switch p.Property {
	case "audioActive", "videoActive":
	case "videoDimensions":
		pic, err := readDimensions(p.NewValue, "newValue")
		if err != nil {
			return nil, err
		}
		pic.FrameRate = s.published.picture.FrameRate
		if s.published.video == "" {
			return nil, fault.TrackNotFound.New("property", p.Property)
		}
		s.published.picture, s.published.Dimensions = pic, dimensions(pic)
		return nil, s.tellTrack(ctx, s.published.video)
	case "videoTrack", "audioTrack":
		return nil, nil
	case "filter":
		return nil, fault.FeatureUnsupported.New("feature", "filters")
	default:
		return nil, fault.FieldInvalid.New("field", "property", "want", "audioActive, videoActive, videoDimensions, videoTrack or audioTrack", "got", clip(p.Property, 64))
	}
	var active bool
	if json.Unmarshal(p.NewValue, &active) != nil {
		return nil, fault.FieldInvalid.New("field", "newValue", "want", "true or false", "got", clip(string(p.NewValue), 64))
	}
	id, set := s.published.audio, &s.published.AudioActive
	if p.Property == "videoActive" {
		id, set = s.published.video, &s.published.VideoActive
	}
	if id == "" {
		return nil, fault.TrackNotFound.New("property", p.Property)
	}
	*set = active
	return nil, s.tellTrack(ctx, id)
}

// tellTrack tells the room what is known of a track of the client's stream.
func (s *session) tellTrack(ctx context.Context, id room.TrackID) error {
	t := room.Track{ID: id, Mute: !s.published.AudioActive}
	if id == s.published.video {
		t.Mute, t.Picture = !s.published.VideoActive, s.published.picture
	}
	return s.p.Media().UpdateTracks(ctx, []room.Track{t})
}

type candidateParams struct {
	Endpoint  string  `json:"endpointName"`
	Candidate string  `json:"candidate"`
	Mid       *string `json:"sdpMid"`
	Index     *uint16 `json:"sdpMLineIndex"`
}

// candidate takes a candidate for the connection of the named peer's stream. It
// may come before the client's offer that makes the connection.
func (s *session) candidate(_ context.Context, _ *call, p candidateParams) (any, error) {
	peer := room.PeerID(p.Endpoint)
	switch _, known := s.told[peer]; {
	case p.Endpoint == "":
		return nil, missing("endpointName")
	case len(p.Candidate) > maxCandidate:
		return nil, fault.CandidateInvalid.New("field", "candidate", "max_bytes", maxCandidate, "bytes", len(p.Candidate))
	case peer != s.p.ID() && !known:
		return nil, fault.PeerNotFound.New("field", "endpointName", "peer", clip(p.Endpoint, 128))
	}
	c := webrtc.ICECandidateInit{Candidate: p.Candidate, SDPMid: p.Mid, SDPMLineIndex: p.Index}
	sub := s.subs[peer]
	switch {
	case p.Candidate == "": // the end of them
		return nil, nil
	case peer == s.p.ID() && s.pub != nil:
		return nil, s.pub.AddCandidate(c)
	case sub != nil && sub.conn != nil:
		return nil, sub.conn.AddCandidate(c)
	}
	waiting := 0
	for _, list := range s.early {
		waiting += len(list)
	}
	if waiting >= maxEarly {
		return nil, fault.CandidateLimit.New("limit", maxEarly)
	}
	s.early[peer] = append(s.early[peer], c)
	return nil, nil
}

// takeEarly takes the candidates that have come for a connection.
func (s *session) takeEarly(peer room.PeerID) []webrtc.ICECandidateInit {
	list := s.early[peer]
	delete(s.early, peer)
	return list
}

// tellCandidate passes on a candidate of ours for the stream of a peer.
func (s *session) tellCandidate(peer room.PeerID, c webrtc.ICECandidateInit) {
	s.notify("iceCandidate", map[string]any{
		"senderConnectionId": peer, "endpointName": peer, "candidate": c.Candidate, "sdpMid": c.SDPMid, "sdpMLineIndex": c.SDPMLineIndex,
	})
}
