// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pion/rtcp"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// PublisherConfig is how a Publisher speaks to its owner. Every callback may be
// nil.
type PublisherConfig struct {
	Log *slog.Logger
	// OnTrack reports a track as soon as an offer has announced it, before its
	// first packet.
	OnTrack func(*Track)
	// OnTrackEnd reports that the track was withdrawn or its connection closed
	// by the peer.
	OnTrackEnd func(id string)
	// OnTrackWarning reports that a track has a Warning now, once.
	OnTrackWarning func(*Track)
	// OnCandidate passes candidates found after the answer was given.
	OnCandidate func(webrtc.ICECandidateInit)
	// OnCredentials passes our ICE user name and password whenever they are new: who
	// has both has seen what was told to this peer. It must not block.
	OnCredentials func(ufrag, pwd string)
	// OnChannel passes data channels that the peer opens; nil leaves them alone. With it the
	// connection is never of our own transport.
	OnChannel func(*webrtc.DataChannel)
	// OnMedia reports the first packet of a track.
	OnMedia func(*Track)
	// OnState reports changes of the media path. The error is nil or one of
	// fault.ICEDisconnected, fault.ICEFailed and fault.DTLSFailed; it is
	// fault.ICESlow, once, when the path is still StateConnecting after 8 s.
	OnState func(State, error)
	// TCPOnly offers no UDP, where there is TCP.
	TCPOnly bool
	// Aside leaves the connection out of what the engine tells of how others fare: see
	// Engine.Reach.
	Aside bool
	// Test is that of a test of the server's own, which Engine.ReachOfTests tells of alone.
	Test bool
	// Impairment stands between this connection and the network; nil for none. Where it
	// goes over TCP, TCPImpairment stands in its place unless nil.
	Impairment, TCPImpairment Impairment
	// VideoCodecs and AudioCodecs order the codecs of the answer, best first, by
	// name ("vp8", "vp9", "h264", "av1"; "opus", "red"). The browser sends with
	// the first. Codecs not named stay in the offer's order behind them. Empty:
	// VP8 first and Opus first.
	VideoCodecs, AudioCodecs []string
	// OneFormat answers video with the first format alone. A browser that cannot
	// start an encoder goes on to the next format of the answer, and forgets what it
	// is told meanwhile about the old one: RTCRtpSender.setParameters fails with
	// InvalidStateError. With one format there is none to go on to.
	OneFormat bool
	// MaxEarlyOffers is how many offers are answered before the media path is up;
	// 0 means 32. The library keeps what it makes of each until then.
	MaxEarlyOffers int
}

// maxStreams bounds the streams a peer can open by sending with new numbers.
const maxStreams = 256

// Publisher is the connection on which one peer sends. The peer offers.
type Publisher struct {
	conn   *conn
	engine *Engine
	cfg    PublisherConfig
	clock  mediaClock

	turn   chan struct{} // held while an offer is answered, and for what follows
	early  int           // offers since the path was not up
	agreed agreed        // by the offers so far

	mu      sync.Mutex
	tracks  []*Track // in the order of their media sections
	orphans []orphan // streams whose track is being announced
	remote  string   // the peer's ICE credentials
	broken  error    // why no further offer can be answered
	closed  bool

	streams atomic.Int32
	askKick chan struct{}
	done    chan struct{}

	writeRTCP func([]rtcp.Packet) error
}

// NewPublisher returns a connection that waits for its first offer.
func (e *Engine) NewPublisher(cfg PublisherConfig) (*Publisher, error) {
	if cfg.Log == nil {
		cfg.Log = e.log
	}
	if len(cfg.VideoCodecs) == 0 {
		cfg.VideoCodecs = []string{"vp8"}
	}
	if len(cfg.AudioCodecs) == 0 {
		cfg.AudioCodecs = []string{"opus"}
	}
	cfg.MaxEarlyOffers = cmp.Or(cfg.MaxEarlyOffers, 32)
	p := &Publisher{
		engine: e, cfg: cfg, turn: make(chan struct{}, 1),
		askKick: make(chan struct{}, 1), done: make(chan struct{}),
	}
	p.conn = &conn{
		log: cfg.Log, engine: e, onState: cfg.OnState, onCandidate: cfg.OnCandidate, onCredentials: cfg.OnCredentials, onChannel: cfg.OnChannel,
		changed: p.changed, library: cfg.OnChannel != nil, buffers: p.buffer, tcpOnly: cfg.TCPOnly, aside: cfg.Aside, test: cfg.Test, impairment: cfg.Impairment, tcpImpairment: cfg.TCPImpairment,
	}
	if err := p.conn.open(p.received); err != nil {
		return nil, err
	}
	p.writeRTCP = p.conn.peer.WriteRTCP
	if err := e.join(p, nil); err != nil {
		_ = p.conn.shut()
		return nil, err
	}
	go p.askLoop()
	return p, nil
}

// buffer gives each received stream its memory; see SettingEngine.BufferFactory.
func (p *Publisher) buffer(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	if p.streams.Add(1) > 2*maxStreams {
		p.engine.totals.badPackets.Add(1)
		return newDiscardBuffer(nil)
	}
	b := packetio.NewBuffer()
	b.SetLimitSize(1 << 20)
	if kind == packetio.RTCPBufferPacket {
		b.SetLimitSize(64 << 10)
	}
	return b
}

func (p *Publisher) changed(s State) {
	if s == StateClosed { // by the peer; ours has closed the callbacks before
		p.endAllTracks()
	}
}

// Answer applies an offer and answers it; offers are handled one at a time, in
// order. An offer with new ICE credentials restarts ICE. It returns
// fault.SDPInvalid for an offer that cannot be read, fault.CodecUnsupported when
// no codec of a media section is known, fault.TrackLimit for too many media
// sections, fault.RateLimited for too many offers before the path is up and
// fault.NegotiationFailed for everything else.
func (p *Publisher) Answer(ctx context.Context, offer webrtc.SessionDescription) (webrtc.SessionDescription, error) {
	none := webrtc.SessionDescription{}
	parsed, err := parseSDP(offer, webrtc.SDPTypeOffer)
	if err != nil {
		return none, err
	}
	if err := knownCodecs(parsed); err != nil {
		return none, err
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return none, fault.RequestCancelled.Wrap(ctx.Err())
	case <-p.done:
		return none, fault.NegotiationFailed.New("reason", "the connection is closed")
	}
	p.mu.Lock()
	broken, closed, known := p.broken, p.closed, p.remote
	p.mu.Unlock()
	if closed {
		return none, fault.NegotiationFailed.New("reason", "the connection is closed")
	}
	if broken != nil {
		return none, fault.NegotiationFailed.Wrap(broken)
	}
	if p.conn.dtlsUp.Load() {
		p.early = 0
	} else if p.early++; p.early > p.cfg.MaxEarlyOffers {
		return none, fault.RateLimited.New("limit", "limits.early_offers", "max", p.cfg.MaxEarlyOffers, "until", "the media path is up")
	}
	if err := p.agreed.allows(parsed); err != nil {
		return none, err
	}
	theirs := credentials(parsed)
	restarted := known != "" && known != theirs
	if restarted {
		p.conn.regather()
	}
	p.conn.described(parsed.SessionDescription)
	answer, err := p.negotiate(webrtc.SessionDescription{Type: offer.Type, SDP: parsed.text})
	if err != nil {
		return none, err
	}
	p.agreed.keep(parsed)
	answer.SDP = truthful(answer.SDP, parsed)
	p.mu.Lock()
	p.remote = theirs
	p.mu.Unlock()
	p.conn.remoteApplied(restarted)
	p.announce(parsed)
	return answer, nil
}

func (p *Publisher) negotiate(offer webrtc.SessionDescription) (webrtc.SessionDescription, error) {
	none := webrtc.SessionDescription{}
	peer := p.conn.peer
	if err := peer.SetRemote(offer); err != nil {
		p.settle(err)
		return none, fault.SDPInvalid.Wrap(err)
	}
	p.orderCodecs()
	if err := peer.Answer(); err != nil {
		p.settle(err)
		return none, fault.NegotiationFailed.Wrap(err)
	}
	p.conn.awaitGathering()
	answer := peer.Local()
	p.conn.tellCredentials(answer.SDP)
	return answer, nil
}

// settle returns a connection that refused half of an offer to a state in which
// it can take another; one that cannot is given up.
func (p *Publisher) settle(cause error) {
	peer := p.conn.peer
	if peer.Stable() {
		return
	}
	if err := peer.Answer(); err != nil || !peer.Stable() {
		p.mu.Lock()
		p.broken = cause
		p.mu.Unlock()
	}
}

// orderCodecs decides what the browser sends: the first codec of the answer.
func (p *Publisher) orderCodecs() {
	for _, r := range p.conn.peer.Receivers() {
		video := r.Kind() == webrtc.RTPCodecTypeVideo
		order := p.cfg.AudioCodecs
		if video {
			order = p.cfg.VideoCodecs
		}
		codecs := preferCodecs(r.Codecs(), order)
		if video && p.cfg.OneFormat && len(codecs) > 0 {
			codecs = onlyFirst(codecs)
		}
		if len(codecs) > 0 {
			// Fails only for a codec that was not negotiated; these were.
			_ = r.SetCodecs(codecs)
		}
	}
}

// knownCodecs refuses an offer that could only be answered by rejecting a
// section it wants to send in.
func knownCodecs(d *description) error {
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media == "application" || !transport.Sends(m) {
			continue
		}
		ok := false
		for _, a := range m.Attributes {
			if a.Key != "rtpmap" {
				continue
			}
			_, kind, _ := strings.Cut(a.Value, " ")
			name, _, _ := strings.Cut(kind, "/")
			switch strings.ToLower(name) {
			case "opus", "vp8", "vp9", "h264", "av1":
				ok = true
			}
		}
		if !ok {
			return fault.CodecUnsupported.New("kind", m.MediaName.Media)
		}
	}
	return nil
}

// announce compares the tracks of an offer with those known and reports what
// came and went.
func (p *Publisher) announce(d *description) {
	type section struct {
		id, stream string
		level      bool // the audio level can be told
	}
	offered := map[string]section{} // by mid
	var order []string
	for _, m := range d.MediaDescriptions {
		if m.MediaName.Media == "application" || !transport.Sends(m) {
			continue
		}
		mid := transport.MidOf(m)
		stream, id := transport.TrackOf(m)
		if id == "" {
			continue
		}
		offered[mid] = section{id, stream, slices.Contains(slices.Collect(maps.Values(extensionsOf(m))), extAudioLevel)}
		order = append(order, mid)
	}
	p.mu.Lock()
	var ended, begun []*Track
	p.tracks = slices.DeleteFunc(p.tracks, func(t *Track) bool {
		s, ok := offered[t.mid]
		gone := !ok || s.id != t.id || s.stream != t.stream
		if gone {
			ended = append(ended, t)
		} else {
			delete(offered, t.mid)
		}
		return gone
	})
	for _, mid := range order {
		s, ok := offered[mid]
		if !ok || slices.ContainsFunc(p.tracks, func(t *Track) bool { return t.id == s.id }) {
			continue
		}
		r := p.receiver(mid)
		if r == nil {
			continue
		}
		f := codec.NewFormat(webrtc.RTPCodecParameters{})
		if codecs := r.Codecs(); len(codecs) > 0 {
			f = codec.NewFormat(codecs[0])
		}
		t := newTrack(p, s.id, s.stream, mid, r.Kind(), f)
		p.tracks = append(p.tracks, t)
		begun = append(begun, t)
	}
	p.mu.Unlock()
	p.endTracks(ended)
	for _, t := range begun {
		p.adopt(t)
		if p.cfg.OnTrack != nil {
			p.conn.callbacks.post(func() { p.cfg.OnTrack(t) })
		}
		if t.kind == webrtc.RTPCodecTypeAudio && !offered[t.mid].level {
			t.levelMissing("the offer does not list it")
		}
	}
}

func (p *Publisher) receiver(mid string) transport.Receiver {
	for _, r := range p.conn.peer.Receivers() {
		if r.Mid() == mid {
			return r
		}
	}
	return nil
}

// received is called by the library for each stream: at once for a stream that
// the offer names, at its first packet for a simulcast encoding. It may run
// before or after the track was announced.
func (p *Publisher) received(remote transport.Stream) {
	l := &upstream{rank: layerOfRID(remote.RID()).rank(), ssrc: remote.SSRC(), remote: remote}
	for _, x := range remote.Extensions() {
		switch x.URI {
		case extAudioLevel:
			l.ids.Level = uint8(x.ID)
		case extOrientation:
			l.ids.Orientation = uint8(x.ID)
		case extDependency:
			l.ids.Dependency = uint8(x.ID)
		}
	}
	if remote.Kind() == webrtc.RTPCodecTypeVideo {
		l.hist = rtpbuf.NewHistory()
	}
	mid := remote.Mid()
	if mid == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	for _, t := range p.tracks {
		if t.mid == mid && t.id == remote.ID() {
			p.begin(t, l)
			return
		}
	}
	p.orphans = append(p.orphans, orphan{mid, l})
}

// orphan is a stream that arrived before its track was announced.
type orphan struct {
	mid string
	l   *upstream
}

// adopt gives a new track the streams that were quicker than its announcement.
func (p *Publisher) adopt(t *Track) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orphans = slices.DeleteFunc(p.orphans, func(o orphan) bool {
		if o.mid != t.mid || o.l.remote.ID() != t.id {
			return false
		}
		p.begin(t, o.l)
		return true
	})
}

// begin starts a stream of a track; p.mu is held.
func (p *Publisher) begin(t *Track, l *upstream) {
	l.track = t
	if l.remote.RID() != "" {
		t.simulcast.Store(true)
	}
	t.start(l)
}

func (p *Publisher) endAllTracks() {
	p.mu.Lock()
	list := p.tracks
	p.tracks = nil
	p.mu.Unlock()
	p.endTracks(list)
}

func (p *Publisher) endTracks(list []*Track) {
	for _, t := range list {
		if !t.end() {
			continue
		}
		if p.cfg.OnTrackEnd != nil {
			p.conn.callbacks.post(func() { p.cfg.OnTrackEnd(t.id) })
		}
	}
}

// AddCandidate adds a candidate of the peer; it is kept until the first offer
// has arrived. It returns fault.CandidateInvalid or fault.CandidateLimit.
func (p *Publisher) AddCandidate(c webrtc.ICECandidateInit) error { return p.conn.addCandidate(c) }

// Track returns a published track by its id, or nil.
func (p *Publisher) Track(id string) *Track {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tracks {
		if t.id == id {
			return t
		}
	}
	return nil
}

// Tracks returns every published track.
func (p *Publisher) Tracks() []*Track {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.tracks)
}

// State is the current state of the media path.
func (p *Publisher) State() State {
	s, _ := p.conn.current()
	return s
}

// Stats describes the connection and its tracks at this moment.
func (p *Publisher) Stats() PublisherStats {
	s := PublisherStats{Connection: p.conn.stats()}
	for _, t := range p.Tracks() {
		s.Tracks = append(s.Tracks, t.stats())
	}
	return s
}

// Close ends the connection and its tracks. No callback runs after it returned,
// OnTrackEnd included. It must not be called from a callback.
func (p *Publisher) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil
	}
	p.closed = true
	p.orphans = nil
	p.mu.Unlock()
	close(p.done)
	err := p.conn.shut()
	p.endAllTracks()
	p.engine.leave(p, nil)
	return err
}
