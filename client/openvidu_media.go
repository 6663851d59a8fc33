// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"slices"
	"sync"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// tellCandidate passes on a candidate of ours for the connection of a peer's stream.
func (o *openVidu) tellCandidate(peer string, c *webrtc.ICECandidate) {
	if c == nil {
		return
	}
	i := c.ToJSON()
	l := o.s.currentLink()
	if l == nil {
		return
	}
	_ = l.send(wireCall{JSONRPC: "2.0", Method: "onIceCandidate", Params: map[string]any{
		"endpointName": peer, "candidate": i.Candidate, "sdpMid": i.SDPMid, "sdpMLineIndex": i.SDPMLineIndex,
	}})
}

// candidate takes a candidate of the server. They are in its descriptions, too,
// so one that comes too early is no loss.
func (o *openVidu) candidate(peer string, c webrtc.ICECandidateInit) {
	o.mu.Lock()
	var pc *webrtc.PeerConnection
	if peer == o.s.id && o.published != nil {
		pc = o.published.pub
	}
	for _, in := range o.received {
		if in.peer == peer {
			pc = in.current()
		}
	}
	o.mu.Unlock()
	if pc != nil && pc.RemoteDescription() != nil {
		_ = pc.AddICECandidate(c)
	}
}

// publish offers everything that is published, p included, on a new connection:
// a connection of this wire is negotiated once. A stream that there was before
// ends. The negotiation is locked.
func (o *openVidu) publish(ctx context.Context, l *link, list []*Publication) error {
	kinds := map[string]int{}
	active := map[string]bool{}
	kind := "CAMERA"
	for _, p := range list {
		i := p.Info()
		if kinds[i.Kind]++; kinds[i.Kind] > 1 {
			return fault.TrackLimit.New("limit", 1, "kind", i.Kind, "dialect", DialectOpenVidu)
		}
		active[i.Kind] = !i.Muted
		if i.Source == SourceScreen {
			kind = "SCREEN"
		}
	}
	if err := o.unpublish(ctx, l); err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	return o.negotiate(ctx, l, list, fault.OpPublish, "publishVideo", "sdpOffer", map[string]any{
		"doLoopback": false, "hasAudio": kinds["audio"] > 0, "hasVideo": kinds["video"] > 0,
		"audioActive": active["audio"], "videoActive": active["video"], "typeOfVideo": kind, "frameRate": -1,
	})
}

// negotiate offers what is published on a new connection: by a call whose member
// of the name given is the offer, beside the others.
func (o *openVidu) negotiate(ctx context.Context, l *link, list []*Publication, op fault.Op, method, member string, params map[string]any) error {
	m, offer, err := o.offer(list)
	if err != nil {
		return err
	}
	params[member] = offer
	type answer struct {
		SDP string `json:"sdpAnswer"`
		ID  string `json:"id"`
	}
	// It is our stream from the answer on: what is heard of one after it is about this.
	var old *media
	var sdp string
	err = callInOrder(ctx, l, op, method, params, func(got answer) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		old, o.published, o.stream, sdp = o.published, m, got.ID, got.SDP
		return nil
	})
	if err != nil {
		m.close()
		return err
	}
	if old != nil {
		o.s.spawn(old.close)
	}
	if err := remoteAnswer(m.pub, sdp); err != nil {
		o.mu.Lock()
		o.published, o.stream = nil, ""
		o.mu.Unlock()
		m.close()
		return err
	}
	return nil
}

// add publishes one more track. The others go on when that fails. The
// negotiation is locked.
func (o *openVidu) add(ctx context.Context, l *link, p *Publication) error {
	before := o.s.publications()
	err := o.publish(ctx, l, append(before, p))
	if err == nil {
		err = p.refused()
	}
	if err != nil {
		undo, cancel := context.WithTimeout(o.s.ctx, o.s.cfg.CallTimeout)
		defer cancel()
		_ = o.publish(undo, l, before)
		return err
	}
	o.s.mu.Lock()
	o.s.pubs = append(o.s.pubs, p)
	o.s.mu.Unlock()
	return nil
}

// offer makes a connection that sends what is published.
func (o *openVidu) offer(list []*Publication) (*media, string, error) {
	s := o.s
	pc, err := s.newConnection()
	if err != nil {
		return nil, "", fault.PeerConnectionCreate.Wrap(err)
	}
	m := &media{session: s, pub: pc}
	m.ctx, m.end = context.WithCancel(s.ctx)
	pc.OnICECandidate(func(c *webrtc.ICECandidate) { o.tellCandidate(s.id, c) })
	for _, p := range list {
		if err := p.add(m); err != nil {
			m.close()
			return nil, "", err
		}
	}
	offer, err := localOffer(pc, nil)
	if err != nil {
		m.close()
		return nil, "", err
	}
	pc.OnConnectionStateChange(func(now webrtc.PeerConnectionState) { o.pathChanged(m, now) })
	return m, offer, nil
}

func (o *openVidu) pathChanged(m *media, now webrtc.PeerConnectionState) {
	o.mu.Lock()
	mine := m == o.published
	o.mu.Unlock()
	if m.ctx.Err() != nil {
		return
	}
	switch now {
	case webrtc.PeerConnectionStateConnected:
		o.s.rec.restore(publishPath)
	case webrtc.PeerConnectionStateFailed:
		if mine {
			o.s.rec.lose(publishPath, asFault(fault.ICEFailed.New("path", string(publishPath)), fault.OpPublish), o.republish)
		}
	}
}

// republish takes our stream on a new connection, as the old one was lost.
func (o *openVidu) republish(ctx context.Context) error {
	l, err := o.s.ready(ctx, fault.OpReconnect)
	if err != nil {
		return err
	}
	if err := o.s.lockNegotiation(ctx); err != nil {
		return err
	}
	defer o.s.unlockNegotiation()
	o.mu.Lock()
	stream := o.stream
	o.mu.Unlock()
	list := o.s.publications()
	if stream == "" || len(list) == 0 {
		return nil
	}
	return o.negotiate(ctx, l, list, fault.OpReconnect, "reconnectStream", "sdpString", map[string]any{"stream": stream})
}

// unpublish ends our stream, if there is one.
func (o *openVidu) unpublish(ctx context.Context, l *link) error {
	o.mu.Lock()
	m := o.published
	o.published, o.stream = nil, ""
	o.mu.Unlock()
	if m == nil {
		return nil
	}
	o.s.spawn(m.close)
	return l.call(ctx, fault.OpUnpublish, "unpublishVideo", struct{}{}, nil)
}

// withdrawn hears that somebody has ended the stream of a connection of ours.
func (o *openVidu) withdrawn(m *media, why string) {
	if o.s.lockNegotiation(o.s.ctx) != nil {
		return
	}
	defer o.s.unlockNegotiation()
	o.mu.Lock()
	mine := o.published == m
	if mine {
		o.published, o.stream = nil, ""
	}
	o.mu.Unlock()
	if !mine {
		return
	}
	for _, p := range o.s.publications() {
		o.s.forget(p)
		p.retire()
	}
	m.close()
	o.s.onError(ending(fault.StreamNotPublished.New("reason", why), fault.OpPublish, false))
}

// tellMuted tells the others that a track of ours was muted or unmuted.
func (o *openVidu) tellMuted(kind string, muted bool) {
	o.mu.Lock()
	stream := o.stream
	o.mu.Unlock()
	if l := o.s.currentLink(); l != nil && stream != "" {
		_ = l.send(wireCall{JSONRPC: "2.0", Method: "streamPropertyChanged", Params: map[string]any{
			"streamId": stream, "property": kind + "Active", "newValue": !muted, "reason": "publish" + map[string]string{"audio": "Audio", "video": "Video"}[kind],
		}})
	}
}

// incoming is a stream of somebody else, on a connection of its own.
type incoming struct {
	o            *openVidu
	stream, peer string

	mu   sync.Mutex
	pc   *webrtc.PeerConnection // nil until there is an offer
	shut bool
	wg   sync.WaitGroup
}

func (in *incoming) current() *webrtc.PeerConnection {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.pc
}

// begin asks for the stream, and tells if it does not come.
func (in *incoming) begin(again bool) {
	s := in.o.s
	if err := in.ask(s.ctx, again); err != nil && s.ctx.Err() == nil && !in.over() {
		s.onError(ending(err, fault.OpSubscribe, false))
	}
}

func (in *incoming) over() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.shut
}

// ask has the server offer the stream.
func (in *incoming) ask(ctx context.Context, again bool) error {
	var got struct {
		Offer string `json:"sdpOffer"`
	}
	if err := in.o.call(ctx, fault.OpSubscribe, "prepareReceiveVideoFrom", map[string]any{"sender": in.stream, "reconnect": again}, &got); err != nil {
		return err
	}
	return in.answer(ctx, got.Offer, again)
}

// offered takes an offer that nobody asked for: the server has lost the path.
func (in *incoming) offered(offer string) {
	s := in.o.s
	if err := in.answer(s.ctx, offer, true); err != nil && s.ctx.Err() == nil && !in.over() {
		s.onError(ending(err, fault.OpSubscribe, false))
	}
}

// answer answers an offer on a new connection, which takes the place of another.
func (in *incoming) answer(ctx context.Context, offer string, again bool) error {
	s := in.o.s
	pc, err := s.newConnection()
	if err != nil {
		return fault.PeerConnectionCreate.Wrap(err)
	}
	in.mu.Lock()
	old := in.pc
	if in.shut {
		in.mu.Unlock()
		return pc.Close()
	}
	in.pc = pc
	in.mu.Unlock()
	if old != nil {
		_ = old.Close()
	}
	pc.OnICECandidate(func(c *webrtc.ICECandidate) { in.o.tellCandidate(in.peer, c) })
	pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { in.arrives(pc, t, r) })
	pc.OnConnectionStateChange(func(now webrtc.PeerConnectionState) {
		if now == webrtc.PeerConnectionStateFailed && in.current() == pc {
			s.rec.lose(subscribePath, asFault(fault.ICEFailed.New("path", string(subscribePath)), fault.OpSubscribe), in.o.resubscribe)
		}
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return fault.SDPSetRemote.Wrap(err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return fault.SDPCreateAnswer.Wrap(err)
	}
	if err := pc.SetLocalDescription(answer); err != nil {
		return fault.SDPSetLocal.Wrap(err)
	}
	if again {
		return in.o.call(ctx, fault.OpReconnect, "reconnectStream", map[string]any{"stream": in.stream, "sdpString": answer.SDP}, nil)
	}
	return in.o.call(ctx, fault.OpSubscribe, "receiveVideoFrom", map[string]any{"sender": in.stream, "sdpAnswer": answer.SDP}, nil)
}

// resubscribe builds every received stream anew whose connection has failed.
func (o *openVidu) resubscribe(ctx context.Context) error {
	o.mu.Lock()
	list := make([]*incoming, 0, len(o.received))
	for _, in := range o.received {
		list = append(list, in)
	}
	o.mu.Unlock()
	list = slices.DeleteFunc(list, func(in *incoming) bool {
		pc := in.current()
		return pc == nil || pc.ConnectionState() != webrtc.PeerConnectionStateFailed
	})
	for _, in := range list {
		if err := in.ask(ctx, true); err != nil && !in.over() {
			return err
		}
	}
	return nil
}

// arrives hears of a track.
func (in *incoming) arrives(pc *webrtc.PeerConnection, t *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	rt := in.o.s.remote(trackIn(in.stream, t.Kind().String()))
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.shut {
		receive(&in.wg, rt, t, receiver, connection{pc})
	}
}

func (in *incoming) close() {
	in.mu.Lock()
	pc := in.pc
	in.shut = true
	in.mu.Unlock()
	if pc != nil {
		_ = pc.GracefulClose()
	}
	in.wg.Wait()
}

// close ends every connection.
func (o *openVidu) close() {
	o.mu.Lock()
	m, list := o.published, o.received
	o.published, o.received = nil, map[string]*incoming{}
	o.mu.Unlock()
	if m != nil {
		m.close()
	}
	for _, in := range list {
		in.close()
	}
}
