// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

const (
	debounce = 20 * time.Millisecond // changes that come together go into one offer
	tick     = 500 * time.Millisecond
	// tickSlot is what the ticks of all subscribers are multiples of, so that few wake-ups of
	// the process serve them, and none of them serves too many.
	tickSlot = 20 * time.Millisecond
	// mendEvery is how soon after an attempt a peer may ask for another.
	mendEvery = 3 * time.Second
)

// negotiation is a subscriber's offers and answers. turn is held while the peer
// connection is changed; mu guards what is waiting for that.
type negotiation struct {
	turn        sync.Mutex
	started     bool
	outstanding bool
	restarting  bool // the outstanding offer restarts ICE
	restartNext bool // a restart is due once it is answered
	offer       webrtc.SessionDescription
	offered     int                         // offers made so far
	freed       map[transport.Sender]bool   // sections without a track
	freeing     []transport.Sender          // once the outstanding offer is answered
	leaving     []string                    // tracks that are off then
	recoded     []*DownTrack                // bound anew then
	formats     map[string][]string         // payload types of the answer being applied, by mid
	listed      *DownTrack                  // its section offers every video codec
	video       []webrtc.RTPCodecParameters // what the peer accepted there; nil until it has answered
	restartedAt time.Time
	refusals    int       // answers in a row that could not be applied
	retryAt     time.Time // when to offer again after a refusal
	agreed      agreed    // by the answers so far
	offeredAt   time.Time // when the outstanding offer was passed on
	unanswered  bool      // that it is not answered was told

	mu      sync.Mutex
	adds    []*DownTrack
	removes []*DownTrack
	recodes []*DownTrack // their track is sent in another codec now
}

func (n *negotiation) add(d *DownTrack) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.adds = append(n.adds, d)
}

// remove tells whether the track is off at once, as it was never offered.
func (n *negotiation) remove(d *DownTrack) (off bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := slices.Index(n.adds, d); i >= 0 {
		n.adds = slices.Delete(n.adds, i, i+1)
		return true
	}
	n.recodes = slices.DeleteFunc(n.recodes, func(x *DownTrack) bool { return x == d })
	n.removes = append(n.removes, d)
	return false
}

func (n *negotiation) recode(d *DownTrack) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.recodes, d) {
		n.recodes = append(n.recodes, d)
	}
}

func (n *negotiation) take() (adds, removes, recodes []*DownTrack) {
	n.mu.Lock()
	defer n.mu.Unlock()
	adds, removes, recodes = n.adds, n.removes, n.recodes
	n.adds, n.removes, n.recodes = nil, nil, nil
	return adds, removes, recodes
}

func (n *negotiation) waiting() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.adds)+len(n.removes)+len(n.recodes) > 0
}

func kick(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *Subscriber) kickNegotiation() { kick(s.kick) }
func (s *Subscriber) kickAllocation()  { kick(s.alloc) }

// loop negotiates, chooses layers, reports and watches the path.
func (s *Subscriber) loop() {
	defer close(s.loopEnded)
	every := time.NewTimer(untilTick(now()))
	defer every.Stop()
	defer func() { s.padder.end(s, now()) }()
	var settled <-chan time.Time // set while changes gather
	for ticks := 0; ; {
		select {
		case <-s.done:
			return
		case <-s.kick:
			if settled == nil {
				settled = time.After(debounce)
			}
		case <-settled:
			settled = nil
			s.negotiate()
		case <-s.alloc:
			s.allocate()
		case <-s.padder.wakes():
			s.padder.pad(s, now())
		case <-every.C:
			every.Reset(untilTick(now()))
			ticks++
			s.allocate()
			if ticks%2 == 0 {
				s.report()
			}
			s.watch(time.Now())
		}
	}
}

// untilTick is how long after a time the next tick is.
func untilTick(at int64) time.Duration {
	next := time.Duration(at) + tick
	return next - next%tickSlot - time.Duration(at)
}

// Start makes the first offer, at once.
func (s *Subscriber) Start() error {
	s.nego.turn.Lock()
	defer s.nego.turn.Unlock()
	if s.nego.started {
		return nil
	}
	s.nego.started = true
	return s.makeOffer()
}

func (s *Subscriber) negotiate() {
	s.nego.turn.Lock()
	defer s.nego.turn.Unlock()
	if !s.nego.started || s.nego.outstanding || !s.nego.waiting() || s.nego.refusals > 0 {
		return // the answer will bring us back, or the next try after a refused one
	}
	if err := s.makeOffer(); err != nil {
		s.conn.log.Warn("no offer", "fault", err)
	}
}

// makeOffer offers what is waiting; the turn is held and no offer outstanding.
func (s *Subscriber) makeOffer() error {
	adds, removes, recodes := s.nego.take()
	for _, d := range removes {
		s.release(d)
	}
	for _, d := range recodes {
		s.recode(d)
	}
	for _, d := range adds {
		if err := s.addSection(d); err != nil {
			s.trackError(d, err)
		}
	}
	return s.propose(false)
}

// propose creates an offer and passes it on.
func (s *Subscriber) propose(restart bool) error {
	peer := s.conn.peer
	if err := peer.Offer(restart); err != nil {
		return fault.NegotiationFailed.Wrap(err)
	}
	s.conn.awaitGathering()
	s.nego.outstanding = true
	offer := peer.Local()
	s.conn.tellCredentials(offer.SDP)
	offer.SDP = slim(offer.SDP)
	s.pass(offer)
	return nil
}

// slim leaves out what a description says twice: a=msid of a section names its
// stream and track (RFC 8830), and no peer of ours is old enough to look for them
// at each source. Sources come last, for those who take the name from what is above.
// It leaves the dependency descriptor out of sections whose codecs have no use for it.
func slim(sdp string) string {
	var b, sources strings.Builder
	b.Grow(len(sdp))
	layered := false
	for line := range strings.SplitAfterSeq(sdp, "\n") {
		rest, source := strings.CutPrefix(line, "a=ssrc:")
		switch {
		case source:
			if _, what, _ := strings.Cut(rest, " "); strings.HasPrefix(what, "cname:") {
				sources.WriteString(line)
			}
			continue
		case strings.HasPrefix(line, "a=ssrc-group:"):
			sources.WriteString(line)
			continue
		case strings.HasPrefix(line, "m="):
			b.WriteString(sources.String())
			sources.Reset()
			layered = false
		case strings.HasPrefix(line, "a=rtpmap:"):
			layered = layered || strings.Contains(line, " VP9/") || strings.Contains(line, " AV1/")
		case !layered && strings.HasPrefix(line, "a=extmap:") && strings.Contains(line, extDependency):
			continue
		}
		b.WriteString(line)
	}
	return b.String() + sources.String()
}

func (s *Subscriber) pass(offer webrtc.SessionDescription) {
	s.nego.offer = offer
	s.nego.offered++
	s.nego.offeredAt, s.nego.unanswered = time.Now(), false
	if s.cfg.OnOffer != nil {
		s.conn.callbacks.post(func() { s.cfg.OnOffer(offer) })
	}
}

// addSection gives a track a section: one that a removed track left, or a new one.
func (s *Subscriber) addSection(d *DownTrack) error {
	// A track the peer cannot decode has a section as well, or its app would not
	// know that there is one.
	codecs, unsupported := s.codecsFor(d, nil)
	section, err := s.conn.peer.Send(d, s.reusable(d.track.kind))
	if err != nil {
		return fault.NegotiationFailed.Wrap(err)
	}
	d.section = section
	delete(s.nego.freed, section)
	if codecs != nil {
		if err := section.SetCodecs(codecs); err != nil {
			return fault.NegotiationFailed.Wrap(err)
		}
	}
	return unsupported
}

func (s *Subscriber) reusable(kind webrtc.RTPCodecType) bool {
	for section := range s.nego.freed {
		if section.Kind() == kind {
			return true
		}
	}
	return false
}

// release takes a removed track off its section, which is free once the
// peer has agreed.
func (s *Subscriber) release(d *DownTrack) {
	d.track.detach(d)
	s.nego.leaving = append(s.nego.leaving, d.track.id)
	if d.section == nil {
		return
	}
	if err := d.section.Stop(); err != nil {
		s.conn.log.Debug("track not removed", "cause", err)
		return
	}
	s.nego.freeing = append(s.nego.freeing, d.section)
	s.nego.recoded = slices.DeleteFunc(s.nego.recoded, func(x *DownTrack) bool { return x == d })
	s.engine.totals.addDownTracks([]*DownTrack{d})
}

// Resend passes the outstanding offer to OnOffer again: the signalling
// connection was replaced and the offer or its answer may be lost. A peer that was
// given up for its answers may try anew.
func (s *Subscriber) Resend() error {
	n := &s.nego
	n.turn.Lock()
	defer n.turn.Unlock()
	if n.refusals >= maxRefusals {
		n.refusals = 0
		return s.retry()
	}
	if n.outstanding {
		s.pass(n.offer)
	}
	return nil
}

// RestartICE offers new ICE credentials. It is also done without being asked
// when the path is disconnected for 6 s or failed, and every 20 s while it stays
// so.
func (s *Subscriber) RestartICE() error {
	s.nego.turn.Lock()
	defer s.nego.turn.Unlock()
	return s.restart(time.Now())
}

// Mend is RestartICE for a path that the peer cannot use, unless it has just been
// done: a peer that hears nothing of us is itself heard, so that we would not
// notice.
func (s *Subscriber) Mend() error {
	s.nego.turn.Lock()
	defer s.nego.turn.Unlock()
	at := time.Now()
	if at.Sub(s.nego.restartedAt) < mendEvery {
		return nil
	}
	return s.restart(at)
}

// restart offers new credentials, once an outstanding offer has been answered:
// clients work on every offer they get at once, and a second one in the middle
// of the first ends their session. Signalling loses nothing while its connection
// lasts, and Resend is for when it was replaced.
func (s *Subscriber) restart(at time.Time) error {
	n := &s.nego
	switch {
	case !n.started:
		return fault.NegotiationFailed.New("reason", "not started")
	case s.conn.broken.Load():
		return fault.NegotiationFailed.New("reason", "the handshake has failed")
	}
	if n.outstanding || n.refusals > 0 {
		n.restartNext = !n.restarting
		return nil
	}
	n.restartedAt, n.restartNext = at, false
	s.conn.regather()
	s.engine.totals.of(s.conn).restarts.Add(1)
	n.restarting = true
	return s.propose(true)
}

// watch restarts ICE when the path is gone.
func (s *Subscriber) watch(at time.Time) {
	state, since := s.conn.current()
	n := &s.nego
	n.turn.Lock()
	defer n.turn.Unlock()
	if n.offerAgain(at) {
		if err := s.retry(); err != nil {
			s.conn.log.Warn("no offer", "fault", err)
		}
		return
	}
	s.missAnswer(at)
	var due bool
	switch state {
	case StateDisconnected:
		due = since >= s.engine.times.restartAfter
	case StateFailed:
		due = true
	case StateConnecting: // again, after a restart that has led nowhere yet
		due = !n.restartedAt.IsZero()
	}
	if !due || !n.started || s.conn.broken.Load() || at.Sub(n.restartedAt) < s.engine.times.restartEvery {
		return
	}
	if err := s.restart(at); err != nil {
		s.conn.log.Warn("no ICE restart", "fault", err)
	}
}

// missAnswer tells that an offer is not answered, and after a while that it is
// waited for no longer. The offer is not repeated on the same signalling
// connection, which loses nothing: a client that is only slow would get it twice.
// The turn is held.
func (s *Subscriber) missAnswer(at time.Time) {
	n := &s.nego
	waited, warning, end := at.Sub(n.offeredAt), s.engine.cfg.AnswerWarning, s.engine.cfg.AnswerTimeout
	if !n.outstanding || waited < warning || n.unanswered && waited < end {
		return
	}
	err := fault.NegotiationTimeout.New("waiting_for", "answer", "seconds", int(waited.Seconds()), "limit", "limits.answer_timeout", "max_seconds", int(end.Seconds()))
	switch {
	case waited >= end:
		n.offeredAt = at // told again as seldom
		if s.cfg.OnRefused != nil {
			s.conn.callbacks.post(func() { s.cfg.OnRefused(err) })
		}
	case s.cfg.OnUnanswered != nil:
		s.conn.callbacks.post(func() { s.cfg.OnUnanswered(err) })
	}
	n.unanswered = true
}

// report sends sender reports about every stream.
func (s *Subscriber) report() {
	if !s.up.Load() {
		return
	}
	var out []rtcp.Packet
	at := time.Now()
	for _, d := range s.list() {
		if d.current.Load() == nil {
			continue
		}
		if sr := d.senderReport(at); sr != nil {
			out = append(out, sr)
		}
		if len(out) == 20 { // stay below a datagram
			_ = s.conn.peer.WriteRTCP(out)
			out = out[:0]
		}
	}
	if len(out) > 0 {
		_ = s.conn.peer.WriteRTCP(out) // the next report makes up for one that fails
	}
}
