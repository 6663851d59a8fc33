// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// When a connection counts as lost, and how often it asks whether it is.
const (
	iceDisconnected = 4 * time.Second
	iceFailed       = 8 * time.Second // after being disconnected
	iceKeepalive    = time.Second
	// A restart that begins while the network is still away goes on checking
	// until the path has failed, at five checks a second. The library gives a
	// pair up after seven, and would wait for the next restart.
	iceChecks = 5 * uint16((iceDisconnected+iceFailed)/time.Second)
)

const channelLabel = "ion-sfu"

// The two connections of a peer, as trickle names them.
const (
	targetPublish   = 0
	targetSubscribe = 1
)

// handshakeRetry is after how long a lost flight of the DTLS handshake is sent again at
// first; it doubles each time. The default of 1 s (RFC 9147, section 5.8.2) is for paths
// nobody knows: these have just been checked, and media waits. Browsers take 50 ms.
const handshakeRetry = 250 * time.Millisecond

// newAPI makes what connections are built with. Only what a client needs is
// registered; each further interceptor costs on every packet.
func newAPI(loopback bool, networks []webrtc.NetworkType, log *slog.Logger) (*webrtc.API, error) {
	set := webrtc.SettingEngine{LoggerFactory: pionLog{log}}
	set.SetIncludeLoopbackCandidate(loopback)
	set.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	set.SetICEMaxBindingRequests(iceChecks)
	set.SetDTLSRetransmissionInterval(handshakeRetry)
	set.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	set.SetNetworkTypes(networks)
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	in := &interceptor.Registry{}
	for _, err := range []error{
		configureNACK(m, in), webrtc.ConfigureRTCPReports(in),
		m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.AudioLevelURI}, webrtc.RTPCodecTypeAudio),
		webrtc.ConfigureSimulcastExtensionHeaders(m), webrtc.ConfigureTWCCSenderWithOptions(m, in, twcc.WithLoggerFactory(pionLog{log})),
	} {
		if err != nil {
			return nil, err
		}
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(in)), nil
}

// media is one pair of connections. A server that was restarted gets a new one.
type media struct {
	session *session
	node    atomic.Value // string: the server's name for itself, "" until it is known
	pub     *webrtc.PeerConnection
	sub     *webrtc.PeerConnection

	ctx context.Context
	end context.CancelFunc
	ops chan func() // what the server says to the connections, in order
	wg  sync.WaitGroup

	// Touched in ops only.
	resting map[string]bool                                      // media sections that were inactive in the last offer
	lines   map[string]string                                    // their first lines, with the formats
	early   map[*webrtc.PeerConnection][]webrtc.ICECandidateInit // candidates that came before the description they belong to
	misled  bool                                                 // an unusable candidate was reported

	mu      sync.Mutex
	channel *webrtc.DataChannel // nil until it is open
	asked   map[string]chan wireFrame
	up      map[path]chan struct{} // closed while the path is connected
}

// newMedia makes both connections; nothing is negotiated yet. Fails with
// fault.PeerConnectionCreate.
func newMedia(s *session, node string) (*media, error) {
	ctx, end := context.WithCancel(s.ctx)
	m := &media{
		session: s, ctx: ctx, end: end, ops: make(chan func(), 256), asked: map[string]chan wireFrame{}, resting: map[string]bool{}, lines: map[string]string{},
		early: map[*webrtc.PeerConnection][]webrtc.ICECandidateInit{},
		up:    map[path]chan struct{}{publishPath: make(chan struct{}), subscribePath: make(chan struct{})},
	}
	m.node.Store(node)
	var err error
	if m.pub, err = s.newConnection(); err == nil {
		if m.sub, err = s.newConnection(); err == nil {
			_, err = m.pub.CreateDataChannel(channelLabel, nil)
		}
	}
	if err != nil {
		m.close()
		return nil, fault.PeerConnectionCreate.Wrap(err)
	}
	m.pub.OnICECandidate(func(c *webrtc.ICECandidate) { m.trickle(targetPublish, c) })
	m.sub.OnICECandidate(func(c *webrtc.ICECandidate) { m.trickle(targetSubscribe, c) })
	m.pub.OnConnectionStateChange(func(now webrtc.PeerConnectionState) { m.changed(publishPath, now) })
	m.sub.OnConnectionStateChange(func(now webrtc.PeerConnectionState) { m.changed(subscribePath, now) })
	m.sub.OnDataChannel(m.opened)
	m.sub.OnTrack(m.received)
	m.wg.Go(m.work)
	return m, nil
}

// work applies what the server says, in order.
func (m *media) work() {
	for {
		select {
		case <-m.ctx.Done():
			return
		case f := <-m.ops:
			f()
		}
	}
}

// do queues f. A server that says more than is ever handled is made to wait.
func (m *media) do(f func()) {
	select {
	case m.ops <- f:
	case <-m.ctx.Done():
	}
}

// close ends both connections and waits for everything they started.
func (m *media) close() {
	m.end()
	for _, pc := range []*webrtc.PeerConnection{m.pub, m.sub} {
		if pc != nil {
			_ = pc.GracefulClose()
		}
	}
	m.wg.Wait()
}

// isFrom tells whether an offer can be of the server that has made these connections.
// The first may be heard before the answer to join has told the server's name.
func (m *media) isFrom(node string) bool {
	mine := m.node.Load()
	return node == "" || mine == "" || node == mine
}

func (m *media) trickle(target int, c *webrtc.ICECandidate) {
	if c == nil {
		return
	}
	_ = m.session.tell("trickle", map[string]any{"target": target, "candidate": c.ToJSON(), "sfu_node_id": m.node.Load()})
}

// changed hears how a connection is. Only the present pair counts.
func (m *media) changed(p path, s webrtc.PeerConnectionState) {
	r := m.session
	r.log.Debug("media path", "path", string(p), "state", s.String())
	if m.ctx.Err() != nil {
		return
	}
	m.mu.Lock()
	connected := m.up[p]
	select {
	case <-connected:
		if s != webrtc.PeerConnectionStateConnected {
			m.up[p] = make(chan struct{})
		}
	default:
		if s == webrtc.PeerConnectionStateConnected {
			close(connected)
		}
	}
	m.mu.Unlock()
	op := fault.OpPublish
	if p == subscribePath {
		op = fault.OpSubscribe
	}
	switch s {
	case webrtc.PeerConnectionStateConnected:
		r.rec.restore(p)
	case webrtc.PeerConnectionStateDisconnected:
		r.losePath(m, p, asFault(fault.ICEDisconnected.New("path", string(p)), op))
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		r.losePath(m, p, asFault(fault.ICEFailed.New("path", string(p)), op))
	}
}

// connected waits until a path is.
func (m *media) connected(ctx context.Context, p path) error {
	m.mu.Lock()
	ch := m.up[p]
	m.mu.Unlock()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return fault.ICEDisconnected.Wrap(ctx.Err(), "path", string(p))
	case <-m.ctx.Done():
		return fault.ICEDisconnected.Wrap(m.ctx.Err(), "path", string(p))
	}
}

// restAgain rewrites the media sections that stay inactive. Pion stops the
// receiver of a section each time it is told that the section is inactive, and
// makes a new one only the first time: told twice, a section that the server
// uses again later would stay silent. Said from the server's side as recvonly,
// which comes to the same for a peer that only receives there, it rests.
func (m *media) restAgain(sdp string) string {
	sections := strings.Split(sdp, "\r\nm=")
	for i, s := range sections[1:] {
		mid, idle := "", false
		for line := range strings.SplitSeq(s, "\r\n") {
			if v, ok := strings.CutPrefix(line, "a=mid:"); ok {
				mid = v
			}
			idle = idle || line == "a=inactive"
		}
		if idle && m.resting[mid] {
			sections[i+1] = strings.Replace(s, "\r\na=inactive", "\r\na=recvonly", 1)
		}
		m.resting[mid] = idle
	}
	return strings.Join(sections, "\r\nm=")
}

// formats lets media sections be used again for another codec. Pion keeps to
// what the first offer of a section listed.
func (m *media) formats(sdp string) {
	for i, s := range strings.Split(sdp, "\r\nm=") {
		line, rest, _ := strings.Cut(s, "\r\n")
		fields := strings.Fields(line)
		_, after, ok := strings.Cut(rest, "a=mid:")
		mid, _, _ := strings.Cut(after, "\r\n")
		if i == 0 || !ok || len(fields) < 4 || m.lines[mid] == line {
			continue
		}
		_, before := m.lines[mid]
		m.lines[mid] = line
		if !before {
			continue
		}
		for _, t := range m.sub.GetTransceivers() {
			if t.Mid() != mid {
				continue
			}
			_ = t.SetCodecPreferences(nil) // which never fails, and lets all be listed
			var listed []webrtc.RTPCodecParameters
			for _, c := range t.Receiver().GetParameters().Codecs {
				if slices.Contains(fields[3:], strconv.Itoa(int(c.PayloadType))) {
					listed = append(listed, c)
				}
			}
			if err := t.SetCodecPreferences(listed); err != nil {
				m.session.log.Debug("codecs of a section", "mid", mid, "err", err)
			}
		}
	}
}

// offered answers an offer of the server. It runs in ops.
func (m *media) offered(d wireDescription) {
	d.SDP = m.restAgain(d.SDP)
	m.formats(d.SDP)
	err := func() error {
		if err := m.sub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: d.SDP}); err != nil {
			return fault.SDPSetRemote.Wrap(err)
		}
		m.late(targetSubscribe, m.sub)
		answer, err := m.sub.CreateAnswer(nil)
		if err != nil {
			return fault.SDPCreateAnswer.Wrap(err)
		}
		if err := m.sub.SetLocalDescription(answer); err != nil {
			return fault.SDPSetLocal.Wrap(err)
		}
		return m.session.tell("answer", map[string]any{
			"desc": wireSDP{"answer", answer.SDP}, "sfu_node_id": m.node.Load(),
		})
	}()
	if err != nil && m.ctx.Err() == nil && !errors.Is(err, fault.SignalLost) {
		f := asFault(err, fault.OpSubscribe)
		m.session.rep.failed("subscribe.failed", "SUBSCRIBE", f, false)
		m.session.onError(ending(f, fault.OpSubscribe, false))
	}
}

// answered applies the server's answer to an offer of ours.
func (m *media) answered(sdp string) error {
	if err := remoteAnswer(m.pub, sdp); err != nil {
		return err
	}
	m.do(func() { m.late(targetPublish, m.pub) })
	return nil
}

// maxEarly is how many candidates may come before the description they are for.
const maxEarly = 64

// candidate takes a candidate of the server. One that comes before the
// description of its connection is kept for it. It runs in ops.
func (m *media) candidate(target int, c webrtc.ICECandidateInit) {
	pc := m.pub
	if target == targetSubscribe {
		pc = m.sub
	}
	if pc.RemoteDescription() == nil {
		if len(m.early[pc]) < maxEarly {
			m.early[pc] = append(m.early[pc], c)
		}
		return
	}
	if len(m.early[pc]) > 0 {
		m.late(target, pc)
	}
	if err := pc.AddICECandidate(c); err != nil && m.ctx.Err() == nil {
		m.candidateRefused(target, c, err)
	}
}

// late takes the candidates that came before the description, which is there
// now. It runs in ops.
func (m *media) late(target int, pc *webrtc.PeerConnection) {
	early := m.early[pc]
	delete(m.early, pc)
	for _, c := range early {
		m.candidate(target, c)
	}
}

// candidateRefused tells once that the server sent a candidate nobody can use:
// it may be the one way the media could have taken. Of a connection that has
// worked it is the change under way that fails.
func (m *media) candidateRefused(target int, c webrtc.ICECandidateInit, err error) {
	m.session.log.Debug("candidate refused", "target", target, "err", err)
	if m.misled {
		return
	}
	m.misled = true
	pc, p, event, action, op := m.pub, publishPath, "publish.failed", "PUBLISH", fault.OpPublish
	if target == targetSubscribe {
		pc, p, event, action, op = m.sub, subscribePath, "subscribe.failed", "SUBSCRIBE", fault.OpSubscribe
	}
	why := fault.CandidateInvalid.Wrap(err, "candidate", clip(c.Candidate, 80))
	if pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
		why = fault.RenegotiationFailed.Wrap(why, "path", string(p), "candidate", clip(c.Candidate, 80))
	}
	f := ending(why, op, false)
	m.session.rep.failed(event, action, f, false)
	m.session.onError(f)
}

// opened hears of the server's data channel.
func (m *media) opened(d *webrtc.DataChannel) {
	if d.Label() != channelLabel {
		return
	}
	d.OnOpen(func() {
		m.mu.Lock()
		m.channel = d
		m.mu.Unlock()
		m.session.resendSubscriptions(m)
	})
	d.OnMessage(func(msg webrtc.DataChannelMessage) { m.channelMessage(msg.Data) })
}

// channelMessage takes what the server says over the data channel.
func (m *media) channelMessage(raw []byte) {
	var f wireFrame
	if json.Unmarshal(raw, &f) != nil {
		return
	}
	if f.ID == "" {
		m.session.heard(m.session.currentLink(), f.Method, f.Params)
		return
	}
	m.mu.Lock()
	ch := m.asked[f.ID]
	delete(m.asked, f.ID)
	m.mu.Unlock()
	if ch != nil {
		ch <- f
	}
}

// How long an answer over the data channel may take before it is asked again.
const channelPatience = 2 * time.Second

// ask makes a request over the data channel, three times if need be: the server
// may be asked the same again. Before the channel is open it reports false.
func (m *media) ask(ctx context.Context, method string, params any) (bool, error) {
	m.mu.Lock()
	d := m.channel
	if d == nil {
		m.mu.Unlock()
		return false, nil
	}
	id, ch := uuid.NewString(), make(chan wireFrame, 1)
	m.asked[id] = ch
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		delete(m.asked, id)
		m.mu.Unlock()
	}()
	b, err := json.Marshal(wireCall{ID: id, JSONRPC: "2.0", Method: method, Params: params})
	if err != nil {
		return true, fault.ClientInternal.Wrap(err)
	}
	for range 3 {
		if err := d.SendText(string(b)); err != nil {
			return true, fault.DataChannelFailed.Wrap(err)
		}
		wait := time.NewTimer(channelPatience)
		select {
		case f := <-ch:
			wait.Stop()
			if f.Error != nil {
				return true, f.Error.fault(fault.OpSubscribe)
			}
			return true, nil
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return true, ctx.Err()
		case <-m.ctx.Done():
			wait.Stop()
			return false, nil // the next pair asks again
		}
	}
	return true, fault.DataChannelFailed.New("method", method, "reason", "no answer")
}

// received hears of a track of the server.
func (m *media) received(t *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	receive(&m.wg, m.session.remote(t.ID()), t, receiver, connection{m.sub})
}

// connection is one that media is received on.
type connection struct{ *webrtc.PeerConnection }

// keyframe asks for a whole picture (RFC 4585, 6.3.1).
func (c connection) keyframe(ssrc uint32) error {
	return c.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: ssrc}})
}

// receive takes what arrives of a track, and asks again for what is lost. Without
// a track that it is for it goes nowhere.
func receive(wg *sync.WaitGroup, rt *RemoteTrack, t *webrtc.TrackRemote, receiver *webrtc.RTPReceiver, on connection) {
	wg.Go(func() { // reports drive the interceptors
		for {
			if _, _, err := receiver.ReadRTCP(); err != nil {
				return
			}
		}
	})
	if rt == nil {
		return
	}
	rt.attach(on, t)
	wg.Go(func() {
		defer rt.detach(t)
		lost := newNACKs(t, on.WriteRTCP)
		defer lost.end()
		for {
			p, _, err := t.ReadRTP()
			if err != nil {
				return
			}
			lost.arrived(p.SequenceNumber)
			rt.take(p)
		}
	})
}
