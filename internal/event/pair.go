package event

import (
	"cmp"
	"encoding/json"
	"maps"
	"time"
)

// PairWindow is how far apart the server's and the client's account of one
// failure may be taken.
const PairWindow = 2 * time.Minute

// Pairs tells whether a and b are two accounts of one failure. The rule is
// plain: one was seen by the server and the other reported by the client, they
// have the same room, peer, type and error code and no two users, and they were
// taken within [PairWindow] of each other. Each account pairs once; a store joins an
// arriving one to the oldest it can.
func Pairs(a, b *Event) bool {
	if a.PairKey() == "" || a.PairKey() != b.PairKey() {
		return false
	}
	if !(a.Source == FromServer && b.Source == FromClient || a.Source == FromClient && b.Source == FromServer) {
		return false
	}
	if one, other := a.UserKey(), b.UserKey(); one != "" && other != "" && one != other {
		return false
	}
	return a.Time.Sub(b.Time).Abs() <= PairWindow
}

// PairKey is what two accounts of one failure have in common, or "" for an
// event that has no second account: it has no peer, is no failure, is both
// accounts already, or nothing of it is proven.
func (e *Event) PairKey() string {
	if e.PeerID == "" || e.UserProof == ProofNone || !e.Type.IsError() || e.Source != FromServer && e.Source != FromClient {
		return ""
	}
	var b [128]byte
	k := append(b[:0], e.AccountID...)
	k = append(append(k, 0), e.RoomID...)
	k = append(append(k, 0), e.PeerID...)
	k = append(append(k, 0), e.Type...)
	k = append(k, 0, byte(e.Failure.Code), byte(e.Failure.Code>>8), byte(e.Failure.Code>>16), byte(e.Failure.Code>>24))
	return string(k)
}

// Pair makes one event of two accounts of one failure. What the client said
// stands, and what it left empty is the server's; fault, operation and
// injection are the server's, since it knows them first hand. The id, time and
// place are those of the account that was stored first.
func Pair(stored, arrived Event) Event {
	client, server := stored, arrived
	if stored.Source == FromServer {
		client, server = arrived, stored
	}
	e := client
	e.ID, e.Time, e.Seq, e.Key = stored.ID, stored.Time, stored.Seq, stored.Key
	e.Source = FromBoth
	e.Fault = cmp.Or(server.Fault, client.Fault)
	e.Op = cmp.Or(server.Op, client.Op)
	e.Injected = server.Injected || client.Injected
	e.Action = cmp.Or(client.Action, server.Action)
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
	e.Failure.Name = cmp.Or(client.Failure.Name, server.Failure.Name)
	e.Failure.Message = cmp.Or(client.Failure.Message, server.Failure.Message)
	e.Failure.Description = cmp.Or(client.Failure.Description, server.Failure.Description)
	if len(server.Extra) > 0 {
		merged := make(map[string]json.RawMessage, len(client.Extra)+len(server.Extra))
		maps.Copy(merged, server.Extra)
		maps.Copy(merged, client.Extra)
		e.Extra = merged
	}
	return e
}
