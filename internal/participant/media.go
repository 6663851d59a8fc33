package participant

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/pion/webrtc/v4"
	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// media is the media half of a participant. A wire opens as many connections
// as its clients want: one for each direction, or one for each stream.
type media struct {
	pubs    []*Publication
	subs    []*Subscription
	layers  map[room.TrackID]sfu.Layer        // what the client asked for
	silent  map[room.TrackID]bool             // audio the client does not want
	barred  map[room.TrackID]error            // tracks the client cannot take, and why
	sources map[room.TrackID]room.SourceReady // what arrives and may be forwarded
	tracks  map[room.TrackID]publishedTrack   // what this peer publishes
	tcpOnly bool                              // UDP has proved too narrow
}

func (m *media) init() {
	m.layers = map[room.TrackID]sfu.Layer{}
	m.silent = map[room.TrackID]bool{}
	m.barred = map[room.TrackID]error{}
	m.sources = map[room.TrackID]room.SourceReady{}
	m.tracks = map[room.TrackID]publishedTrack{}
}

// Publication is a connection on which the client sends its tracks.
type Publication struct {
	*sfu.Publisher
	path
}

// PublicationEvents are what a wire hears of a publication, in the
// participant's goroutine. Each may be nil.
type PublicationEvents struct {
	Candidate func(webrtc.ICECandidateInit) // one of ours, to be told to the client
}

// OpenPublication opens a connection for the client's tracks. It fails with
// fault.NegotiationFailed.
func (p *Participant) OpenPublication(on PublicationEvents) (*Publication, error) {
	udp, tcp := impairments(p.inject, true)
	pub := &Publication{path: path{op: fault.OpPublish, failed: event.PublishFailed}}
	var err error
	pub.Publisher, err = p.s.cfg.Media.NewPublisher(sfu.PublisherConfig{
		Log: p.log, Impairment: udp, TCPImpairment: tcp, TCPOnly: p.media.tcpOnly,
		VideoCodecs: p.videoCodecs(), MaxEarlyOffers: p.s.cfg.Bounds.EarlyOffers,
		OnTrack:     func(t *sfu.Track) { p.Post(func() { p.trackStarted(t) }) },
		OnTrackEnd:  func(id string) { p.Post(func() { p.trackEnded(id) }) },
		OnCandidate: func(c webrtc.ICECandidateInit) { p.Post(func() { tell(on.Candidate, c) }) },
		OnState:     func(st sfu.State, err error) { p.Post(func() { p.pathChanged(&pub.path, st, err) }) },
	})
	if err != nil {
		return nil, fault.NegotiationFailed.Wrap(err)
	}
	p.media.pubs = append(p.media.pubs, pub)
	return pub, nil
}

// Subscription is a connection on which the client receives tracks.
type Subscription struct {
	*sfu.Subscriber
	path
	p       *Participant
	on      SubscriptionOptions
	started bool // it has made its first offer, so that tracks can be added
	crowded bool // more tracks arrive than it may carry, which was told
	offered bool // an offer of ours waits for its answer
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
	// Refused tells that a track is not sent to the peer, and why, which has been
	// recorded: fault.CodecUnsupported, or once fault.TrackLimit for all that are
	// too many. fault.NegotiationTimeout names no track: an offer waits for its answer.
	Refused func(track room.TrackID, f *fault.Error)
}

// OpenSubscription opens a connection for tracks of others. Nothing is offered
// before [Subscription.Start]. It fails with fault.NegotiationFailed.
func (p *Participant) OpenSubscription(o SubscriptionOptions) (*Subscription, error) {
	udp, tcp := impairments(p.inject, false)
	sub := &Subscription{p: p, on: o, path: path{op: fault.OpSubscribe, failed: event.SubscribeFailed}}
	var err error
	sub.Subscriber, err = p.s.cfg.Media.NewSubscriber(sfu.SubscriberConfig{
		Log: p.log, Label: o.Channel, TCPOnly: p.media.tcpOnly, Impairment: udp, TCPImpairment: tcp,
		OnOffer: func(d webrtc.SessionDescription) {
			p.Post(func() {
				sub.offered = true
				if p.inject.BadCandidate() {
					tell(o.Candidate, webrtc.ICECandidateInit{Candidate: inject.Unreadable, SDPMid: new("0"), SDPMLineIndex: new(uint16(0))})
				}
				o.Offer(d)
			})
		},
		OnMessage:   p.messages(o),
		OnCandidate: func(c webrtc.ICECandidateInit) { p.Post(func() { tell(o.Candidate, c) }) },
		OnState:     func(st sfu.State, err error) { p.Post(func() { p.pathChanged(&sub.path, st, err) }) },
		OnLayer: func(id string, now, aim sfu.Layer) {
			p.Post(func() {
				if o.Layer != nil {
					o.Layer(room.TrackID(id), now, aim)
				}
			})
		},
		OnTrackError: func(id string, err error) {
			p.Post(func() {
				p.media.barred[room.TrackID(id)] = err
				sub.refused(room.TrackID(id), err)
			})
		},
		OnUnanswered: func(err error) { p.Post(func() { sub.unanswered(err) }) },
		OnRefused:    func(err error) { p.Post(func() { p.giveUp(err) }) },
		MaxTracks:    p.s.cfg.MaxReceived,
	})
	if err != nil {
		return nil, fault.NegotiationFailed.Wrap(err)
	}
	p.media.subs = append(p.media.subs, sub)
	return sub, nil
}

// maxMessages is how many messages of a data channel may wait.
const maxMessages = 512

// messages takes messages of a data channel from media, within bounds.
func (p *Participant) messages(o SubscriptionOptions) func([]byte) {
	var waiting atomic.Int32
	quota := rate.NewLimiter(rate.Limit(o.MessageRate), 5*o.MessageRate)
	return func(b []byte) {
		if !quota.Allow() || waiting.Load() >= maxMessages {
			p.s.cfg.Limited("limits.frames_per_second")
			return
		}
		b = bytes.Clone(b[:min(len(b), o.MaxMessage+1)])
		waiting.Add(1)
		p.Post(func() {
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
func (p *Participant) videoCodecs() []string {
	if codec := p.roomRecord.Spec.Template.Roles[p.role].Publish.Video.Codec; codec != "" {
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
	for _, src := range s.p.media.sources {
		_ = s.add(src)
	}
	if err := s.Subscriber.Start(); err != nil {
		s.p.Record(event.SubscribeFailed, fault.From(err, fault.OpSubscribe))
	}
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
func (p *Participant) Source(id room.TrackID) (room.SourceReady, bool) {
	src, ok := p.media.sources[id]
	return src, ok
}

// maxWishes bounds what a client may wish about tracks that may not exist.
const maxWishes = 2000

// Layer is the layer the client asked for of a video, "" when it did not ask.
func (p *Participant) Layer(id room.TrackID) sfu.Layer { return p.media.layers[id] }

// SetLayer chooses the layer of a video the client receives. The wish is kept
// even when the track does not arrive yet. It fails with fault.TrackNotFound
// for a track the peer does not receive, fault.CodecUnsupported for one it
// cannot decode, and fault.TrackLimit when it receives too many.
func (p *Participant) SetLayer(id room.TrackID, l sfu.Layer) error {
	if _, asked := p.media.layers[id]; asked || len(p.media.layers) < maxWishes {
		p.media.layers[id] = l
	}
	if l != sfu.LayerNone && p.media.barred[id] != nil {
		return p.media.barred[id]
	}
	if src, arrives := p.media.sources[id]; arrives {
		for _, s := range p.media.subs {
			if !s.on.OnDemand {
				continue
			}
			if err := s.add(src); err != nil { // which it is not yet when this is the first wish
				return err
			}
		}
	}
	return p.updateSubscription(id, func(s *Subscription) error { return s.SetLayer(string(id), l) })
}

// SetSilent tells whether the client does without an audio track. The wish is
// kept, and failure is as with SetLayer.
func (p *Participant) SetSilent(id room.TrackID, silent bool) error {
	if !silent {
		delete(p.media.silent, id)
	} else if len(p.media.silent) < maxWishes {
		p.media.silent[id] = true
	}
	return p.updateSubscription(id, func(s *Subscription) error { return s.SetPaused(string(id), silent) })
}

// updateSubscription carries what the client wants to the connection that has the
// track, and forgives it for a track that is announced but silent so far.
func (p *Participant) updateSubscription(id room.TrackID, set func(*Subscription) error) error {
	err := fault.TrackNotFound.New("track", id)
	for _, s := range p.media.subs {
		if err = set(s); !errors.Is(err, fault.TrackNotFound) {
			return err
		}
	}
	if _, arrives := p.media.sources[id]; arrives {
		return nil
	}
	return err
}

// Publish replaces what the peer publishes: media that arrives of these tracks
// is forwarded, once it does. Tracks the peer's role may not publish are
// refused in the result; each refusal has been recorded. It fails as
// room.Room.Publish does.
func (p *Participant) Publish(ctx context.Context, tracks []room.Track) (room.Published, error) {
	done, err := p.room.Publish(ctx, p.key.peer, tracks)
	if err != nil {
		return done, err
	}
	p.recordTracks(done)
	for _, e := range done.Refused {
		f := fault.From(e, fault.OpPublish)
		p.s.met.refused(f.Op, f.Kind)
		p.Record(event.PublishFailed, f)
	}
	// Media may have arrived before the room knew the track.
	for _, pub := range p.media.pubs {
		for _, t := range pub.Tracks() {
			p.trackStarted(t)
		}
	}
	return done, nil
}

// UpdateTracks changes what the peer says of its tracks: mute and description.
// It fails as room.Room.UpdateTracks does; what was changed before is recorded.
func (p *Participant) UpdateTracks(ctx context.Context, tracks []room.Track) error {
	changed, err := p.room.UpdateTracks(ctx, p.key.peer, tracks)
	p.recordTrackChanges(changed)
	return err
}

// trackStarted hears that the media of a published track arrives.
func (p *Participant) trackStarted(t *sfu.Track) {
	if !p.joined || len(p.media.pubs) == 0 {
		return
	}
	err := p.room.SetSource(p.ctx, p.key.peer, room.TrackID(t.ID()), t)
	p.log.Debug("media arrives", "track", t.ID(), "announced", err == nil)
	// A track the room does not know is announced by the offer under way, or
	// was refused: its packets go nowhere.
	if err != nil && !errors.Is(err, fault.TrackNotFound) {
		p.log.Debug("media without a track", "track", t.ID(), "err", err)
	}
}

// trackEnded hears that the media of a track has ended.
func (p *Participant) trackEnded(id string) {
	if p.joined && p.room != nil {
		p.room.ClearSource(p.ctx, p.key.peer, room.TrackID(id), nil)
	}
}

// CloseSubscription ends one connection, as a client does that has enough of a
// stream.
func (p *Participant) CloseSubscription(s *Subscription) {
	p.media.subs = slices.DeleteFunc(p.media.subs, func(o *Subscription) bool { return o == s })
	_ = s.Subscriber.Close()
}

// ClosePublication ends one connection. Its tracks are withdrawn by publishing
// without them.
func (p *Participant) ClosePublication(b *Publication) {
	p.media.pubs = slices.DeleteFunc(p.media.pubs, func(o *Publication) bool { return o == b })
	_ = b.Publisher.Close()
}

// closeMedia ends every connection. What others receive from this peer was
// withdrawn by whoever calls it.
func (p *Participant) closeMedia(why MediaEnd) {
	for _, b := range p.media.pubs {
		_ = b.Publisher.Close()
	}
	for _, s := range p.media.subs {
		_ = s.Subscriber.Close()
	}
	p.media.pubs, p.media.subs = nil, nil
	clear(p.media.barred)
	p.wire.CloseMedia(why)
}

// Rebuilt counts a peer whose connections are built anew after the process it
// was on has ended.
func (p *Participant) Rebuilt() {
	p.s.met.migrated.WithLabelValues(strconv.FormatBool(p.inject.Tampered())).Inc()
}

// rebuild ends the peer's connections so that its client builds them anew.
// False when there are none.
func (p *Participant) rebuild(why MediaEnd) bool {
	if !p.joined || len(p.media.pubs) == 0 {
		return false
	}
	if done, err := p.room.Publish(p.ctx, p.key.peer, []room.Track{}); err == nil {
		p.recordTracks(done)
	}
	p.closeMedia(why)
	return true
}
