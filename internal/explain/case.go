// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package explain puts together what the record has about one failure, so that
// package diagnose can tell its cause: the failure with what each side told of it,
// the failures of the same peer near it, and those of others at that moment.
package explain

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// maxNearFacts is how much is kept of what a client told about a failure that is
// near, in bytes.
const maxNearFacts = 4 << 10

// Store is what is asked of a store of events.
type Store interface {
	// Query gives one page: see [event.Store].
	Query(ctx context.Context, q event.Query) (event.Page, error)
}

// Case puts together the case of a failure. The others in it are of the same
// account. It fails as the store's Query does.
func Case(ctx context.Context, store Store, e *event.Event) (*diagnose.Case, error) {
	b := builder{store: store, e: e, at: Happened(e)}
	near, err := b.near(ctx)
	if err != nil {
		return nil, err
	}
	around, err := b.around(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	c := &diagnose.Case{V: diagnose.CaseVersion, At: now, Failure: Failure(e), Window: now.Sub(e.Time) >= diagnose.NearWithin}
	for i := range near {
		f := Failure(&near[i])
		if f.Client != nil {
			f.Client.Facts = facts(near[i].Extra, maxNearFacts)
		}
		c.Near = append(c.Near, f)
	}
	for i := range around {
		f := Failure(&around[i])
		f.Asked = nil
		if f.Client != nil {
			f.Client.Facts = nil // what others' clients say of themselves is no part of this case
		}
		c.Around = append(c.Around, f)
	}
	return c, nil
}

// Happened is when a failure happened, as far as that is known: see [event.Happened].
func Happened(e *event.Event) time.Time { return event.Happened(e) }

// Failure is a stored failure as package diagnose has it.
func Failure(e *event.Event) diagnose.Failure {
	f := diagnose.Failure{
		ID: e.ID, Fault: e.Fault, Op: e.Op, Type: kind(e.Type), At: e.Time, Happened: Happened(e),
		Peer: e.PeerID, User: e.UserKey(), Claimed: e.UserID != "" && e.UserProof != "" && e.UserProof != event.ProofToken, Room: e.RoomID, Session: e.SessionID,
		Terminal: e.Failure.Terminal, Injected: e.Injected, Evidence: e.Evidence,
	}
	if raw, ok := e.Extra[event.AskedField]; ok && json.Unmarshal(raw, &f.Asked) != nil {
		f.Asked = nil
	}
	f.Asked = f.Asked[max(0, len(f.Asked)-evidence.MaxAsked):]
	client, server := e.Halves()
	if client != nil {
		f.Client = &diagnose.Half{
			Fault: client.Fault, Op: client.Op, Terminal: client.Terminal, Facts: facts(e.Extra, math.MaxInt),
			At: event.HappenedAsTold(client, e), Told: cmp.Or(client.Taken, e.Time),
		}
	} else if w, ok := e.Extra[event.WitnessField]; ok { // its SDK said nothing, and its device did
		f.Client = &diagnose.Half{Facts: map[string]json.RawMessage{event.WitnessField: w}}
	}
	if server != nil {
		f.Server = &diagnose.Half{
			Fault: server.Fault, Op: server.Op, Terminal: server.Terminal, Details: server.Details[:min(len(server.Details), diagnose.MaxDetails)],
			At: cmp.Or(server.Taken, e.Time), Told: cmp.Or(server.Taken, e.Time),
		}
	}
	return f
}

// kind is the kind of a failure.
func kind(t event.Type) string {
	switch t {
	case event.ConnectFailed:
		return "connect"
	case event.JoinFailed:
		return "join"
	case event.PublishFailed:
		return "publish"
	case event.SubscribeFailed:
		return "subscribe"
	case event.Disconnected:
		return "disconnect"
	}
	return ""
}

// facts are as many of a client's as a half may have, in so many bytes.
func facts(all map[string]json.RawMessage, bytes int) map[string]json.RawMessage {
	var kept map[string]json.RawMessage
	for _, k := range slices.Sorted(maps.Keys(all)) {
		size := len(k) + len(all[k])
		if k == event.AskedField || size > bytes || len(kept) == diagnose.MaxFacts {
			continue
		}
		if kept == nil {
			kept = map[string]json.RawMessage{}
		}
		kept[k], bytes = all[k], bytes-size
	}
	return kept
}

// builder looks for what is near one failure.
type builder struct {
	store Store
	e     *event.Event
	at    time.Time // when it happened
}

// near gives the failures of the same peer, and those of the same user that name no
// peer; where the failure itself names none, those of the same user.
func (b *builder) near(ctx context.Context) ([]event.Event, error) {
	var found []event.Event
	add := func(q event.Query, looked int, keep func(*event.Event) bool) error {
		more, err := b.within(ctx, q, diagnose.NearWithin, diagnose.MaxNear, looked, keep)
		found = append(found, more...)
		return err
	}
	all := func(*event.Event) bool { return true }
	if b.e.PeerID != "" {
		if err := add(event.Query{PeerID: b.e.PeerID}, maxLooked, all); err != nil {
			return nil, err
		}
	}
	if b.e.UserID != "" {
		keep, looked := all, maxLooked
		if b.e.PeerID != "" { // few name none, so that most of what is looked at is not kept
			keep, looked = func(o *event.Event) bool { return o.PeerID == "" }, diagnose.MaxNear+spare
		}
		if err := add(event.Query{UserID: b.e.UserID, UserProof: b.e.UserProof}, looked, keep); err != nil {
			return nil, err
		}
	}
	return b.nearest(found, diagnose.MaxNear), nil
}

// around gives the failures of other peers.
func (b *builder) around(ctx context.Context) ([]event.Event, error) {
	found, err := b.within(ctx, event.Query{}, diagnose.AroundWithin, diagnose.MaxAround, maxLooked, func(o *event.Event) bool { return !b.same(o) })
	return b.nearest(found, diagnose.MaxAround), err
}

// same tells whether another event is of the failure's own peer, or user where one
// of the two has no peer.
func (b *builder) same(o *event.Event) bool {
	if b.e.PeerID != "" && o.PeerID != "" {
		return b.e.PeerID == o.PeerID
	}
	return b.e.UserID != "" && b.e.UserKey() == o.UserKey()
}

// maxLooked is how many failures before one, and after it, are looked at for those that a
// case is about. A page has a few more than are wanted, as some of it may not be.
const (
	maxLooked = event.MaxLimit
	spare     = 4
)

// within gives the failures of a query that happened at most so far away and are to be
// kept, n of those that were told before and n of those after, or a few more; it looks at
// no more than most of each. What was told long after it happened is looked for where the
// query names whose it is, and where the failure itself was told.
func (b *builder) within(ctx context.Context, q event.Query, window time.Duration, n, most int, keep func(*event.Event) bool) ([]event.Event, error) {
	q.AccountID, q.Errors, q.Limit = b.e.AccountID, true, n+spare
	centres := []time.Time{b.at}
	if b.e.Time.Sub(b.at).Abs() > window {
		centres = append(centres, b.e.Time)
	}
	var found []event.Event
	for _, centre := range centres {
		before, after := q, q
		before.Since, before.Until, before.Desc = centre.Add(-window), centre, true
		after.Since, after.Until, after.Tail = centre, centre.Add(window+1), true
		if q.PeerID != "" || q.UserID != "" {
			after.Until = centre.Add(event.MaxLate)
		}
		for _, half := range []event.Query{before, after} {
			more, err := b.some(ctx, half, n, most, func(o *event.Event) bool {
				return o.ID != b.e.ID && Happened(o).Sub(b.at).Abs() <= window && keep(o)
			})
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		}
	}
	return found, nil
}

// some goes through the pages of a query until n events are to be kept, or a few more, or it
// has looked at most.
func (b *builder) some(ctx context.Context, q event.Query, n, most int, keep func(*event.Event) bool) (kept []event.Event, err error) {
	for looked := 0; len(kept) < n && looked < most; {
		q.Limit = min(q.Limit, most-looked)
		page, err := b.store.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Events {
			if keep(&page.Events[i]) {
				kept = append(kept, page.Events[i])
			}
		}
		if len(page.Events) < q.Limit || !q.Tail && page.Next == "" {
			break
		}
		looked += len(page.Events)
		q.Start, q.After = page.Next, page.Events[len(page.Events)-1].Seq
	}
	return kept, nil
}

// nearest gives the n events that happened nearest to the failure, each once, in
// the order in which they happened.
func (b *builder) nearest(list []event.Event, n int) []event.Event {
	distance := func(e *event.Event) time.Duration { return Happened(e).Sub(b.at).Abs() }
	slices.SortStableFunc(list, func(x, y event.Event) int {
		return cmp.Or(cmp.Compare(distance(&x), distance(&y)), cmp.Compare(x.Seq, y.Seq), cmp.Compare(x.ID, y.ID))
	})
	list = slices.CompactFunc(list, func(x, y event.Event) bool { return x.ID == y.ID })
	list = list[:min(n, len(list))]
	slices.SortStableFunc(list, func(x, y event.Event) int {
		return cmp.Or(Happened(&x).Compare(Happened(&y)), cmp.Compare(x.Seq, y.Seq))
	})
	return list
}
