// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// batchShapes are what POST /api/v1/events takes: a report, and an event as this
// API gives it.
func batchShapes(room string) []string {
	return []string{
		fmt.Sprintf(`{"event":"disconnected","event_id":"1795295249805","timestamp":1795295249805,"device_id":"d","peer":{"peer_id":"p","room_id":%q,"user_name":"Ann","session_id":"s1","role":"host"},"payload":{"error_code":1003,"error_name":"N","error_message":"M","error_description":"D","action":"RECONNECT_SIGNAL","is_terminal":false}}`, room),
		fmt.Sprintf(`{"version":"2.0","id":%q,"timestamp":"2026-01-31T12:00:00Z","type":"client.join.failed","data":{"room_id":%q,"user_id":"ann","error_code":4000,"error_name":"N","is_terminal":true,"agent":{"sdk":"web"}},"redial":{"fault":"room.full","source":"server"}}`, uuid.NewString(), room),
	}
}

// damage breaks a JSON text here and there.
func damage(rng *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + rng.IntN(3) {
		switch i := rng.IntN(len(b)); rng.IntN(3) {
		case 0:
			b[i] = byte(rng.IntN(256))
		case 1:
			b = append(b[:i], b[min(len(b), i+1+rng.IntN(20)):]...)
		default:
			odd := []string{"null", "[", "{}", "-1e999", `"\ud800"`, "\x00", "\xff", `"x":`, "9223372036854775808"}
			b = append(b[:i], append([]byte(odd[rng.IntN(len(odd))]), b[i:]...)...)
		}
		if len(b) == 0 {
			return ""
		}
	}
	return string(b)
}

// TestBadItems: of 1,000 damaged items each is refused with a fault of the
// caller's, or is a whole event; as many are stored as the reply says.
func TestBadItems(t *testing.T) {
	e := serveEvents(t, event.RecorderConfig{})
	ann := e.ann()
	rng := rand.New(rand.NewPCG(5, 6))
	refused, stored := 0, 0
	for n := 0; n < 1000; {
		var body []byte
		sent := 0
		for range 50 { // lines, so that one that is not even JSON breaks no other
			shapes := batchShapes(e.room)
			item := damage(rng, shapes[rng.IntN(len(shapes))])
			line := []byte{}
			for _, c := range []byte(item) {
				if c != '\n' && c != '\r' {
					line = append(line, c)
				}
			}
			if len(line) == 0 {
				continue
			}
			body = append(append(body, line...), '\n')
			sent++
		}
		n += sent
		r := ann.do("POST", "/api/v1/events", string(body), "Content-Type", "application/x-ndjson").ok()
		for _, item := range r.at("items").([]any) {
			switch item := item.(object); item["outcome"] {
			case "refused":
				refused++
				if f := item["fault"].(object); f["id"] == "" || f["id"] == "server.internal" || f["message"] == "" {
					t.Errorf("refused without a reason: %v", f)
				}
			case "stored":
				stored++
			case "ignored", "duplicate":
			default:
				t.Errorf("outcome %v", item)
			}
		}
	}
	if refused < 500 {
		t.Errorf("only %d of 1000 were refused", refused)
	}
	whole(t, e, stored)
}

// whole wants so many events, each readable and of ann in her room.
func whole(t *testing.T, e *eventful, want int) {
	t.Helper()
	if n := e.total(""); n != want {
		t.Errorf("%d events, want %d", n, want)
	}
	for start := ""; ; {
		page := e.get("/v2/analytics/events?limit=100&start=" + start).ok()
		for _, ev := range page.at("events").([]any) {
			data := ev.(object)["data"].(object)
			at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(ev.(object)["timestamp"]))
			if data["user_id"] != "ann" || data["room_id"] != e.room || data["error_code"] == nil || err != nil || time.Since(at) > time.Hour {
				t.Errorf("half an event: %v", ev)
			}
		}
		if start = page.str("next"); start == "" {
			return
		}
	}
}

// FuzzEvents: whatever is posted where events are taken, the reply is JSON, a
// refusal has its fault, and what was taken can be read back.
func FuzzEvents(f *testing.F) {
	e := serveEvents(f, event.RecorderConfig{})
	for _, text := range append(batchShapes(e.room), "", "{}", "[]", "[{}]", "null", "{\"type\":\"track.add.success\"}", "{\"event\":7}") {
		for route := range byte(3) {
			f.Add(route, []byte(text))
		}
	}
	caller := e.ann()
	f.Fuzz(func(t *testing.T, route byte, body []byte) {
		ann := *caller
		ann.t = t
		var r reply
		switch route % 3 {
		case 0:
			r = ann.do("POST", "/v2/client/report", string(body), "user_agent_v2", userAgent)
		case 1:
			r = ann.do("POST", "/api/v1/events", string(body))
		default:
			r = ann.do("POST", "/api/v1/events", string(body), "Content-Type", "application/x-ndjson")
		}
		switch {
		case r.status >= 500:
			t.Fatalf("%d %s", r.status, r.raw)
		case r.status >= 400:
			if r.str("fault.id") == "" {
				t.Fatalf("%d without a fault: %s", r.status, r.raw)
			}
			return
		}
		page, err := e.store.Query(t.Context(), event.Query{AccountID: "acme", Desc: true, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Events {
			var back event.Event
			if err := eventjson.Decode(eventjson.Append(nil, &page.Events[i]), &back); err != nil || back.RoomID != e.room || back.UserID != "ann" {
				t.Fatalf("stored as %s, %v", eventjson.Append(nil, &page.Events[i]), err)
			}
		}
	})
}
