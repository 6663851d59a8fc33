package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// How long one ICE restart may take before the next is tried.
const restartPatience = 6 * time.Second

// Publish sends a track into the room until [Publication.Unpublish] or the end
// of the session. The id and the stream id are those of the track, so they must
// be unique in the room. It returns when the server has agreed. Fails with
// fault.PublishNotAllowed when the role may not publish this, fault.CodecUnsupported
// when no codec is common to the track and the server, fault.TrackLimit,
// fault.SimulcastSettings for layers that do not belong together, and
// fault.SDPCreateOffer, SDPSetLocal, SDPSetRemote or NegotiationFailed when
// negotiating fails. After a failure nothing is published.
func (r *Room) Publish(ctx context.Context, t webrtc.TrackLocal, opts ...PublishOption) (*Publication, error) {
	p, err := r.publication(t, opts)
	if err != nil {
		return nil, err
	}
	if err := p.claim(); err != nil {
		return nil, asFault(err, fault.OpPublish)
	}
	ctx, cancel := r.bound(ctx)
	defer cancel()
	if err := r.publish(ctx, p); err != nil {
		for _, s := range p.sources() {
			s.release()
		}
		f := ending(err, fault.OpPublish, false)
		r.rep.failed("publish.failed", "PUBLISH", f, false)
		return nil, f
	}
	r.feed(p)
	return p, nil
}

// sources are the encodings of a publication that feed themselves.
func (p *Publication) sources() []*Source {
	var out []*Source
	for _, g := range p.gates {
		if s, ok := g.TrackLocal.(*Source); ok {
			out = append(out, s)
		}
	}
	return out
}

// claim makes sure that no source is published twice.
func (p *Publication) claim() error {
	var mine []*Source
	for _, s := range p.sources() {
		if err := s.claim(); err != nil {
			for _, m := range mine {
				m.release()
			}
			return err
		}
		mine = append(mine, s)
	}
	return nil
}

// publication checks what can be checked here.
func (r *Room) publication(t webrtc.TrackLocal, opts []PublishOption) (*Publication, error) {
	if t == nil || t.ID() == "" || t.StreamID() == "" {
		return nil, argument(fault.OpPublish, "track", "a track with an id and a stream id")
	}
	o := publishing{source: SourceRegular}
	for _, f := range opts {
		f(&o)
	}
	kind := t.Kind().String()
	what := kind
	if o.source == SourceScreen && kind == "video" {
		what = "screen"
	}
	role := r.Role()
	if !role.MayPublish(what) {
		return nil, asFault(fault.PublishNotAllowed.New("role", role.Name, "kind", what), fault.OpPublish)
	}
	p := &Publication{room: r, stop: func() {}, fed: make(chan struct{}), info: TrackInfo{
		ID: t.ID(), StreamID: t.StreamID(), PeerID: r.id, Kind: kind, Source: o.source, Muted: o.muted, Description: o.description,
	}}
	for _, one := range append([]webrtc.TrackLocal{t}, o.layers...) {
		g := &gate{TrackLocal: one}
		g.muted.Store(o.muted)
		p.gates = append(p.gates, g)
	}
	for _, other := range r.Publications() {
		if other.Info().ID == t.ID() {
			return nil, argument(fault.OpPublish, "track", "an id that is not published already")
		}
	}
	return p, nil
}

// feed starts the sources of a publication, if it has any.
func (r *Room) feed(p *Publication) {
	sources := p.sources()
	if len(sources) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(r.ctx)
	p.mu.Lock()
	gone := p.gone
	p.stop = cancel
	p.mu.Unlock()
	if gone {
		cancel()
	}
	r.spawn(func() {
		defer close(p.fed)
		defer cancel()
		var all sync.WaitGroup
		for _, s := range sources {
			all.Go(func() {
				err := s.run(ctx)
				s.release()
				if err != nil && ctx.Err() == nil {
					f := ending(err, fault.OpCapture, false)
					r.rep.failed("publish.failed", "PUBLISH", f, false)
					r.onError(f)
				}
			})
		}
		all.Wait()
	})
}

func (r *Room) publish(ctx context.Context, p *Publication) error {
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.give()
	l, err := r.ready(ctx, fault.OpPublish)
	if err != nil {
		return err
	}
	m := r.currentMedia()
	if m == nil {
		return fault.ClientNotConnected.New()
	}
	if err := p.add(m); err != nil {
		return err
	}
	r.mu.Lock()
	r.pubs = append(r.pubs, p)
	r.mu.Unlock()
	err = r.negotiate(ctx, l, m, nil)
	if err == nil {
		err = p.refused()
	}
	if err != nil {
		p.remove(m)
		r.forget(p)
		// The others may have been told of it; best effort, the next offer says
		// so anyway.
		undo, cancel := context.WithTimeout(r.ctx, r.cfg.CallTimeout)
		defer cancel()
		_ = r.negotiate(undo, l, m, nil)
	}
	return err
}

func (r *Room) forget(p *Publication) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pubs = slices.DeleteFunc(r.pubs, func(q *Publication) bool { return p == q })
}

func (r *Room) unpublish(ctx context.Context, p *Publication) error {
	p.mu.Lock()
	again := p.gone
	p.gone = true
	stop := p.stop
	p.mu.Unlock()
	if again {
		return nil
	}
	for _, g := range p.gates {
		g.muted.Store(true)
	}
	stop()
	if len(p.sources()) == 0 {
		close(p.fed)
	}
	ctx, cancel := r.bound(ctx)
	defer cancel()
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.give()
	r.forget(p)
	m := r.currentMedia()
	if m == nil {
		return nil // it went with the session
	}
	p.remove(m)
	l, err := r.ready(ctx, fault.OpUnpublish)
	if err != nil {
		return err
	}
	return asError(r.negotiate(ctx, l, m, nil), fault.OpUnpublish)
}

func asError(err error, op fault.Op) error {
	if err == nil {
		return nil
	}
	return asFault(err, op)
}

// take waits for the right to negotiate the publishing side.
func (r *Room) take(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-r.ctx.Done():
		return asFault(fault.ClientNotConnected.New(), fault.OpPublish)
	case <-ctx.Done():
		return asFault(fault.NegotiationInProgress.Wrap(ctx.Err()), fault.OpPublish)
	}
}

func (r *Room) give() { <-r.turn }

// wireTracks is the complete map of what is published.
func (r *Room) wireTracks() map[string]wireTrack {
	out := map[string]wireTrack{}
	for _, p := range r.Publications() {
		p.mu.Lock()
		out[p.info.ID] = p.wire()
		p.mu.Unlock()
	}
	return out
}

// negotiate makes an offer of what is published and applies the answer. The
// turn is held. An offer whose answer was lost is made again first, since a
// connection cannot make another before.
func (r *Room) negotiate(ctx context.Context, l *link, m *media, opt *webrtc.OfferOptions) error {
	switch m.pub.SignalingState() {
	case webrtc.SignalingStateClosed:
		// A server that goes away closes our connection with its own. What
		// follows it does not know the peer's media and says so, whatever is
		// offered; see migrate.
		if last := m.pub.CurrentLocalDescription(); last != nil {
			return r.exchange(ctx, l, m, last.SDP)
		}
	case webrtc.SignalingStateHaveLocalOffer:
		if err := r.exchange(ctx, l, m, m.pub.PendingLocalDescription().SDP); err != nil {
			return err
		}
	}
	sdp, err := localOffer(m.pub, opt)
	if err != nil {
		return err
	}
	return r.exchange(ctx, l, m, sdp)
}

func (r *Room) exchange(ctx context.Context, l *link, m *media, sdp string) error {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.StepTimeout)
	defer cancel()
	var got wireDescription
	err := l.call(ctx, fault.OpPublish, "offer", map[string]any{
		"desc": wireSDP{"offer", sdp}, "tracks": r.wireTracks(), "sfu_node_id": m.node.Load(),
	}, &got)
	switch {
	case err == nil:
		return m.answered(got.SDP)
	case errors.Is(err, fault.NodeMoved), l.ctx.Err() != nil, ctx.Err() != nil:
		return err // the offer may be made again
	}
	// Refused: take back what it asked for, or the connection stays stuck.
	if answer := refusing(m.pub); answer != "" {
		if undo := remoteAnswer(m.pub, answer); undo != nil {
			r.log.Warn("a refused offer cannot be taken back", "err", undo)
		}
	}
	return err
}

// refusing makes an answer to the pending offer that accepts what was accepted
// before and rejects every media section beyond (RFC 3264, 6).
func refusing(pc *webrtc.PeerConnection) string {
	before, offer := pc.CurrentRemoteDescription(), pc.PendingLocalDescription()
	if before == nil || offer == nil {
		return ""
	}
	sections := strings.Split(offer.SDP, "\r\nm=")
	known := strings.Count(before.SDP, "\r\nm=")
	var b strings.Builder
	b.WriteString(strings.TrimSuffix(before.SDP, "\r\n") + "\r\n")
	for _, s := range sections[min(known+1, len(sections)):] {
		fields := strings.Fields(strings.SplitN(s, "\r\n", 2)[0])
		if len(fields) < 4 {
			return ""
		}
		mid := ""
		for line := range strings.SplitSeq(s, "\r\n") {
			if v, ok := strings.CutPrefix(line, "a=mid:"); ok {
				mid = v
			}
		}
		fmt.Fprintf(&b, "m=%s 0 %s %s\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\na=mid:%s\r\n", fields[0], fields[2], fields[3], mid)
	}
	return b.String()
}

// losePath reports a connection lost, unless it belongs to a pair that was
// replaced.
func (r *Room) losePath(m *media, p path, why *fault.Error) {
	r.mu.Lock()
	mine := m == r.media && r.entered && r.state != StateEnded
	r.mu.Unlock()
	if !mine || r.rec.isLost(p) {
		return
	}
	event, action := "publish.failed", "PUBLISH"
	try := r.restartPublish
	if p == subscribePath {
		event, action = "subscribe.failed", "SUBSCRIBE"
		try = r.awaitSubscribe
	}
	r.rep.failed(event, action, ending(why, why.Op, false), false)
	r.rec.lose(p, why, try)
}

// restartPublish restarts ICE of the publishing connection (RFC 8445, 2.4).
func (r *Room) restartPublish(ctx context.Context) error {
	l, err := r.ready(ctx, fault.OpPublish)
	if err != nil {
		return err
	}
	if err := r.take(ctx); err != nil {
		return err
	}
	m := r.currentMedia()
	if m == nil {
		r.give()
		return fault.ClientNotConnected.New()
	}
	switch m.pub.ConnectionState() {
	case webrtc.PeerConnectionStateConnected, webrtc.PeerConnectionStateConnecting:
	default:
		err = r.negotiate(ctx, l, m, &webrtc.OfferOptions{ICERestart: true})
	}
	r.give()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, restartPatience)
	defer cancel()
	return m.connected(ctx, publishPath)
}

// awaitSubscribe waits for the server to restart ICE of its connection.
func (r *Room) awaitSubscribe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, restartPatience)
	defer cancel()
	m := r.currentMedia()
	if m == nil {
		return fault.ClientNotConnected.New()
	}
	return m.connected(ctx, subscribePath)
}

// attemptTimeout bounds one attempt to resume, so that a dead path is not
// waited for when it has become a good one.
const (
	attemptTimeout = 12 * time.Second
	dialTimeout    = 2500 * time.Millisecond
)

// resume connects as the same peer and brings the server up to date.
func (r *Room) resume(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	l, err := r.connect(ctx, r.quick)
	if err != nil {
		return err
	}
	err = r.resumeOn(ctx, l)
	if err != nil {
		r.discard(l)
		return err
	}
	r.mu.Lock()
	old := r.link
	ended := r.state == StateEnded
	r.link, r.coming = l, nil
	select {
	case <-r.linkUp:
	default:
		close(r.linkUp)
	}
	dead := l.ctx.Err() != nil
	r.mu.Unlock()
	if old != nil {
		old.drop()
	}
	if ended {
		l.drop()
		return nil
	}
	if dead { // already, and nobody was told since it was not ours yet
		return asFault(l.gone(), fault.OpReconnect)
	}
	r.settle()
	_ = l.notify("track-update", map[string]any{"tracks": r.wireTracks()})
	return nil
}

// listPatience is how long a server that knows the peer may take to show it the
// room before it is asked.
const listPatience = 2 * time.Second

func (r *Room) resumeOn(ctx context.Context, l *link) error {
	err := r.awaitFor(ctx, l, r.listed, "peer-list", listPatience)
	listed := err == nil
	// To a server that has forgotten the peer it is somebody new, who has yet to
	// join. An offer makes it say so.
	if err != nil && !errors.Is(err, fault.SignalSilent) {
		return err
	}
	if err := r.take(ctx); err != nil {
		return err
	}
	defer r.give()
	m := r.currentMedia()
	if m == nil {
		return fault.ClientNotConnected.New()
	}
	var opt *webrtc.OfferOptions
	switch m.pub.ConnectionState() {
	case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed:
		opt = &webrtc.OfferOptions{ICERestart: true}
	}
	err = r.negotiate(ctx, l, m, opt)
	if !errors.Is(err, fault.NodeMoved) {
		r.mu.Lock()
		why := r.refusal
		r.mu.Unlock()
		switch {
		case err != nil && why != nil:
			return why
		case err != nil || listed:
			return err
		}
		return r.await(ctx, l, r.listed, "peer-list")
	}
	select {
	case node := <-r.moved:
		return r.migrate(ctx, l, m, node)
	case <-l.ctx.Done():
		return l.gone()
	case <-ctx.Done():
		return fault.SignalSilent.New("waiting_for", "node-info")
	}
}

// heardNode hears that the media is at another node, or at the same one after
// it was restarted.
func (r *Room) heardNode(l *link, node string) {
	r.mu.Lock()
	same, m := node == "" || r.media == nil || node == r.node, r.media
	resuming := l == r.coming
	r.mu.Unlock()
	switch {
	case same:
	case resuming:
		drain(r.moved)
		r.moved <- node
	default:
		r.spawn(func() {
			ctx, cancel := context.WithTimeout(r.ctx, attemptTimeout)
			defer cancel()
			err := r.take(ctx)
			if err == nil {
				err = r.migrate(ctx, l, m, node)
				r.give()
			}
			if err != nil && l.ctx.Err() == nil {
				l.fail(asFault(err, fault.OpReconnect)) // begin anew with another socket
			}
		})
	}
}

// migrate builds both connections anew for another node and publishes and
// subscribes to what was before. The turn is held.
func (r *Room) migrate(ctx context.Context, l *link, old *media, node string) error {
	m, err := newMedia(r, node)
	if err != nil {
		return err
	}
	r.mu.Lock()
	if r.state == StateEnded || r.media != old {
		r.mu.Unlock()
		m.close()
		return fault.ClientNotConnected.New()
	}
	r.media, r.node = m, node
	r.lenientUntil = time.Now().Add(homecoming)
	r.mu.Unlock()
	r.spawn(old.close)
	r.spawn(func() { r.homecome(homecoming) })
	moved := asFault(fault.NodeMoved.New("node", node), fault.OpReconnect)
	r.rec.lose(publishPath, moved, r.restartPublish)
	r.rec.lose(subscribePath, moved, r.awaitSubscribe)
	for _, p := range r.Publications() {
		if err := p.add(m); err != nil {
			return err
		}
	}
	return r.negotiate(ctx, l, m, nil)
}

// homecome lets go of those who did not come back.
func (r *Room) homecome(after time.Duration) {
	if !sleep(r.ctx, after) {
		return
	}
	r.settle()
}

// heardTrickle takes a candidate of the server.
func (r *Room) heardTrickle(m *media, raw json.RawMessage) {
	var w struct {
		Target    int                     `json:"target"`
		Candidate webrtc.ICECandidateInit `json:"candidate"`
	}
	if m == nil || json.Unmarshal(raw, &w) != nil {
		return
	}
	m.do(func() { m.candidate(w.Target, w.Candidate) })
}
