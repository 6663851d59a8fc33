// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/token"
)

// TestAttempts: tries that worked and that failed are one list by time, in pages that
// hold each exactly once.
func TestAttempts(t *testing.T) {
	w, at := searched(t)
	for n := range 5 { // at one and the same moment
		w.failed(func(e *event.Event) {
			e.Time, e.PeerID, e.UserID, e.UserName = at.Add(-time.Minute), fmt.Sprint("same-", n), fmt.Sprint("v-", n), "Vera"
		})
	}
	ask := func(args ...string) reply {
		t.Helper()
		q := url.Values{}
		for i := 0; i < len(args); i += 2 {
			q.Set(args[i], args[i+1])
		}
		return w.get("/api/v1/attempts?" + q.Encode())
	}
	ask().ok().has(object{
		"attempts.0.peer_id": "mia-3", "attempts.0.outcome": "fine", "attempts.1.peer_id": "mia-2", "attempts.1.outcome": "failed",
		"attempts.1.failure.fault": "ice.failed", "attempts.2.peer_id": nil, "attempts.3.peer_id": "mia-1", "attempts.9": nil, "next": "", "more": false, "indexed": 1,
	})
	for _, order := range []string{"asc", "desc"} {
		var seen []string
		for next, pages := "", 0; pages < 20; pages++ {
			r := ask(append([]string{"limit", "3", "order", order}, map[bool][]string{true: {"start", next}}[next != ""]...)...).ok()
			for _, a := range r.at("attempts").([]any) {
				o := a.(object)
				seen = append(seen, fmt.Sprint(o["peer_id"]))
			}
			if next = r.str("next"); next == "" {
				break
			}
		}
		unique := map[string]bool{}
		for _, s := range seen {
			unique[s] = true
		}
		if len(seen) != 9 || len(unique) != len(seen) {
			t.Errorf("%s: the pages have %v", order, seen)
		}
		if first := seen[0]; order == "desc" && first != "mia-3" || order == "asc" && !strings.HasPrefix(first, "same-") {
			t.Errorf("%s begins with %s", order, first)
		}
	}
	since, until := at.Add(90*time.Second).Format(time.RFC3339Nano), at.Add(5*time.Minute).Format(time.RFC3339Nano)
	ask("happened_since", since, "happened_until", until).ok().has(object{"attempts.0.peer_id": "mia-2", "attempts.1": nil})
	ask("user", "mia", "outcome", "trouble").ok().has(object{"attempts.0.peer_id": "mia-1", "attempts.1": nil})
	ask("room", "nowhere").ok().has(object{"attempts": []any{}})
	w.as(mint(t, umbrella, token.Claims{Type: token.Management})).get("/api/v1/attempts").ok().has(object{"attempts": []any{}})

	for _, bad := range [][3]string{
		{"limit", "0", "limit"}, {"limit", "100", "limit"}, {"limit", "x", "limit"}, {"order", "up", "order"}, {"outcome", "x", "outcome"},
		{"start", "x", "start"}, {"start", "1.", "start"}, {"start", "0.0", "start"}, {"start", "+1.1", "start"}, {"happened_since", "now", "happened_since"}, {"since", "2026-01-31T12:00:00Z", "since"},
		{"user", strings.Repeat("x", 300), "user"}, {"room", "", "room"},
	} {
		ask(bad[0], bad[1]).refused(400, fault.FieldInvalid.ID, bad[2])
	}
	ask("happened_since", until, "happened_until", since).refused(400, fault.FieldInvalid.ID, "happened_until")
}

// TestOutcomes: the boxes add up, and follow the verdicts; what makes no sense is refused.
func TestOutcomes(t *testing.T) {
	w, at := searched(t)
	hour := at.Truncate(time.Hour)
	window := "happened_since=" + hour.Add(-time.Hour).Format(time.RFC3339) + "&happened_until=" + hour.Add(2*time.Hour).Format(time.RFC3339)
	r := w.get("/api/v1/analytics/outcomes?bucket=hour&" + window).ok()
	r.has(object{"tries": 4, "got_in": 1, "after_trouble": 1, "failed": 2, "causes": []any{}, "not_known.tries": 2, "not_known.waiting": 2,
		"complete": true, "indexed": 1, "bucket": "hour", "buckets.3": nil})
	if err := w.store.Diagnose(t.Context(), []event.Verdict{
		{Seq: 2, Diagnosis: event.Diagnosis{Cause: fault.NetworkLost.ID, Confidence: "likely", Rules: "x"}}, {Seq: 3, Diagnosis: event.Diagnosis{Confidence: "not known", Rules: "x"}},
	}, 3); err != nil {
		t.Fatal(err)
	}
	w.get("/api/v1/analytics/outcomes?" + window).ok().has(object{"failed": 2, "causes.0.cause": fault.NetworkLost.ID, "causes.0.title": fault.NetworkLost.Title,
		"causes.0.tries": 1, "causes.0.users": 1, "not_known.tries": 1, "not_known.unexplained": 1, "not_known.waiting": 0, "buckets": []any{}})
	w.get("/api/v1/analytics/outcomes?room=nowhere&" + window).ok().has(object{"tries": 0})
	w.as(mint(t, umbrella, token.Claims{Type: token.Management})).get("/api/v1/analytics/outcomes?" + window).ok().has(object{"tries": 0})
	for query, field := range map[string]string{
		"bucket=year": "bucket", "bucket=minute": "bucket", "happened_since=2020-01-01T00:00:00Z": "happened_since", "bucket=hour&happened_since=" + at.Add(-90*event.Day).Format(time.RFC3339): "bucket",
		"happened_since=" + at.Add(2*event.Day).Format(time.RFC3339): "happened_until", "x=1": "x", "happened_until=x": "happened_until",
	} {
		w.get("/api/v1/analytics/outcomes?"+query).refused(400, fault.FieldInvalid.ID, field)
	}
	w.get("/api/v1/analytics/outcomes?bucket=minute&happened_since=" + at.Add(-3*time.Hour).Format(time.RFC3339) + "&happened_until=" + at.Add(2*time.Hour).Format(time.RFC3339)).ok().
		has(object{"buckets.300": nil, "tries": 4})
}
