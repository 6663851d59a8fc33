package signal

import (
	"context"
	"encoding/json"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/room"
)

type pingParams struct {
	Timestamp json.RawMessage `json:"timestamp"`
}

// maxTimestamp is how long the time of a ping may be, as it is repeated.
const maxTimestamp = 64

// ping answers at once: a client hears from us at least every 12 s or gives
// the socket up.
func (s *seat) ping(_ context.Context, p pingParams) (any, error) {
	switch {
	case len(p.Timestamp) == 0:
		return nil, nil
	case len(p.Timestamp) > maxTimestamp:
		return nil, fault.FieldInvalid.New("field", "timestamp", "max_bytes", maxTimestamp)
	}
	return map[string]json.RawMessage{"timestamp": p.Timestamp}, nil
}

type joinParams struct {
	Name    string `json:"name"`
	Data    string `json:"data"`
	Offer   *sdp   `json:"offer"`
	NoVideo *bool  `json:"disableVidAutoSub"`
}

// join brings the peer into the room. Repeated on a new socket, as a client
// does that never saw the first answer, it starts over.
func (s *seat) join(ctx context.Context, p joinParams) (any, error) {
	if s.leaving {
		return nil, fault.PeerGone.New("peer", s.key.peer)
	}
	if s.joined && s.joinedOn == s.conn {
		return nil, fault.PeerAlreadyJoined.New("peer", s.key.peer)
	}
	if err := room.CheckProfile(&p.Name, &p.Data); err != nil {
		return nil, err
	}
	var offer webrtc.SessionDescription
	if p.Offer != nil {
		var err error
		if offer, err = p.Offer.read("offer", webrtc.SDPTypeOffer, s.h.cfg.MaxSDP); err != nil {
			return nil, err
		}
	}
	if s.joined {
		s.recordTracksGone()
		s.room.Leave(ctx, s.key.peer, "joined again")
		s.closeMedia()
		s.joined = false
	}
	// The place may have been locked or disabled while the peer looked on.
	place, err := s.h.cfg.Directory.Place(ctx, s.key.room)
	if err != nil {
		return nil, err
	}
	s.place.Enabled, s.place.Locked = place.Enabled, place.Locked
	if err := s.h.admitNew(ctx, visitor{peer: s.key.peer, claims: s.claims, place: s.place}); err != nil {
		return nil, err
	}
	s.name, s.data = p.Name, p.Data
	s.media.autoVideo = p.NoVideo != nil && !*p.NoVideo
	res := description{Node: s.node}
	if p.Offer != nil {
		if err := s.openMedia(); err != nil {
			return nil, err
		}
		answer, err := s.media.pub.Answer(ctx, offer)
		if err != nil {
			s.closeMedia()
			return nil, err
		}
		res = s.describe(answer)
	}
	r, _, err := s.h.cfg.Hub.Join(ctx, s.place.Facts, s, room.Peer{
		ID: s.key.peer, UserID: s.claims.UserID, Name: p.Name, Data: p.Data, Role: s.role,
	})
	if err != nil {
		s.closeMedia()
		return nil, err
	}
	s.inside(r)
	s.joinedOn = s.conn
	if c, ok := s.h.cfg.Events.(joinCounter); ok {
		c.Joined(s.subject())
	}
	return after{res, func() { s.after(listDelay, s.refresh) }}, nil
}

// inside marks the peer as joined.
func (s *seat) inside(r *room.Room) {
	s.room, s.joined, s.listed = r, true, false
	s.inject.Rename(s.name, s.role)
	s.place.Facts.Template = r.Template()
	if s.rater == nil {
		s.rater = s.after(rateEvery, s.judge)
	}
}

// refresh asks the room for its present state; what it says arrives among the
// news, in order.
func (s *seat) refresh() {
	if s.joined && s.room != nil {
		_ = s.room.Refresh(s.ctx, s.key.peer)
	}
}

// recover seats a peer an earlier process held. Its media is gone; its first
// offer starts it anew.
func (s *seat) recover(p room.Peer) {
	p.ID = s.key.peer
	s.name, s.data, s.role = p.Name, p.Data, p.Role
	r, _, err := s.h.cfg.Hub.Join(s.ctx, s.place.Facts, s, p)
	if err != nil {
		f := fault.From(err, fault.OpReconnect)
		s.record(event.Disconnected, "RECONNECT_SIGNAL", f)
		s.leaving = true
		s.end()
		return
	}
	s.inside(r)
	s.log.Info("peer recovered from an earlier process")
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
func (s *seat) sayLeave(_ context.Context, p leaveParams) (any, error) {
	if p.Reason == gaveUp && s.joined && s.media.offered && !s.leaving {
		f := fault.From(fault.RenegotiationFailed.New("reason", "the client left and did not answer an offer"), fault.OpSubscribe)
		s.log.Warn("failed", "fault", f, "event", string(event.SubscribeFailed))
		e := seen(event.SubscribeFailed, "SUBSCRIBE", f, s.subject())
		e.Failure.Terminal = true
		s.h.cfg.Events.Record(e)
	}
	s.leaveRoom("left")
	s.leaving = true
	s.h.vacate(s)
	return after{nil, func() { s.finishSeat("left") }}, nil
}

// analytics stores what the client's SDK reports over the socket.
func (s *seat) analytics(_ context.Context, raw json.RawMessage) (any, error) {
	e, keep, err := report.Socket(raw, s.subject())
	if err != nil || !keep {
		return nil, err
	}
	if err := s.h.cfg.Inject.Store(s.who()); err != nil {
		return nil, err
	}
	s.h.cfg.Events.Record(e)
	if e.Type == event.SubscribeFailed && !e.Failure.Terminal {
		switch e.Fault {
		case fault.ICEDisconnected.ID, fault.ICEFailed.ID:
			s.mendSub() // it waits for us
		}
	}
	return nil, nil
}
