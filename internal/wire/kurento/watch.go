// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/room"
)

// asks is a question whose answer has everybody in it.
var asks = participant.Cost{Asks: 4 << 10}

// watchOps are the methods that only clients have who watch together.
var watchOps = map[string]operation{
	"setParticipantType": {op: fault.OpUpdate, run: typed(setType), cost: tells},
	"sendPlayerData":     {op: fault.OpMessage, run: typed(sendPlayer), cost: tells},
	"getSessionState":    {op: fault.OpPeers, run: tellState, cost: asks},
}

type typeParams struct {
	Type string `json:"type"`
}

// setType has the client take part in another way. What it may not publish any more
// ends.
func setType(s *session, ctx context.Context, _ *call, p typeParams) (any, error) {
	if p.Type == "" {
		return nil, missing("type")
	}
	mode, err := modeOf(p.Type)
	if err != nil {
		return nil, err
	}
	gone, err := s.p.Room().SetMode(ctx, s.p.ID(), mode)
	if err != nil {
		return nil, err
	}
	s.mode = mode
	mine := s.pubs.only()
	if mine != nil && slices.ContainsFunc(gone, func(t room.Track) bool { return slices.Contains(mine.stream.tracks(), t.ID) }) {
		s.withdraw(ctx, mine, "") // a stream is negotiated once, with all that it carries
		s.notify("participantUnpublished", map[string]any{"connectionId": s.p.ID(), "reason": "unpublish"})
	}
	return map[string]string{"type": p.Type}, nil
}

type playerParams struct {
	Data json.RawMessage `json:"data"`
}

// sendPlayer tells the others where the client's player is.
func sendPlayer(s *session, ctx context.Context, _ *call, p playerParams) (any, error) {
	if len(p.Data) == 0 {
		return nil, missing("data")
	}
	return nil, s.p.Room().Player().Send(ctx, s.p.ID(), p.Data)
}

// tellState tells the client what the session is like and who is inside.
func tellState(s *session, ctx context.Context, _ *call) (any, error) {
	snap, err := s.p.Room().Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	all := []connection{}
	for _, p := range snap.Peers {
		for _, v := range s.views(p) {
			all = append(all, v.published())
		}
	}
	return struct {
		sessionState
		Participants []connection `json:"participants"`
	}{stateOf(s, snap), all}, nil
}

// update implements style.
func (sceenic) update(s *session, u room.Update) {
	switch u := u.(type) {
	case room.ModeChanged:
		if _, known := s.told[u.Peer.ID]; known {
			s.notify("participantTypeChanged", map[string]any{"connectionId": u.Peer.ID, "type": types[u.Peer.Mode]})
		}
	case room.RulesChanged:
		s.notify("sessionLockChanged", map[string]any{"locked": u.Rules.Locked})
	case room.LeaderChanged:
		s.notify("synchronizerChanged", map[string]any{"connectionId": u.PeerID})
	case room.PlayerMoved:
		s.notify("playerData", wordPlayer(u.State))
	case room.SpeakersChanged:
		tellSpeakers(s, u.Speakers)
	}
}

// tellSpeakers tells who began to speak and who fell silent.
func tellSpeakers(s *session, now []room.Speaker) {
	speaking := make(map[room.PeerID]bool, len(now))
	for _, one := range now {
		if speaking[one.PeerID] = true; !s.speaking[one.PeerID] {
			s.notify("participantSpeaking", map[string]any{"connectionId": one.PeerID})
		}
	}
	for id := range s.speaking {
		if !speaking[id] {
			s.notify("participantStopSpeaking", map[string]any{"connectionId": id})
		}
	}
	s.speaking = speaking
}
