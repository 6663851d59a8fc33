// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// takesAll is a store that keeps nothing.
type takesAll struct{ event.Store }

func (takesAll) Append(_ context.Context, events []event.Event) ([]event.Outcome, error) {
	return make([]event.Outcome, len(events)), nil
}

// Beyond a quota the socket refuses reports with a fault that names the limit,
// goes on otherwise, and holds nobody else to it.
func TestReportsBeyondAQuotaAreRefused(t *testing.T) {
	recorder := event.NewRecorder(takesAll{}, event.RecorderConfig{Quotas: event.Quotas{Token: event.Quota{Events: 3}}})
	s := newStation(t, func(c *config) { c.Events = recorder })
	t.Cleanup(func() { _ = recorder.Close(context.Background()) })
	alice, bob := s.joined("host", "alice"), s.joined("host", "bob")
	report := func(n int) map[string]any {
		return map[string]any{"name": "publish.failed", "timestamp": 1795295249805 + n, "info": map[string]any{
			"timestamp": 1795295249805 + n, "error_code": 4006, "error_name": "ICEDisconnected", "action": "PUBLISH", "is_terminal": false,
		}}
	}
	for n := range 10 {
		_, code, id := alice.call("analytics", report(n))
		if refused := code == 429 && id == "server.event_quota"; refused != (n >= 3) {
			t.Errorf("report %d: %d %s", n, code, id)
		}
	}
	alice.must("ping", map[string]any{"timestamp": 1})
	if _, code, id := bob.call("analytics", report(0)); code != 0 {
		t.Errorf("somebody else: %d %s", code, id)
	}
}

// Of 1,000 malformed reports over the socket each is refused with the caller's
// fault or is a whole event of the peer whose socket it is, and the socket goes
// on.
func TestAThousandMalformedReports(t *testing.T) {
	s := newStation(t, func(c *config) { c.Wire.FrameRate = 100_000 })
	p := s.joined("host", "alice")
	rng := rand.New(rand.NewPCG(8, 9))
	odd := []any{nil, true, -1, 1e300, 12.5, "", "x", "\x00\u202e", []any{}, []any{1, "a"}, map[string]any{}, map[string]any{"a": nil}}
	refused := map[string]int{}
	taken := 0
	for n := range 1000 {
		info := map[string]any{
			"timestamp": 1795295249805 + n, "error_code": 4006, "error_name": "ICEDisconnected", "error_message": "M", "error_description": "D",
			"action": "PUBLISH", "is_terminal": false, "domain": "LOCAL", "room_id": "another", "user_id": "bob",
		}
		report := map[string]any{"name": "publish.failed", "timestamp": 1795295249805 + n, "info": info}
		for range 1 + rng.IntN(3) {
			at := report
			if _, whole := report["info"].(map[string]any); whole && rng.IntN(3) > 0 {
				at = info
			}
			keys := make([]string, 0, len(at))
			for _, k := range []string{"name", "timestamp", "info", "error_code", "error_name", "error_message", "error_description", "action", "is_terminal"} {
				if _, has := at[k]; has {
					keys = append(keys, k)
				}
			}
			if len(keys) == 0 {
				continue
			}
			if k := keys[rng.IntN(len(keys))]; rng.IntN(3) == 0 {
				delete(at, k)
			} else {
				at[k] = odd[rng.IntN(len(odd))]
			}
		}
		_, code, id := p.call("analytics", report)
		switch {
		case code == 0:
			taken++
		case id == "request.field_missing" || id == "request.field_invalid" || id == "request.body_invalid":
			refused[id]++
		default:
			t.Errorf("%v: %d %s", report, code, id)
		}
	}
	if refused["request.field_missing"] < 100 || refused["request.field_invalid"] < 300 {
		t.Errorf("refused %v of 1000", refused)
	}
	p.must("ping", map[string]any{"timestamp": 1})
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	kept := 0
	for _, e := range s.events.list {
		if e.Type != event.PublishFailed {
			continue
		}
		kept++
		var back event.Event
		if err := eventjson.Decode(eventjson.Append(nil, &e), &back); err != nil {
			t.Errorf("stored as what cannot be read: %v", err)
		}
		if e.UserID != "user-alice" || e.RoomID != roomID || e.PeerID != p.id {
			t.Errorf("claims %+v", e.Subject)
		}
	}
	if kept == 0 || kept > taken {
		t.Error(fmt.Sprint(kept, " events of ", taken, " reports that were taken"))
	}
}
