// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// unanswering joins as a client that leaves the first offer unanswered.
func (s *station) unanswering(name string) (p *peer, offer map[string]any) {
	s.t.Helper()
	p = s.connect("viewer", name)
	p.deaf.Store(true)
	p.join(name)
	return p, p.expect("offer")
}

// timeouts are what was recorded of a peer for its answers: whether each was its end.
func (e *events) timeouts(t *testing.T, p *peer) (ends []bool) {
	t.Helper()
	for _, ev := range e.failures(p) {
		if ev.Type == event.Disconnected && !ev.Failure.Terminal {
			continue // it lost its socket, and came back
		}
		if ev.Fault != fault.NegotiationTimeout.ID || ev.Type != event.SubscribeFailed || ev.Op != fault.OpSubscribe {
			t.Errorf("recorded %+v", ev)
		}
		ends = append(ends, ev.Failure.Terminal)
	}
	return ends
}

// A client that is slow to answer is told so, and its answer still counts.
func TestALateAnswerCounts(t *testing.T) {
	s := newStation(t, func(c *config) { c.Engine.AnswerWarning = 100 * time.Millisecond })
	p, offer := s.unanswering("late")
	if told := p.expect("on-warning"); told["fault"] != fault.NegotiationTimeout.ID {
		t.Errorf("told %v", told)
	}
	p.deaf.Store(false)
	p.onOffer(offer)
	<-p.opened
	if ends := s.events.timeouts(t, p); !slices.Equal(ends, []bool{false}) {
		t.Errorf("recorded, and the end of it: %v", ends)
	}
	if n := s.value("redial_signal_warned_total", "op", "subscribe", "fault", fault.NegotiationTimeout.ID); n != 1 {
		t.Errorf("%v warnings counted", n)
	}
}

// A client that never answers is told, and in the end its session is over. One that
// has lost its socket is not waited for: it gets the offer again when it is back.
func TestAClientThatNeverAnswers(t *testing.T) {
	s := newStation(t, func(c *config) {
		c.Engine.AnswerWarning, c.Engine.AnswerTimeout = 100*time.Millisecond, 4*time.Second
	})
	away, _ := s.unanswering("away")
	_ = away.ws.CloseNow()
	<-away.closed
	s.waitHeld(1)
	earlier := s.events.timeouts(t, away) // a busy machine may have told it in between
	silent, _ := s.unanswering("silent")
	if told := silent.expect("on-warning"); told["fault"] != fault.NegotiationTimeout.ID {
		t.Errorf("told %v", told)
	}
	if told := silent.expect("on-error"); told["fault"] != fault.NegotiationTimeout.ID || told["code"] != 504.0 {
		t.Errorf("ended with %v", told)
	}
	<-silent.closed
	if ends := s.events.timeouts(t, silent); !slices.Equal(ends, []bool{false, true}) {
		t.Errorf("recorded, and the end of it: %v", ends)
	}
	if n := s.limited("limits.answer_timeout"); n != 1 {
		t.Errorf("%v ends counted", n)
	}
	if in := s.inside(t); slices.Contains(in, silent.id) || !slices.Contains(in, away.id) {
		t.Errorf("inside: %v", in)
	}
	away.deaf.Store(false)
	away.open()
	<-away.opened
	if ends := s.events.timeouts(t, away); !slices.Equal(ends, earlier) {
		t.Errorf("of who was away was recorded: %v", ends)
	}
}
