// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

const witnessed = `{"sent":1795295250000,"by":"witness.js","credentials":[{"ufrag":"abcd","pwd":"0123456789012345678901"}],"facts":{
 "page":"k3j","loaded":1795295240000,"secure_context":true,"framed":false,"policy":{"camera":false,"microphone":true},"permissions":{"camera":"denied"},
 "online":true,"network":"cellular","visibility":"hidden","lifecycle":[{"what":"hidden","at":1795295245000}],"live":{"audio":1,"video":0},
 "captures":[{"kind":"video","error":"NotAllowedError","text":"Permission denied","after_ms":3.5,"at":1795295244000}],
 "paths":[{"state":"failed","ice":"disconnected","protocol":"udp","relay":"tls","local":"relay","found":{"host":2,"srflx":0,"relay":1,"tcp":1,"mdns":2},
  "servers":{"stun":1,"turn":1},"errors":[{"url":"turn:203.0.113.9:3478?transport=udp","code":401,"text":"Unauthorized","count":2,"at":1795295242000}],
  "changes":[{"what":"checking","at":1795295241000}]}]}}`

// TestWitnessIsRead: every documented fact arrives, times by the server's clock, and
// no address stays.
func TestWitnessIsRead(t *testing.T) {
	now := time.UnixMilli(1795295255000).UTC() // five seconds on, by our clock
	shown, w, err := Witness([]byte(witnessed), now)
	if err != nil || !reflect.DeepEqual(shown, []Credential{{"abcd", "0123456789012345678901"}}) {
		t.Fatal(shown, err)
	}
	yes, no, offset := true, false, int64(5000)
	at := func(ms int64) time.Time { return time.UnixMilli(ms + offset).UTC() }
	want := evidence.Witness{
		V: 1, At: now, By: "witness.js", Page: "k3j", Loaded: at(1795295240000), Offset: &offset, Secure: &yes, Framed: &no,
		Policy: map[string]bool{"camera": false, "microphone": true}, Permissions: map[string]string{"camera": "denied"},
		Online: &yes, Network: "cellular", Visibility: "hidden", Lifecycle: []evidence.Moment{{What: "hidden", At: at(1795295245000)}},
		Live:     &evidence.Live{Audio: 1},
		Captures: []evidence.Capture{{Kind: "video", Error: "NotAllowedError", Text: "Permission denied", After: 3, At: at(1795295244000)}},
		Paths: []evidence.WitnessPath{{
			State: "failed", ICE: "disconnected", Protocol: "udp", Relay: "tls", Local: "relay", Found: &evidence.Found{Host: 2, Relay: 1, TCP: 1, MDNS: 2},
			Servers: &evidence.Servers{STUN: 1, TURN: 1},
			Errors:  []evidence.CandidateError{{URL: "turn:redacted-ip.invalid:3478?transport=udp", Code: 401, Text: "Unauthorized", Count: 2, At: at(1795295242000)}},
			Changes: []evidence.Moment{{What: "checking", At: at(1795295241000)}},
		}},
	}
	if !reflect.DeepEqual(w, want) {
		t.Errorf("read\n%+v, want\n%+v", w, want)
	}
}

// TestTheFactsAreThoseOfTheTable: docs/witness.md lists every fact that is kept, and
// no other. That pages and the Go client tell those said to be theirs is for
// web/witness/test and for package client.
func TestTheFactsAreThoseOfTheTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/witness.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| fact | told by | meaning |")
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]bool{}
	for row := range strings.Lines(table) {
		if cells := strings.Split(row, "|"); len(cells) > 1 {
			for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(cells[1], -1) {
				documented[m[1]] = true
			}
		}
	}
	for f := range reflect.TypeFor[evidence.Witness]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !documented[name] {
			t.Errorf("%s is kept and not in the table", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s is in the table and not kept", name)
	}
}

// TestWitnessKeepsTheLatest: of lists that are too long the last are kept, and all of
// it is bounded.
func TestWitnessKeepsTheLatest(t *testing.T) {
	moment := `{"what":"hidden","at":1795295245000},`
	body := strings.Replace(witnessed, `{"what":"hidden","at":1795295245000}`, strings.Repeat(moment, 100)+`{"what":"freeze","at":1795295249000}`, 1)
	_, w, err := Witness([]byte(body), time.Now())
	if err != nil || len(w.Lifecycle) != evidence.MaxLifecycle || w.Lifecycle[evidence.MaxLifecycle-1].What != "freeze" {
		t.Errorf("%v: %+v", err, w.Lifecycle)
	}
}

// FuzzWitness: whatever comes in, it is refused with a typed fault, or bounded and
// written as JSON that reads back the same.
func FuzzWitness(f *testing.F) {
	f.Add([]byte(witnessed))
	f.Add([]byte(`{"sent":1,"credentials":[{}],"facts":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		now := time.UnixMilli(1795295255000).UTC()
		shown, w, err := Witness(body, now)
		if err != nil {
			if _, ok := errors.AsType[*fault.Error](err); !ok {
				t.Fatalf("an error without a kind: %v", err)
			}
			return
		}
		if len(shown) == 0 || len(shown) > MaxWitnessPaths {
			t.Fatalf("%d credentials", len(shown))
		}
		raw := w.AppendJSON(nil)
		var back evidence.Witness
		if err := json.Unmarshal(raw, &back); err != nil || len(raw) > evidence.MaxWitnessBytes {
			t.Fatalf("%d bytes, %v: %s", len(raw), err, raw)
		}
		if again := back.AppendJSON(nil); string(again) != string(raw) {
			t.Fatalf("written anew %s\nas %s", raw, again)
		}
	})
}
