// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// PairWindow is how far apart the server's and the client's observation of one
// failure may be.
const PairWindow = 2 * time.Minute

// MaxLate is how long after a failure happened it may be told for the time that its
// client names to be believed.
const MaxLate = 7 * 24 * time.Hour

// Sign is what tells one side's observation of a failure from its observations of others.
type Sign struct {
	Fault   string // what it is known as; "" when unsure
	Op      fault.Op
	Code    int // as the client said it, or was told
	Name    string
	Dialect string // whose words these are; "" for the server's
}

// Sign gives the sign of an observation.
func (e *Event) Sign() Sign {
	return Sign{Fault: e.Fault, Op: e.Op, Code: e.Failure.Code, Name: e.Failure.Name, Dialect: e.Dialect}
}

// alike are faults that the two sides of a connection may each take one failure
// for: which of them it is depends on who waits longer.
var alike = [][]string{{fault.ICEFailed.ID, fault.ICEDisconnected.ID}}

// SameFailure tells whether what a client reported and what the server saw can be
// one failure: the client's words can mean the server's fault, or one that is
// seen for it. Without a vocabulary the words of a client mean the fault that
// they were taken for and no other.
func SameFailure(v Vocabulary, client, server *Sign) bool {
	if server.Fault == fault.ICESlow.ID && client.Fault != server.Fault {
		return false // told while clients still try; what they report in the end is the end
	}
	if client.Fault == server.Fault || v != nil && v.CanMean(client, server) {
		return true
	}
	for _, set := range alike {
		if !slices.Contains(set, server.Fault) {
			continue
		}
		for _, f := range set {
			other := *server
			other.Fault = f
			if client.Fault == f || v != nil && v.CanMean(client, &other) {
				return true
			}
		}
	}
	return false
}

// Pairs tells whether a and b are two observations of one failure: one was seen by
// the server and the other reported by the client, they have the same room, peer
// and type and no two users, they can be the same failure (see [SameFailure]),
// and they happened within [PairWindow] of each other (see [Event.When]). Each observation pairs once;
// a store joins an arriving one to the oldest it can.
func Pairs(v Vocabulary, a, b *Event) bool {
	if a.PairKey() == "" || a.PairKey() != b.PairKey() {
		return false
	}
	client, server := a, b
	if a.Source == FromServer {
		client, server = b, a
	}
	if client.Source != FromClient || server.Source != FromServer {
		return false
	}
	if one, other := a.UserKey(), b.UserKey(); one != "" && other != "" && one != other {
		return false
	}
	if a.When().Sub(b.When()).Abs() > PairWindow {
		return false
	}
	c, s := client.Sign(), server.Sign()
	return SameFailure(v, &c, &s)
}

// PairKey is what two observations of one failure must have in common, or "" for an
// event that has no counterpart: it has no peer, is no failure, is both
// observations already, or nothing of it is proven.
func (e *Event) PairKey() string {
	var b [256]byte
	return string(e.AppendPairKey(b[:0]))
}

// AppendPairKey appends the PairKey to b.
func (e *Event) AppendPairKey(b []byte) []byte {
	if e.PeerID == "" || e.UserProof == ProofNone || !e.Type.IsError() || e.Source != FromServer && e.Source != FromClient {
		return b
	}
	b = append(b, e.AccountID...)
	b = append(append(b, 0), e.RoomID...)
	b = append(append(b, 0), e.PeerID...)
	return append(append(b, 0), e.Type...)
}

// Pair makes one event of two observations of one failure, and keeps both. What the
// client said stands, and what it left empty is the server's; fault, operation,
// details, evidence and injection are the server's, since it knows them first
// hand. The id, time and place are those of the observation that was stored first.
func Pair(stored, arrived Event) Event {
	client, server := stored, arrived
	if stored.Source == FromServer {
		client, server = arrived, stored
	}
	told, _, _, _ := client.Sides()
	_, seen, _, _ := server.Sides()
	told.Taken, seen.Taken = client.Time, server.Time
	e := client
	e.ID, e.Time, e.Seq, e.Key = stored.ID, stored.Time, stored.Seq, stored.Key
	e.Diagnosis = stored.Diagnosis
	e.Source = FromBoth
	if stored.Source == FromServer || !server.Happened.IsZero() {
		e.Happened, e.HappenedError = server.Happened, server.HappenedError // it knows first hand
	}
	e.Client, e.Server = &told, &seen
	e.Fault = cmp.Or(server.Fault, client.Fault)
	e.Op = cmp.Or(server.Op, client.Op)
	e.Details, e.Evidence = server.Details, cmp.Or(server.Evidence, client.Evidence)
	e.Injected = server.Injected || client.Injected
	e.Provoked = cmp.Or(server.Provoked, client.Provoked)
	e.Domain = cmp.Or(client.Domain, server.Domain)
	c, s := &e.Subject, &server.Subject
	c.AccountID = cmp.Or(c.AccountID, s.AccountID)
	if c.UserID == "" {
		c.UserID, c.UserProof = s.UserID, s.UserProof
	}
	c.UserName = cmp.Or(c.UserName, s.UserName)
	c.RoomID = cmp.Or(c.RoomID, s.RoomID)
	c.SessionID = cmp.Or(c.SessionID, s.SessionID)
	c.RoomName = cmp.Or(c.RoomName, s.RoomName)
	c.TemplateID = cmp.Or(c.TemplateID, s.TemplateID)
	c.Role = cmp.Or(c.Role, s.Role)
	if c.Agent.String == "" {
		c.Agent = s.Agent
	}
	e.Failure, e.Action = JoinWords(&told, &seen)
	if len(server.Extra) > 0 {
		merged := make(map[string]json.RawMessage, len(client.Extra)+len(server.Extra))
		maps.Copy(merged, server.Extra)
		maps.Copy(merged, client.Extra)
		if latest, ok := arrived.Extra[WitnessField]; ok {
			merged[WitnessField] = latest
		}
		e.Extra = merged
	}
	return e
}
