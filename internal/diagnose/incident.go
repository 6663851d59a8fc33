// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Apart is how far apart in time two failures of one peer are at least that have
// nothing to do with each other.
const Apart = 40 * time.Second

// symptoms are what people see of a connection that fails, whatever the cause: one
// trouble has several of them.
var symptoms = []string{
	"ice.failed", "ice.disconnected", "ice.slow", "dtls.failed", "signal.lost", "signal.silent", "signal.closed_early", "signal.upgrade",
	"peer.gone", "publish.timeout", "negotiation.timeout", "endpoint.unreachable", "client.rtc_track_missing", "playback.network", "client.not_connected",
	"sctp.failed", "datachannel.failed", "publisher.internal", "subscriber.internal", "media.negotiation", "join.abandoned", "sdp.answer_superseded", "",
}

// Trouble is what failures with a fault are folded by: connections that fail are one
// trouble, and anything else repeats itself.
func Trouble(fault string) string {
	if slices.Contains(symptoms, fault) {
		return "connection"
	}
	return fault
}

// incident gives the failures that are one trouble of one person, by time: the
// failure of the case and those of the same kind that follow each other closely.
func incident(c *Case) []*Failure {
	all := []*Failure{&c.Failure}
	for i := range c.Near {
		if n := &c.Near[i]; n.ID != c.Failure.ID && Trouble(n.Fault) == Trouble(c.Failure.Fault) && n.Injected == c.Failure.Injected && samePlace(n, &c.Failure) {
			all = append(all, n)
		}
	}
	slices.SortStableFunc(all, func(a, b *Failure) int { return cmp.Or(a.When().Compare(b.When()), cmp.Compare(a.ID, b.ID)) })
	own := slices.Index(all, &c.Failure)
	from, to := own, own+1
	for from > 0 && all[from].When().Sub(all[from-1].When()) <= Apart {
		from--
	}
	for to < len(all) && all[to].When().Sub(all[to-1].When()) <= Apart {
		to++
	}
	return all[from:to]
}

// samePlace tells whether two failures are of one person in one room, as far as both
// say.
func samePlace(a, b *Failure) bool {
	same := func(x, y string) bool { return x == "" || y == "" || x == y }
	return same(a.Room, b.Room) && same(a.Peer, b.Peer)
}

// fold says what follows from the failure, or what it follows from.
func (v *view) fold(out *Verdict) {
	if lead := v.incident[0]; lead != v.f {
		out.Leads = lead.ID
		return
	}
	for _, f := range v.incident[1:] {
		out.Follows = append(out.Follows, f.ID)
	}
}

// isSymptom tells a fault that always has another cause.
func isSymptom(id string) bool { return slices.Contains(symptoms, id) || fault.Lookup(id) == nil }
