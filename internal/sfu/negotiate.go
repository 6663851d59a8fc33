package sfu

import (
	"slices"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

const (
	debounce = 20 * time.Millisecond // changes that come together go into one offer
	tick     = 500 * time.Millisecond
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
	offered     int // offers made so far
	freed       map[*webrtc.RTPTransceiver]bool
	freeing     []*webrtc.RTPTransceiver // once the outstanding offer is answered
	formats     map[string][]string      // payload types of the answer being applied, by mid
	video       []webrtc.RTPCodecParameters
	restartedAt time.Time

	mu      sync.Mutex
	adds    []*Down
	removes []*Down
}

func (n *negotiation) add(d *Down) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.adds = append(n.adds, d)
}

func (n *negotiation) remove(d *Down) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if i := slices.Index(n.adds, d); i >= 0 { // never offered
		n.adds = slices.Delete(n.adds, i, i+1)
		return
	}
	n.removes = append(n.removes, d)
}

func (n *negotiation) take() (adds, removes []*Down) {
	n.mu.Lock()
	defer n.mu.Unlock()
	adds, removes = n.adds, n.removes
	n.adds, n.removes = nil, nil
	return adds, removes
}

func (n *negotiation) waiting() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.adds)+len(n.removes) > 0
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
	every := time.NewTicker(tick)
	defer every.Stop()
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
		case <-every.C:
			ticks++
			s.allocate()
			if ticks%2 == 0 {
				s.report()
			}
			s.watch(time.Now())
		}
	}
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
	if !s.nego.started || s.nego.outstanding || !s.nego.waiting() {
		return // the answer will bring us back
	}
	if err := s.makeOffer(); err != nil {
		s.conn.log.Warn("no offer", "fault", err)
	}
}

// makeOffer offers what is waiting; the turn is held and no offer outstanding.
func (s *Subscriber) makeOffer() error {
	adds, removes := s.nego.take()
	for _, d := range removes {
		s.release(d)
	}
	for _, d := range adds {
		if err := s.place(d); err != nil {
			s.trackError(d, err)
		}
	}
	return s.propose(nil)
}

// propose creates an offer and passes it on.
func (s *Subscriber) propose(opt *webrtc.OfferOptions) error {
	pc := s.conn.pc
	offer, err := pc.CreateOffer(opt)
	if err == nil {
		err = pc.SetLocalDescription(offer)
	}
	if err != nil {
		return fault.NegotiationFailed.Wrap(err)
	}
	s.conn.awaitGathering()
	s.nego.outstanding = true
	s.pass(*pc.LocalDescription())
	return nil
}

func (s *Subscriber) pass(offer webrtc.SessionDescription) {
	s.nego.offer = offer
	s.nego.offered++
	if s.cfg.OnOffer != nil {
		s.conn.calls.post(func() { s.cfg.OnOffer(offer) })
	}
}

// place gives a track a transceiver: one that a removed track left, or a new one.
func (s *Subscriber) place(d *Down) error {
	codecs, err := s.codecsFor(d.track)
	if err != nil {
		return err
	}
	pc := s.conn.pc
	if s.reusable(d.track.kind) {
		sender, err := pc.AddTrack(d)
		if err != nil {
			return fault.NegotiationFailed.Wrap(err)
		}
		d.sender = sender
		for _, t := range pc.GetTransceivers() {
			if t.Sender() == sender {
				d.tr = t
			}
		}
		delete(s.nego.freed, d.tr)
	} else {
		t, err := pc.AddTransceiverFromTrack(d, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			return fault.NegotiationFailed.Wrap(err)
		}
		d.tr, d.sender = t, t.Sender()
	}
	if codecs != nil {
		if err := d.tr.SetCodecPreferences(codecs); err != nil {
			return fault.NegotiationFailed.Wrap(err)
		}
	}
	return nil
}

func (s *Subscriber) reusable(kind webrtc.RTPCodecType) bool {
	for t := range s.nego.freed {
		if t.Kind() == kind {
			return true
		}
	}
	return false
}

// codecsFor keeps the description small: the first video section lists every
// codec, and what the peer accepted there is known for the others, which list
// their track's codec only. nil is every codec.
func (s *Subscriber) codecsFor(t *Track) ([]webrtc.RTPCodecParameters, error) {
	if t.kind != webrtc.RTPCodecTypeVideo || s.nego.video == nil {
		return nil, nil
	}
	want := t.Codec()
	for _, c := range s.nego.video {
		if sameCodec(want.RTPCodecCapability, c.RTPCodecCapability) {
			out := []webrtc.RTPCodecParameters{c}
			if rtx, ok := rtxFor(s.nego.video, c.PayloadType); ok {
				out = append(out, rtx)
			}
			return out, nil
		}
	}
	return nil, fault.CodecUnsupported.New("codec", codecName(want.MimeType))
}

// release takes a removed track off its transceiver, which is free once the
// peer has agreed.
func (s *Subscriber) release(d *Down) {
	d.track.detach(d)
	if d.sender == nil {
		return
	}
	if err := s.conn.pc.RemoveTrack(d.sender); err != nil {
		s.conn.log.Debug("track not removed", "cause", err)
		return
	}
	s.nego.freeing = append(s.nego.freeing, d.tr)
	s.engine.totals.addDowns([]*Down{d})
}

func (s *Subscriber) trackError(d *Down, err error) {
	if d.bad.CompareAndSwap(false, true) && s.cfg.OnTrackError != nil {
		s.conn.calls.post(func() { s.cfg.OnTrackError(d.track.id, err) })
	}
}

// Answer applies the peer's answer to the outstanding offer. It returns
// fault.SDPInvalid or fault.NegotiationFailed. An answer nobody waits for is
// ignored.
func (s *Subscriber) Answer(answer webrtc.SessionDescription) error {
	parsed, err := parseSDP(answer, webrtc.SDPTypeAnswer)
	if err != nil {
		return err
	}
	n := &s.nego
	n.turn.Lock()
	defer n.turn.Unlock()
	if !n.outstanding {
		return nil
	}
	if err := fits(parsed, n.offer); err != nil {
		return err
	}
	restarted := n.restarting
	n.formats = formatsOf(parsed)
	s.conn.paths.nameAll(parsed)
	err = s.conn.pc.SetRemoteDescription(answer)
	n.formats = nil
	n.outstanding, n.restarting = false, false
	if err != nil {
		return fault.NegotiationFailed.Wrap(err)
	}
	if n.freed == nil {
		n.freed = map[*webrtc.RTPTransceiver]bool{}
	}
	for _, t := range n.freeing {
		n.freed[t] = true
	}
	n.freeing = nil
	s.conn.remoteApplied(restarted)
	s.attach()
	if n.restartNext {
		return s.restart(time.Now()) // the answer to it brings us back
	}
	if n.waiting() {
		s.kickNegotiation()
	}
	return nil
}

// attach starts to forward what has been negotiated.
func (s *Subscriber) attach() {
	for _, d := range s.list() {
		o := d.out.Load()
		if o == nil || d.bad.Load() {
			continue
		}
		f := d.track.format.Load()
		if f.Params.MimeType != "" && !o.match(f).ok {
			d.refuse(f)
			continue
		}
		d.track.attach(d)
	}
	s.kickAllocation()
}

// accepted leaves an outlet the codecs that the peer's answer kept in the
// section. It runs within SetRemoteDescription, so the turn is held.
func (s *Subscriber) accepted(o *outlet, mid string, kind webrtc.RTPCodecType) {
	if kind == webrtc.RTPCodecTypeVideo && s.nego.video == nil && len(s.nego.formats[mid]) > 0 {
		s.nego.video = slices.Clone(o.codecs)
	}
	o.codecs = slices.DeleteFunc(o.codecs, func(c webrtc.RTPCodecParameters) bool {
		return !slices.Contains(s.nego.formats[mid], ptString(c.PayloadType))
	})
}

// formatsOf lists the payload types of each section that is in use.
func formatsOf(d *sdp.SessionDescription) map[string][]string {
	out := map[string][]string{}
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute("mid")
		_, inactive := m.Attribute("inactive")
		if m.MediaName.Port.Value != 0 && !inactive {
			out[mid] = m.MediaName.Formats
		}
	}
	return out
}

// fits refuses an answer to another offer: it must have the same sections.
func fits(answer *sdp.SessionDescription, offer webrtc.SessionDescription) error {
	var o sdp.SessionDescription
	if err := o.UnmarshalString(offer.SDP); err != nil {
		return fault.Internal.Wrap(err)
	}
	if len(o.MediaDescriptions) != len(answer.MediaDescriptions) {
		return fault.SDPInvalid.New("reason", "the answer has other media sections than the offer")
	}
	for i, m := range o.MediaDescriptions {
		a := answer.MediaDescriptions[i]
		want, _ := m.Attribute("mid")
		got, _ := a.Attribute("mid")
		if want != got || m.MediaName.Media != a.MediaName.Media {
			return fault.SDPInvalid.New("reason", "the answer has other media sections than the offer")
		}
	}
	return nil
}

// Resend passes the outstanding offer to OnOffer again: the signalling
// connection was replaced and the offer or its answer may be lost.
func (s *Subscriber) Resend() error {
	s.nego.turn.Lock()
	defer s.nego.turn.Unlock()
	if s.nego.outstanding {
		s.pass(s.nego.offer)
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
	if !n.started {
		return fault.NegotiationFailed.New("reason", "not started")
	}
	if n.outstanding {
		n.restartNext = !n.restarting
		return nil
	}
	n.restartedAt, n.restartNext = at, false
	s.conn.regather()
	s.engine.totals.of(s.conn).restarts.Add(1)
	n.restarting = true
	return s.propose(&webrtc.OfferOptions{ICERestart: true})
}

// watch restarts ICE when the path is gone.
func (s *Subscriber) watch(at time.Time) {
	state, since := s.conn.current()
	n := &s.nego
	n.turn.Lock()
	defer n.turn.Unlock()
	var due bool
	switch state {
	case StateDisconnected:
		due = since >= s.engine.times.restartAfter
	case StateFailed:
		due = true
	case StateConnecting: // again, after a restart that has led nowhere yet
		due = !n.restartedAt.IsZero()
	}
	if !due || !n.started || at.Sub(n.restartedAt) < s.engine.times.restartEvery {
		return
	}
	if err := s.restart(at); err != nil {
		s.conn.log.Warn("no ICE restart", "fault", err)
	}
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
			_ = s.conn.pc.WriteRTCP(out)
			out = out[:0]
		}
	}
	if len(out) > 0 {
		_ = s.conn.pc.WriteRTCP(out) // the next report makes up for one that fails
	}
}
