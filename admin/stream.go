// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// What a stream is held to. The server says something every 15 s.
const (
	streamSilence = time.Minute // without a word it is taken for dead
	maxEvent      = 4 << 20     // bytes of one event
)

// eventStream is an open stream of server-sent events with JSON in them.
type eventStream struct {
	path  string
	body  io.Closer
	lines *bufio.Scanner
	quiet *time.Timer // ends a stream that has fallen silent
	stop  context.CancelFunc
	last  string // id of the last event
}

// open opens a stream.
func (c *caller) open(ctx context.Context, r request) (*eventStream, error) {
	inner, stop := context.WithCancel(ctx)
	quiet := time.AfterFunc(c.cfg.Timeout, stop) // until the reply begins
	res, err := c.send(inner, r)
	if err != nil {
		quiet.Stop()
		stop()
		return nil, c.ended(ctx, err)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, maxEvent)
	quiet.Reset(streamSilence)
	return &eventStream{path: r.path, body: res.Body, lines: lines, quiet: quiet, stop: stop}, nil
}

// next reads the next event's data.
func (s *eventStream) next(into any) error {
	for s.lines.Scan() {
		s.quiet.Reset(streamSilence)
		line := s.lines.Text()
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			s.last = id
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(data), into); err != nil {
			return fault.ResponseMalformed.Wrap(err, "path", s.path)
		}
		return nil
	}
	switch err := s.lines.Err(); {
	case err == nil:
		return io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		return fault.ResponseMalformed.Wrap(err, "max_bytes", maxEvent)
	default:
		return fault.EndpointUnreachable.Wrap(err, "stage", "answer")
	}
}

// Close ends the stream. Next fails from then on.
func (s *eventStream) Close() error {
	s.quiet.Stop()
	s.stop()
	return s.body.Close()
}

// EventStream is an open stream of events as they are stored.
type EventStream struct{ *eventStream }

// Stream opens a stream of the events that are stored from now on, or after
// a place that [EventStream.Last] has named. Close it. Order, Limit and Start of
// the filter mean nothing to it and are [fault.FieldInvalid].
func (c Events) Stream(ctx context.Context, f EventFilter, after string) (*EventStream, error) {
	r := get("/api/v1/events/stream").where(parameters(f))
	if after != "" {
		r.header = http.Header{"Last-Event-Id": {after}}
	}
	s, err := c.open(ctx, r)
	if err != nil {
		return nil, err
	}
	s.last = after
	return &EventStream{s}, nil
}

// Next returns the next event. It waits until there is one, and fails with
// [io.EOF] when the server has ended the stream, as it does when it stops, and
// with [fault.EndpointUnreachable] when the stream was cut off or fell silent for
// a minute.
func (s *EventStream) Next() (Event, error) {
	var e Event
	err := s.next(&e)
	return e, err
}

// Last is the place of the stream: a stream that is opened after it goes on
// without a gap.
func (s *EventStream) Last() string { return s.last }

// FollowOptions say how events are followed.
type FollowOptions struct {
	// Past is how many of the events that are on record already come first.
	Past int

	// OnLost, when it is set, is told of each attempt that is about to be made
	// after the stream was lost, and why it was.
	OnLost func(why error, wait time.Duration)
}

// Follow yields each event as it is stored, the last ones on record before
// if they are asked for, none twice and none left out. A stream that is cut off is
// opened again from where it was, after a second, then two, up to 30. It ends when
// the context does, which is no error, and with the first refusal that trying
// again cannot mend, which is yielded.
func (c Events) Follow(ctx context.Context, f EventFilter, o FollowOptions) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		fail := func(err error) {
			if ctx.Err() == nil {
				yield(Event{}, err)
			}
		}
		// It listens before it asks for the past, so none falls in between.
		stream, err := c.Stream(ctx, f, "")
		if err != nil {
			fail(err)
			return
		}
		defer func() { stream.Close() }()
		shown := map[string]bool{} // what may come again by the stream
		if o.Past > 0 {
			past, err := c.last(ctx, f, o.Past)
			if err != nil {
				fail(err)
				return
			}
			for _, e := range past {
				shown[e.ID] = true
				if !yield(e, nil) {
					return
				}
			}
		}
		for {
			e, err := stream.Next()
			switch {
			case err == nil && !shown[e.ID]:
				if !yield(e, nil) {
					return
				}
				continue
			case err == nil:
				delete(shown, e.ID)
				continue
			case errors.Is(err, fault.ResponseMalformed):
				fail(err)
				return
			}
			stream.Close()
			if stream, err = c.reopen(ctx, f, stream, o, err); err != nil {
				fail(err)
				return
			}
		}
	}
}

// last returns the last n events that match, the newest last.
func (c Events) last(ctx context.Context, f EventFilter, n int) ([]Event, error) {
	f.Order, f.Limit = NewestFirst, min(n, maxLimit)
	var last []Event
	for e, err := range c.All(ctx, f) {
		if err != nil {
			return nil, err
		}
		if last = append(last, e); len(last) == n {
			break
		}
	}
	slices.Reverse(last)
	return last, nil
}

// reopen opens a lost stream again. It returns a stream that may be closed in any
// case.
func (c Events) reopen(ctx context.Context, f EventFilter, lost *EventStream, o FollowOptions, why error) (*EventStream, error) {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		if ctx.Err() != nil {
			return lost, ctx.Err()
		}
		if o.OnLost != nil {
			o.OnLost(why, wait)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return lost, ctx.Err()
		}
		stream, err := c.Stream(ctx, f, lost.last)
		if err == nil {
			return stream, nil
		}
		if refused, ok := errors.AsType[*Error](err); ok && !refused.Fault.Kind.CanRetry() && refused.Status < 500 {
			return lost, err
		}
		why = err
	}
}
