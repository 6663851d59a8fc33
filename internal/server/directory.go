// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/registry/journal"
	"github.com/redial-rtc/redial/internal/room"
)

// directory finds rooms for whoever knocks: in the registry, and what ended there
// also before the journal has written it.
type directory struct {
	registry *registry.Registry
	journal  *journal.Journal
}

// RoomRecord implements participant.Directory.
func (d directory) RoomRecord(ctx context.Context, roomID string) (participant.RoomRecord, error) {
	ended, locked := d.journal.Unwritten(roomID) // asked first: what it knows no more is in the registry
	r, err := d.registry.Room(ctx, roomID)
	if err != nil {
		return participant.RoomRecord{}, err
	}
	t, err := d.registry.Template(ctx, r.TemplateID)
	if err != nil {
		return participant.RoomRecord{}, err
	}
	p := participant.RoomRecord{
		Spec: room.Spec{
			ID: r.ID, Name: r.Name, Description: r.Description, Template: t,
			MaxPeers: r.MaxPeers, MaxStreaming: r.MaxStreaming, MaxDuration: r.MaxDuration, Large: r.LargeRoom,
		},
		Account: r.CustomerID, Enabled: r.Enabled, Locked: r.Locked || locked,
	}
	// A session that an earlier process left is continued, so that whoever
	// comes back finds the same one.
	left, ok, err := d.registry.OpenSession(ctx, r.ID)
	if err != nil {
		return participant.RoomRecord{}, err
	}
	if ok && !ended {
		p.Spec.SessionID, p.Spec.SessionFrom = left.ID, left.StartedAt
		rest, err := d.registry.Leftover(ctx, left.ID)
		if err != nil {
			return participant.RoomRecord{}, err
		}
		for _, m := range rest.Metadata {
			var data json.RawMessage // nil when nothing was given
			if m.Data != "" {
				data = json.RawMessage(m.Data)
			}
			p.Spec.Metadata = append(p.Spec.Metadata, room.Entry{
				Key: m.Key, Data: data, Version: m.Version, UpdatedAt: m.UpdatedAt, UpdatedBy: room.PeerID(m.UpdatedBy),
			})
		}
		p.Spec.Removed = make(map[room.PeerID]time.Time, len(rest.Removed))
		for id, at := range rest.Removed {
			p.Spec.Removed[room.PeerID(id)] = at
		}
	}
	return p, nil
}

// Held implements participant.Directory.
func (d directory) Held(ctx context.Context, roomID string, id room.PeerID) (room.Peer, bool, error) {
	p, ok, err := d.registry.HeldPeer(ctx, roomID, string(id))
	if err != nil || !ok {
		return room.Peer{}, false, err
	}
	return peerOf(p), true, nil
}

// Former implements participant.Directory.
func (d directory) Former(ctx context.Context, roomID string, id room.PeerID) (room.Peer, bool, error) {
	known, err := d.registry.KnownPeers(ctx, roomID, string(id), true)
	if err != nil || len(known) == 0 {
		return room.Peer{}, false, err
	}
	return peerOf(known[0]), true, nil
}

// peerOf is a peer as the registry knows it.
func peerOf(p registry.SessionPeer) room.Peer {
	return room.Peer{
		ID: room.PeerID(p.ID), UserID: p.UserID, UserProof: p.UserProof, Resume: p.Resume, Name: p.Name, Data: p.Data,
		Role: p.Role, Groups: p.Groups, JoinedAt: p.JoinedAt,
	}
}
