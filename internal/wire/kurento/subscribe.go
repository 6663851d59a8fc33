// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

const (
	// sourceWait is how long an offer waits for the media of every announced
	// track. Clients wait 10 s and want a section for each.
	sourceWait = 5 * time.Second
	// answerWait is how long a client may take over an offer that it asked for.
	answerWait = 20 * time.Second
)

// stage is how far a subscription is.
type stage int

const (
	waiting    stage = iota // for the media of its tracks
	offering                // the offer is being made
	offered                 // the client has it
	negotiated              // and has answered
	stalled                 // its media has gone, and may come back
)

// subscription is what the client receives of one stream, on a connection of
// its own.
type subscription struct {
	peer   room.PeerID
	stream Stream
	conn   *participant.Subscription // nil while it waits
	stage  stage
	asked  *call // the call that waits for the media; nil when nobody has asked
	since  time.Time
	offer  webrtc.SessionDescription // of a client that offers itself; without one the server does
}

type streamParams struct {
	Sender    string `json:"sender"`
	Reconnect bool   `json:"reconnect"`
}

// publisher finds whose stream an id is of, among what the client was told.
func (s *session) publisher(streamID string) (room.PeerID, Stream, error) {
	if streamID == "" {
		return "", Stream{}, missing("sender")
	}
	for peer, t := range s.told {
		if t.stream.ID == streamID {
			return peer, t.stream, nil
		}
	}
	return s.h.style.sender(s, streamID)
}

// prepare offers the client a stream. One that asks again gives the connection
// up that it had.
func (s *session) prepare(_ context.Context, c *call, p streamParams) (any, error) {
	return s.subscribe(c, p.Sender, p.Reconnect, webrtc.SessionDescription{})
}

// subscribe begins to send the client a stream, by its offer if it has made one.
// The call is answered once there is media.
func (s *session) subscribe(c *call, streamID string, again bool, offer webrtc.SessionDescription) (any, error) {
	peer, st, err := s.publisher(streamID)
	if err != nil {
		return nil, err
	}
	if was := s.subs[peer]; was != nil && !again {
		if was.stage == negotiated {
			return nil, fault.SubscribeDuplicate.New("stream", st.ID)
		}
		if err := s.h.style.again(was.stage, was); err != nil {
			return nil, err
		}
	}
	if err := s.available(peer, st); err != nil {
		return nil, err
	}
	if s.told[peer].taken { // the first time was paid for by who published it
		if err := s.p.Budget().Afford(offers); err != nil {
			return nil, err
		}
		s.p.Budget().Charge(offers, 0, 0, nil)
	}
	t := s.told[peer]
	t.taken = true
	s.told[peer] = t
	s.drop(peer)
	if offer.SDP == "" {
		delete(s.early, peer) // of a connection before: to our offer there is none yet
	}
	sub := &subscription{peer: peer, stream: st, asked: c, offer: offer, since: time.Now()}
	s.subs[peer] = sub
	s.noteReceived()
	s.p.After(sourceWait, func() {
		if s.subs[peer] == sub && sub.stage == waiting {
			s.fail(sub, fault.NegotiationTimeout.New("waiting_for", "media of the publisher", "seconds", int(sourceWait.Seconds())))
		}
	})
	s.open(sub)
	return later{}, nil
}

// available fails with fault.PeerUnavailable for a publisher that is leaving, as the
// client will hear in a moment, or that is away and sends nothing to forward.
func (s *session) available(peer room.PeerID, st Stream) error {
	p := s.h.all.Participant(s.p.RoomID(), s.told.owner(peer))
	if p != nil && !p.Away() {
		return nil
	}
	for _, id := range st.tracks() {
		if _, arrives := s.p.Media().Source(id); p == nil || !arrives {
			return fault.PeerUnavailable.New("peer", peer)
		}
	}
	return nil
}

// sourceReady hears that media of a peer arrives.
func (s *session) sourceReady(peer room.PeerID) {
	for key, sub := range s.subs {
		if s.told.owner(key) == peer && (sub.stage == waiting || sub.stage == stalled) {
			s.open(sub)
		}
	}
}

// moved goes on with a subscription whose stream comes over other tracks now.
func moved(s *session, sub *subscription, st Stream) {
	sub.stream = st
	if sub.conn != nil {
		s.p.Media().CloseSubscription(sub.conn)
		sub.conn, sub.stage = nil, stalled
	}
	s.open(sub)
}

// open makes the connection of a subscription, once there is media of all its
// tracks, and the offer or the answer for it.
func (s *session) open(sub *subscription) {
	tracks := sub.stream.tracks()
	for _, id := range tracks {
		if _, arrives := s.p.Media().Source(id); !arrives {
			return
		}
	}
	var conn *participant.Subscription
	ours := func() bool { return s.subs[sub.peer] == sub && sub.conn == conn } // and not of one that was given up
	conn, err := s.p.Media().OpenSubscription(participant.SubscriptionOptions{
		Initial: sfu.LayerHigh,
		Wants:   func(src room.SourceReady) bool { return slices.Contains(tracks, src.Track.ID) },
		Offer: func(d webrtc.SessionDescription) {
			if ours() {
				s.tellOffer(sub, d)
			}
		},
		Candidate: func(c webrtc.ICECandidateInit) {
			if ours() && sub.stage == negotiated { // before that they are in the offer
				s.tellCandidate(sub.peer, c)
			}
		},
	})
	if err != nil {
		s.fail(sub, err)
		return
	}
	sub.conn, sub.stage = conn, offering
	if sub.offer.SDP == "" {
		conn.Start()
		return
	}
	answer, err := conn.Accept(sub.offer)
	if err != nil {
		s.fail(sub, err)
		return
	}
	for _, c := range s.takeEarly(sub.peer) {
		_ = conn.AddCandidate(c)
	}
	call := sub.asked
	sub.asked, sub.stage = nil, negotiated
	s.finish(call, map[string]string{"sdpAnswer": s.p.Inject().SDP(answer.Type.String(), answer.SDP)}, nil)
}

// tellOffer passes an offer on. The first one is the answer to a call. A later
// one comes of a lost path or of media that came anew, and no client of this
// wire negotiates twice on a connection: it is made to build another one.
func (s *session) tellOffer(sub *subscription, d webrtc.SessionDescription) {
	switch sub.stage {
	case offering:
	case offered:
		return // repeated for a new socket, whose client asks by itself
	default:
		if sub.offer.SDP != "" { // clients that offer have no word for it, and notice
			s.drop(sub.peer)
			return
		}
		s.p.Media().CloseSubscription(sub.conn)
		sub.conn, sub.stage, sub.asked = nil, stalled, nil
		s.open(sub)
		return
	}
	sub.stage = offered
	conn := sub.conn
	s.p.After(answerWait, func() {
		if s.subs[sub.peer] == sub && sub.conn == conn && sub.stage == offered {
			s.drop(sub.peer)
			f := fault.From(fault.NegotiationTimeout.New("waiting_for", "answer", "stream", sub.stream.ID, "seconds", int(answerWait.Seconds())), fault.OpSubscribe)
			s.p.Events().Refused("receiveVideoFrom", f.Op, f)
			s.h.style.broken(s, sub, f)
		}
	})
	sdp := s.p.Inject().SDP(d.Type.String(), d.SDP)
	if call := sub.asked; call != nil {
		sub.asked = nil
		s.finish(call, map[string]string{"sdpOffer": sdp}, nil)
		return
	}
	s.notify("forciblyReconnectSubscriber", map[string]any{"connectionId": s.told.conn(sub.peer), "streamId": sub.stream.ID, "sdpOffer": sdp})
}

// maxCut is how many exchanges are remembered that ended with their publisher.
const maxCut = 64

// publisherLeft ends what the client receives of a peer that has left. The answer
// that the client may be making is refused with the reason.
func (s *session) publisherLeft(peer room.PeerID) {
	if sub := s.subs[peer]; sub != nil && sub.stage == offered {
		if len(s.cut) >= maxCut {
			clear(s.cut)
		}
		s.cut[sub.stream.ID] = true
	}
	s.drop(peer)
}

// fail ends a subscription that cannot be offered.
func (s *session) fail(sub *subscription, err error) {
	call := sub.asked
	sub.asked = nil
	s.drop(sub.peer)
	if call != nil {
		s.finish(call, nil, err)
	}
}

// drop ends what the client receives of a peer. A call that waits for its offer
// is told.
func (s *session) drop(peer room.PeerID) {
	sub := s.subs[peer]
	if sub == nil {
		return
	}
	delete(s.subs, peer)
	s.noteReceived()
	if sub.conn != nil {
		s.p.Media().CloseSubscription(sub.conn)
	}
	if call := sub.asked; call != nil {
		sub.asked = nil
		s.finish(call, nil, fault.SubscribePeerLeft.New("stream", sub.stream.ID))
	}
}

type receiveParams struct {
	Sender string `json:"sender"`
	Offer  string `json:"sdpOffer"`
	Answer string `json:"sdpAnswer"`
}

// receiveFrom takes the client's answer to the offer of a stream, or its own
// offer.
func (s *session) receiveFrom(_ context.Context, c *call, p receiveParams) (any, error) {
	if p.Offer != "" {
		offer, err := s.describe(p.Offer, "sdpOffer", webrtc.SDPTypeOffer)
		if err != nil {
			return nil, err
		}
		return s.subscribe(c, p.Sender, false, offer)
	}
	return nil, s.answered(p.Sender, p.Answer, "sdpAnswer")
}

func (s *session) answered(streamID, text, field string) error {
	if s.cut[streamID] { // while its client made the answer
		delete(s.cut, streamID)
		return fault.NegotiationPeerLeft.New("stream", streamID)
	}
	peer, _, err := s.publisher(streamID)
	if err != nil {
		return err
	}
	if text == "" {
		return missing(field)
	}
	sub := s.subs[peer]
	if sub == nil || sub.stage != offered {
		return fault.AnswerUnexpected.New("stream", streamID)
	}
	// How long it may be depends on the offer; see sfu.AnswerLimit.
	answer := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}
	if err := sub.conn.Answer(answer); err != nil {
		s.drop(peer)
		return err
	}
	sub.stage = negotiated
	return nil
}

type senderParams struct {
	Sender string `json:"sender"`
}

// unsubscribe ends what the client receives of a peer, which it names by its
// connection. That there is nothing is no fault: the stream may have ended
// meanwhile.
func (s *session) unsubscribe(_ context.Context, _ *call, p senderParams) (any, error) {
	if p.Sender == "" {
		return nil, missing("sender")
	}
	s.drop(room.PeerID(p.Sender))
	delete(s.early, room.PeerID(p.Sender))
	return nil, nil
}

type reconnectParams struct {
	Stream string `json:"stream"`
	SDP    string `json:"sdpString"`
	Offer  string `json:"sdpOffer"`
}

// reconnect takes a stream on a new connection: an offer for the client's own,
// an offer or the answer to one for another's.
func (s *session) reconnect(ctx context.Context, c *call, p reconnectParams) (any, error) {
	switch {
	case p.Stream == "":
		return nil, missing("stream")
	case s.pubs.stream(p.Stream) != nil:
		return s.republish(ctx, s.pubs.stream(p.Stream), p.SDP)
	case p.Offer != "":
		offer, err := s.describe(p.Offer, "sdpOffer", webrtc.SDPTypeOffer)
		if err != nil {
			return nil, err
		}
		return s.subscribe(c, p.Stream, true, offer)
	}
	return nil, s.answered(p.Stream, p.SDP, "sdpString")
}
