// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"cmp"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/sfu/gcc"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// SubscriberConfig is how a Subscriber speaks to its owner. Every callback may
// be nil.
type SubscriberConfig struct {
	// Label names the data channel, which exists before the first offer.
	Label string
	Log   *slog.Logger
	// TCPOnly offers no UDP, where there is TCP.
	TCPOnly bool
	// Test is as that of PublisherConfig.
	Test bool
	// Impairment stands between this connection and the network; nil for none. Where it
	// goes over TCP, TCPImpairment stands in its place unless nil.
	Impairment, TCPImpairment Impairment
	// OnOffer passes an offer to be sent to the peer. At most one is
	// outstanding.
	OnOffer func(webrtc.SessionDescription)
	// OnMessage passes a text or binary message of the data channel. While it
	// runs, further ones wait and slow the peer down.
	OnMessage func([]byte)
	// OnOpen tells that the data channel can be written to.
	OnOpen func()
	// OnCandidate passes candidates found after the offer was given.
	OnCandidate func(webrtc.ICECandidateInit)
	// OnCredentials passes our ICE credentials; see PublisherConfig.OnCredentials.
	OnCredentials func(ufrag, pwd string)
	// OnState reports changes of the media path; see PublisherConfig.OnState.
	OnState func(State, error)
	// OnLayer tells which layer of a video track is being forwarded now and
	// which one is aimed at.
	OnLayer func(trackID string, current, target Layer)
	// OnTrackError tells that a track cannot be forwarded to this peer, such as
	// fault.CodecUnsupported when the peer did not negotiate its codec.
	OnTrackError func(trackID string, err error)
	// OnRemoved tells that a track is off the connection for the peer as well, once
	// for each that was removed: it has answered the offer without it, or was never
	// offered it.
	OnRemoved func(trackID string)
	// OnUnanswered tells with fault.NegotiationTimeout that an offer has waited for
	// its answer for Config.AnswerWarning. The answer still counts when it comes.
	OnUnanswered func(error)
	// OnRefused tells that the peer's answers are of no use, again and again, so
	// that no further offer is made, or that none has come for Config.AnswerTimeout.
	OnRefused func(error)
	// MaxTracks is how many tracks are forwarded at once; 0 is 512.
	MaxTracks int
}

// AddOptions say how a track is added.
type AddOptions struct {
	// Paused holds an audio track back until SetPaused(false). Video always
	// starts at LayerNone and waits for SetLayer.
	Paused bool
}

// maxTracks bounds the tracks of one subscriber that sets no bound itself.
const maxTracks = 512

// maxBuffered is how much may wait for a peer that does not read its data
// channel.
const maxBuffered = 1 << 20

// Subscriber is the connection on which one peer receives. We offer.
type Subscriber struct {
	conn   *conn
	engine *Engine
	cfg    SubscriberConfig

	log        gcc.SendLog
	estimate   *gcc.Estimator
	repairs    *repairBudget
	resumption resumption // of videos paused by bandwidth; of the loop
	padder     padder     // of the loop
	pacer      pacer
	up         atomic.Bool // packets can be sent
	acks       []gcc.Ack   // of the goroutine that reads RTCP

	channel transport.Channel

	mu         sync.Mutex
	downTracks []*DownTrack // in the order they were added
	closed     bool

	routesMu sync.RWMutex
	routes   map[uint32]*DownTrack // by the numbers we send under

	nego negotiation

	kick      chan struct{} // something is to be negotiated
	alloc     chan struct{} // something changed for the layers
	done      chan struct{}
	loopEnded chan struct{}
}

// NewSubscriber returns a connection that has not offered yet. Tracks may be
// added before Start.
func (e *Engine) NewSubscriber(cfg SubscriberConfig) (*Subscriber, error) {
	if cfg.Log == nil {
		cfg.Log = e.log
	}
	s := &Subscriber{
		engine: e, cfg: cfg, estimate: gcc.NewEstimator(), repairs: newRepairBudget(e.cfg.RetransmitPercent), routes: map[uint32]*DownTrack{},
		kick: make(chan struct{}, 1), alloc: make(chan struct{}, 1),
		done: make(chan struct{}), loopEnded: make(chan struct{}),
	}
	s.conn = &conn{
		log: cfg.Log, engine: e, onState: cfg.OnState, onCandidate: cfg.OnCandidate, onCredentials: cfg.OnCredentials,
		changed: s.changed, rtcp: s.feedback, buffers: s.buffer, tcpOnly: cfg.TCPOnly, test: cfg.Test, impairment: cfg.Impairment, tcpImpairment: cfg.TCPImpairment,
	}
	if err := s.conn.open(nil); err != nil {
		return nil, err
	}
	if err := s.openChannel(); err != nil {
		_ = s.conn.shut()
		return nil, err
	}
	if err := e.join(nil, s); err != nil {
		_ = s.conn.shut()
		return nil, err
	}
	go s.loop()
	return s, nil
}

func (s *Subscriber) openChannel() error {
	channel, err := s.conn.peer.OpenChannel(s.cfg.Label, transport.ChannelEvents{
		Open: func() {
			if s.cfg.OnOpen != nil {
				s.conn.callbacks.post(s.cfg.OnOpen)
			}
		},
		Message: func(b []byte) {
			if s.cfg.OnMessage != nil {
				s.conn.callbacks.postWait(func() { s.cfg.OnMessage(b) })
			}
		},
	})
	if err != nil {
		return fault.Internal.Wrap(err)
	}
	s.channel = channel
	return nil
}

// buffer takes in what the peer sends: its RTCP is handled as it comes, media it
// has no business sending is not kept.
func (s *Subscriber) buffer(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	if kind == packetio.RTCPBufferPacket {
		return newDiscardBuffer(func(b []byte) { s.feedback(ssrc, b) })
	}
	return newDiscardBuffer(nil)
}

func (s *Subscriber) changed(state State) {
	switch state {
	case StateConnected:
		s.up.Store(true)
		// What was lost meanwhile can only be replaced by a new picture.
		for _, d := range s.list() {
			if l := d.target.Load(); l != nil {
				d.requestKeyframe(l)
			}
		}
		s.kickAllocation()
	case StateDisconnected: // it may come back any moment
	default:
		s.up.Store(false)
	}
}

func (s *Subscriber) list() []*DownTrack {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.downTracks)
}

func (s *Subscriber) find(trackID string) (*DownTrack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.downTracks {
		if d.track.id == trackID {
			return d, nil
		}
	}
	return nil, fault.TrackNotFound.New("track", trackID)
}

// Add forwards a track to this peer. Adding a track twice changes nothing. The
// peer sees it as "msid:<stream id> <track id>" of the publisher.
func (s *Subscriber) Add(t *Track, opt AddOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fault.NegotiationFailed.New("reason", "the connection is closed")
	}
	for i, d := range s.downTracks {
		if d.track == t {
			return nil
		}
		if d.track.id == t.id { // published anew under the same id
			s.drop(i)
			break
		}
	}
	if limit := cmp.Or(s.cfg.MaxTracks, maxTracks); len(s.downTracks) >= limit {
		return fault.TrackLimit.New("limit", limit)
	}
	d := newDownTrack(s, t)
	if t.kind == webrtc.RTPCodecTypeAudio && !opt.Paused {
		d.desired.Store(int32(LayerHigh.rank()))
	}
	s.downTracks = append(s.downTracks, d)
	s.nego.add(d)
	s.kickNegotiation()
	return nil
}

// Remove stops forwarding a track. It returns fault.TrackNotFound.
func (s *Subscriber) Remove(trackID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, d := range s.downTracks {
		if d.track.id == trackID {
			s.drop(i)
			s.kickNegotiation()
			return nil
		}
	}
	return fault.TrackNotFound.New("track", trackID)
}

// drop takes a track out; s.mu is held.
func (s *Subscriber) drop(i int) {
	d := s.downTracks[i]
	s.downTracks = slices.Delete(s.downTracks, i, i+1)
	d.target.Store(nil)
	d.track.detach(d)
	s.pacer.forget(d)
	if s.nego.remove(d) {
		s.removed(d.track.id)
	}
}

func (s *Subscriber) removed(ids ...string) {
	for _, id := range ids {
		if s.cfg.OnRemoved != nil {
			s.conn.callbacks.post(func() { s.cfg.OnRemoved(id) })
		}
	}
}

// SetLayer asks for a layer of a video track: the best that is forwarded, the
// network permitting. It returns fault.TrackNotFound.
func (s *Subscriber) SetLayer(trackID string, l Layer) error {
	d, err := s.find(trackID)
	if err != nil {
		return err
	}
	d.desired.Store(int32(l.rank()))
	s.kickAllocation()
	return nil
}

// Withheld tells whether the network cannot carry even the lowest layer of a
// video.
func (s *Subscriber) Withheld(trackID string) bool {
	d, err := s.find(trackID)
	return err == nil && d.pausedByBandwidth.Load()
}

// SetPaused holds a track back or lets it go on. It returns fault.TrackNotFound.
func (s *Subscriber) SetPaused(trackID string, paused bool) error {
	l := LayerHigh
	if paused {
		l = LayerNone
	}
	return s.SetLayer(trackID, l)
}

// AddCandidate adds a candidate of the peer; see Publisher.AddCandidate.
func (s *Subscriber) AddCandidate(c webrtc.ICECandidateInit) error { return s.conn.addCandidate(c) }

// Send writes a text message to the data channel. It returns fault.SignalLost
// while the channel is not open and fault.SlowConsumer when the peer does not
// read.
func (s *Subscriber) Send(text []byte) error {
	if !s.channel.Open() {
		return fault.SignalLost.New("reason", "the data channel is not open")
	}
	if s.channel.Buffered() > maxBuffered {
		return fault.SlowConsumer.New("limit", maxBuffered)
	}
	if err := s.channel.SendText(string(text)); err != nil {
		return fault.SignalLost.Wrap(err)
	}
	return nil
}

// State is the current state of the media path.
func (s *Subscriber) State() State {
	state, _ := s.conn.current()
	return state
}

// layerChanged reports what a video is at.
func (s *Subscriber) layerChanged(d *DownTrack) {
	if s.cfg.OnLayer == nil || d.track.kind != webrtc.RTPCodecTypeVideo {
		return
	}
	current, target := d.currentLayer(), d.targetLayer()
	s.conn.callbacks.post(func() { s.cfg.OnLayer(d.track.id, current, target) })
}

// number takes the next transport-wide number when the header has room for it. paced is that
// the packet had to wait for others.
func (s *Subscriber) number(flags, size int, paced bool) uint16 {
	if flags&withTWCC == 0 {
		return 0
	}
	return s.log.Number(size, paced, now())
}

func (s *Subscriber) route(ssrc, rtx uint32, d *DownTrack) {
	s.routesMu.Lock()
	defer s.routesMu.Unlock()
	s.routes[ssrc] = d
	if rtx != 0 {
		s.routes[rtx] = d
	}
}

func (s *Subscriber) unroute(ssrc, rtx uint32) {
	s.routesMu.Lock()
	defer s.routesMu.Unlock()
	delete(s.routes, ssrc)
	delete(s.routes, rtx)
}

// Close ends the connection. No callback runs after it returned. It must not be
// called from a callback.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	downTracks := s.downTracks
	s.downTracks = nil
	s.mu.Unlock()
	s.up.Store(false)
	for _, d := range downTracks {
		d.track.detach(d)
	}
	close(s.done)
	err := s.conn.shut()
	<-s.loopEnded
	s.pacer.forget(nil)
	s.engine.totals.addDownTracks(downTracks)
	s.engine.leave(nil, s)
	return err
}
