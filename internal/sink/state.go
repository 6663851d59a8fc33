// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// HookState is how a hook is.
type HookState struct {
	Name         string       `json:"name"`
	Origin       string       `json:"origin"` // scheme and host of its URL; the rest may be secret
	Types        []event.Type `json:"types"`  // empty: all
	State        State        `json:"state"`
	Behind       int64        `json:"behind"` // stored events that it has not come to yet, unwanted ones included
	Replays      int          `json:"replays"`
	FailingSince *time.Time   `json:"failing_since,omitempty"`
	RetryAt      *time.Time   `json:"retry_at,omitempty"`
	Failures     int          `json:"failures,omitempty"` // in a row
	Error        string       `json:"error,omitempty"`    // the last one
	Fault        string       `json:"fault,omitempty"`    // of a paused one
}

// State is a word for how a hook is.
type State string

// The states.
const (
	Working State = "working"
	Failing State = "failing" // tried again after growing pauses
	Paused  State = "paused"  // failing for long; tried once in a while
)

// Hooks tells how each hook is. It fails with fault.StoreUnavailable.
func (s *Sinks) Hooks(ctx context.Context) ([]HookState, error) {
	all := []HookState{}
	if len(s.hooks) == 0 {
		return all, nil
	}
	last, err := s.cfg.Events.Store().Last(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range s.hooks {
		st := HookState{Name: h.Name, Types: h.Types, State: Working, Behind: max(0, last-h.follower.at.Load())}
		if st.Types == nil {
			st.Types = []event.Type{}
		}
		if h.Hook.Verdicts {
			st.Types = append(slices.Clone(st.Types), Verdicts)
		}
		if u, err := url.Parse(h.URL); err == nil {
			st.Origin = u.Scheme + "://" + u.Host
		}
		if st.Replays, err = s.deliveries.countReplays(ctx, h.Name); err != nil {
			return nil, err
		}
		failures, since, retryAt, last := h.health.state()
		if failures > 0 {
			since, retryAt = since.UTC(), retryAt.UTC()
			st.State, st.Failures, st.FailingSince, st.RetryAt, st.Error = Failing, failures, &since, &retryAt, last.Error()
			h.mu.Lock()
			if h.paused {
				st.State, st.Fault = Paused, fault.SinkFailing.ID
			}
			h.mu.Unlock()
		}
		all = append(all, st)
	}
	return all, nil
}

// Resume tries a failing hook at once. An event named by skip is not tried
// again: the way past one that a receiver cannot digest. It fails with
// fault.FieldInvalid.
func (s *Sinks) Resume(name, skip string) error {
	h, err := s.hook(name)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.skip = skip
	h.mu.Unlock()
	h.health.now()
	return nil
}

// Deliveries gives a page of the log. It fails with fault.FieldInvalid and
// fault.StoreUnavailable.
func (s *Sinks) Deliveries(ctx context.Context, q LogQuery) (LogPage, error) {
	if q.Hook != "" {
		if _, err := s.hook(q.Hook); err != nil {
			return LogPage{}, err
		}
	}
	if s.deliveries == nil {
		return LogPage{Deliveries: []Delivery{}}, nil
	}
	return s.deliveries.log(ctx, q)
}

func (s *Sinks) hook(name string) (*hook, error) {
	for _, h := range s.hooks {
		if h.Name == name {
			return h, nil
		}
	}
	return nil, fault.FieldInvalid.New("field", "hook", "reason", "is not the name of a webhook of the configuration")
}
