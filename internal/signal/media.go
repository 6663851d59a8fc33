package signal

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/report"
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

// media is the media half of a seat.
type media struct {
	pub       *sfu.Publisher
	sub       *sfu.Subscriber
	autoVideo bool                              // forward video without being asked
	layers    map[room.TrackID]sfu.Layer        // what the client asked for
	told      map[room.TrackID]toldLayer        // what the client was last told to be on
	silent    map[room.TrackID]bool             // audio the client does not want
	sources   map[room.TrackID]room.SourceReady // what flows and may be forwarded
	tracks    map[room.TrackID]publishedTrack   // what this peer publishes
	early     []webrtc.ICECandidateInit         // candidates that came before the publish side
	cutPub    bool                              // the publish path failed and that was recorded
	cutSub    bool
	tcpOnly   bool // UDP has proved too narrow
	subLost   bool // the subscribe path was lost and is not back
	offered   bool // an offer of ours waits for its answer

	quota   *rate.Limiter // requests over the data channel
	unheard atomic.Int32  // those that wait
}

// publishedTrack is what track events need to know.
type publishedTrack struct {
	room.Track
	since time.Time
}

const (
	maxEarly     = 256     // candidates that may come before the connection they are for
	maxCandidate = 2 << 10 // bytes of a candidate as JSON
	maxTrackID   = 128     // bytes; clients send UUIDs
)

func (m *media) init(perSecond int) {
	m.quota = rate.NewLimiter(rate.Limit(perSecond), 5*perSecond)
	m.layers = map[room.TrackID]sfu.Layer{}
	m.told = map[room.TrackID]toldLayer{}
	m.silent = map[room.TrackID]bool{}
	m.sources = map[room.TrackID]room.SourceReady{}
	m.tracks = map[room.TrackID]publishedTrack{}
}

// openMedia makes both connections of a peer that joins or is rebuilt.
func (s *seat) openMedia() error {
	pubGate, subGate, pubTCP, subTCP := gates(s.inject)
	pub, err := s.h.cfg.Media.NewPublisher(sfu.PublisherConfig{
		Log:         s.log,
		Gate:        pubGate,
		TCPGate:     pubTCP,
		TCPOnly:     s.media.tcpOnly,
		VideoCodecs: s.videoCodecs(),
		OnTrack:     func(t *sfu.Track) { s.in.post(func() { s.flows(t) }) },
		OnTrackEnd:  func(id string) { s.in.post(func() { s.dried(id) }) },
		OnCandidate: func(c webrtc.ICECandidateInit) {
			s.in.post(func() { s.tellCandidate(targetPublish, c) })
		},
		OnState: func(st sfu.State, err error) {
			s.in.post(func() { s.pathChanged(targetPublish, st, err) })
		},
	})
	if err != nil {
		return fault.NegotiationFailed.Wrap(err)
	}
	sub, err := s.h.cfg.Media.NewSubscriber(sfu.SubscriberConfig{
		Log: s.log, Label: channelLabel, TCPOnly: s.media.tcpOnly, Gate: subGate, TCPGate: subTCP,
		OnOffer: func(d webrtc.SessionDescription) {
			s.in.post(func() {
				s.media.offered = true
				if s.inject.BadCandidate() {
					s.tellCandidate(targetSubscribe, webrtc.ICECandidateInit{Candidate: inject.Unreadable, SDPMid: new("0"), SDPMLineIndex: new(uint16(0))})
				}
				s.tell("offer", s.describe(d))
			})
		},
		OnMessage: s.heard,
		OnCandidate: func(c webrtc.ICECandidateInit) {
			s.in.post(func() { s.tellCandidate(targetSubscribe, c) })
		},
		OnState: func(st sfu.State, err error) {
			s.in.post(func() { s.pathChanged(targetSubscribe, st, err) })
		},
		OnLayer: func(id string, now, want sfu.Layer) {
			s.in.post(func() { s.tellLayer(id, now, want) })
		},
		OnTrackError: func(id string, err error) {
			s.in.post(func() {
				f := fault.From(err, fault.OpSubscribe)
				s.record(event.SubscribeFailed, "SUBSCRIBE", f)
			})
		},
	})
	if err != nil {
		_ = pub.Close()
		return fault.NegotiationFailed.Wrap(err)
	}
	s.media.pub, s.media.sub = pub, sub
	s.media.cutPub, s.media.cutSub, s.media.subLost, s.started = false, false, false, false
	for _, c := range s.media.early {
		_ = pub.AddCandidate(c)
	}
	s.media.early = nil
	return nil
}

// videoCodecs is the codec of the peer's role, which clients leave to the answer.
func (s *seat) videoCodecs() []string {
	if codec := s.place.Facts.Template.Roles[s.role].Publish.Video.Codec; codec != "" {
		return []string{codec}
	}
	return nil
}

// closeMedia ends both connections. What others receive from this peer was
// withdrawn by whoever calls it.
func (s *seat) closeMedia() {
	if s.media.pub != nil {
		_ = s.media.pub.Close()
	}
	if s.media.sub != nil {
		_ = s.media.sub.Close()
	}
	s.media.pub, s.media.sub = nil, nil
}

// startSubscribing makes the first offer towards the client and forwards what
// already flows.
func (s *seat) startSubscribing() {
	if s.started || s.media.sub == nil {
		return
	}
	s.started = true
	for _, src := range s.media.sources {
		s.forward(src)
	}
	if err := s.media.sub.Start(); err != nil {
		s.record(event.SubscribeFailed, "SUBSCRIBE", fault.From(err, fault.OpSubscribe))
	}
}

// description is a session description on the wire, with the node it is for.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
	Node string `json:"sfu_node_id"`
}

func (s *seat) describe(d webrtc.SessionDescription) description {
	return description{d.Type.String(), s.inject.SDP(d.Type.String(), d.SDP), s.node}
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
		return none, fault.FrameTooLarge.New("field", field+".sdp", "max_bytes", max, "bytes", len(d.SDP))
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
func (s *seat) offer(ctx context.Context, p offerParams) (any, error) {
	if !s.joined {
		// The client believes it is inside; only the end of its session helps.
		f := fault.From(fault.PeerGone.New("peer", s.key.peer), fault.OpReconnect)
		s.record(event.Disconnected, "RECONNECT_SIGNAL", f)
		s.tell("on-error", wordFault(f))
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
	if s.media.pub == nil {
		if p.Node != s.node {
			return after{nil, func() {
				s.after(moveDelay, func() { s.tell("node-info", map[string]string{"sfu_node_id": s.node}) })
			}}, fault.NodeMoved.New("node", s.node)
		}
		s.h.met.migrated.WithLabelValues(strconv.FormatBool(s.inject.Tampered())).Inc()
		if err := s.openMedia(); err != nil {
			return nil, err
		}
		s.listed = false
		s.after(listDelay, func() { s.refresh() })
	}
	restarts := s.media.pub.Stats().Connection.Restarts
	answer, err := s.media.pub.Answer(ctx, desc)
	if err != nil {
		return nil, err
	}
	if s.media.pub.Stats().Connection.Restarts != restarts {
		s.mendSub() // what hurts one path usually hurts both
	}
	done, err := s.room.Publish(ctx, s.key.peer, tracks)
	if err != nil {
		return nil, err
	}
	s.recordTracks(done)
	for _, e := range done.Refused {
		f := fault.From(e, fault.OpPublish)
		s.h.met.refused(f.Op, f.Kind)
		s.record(event.PublishFailed, "PUBLISH", f)
		s.tell("on-warning", wordFault(f))
	}
	// Media may have arrived before the room knew the track.
	for _, t := range s.media.pub.Tracks() {
		s.flows(t)
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

// answer completes an offer of ours.
func (s *seat) answer(_ context.Context, p answerParams) (any, error) {
	desc, err := p.Desc.read("desc", webrtc.SDPTypeAnswer, s.h.cfg.MaxSDP)
	if err != nil {
		return nil, err
	}
	if s.media.sub == nil || (p.Node != "" && p.Node != s.node) {
		return nil, nil // meant for connections that are gone
	}
	s.media.offered = false
	return nil, s.media.sub.Answer(desc)
}

type trickleParams struct {
	Target    int             `json:"target"`
	Candidate json.RawMessage `json:"candidate"`
	Node      string          `json:"sfu_node_id"`
}

// trickle takes a candidate. Candidates for the publish side may come before
// join has made it.
func (s *seat) trickle(_ context.Context, p trickleParams) (any, error) {
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
	case p.Target == targetSubscribe && s.media.sub != nil:
		return nil, s.media.sub.AddCandidate(c)
	case p.Target == targetSubscribe:
		return nil, nil
	case s.media.pub != nil:
		return nil, s.media.pub.AddCandidate(c)
	case len(s.media.early) >= maxEarly:
		return nil, fault.CandidateLimit.New("limit", maxEarly)
	}
	s.media.early = append(s.media.early, c)
	return nil, nil
}

func (s *seat) tellCandidate(target int, c webrtc.ICECandidateInit) {
	s.tell("trickle", map[string]any{"target": target, "candidate": c})
}

// flows hears that the media of a published track arrives.
func (s *seat) flows(t *sfu.Track) {
	if !s.joined || s.media.pub == nil {
		return
	}
	err := s.room.SetSource(s.ctx, s.key.peer, room.TrackID(t.ID()), t)
	s.log.Debug("media flows", "track", t.ID(), "announced", err == nil)
	// A track the room does not know is announced by the offer under way, or
	// was refused: its packets go nowhere.
	if err != nil && !errors.Is(err, fault.TrackNotFound) {
		s.log.Debug("media without a track", "track", t.ID(), "err", err)
	}
}

// dried hears that the media of a track has ended.
func (s *seat) dried(id string) {
	if s.joined && s.room != nil {
		s.room.ClearSource(s.ctx, s.key.peer, room.TrackID(id), nil)
	}
}

// forward starts or goes on with sending a track to this peer.
func (s *seat) forward(src room.SourceReady) {
	t, ok := src.Source.(*sfu.Track)
	if !ok || s.media.sub == nil || !s.started {
		return
	}
	s.log.Debug("forward", "track", t.ID(), "kind", src.Track.Kind, "from", string(src.PeerID))
	if err := s.media.sub.Add(t, sfu.AddOptions{Paused: s.media.silent[src.Track.ID]}); err != nil {
		s.record(event.SubscribeFailed, "SUBSCRIBE", fault.From(err, fault.OpSubscribe))
		return
	}
	if src.Track.Kind == room.Video {
		if l := s.layerFor(src.Track); l != sfu.LayerNone {
			_ = s.media.sub.SetLayer(t.ID(), l)
		}
	}
}

func (s *seat) unforward(id room.TrackID) {
	delete(s.media.sources, id)
	if s.media.sub != nil {
		_ = s.media.sub.Remove(string(id)) // it may never have been added
	}
}

// pathChanged hears how the media path is. A path that failed is recorded once
// until it works again: the client may be unable to say so itself.
func (s *seat) pathChanged(target int, st sfu.State, err error) {
	cut, t, action, op := &s.media.cutPub, event.PublishFailed, "PUBLISH", fault.OpPublish
	if target == targetSubscribe {
		cut, t, action, op = &s.media.cutSub, event.SubscribeFailed, "SUBSCRIBE", fault.OpSubscribe
	}
	s.log.Debug("media path", "side", action, "state", string(st), "err", err)
	switch st {
	case sfu.StateConnected:
		*cut = false
		// The client mends its publish side by itself and soon after the network
		// is back; that is the moment to mend the other side, too.
		if target == targetSubscribe {
			s.media.subLost = false
		} else if s.media.subLost && s.media.sub != nil {
			_ = s.media.sub.RestartICE()
		}
	case sfu.StateDisconnected:
		s.media.subLost = s.media.subLost || target == targetSubscribe
	case sfu.StateFailed:
		if err == nil {
			err = fault.ICEFailed.New()
		}
		if !*cut && s.joined && !s.leaving {
			*cut = true
			s.recordTry(t, action, fault.From(err, op))
		}
		s.media.subLost = s.media.subLost || target == targetSubscribe
		if sfu.Unanswered(err) {
			s.overTCP()
		}
	}
}

// overTCP lets the client build its connections anew, without UDP: its packets
// pass only as long as they are small. Done once; TCP cuts packets to size.
func (s *seat) overTCP() {
	if s.media.tcpOnly || s.leaving || s.h.cfg.Media.TCPPort() == 0 {
		return
	}
	s.media.tcpOnly = true
	if s.move("t") {
		s.log.Info("media goes on over TCP")
		s.tell("node-info", map[string]string{"sfu_node_id": s.node})
	}
}

// mendSub restarts the subscribe side, which only we can, when the client shows
// that its media path is lost.
func (s *seat) mendSub() {
	if s.media.sub != nil && s.started {
		_ = s.media.sub.Mend()
	}
}

// judge says every few seconds how well the peer receives.
func (s *seat) judge() {
	if !s.joined || s.leaving {
		return
	}
	if s.media.sub != nil {
		if q := s.media.sub.Quality(); q.Score >= 0 { // negative: nothing to judge by yet
			s.room.Rate(s.ctx, s.key.peer, q.Score)
		}
	}
	s.rater = s.after(rateEvery, s.judge)
}

// recordTracks keeps the history of what a peer publishes.
func (s *seat) recordTracks(p room.Published) {
	now := time.Now()
	for _, t := range p.Added {
		s.media.tracks[t.ID] = publishedTrack{t, now}
		s.recordTrack(event.TrackAdded, s.media.tracks[t.ID], time.Time{})
	}
	s.recordTrackChanges(p.Changed)
	for _, t := range p.Removed {
		if was, ok := s.media.tracks[t.ID]; ok {
			delete(s.media.tracks, t.ID)
			s.recordTrack(event.TrackRemoved, was, now)
		}
	}
}

func (s *seat) recordTrackChanges(ts []room.Track) {
	for _, t := range ts {
		was := s.media.tracks[t.ID]
		was.Track = t
		s.media.tracks[t.ID] = was
		s.recordTrack(event.TrackUpdated, was, time.Time{})
	}
}

// recordTracksGone closes the history of a peer that leaves.
func (s *seat) recordTracksGone() {
	now := time.Now()
	for id, t := range s.media.tracks {
		delete(s.media.tracks, id)
		s.recordTrack(event.TrackRemoved, t, now)
	}
}

func (s *seat) recordTrack(t event.Type, p publishedTrack, stopped time.Time) {
	s.h.cfg.Events.Record(report.Track(t, report.TrackFacts{
		ID: string(p.ID), StreamID: p.StreamID, Kind: p.Kind, Source: p.Source, Muted: p.Mute,
		PeerJoinedAt: s.since, StartedAt: p.since, StoppedAt: stopped,
	}, s.subject()))
}
