// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

type getPeerParams struct {
	ID room.PeerID `json:"peer_id"`
}

func (p getPeerParams) check() error {
	if p.ID == "" {
		return missing("peer_id")
	}
	return nil
}

func (s *session) getPeer(ctx context.Context, p getPeerParams) (any, error) {
	found, err := s.p.Room().Peer(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	return peerOnWire(found), nil
}

// iterator is where a client is in a list of peers. It travels as opaque text,
// so the server keeps nothing for clients that never come back.
type iterator struct {
	Role  string        `json:"r,omitempty"`
	Group string        `json:"g,omitempty"`
	IDs   []room.PeerID `json:"p,omitempty"`
	After room.PeerID   `json:"a,omitempty"`
	At    int64         `json:"t,omitempty"` // when After joined, in nanoseconds since the epoch
}

func (i iterator) encode() string {
	b, _ := json.Marshal(i)
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeIterator(text string) (iterator, error) {
	var i iterator
	if text == "" {
		return i, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &i)
	}
	if err != nil || len(i.IDs) > maxPeerIDs {
		return i, fault.FieldInvalid.Wrap(err, "field", "iterator", "want", "an iterator of an earlier answer")
	}
	return i, nil
}

// findPeerParams has two names for the same list: the protocol's, and the one
// of the web SDK's options, which it sends as they are.
type findPeerParams struct {
	Limit   int           `json:"limit"`
	Role    string        `json:"role"`
	Group   string        `json:"group"`
	Peers   []room.PeerID `json:"peers"`
	PeerIDs []room.PeerID `json:"peerIds"`
}

// maxPeerIDs is how many peers may be asked for by their ids.
const maxPeerIDs = 1000

func (p findPeerParams) check() error {
	if n := len(p.Peers) + len(p.PeerIDs); n > maxPeerIDs {
		return fault.FieldInvalid.New("field", "peers", "max", maxPeerIDs, "peers", n)
	}
	return nil
}

func (s *session) findPeer(ctx context.Context, p findPeerParams) (any, error) {
	return s.peerPage(ctx, iterator{Role: p.Role, Group: p.Group, IDs: append(p.Peers, p.PeerIDs...)}, p.Limit)
}

type nextPeersParams struct {
	Iterator string `json:"iterator"`
	Limit    int    `json:"limit"`
}

func (s *session) nextPeers(ctx context.Context, p nextPeersParams) (any, error) {
	i, err := decodeIterator(p.Iterator)
	if err != nil {
		return nil, err
	}
	return s.peerPage(ctx, i, p.Limit)
}

func (s *session) peerPage(ctx context.Context, i iterator, limit int) (any, error) {
	f := room.Filter{Role: i.Role, Group: i.Group, IDs: i.IDs, Limit: limit}
	if i.After != "" {
		f.After = room.Cursor{JoinedAt: time.Unix(0, i.At), ID: i.After}
	}
	page, err := s.p.Room().Find(ctx, f)
	if err != nil {
		return nil, err
	}
	peers := make([]wirePeer, 0, len(page.Peers))
	for _, p := range page.Peers {
		peers = append(peers, peerOnWire(p))
		i.After, i.At = p.ID, p.JoinedAt.UnixNano()
	}
	return map[string]any{"iterator": i.encode(), "total": page.Total, "eof": page.Last, "peers": peers}, nil
}

type searchParams struct {
	Query  string `json:"query"`
	Offset int    `json:"offset"`
	Limit  int    `json:"limit"`
}

func (p searchParams) check() error {
	if over := room.NameLimit.Over(p.Query); over != nil {
		return fault.FieldInvalid.New(append([]any{"field", "query"}, over...)...)
	}
	return nil
}

func (s *session) searchPeers(ctx context.Context, p searchParams) (any, error) {
	page, err := s.p.Room().Search(ctx, p.Query, p.Offset, p.Limit)
	if err != nil {
		return nil, err
	}
	type hit struct {
		ID   room.PeerID `json:"peer_id"`
		Name string      `json:"name"`
		Role string      `json:"role"`
		Type string      `json:"type"`
	}
	hits := make([]hit, 0, len(page.Peers))
	for _, f := range page.Peers {
		hits = append(hits, hit{f.ID, f.Name, f.Role, "regular"})
	}
	return map[string]any{
		"count": len(hits), "limit": p.Limit, "offset": p.Offset + len(hits), "eof": page.Last, "peers": hits,
	}, nil
}
