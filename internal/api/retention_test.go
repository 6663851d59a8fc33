// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/token"
)

// An account chooses for how long its events are kept, and what is older goes
// at once; the events of the other account stay.
func TestAnAccountChoosesItsRetention(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{Retention: 30 * event.Day})
	for n := range 20 {
		ev := eventtest.Sample(n)
		ev.AccountID, ev.Time = []string{"acme", "umbrella"}[n%2], time.Now().Add(-time.Duration(n)*event.Day)
		if err := e.recorder.Append(t.Context(), ev); err != nil {
			t.Fatal(err)
		}
	}
	other := e.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	const path = "/api/v1/events/retention"
	e.get(path).ok().has(object{"days": 30, "default_days": 30, "own": false, "updated_at": nil, "updated_by": nil})
	for _, body := range []object{{}, {"days": nil}} {
		e.do("PUT", path, body).refused(400, "request.field_missing", "days")
	}
	for _, body := range []object{{"days": -1}, {"days": 3651}, {"days": "7"}, {"days": 1.5}} {
		e.do("PUT", path, body).refused(400, "request.field_invalid", "days")
	}
	e.ann().do("PUT", path, object{"days": 1}).refused(401, "token.kind")
	e.as("").get(path).refused(401, "token.missing")
	e.get(path).ok().has(object{"own": false})

	chosen := e.do("PUT", path, object{"days": 9}).ok().has(object{"days": 9, "default_days": 30, "own": true})
	if chosen.str("updated_by") == "" || chosen.str("updated_at") == "" {
		t.Errorf("nobody chose: %s", chosen.raw)
	}
	left := func(f *fixture, want int) {
		t.Helper()
		var got float64
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if got = f.get("/v2/analytics/events").ok().at("total").(float64); int(got) == want {
				return
			}
		}
		t.Errorf("%v events are left, want %d", got, want)
	}
	left(e.fixture, 5) // of 0, 2, 4, 6 and 8 days
	left(other, 10)
	other.get(path).ok().has(object{"own": false})

	other.do("PUT", path, object{"days": 0}).ok().has(object{"days": 0, "own": true})
	if r := e.do("DELETE", path, nil); r.status != 204 {
		t.Errorf("%s: %d", r.call, r.status)
	}
	e.get(path).ok().has(object{"days": 30, "own": false})
	left(e.fixture, 5)
	left(other, 10)
}
