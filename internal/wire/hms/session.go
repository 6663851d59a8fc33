// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/socket"
)

// Timing of a session.
const (
	// Clients note how long the peer list took only if it does not arrive in
	// the same instant as the answer to join.
	listDelay = 100 * time.Millisecond
	// A client told to migrate needs the refusal of its offer first.
	moveDelay = 20 * time.Millisecond
	callLimit = 10 * time.Second
)

// link is what a session needs of its socket; socket.Conn is one.
type link interface {
	participant.Socket
	Send(frame any) int
	SendFrame(frame []byte)
	SendReliable(frame []byte)
	Expect(bytes int)
	Missed() (frames [][]byte, lost int)
}

// session is this wire's side of one participant. It outlives the client's
// sockets.
type session struct {
	h *Handler
	p *participant.Participant

	conn     link            // nil while the peer is away
	joinedOn link            // on which socket it joined: a second join there is a mistake of the client
	listed   bool            // the client has the peer list, so news about peers makes sense to it
	pending  *socket.Backlog // kept for a peer that is away
	node     string          // the id the client knows this process by
	moves    int             // how often it was told another one

	media *media
}

func newSession(h *Handler, p *participant.Participant) *session {
	s := &session{h: h, p: p, pending: h.cfg.Sockets.NewBacklog(), node: h.all.Node()}
	s.media = &media{s: s, told: map[room.TrackID]toldLayer{}}
	s.media.withdrawn = withdrawals{s.media, map[room.TrackID]room.TracksRemoved{}}
	return s
}

// Greet implements participant.Wire: a client waits for its policy before it
// does anything, then for what it may know of the room.
func (s *session) Greet(c participant.Socket) {
	s.Parted()
	s.conn = c.(link)
	s.notify("on-policy-change", policyOnWire(s.p.Role(), s.p.Template()))
	if s.p.Joined() {
		return // the peer list follows, with the room in it
	}
	snap, err := s.p.Preview()
	if err != nil {
		return
	}
	s.notify("room-info", roomInfoOnWire(snap))
	peers, tracks := snap.Counts()
	s.notify("session-info", sessionInfoOnWire(snap.RoomID, snap.SessionID, peers, tracks))
	s.tellRoomState(nil, func() (room.Snapshot, bool) { return snap, true })
}

// Parted implements participant.Wire. What the lost socket was given and the
// client may never have got goes ahead of what has happened since.
func (s *session) Parted() {
	if s.conn != nil {
		s.pending.Precede(s.conn.Missed())
	}
	s.conn, s.listed = nil, false
}

// End implements participant.Wire.
func (s *session) End(f *fault.Error) { s.notify("on-error", wordFault(f)) }

// CloseMedia implements participant.Wire. A client builds its connections anew
// once it knows this process by another id.
func (s *session) CloseMedia(why participant.MediaEnd) {
	s.media.closed()
	if why == participant.MediaOver {
		return
	}
	s.moves++
	s.node = fmt.Sprintf("%s-%d", s.h.all.Node(), s.moves)
	s.listed = false
	if why == participant.MediaMoved {
		s.tellNode()
	}
}

func (s *session) tellNode() {
	s.notify("node-info", map[string]string{"sfu_node_id": s.node})
}

// TellStranger implements participant.Stranger: a peer of a role that is in no
// policy, and then the policy. Clients that look the role up end their session.
func (s *session) TellStranger(f *fault.Error) {
	s.p.Events().RecordAs(event.Disconnected, "VALIDATION", f)
	stranger := room.Peer{ID: room.PeerID(uuid.NewString()), Name: "Injected", Role: "injected-unknown-role", JoinedAt: time.Now()}
	s.notify("on-peer-join", fullPeerOnWire(stranger))
	s.notify("on-policy-change", policyOnWire(s.p.Role(), s.p.Template()))
	s.notify("on-peer-leave", peerOnWire(stranger))
}

// tellRoomState shows a preview who is inside, as far as the template lets it. Of all
// previews that are told of one change, one looks.
func (s *session) tellRoomState(all *room.Shared, look func() (room.Snapshot, bool)) {
	set := s.p.Template().Settings.RoomState
	if !set.Enabled {
		return
	}
	s.notifyShared(all, "room-state", func() any {
		snap, ok := look()
		if !ok {
			return nil
		}
		n := len(snap.Peers)
		if !set.SendPeerList {
			snap.Peers = nil
		}
		state := roomStateOnWire(snap)
		state.Count = n
		return state
	})
}

// notify sends a notification, if anybody is there to hear it.
func (s *session) notify(method string, params any) {
	if s.conn != nil {
		s.conn.Send(notification(method, params))
	}
}

// sharedFrame is the key of a notification that is the same for all sessions: its method.
type sharedFrame string

// errNothing is that of a notification without params, which is not sent.
var errNothing = errors.New("there is nothing to tell")

// frame is a notification as it is sent, encoded once for all who are told; false where
// there is nothing to tell.
func (s *session) frame(all *room.Shared, method string, params func() any) (b []byte, ok bool) {
	b, err := all.Once(sharedFrame(method), func() ([]byte, error) {
		of := params()
		if of == nil {
			return nil, errNothing
		}
		return socket.Encode(notification(method, of))
	})
	if err != nil && !errors.Is(err, errNothing) {
		s.p.Log().Error("frame cannot be encoded", "err", err)
	}
	return b, err == nil
}

// notifyShared is notify for what others are told as well.
func (s *session) notifyShared(all *room.Shared, method string, params func() any) {
	if s.conn == nil {
		return
	}
	if b, ok := s.frame(all, method, params); ok {
		s.conn.SendFrame(b)
	}
}

// notifyListed sends what makes sense only beside the peer list.
func (s *session) notifyListed(all *room.Shared, method string, params func() any) {
	if s.listed {
		s.notifyShared(all, method, params)
	}
}

// notifyReliable sends a notification that a peer must not miss while it is away.
func (s *session) notifyReliable(all *room.Shared, method string, params func() any) {
	b, ok := s.frame(all, method, params)
	if !ok {
		return
	}
	if s.conn != nil && s.listed {
		s.conn.SendReliable(b)
		return
	}
	s.pending.Keep(b)
}

// tellPending sends what was kept for the peer, and says what could not be kept.
func (s *session) tellPending() {
	kept, lost, limit := s.pending.Take()
	for _, b := range kept {
		s.conn.SendReliable(b)
	}
	if lost > 0 {
		f := fault.From(fault.MessageLost.New("messages", lost, "limit", limit), fault.OpReconnect)
		s.h.all.Count(f)
		s.p.Log().Warn("messages were not kept", "fault", f)
		s.notify("on-warning", wordFault(f))
	}
}

// Closed implements participant.Wire.
func (s *session) Closed() {
	s.Parted()
	s.pending.Take()
}
