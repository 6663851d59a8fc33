// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// TestCauses: causes are counted as their verdicts say, with when they were first seen,
// and can be muted until a time or until they double.
func TestCauses(t *testing.T) {
	w := serveWhy(t)
	now := time.Now().UTC()
	old, verdicts := now.Add(-72*time.Hour), []event.Verdict{}
	give := func(cause string, at time.Time, n int) {
		t.Helper()
		for range n {
			seq := int64(len(verdicts) + 1)
			w.failed(func(e *event.Event) { e.Time, e.PeerID, e.UserID = at, fmt.Sprint("p-", seq), fmt.Sprint("u-", seq) })
			confidence := "likely"
			if cause == "" {
				confidence = "not known"
			}
			verdicts = append(verdicts, event.Verdict{Seq: seq, Diagnosis: event.Diagnosis{Cause: cause, Confidence: confidence, Rules: "x"}})
		}
		if err := w.store.Diagnose(t.Context(), verdicts[len(verdicts)-n:], int64(len(verdicts))); err != nil {
			t.Fatal(err)
		}
	}
	give(fault.TokenExpired.ID, old, 1)
	give(fault.TokenExpired.ID, now.Add(-time.Hour), 3)
	give(fault.NetworkLost.ID, now.Add(-time.Minute), 12)
	give("", now.Add(-time.Minute), 1)
	r := w.get("/api/v1/causes").ok()
	r.has(object{"causes.0.cause": fault.NetworkLost.ID, "causes.0.title": fault.NetworkLost.Title, "causes.0.failures": 12, "causes.0.users": 12, "causes.0.before": 0, "causes.0.new": true,
		"causes.1.cause": fault.TokenExpired.ID, "causes.1.failures": 3, "causes.1.new": false, "causes.1.muted": nil, "causes.2": nil, "not_known.failures": 1, "bucket": "hour", "causes.0.trend.24": nil})
	if first := r.str("causes.1.first_seen"); first != old.Format(time.RFC3339Nano) {
		t.Errorf("first seen %s, want %s", first, old)
	}
	w.get("/api/v1/causes?since=" + now.Add(-90*time.Hour).Format(time.RFC3339)).ok().has(object{"bucket": "day", "causes.1.failures": 4})

	// Muted until a time.
	at := "/api/v1/causes/" + fault.TokenExpired.ID + "/mute"
	w.do("PUT", at, object{"until": now.Add(time.Hour).Format(time.RFC3339)}).ok().has(object{"above": 0})
	w.get("/api/v1/causes").ok().has(object{"causes.0.muted": nil, "causes.1.muted.above": 0})
	if w.get("/api/v1/causes").ok().str("causes.1.muted.set_by") == "" {
		t.Error("nobody muted it")
	}
	// Until it doubles.
	w.do("PUT", at, object{"until_doubles": true}).ok().has(object{"above": 6, "until": nil})
	give(fault.TokenExpired.ID, now, 2)
	w.get("/api/v1/causes").ok().has(object{"causes.1.failures": 5, "causes.1.muted.above": 6})
	give(fault.TokenExpired.ID, now, 1)
	w.get("/api/v1/causes").ok().has(object{"causes.1.failures": 6, "causes.1.muted": nil})
	w.do("PUT", at, object{"until_doubles": true}).ok()
	if r := w.do("DELETE", at, nil); r.status != 204 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	w.get("/api/v1/causes").ok().has(object{"causes.1.muted": nil})

	// Of another account nothing is seen, and nothing is muted.
	w.do("PUT", at, object{"until_doubles": true}).ok()
	other := w.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	other.get("/api/v1/causes").ok().has(object{"causes": []any{}, "not_known.failures": 0})
	if r := other.do("DELETE", at, nil); r.status != 204 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if w.get("/api/v1/causes").ok().at("causes.1.muted") == nil {
		t.Error("another account has ended the mute")
	}

	for _, c := range []struct {
		body  any
		field string
	}{
		{object{"until": "soon"}, "until"}, {object{"until": old.Format(time.RFC3339)}, "until"}, {object{"until": now.AddDate(2, 0, 0).Format(time.RFC3339)}, "until"},
		{object{"until": now.Add(time.Hour).Format(time.RFC3339), "until_doubles": true}, "until_doubles"},
	} {
		w.do("PUT", at, c.body).refused(400, fault.FieldInvalid.ID, c.field)
	}
	w.do("PUT", at, object{}).refused(400, fault.FieldMissing.ID, "until")
	w.do("PUT", "/api/v1/causes/nothing/mute", object{"until_doubles": true}).refused(404, fault.CatalogueUnknown.ID, "cause")
	w.get("/api/v1/causes?since=x").refused(400, fault.FieldInvalid.ID, "since")
	w.get("/api/v1/causes?x=1").refused(400, fault.FieldInvalid.ID, "x")
	w.get("/api/v1/causes?since="+now.AddDate(-2, 0, 0).Format(time.RFC3339)).refused(400, fault.FieldInvalid.ID, "since")
}

// TestAnnotations: what concerns all or the account is listed by time, what concerns
// another is not.
func TestAnnotations(t *testing.T) {
	w := serveWhy(t)
	o := w.registry.Operations()
	now := time.Now()
	for n, account := range []string{"", "acme", "umbrella"} {
		if err := o.Annotate(t.Context(), registry.Annotation{Account: account, At: now.Add(time.Duration(n-5) * time.Minute), Kind: "start", Data: map[string]any{"version": account}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Remember(t.Context(), "settings", map[string]string{"a": "1"}); err != nil {
		t.Fatal(err)
	}
	w.get("/api/v1/annotations").ok().has(object{"annotations.0.data.version": "", "annotations.1.data.version": "acme", "annotations.1.kind": "start", "annotations.2": nil})
	w.get("/api/v1/annotations?since=" + now.UTC().Add(-4*time.Minute-time.Second).Format(time.RFC3339)).ok().has(object{"annotations.0.data.version": "acme", "annotations.1": nil})
	w.get("/api/v1/annotations?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z").refused(400, fault.FieldInvalid.ID, "until")
	if kept, ok, err := o.Remembered(t.Context(), "settings"); err != nil || !ok || kept["a"] != "1" {
		t.Errorf("remembered %v, %v, %v", kept, ok, err)
	}
}

// TestTheCausesPageIsComplete: docs/causes.md has every route.
func TestTheCausesPageIsComplete(t *testing.T) {
	documented(t, "causes.md", api.CausesRoutes(api.CausesConfig{}))
}
