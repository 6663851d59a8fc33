// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/token"
)

// happened is a failure of acme's, so long ago.
func happened(ago time.Duration, fault, user string) event.Event {
	return event.Event{
		ID: uuid.NewString(), Time: time.Now().UTC().Add(-ago), Type: event.JoinFailed, Fault: fault, Source: event.FromBoth,
		Subject: event.Subject{AccountID: "acme", UserID: user, PeerID: uuid.NewString(), RoomID: "r", Role: "host"},
		Failure: event.Failure{Code: 4000, Terminal: true},
	}
}

func TestSummary(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	now := time.Now().UTC().Truncate(time.Hour)
	at := func(hours int) string { return now.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
	add := func(n int, ago time.Duration, fault string) {
		t.Helper()
		for i := range n {
			if err := e.recorder.Append(t.Context(), happened(ago+time.Minute, fault, fmt.Sprint("user-", i%3))); err != nil {
				t.Fatal(err)
			}
		}
	}
	e.get("/api/v1/analytics/summary").ok().has(object{
		"by": "fault", "total.events": 0, "total.joins.failure_rate": nil, "groups": "[]", "oldest": nil,
	})
	add(4, 29*time.Hour, fault.RoomFull.ID)
	add(2, 29*time.Hour, fault.Internal.ID)
	add(20, time.Hour, fault.RoomFull.ID)
	add(3, time.Hour, fault.Internal.ID)
	add(1, time.Hour, fault.StoreUnavailable.ID)
	other := happened(time.Hour, fault.RoomFull.ID, "u")
	other.AccountID = "umbrella"
	if err := e.recorder.Append(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	for range 36 {
		e.recorder.Joined(event.Subject{RoomID: "r", Role: "host", AccountID: "acme"})
	}
	if err := e.recorder.Close(t.Context()); err != nil { // which counts the joins
		t.Fatal(err)
	}
	q := "/api/v1/analytics/summary?since=" + at(-4) + "&until=" + at(1)
	e.get(q + "&by=fault&top=2").ok().has(object{
		"values": 3, "total.events": 24, "total.users": 3, "total.joins.attempts": 60, "total.joins.failed": 24, "total.joins.failure_rate": 0.4,
		"groups.0.value": fault.RoomFull.ID, "groups.0.events": 20, "groups.0.share": 0.833333, "groups.0.users": 3,
		"groups.0.joins.failed": 20, "groups.0.joins.failure_rate": 0.333333, "groups.0.joins.attempts": nil,
		"groups.1.value": fault.Internal.ID, "groups.2": nil, "compare": nil, "buckets.0": at(-4), "groups.0.series.5": nil,
	})
	r := e.get(q + "&by=role").ok().has(object{"groups.0.value": "host", "groups.0.joins.attempts": 60, "groups.0.series.4.attempts": 36})
	sum := 0.0
	for i := range 5 {
		sum += r.at(fmt.Sprintf("groups.0.series.%d.events", i)).(float64)
	}
	if sum != 24 {
		t.Errorf("the series adds up to %v, want 24: %s", sum, r.raw)
	}
	e.get(q + "&by=type").ok().has(object{"groups.0.value": "client.join.failed", "groups.0.joins": nil})
	e.get("/api/v1/analytics/summary?compare=previous").ok().has(object{
		"compare.complete": false, "compare.new": "[]", "compare.total.events": 6, "total.before": 6, "bucket": nil,
		"compare.spikes.0.value": fault.RoomFull.ID, "compare.spikes.0.before": 4, "compare.spikes.0.z": 3.27, "compare.spikes.1": nil,
	})
	until := now.Add(time.Hour)
	e.get("/api/v1/analytics/summary?compare=day&since=" + until.Add(-8*time.Hour).Format(time.RFC3339) + "&until=" + until.Format(time.RFC3339)).ok().has(object{
		"compare.since": until.Add(-32 * time.Hour).Format(time.RFC3339), "compare.total.events": 6, "compare.complete": false,
	})
	// From the hour of the oldest on, all is known, and what was not there is new.
	oldest, err := time.Parse(time.RFC3339, e.get(q).ok().str("oldest"))
	if err != nil {
		t.Fatal(err)
	}
	e.get("/api/v1/analytics/summary?compare=day&since=" + oldest.Add(24*time.Hour).Format(time.RFC3339) + "&until=" + until.Format(time.RFC3339)).ok().has(object{
		"compare.complete": true, "compare.new.0.value": fault.StoreUnavailable.ID, "compare.new.0.z": 1, "compare.new.1": nil,
	})
	umb := e.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	umb.get(q).ok().has(object{"total.events": 1})
	for _, c := range []struct{ query, field string }{
		{"by=colour", "by"}, {"top=0", "top"}, {"bucket=minute", "bucket"}, {"type=x", "type"}, {"since=yesterday", "since"},
		{"since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "until"}, {"since=2020-01-01T00:00:00Z", "since"},
		{"compare=month", "compare"}, {"compare=day&since=2026-01-01T00:00:00Z&until=2026-01-03T00:00:00Z", "compare"},
		{"bucket=hour&since=2026-01-01T00:00:00Z&until=2026-03-01T00:00:00Z", "bucket"}, {"by=fault&by=room", "by"}, {"limit=3", "limit"}, {"%zz", "query"},
	} {
		e.get("/api/v1/analytics/summary?"+c.query).refused(400, "request.field_invalid", c.field)
	}
	e.ann().get(q).refused(401, "token.kind")

	// Crossed with another dimension, one by one.
	e.get(q + "&where=role:host").ok().has(object{
		"where": "role:host", "complete": true, "total.events": 24, "total.users": 3, "total.joins": nil, "values": 3,
		"groups.0.value": fault.RoomFull.ID, "groups.0.events": 20, "groups.0.share": 0.833333, "groups.0.users": 3, "groups.0.joins": nil, "groups.3": nil, "total.series.5": nil,
	})
	umb.get(q + "&where=role:host").ok().has(object{"total.events": 1})
	e.get(q + "&where=role:guest").ok().has(object{"total.events": 0, "values": 0, "groups": "[]", "complete": true})
	e.get(q + "&by=role&top=1&where=fault:" + fault.Internal.ID).ok().has(object{"total.events": 3, "groups.0.value": "host", "groups.0.events": 3})
	e.get("/api/v1/analytics/summary?by=role&where=fault:" + fault.Internal.ID + "&since=" + at(-48) + "&bucket=day").ok().has(object{"total.events": 5})
	for query, field := range map[string]string{
		"where=role": "where", "where=colour:red": "where", "where=fault:room.full": "where", "where=role:host&compare=previous": "compare", "where=": "where",
	} {
		e.get("/api/v1/analytics/summary?"+query).refused(400, fault.FieldInvalid.ID, field)
	}
}

func TestBatch(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	other := e.told(2)
	other["peer"] = object{"peer_id": "p", "room_id": "another"}
	list := []any{e.told(0), object{"event": "join.success"}, other, object{"event": "disconnected"}, 7, e.told(1)}
	want := object{
		"stored": 2, "ignored": 1, "refused": 3, "items.0.outcome": "stored", "items.1.outcome": "ignored",
		"items.2.fault.id": "token.room_mismatch", "items.3.fault.id": "request.field_missing", "items.3.fault.field": "payload",
		"items.4.fault.id": "request.body_invalid", "items.5.outcome": "stored", "items.5.index": 5, "items.6": nil,
	}
	r := e.ann().post("/api/v1/events", list).ok().has(want)
	e.get("/api/v1/events/" + r.str("items.5.id")).ok().has(object{"data.user_id": "ann", "data.room_name": "lobby", "data.role": "host"})
	again := e.ann().post("/api/v1/events", append(list, e.told(2))).ok().has(object{
		"stored": 1, "duplicate": 2, "merged": 0, "ignored": 1, "refused": 3,
		"items.0.outcome": "duplicate", "items.0.id": r.str("items.0.id"), "items.5.outcome": "duplicate", "items.6.outcome": "stored",
	})
	if n := e.total(""); n != 3 {
		t.Errorf("%d events, want 3: the same again counts once", n)
	}
	e.get("/api/v1/events/" + again.str("items.0.id")).ok()

	// The second account of what the server saw becomes part of it, once.
	seen := report.Seen(event.Disconnected, fault.From(fault.SignalLost.New(), fault.OpReconnect),
		event.Subject{AccountID: "acme", UserID: "ann", PeerID: "ann-again", RoomID: e.room})
	if err := e.recorder.Append(t.Context(), seen); err != nil {
		t.Fatal(err)
	}
	both := e.told(3)
	both["peer"].(object)["peer_id"] = "ann-again"
	both["payload"].(object)["error_code"] = seen.Failure.Code
	joined := e.ann().post("/api/v1/events", []any{both, both}).ok().has(object{
		"stored": 0, "merged": 1, "duplicate": 1, "items.0.outcome": "merged", "items.1.outcome": "duplicate",
	})
	e.get("/api/v1/events/" + joined.str("items.0.id")).ok().has(object{"redial.source": "both"})

	// What was exported can be imported, by whoever manages the account.
	id := uuid.NewString()
	failed := fmt.Sprintf(`{"id":%q,"timestamp":"2026-01-31T12:00:00Z","type":"client.join.failed","data":{"room_id":"r9","user_id":"u9","account_id":"umbrella","error_code":4000},"redial":{"fault":"room.full","source":"server"}}`, id)
	track := `{"type":"track.add.success","data":{"track_id":"t1","room_id":"r9"}}`
	lines := strings.Join([]string{failed, "", track, "{", failed, `{"type":"beam.recording.success"}`}, "\n")
	e.do("POST", "/api/v1/events", lines, "Content-Type", "application/x-ndjson").ok().has(object{
		"stored": 2, "duplicate": 1, "refused": 2, "items.0.id": id, "items.2.fault.id": "request.body_invalid", "items.4.fault.field": "type",
	})
	e.get("/api/v1/events/" + id).ok().has(object{
		"timestamp": "2026-01-31T12:00:00Z", "data.account_id": "acme", "data.user_id": "u9", "redial.fault": "room.full", "redial.source": "server",
	})
	if n := e.total("?room_id=r9"); n != 2 {
		t.Errorf("%d events of r9, want 2", n)
	}
	// A client tells of its own failures only, and not what only the server knows.
	mine := strings.NewReplacer("r9", e.room, "u9", "ann", id, uuid.NewString()).Replace(failed)
	r = e.ann().do("POST", "/api/v1/events", strings.Join([]string{mine, track, failed}, "\n"), "Content-Type", "application/x-ndjson").ok().has(object{
		"items.0.outcome": "stored", "items.1.fault.field": "type", "items.2.fault.id": "token.room_mismatch",
	})
	e.get("/api/v1/events/" + r.str("items.0.id")).ok().has(object{"redial.source": "client", "redial.fault": nil, "redial.client_timestamp": "2026-01-31T12:00:00Z"})

	e.do("POST", "/api/v1/events", "[", "Content-Type", "application/json").refused(400, "request.body_invalid")
	e.do("POST", "/api/v1/events", strings.Repeat("{}\n", 1001)).refused(413, "request.too_large")
	e.as("").post("/api/v1/events", list).refused(401, "token.missing")
	e.post("/api/v1/events", []any{}).ok().has(object{"stored": 0, "items": "[]"})
}
