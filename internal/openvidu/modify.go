// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package openvidu

import (
	"context"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// change is what of a connection is to be different; nil stays as it is.
type change struct {
	role   *string
	data   *string
	record *bool
}

// readRole checks a role of a backend against the template of the session. Fails
// with fault.FieldInvalid and fault.RoleNotFound.
func (n *session) readRole(role string) (string, error) {
	role = strings.ToUpper(role)
	if !slices.Contains([]string{kurento.Subscriber, kurento.Publisher, kurento.Moderator}, role) {
		return "", fault.FieldInvalid.New("field", "role", "want", "SUBSCRIBER, PUBLISHER or MODERATOR")
	}
	if kurento.RoleFor(n.template, role) == "" {
		return "", fault.RoleNotFound.New("field", "role", "role", role, "template", n.template.Name)
	}
	return role, nil
}

func checkData(data string) error {
	if len(data) > maxData {
		return fault.FieldInvalid.New("field", "data", "max_bytes", maxData, "bytes", len(data))
	}
	return nil
}

// modify changes a connection. One that nobody has taken becomes what it was to
// be; who is inside gets the role, whatever wire they came by, and what they may
// publish no more ends. Its data has been told to everybody by then, and stays.
// Fails with fault.PeerNotFound, fault.FieldInvalid and fault.RoleNotFound.
func (s *Service) modify(ctx context.Context, n *session, id string, to change) error {
	var role string
	if to.role != nil {
		var err error
		if role, err = n.readRole(*to.role); err != nil {
			return err
		}
	}
	if to.data != nil {
		if err := checkData(*to.data); err != nil {
			return err
		}
	}
	inside, err := s.change(n, id, role, to)
	if err != nil || !inside {
		return err
	}
	live := s.cfg.Rooms.Active(n.roomID)
	if live == nil {
		return fault.PeerNotFound.New("peer", clip(id))
	}
	snap, err := live.Snapshot(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(snap.Peers, func(p room.Peer) bool { return string(p.ID) == id })
	if i < 0 {
		return fault.PeerNotFound.New("peer", clip(id))
	}
	if role == "" || kurento.RoleOf(n.template.Roles[snap.Peers[i].Role]) == role {
		return nil
	}
	return live.Roles().Request(ctx, "", room.RoleRequest{Target: room.PeerID(id), Role: kurento.RoleFor(n.template, role), Force: true})
}

// change notes what is said of a connection that a backend made, and tells
// whether somebody may be inside by that id.
func (s *Service) change(n *session, id, role string, to change) (inside bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := n.seats[id]
	if c == nil {
		return true, nil // by another wire, or gone
	}
	taken := !c.takenAt.IsZero()
	if to.data != nil && *to.data != c.data {
		if taken {
			return false, fault.FieldInvalid.New("field", "data", "reason", "the connection was taken, and its data told")
		}
		c.data = *to.data
	}
	if to.record != nil {
		c.record = *to.record
	}
	if role != "" && !taken {
		c.role = role
	}
	return taken, nil
}
