// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
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

// publication is a stream that the client publishes.
type publication struct {
	stream   Stream
	endpoint room.PeerID              // under which candidates for it are told
	conn     *participant.Publication // nil while the client has to build it anew
	tracks   []room.Track             // as the room was told of them
}

// publications are what a client publishes; of most clients one at most.
type publications []*publication

// stream is the one of an id, nil for none.
func (all publications) stream(id string) *publication {
	for _, p := range all {
		if p.stream.ID == id {
			return p
		}
	}
	return nil
}

// only is the one of a client that has one at most; nil for none.
func (all publications) only() *publication {
	if len(all) == 0 {
		return nil
	}
	return all[0]
}

// publish takes the client's stream.
func (s *session) publish(ctx context.Context, _ *call, p publishParams) (any, error) {
	if mine := s.pubs.only(); mine != nil {
		return nil, fault.StreamPublished.New("stream", mine.stream.ID)
	}
	return publishAs(ctx, s, p, s.p.ID(), room.Track{})
}

// publishAs takes a stream that the client sends, under an endpoint; like is what
// its tracks have in common.
func publishAs(ctx context.Context, s *session, p publishParams, endpoint room.PeerID, like room.Track) (any, error) {
	if off(p.HasAudio) && off(p.HasVideo) {
		return nil, fault.CaptureNothing.New("reason", "hasAudio and hasVideo are false")
	}
	like.Source = sourceOf(p.TypeOfVideo)
	return s.offered(ctx, p.Offer, "sdpOffer", endpoint, nil, func(kind string) room.Track {
		one := like
		one.Kind, one.Mute = kind, off(p.AudioActive)
		if kind == room.Video {
			one.Mute, one.Picture = off(p.VideoActive), p.picture()
		}
		return one
	})
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
// carries, in place of what was sent on another one before; track says what is
// known of a track of a kind.
func (s *session) offered(ctx context.Context, text, field string, endpoint room.PeerID, was *publication, track func(kind string) room.Track) (_ any, err error) {
	if was != nil {
		defer func() {
			if err != nil {
				s.withdraw(context.WithoutCancel(ctx), was, "")
			}
		}()
	}
	offer, err := s.describe(text, field, webrtc.SDPTypeOffer)
	if err != nil {
		return nil, err
	}
	conn, err := s.p.Media().OpenPublication(participant.PublicationOptions{
		Candidate: func(c webrtc.ICECandidateInit) { s.tellCandidate(endpoint, c) },
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.p.Media().ClosePublication(conn)
		}
	}()
	for _, c := range s.takeEarly(endpoint) {
		_ = conn.AddCandidate(c)
	}
	d, err := conn.Answer(ctx, offer)
	if err != nil {
		return nil, err
	}
	fresh := &publication{endpoint: endpoint, conn: conn}
	me := room.Peer{ID: s.p.ID(), JoinedAt: time.Now(), Tracks: map[room.TrackID]room.Track{}}
	others := s.pubs.otherTracks(was)
	for _, t := range conn.Tracks() {
		one := track(t.Kind().String())
		one.ID, one.StreamID = room.TrackID(t.ID()), clip(t.StreamID(), maxTrackID)
		if len(one.ID) > maxTrackID {
			return nil, fault.SDPInvalid.New("reason", "the id of a track is too long", "max_bytes", maxTrackID)
		}
		if slices.ContainsFunc(others, func(o room.Track) bool { return o.ID == one.ID }) {
			return nil, fault.StreamRefused.New("track", one.ID, "reason", "another stream of this connection sends the track")
		}
		fresh.tracks, me.Tracks[one.ID] = append(fresh.tracks, one), one
	}
	if len(fresh.tracks) == 0 {
		return nil, fault.CaptureNothing.New("reason", "the offer sends nothing")
	}
	done, err := s.p.Media().Publish(ctx, slices.Concat(others, fresh.tracks))
	if err == nil && len(done.Refused) > 0 {
		err = done.Refused[0]
	}
	if err != nil {
		giveBack(context.WithoutCancel(ctx), s, fresh, "")
		return nil, err
	}
	fresh.stream = Parts(me)[0]
	s.pubs = slices.DeleteFunc(s.pubs, func(p *publication) bool { return p == was })
	s.pubs = append(s.pubs, fresh)
	if was == nil || was.stream.ID != fresh.stream.ID {
		s.monitor.streamBegan(s, fresh.stream)
	}
	return map[string]any{"sdpAnswer": s.p.Inject().SDP(d.Type.String(), d.SDP), "id": fresh.stream.ID, "createdAt": fresh.stream.CreatedAt}, nil
}

// otherTracks are those of all but one.
func (all publications) otherTracks(but *publication) (tracks []room.Track) {
	for _, p := range all {
		if p != but {
			tracks = append(tracks, p.tracks...)
		}
	}
	return tracks
}

// maxTrackID is how many bytes the id of a track may have; browsers make UUIDs.
const maxTrackID = 128

// withdraw ends a stream that the client publishes; why is told to the others.
func (s *session) withdraw(ctx context.Context, p *publication, why string) {
	giveBack(ctx, s, p, why)
	if p.conn != nil {
		s.p.Media().ClosePublication(p.conn)
	}
	delete(s.early, p.endpoint)
	s.monitor.streamEnded(s, p.stream, why)
	s.pubs = slices.DeleteFunc(s.pubs, func(o *publication) bool { return o == p })
}

// giveBack takes the tracks of a stream from the room.
func giveBack(ctx context.Context, s *session, p *publication, why string) {
	ids := make([]room.TrackID, len(p.tracks))
	for i, t := range p.tracks {
		ids[i] = t.ID
	}
	_ = s.p.Media().Withdraw(ctx, ids, why)
}

func (s *session) unpublish(ctx context.Context, _ *call) (any, error) {
	mine := s.pubs.only()
	if mine == nil {
		return nil, fault.StreamNotPublished.New("peer", s.p.ID())
	}
	s.withdraw(ctx, mine, "")
	return nil, nil
}

// unpublishedBy ends what the client publishes at the wish of somebody else, and
// tells it.
func (s *session) unpublishedBy(ctx context.Context, streamID, why string) error {
	mine := s.pubs.stream(streamID)
	if mine == nil {
		return fault.StreamNotPublished.New("stream", clip(streamID, 200))
	}
	s.withdraw(ctx, mine, why)
	s.notify("participantUnpublished", map[string]any{"connectionId": s.p.ID(), "streamId": streamID, "reason": why})
	return nil
}

// narrowed ends what the client publishes when its role lets it publish that no
// more. The room has withdrawn those tracks already.
func (s *session) narrowed() {
	role := s.p.Template().Roles[s.p.Role()]
	for _, p := range slices.Clone(s.pubs) {
		st := p.stream
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
		err := s.h.unpublish(ctx, s.p.RoomID(), s.told.owner(peer), p.Stream, "forceUnpublishByUser")
		s.p.Post(func() { s.finish(c, nil, err) })
	}()
	return later{}, nil
}

// republish takes a stream of the client's on a new connection, as it lost the old
// one. What it said of the tracks holds.
func (s *session) republish(ctx context.Context, was *publication, offer string) (any, error) {
	if was.conn != nil {
		s.p.Media().ClosePublication(was.conn)
		was.conn = nil
	}
	st, like := was.stream, room.Track{Source: sourceOf(was.stream.TypeOfVideo), Title: was.stream.Name, Initials: was.stream.Initials}
	if len(was.tracks) > 0 {
		like.Stream = was.tracks[0].Stream
	}
	return s.offered(ctx, offer, "sdpString", was.endpoint, was, func(kind string) room.Track {
		one := like
		one.Kind, one.Mute = kind, st.HasAudio && !st.AudioActive
		if kind == room.Video {
			one.Mute, one.Picture = st.HasVideo && !st.VideoActive, st.picture
		}
		return one
	})
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
	mine := s.pubs.stream(p.StreamID)
	if mine == nil {
		return nil, fault.StreamNotPublished.New("field", "streamId", "stream", clip(p.StreamID, 200))
	}
	switch p.Property {
	case "audioActive", "videoActive":
	case "videoDimensions":
		pic, err := readDimensions(p.NewValue, "newValue")
		if err != nil {
			return nil, err
		}
		pic.FrameRate = mine.stream.picture.FrameRate
		if mine.stream.video == "" {
			return nil, fault.TrackNotFound.New("property", p.Property)
		}
		mine.stream.picture, mine.stream.Dimensions = pic, dimensions(pic)
		return nil, s.tellTrack(ctx, mine, mine.stream.video)
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
	id, set := mine.stream.audio, &mine.stream.AudioActive
	if p.Property == "videoActive" {
		id, set = mine.stream.video, &mine.stream.VideoActive
	}
	if id == "" {
		return nil, fault.TrackNotFound.New("property", p.Property)
	}
	*set = active
	return nil, s.tellTrack(ctx, mine, id)
}

// tellTrack tells the room what is known of a track of a stream of the client's.
func (s *session) tellTrack(ctx context.Context, mine *publication, id room.TrackID) error {
	t := room.Track{ID: id, Mute: !mine.stream.AudioActive}
	if id == mine.stream.video {
		t.Mute, t.Picture = !mine.stream.VideoActive, mine.stream.picture
	}
	for i := range mine.tracks {
		if one := &mine.tracks[i]; one.ID == id {
			one.Mute, one.Picture = t.Mute, t.Picture
		}
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
	own := peer == s.p.ID() || s.h.style.several() && ownEndpoint.MatchString(p.Endpoint)
	switch _, known := s.told[peer]; {
	case p.Endpoint == "":
		return nil, missing("endpointName")
	case len(p.Candidate) > maxCandidate:
		return nil, fault.CandidateInvalid.New("field", "candidate", "max_bytes", maxCandidate, "bytes", len(p.Candidate))
	case !own && !known:
		return nil, fault.PeerNotFound.New("field", "endpointName", "peer", clip(p.Endpoint, 128))
	}
	c := webrtc.ICECandidateInit{Candidate: p.Candidate, SDPMid: p.Mid, SDPMLineIndex: p.Index}
	sub := s.subs[peer]
	switch {
	case p.Candidate == "": // the end of them
		return nil, nil
	case s.pubs.at(peer) != nil:
		return nil, s.pubs.at(peer).AddCandidate(c)
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

// ownEndpoint is how a client may call an endpoint of its own.
var ownEndpoint = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// at is the connection of the one under an endpoint, or nil.
func (all publications) at(endpoint room.PeerID) *participant.Publication {
	for _, p := range all {
		if p.endpoint == endpoint {
			return p.conn
		}
	}
	return nil
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
		"senderConnectionId": s.told.conn(peer), "endpointName": peer, "candidate": c.Candidate, "sdpMid": c.SDPMid, "sdpMLineIndex": c.SDPMLineIndex,
	})
}
