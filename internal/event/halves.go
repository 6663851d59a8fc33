// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

// Told is the client's half of a failure: what it reported, word for word.
type Told struct {
	Failure
	Action  string    // what it was doing, in its own word
	Dialect string    // whose words these are; "" when that was not kept
	At      time.Time // by the client's clock; may be zero
	Taken   time.Time // when the server took it; zero for the time of the event
	Fault   string    // what the words stand for, "" when they stand for several faults or for none
	Op      fault.Op

	Happened      time.Time     // as in the event, of this half
	HappenedError time.Duration // the same
}

// Seen is the server's half of a failure: what it saw.
type Seen struct {
	Fault    string // canonical id
	Op       fault.Op
	Details  []fault.Detail
	Evidence *evidence.Record
	Taken    time.Time // when it was seen; zero for the time of the event

	// Failure and Action are how clients are told of it. Only Terminal is a fact
	// of its own; the others are the vocabulary's.
	Failure
	Action string
}

// Vocabulary is what a store and a reader need to know of the words of a vendor.
// Package event knows none.
type Vocabulary interface {
	// Name is the name of the dialect.
	Name() string

	// Words is how clients are told of what the server saw, and what they would
	// say they were doing.
	Words(t Type, s *Seen) (f Failure, action string)

	// CanMean tells whether a client that reports this can speak of what the
	// server saw.
	CanMean(client, server *Sign) bool
}

// Halves gives what each side told of a failure, nil for a side that told
// nothing. A track event has none.
func (e *Event) Halves() (client *Told, server *Seen) {
	c, s, hasClient, hasServer := e.Sides()
	if hasClient {
		client = &c
	}
	if hasServer {
		server = &s
	}
	return client, server
}

// Sides is Halves without pointers, which costs its caller no allocation: has tells
// which of the sides told anything. An
// event that one side told is that side's half itself.
func (e *Event) Sides() (c Told, s Seen, hasClient, hasServer bool) {
	if !e.Type.IsError() {
		return c, s, false, false
	}
	if e.Source == FromBoth && e.Client != nil && e.Server != nil {
		return *e.Client, *e.Server, true, true
	}
	hasClient = e.Source == FromClient || e.Source == FromBoth
	switch {
	case hasClient && e.Client != nil:
		c = *e.Client
	case hasClient:
		c = Told{Failure: e.Failure, Action: e.Action, Dialect: e.Dialect, At: e.ClientTime, Fault: e.Fault, Op: e.Op, Happened: e.Happened, HappenedError: e.HappenedError}
	}
	switch e.Source {
	case FromClient:
	case FromBoth: // joined by an earlier version, which kept no words of the server's
		s, hasServer = Seen{Fault: e.Fault, Op: e.Op, Details: e.Details, Evidence: e.Evidence}, true
	default:
		s, hasServer = Seen{Failure: e.Failure, Action: e.Action, Fault: e.Fault, Op: e.Op, Details: e.Details, Evidence: e.Evidence}, true
	}
	return c, s, hasClient, hasServer
}

// JoinWords makes the words of an event of those of its halves: what the client said
// stands, and what it left empty is the server's.
func JoinWords(c *Told, s *Seen) (f Failure, action string) {
	f = c.Failure
	f.Name = cmp.Or(c.Name, s.Name)
	f.Message = cmp.Or(c.Message, s.Message)
	f.Description = cmp.Or(c.Description, s.Description)
	return f, cmp.Or(c.Action, s.Action)
}

// maxDetails bounds the details of an event, in bytes of their names and texts.
const maxDetails = 4 << 10

// keepDetails makes details fit to be stored, with addresses masked unless they
// are kept, in a list of its own. Values are texts, numbers and truths.
func keepDetails(details []fault.Detail, keepAddresses bool) (kept []fault.Detail, clipped bool) {
	size := 0
	for i, d := range details {
		d.Value = plainDetail(d.Value)
		if text, ok := d.Value.(string); ok && !keepAddresses {
			d.Value = Mask(text)
		}
		if text, ok := d.Value.(string); ok {
			size += len(text)
		}
		if size += len(d.Name) + 16; size > maxDetails {
			return kept, true
		}
		if kept == nil {
			kept = make([]fault.Detail, 0, len(details)-i)
		}
		kept = append(kept, d)
	}
	return slices.Clip(kept), false
}

// maxDetail is how much is kept of one detail, in bytes, as much as is ever shown.
const maxDetail = 256

// plainDetail makes a value of a detail one that survives JSON and is written
// the same way afterwards.
func plainDetail(v any) any {
	var text string
	switch v := v.(type) {
	case bool, int, int64, int32, uint64, uint32, uint16, uint8:
		return v
	case string:
		text = v
	default:
		text = fmt.Sprint(v)
	}
	if len(text) > maxDetail {
		return strings.ToValidUTF8(text[:maxDetail], "") + "…"
	}
	return clip(text, maxDetail)
}
