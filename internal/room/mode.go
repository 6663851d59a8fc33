// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"

	"github.com/redial-rtc/redial/fault"
)

// Mode is how a peer takes part in a session, within what its role allows.
type Mode int

const (
	// SendsAndReceives is what a peer does that says nothing else.
	SendsAndReceives Mode = iota
	// ReceivesOnly is an audience.
	ReceivesOnly
	// SendsOnly is a broadcaster, who receives nothing.
	SendsOnly
	// SendsAudioOnly is a broadcaster of sound.
	SendsAudioOnly
)

// sends tells whether the mode lets a peer publish a track.
func (m Mode) sends(t Track) bool {
	switch m {
	case ReceivesOnly:
		return false
	case SendsAudioOnly:
		return t.Kind == Audio
	}
	return true
}

// receives tells whether peers of this mode receive what others publish.
func (m Mode) receives() bool { return m == SendsAndReceives || m == ReceivesOnly }

// broadcasts tells whether a peer of this mode is there to send.
func (m Mode) broadcasts() bool { return m == SendsOnly || m == SendsAudioOnly }

// SetMode changes how a peer takes part and tells everybody else. Tracks that it
// may not publish any more are withdrawn and returned. Fails with
// fault.PeerNotFound, and fault.StreamingFull for one that means to broadcast while
// no more may.
func (r *Room) SetMode(ctx context.Context, id PeerID, mode Mode) (withdrawn []Track, err error) {
	return call(ctx, r, func() ([]Track, error) {
		m, err := r.member(id)
		if err != nil || m.Mode == mode {
			return nil, err
		}
		if mode.broadcasts() && len(m.Tracks) == 0 {
			if err := r.streamingFull(); err != nil {
				return nil, err
			}
		}
		var gone []Track
		for _, t := range m.Tracks {
			if !mode.sends(t) {
				gone = append(gone, t)
			}
		}
		r.withdraw(m, gone, "")
		before := r.roles.views(m)
		m.Mode = mode
		r.roles.reveal(m, before)
		r.notifyOthers(id, ModeChanged{m.Peer.clone()})
		if len(gone) > 0 {
			r.notifyCounts()
		}
		return gone, nil
	})
}

// streaming is how many peers publish something.
func (r *Room) streaming() (n int) {
	for _, m := range r.members {
		if len(m.Tracks) > 0 {
			n++
		}
	}
	return n
}

// streamingFull fails with fault.StreamingFull while no more peers may publish.
func (r *Room) streamingFull() error {
	if limit := r.spec.MaxStreaming; limit > 0 && r.streaming() >= limit {
		return fault.StreamingFull.New("limit", limit)
	}
	return nil
}

// nameFree fails with fault.PeerNameTaken for a name that somebody else has.
func (r *Room) nameFree(p Peer) error {
	if !p.UniqueName {
		return nil
	}
	for _, m := range r.members {
		if m.ID != p.ID && m.Name == p.Name {
			return fault.PeerNameTaken.New("name", p.Name)
		}
	}
	return nil
}

// Rules are what can be changed of a room while a session runs.
type Rules struct {
	Locked       bool // nobody new gets in
	MaxStreaming int  // peers that publish at once; 0 is no limit
}

// SetRules changes the rules of the running session and tells everybody. Those who
// publish already go on.
func (r *Room) SetRules(ctx context.Context, rules Rules) error {
	return act(ctx, r, func() error {
		if now := (Rules{r.moderation.locked, r.spec.MaxStreaming}); now == rules {
			return nil
		}
		r.moderation.locked, r.spec.MaxStreaming = rules.Locked, rules.MaxStreaming
		tell(r, RulesChanged{rules}, nil)
		return nil
	})
}

// canPublish is why a track is not taken, nil when it is.
func (r *Room) canPublish(m *member, t Track) error {
	switch role, _ := r.Role(m.Role); {
	case !role.MayPublish(t.publishKind()):
		return fault.PublishNotAllowed.New("role", m.Role, "kind", t.publishKind(), "track", t.ID)
	case !m.Mode.sends(t):
		return fault.PublishNotAllowed.New("mode", m.Mode, "kind", t.publishKind(), "track", t.ID)
	case m.lost[t.ID]:
		// The peer offered it before it knew that an earlier role withdrew it.
		return fault.PublishNotAllowed.New("role", m.Role, "kind", t.publishKind(), "track", t.ID, "reason", "a change of role withdrew it; offer without it before it is published again")
	case len(m.Tracks) == 0:
		return r.streamingFull()
	}
	return nil
}

// String names the mode for the record.
func (m Mode) String() string {
	return [...]string{"sends and receives", "receives only", "sends only", "sends audio only"}[m]
}

// MarshalText is String, for records of a fault.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
