// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// documented are events as the public documentation shows them. What we write
// must have every member of theirs with the same value, and add nothing but the
// block of our own.
var documented = []string{
	`{ "version": "2.0", "id": "00bbcf98-c52d-4346-8433-bf96371a7986", "timestamp": "2024-07-17T11:05:59.736511342Z", "type": "client.publish.failed", "data": { "user_id": "fd67bd8c-9925-4b83-8ade-e17f291b08ee", "user_name": "User 1", "peer_id": "27021c12-8635-4c13-b819-b3ecb736769a", "account_id": "51acb398a53602f378eaada1", "room_id": "92c2cb6676f8697398a6f694", "session_id": "5697a3eccbf384c702b76815", "room_name": "8584bd04-a259-4278-ac2d-73b055ee7447", "template_id": "62d2cb66088b0e92876a9149", "role": "host", "domain": "HMS", "is_terminal": false, "action": "PUBLISH", "error_code": 4006, "error_description": "local candidate - candidate:1267094175 1 udp 41886207 52563 typ relay raddr rport 53039 generation 0 ufrag IC9l network-id 1 network-cost 10; remote candidate - candidate:2560537185 1 udp 2130706431 redacted-ip.invalid 26058 typ prflx generation 0 ufrag QuAbLBRCmuICEpDc", "error_message": "[PUBLISH]: Ice connection state DISCONNECTED", "error_name": "ICEDisconnected", "audio": { "maxBitrate": 0, "deviceId": "", "volume": 0, "codec": "" }, "devices": { "videoInput": [], "audioInput": [], "audioOutput": [] }, "video": { "deviceId": "", "maxFramerate": 0, "maxBitrate": 0, "codec": "", "height": 0, "width": 0 }, "agent": { "sdk": "web", "device_model": "Chrome_125.0.0.0", "os_version": "10.15.7", "is_prebuilt": true, "framework_version": "18.2.0", "os": "web_Mac_OS", "framework_sdk_version": "0.10.15", "string": "os:web_Mac_OS,os_version:10.15.7,sdk:web,sdk_version:0.12.15,device_model:Chrome_125.0.0.0,env:prod,domain:HMS,is_prebuilt:true,framework:react-web,framework_version:18.2.0,framework_sdk_version:0.10.15", "framework": "react-web", "domain": "HMS", "sdk_version": "0.12.15" } } }`,
	`{ "version": "2.0", "id": "55f109ae-8374-437e-86a9-695456a4836d", "timestamp": "2024-08-02T04:20:40.530450442Z", "type": "client.join.failed", "data": { "user_id": "84067887-d4a2-48d3-892a-2e16929f03d4", "user_name": "g2", "peer_id": "58ddb219-e3de-41f6-9511-a0bdf06823ef", "account_id": "61a4b18df0fd8f05f19aef53", "room_id": "65af97002889d74ef8d1e18f", "session_id": "66ac5e989b41849dde50f549", "room_name": "fa6f9811-ab92-4faa-b343-d6d078575cfd", "template_id": "649299b38fa2aaa45e69b777", "role": "host", "error_message": "sfu join failed", "error_code": 500, "error_description": "sfu join failed", "error_name": "ServerErrors", "action": "JOIN", "is_terminal": false, "domain": "HMS", "retries_join": 0, "agent": { "sdk": "web", "device_model": "Chrome_126.0.0.0", "os_version": "10.15.7", "is_prebuilt": true, "framework_version": "18.2.0", "os": "web_Mac_OS", "framework_sdk_version": "0.10.17-alpha.6", "string": "os:web_Mac_OS,os_version:10.15.7,sdk:web,sdk_version:0.12.17-alpha.6,device_model:Chrome_126.0.0.0,env:debug,domain:HMS,is_prebuilt:true,framework:react-web,framework_version:18.2.0,framework_sdk_version:0.10.17-alpha.6", "framework": "react-web", "domain": "HMS", "sdk_version": "0.12.17-alpha.6" } } }`,
	`{ "version": "2.0", "id": "d043b29f-39e0-46b8-9c1e-4f38cbf3195d", "timestamp": "2024-07-04T12:36:48.073652876Z", "type": "client.connect.failed", "data": { "user_id": "832fb7d6-c5a4-43b1-8f1d-354a26ad9fa3", "user_name": "shubham", "peer_id": "b3f3c6bc-d942-4446-96dd-b7e141189e7a", "account_id": "61a4b18df0fd8f05f19aef53", "room_id": "65af97002889d74ef8d1e18f", "error_message": "Endpoint is not reachable - Failed to fetch", "endpoint": "", "transport_state": "Connecting", "action": "INIT", "error_name": "EndpointUnreachable", "error_code": 2003, "error_description": "Failed to fetch", "is_terminal": false, "agent": { "sdk": "web", "device_model": "Chrome_125.0.0.0", "os_version": "10.15.7", "is_prebuilt": true, "framework_version": "18.2.0", "os": "web_Mac_OS", "framework_sdk_version": "0.10.15-alpha.3", "string": "os:web_Mac_OS,os_version:10.15.7,sdk:web,sdk_version:0.12.15-alpha.3,device_model:Chrome_125.0.0.0,env:debug,domain:HMS,is_prebuilt:true,framework:react-web,framework_version:18.2.0,framework_sdk_version:0.10.15-alpha.3", "framework": "react-web", "domain": "HMS", "sdk_version": "0.12.15-alpha.3" } } }`,
	`{ "version": "2.0", "id": "f64ebeec-9ab2-4d36-b445-affe5cda90a0", "timestamp": "2023-02-23T10:22:30.720047276Z", "type": "track.remove.success", "data": { "room_id": "633a78ee3bea2af508356a34", "session_id": "63f73bf05223403c9671c5c9", "room_name": "exp", "peer_id": "c8e85ab4-d533-4de0-ba7c-4c58a4de6c74", "user_id": "187a1a92-150f-4506-83b7-d8a1cd716fb0", "user_name": "John", "joined_at": "2023-02-23T10:12:00.587243415Z", "role": "host", "track_id": "d3c7a05d-81ee-48a0-8a6a-ec36be966312", "stream_id": "cc6934ca-0c91-4cb7-8a97-293be2d0d8a8", "type": "audio", "source": "regular", "mute": false, "started_at": "2023-02-23T10:12:00.781851067Z", "stopped_at": "2023-02-23T10:22:30.718237635Z" } }`,
}

func TestDocumentedShape(t *testing.T) {
	for _, doc := range documented {
		var e event.Event
		if err := Decode([]byte(doc), &e); err != nil {
			t.Fatal(err)
		}
		ours := Append(nil, &e)
		var got, want map[string]any
		if err := json.Unmarshal(ours, &got); err != nil {
			t.Fatalf("%v in %s", err, ours)
		}
		if err := json.Unmarshal([]byte(doc), &want); err != nil {
			t.Fatal(err)
		}
		delete(got, "redial")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("we write\n%s\nfor the documented\n%s", ours, doc)
		}
	}
}

func TestOwnBlock(t *testing.T) {
	e := event.Event{
		ID: "x", Type: event.JoinFailed, Time: time.Unix(1, 500_000_000), Fault: "room.full", Op: fault.OpJoin, Source: event.FromBoth, Injected: true,
		ClientTime: time.UnixMilli(1795296247299), Clipped: []event.Clip{{Key: "video"}},
		Extra: map[string]json.RawMessage{"user_id": json.RawMessage(`"forged"`), "agent": json.RawMessage("1"), "x": json.RawMessage("[1]")},
	}
	const want = `{"version":"2.0","id":"x","timestamp":"1970-01-01T00:00:01.5Z","type":"client.join.failed","data":{"is_terminal":false,"action":"","error_code":0,"error_name":"","error_message":"","error_description":"","x":[1],"agent":{"is_prebuilt":false}},"redial":{"fault":"room.full","op":"join","source":"both","injected":true,"client_timestamp":"2026-11-21T21:24:07.299Z","clipped":["video"]}}`
	if got := Append(nil, &e); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestTheSDKOfAWire: a browser that says who it is says nothing of the SDK, which the
// wire knows, and so does the record when it is read back.
func TestTheSDKOfAWire(t *testing.T) {
	agent := event.ParseAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")
	agent.SDK, agent.SDKVersion = "redial-opentok", "0.2.0"
	e := event.Event{ID: "x", Type: event.PublishFailed, Time: time.Unix(1, 0).UTC(), Source: event.FromServer}
	e.Agent = agent
	for form, doc := range map[string][]byte{"stored": AppendStored(nil, &e, nil), "whole": AppendWhole(nil, &e), "documented": Append(nil, &e)} {
		var back event.Event
		if err := Decode(doc, &back); err != nil || back.Agent != agent {
			t.Errorf("%s: %+v, %v", form, back.Agent, err)
		}
	}
}

// TestWhenItHappened: when something happened that was told later is in the block of
// our own, of an event and of the client's half, and comes back from what is stored
// and what is shown; an event without it is as ever.
func TestWhenItHappened(t *testing.T) {
	at, told := time.Unix(1_700_000_000, 123_000_000).UTC(), time.Unix(1_700_000_600, 0).UTC()
	client := event.Event{
		ID: "x", Type: event.PublishFailed, Time: told, Source: event.FromClient, Fault: "ice.disconnected", ClientTime: at.Add(time.Hour),
		Happened: at, HappenedError: 150 * time.Millisecond,
	}
	server := event.Event{ID: "y", Type: event.PublishFailed, Time: at.Add(time.Second), Source: event.FromServer, Fault: "ice.failed"}
	resumed := server
	resumed.Happened, resumed.HappenedError = at.Add(-time.Second), 0
	const own = `"happened":"2023-11-14T22:13:20.123Z","happened_error_ms":150`
	for name, c := range map[string]struct {
		e        event.Event
		happened time.Time // of the event
		half     bool      // the client's half has its own
	}{
		"client":         {client, at, true},
		"server":         {server, time.Time{}, false},
		"late server":    {resumed, at.Add(-time.Second), false},
		"both":           {event.Pair(server, client), time.Time{}, true},
		"both late":      {event.Pair(resumed, client), at.Add(-time.Second), true},
		"client first":   {event.Pair(client, server), at, true},
		"client at once": {event.Pair(func() event.Event { e := client; e.Happened = time.Time{}; return e }(), server), time.Time{}, false},
	} {
		for form, doc := range map[string][]byte{"stored": AppendStored(nil, &c.e, nil), "whole": AppendWhole(nil, &c.e), "documented": Append(nil, &c.e)} {
			var back event.Event
			if err := Decode(doc, &back); err != nil || !json.Valid(doc) {
				t.Fatalf("%s: %v in %s", name, err, doc)
			}
			if !back.Happened.Equal(c.happened) || c.happened.Equal(at) && back.HappenedError != client.HappenedError {
				t.Errorf("%s, %s: happened %v to within %v in %s", name, form, back.Happened, back.HappenedError, doc)
			}
			if form == "documented" {
				continue
			}
			half, _ := back.Halves()
			if got := half != nil && half.Happened.Equal(at) && half.HappenedError == client.HappenedError; got != c.half || strings.Contains(string(doc), own) != c.half {
				t.Errorf("%s, %s: the client's half is %+v in %s", name, form, half, doc)
			}
		}
	}
	if doc := Append(nil, &server); strings.Contains(string(doc), "happened") {
		t.Errorf("nothing is known and told: %s", doc)
	}
}

// Every field that can be clipped has a name, which reads back as the field.
func TestNamesOfClippedFields(t *testing.T) {
	if len(clippedNames) != int(event.FieldDetails)+1 {
		t.Fatalf("%d names for %d fields", len(clippedNames), event.FieldDetails)
	}
	for field := event.FieldAccount; field <= event.FieldDetails; field++ {
		for _, side := range []event.Source{"", event.FromClient, event.FromServer} {
			c := event.Clip{Side: side, Field: field}
			if name := clippedName(&c); strings.Trim(name, ".") != name || clippedNames[field] == "" || clipOf(name) != c {
				t.Errorf("%+v is %q, which is %+v", c, name, clipOf(name))
			}
		}
	}
	for _, key := range []string{"video", "client.video", "client.", "", "server.client.action"} {
		if c := clipOf(key); c != (event.Clip{Key: key}) || clippedName(&c) != key {
			t.Errorf("%q is read as %+v", key, c)
		}
	}
	e := event.Event{Type: event.JoinFailed, Clipped: []event.Clip{{Field: event.FieldRoom}, {Side: event.FromClient, Field: event.FieldMessage}, {Field: event.FieldDetails}}}
	const want = `"clipped":["room_id","client.error_message","details"]`
	b := Append(nil, &e)
	var back event.Event
	if err := Decode(b, &back); err != nil || !strings.Contains(string(b), want) || !reflect.DeepEqual(back.Clipped, e.Clipped) {
		t.Errorf("%s read as %+v, %v; want %s", b, back.Clipped, err, want)
	}
}

// Cursors under way are bound to this text: changing it ends them.
func TestFiltersOfCursors(t *testing.T) {
	yes := true
	at := time.Unix(1_700_000_000, 5)
	q := event.Query{
		AccountID: "a", RoomID: "r", SessionID: "s", PeerID: "p", UserID: "u", UserProof: event.ProofCode, SDK: "web", OS: "o", Types: []event.Type{event.TrackAdded, event.JoinFailed},
		Faults: []string{"room.full", "ice.failed"}, Codes: []int{4006, 4005}, Terminal: &yes, Since: at, Until: at.Add(time.Second), Desc: true, Limit: 7, Start: "x",
	}
	const want = "account=a&error_code=4005&error_code=4006&fault=ice.failed+room.full&order=desc&os=o&peer_id=p&room_id=r&sdk=web&session_id=s&since=1700000000000000005&terminal=true&type=client.join.failed+track.add.success&until=1700000001000000005&user_id=%01u"
	if got := filters(&q); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// FuzzText shows that whatever a text holds, the event is JSON and the text
// comes back, but for what is not UTF-8.
func FuzzText(f *testing.F) {
	f.Add("a\"\\\n\r\t\x00\x1f\x7f é \u2028 \xff \xed\xa0\x80 😀")
	f.Fuzz(func(t *testing.T, s string) {
		e := event.Event{Type: event.JoinFailed, Subject: event.Subject{UserName: s}}
		b := Append(nil, &e)
		var back event.Event
		if err := Decode(b, &back); err != nil {
			t.Fatalf("%v in %q", err, b)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); strings.Count(want, "\uFFFD") == 0 && back.UserName != want {
			t.Errorf("%q came back as %q", s, back.UserName)
		}
	})
}

func TestParseQuery(t *testing.T) {
	yes := true
	for _, c := range []struct {
		in   string
		want event.Query
	}{
		{"", event.Query{Limit: 10}},
		{"room_id=r&start=", event.Query{RoomID: "r", Limit: 10}},
		{
			"room_id=r&session_id=s&peer_id=p&user_id=u&beam_id=b&type=track.add.success&type=client.join.failed&error=true&limit=100&start=abc",
			event.Query{RoomID: "r", SessionID: "s", PeerID: "p", UserID: "u", BeamID: "b", Types: []event.Type{event.TrackAdded, event.JoinFailed}, Errors: true, Limit: 100, Start: "abc"},
		},
		{
			"happened_since=2026-01-31T12:00:00Z&happened_until=2026-01-31T13:00:00Z",
			event.Query{Limit: 10, HappenedSince: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), HappenedUntil: time.Date(2026, 1, 31, 13, 0, 0, 0, time.UTC)},
		},
		{
			"fault=room.full&error_code=1003&error_code=4005&terminal=true&sdk=web&os=web_Linux&since=2026-01-31T12:00:00Z&until=2026-02-01T12:00:00.5%2B01:00&order=desc",
			event.Query{
				Faults: []string{"room.full"}, Codes: []int{1003, 4005}, Terminal: &yes, SDK: "web", OS: "web_Linux", Desc: true, Limit: 10,
				Since: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC), Until: time.Date(2026, 2, 1, 12, 0, 0, 5e8, time.FixedZone("", 3600)),
			},
		},
	} {
		v, err := url.ParseQuery(c.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseQuery(v)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		}
		if !got.Until.Equal(c.want.Until) {
			t.Errorf("%s: until %v", c.in, got.Until)
		}
		got.Until, c.want.Until = time.Time{}, time.Time{}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.in, got, c.want)
		}
	}
	for in, field := range map[string]string{
		"room=r": "room", "room_id=": "room_id", "room_id=a&room_id=b": "room_id", "type=client.joined": "type", "type=": "type",
		"limit=0": "limit", "limit=101": "limit", "limit=x": "limit", "limit=1&limit=2": "limit", "error=maybe": "error", "terminal=": "terminal",
		"fault=room.fulll": "fault", "error_code=x": "error_code", "error_code=99999999999": "error_code", "order=up": "order", "since=yesterday": "since",
		"since=2026-01-31T12:00:00Z&until=2026-01-31T12:00:00Z":                   "until",
		"happened_since=2026-01-31T12:00:00Z&happened_until=2026-01-31T12:00:00Z": "happened_until", "happened_since=noon": "happened_since", "user_id=" + strings.Repeat("u", 2000): "user_id", "Limit=1": "Limit",
	} {
		v, err := url.ParseQuery(in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseQuery(v)
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.FieldInvalid || f.Detail("field") != field || f.Detail("reason") == nil {
			t.Errorf("%s: %v, want %s naming %q", in, err, fault.FieldInvalid.ID, field)
		}
	}
}

func TestSummaryByNumber(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC)
	for _, name := range Dimensions() {
		if r, err := ParseSummary(url.Values{"by": {name}}, now); err != nil || DimensionName(r.By) != name {
			t.Errorf("by=%s: %q, %v", name, r.By, err)
		}
	}
	if r, err := ParseSummary(url.Values{"by": {"error_code"}}, now); err != nil || r.By != event.ByCode {
		t.Errorf("by=error_code: %q, %v", r.By, err)
	}
	if _, err := ParseSummary(url.Values{"by": {"code"}}, now); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("by=code: %v", err)
	}
}
