// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"
)

// description is a session description on the wire.
type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
	Node string `json:"sfu_node_id,omitempty"`
}

func api() *webrtc.API {
	set := webrtc.SettingEngine{}
	set.SetIncludeLoopbackCandidate(true)
	media := &webrtc.MediaEngine{}
	_ = media.RegisterDefaultCodecs() // fails for codecs that are there already
	return webrtc.NewAPI(webrtc.WithSettingEngine(set), webrtc.WithMediaEngine(media))
}

// publisher is a peer connection with so many tracks to offer, and that offer.
func publisher(tracks int) (*webrtc.PeerConnection, webrtc.SessionDescription, error) {
	pc, err := api().NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, webrtc.SessionDescription{}, err
	}
	if _, err := pc.CreateDataChannel("ion-sfu", nil); err != nil {
		return pc, webrtc.SessionDescription{}, err
	}
	for range tracks {
		if _, err := pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			return pc, webrtc.SessionDescription{}, err
		}
	}
	offer, err := pc.CreateOffer(nil)
	return pc, offer, err
}

// enter dials and joins with an offer, and returns what the server answered.
func enter(ctx context.Context, sc *scene, token string, offer webrtc.SessionDescription, on func(*socket, string, json.RawMessage)) (*socket, description, error) {
	var d description
	s, err := dial(ctx, sc.URL, token, uuid.NewString(), hostile)
	if err != nil {
		return nil, d, err
	}
	if on != nil {
		s.listen(func(method string, params json.RawMessage) { on(s, method, params) })
	}
	raw, err := s.ask(ctx, "join", map[string]any{
		"name": "x", "data": "", "disableVidAutoSub": false, "offer": description{Type: "offer", SDP: offer.SDP},
	})
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil {
		s.drop()
		return nil, d, err
	}
	return s, d, nil
}

// listener is the side on which the server sends.
type listener struct {
	mu     sync.Mutex
	pc     *webrtc.PeerConnection
	ice    bool // tell our candidates and hear theirs
	early  []webrtc.ICECandidateInit
	tracks chan *webrtc.TrackRemote
	failed error
}

// heard answers the server's offers; it is called by one goroutine.
func (l *listener) heard(s *socket, method string, params json.RawMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	switch method {
	case "offer":
		err = l.answer(s, params)
	case "trickle":
		var t struct {
			Target    int                     `json:"target"`
			Candidate webrtc.ICECandidateInit `json:"candidate"`
		}
		if err = json.Unmarshal(params, &t); err != nil || t.Target != 1 || !l.ice {
			break
		}
		if l.pc == nil || l.pc.RemoteDescription() == nil {
			l.early = append(l.early, t.Candidate)
			break
		}
		err = l.pc.AddICECandidate(t.Candidate)
	}
	l.failed = errors.Join(l.failed, err)
}

func (l *listener) answer(s *socket, params json.RawMessage) error {
	var d description
	if err := json.Unmarshal(params, &d); err != nil {
		return err
	}
	if l.pc == nil {
		pc, err := api().NewPeerConnection(webrtc.Configuration{})
		if err != nil {
			return err
		}
		pc.OnICECandidate(func(c *webrtc.ICECandidate) {
			if c != nil && l.ice {
				_ = s.send(context.Background(), frame("", "trickle", map[string]any{"target": 1, "candidate": c.ToJSON()}))
			}
		})
		pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { l.tracks <- t })
		l.pc = pc
	}
	if err := l.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: d.SDP}); err != nil {
		return err
	}
	for _, c := range l.early {
		_ = l.pc.AddICECandidate(c)
	}
	l.early = nil
	answer, err := l.pc.CreateAnswer(nil)
	if err == nil {
		err = l.pc.SetLocalDescription(answer)
	}
	if err != nil {
		return err
	}
	return s.send(context.Background(), frame("", "answer", map[string]any{"desc": description{Type: "answer", SDP: answer.SDP}, "sfu_node_id": d.Node}))
}

func (l *listener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pc != nil {
		_ = l.pc.Close()
	}
}
