// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// As captured from the real SDK.
const (
	socketReport = `{"name":"publish.failed","timestamp":1795296247399,"info":{"error_name":"ICEDisconnected","error_code":4006,
		"error_message":"[PUBLISH]: Ice connection state DISCONNECTED","error_description":"local candidate - undefined; remote candidate - undefined",
		"action":"PUBLISH","is_terminal":false,"audio":{"volume":1},"timestamp":1795296247299,"domain":"LOCAL"}}`
	httpReport = `{"event":"disconnected","event_id":"1795295249805","timestamp":1795295249805,"device_id":"fb297d16-9f65-404b-b0bc-6b007e448066",
		"cluster":{"websocket_url":"ws://127.0.0.1:8090/ws"},
		"peer":{"session_id":"sess-1","room_id":"r5","room_name":"demo","template_id":"tmpl-1","joined_at":1795295243380,
			"session_started_at":1795295243300,"role":"host","user_name":"alice","user_data":"","peer_id":"5d0e3c9e"},
		"payload":{"error_name":"WebSocketConnectionLost","error_code":1003,"error_message":"Network connection lost",
			"error_description":"code: 4000, unexpected websocket close","action":"RECONNECT_SIGNAL","is_terminal":false,
			"network_info":{"downlink":1.35,"effectiveType":"4g","rtt":100,"saveData":false},"document_hidden":false,
			"num_degraded_tracks":0,"bitrate":{"publish":298582,"subscribe":130341},"max_sub_bitrate":212345,
			"recent_pong_response_times":[17,1,1],"transport_state":"Joined"}}`
	agent = "os:web_Linux,os_version:,sdk:web,sdk_version:0.15.2,device_model:Chromium_156.0.8078.79,env:debug,domain:LOCAL,is_prebuilt:false,framework:js,framework_sdk_version:0.15.2"
)

var ann = event.Subject{AccountID: "acme", UserID: "ann", PeerID: "5d0e3c9e", RoomID: "r5", SessionID: "sess-1", RoomName: "demo", TemplateID: "tmpl-1", Role: "host", UserName: "alice"}

// token is what a room token says of the same person.
var token = event.Subject{AccountID: "acme", UserID: "ann", RoomID: "r5", Role: "host"}

func TestSocket(t *testing.T) {
	e, keep, err := Socket([]byte(socketReport), ann)
	if err != nil || !keep {
		t.Fatal(keep, err)
	}
	e.Key = ""
	got := eventjson.Append(nil, &e)
	const want = `{"version":"2.0","id":"","timestamp":"0001-01-01T00:00:00Z","type":"client.publish.failed","data":{"user_id":"ann","user_name":"alice","peer_id":"5d0e3c9e","account_id":"acme","room_id":"r5","session_id":"sess-1","room_name":"demo","template_id":"tmpl-1","role":"host","domain":"LOCAL","is_terminal":false,"action":"PUBLISH","error_code":4006,"error_name":"ICEDisconnected","error_message":"[PUBLISH]: Ice connection state DISCONNECTED","error_description":"local candidate - undefined; remote candidate - undefined","audio":{"volume":1},"agent":{"is_prebuilt":false}},"redial":{`
	if !strings.HasPrefix(string(got), want) {
		t.Errorf("got  %s\nwant %s...", got, want)
	}
	if !e.ClientTime.Equal(time.UnixMilli(1795296247299)) || e.Source != event.FromClient || e.Op != fault.OpPublish {
		t.Errorf("client time %v, source %v, op %v", e.ClientTime, e.Source, e.Op)
	}
}

func TestHTTP(t *testing.T) {
	list, err := HTTP([]byte(httpReport), agent, token)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	e := list[0]
	if e.Type != event.Disconnected || e.UserID != "ann" || e.PeerID != "5d0e3c9e" || e.SessionID != "sess-1" || e.UserName != "alice" ||
		e.RoomName != "demo" || e.Failure.Code != 1003 || e.Agent.SDKVersion != "0.15.2" || e.Domain != "LOCAL" || e.Op != fault.OpReconnect {
		t.Errorf("%+v", e)
	}
	if string(e.Extra["transport_state"]) != `"Joined"` || string(e.Extra["recent_pong_response_times"]) != "[17,1,1]" || e.Extra["error_code"] != nil {
		t.Errorf("further fields: %s", e.Extra)
	}
	both, err := HTTP([]byte(" [\n"+httpReport+","+strings.Replace(httpReport, "disconnected", "join.success", 1)+"]"), agent, token)
	if err != nil || len(both) != 1 || both[0].Key != e.Key {
		t.Errorf("a batch: %+v, %v", both, err)
	}
}

// TestTrustedWins shows that a report cannot say who or what its sender is.
func TestTrustedWins(t *testing.T) {
	s := token
	s.RoomName, s.TemplateID, s.Role = "true name", "true template", "guest"
	list, err := HTTP([]byte(httpReport), agent, s)
	if err != nil {
		t.Fatal(err)
	}
	if e := list[0]; e.RoomName != "true name" || e.TemplateID != "true template" || e.Role != "guest" {
		t.Errorf("%+v", e.Subject)
	}
	for _, c := range []struct {
		from, to string
		kind     *fault.Kind
		field    string
	}{
		{`"room_id":"r5"`, `"room_id":"another"`, fault.TokenRoomMismatch, "peer.room_id"},
		{`"room_id":"r5"`, `"user_id":"bob"`, fault.FieldInvalid, "peer.user_id"},
	} {
		body := strings.Replace(httpReport, c.from, c.to, 1)
		// Whatever it reports: an event that is not kept is no way around.
		for _, name := range []string{"disconnected", "join.success"} {
			_, err := HTTP([]byte(strings.Replace(body, "disconnected", name, 1)), agent, token)
			want(t, c.to, err, c.kind, c.field)
		}
	}
}

func TestOneKeyForBothPaths(t *testing.T) {
	viaSocket := func(change func(string) string) string {
		e, keep, err := Socket([]byte(change(socketReport)), ann)
		if err != nil || !keep {
			t.Fatal(keep, err)
		}
		return e.Key
	}
	viaHTTP := func(change func(string) string, s event.Subject) string {
		var p struct {
			Info json.RawMessage `json:"info"`
		}
		if err := json.Unmarshal([]byte(change(socketReport)), &p); err != nil {
			t.Fatal(err)
		}
		// The SDK puts the same properties into payload, without time and domain.
		var payload map[string]any
		if err := json.Unmarshal(p.Info, &payload); err != nil {
			t.Fatal(err)
		}
		created := int64(payload["timestamp"].(float64))
		delete(payload, "timestamp")
		delete(payload, "domain")
		body := mustMarshal(t, map[string]any{
			"event": "publish.failed", "event_id": strconv.FormatInt(created, 10), "timestamp": created, "device_id": "device",
			"peer": map[string]any{"peer_id": "5d0e3c9e", "room_id": "r5"}, "payload": payload, "cluster": map[string]any{"websocket_url": ""},
		})
		list, err := HTTP(body, agent, s)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0].Key
	}
	same := func(s string) string { return s }
	if a, b := viaSocket(same), viaHTTP(same, token); a != b || a == "" {
		t.Errorf("socket %q, HTTP %q", a, b)
	}
	sentLater := func(s string) string {
		return strings.Replace(s, `"timestamp":1795296247399`, `"timestamp":1795296999999`, 1)
	}
	if a, b := viaSocket(same), viaSocket(sentLater); a != b {
		t.Errorf("sent again: %q, %q", a, b)
	}
	for name, change := range map[string]func(string) string{
		"another time":       func(s string) string { return strings.Replace(s, "247299", "247300", 1) },
		"another code":       func(s string) string { return strings.Replace(s, "4006", "4005", 1) },
		"the terminal end":   func(s string) string { return strings.Replace(s, `"is_terminal":false`, `"is_terminal":true`, 1) },
		"another connection": func(s string) string { return strings.Replace(s, `"action":"PUBLISH"`, `"action":"RESTART_ICE"`, 1) },
	} {
		if viaSocket(change) == viaSocket(same) {
			t.Errorf("%s has the same key", name)
		}
	}
	forger := token
	forger.UserID = "mallory"
	if viaHTTP(same, forger) == viaSocket(same) {
		t.Error("another user's report has the key of this one")
	}
}

// TestSeenPairs shows that what the server saw and what the SDK then reports of
// it are recognised as one failure.
func TestSeenPairs(t *testing.T) {
	for _, k := range []*fault.Kind{fault.TokenExpired, fault.RoomNotFound, fault.RoomFull, fault.Draining, fault.RateLimited} {
		seen := Seen(event.ConnectFailed, fault.From(k.New(), fault.OpInit), ann)
		seen.Time = time.Now()
		if seen.Fault != k.ID || seen.Failure.Code == 0 || seen.Op != fault.OpInit || seen.Action != "INIT" {
			t.Errorf("%s: %+v", k.ID, seen)
		}
		body := mustMarshal(t, map[string]any{
			"event": "connect.failed", "event_id": "1795295249805", "timestamp": 1795295249805, "device_id": "d",
			"peer":    map[string]any{"peer_id": ann.PeerID, "room_id": ann.RoomID},
			"payload": map[string]any{"error_code": seen.Failure.Code, "error_name": seen.Failure.Name, "error_message": "m", "error_description": "", "action": "INIT", "is_terminal": true},
		})
		list, err := HTTP(body, agent, token)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		list[0].Time = time.Now()
		if !event.Pairs(Vocabulary(), &seen, &list[0]) {
			t.Errorf("%s: the client's report of code %d is not recognised", k.ID, seen.Failure.Code)
		}
	}
	if e := Seen(event.Disconnected, nil, ann); e.Action != "RECONNECT_SIGNAL" || e.Op != fault.OpReconnect {
		t.Errorf("%+v", e)
	}
}

func TestInformationIsNotKept(t *testing.T) {
	for _, name := range []string{"join.success", "publisher.stats", "permissionChanged", "something new"} {
		if _, keep, err := Socket([]byte(`{"name":"`+name+`","info":null}`), ann); keep || err != nil {
			t.Errorf("%s: %v, %v", name, keep, err)
		}
		if list, err := HTTP([]byte(`{"event":"`+name+`"}`), agent, token); len(list) > 0 || err != nil {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	swap := func(from, to string) string {
		if !strings.Contains(httpReport, from) {
			t.Fatalf("no %s in the report", from)
		}
		return strings.Replace(httpReport, from, to, 1)
	}
	for _, c := range []struct {
		body  string
		kind  *fault.Kind
		field string
	}{
		{"", fault.BodyInvalid, ""},
		{"{", fault.BodyInvalid, ""},
		{"[", fault.BodyInvalid, ""},
		{"null", fault.BodyInvalid, ""},
		{"7", fault.BodyInvalid, ""},
		{`"x"`, fault.BodyInvalid, ""},
		{"{} {}", fault.BodyInvalid, ""},
		{"[7]", fault.BodyInvalid, ""},
		{strings.Repeat("[", 20_000), fault.BodyInvalid, ""},
		{"{}", fault.FieldMissing, "event"},
		{`{"event":7}`, fault.FieldInvalid, "event"},
		{`{"event":""}`, fault.FieldInvalid, "event"},
		{`{"event":"disconnected"}`, fault.FieldMissing, "payload"},
		{`{"event":"disconnected","payload":[]}`, fault.FieldInvalid, "payload"},
		{swap(`"timestamp":1795295249805`, `"timestamp":"now"`), fault.FieldInvalid, "timestamp"},
		{swap(`"timestamp":1795295249805`, `"timestamp":-1`), fault.FieldInvalid, "timestamp"},
		{swap(`"timestamp":1795295249805`, `"timestamp":1e300`), fault.FieldInvalid, "timestamp"},
		{swap(`"event_id":"1795295249805"`, `"event_id":{}`), fault.FieldInvalid, "event_id"},
		{swap(`"room_id":"r5"`, `"room_id":5`), fault.FieldInvalid, "peer.room_id"},
		{swap(`"error_code":1003`, `"error_code":"1003"`), fault.FieldInvalid, "payload.error_code"},
		{swap(`"error_code":1003`, `"error_code":1.5`), fault.FieldInvalid, "payload.error_code"},
		{swap(`"error_code":1003`, `"error_code":1e99`), fault.FieldInvalid, "payload.error_code"},
		{swap(`"is_terminal":false`, `"is_terminal":0`), fault.FieldInvalid, "payload.is_terminal"},
		{swap(`"error_name":"W`, `"error_name":7,"x":"`), fault.FieldInvalid, "payload.error_name"},
		{strings.Repeat(" ", MaxBody) + httpReport, fault.BodyTooLarge, ""},
		{"[" + strings.Repeat("{},", MaxReports) + "{}]", fault.BodyTooLarge, ""},
		{"[" + httpReport + `,{"event":"disconnected"}]`, fault.FieldMissing, "payload"},
	} {
		list, err := HTTP([]byte(c.body), agent, token)
		if len(list) > 0 {
			t.Errorf("%.60q: %d events beside the refusal", c.body, len(list))
		}
		want(t, c.body, err, c.kind, c.field)
	}
	for _, c := range []struct {
		params string
		kind   *fault.Kind
		field  string
	}{
		{"", fault.BodyInvalid, ""},
		{"[]", fault.FieldInvalid, "params"},
		{"{}", fault.FieldMissing, "params.name"},
		{`{"name":"publish.failed"}`, fault.FieldMissing, "params.info"},
		{`{"name":"publish.failed","info":{"timestamp":"x"}}`, fault.FieldInvalid, "params.info.timestamp"},
		{`{"name":"publish.failed","info":{"error_code":[]}}`, fault.FieldInvalid, "params.info.error_code"},
	} {
		_, keep, err := Socket([]byte(c.params), ann)
		if keep {
			t.Errorf("%s is kept", c.params)
		}
		want(t, c.params, err, c.kind, c.field)
	}
}

// TestErrorsThatAreNotTheSDKs reads what the SDK makes of an exception of the
// browser: no code, and a cause of any type.
func TestErrorsThatAreNotTheSDKs(t *testing.T) {
	e, keep, err := Socket([]byte(`{"name":"publish.failed","info":{"error_name":"TypeError","error_message":"x is null","error_description":{"a":1},"timestamp":1795296247299.5}}`), ann)
	if err != nil || !keep || e.Failure.Name != "TypeError" || e.Failure.Description != `{"a":1}` || e.Failure.Code != 0 || e.Fault != "" {
		t.Errorf("%+v, %v, %v", e, keep, err)
	}
}

// TestRandomReports breaks good reports at random: each outcome is an event or
// a typed refusal.
func TestRandomReports(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	refusals := 0
	for range 2000 {
		body := []byte(httpReport)
		if rng.IntN(2) == 0 {
			body = []byte(socketReport)
		}
		for range 1 + rng.IntN(4) {
			i := rng.IntN(len(body))
			switch rng.IntN(4) {
			case 0:
				body[i] = byte(rng.IntN(256))
			case 1:
				body = body[:i+1]
			case 2:
				body = append(body[:i:i], body[min(len(body), i+rng.IntN(30)):]...)
				if len(body) == 0 {
					body = []byte("x")
				}
			case 3:
				body = bytes.Replace(body, []byte(`"`), []byte(`7`), 1+rng.IntN(3))
			}
		}
		refusals += check(t, body)
	}
	if refusals < 500 {
		t.Errorf("only %d of 2000 broken reports were refused", refusals)
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(httpReport))
	f.Add([]byte(socketReport))
	f.Add([]byte("[" + httpReport + "]"))
	f.Add([]byte(`{"event":"disconnected","payload":{"a":null,"error_description":[1]}}`))
	f.Fuzz(func(t *testing.T, body []byte) { check(t, body) })
}

// check reads a body as either kind of report and returns how many refused it.
func check(t *testing.T, body []byte) (refused int) {
	t.Helper()
	if n, ok := Note(body); ok && (len(n.Name) > 2*maxNoteName || len(n.Info) > maxNoteMembers || n.Size() > 4<<10) {
		t.Errorf("a note of %d bytes: %+v", n.Size(), n)
	} else if _, err := json.Marshal(n); err != nil {
		t.Errorf("%.200q: a note that cannot be written: %v", body, err)
	}
	e, keep, err := Socket(body, ann)
	list, err2 := HTTP(body, agent, token)
	if keep {
		list = append(list, e)
	}
	for _, err := range []error{err, err2} {
		if err == nil {
			continue
		}
		refused++
		if f := fault.From(err, fault.OpReport); f.Kind.Status < 400 || f.Kind.Status > 499 {
			t.Errorf("%.200q: %v", body, err)
		}
	}
	for _, e := range list {
		if e.RoomID != "r5" || e.UserID != "ann" || e.AccountID != "acme" {
			t.Errorf("%.200q claims %+v", body, e.Subject)
		}
		var back event.Event
		if err := eventjson.Decode(eventjson.Append(nil, &e), &back); err != nil {
			t.Errorf("%.200q is stored as what cannot be read: %v", body, err)
		}
	}
	return refused
}

func want(t *testing.T, what string, err error, kind *fault.Kind, field string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind {
		t.Errorf("%.80q: %v, want %s", what, err, kind.ID)
		return
	}
	if got, _ := f.Detail("field").(string); got != field {
		t.Errorf("%.80q: names field %q, want %q", what, got, field)
	}
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
