// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package repro

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/policy"
)

// Failure is what is reproduced.
type Failure struct {
	Event *event.Event
	Cause string // of its verdict, a fault's id; "" where it is not known
}

// id is what is to be brought about: the cause, or else the fault itself.
func (f *Failure) id() string { return cmp.Or(f.Cause, f.Event.Fault) }

// plan is how a failure is reproduced: by one of the two, or whyNot says why it is not.
type plan struct {
	retrace *retrace
	provoke *inject.Cause
	whyNot  string
}

func planFor(f *Failure) plan {
	id := f.id()
	if r, ok := retraces[id]; ok && f.Event.Type != event.Disconnected {
		return plan{retrace: &r}
	}
	all := inject.Causes()
	if i := slices.IndexFunc(all, func(c inject.Cause) bool { return c.ID == id }); i >= 0 {
		return plan{provoke: &all[i]}
	}
	if id == "" {
		return plan{whyNot: "neither the cause nor the fault is known"}
	}
	return plan{whyNot: inject.WhyNot(id)}
}

func (p plan) way() Way {
	switch {
	case p.retrace != nil:
		return Retraced
	case p.provoke != nil:
		return Provoked
	}
	return ""
}

// retrace is how the same is tried in earnest.
type retrace struct {
	says     string // what is done
	taken    bool   // somebody is in the room already
	template func(t *policy.Template, role string)
	room     func(s *set)       // changes the room that is made, which is as hers is now
	token    func(s *set) error // changes the claims of the token
	now      bool               // hers is tried as it is set now, so that getting in says that it was changed
}

// retraces are the causes that are a state of the room or of the token.
var retraces = map[string]retrace{
	fault.RoomLocked.ID:   {says: "A room with the settings that hers has now; a test participant joins it.", now: true},
	fault.RoomDisabled.ID: {says: "A room with the settings that hers has now; a test participant joins it.", now: true},
	fault.RoomFull.ID: {
		says: "A room with one seat, which is taken; a test participant joins it.", taken: true,
		room: func(s *set) { s.room.MaxPeers, s.room.Locked, s.room.Enabled = 1, false, true },
	},
	fault.RoleFull.ID: {
		says: "A room whose role has one seat, which is taken; a test participant joins it in that role.", taken: true,
		template: func(t *policy.Template, role string) {
			if r, ok := t.Roles[role]; ok {
				r.MaxPeers = 1
				t.Roles[role] = r
			}
		},
		room: func(s *set) { s.room.Locked, s.room.Enabled = false, true },
	},
	fault.TokenRole.ID: {says: "A room with the roles that hers has now; a test participant joins it in her role.", now: true,
		room: func(s *set) { s.room.Locked, s.room.Enabled = false, true }},
	fault.TokenRoomUnknown.ID: {
		says:  "A token for a room that does not exist; a test participant joins with it.",
		token: func(s *set) error { s.claims.RoomID = uuid.NewString(); return nil },
	},
	fault.TokenExpired.ID:     {says: "A token that was as old as hers; a test participant joins with it.", token: asOld},
	fault.TokenNotYetValid.ID: {says: "A token of the same distance in time as hers; a test participant joins with it.", token: asOld},
	fault.TokenRevoked.ID: {
		says: "A token that was revoked; a test participant joins with it.",
		token: func(s *set) error {
			s.claims.ID = uuid.NewString()
			return s.cfg.Registry.Revoke(context.Background(), s.claims.ID, time.Now().Add(time.Hour))
		},
	},
}

// asOld gives a token the times of hers, moved to now. Where they are not known it is an
// hour off.
func asOld(s *set) error {
	now := time.Now()
	if e := s.failure.Event.Evidence; e != nil && usable(e.Token) {
		by := now.Sub(e.Token.Now)
		s.claims.IssuedAt, s.claims.NotBefore, s.claims.ExpiresAt = e.Token.IssuedAt.Add(by), e.Token.NotBefore.Add(by), e.Token.Expires.Add(by)
		return nil
	}
	by := -2 * time.Hour
	if s.failure.id() == fault.TokenNotYetValid.ID {
		by = time.Hour
	}
	s.claims.IssuedAt, s.claims.NotBefore, s.claims.ExpiresAt = now.Add(by), now.Add(by), now.Add(by+time.Hour)
	return nil
}

// usable tells whether a token can be made with these times.
func usable(t *evidence.Token) bool {
	return t != nil && !t.Now.IsZero() && !t.NotBefore.IsZero() && t.Expires.After(t.NotBefore)
}
