// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// signalling is how participants of one kind of server join. A join returns once all
// is said that can be said without media.
type signalling interface {
	join(ctx context.Context, who member) (leave func(), err error)
	with(*webrtc.API) signalling // the same for clients on another network
}

// member is who joins: a publisher of some sources, or a subscriber of everything.
type member struct {
	name    string
	sources []*source
	got     receiver // nil: it receives nothing
}

// receiver is what becomes of the tracks that arrive at a subscriber.
type receiver interface {
	take(pc *webrtc.PeerConnection, t *webrtc.TrackRemote) // until it ends
}

// received counts what arrives at one subscriber.
type received struct {
	packets, lost, tracks atomic.Int64
	once                  sync.Once
	first                 chan time.Time // holds one: when the first packet came
}

func newReceived() *received { return &received{first: make(chan time.Time, 1)} }

// take reads a track until it ends, and throws its packets away.
func (r *received) take(_ *webrtc.PeerConnection, t *webrtc.TrackRemote) {
	r.tracks.Add(1)
	b := make([]byte, 1600)
	var last uint16
	for begun := false; ; begun = true {
		n, _, err := t.Read(b)
		if err != nil {
			return
		}
		if n < 12 {
			continue
		}
		r.once.Do(func() { r.first <- time.Now() })
		seq := uint16(b[2])<<8 | uint16(b[3])
		switch step := seq - last; {
		case !begun || step == 1:
			last = seq
		case step < 1<<15: // some are missing, or only late
			r.lost.Add(int64(step) - 1)
			last = seq
		case step != 0:
			r.lost.Add(-1)
		}
		r.packets.Add(1)
	}
}

// newAPI makes the clients' side of WebRTC: the feedback that a browser gives, and
// nothing more. Every kind of server meets the same one.
func newAPI(change ...func(*webrtc.SettingEngine)) (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	for _, c := range []struct {
		kind webrtc.RTPCodecType
		is   webrtc.RTPCodecParameters
	}{
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback}}},
		{webrtc.RTPCodecTypeVideo, webrtc.RTPCodecParameters{PayloadType: 97, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: "apt=96"}}},
		{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
			SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: feedback[:1]}}},
	} {
		if err := m.RegisterCodec(c.is, c.kind); err != nil {
			return nil, err
		}
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		for _, uri := range []string{sdp.TransportCCURI, sdp.SDESMidURI, sdp.SDESRTPStreamIDURI} {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, err
			}
		}
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: sdp.AudioLevelURI}, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, err
	}
	var list interceptor.Registry
	asks, err := nack.NewGeneratorInterceptor()
	if err != nil {
		return nil, err
	}
	receiver, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, err
	}
	sender, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	arrivals, err := twcc.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	numbers, err := twcc.NewHeaderExtensionInterceptor()
	if err != nil {
		return nil, err
	}
	for _, one := range []interceptor.Factory{asks, receiver, sender, arrivals, numbers} {
		list.Add(one)
	}
	var s webrtc.SettingEngine
	s.SetIncludeLoopbackCandidate(true)
	s.SetInterfaceFilter(func(name string) bool { return name == "lo" }) // nothing leaves the machine
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	for _, f := range change {
		f(&s)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(&list), webrtc.WithSettingEngine(s)), nil
}

// waiting are candidates that came before the description they belong to.
type waiting struct {
	mu   sync.Mutex
	set  bool
	list []webrtc.ICECandidateInit
}

func (w *waiting) add(pc *webrtc.PeerConnection, c webrtc.ICECandidateInit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.set || pc == nil {
		w.list = append(w.list, c)
		return
	}
	_ = pc.AddICECandidate(c) // one that cannot be used is no loss while others can
}

// described takes the other side's description, and then the candidates that waited.
func (w *waiting) described(pc *webrtc.PeerConnection, d webrtc.SessionDescription) error {
	if err := pc.SetRemoteDescription(d); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set = true
	for _, c := range w.list {
		_ = pc.AddICECandidate(c)
	}
	w.list = nil
	return nil
}

// offer makes an offer to the server, and tells the sources how audio levels are sent.
func offer(pc *webrtc.PeerConnection, sources []*source) (string, error) {
	o, err := pc.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	for _, s := range sources {
		s.levels(o.SDP)
	}
	return o.SDP, pc.SetLocalDescription(o)
}

// publish adds sources, which send from when the connection is up until the context ends.
func publish(ctx context.Context, pc *webrtc.PeerConnection, sources []*source) error {
	for _, s := range sources {
		if err := s.add(pc); err != nil {
			return err
		}
	}
	var once sync.Once
	changed := func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			once.Do(func() {
				for _, s := range sources {
					s.negotiated(pc)
					go s.run(ctx)
				}
			})
		}
	}
	pc.OnConnectionStateChange(changed)
	changed(pc.ConnectionState()) // it may have been up before, for a data channel
	return nil
}
