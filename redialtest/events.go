// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// Event is one thing that the server has on record; docs/events.md says what each
// field means.
type Event = admin.Event

// Filter chooses events. Everything that is set must match.
type Filter struct {
	Type     string // such as "client.join.failed"
	Room     string // id
	Peer     string // id
	User     string // the app's own id
	Fault    string // id in the catalogue
	Code     int    // the error's number
	Failures bool   // no tracks
	Terminal bool   // only failures after which the client gave up
	Since    time.Time

	// Match, when it is set, has the last word.
	Match func(Event) bool

	// Within is how long [Server.WaitForEvent] waits; default 30 s.
	Within time.Duration
}

func (f Filter) filter() admin.EventFilter {
	out := admin.EventFilter{RoomID: f.Room, PeerID: f.Peer, UserID: f.User, Errors: f.Failures, Since: f.Since}
	if f.Type != "" {
		out.Types = []string{f.Type}
	}
	if f.Fault != "" {
		out.Faults = []string{f.Fault}
	}
	if f.Code != 0 {
		out.Codes = []int{f.Code}
	}
	if f.Terminal {
		out.Terminal = &f.Terminal
	}
	return out
}

// String is what is set, for messages of tests.
func (f Filter) String() string {
	var b []string
	for _, p := range []struct {
		name  string
		value any
		is    bool
	}{
		{"type", f.Type, f.Type != ""}, {"room", f.Room, f.Room != ""}, {"peer", f.Peer, f.Peer != ""}, {"user", f.User, f.User != ""},
		{"fault", f.Fault, f.Fault != ""}, {"code", f.Code, f.Code != 0}, {"failures", f.Failures, f.Failures},
		{"terminal", f.Terminal, f.Terminal}, {"since", f.Since.Format(time.RFC3339Nano), !f.Since.IsZero()},
	} {
		if p.is {
			b = append(b, fmt.Sprintf("%s=%v", p.name, p.value))
		}
	}
	return strings.Join(b, " ")
}

func (f Filter) matches(e Event) bool { return f.Match == nil || f.Match(e) }

// Events returns what is on record, oldest first.
func (s *Server) Events(t testing.TB, f Filter) []Event {
	t.Helper()
	found, err := s.events(t.Context(), f)
	if err != nil {
		t.Fatalf("redialtest: reading events: %v", err)
	}
	return found
}

func (s *Server) events(ctx context.Context, f Filter) ([]Event, error) {
	c, err := s.Admin()
	if err != nil {
		return nil, err
	}
	var found []Event
	for e, err := range c.Events.All(ctx, f.filter()) {
		if err != nil {
			return nil, s.unreachable(err)
		}
		if f.matches(e) {
			found = append(found, e)
		}
	}
	return found, nil
}

// WaitForEvent returns the first event that matches: one that is on record, or
// the next that comes. It fails the test when none does in time, and says what
// else the room, the peer and the user have on record.
func (s *Server) WaitForEvent(t testing.TB, f Filter) Event {
	t.Helper()
	if f.Within == 0 {
		f.Within = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), f.Within)
	defer cancel()
	e, err := s.await(ctx, f)
	if err == nil {
		return e
	}
	if ctx.Err() == nil || t.Context().Err() != nil {
		t.Fatalf("redialtest: waiting for an event: %v", err)
	}
	about := Filter{Room: f.Room, Peer: f.Peer, User: f.User, Since: f.Since}
	others, err := s.events(t.Context(), about)
	b := new(strings.Builder)
	fmt.Fprintf(b, "redialtest: no event matched %s within %v. On record", f, f.Within)
	switch {
	case err != nil:
		fmt.Fprintf(b, " is what cannot be read: %v", err)
	case len(others) == 0:
		fmt.Fprintf(b, " is nothing for %q", about.String())
	}
	for _, o := range others {
		fmt.Fprintf(b, "\n  %v", o)
	}
	t.Fatal(b.String())
	return Event{}
}

// lookAgain is how often the record is read while waiting. News come by the
// stream at once; but a client's account of a failure that the server has told of
// already changes that event, and the stream does not repeat it.
const lookAgain = time.Second

// await listens before it looks at the record, so that nothing falls in between.
func (s *Server) await(ctx context.Context, f Filter) (Event, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := s.Admin()
	if err != nil {
		return Event{}, err
	}
	stream, err := c.Events.Stream(ctx, f.filter(), "")
	if err != nil {
		return Event{}, s.unreachable(err)
	}
	news := make(chan Event)
	ended := make(chan error, 1)
	go func() {
		defer stream.Close()
		for {
			e, err := stream.Next()
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = fault.EndpointUnreachable.Wrap(errors.New("the stream of events has ended"))
				}
				ended <- err
				return
			}
			select {
			case news <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		found, err := s.events(ctx, f)
		if err != nil {
			return Event{}, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
		for look := false; !look; {
			select {
			case e := <-news:
				if f.matches(e) {
					return e, nil
				}
			case <-again.C:
				look = true
			case err := <-ended:
				return Event{}, s.unreachable(err)
			case <-ctx.Done():
				return Event{}, ctx.Err()
			}
		}
	}
}
