// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/faultdoc"
)

// faults is the API with the catalogue, called without any token.
func faults(t testing.TB) *fixture {
	return serve(t, func(c *api.Config) { c.Routes = api.FaultRoutes() }).as("")
}

func TestFaultsAreListed(t *testing.T) {
	f := faults(t)
	r := f.get("/api/v1/faults").ok()
	var list struct {
		Dialects []struct{ Name string }
		Faults   []struct{ ID, Area string }
	}
	if err := json.Unmarshal(r.raw, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Faults) != len(fault.All()) || len(list.Dialects) < 4 {
		t.Errorf("%d faults and %d dialects, want %d faults", len(list.Faults), len(list.Dialects), len(fault.All()))
	}
	// What is served and what is exported are one and the same.
	files, err := faultdoc.Exported()
	if err != nil {
		t.Fatal(err)
	}
	var served, exported struct{ Dialects, Faults any }
	if err := errors.Join(json.Unmarshal(r.raw, &served), json.Unmarshal(files["faults.json"], &exported)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(served, exported) {
		t.Error("the export and the API do not say the same")
	}

	r = f.get("/api/v1/faults?area=device&category=api").ok()
	if err := json.Unmarshal(r.raw, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Faults) == 0 || len(list.Faults) > 10 {
		t.Errorf("%d faults in one area and category", len(list.Faults))
	}
	for _, x := range list.Faults {
		if x.Area != "device" {
			t.Errorf("%s is in %s", x.ID, x.Area)
		}
	}
	f.get("/api/v1/faults?area=kitchen").refused(400, "request.field_invalid", "area")
	f.get("/api/v1/faults?category=kitchen").refused(400, "request.field_invalid", "category")
}

func TestOneFault(t *testing.T) {
	f := faults(t)
	r := f.get("/api/v1/faults/room.full").ok()
	r.has(object{"id": "room.full", "title": fault.RoomFull.Title, "http_status": 403, "can_retry": true, "user.de": fault.RoomFull.UserText("de")})
	r = f.get("/api/v1/faults/room.ful")
	r.refused(404, "catalogue.unknown")
	r.has(object{"fault.details.nearest.0": "room.full"})
	f.get("/api/v1/faults/"+strings.Repeat("x", 4000)).refused(404, "catalogue.unknown")
}

func TestExplain(t *testing.T) {
	f := faults(t)
	ask := func(q string) reply { return f.get("/api/v1/explain?q=" + url.QueryEscape(q)) }
	r := ask("opentok:Session.publish():1553").ok()
	r.has(object{"query": "opentok:Session.publish():1553", "matches.0.fault.id": "ice.failed", "matches.0.found.0.source": "documented", "matches.0.found.0.pairing": "documented"})
	ask("3008").ok().has(object{"matches.0.fault.id": "playback.autoplay_blocked", "matches.1.fault.id": "device.subsystem_reset"})
	ask("hms:421").ok().has(object{"fallbacks.0.id": "signal.node_moved"})
	f.get("/api/v1/explain").refused(400, "request.field_missing", "q")
	ask("").refused(400, "request.field_invalid", "q")
	ask("a:b:c:d").refused(400, "request.field_invalid", "q")
	ask(strings.Repeat("x", 5000)).refused(400, "request.field_invalid", "q")
	ask("klingon:4005").refused(400, "request.field_invalid", "q")
	r = ask("NotReadableEror")
	r.refused(404, "catalogue.unknown")
	r.has(object{"fault.details.nearest.0": "NotReadableError"})
	if got := r.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("a refusal has Cache-Control %q", got)
	}
	ask("\x00<script>").refused(404, "catalogue.unknown")
	ask("\xff<script>").refused(400, "request.field_invalid", "q")
}

func TestFaultsCanBeKept(t *testing.T) {
	f := faults(t)
	for _, path := range []string{"/api/v1/faults", "/api/v1/faults?area=auth", "/api/v1/faults/room.full", "/api/v1/explain?q=4005"} {
		r := f.get(path).ok()
		tag := r.header.Get("ETag")
		if tag == "" || !strings.Contains(r.header.Get("Cache-Control"), "public") {
			t.Errorf("%s: ETag %q, Cache-Control %q", path, tag, r.header.Get("Cache-Control"))
		}
		for value, want := range map[string]int{
			tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, strings.Trim(tag, `"`): 200,
		} {
			again := f.do("GET", path, nil, "If-None-Match", value)
			if again.status != want || want == 304 && len(again.raw) != 0 || again.header.Get("ETag") != tag {
				t.Errorf("%s with If-None-Match %s: %d and %d bytes, want %d", path, value, again.status, len(again.raw), want)
			}
		}
		head := f.do("HEAD", path, nil)
		if head.status != 200 || len(head.raw) != 0 || head.header.Get("ETag") != tag {
			t.Errorf("HEAD %s: %d, %d bytes", path, head.status, len(head.raw))
		}
	}
}

func TestFaultsArePublicAndLimited(t *testing.T) {
	f := faults(t)
	r := f.do("GET", "/api/v1/explain?q=4005", nil, "Origin", "https://app.example")
	if r.status != 200 || r.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("%d, Access-Control-Allow-Origin %q", r.status, r.header.Get("Access-Control-Allow-Origin"))
	}
	// At once: a slow machine answers sixty in a row slower than the limit.
	var limited atomic.Int32
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			if r := f.get("/api/v1/faults"); r.status == http.StatusTooManyRequests {
				limited.Add(1)
			}
		})
	}
	all.Wait()
	if limited.Load() == 0 {
		t.Error("sixty listings at once were all answered")
	}
}
