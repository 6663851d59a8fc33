// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"time"
)

// Happened is when an event happened, as far as that is known: when the server saw it,
// or else when its client says, unless that cannot be.
func Happened(e *Event) time.Time {
	client, server := e.Halves()
	switch {
	case !e.Happened.IsZero():
		return e.Happened
	case server != nil && !server.Taken.IsZero():
		return server.Taken
	case server != nil || client == nil:
		return e.Time
	}
	return HappenedAsTold(client, e)
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
