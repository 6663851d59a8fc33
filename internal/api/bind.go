// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// bind holds what somebody with a room token reports to what the token proves. A
// peer that is known must be theirs, and is in the role and the session that it
// is known in; one that nobody knows, as it was never inside, has the token's
// role and no session. Another role or session that the report names is kept as
// claimed_role and claimed_session_id. What it tells of late is placed when it
// happened. Fails with fault.FieldInvalid.
func (e *Events) bind(c *Call, claims token.Claims, found *event.Event) error {
	role, session := found.Role, found.SessionID
	var came time.Time
	found.Role, found.SessionID = claims.Role, ""
	if found.PeerID != "" {
		if !room.WellFormedPeer(found.PeerID) {
			return fault.FieldInvalid.New("field", "peer.peer_id", "want", "1 to 128 bytes of visible UTF-8 text")
		}
		as, err := e.part(c, claims, found.PeerID, session)
		if err != nil {
			return err
		}
		found.SessionID = as.SessionID
		if as.Role != "" && role != claims.Role {
			found.Role = as.Role // it was changed since the token was made
		}
		if found.Type != event.ConnectFailed && found.Type != event.JoinFailed {
			came = as.JoinedAt
		}
	}
	claimed(found, "claimed_role", role, found.Role)
	claimed(found, "claimed_session_id", session, found.SessionID)
	e.cfg.Clocks.Place(found, claims.Digest, came)
	return nil
}

// claimed keeps what a report says and is not so.
func claimed(found *event.Event, name, said, is string) {
	if said == "" || said == is {
		return
	}
	if found.Extra = maps.Clone(found.Extra); found.Extra == nil {
		found.Extra = map[string]json.RawMessage{}
	}
	found.Extra[name], _ = json.Marshal(said)
}

// part is the part that a peer of the token's took in a session of its room: in
// the one that is named, if it did, or else in the latest. It is empty for a
// peer that nobody knows, and fault.FieldInvalid for one of somebody else's.
func (e *Events) part(c *Call, claims token.Claims, peer, session string) (registry.SessionPeer, error) {
	theirs := func(p registry.SessionPeer) bool {
		return claims.Owns(p.Resume) || claims.SameUser(p.UserID, p.UserProof) ||
			p.UserProof == "" && p.Resume == "" && p.UserID == claims.UserID // of an earlier version
	}
	known, err := e.cfg.Registry.KnownPeers(c.Context(), claims.RoomID, peer, false)
	if err != nil {
		return registry.SessionPeer{}, err
	}
	if e.cfg.Rooms != nil {
		if live := e.cfg.Rooms.Active(claims.RoomID); live != nil {
			if p, err := live.Peer(c.Context(), room.PeerID(peer)); err == nil {
				known = slices.Insert(known, 0, e.living(c, live, p, known))
			}
		}
	}
	if len(known) == 0 {
		return registry.SessionPeer{}, nil
	}
	known = slices.DeleteFunc(known, func(p registry.SessionPeer) bool { return !theirs(p) })
	if len(known) == 0 {
		return registry.SessionPeer{}, fault.FieldInvalid.New("field", "peer.peer_id", "reason", "is the peer of another user")
	}
	if i := slices.IndexFunc(known, func(p registry.SessionPeer) bool { return p.SessionID == session }); i > 0 {
		return known[i], nil
	}
	return known[0], nil
}

// living is a peer inside, which the registry may not have yet.
func (e *Events) living(c *Call, live *room.Room, p room.Peer, known []registry.SessionPeer) registry.SessionPeer {
	as := registry.SessionPeer{ID: string(p.ID), UserID: p.UserID, UserProof: p.UserProof, Resume: p.Resume, Role: p.Role, JoinedAt: p.JoinedAt}
	if len(known) > 0 && known[0].LeftAt.IsZero() {
		as.SessionID = known[0].SessionID
	} else if s, err := live.Snapshot(c.Context()); err == nil {
		as.SessionID = s.SessionID
	}
	return as
}

// userProof reads which user of an id is meant: the proven one unless the caller
// says otherwise.
func userProof(c *Call) (string, error) {
	proof := c.Query("user_id_proof")
	switch {
	case proof == "":
		return event.ProofToken, nil
	case !slices.Contains(event.Proofs, proof):
		return "", fault.FieldInvalid.New("field", "user_id_proof", "want", strings.Join(event.Proofs, ", "))
	}
	return proof, nil
}
