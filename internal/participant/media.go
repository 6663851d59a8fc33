// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// Media is what a participant sends and receives: its connections, the tracks
// that go over them, and their way through the network. A wire opens as many
// connections as its clients want: one for each direction, or one for each
// stream. Like its participant it is for the participant's goroutine only.
type Media struct {
	p       *Participant
	pubs    []*Publication
	subs    []*Subscription
	layers  map[room.TrackID]sfu.Layer        // what the client asked for
	silent  map[room.TrackID]bool             // audio the client does not want
	barred  map[room.TrackID]error            // tracks the client cannot take, and why
	sources map[room.TrackID]room.SourceReady // what arrives and may be forwarded
	tcpOnly bool                              // UDP has proved too narrow
	blocked bool                              // a connection was not up when it was rated last
	rebuilt map[fault.Op]int                  // how often in a row for a failed handshake of what
	rater   *time.Timer                       // until the quality is judged again
}

func newMedia(p *Participant) *Media {
	return &Media{
		p: p, layers: map[room.TrackID]sfu.Layer{}, silent: map[room.TrackID]bool{}, barred: map[room.TrackID]error{},
		sources: map[room.TrackID]room.SourceReady{}, rebuilt: map[fault.Op]int{},
	}
}

// Publication is a connection on which the client sends its tracks.
type Publication struct {
	*sfu.Publisher
	path
	p  *Participant
	on PublicationOptions
}

// PublicationOptions say how a publication is answered, and what a wire hears of
// it, in the participant's goroutine. Each function may be nil.
type PublicationOptions struct {
	OneFormat bool // see [sfu.PublisherConfig]

	Candidate func(webrtc.ICECandidateInit) // one of ours, to be told to the client
	// Warned tells, once, what is amiss with a track that is forwarded all the same,
	// which has been recorded: fault.AudioLevelMissing.
	Warned func(track room.TrackID, f *fault.Error)
	// Trouble tells what keeps the connection from coming up, which has been recorded:
	// fault.ICESlow, or fault.DTLSFailed, after which it is not used any more.
	Trouble func(*fault.Error)
	// Moves tells that the client builds all its connections anew when it is told to
	// (see MediaMoved). Others notice by themselves that a connection has ended.
	Moves bool
}

// OpenPublication opens a connection for the client's tracks. It fails with
// fault.NegotiationFailed.
func (m *Media) OpenPublication(on PublicationOptions) (*Publication, error) {
	udp, tcp := impairments(m.p.inject, true)
	pub := &Publication{p: m.p, on: on, path: path{op: fault.OpPublish, failed: event.PublishFailed, opened: time.Now()}}
	pub.trouble, pub.moves = on.Trouble, on.Moves
	pub.shut = func() { _ = pub.Publisher.Close() }
	pub.evidence = func() *evidence.Path { return pub.Publisher.Evidence() }
	var err error
	pub.Publisher, err = m.p.s.cfg.Media.NewPublisher(sfu.PublisherConfig{
		Log: m.p.log, Impairment: udp, TCPImpairment: tcp, TCPOnly: m.tcpOnly, Test: m.p.test(),
		VideoCodecs: m.videoCodecs(), OneFormat: on.OneFormat, MaxEarlyOffers: m.p.s.cfg.Bounds.EarlyOffers,
		OnTrack:        func(t *sfu.Track) { m.p.Post(func() { m.trackStarted(t) }) },
		OnMedia:        func(t *sfu.Track) { m.p.Post(func() { m.arrived(t) }) },
		OnTrackEnd:     func(id string) { m.p.Post(func() { m.trackEnded(id) }) },
		OnTrackWarning: func(t *sfu.Track) { m.p.Post(func() { pub.warned(t) }) },
		OnCandidate:    func(c webrtc.ICECandidateInit) { m.p.Post(func() { tell(on.Candidate, c) }) },
		OnState:        func(st sfu.State, err error) { m.p.Post(func() { m.pathChanged(&pub.path, st, err) }) },
		OnCredentials:  func(ufrag, pwd string) { m.p.s.credentials.add(m.p, ufrag, pwd) },
	})
	if err != nil {
		return nil, fault.NegotiationFailed.Wrap(err)
	}
	m.pubs = append(m.pubs, pub)
	return pub, nil
}

// arrived hears that media of a track has come.
func (m *Media) arrived(t *sfu.Track) {
	m.p.events.trackArrived(room.TrackID(t.ID()))
	m.p.join.Media("first media from the client")
}

// Subscription is a connection on which the client receives tracks.
type Subscription struct {
	*sfu.Subscriber
	path
	m       *Media
	on      SubscriptionOptions
	started bool // it has made its first offer, so that tracks can be added
	crowded bool // more tracks arrive than it may carry, which was told
	offered bool // an offer of ours waits for its answer

	starved  map[string]bool // tracks that wait for a key frame, which was recorded
	removing map[string]int  // tracks that the client has still to give up, and how often
}

// SubscriptionOptions say what a subscription carries, and what a wire hears of
// it, in the participant's goroutine. Each function but Offer may be nil.
type SubscriptionOptions struct {
	// Wants chooses the tracks it carries; nil is every track the peer may
	// receive.
	Wants func(room.SourceReady) bool
	// Initial is the layer of videos the client has not asked about; "" pauses
	// them until it does.
	Initial sfu.Layer
	// OnDemand offers a video only once the client has asked for a layer of it,
	// and takes one that nobody looks at off a connection that is full.
	OnDemand bool
	// Channel is the label of a data channel, which is there before the first
	// offer. Messages beyond MessageRate a second, five times that at once, are
	// dropped, and of one that is longer than MaxMessage bytes only so much and
	// one more is passed on.
	Channel                 string
	MessageRate, MaxMessage int

	Offer     func(webrtc.SessionDescription) // one of ours, to be told to the client
	Candidate func(webrtc.ICECandidateInit)   // one of ours, to be told to the client
	Message   func([]byte)                    // came over the data channel
	// Layer tells which layer of a video is forwarded now and which one is
	// aimed at.
	Layer func(track room.TrackID, now, aim sfu.Layer)
	// Removed tells that a track that was Removing is off the connection for the
	// client as well.
	Removed func(track room.TrackID)
	// Refused tells that a track is not sent to the peer, and why, which has been
	// recorded: fault.CodecUnsupported, or once fault.TrackLimit for all that are
	// too many. fault.NegotiationTimeout names no track: an offer waits for its answer.
	Refused func(track room.TrackID, f *fault.Error)
	Trouble func(*fault.Error) // as PublicationOptions.Trouble
	Moves   bool               // as PublicationOptions.Moves
}

// OpenSubscription opens a connection for tracks of others. Nothing is offered
// before [Subscription.Start]. It fails with fault.NegotiationFailed.
func (m *Media) OpenSubscription(o SubscriptionOptions) (*Subscription, error) {
	udp, tcp := impairments(m.p.inject, false)
	sub := &Subscription{m: m, on: o, removing: map[string]int{}, path: path{op: fault.OpSubscribe, failed: event.SubscribeFailed, opened: time.Now()}}
	sub.trouble, sub.moves = o.Trouble, o.Moves
	sub.shut = func() { _ = sub.Subscriber.Close() }
	sub.evidence = func() *evidence.Path { return sub.Subscriber.Evidence() }
	var err error
	sub.Subscriber, err = m.p.s.cfg.Media.NewSubscriber(sfu.SubscriberConfig{
		Log: m.p.log, Label: o.Channel, TCPOnly: m.tcpOnly, Test: m.p.test(), Impairment: udp, TCPImpairment: tcp,
		OnOffer: func(d webrtc.SessionDescription) {
			m.p.Post(func() {
				sub.offered = true
				if m.p.inject.BadCandidate() {
					tell(o.Candidate, webrtc.ICECandidateInit{Candidate: inject.Unreadable, SDPMid: new("0"), SDPMLineIndex: new(uint16(0))})
				}
				o.Offer(d)
			})
		},
		OnMessage:     m.messages(o),
		OnCandidate:   func(c webrtc.ICECandidateInit) { m.p.Post(func() { tell(o.Candidate, c) }) },
		OnState:       func(st sfu.State, err error) { m.p.Post(func() { m.pathChanged(&sub.path, st, err) }) },
		OnCredentials: func(ufrag, pwd string) { m.p.s.credentials.add(m.p, ufrag, pwd) },
		OnLayer: func(id string, now, aim sfu.Layer) {
			m.p.Post(func() {
				if now != sfu.LayerNone {
					m.p.join.Media("first frame to the client")
				}
				if o.Layer != nil {
					o.Layer(room.TrackID(id), now, aim)
				}
			})
		},
		OnTrackError: func(id string, err error) {
			m.p.Post(func() {
				m.barred[room.TrackID(id)] = err
				sub.refused(room.TrackID(id), err)
			})
		},
		OnRemoved:    func(id string) { m.p.Post(func() { sub.removed(id) }) },
		OnUnanswered: func(err error) { m.p.Post(func() { sub.unanswered(err) }) },
		OnRefused:    func(err error) { m.p.Post(func() { m.giveUp(err) }) },
		MaxTracks:    m.p.s.cfg.MaxReceived,
	})
	if err != nil {
		return nil, fault.NegotiationFailed.Wrap(err)
	}
	m.subs = append(m.subs, sub)
	return sub, nil
}

// maxMessages is how many messages of a data channel may wait.
const maxMessages = 512

// messages takes messages of a data channel from media, within bounds.
func (m *Media) messages(o SubscriptionOptions) func([]byte) {
	var waiting atomic.Int32
	quota := rate.NewLimiter(rate.Limit(o.MessageRate), 5*o.MessageRate)
	return func(b []byte) {
		if !quota.Allow() || waiting.Load() >= maxMessages {
			m.p.s.cfg.Limited("limits.frames_per_second")
			return
		}
		b = bytes.Clone(b[:min(len(b), o.MaxMessage+1)])
		waiting.Add(1)
		m.p.Post(func() {
			waiting.Add(-1)
			tell(o.Message, b)
		})
	}
}

func tell[T any](f func(T), v T) {
	if f != nil {
		f(v)
	}
}

// impairments are what the plan of provoked faults puts before a connection, over UDP
// and over TCP.
func impairments(x *inject.Peer, publish bool) (udp, tcp sfu.Impairment) {
	if x == nil {
		return nil, nil // typed nil pointers would be impairments
	}
	pub, sub := x.Wires()
	pubTCP, subTCP := x.TCPWires()
	if publish {
		return pub, pubTCP
	}
	return sub, subTCP
}

// videoCodecs is the codec of the peer's role, which clients leave to the answer.
func (m *Media) videoCodecs() []string {
	if codec := m.p.roomRecord.Spec.Template.Roles[m.p.role].Publish.Video.Codec; codec != "" {
		return []string{codec}
	}
	return nil
}

// Start adds every track that arrives already and makes the first offer. Once
// started, a subscription follows what the peer may receive by itself. A
// failure is recorded.
func (s *Subscription) Start() {
	if s.started {
		return
	}
	s.started = true
	for _, src := range s.m.sources {
		_ = s.add(src)
	}
	if err := s.Subscriber.Start(); err != nil {
		s.m.p.events.Record(event.SubscribeFailed, fault.From(err, fault.OpSubscribe))
	}
}

// Accept takes the first offer from the client, in place of Start, and returns
// the answer. It fails as sfu.Subscriber.Accept does.
func (s *Subscription) Accept(offer webrtc.SessionDescription) (webrtc.SessionDescription, error) {
	s.started = true
	for _, src := range s.m.sources {
		_ = s.add(src)
	}
	return s.Subscriber.Accept(offer)
}

// Answer completes an offer of ours. It fails as sfu.Subscriber.Answer does.
func (s *Subscription) Answer(d webrtc.SessionDescription) error {
	s.offered = false
	return s.Subscriber.Answer(d)
}

// Offered tells whether an offer of ours waits for its answer.
func (s *Subscription) Offered() bool { return s.offered }

// Source tells whether a track arrives that the peer may receive, and what it
// is.
func (m *Media) Source(id room.TrackID) (room.SourceReady, bool) {
	src, ok := m.sources[id]
	return src, ok
}

// maxWishes bounds what a client may wish about tracks that may not exist.
const maxWishes = 2000

// Layer is the layer the client asked for of a video, "" when it did not ask.
func (m *Media) Layer(id room.TrackID) sfu.Layer { return m.layers[id] }

// SetLayer chooses the layer of a video the client receives. The wish is kept
// even when the track does not arrive yet. It fails with fault.TrackNotFound
// for a track the peer does not receive, fault.CodecUnsupported for one it
// cannot decode, and fault.TrackLimit when it receives too many.
func (m *Media) SetLayer(id room.TrackID, l sfu.Layer) error {
	if _, asked := m.layers[id]; asked || len(m.layers) < maxWishes {
		m.layers[id] = l
	}
	if l != sfu.LayerNone && m.barred[id] != nil {
		return m.barred[id]
	}
	if src, arrives := m.sources[id]; arrives {
		for _, s := range m.subs {
			if !s.on.OnDemand {
				continue
			}
			if err := s.add(src); err != nil { // which it is not yet when this is the first wish
				return err
			}
		}
	}
	return m.updateSubscription(id, func(s *Subscription) error { return s.SetLayer(string(id), l) })
}

// SetSilent tells whether the client does without an audio track. The wish is
// kept, and failure is as with SetLayer.
func (m *Media) SetSilent(id room.TrackID, silent bool) error {
	if !silent {
		delete(m.silent, id)
	} else if len(m.silent) < maxWishes {
		m.silent[id] = true
	}
	return m.updateSubscription(id, func(s *Subscription) error { return s.SetPaused(string(id), silent) })
}

// updateSubscription carries what the client wants to the connection that has the
// track, and forgives it for a track that is announced but silent so far.
func (m *Media) updateSubscription(id room.TrackID, set func(*Subscription) error) error {
	err := fault.TrackNotFound.New("track", id)
	for _, s := range m.subs {
		if err = set(s); !errors.Is(err, fault.TrackNotFound) {
			return err
		}
	}
	if _, arrives := m.sources[id]; arrives {
		return nil
	}
	return err
}

// Publish replaces what the peer publishes: media that arrives of these tracks
// is forwarded, once it does. Tracks the peer's role may not publish are
// refused in the result; each refusal has been recorded. It fails as
// room.Room.Publish does.
func (m *Media) Publish(ctx context.Context, tracks []room.Track) (room.Published, error) {
	done, err := m.p.room.Publish(ctx, m.p.key.peer, tracks)
	if err != nil {
		return done, err
	}
	m.p.events.tracks(done)
	for _, e := range done.Refused {
		f := fault.From(e, fault.OpPublish)
		m.p.s.met.refused(f.Op, f.Kind)
		m.p.events.Record(event.PublishFailed, f)
	}
	// Media may have arrived before the room knew the track.
	for _, pub := range m.pubs {
		for _, t := range pub.Tracks() {
			m.trackStarted(t)
			pub.warned(t)
			if t.Arrives() {
				m.p.events.trackArrived(room.TrackID(t.ID()))
			}
		}
	}
	return done, nil
}

// Withdraw ends some of what the peer publishes; why is told to those who saw it.
// It fails as room.Room.Withdraw does.
func (m *Media) Withdraw(ctx context.Context, tracks []room.TrackID, why string) error {
	gone, err := m.p.room.Withdraw(ctx, m.p.key.peer, tracks, why)
	m.p.events.tracks(room.Published{Removed: gone})
	return err
}

// UpdateTracks changes what the peer says of its tracks: mute, description and picture.
// It fails as room.Room.UpdateTracks does; what was changed before is recorded.
func (m *Media) UpdateTracks(ctx context.Context, tracks []room.Track) error {
	changed, err := m.p.room.UpdateTracks(ctx, m.p.key.peer, tracks)
	m.p.events.tracksChanged(changed)
	return err
}

// trackStarted hears that the media of a published track arrives.
func (m *Media) trackStarted(t *sfu.Track) {
	if !m.p.joined || len(m.pubs) == 0 {
		return
	}
	err := m.p.room.SetSource(m.p.ctx, m.p.key.peer, room.TrackID(t.ID()), t)
	m.p.log.Debug("media arrives", "track", t.ID(), "announced", err == nil)
	// A track the room does not know is announced by the offer under way, or
	// was refused: its packets go nowhere.
	if err != nil && !errors.Is(err, fault.TrackNotFound) {
		m.p.log.Debug("media without a track", "track", t.ID(), "err", err)
	}
}

// warned records and tells what is amiss with a track, once the room has it.
func (b *Publication) warned(t *sfu.Track) {
	id, f := room.TrackID(t.ID()), t.Warning()
	if f == nil || b.p.leaving || !b.p.events.trackWarned(id, f) {
		return
	}
	b.p.s.met.warn(f)
	if b.on.Warned != nil {
		b.on.Warned(id, f)
	}
}

// trackEnded hears that the media of a track has ended.
func (m *Media) trackEnded(id string) {
	if m.p.joined && m.p.room != nil {
		m.p.room.ClearSource(m.p.ctx, m.p.key.peer, room.TrackID(id), nil)
	}
}

// CloseSubscription ends one connection, as a client does that has enough of a
// stream.
func (m *Media) CloseSubscription(s *Subscription) {
	m.subs = slices.DeleteFunc(m.subs, func(o *Subscription) bool { return o == s })
	s.end()
}

// ClosePublication ends one connection. Its tracks are withdrawn by publishing
// without them.
func (m *Media) ClosePublication(b *Publication) {
	m.pubs = slices.DeleteFunc(m.pubs, func(o *Publication) bool { return o == b })
	b.end()
}

// close ends every connection. What others receive from this peer was
// withdrawn by whoever calls it.
func (m *Media) close(why MediaEnd) {
	for _, b := range m.pubs {
		b.end()
	}
	for _, s := range m.subs {
		s.end()
	}
	m.pubs, m.subs = nil, nil
	clear(m.barred)
	m.p.wire.CloseMedia(why)
}

// Rebuilt counts a peer whose connections are built anew after the process it
// was on has ended.
func (m *Media) Rebuilt() {
	m.p.s.met.migrated.WithLabelValues(strconv.FormatBool(m.p.inject.Tampered())).Inc()
}

// rebuild ends the peer's connections so that its client builds them anew.
// False when there are none.
func (m *Media) rebuild(why MediaEnd) bool {
	if !m.p.joined || len(m.pubs) == 0 {
		return false
	}
	if done, err := m.p.room.Publish(m.p.ctx, m.p.key.peer, []room.Track{}); err == nil {
		m.p.events.tracks(done)
	}
	m.close(why)
	return true
}
