// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pion/webrtc/v4"
	"github.com/redial-rtc/redial/fault"
)

// lockNegotiation waits for the right to negotiate the publishing side.
func (s *session) lockNegotiation(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
		return nil
	case <-s.ctx.Done():
		return asFault(fault.ClientNotConnected.New(), fault.OpPublish)
	case <-ctx.Done():
		return asFault(fault.NegotiationInProgress.Wrap(ctx.Err()), fault.OpPublish)
	}
}

func (s *session) unlockNegotiation() { <-s.turn }

// wireTracks is the complete map of what is published.
func (s *session) wireTracks() map[string]wireTrack {
	out := map[string]wireTrack{}
	for _, p := range s.publications() {
		p.mu.Lock()
		out[p.info.ID] = p.wire()
		p.mu.Unlock()
	}
	return out
}

// negotiate makes an offer of what is published and applies the answer; call it
// with the negotiation locked. An offer whose answer was lost is made again first,
// since a connection cannot make another before.
func (s *session) negotiate(ctx context.Context, l *link, m *media, opt *webrtc.OfferOptions) error {
	switch m.pub.SignalingState() {
	case webrtc.SignalingStateClosed:
		// A server that goes away closes our connection with its own. What
		// follows it does not know the peer's media and says so, whatever is
		// offered; see migrate.
		if last := m.pub.CurrentLocalDescription(); last != nil {
			return s.exchange(ctx, l, m, last.SDP)
		}
	case webrtc.SignalingStateHaveLocalOffer:
		if err := s.exchange(ctx, l, m, m.pub.PendingLocalDescription().SDP); err != nil {
			return err
		}
	}
	sdp, err := localOffer(m.pub, opt)
	if err != nil {
		return err
	}
	return s.exchange(ctx, l, m, sdp)
}

func (s *session) exchange(ctx context.Context, l *link, m *media, sdp string) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.StepTimeout)
	defer cancel()
	var got wireDescription
	err := l.call(ctx, fault.OpPublish, "offer", map[string]any{
		"desc": wireSDP{"offer", sdp}, "tracks": s.wireTracks(), "sfu_node_id": m.node.Load(),
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
			s.log.Warn("a refused offer cannot be taken back", "err", undo)
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

func localOffer(pc *webrtc.PeerConnection, opt *webrtc.OfferOptions) (string, error) {
	o, err := pc.CreateOffer(opt)
	if err != nil {
		return "", fault.SDPCreateOffer.Wrap(err)
	}
	if err := pc.SetLocalDescription(o); err != nil {
		return "", fault.SDPSetLocal.Wrap(err)
	}
	return o.SDP, nil
}

func remoteAnswer(pc *webrtc.PeerConnection, sdp string) error {
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: sdp}); err != nil {
		return fault.SDPSetRemote.Wrap(err)
	}
	return nil
}

// heardTrickle takes a candidate of the server.
func (s *session) heardTrickle(m *media, raw json.RawMessage) {
	var w struct {
		Target    int                     `json:"target"`
		Candidate webrtc.ICECandidateInit `json:"candidate"`
	}
	if m == nil || json.Unmarshal(raw, &w) != nil {
		return
	}
	m.do(func() { m.candidate(w.Target, w.Candidate) })
}
