// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// MaxPlayerData is how many bytes may be said of a player at once.
const MaxPlayerData = 16 << 10

// PlayerState is what was last said of the player.
type PlayerState struct {
	From PeerID
	Data json.RawMessage // the app's own
	At   time.Time
}

// Player is a player that peers of the session watch together, each in an app of
// its own. One of them leads: what it says of its player the others follow.
type Player struct {
	r      *Room
	leader PeerID // "" while nobody watches
	last   PlayerState
}

// Send tells the others who watch where the leader's player is. It fails with
// fault.SyncNotAllowed for anybody else, and fault.FieldInvalid for too much.
func (p *Player) Send(ctx context.Context, by PeerID, data json.RawMessage) error {
	return act(ctx, p.r, func() error {
		if _, err := p.r.member(by); err != nil {
			return err
		}
		if by != p.leader {
			return fault.SyncNotAllowed.New("leader", p.leader)
		}
		if len(data) > MaxPlayerData {
			return fault.FieldInvalid.New("field", "data", "max_bytes", MaxPlayerData, "bytes", len(data))
		}
		p.last = PlayerState{by, slices.Clone(data), time.Now()}
		tell(p.r, PlayerMoved{p.last}, func(m *member) bool { return m.Watches && m.ID != by })
		return nil
	})
}

// Lead makes a peer that watches the leader. It is the server's own act. Fails with
// fault.PeerNotFound.
func (p *Player) Lead(ctx context.Context, id PeerID) error {
	return act(ctx, p.r, func() error {
		m, err := p.r.member(id)
		switch {
		case err != nil:
			return err
		case !m.Watches:
			return fault.PeerNotFound.New("peer", id, "reason", "its app has no player to follow")
		}
		p.lead(id)
		return nil
	})
}

func (p *Player) lead(id PeerID) {
	if p.leader == id {
		return
	}
	p.leader = id
	tell(p.r, LeaderChanged{id}, func(m *member) bool { return m.Watches })
}

// joined hears of a peer, which leads if nobody does.
func (p *Player) joined() {
	if p.leader == "" {
		p.lead(p.eldest())
	}
}

// eldest is the peer that watches, sends and receives, and has been here the
// longest; "" when there is none.
func (p *Player) eldest() PeerID {
	for _, m := range p.r.sorted() {
		if m.Watches && m.Mode == SendsAndReceives {
			return m.ID
		}
	}
	return ""
}

// left hears that a peer leads nobody any more.
func (p *Player) left(id PeerID) {
	if p.leader == id {
		p.lead(p.eldest())
	}
}

// clear forgets a session that has ended.
func (p *Player) clear() { p.leader, p.last = "", PlayerState{} }
