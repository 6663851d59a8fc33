// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// requestWords belong to whoever writes requests. Nobody at a terminal sends any.
var requestWords = regexp.MustCompile(`\b(GET|POST|PUT|DELETE) ?/|/v2/|/api/|(?i:request body|query parameter|\bheader)`)

// TestAdviceIsForATerminal prints every fault of the catalogue that a call of the
// REST API can end with, as a verb that calls it would.
func TestAdviceIsForATerminal(t *testing.T) {
	for _, k := range fault.All() {
		if !called(k) {
			continue
		}
		var out bytes.Buffer
		e := &env{stderr: &out}
		newFlags(e, "events [flags]", "").String("room", "", "")
		printFailure(e, &refusal{&admin.Error{Message: k.Title, Fault: fault.From(k.New("field", "room_id"), fault.OpAPI)}})
		_, do, _ := strings.Cut(out.String(), "\n")
		if word := requestWords.FindString(do); word != "" {
			t.Errorf("%s: the advice says %q:\n%s", k.ID, word, out.String())
		}
	}
}

// notOfVerbs are faults of requests that no verb sends: of a body, of a browser.
var notOfVerbs = []string{"request.origin", "request.media_type", "request.method", "request.body", "server.proxy_unknown"}

func called(k *fault.Kind) bool {
	for _, prefix := range notOfVerbs {
		if strings.HasPrefix(k.ID, prefix) {
			return false
		}
	}
	for _, op := range k.Ops {
		if op == fault.OpAPI || op == fault.OpToken {
			return true
		}
	}
	return false
}

func TestARefusedFieldIsAFlag(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fault.FieldInvalid.New("field", "room_id", "reason", "is no id"), `redial: -room "demo" is no id`},
		{fault.FieldInvalid.New("field", "limit", "want", "1 to 100"), `redial: -n "7" is not possible; expected 1 to 100`},
		{fault.FieldMissing.New("field", "room"), `redial: -room is missing`},
		{fault.FieldInvalid.New("field", "beam_id", "reason", "is empty"), `redial: A field has a wrong type or value (field: beam_id`},
		{fault.FieldInvalid.New("field", "room_id", "reason", "is \x1b[2Jno id"), `redial: -room "demo" is ·[2Jno id`},
	} {
		var out bytes.Buffer
		e := &env{stderr: &out}
		f := newFlags(e, "events [flags]", "")
		f.String("room", "demo", "")
		f.Int("n", 7, "")
		printFailure(e, c.err)
		if !strings.HasPrefix(out.String(), c.want) {
			t.Errorf("%v is told as %q, want %q", c.err, out.String(), c.want)
		}
	}
}

// TestEventsByName looks for people by the name that others see, and shows when it
// was by the clock of whoever looks.
func TestEventsByName(t *testing.T) {
	s := newStage(t)
	alice := s.enter(t, "names", "Alice O'Neil")
	s.enter(t, "names", "Bob")
	if _, err := s.admin(t).Injections.Create(t.Context(), admin.Injection{Fault: "token.revoked", At: "error", Room: "names", Peer: alice.room.PeerID()}); err != nil {
		t.Fatal(err)
	}
	alice.until(t, "end", patience)
	events := func(args ...string) (string, string) {
		out, errs, code := s.call(t.Context(), t, append([]string{"events"}, args...)...)
		if code != exitOK {
			t.Fatalf("events %q: exit code %d: %s", args, code, errs)
		}
		return out, errs
	}
	var out string
	for deadline := time.Now().Add(patience); !strings.Contains(out, "token.revoked"); {
		if time.Now().After(deadline) {
			t.Fatalf("the event does not come: %s", out)
		}
		out, _ = events("-room", "names", "-name", "o'neil")
	}
	if strings.Contains(out, "Bob") {
		t.Errorf("others are shown as well:\n%s", out)
	}
	if _, errs := events("-name", "Carol", "-n", "0"); !strings.Contains(errs, "No events match") {
		t.Errorf("nobody is called Carol, and it says %q", errs)
	}
	if got, _ := events("-name", "bob", "-json"); !strings.Contains(got, `"user_name":"Bob"`) {
		t.Errorf("Bob's are %q", got)
	}
}

func TestTimesAreThoseOfTheReader(t *testing.T) {
	var out bytes.Buffer
	p := eventPrinter{w: &out, e: &env{zone: time.FixedZone("IST", 5*3600+1800)}}
	if err := p.print(admin.Event{Type: "client.join.failed", Time: time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "TIME (IST)") || !strings.Contains(out.String(), "2026-02-01 01:30:00.000  join.failed") {
		t.Errorf("it says %q", out.String())
	}
}
