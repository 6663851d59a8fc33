// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/live"
	"github.com/redial-rtc/redial/internal/sink"
)

// jsonFields lists the fields of a struct's JSON, those of its structs with a
// path: "roles.*.permissions.mute".
func jsonFields(t reflect.Type) []string {
	seen := map[string]bool{}
	walkFields(t, "", seen)
	return slices.Sorted(maps.Keys(seen))
}

func walkFields(t reflect.Type, at string, seen map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		walkFields(t.Elem(), at, seen)
		return
	case reflect.Map:
		walkFields(t.Elem(), at+".*", seen)
		return
	case reflect.Struct:
	default:
		return
	}
	if t == reflect.TypeFor[time.Time]() {
		return
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			walkFields(f.Type, at, seen)
		}
		if name == "-" || name == "" {
			continue
		}
		path := strings.TrimPrefix(at+"."+name, ".")
		seen[path] = true
		walkFields(f.Type, path, seen)
	}
}

// TestTheAdminClientHasEveryField holds the public client against what the server
// decodes and answers. A field that is added here and not there would be lost to
// whoever uses it.
func TestTheAdminClientHasEveryField(t *testing.T) {
	// What the client leaves out on purpose.
	twice := []string{"_id", "customerId", "destinations"} // other spellings, and what is always empty
	cannot := []string{"recording_info", "recording_info.enabled", "webhook", "webhook.url"}
	for _, c := range []struct {
		name          string
		server, admin reflect.Type
		without       []string
	}{
		{"injection", api.InjectionBody, reflect.TypeFor[admin.Injection](), nil},
		{"rule", reflect.TypeFor[inject.Rule](), reflect.TypeFor[admin.InjectionRule](), nil},
		{"injections", api.InjectionsList, reflect.TypeFor[admin.InjectionList](), nil},
		{"console link", api.ConsoleLink, reflect.TypeFor[admin.ConsoleLink](), nil},
		{"console order", api.ConsoleOrder, reflect.TypeFor[admin.ConsoleOrder](), nil},
		{"room", api.RoomBody, reflect.TypeFor[admin.Room](), nil},
		{"new room", api.RoomChange, reflect.TypeFor[admin.NewRoom](), cannot},
		{"room change", api.RoomChange, reflect.TypeFor[admin.RoomChange](), cannot},
		{"template", api.TemplateBody, reflect.TypeFor[admin.Template](), twice},
		{"template change", api.TemplateChange, reflect.TypeFor[admin.TemplateChange](), nil},
		{"layout", api.LayoutBody, reflect.TypeFor[admin.Layout](), nil},
		{"layout change", api.LayoutChange, reflect.TypeFor[admin.LayoutChange](), nil},
		{"code", api.CodeBody, reflect.TypeFor[admin.RoomCode](), nil},
		{"token", api.TokenBody, reflect.TypeFor[admin.RoomToken](), nil},
		{"active room", api.ActiveBody, reflect.TypeFor[admin.ActiveRoom](), nil},
		{"peer", api.ActivePeer, reflect.TypeFor[admin.Peer](), nil},
		{"session", api.SessionBody, reflect.TypeFor[admin.Session](), nil},
		{"events", api.EventsPage, reflect.TypeFor[admin.EventPage](), nil},
		{"diagnoses", api.DiagnosesPage, reflect.TypeFor[admin.DiagnosisPage](), nil},
		{"share", api.ShareBody, reflect.TypeFor[admin.Share](), nil},
		{"attempts", api.AttemptsPage, reflect.TypeFor[admin.AttemptPage](), nil},
		{"timeline", api.TimelineBody, reflect.TypeFor[admin.Timeline](), nil},
		{"outcomes", api.OutcomesBody, reflect.TypeFor[admin.Outcomes](), nil},
		{"causes", api.CausesBody, reflect.TypeFor[admin.Causes](), nil},
		{"one cause", api.OneCauseBody, reflect.TypeFor[admin.OneCause](), nil},
		{"annotations", api.ChangesBody, reflect.TypeFor[admin.Annotations](), nil},
		{"audit", api.AuditBody, reflect.TypeFor[admin.AuditPage](), nil},
		{"health", reflect.TypeFor[api.Health](), reflect.TypeFor[admin.Health](), nil},
		{"live rooms", api.LiveListBody, reflect.TypeFor[admin.LiveRooms](), nil},
		{"live room", reflect.TypeFor[live.Room](), reflect.TypeFor[admin.LiveRoom](), nil},
		{"muted", api.MuteBody, reflect.TypeFor[admin.Muted](), nil},
		{"retention", api.RetentionBody, reflect.TypeFor[admin.Retention](), nil},
		{"summary", api.SummaryBody, reflect.TypeFor[admin.Summary](), nil},
		{"webhook", reflect.TypeFor[sink.HookState](), reflect.TypeFor[admin.Webhook](), nil},
		{"delivery", reflect.TypeFor[sink.Delivery](), reflect.TypeFor[admin.Delivery](), nil},
		{"deliveries", api.DeliveryPage, reflect.TypeFor[admin.DeliveryPage](), nil},
		{"replay", reflect.TypeFor[sink.Replay](), reflect.TypeFor[admin.Replay](), nil},
	} {
		want := slices.DeleteFunc(jsonFields(c.server), func(f string) bool { return slices.Contains(c.without, f) })
		have := jsonFields(c.admin)
		if c.name == "template change" { // the server reads roles and settings from raw JSON
			have = slices.DeleteFunc(have, func(f string) bool { return strings.Contains(f, ".") })
		}
		if c.name == "layout" || c.name == "layout change" { // the client's author writes the parts as raw JSON
			want = slices.DeleteFunc(want, func(f string) bool { return strings.Contains(f, ".") })
		}
		if c.name == "diagnoses" { // a case is raw JSON to the client
			want = slices.DeleteFunc(want, func(f string) bool { return strings.HasPrefix(f, "diagnoses.case.") })
		}
		if c.name == "events" { // written by hand in the server; see TestTheAdminClientReadsWholeEvents
			have = slices.DeleteFunc(have, func(f string) bool { return strings.HasPrefix(f, "events.") })
		}
		for _, f := range want {
			if !slices.Contains(have, f) {
				t.Errorf("%s: the server has %q, package admin does not", c.name, f)
			}
		}
		for _, f := range have {
			if !slices.Contains(want, f) {
				t.Errorf("%s: package admin has %q, the server does not", c.name, f)
			}
		}
		if len(want) == 0 {
			t.Errorf("%s: nothing was compared", c.name)
		}
	}
}

// TestEveryFormOfAnInjection: the fields that the server decodes are those of the
// Go client and of the npm package, and their words are those it accepts.
func TestEveryFormOfAnInjection(t *testing.T) {
	want := jsonFields(api.InjectionBody)
	dts, err := os.ReadFile("../../web/testing/admin.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(dts), "export interface Injection {\n")
	body, _, _ = strings.Cut(body, "\n}\n")
	var have []string
	for _, m := range regexp.MustCompile(`(?m)^  (\w+)\??:`).FindAllStringSubmatch(body, -1) {
		have = append(have, m[1])
	}
	slices.Sort(have)
	if !ok || !slices.Equal(have, want) {
		t.Errorf("web/testing/admin.d.ts has %v, the server %v", have, want)
	}

	f, _ := injecting(t)
	f.newRoom("demo")
	try := func(field string, words ...string) {
		t.Helper()
		r := f.post("/api/v1/injections/check", object{"injections": []object{{"fault": "loss", "room": "demo", field: "nonsense"}}})
		r.refused(400, "request.field_invalid", field)
		possible := fmt.Sprint(r.at("fault.details.want"))
		if got := fmt.Sprint(words); got != possible {
			t.Errorf("%s: the server takes %s, package admin has %s", field, possible, got)
		}
	}
	try("direction", string(admin.In), string(admin.Out))
	try("side", string(admin.SidePublish), string(admin.SideSubscribe))
	try("packets", string(admin.PacketsSTUN), string(admin.PacketsDTLS), string(admin.PacketsRTP), string(admin.PacketsRTCP),
		string(admin.PacketsMedia), string(admin.PacketsAudio), string(admin.PacketsVideo))
	try("network", string(admin.UDP), string(admin.TCP))

	// What the client writes is what the server reads, field by field.
	sent, err := json.Marshal(admin.Injection{
		Cause: "c", Fault: "f", At: "a", Code: 1, Room: "r", Peer: "p", User: "u", Role: "o", For: time.Second, After: time.Minute, Count: 2,
		Probability: 0.5, Method: "m", Delay: time.Millisecond, RateKbps: 3, Direction: admin.In, Side: admin.SidePublish,
		Packets: admin.PacketsRTP, Network: admin.UDP, Skew: -time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	read := reflect.New(api.InjectionBody)
	if err := json.Unmarshal(sent, read.Interface()); err != nil {
		t.Fatalf("%s: %v", sent, err)
	}
	for f, v := range read.Elem().Fields() {
		if v.IsZero() {
			t.Errorf("%s is lost on the way: %s", f.Name, sent)
		}
	}
	var back admin.Injection
	if err := json.Unmarshal(sent, &back); err != nil || back.For != time.Second || back.After != time.Minute || back.Delay != time.Millisecond || back.Skew != -time.Hour {
		t.Errorf("%s came back as %+v, %v", sent, back, err)
	}
}

// TestTheAdminClientReadsWholeEvents: nothing that the server writes of an event
// is without a field in the client.
func TestTheAdminClientReadsWholeEvents(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 123, time.UTC)
	who := event.Subject{AccountID: "a", UserID: "u", UserName: "n", PeerID: "p", RoomID: "r", SessionID: "s", RoomName: "rn", TemplateID: "t", Role: "ro",
		Agent: event.Agent{SDK: "web", SDKVersion: "1", OS: "o", OSVersion: "2", DeviceModel: "d", Prebuilt: true, Framework: "f", FrameworkVersion: "3", FrameworkSDKVersion: "4", Domain: "x", String: "all"}}
	words := event.Failure{Code: 4005, Name: "n", Message: "m", Description: "d", Terminal: true}
	details := []fault.Detail{{Name: "tries", Value: 3.0}, {Name: "seen", Value: true}, {Name: "state", Value: "failed"}}
	for _, e := range []event.Event{
		{ID: "0", Time: at, Type: event.JoinFailed, Subject: who, Action: "JOIN", Domain: "d", Fault: "ice.failed", Op: fault.OpJoin, Source: event.FromBoth, ClientTime: at, Failure: words,
			Client: &event.Told{Failure: words, Action: "JOIN", Dialect: "hms", At: at, Taken: at, Fault: "ice.disconnected", Op: fault.OpPublish},
			Server: &event.Seen{Failure: words, Action: "JOIN", Fault: "ice.failed", Op: fault.OpJoin, Details: details, Taken: at,
				Evidence: &evidence.Record{V: evidence.Version, At: at}}},
		{ID: "1", Time: at, Type: event.JoinFailed, Subject: who, Action: "JOIN", Domain: "d", Fault: "ice.failed", Op: fault.OpJoin, Source: event.FromBoth,
			Injected: true, ClientTime: at, Clipped: []event.Clip{{Key: "x"}}, Failure: event.Failure{Code: 4005, Name: "n", Message: "m", Description: "d", Terminal: true}},
		{ID: "2", Time: at, Type: event.TrackAdded, Subject: who, Source: event.FromServer,
			Track: &event.Track{ID: "i", StreamID: "s", Kind: "audio", Source: "regular", Muted: true, PeerJoinedAt: at, StartedAt: at, StoppedAt: at}},
	} {
		e.UserProof = event.ProofCode
		sent := eventjson.AppendWhole(nil, &e)
		var read admin.Event
		if err := json.Unmarshal(sent, &read); err != nil {
			t.Fatal(err)
		}
		kept, err := json.Marshal(read)
		if err != nil || string(kept) != string(sent) {
			t.Errorf("the event is written as\n%s, not\n%s", kept, sent)
		}
		read.Raw = nil
		fields, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		var want, have any
		_ = json.Unmarshal(sent, &want)
		_ = json.Unmarshal(fields, &have)
		if !reflect.DeepEqual(have, want) {
			t.Errorf("the fields hold\n%s, the server wrote\n%s", fields, sent)
		}
	}
	var types []string
	for _, known := range event.Types {
		types = append(types, string(known))
		if known.IsError() != admin.IsFailure(string(known)) {
			t.Errorf("%s: is it a failure?", known)
		}
	}
	if !slices.Equal(admin.EventTypes(), types) {
		t.Errorf("package admin knows the types %v, the server %v", admin.EventTypes(), types)
	}
}

// TestTheAdminClientAsksWhatTheServerKnows: every parameter of the filters of
// events is one that the server takes.
func TestTheAdminClientAsksWhatTheServerKnows(t *testing.T) {
	values := map[string]string{
		"user_id_proof": "code", "diagnosis": "ice.failed", "confidence": "likely",
		"type": "client.join.failed", "fault": "room.full", "error_code": "4005", "error": "true", "terminal": "true", "since": "2026-01-31T12:00:00Z",
		"until": "2026-02-01T12:00:00Z", "order": "desc", "limit": "10",
		"happened_since": "2026-01-31T12:00:00Z", "happened_until": "2026-02-01T12:00:00Z",
		"by": "fault", "bucket": "hour", "top": "3", "compare": "day", "where": "sdk_version:web 0.15.2",
	}
	for f := range reflect.TypeFor[admin.EventFilter]().Fields() {
		name := f.Tag.Get("query")
		if slices.Contains(api.ViewParameters, name) { // how to give them, not which
			continue
		}
		v := values[name]
		if v == "" {
			v = "x"
		}
		asked := map[string][]string{name: {v}}
		if name == "user_id_proof" {
			asked["user_id"] = []string{"x"} // whose proof it is
		}
		if _, err := eventjson.ParseQuery(asked); err != nil && name != "start" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for f := range reflect.TypeFor[admin.SummaryFilter]().Fields() {
		name := f.Tag.Get("query")
		if _, err := eventjson.ParseSummary(map[string][]string{name: {values[name]}}, time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
