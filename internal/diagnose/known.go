// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// AsKnownAt is the case as it was on record at a moment: without what was told later.
// It is nil where the failure itself was not on record yet.
func (c *Case) AsKnownAt(at time.Time) *Case {
	own := *c
	failure, known := c.Failure.asKnownAt(at)
	if !known {
		return nil
	}
	own.At, own.Failure = at, failure
	own.Window = c.Window && at.Sub(c.Failure.At) >= NearWithin // of a moment to come no more is known than now
	own.Near, own.Around = knownOf(c.Near, at), knownOf(c.Around, at)
	return &own
}

func knownOf(all []Failure, at time.Time) (known []Failure) {
	for i := range all {
		if f, ok := all[i].asKnownAt(at); ok {
			known = append(known, f)
		}
	}
	return known
}

// asKnownAt is the failure without what was told later; false where all of it was.
func (f Failure) asKnownAt(at time.Time) (Failure, bool) {
	late := func(h *Half) bool { return h != nil && h.told(&f).After(at) }
	client, server := f.Client, f.Server
	if late(client) {
		f.Client = nil
	}
	if late(server) {
		f.Server = nil
	}
	if f.Client == nil && f.Server == nil && (client != nil || server != nil || f.At.After(at)) {
		return f, false
	}
	switch {
	case f.Server == nil && server != nil:
		f.Fault, f.Op, f.Evidence, f.Terminal = client.Fault, client.Op, nil, client.Terminal
	case f.Client == nil && client != nil:
		f.Fault, f.Op, f.Terminal = server.Fault, server.Op, server.Terminal
	}
	if f.Client != nil && f.witnessAt().After(at) {
		half := *f.Client
		half.Facts = maps.Clone(half.Facts)
		delete(half.Facts, "witness")
		f.Client = &half
	}
	f.Asked = slices.DeleteFunc(slices.Clone(f.Asked), func(a evidence.Asked) bool { return a.At.After(at) })
	return f, true
}

// told is when a half came to be on record.
func (h *Half) told(f *Failure) time.Time {
	if h.Told.IsZero() {
		return f.At
	}
	return h.Told
}

// onRecord is when the failure came to be on record: before it [Case.AsKnownAt] is nil.
func (f *Failure) onRecord() time.Time {
	var first time.Time
	for _, h := range []*Half{f.Client, f.Server} {
		if h != nil && (first.IsZero() || h.told(f).Before(first)) {
			first = h.told(f)
		}
	}
	if first.IsZero() {
		return f.At
	}
	return first
}

// witnessAt is when the client's device told what it knew; zero for never.
func (f *Failure) witnessAt() time.Time {
	var w struct {
		At time.Time `json:"at"`
	}
	if raw, ok := f.fact("witness"); ok {
		_ = json.Unmarshal(raw, &w) // what cannot be read has no time
	}
	return w.At
}

// Moment is when something came to be on record.
type Moment struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// Moments are when what a case has came to be on record, by time: those at which
// [Case.AsKnownAt] changes. The first is when the failure itself did, and what was on
// record before is known from then on.
func (c *Case) Moments() (all []Moment) {
	f := &c.Failure
	first := f.onRecord()
	add := func(at time.Time, what string) {
		if !at.Before(first) {
			all = append(all, Moment{at, what})
		}
	}
	if f.Server != nil {
		add(f.Server.told(f), "the server saw it")
	}
	if f.Client.Spoke() {
		add(f.Client.told(f), "the client told of it")
	}
	if !slices.ContainsFunc(all, func(m Moment) bool { return m.At.Equal(first) }) {
		add(first, "it came to be on record")
	}
	add(f.witnessAt(), "the client's device told what it knew")
	for i := range c.Near {
		n := &c.Near[i]
		add(n.At, "another failure of the same participant")
		if n.Client != nil && n.Client.told(n).After(n.At) {
			add(n.Client.told(n), "the client told of another failure")
		}
	}
	for i := range f.Asked {
		add(f.Asked[i].At, "a browser was asked")
	}
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) })
	return all
}
