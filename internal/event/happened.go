// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"time"
)

// Late is how long after it happened something is told that has a time of its own:
// what is told sooner happened when it was told.
const Late = 2 * time.Second

// Happened is when an event happened, as far as that is known: when the server saw it,
// or else when its client says, unless that cannot be.
func Happened(e *Event) time.Time {
	if !e.Happened.IsZero() {
		return e.Happened
	}
	client, server, told, seen := e.Sides()
	switch {
	case seen && !server.Taken.IsZero():
		return server.Taken
	case seen || !told:
		return e.Time
	}
	return HappenedAsTold(&client, e)
}

// HappenedApart is when an event happened, where that is not when it was taken to within
// [Late], and else zero: what queries by the time at which it happened go by.
func HappenedApart(e *Event) time.Time {
	if at := Happened(e); e.Time.Sub(at).Abs() >= Late {
		return at
	}
	return time.Time{}
}

// HappenedAsTold is when a client's half of an event happened.
func HappenedAsTold(c *Told, e *Event) time.Time {
	return cmp.Or(c.Happened, clientTime(c.At, cmp.Or(c.Taken, e.Time)))
}

// clientTime is when a client says that something happened which it told at a time.
func clientTime(at, told time.Time) time.Time {
	if at.IsZero() || at.After(told) || told.Sub(at) > MaxLate {
		return told
	}
	return at
}
