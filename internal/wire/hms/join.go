// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/report"
)

type pingParams struct {
	Timestamp json.RawMessage `json:"timestamp"`
}

// maxTimestamp is how long the time of a ping may be, as it is repeated.
const maxTimestamp = 64

// ping answers at once: a client hears from us at least every 12 s or gives
// the socket up.
func (s *session) ping(_ context.Context, p pingParams) (any, error) {
	switch {
	case len(p.Timestamp) == 0:
		return nil, nil
	case len(p.Timestamp) > maxTimestamp:
		return nil, fault.FieldInvalid.New("field", "timestamp", "max_bytes", maxTimestamp)
	}
	if ms, err := strconv.ParseInt(string(p.Timestamp), 10, 64); err == nil && ms > 0 && ms < 1<<48 {
		s.p.Events().Heard(time.UnixMilli(ms))
	}
	return map[string]json.RawMessage{"timestamp": p.Timestamp}, nil
}

type joinParams struct {
	Name    string `json:"name"`
	Data    string `json:"data"`
	Offer   *sdp   `json:"offer"`
	NoVideo *bool  `json:"disableVidAutoSub"`
	// OnDemand is a client that knows videos by the peer list and is offered each
	// once it has asked for a layer.
	OnDemand bool `json:"onDemandTracks"`
}

// join brings the peer into the room. Repeated on a new socket, as a client
// does that never saw the first answer, it starts over.
func (s *session) join(ctx context.Context, p joinParams) (any, error) {
	if s.p.Leaving() {
		return nil, fault.PeerGone.New("peer", s.p.ID())
	}
	if s.p.Joined() && s.joinedOn == s.conn {
		return nil, fault.PeerAlreadyJoined.New("peer", s.p.ID())
	}
	res := description{Node: s.node}
	var negotiate func() error
	if p.Offer != nil {
		offer, err := p.Offer.read("offer", webrtc.SDPTypeOffer, s.h.cfg.MaxSDP)
		if err != nil {
			return nil, err
		}
		negotiate = func() error {
			if err := s.media.open(); err != nil {
				return err
			}
			answer, err := s.media.pub.Answer(ctx, offer)
			res = s.media.describe(answer)
			return err
		}
	}
	s.media.autoVideo = p.NoVideo != nil && !*p.NoVideo
	s.media.onDemand.Store(&p.OnDemand)
	if err := s.p.Join(ctx, participant.Profile{Name: p.Name, Data: p.Data}, negotiate); err != nil {
		return nil, err
	}
	s.joinedOn, s.listed = s.conn, false
	return after{res, s.begin}, nil
}

// begin follows the answer that gave the client its connections: what it may receive is
// offered at once, and the room told when the client expects it. Clients keep media of
// peers that they do not know yet.
func (s *session) begin() {
	s.media.start()
	s.p.After(listDelay, s.p.Refresh)
}

type leaveParams struct {
	Reason string `json:"client_reason"`
}

// gaveUp is the reason of a client that leaves because of an error, and not
// because its user wants to.
const gaveUp = "sdk request"

// sayLeave is the client's goodbye; it closes the socket itself. An SDK that
// fails at an offer of ours ends its session before it could report that, so
// the goodbye is all there is to know of the failure.
func (s *session) sayLeave(_ context.Context, p leaveParams) (any, error) {
	if p.Reason == gaveUp && s.p.Joined() && s.media.sub != nil && s.media.sub.Offered() && !s.p.Leaving() {
		f := fault.From(fault.RenegotiationFailed.New("reason", "the client left and did not answer an offer"), fault.OpSubscribe)
		s.p.Events().RecordEnd(event.SubscribeFailed, f)
	}
	return after{nil, s.p.Goodbye("left")}, nil
}

// analytics stores what the client's SDK reports over the socket, and keeps what
// else it remarks for the next record.
func (s *session) analytics(_ context.Context, raw json.RawMessage) (any, error) {
	e, keep, err := report.Socket(raw, s.p.Events().Subject())
	if err != nil {
		return nil, err
	}
	if !keep {
		if note, ok := report.Note(raw); ok {
			s.p.Events().Note(note)
		}
		return nil, nil
	}
	if err := s.p.Events().Report(e); err != nil {
		return nil, err
	}
	if e.Type == event.SubscribeFailed && !e.Failure.Terminal {
		switch e.Fault {
		case fault.ICEDisconnected.ID, fault.ICEFailed.ID:
			s.p.Media().Mend() // it waits for us
		}
	}
	return nil, nil
}
