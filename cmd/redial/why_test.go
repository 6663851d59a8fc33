// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
)

// refusedAs has somebody of that name fail to join a room, and waits until that is
// on record.
func (s *stage) refusedAs(t *testing.T, room, name string) admin.Event {
	t.Helper()
	ctl := s.admin(t)
	token := s.roomToken(t, room)
	rule, err := ctl.Injections.Create(t.Context(), admin.Injection{Fault: "room.locked", Room: room, For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := client.Join(t.Context(), client.Config{Endpoint: s.server.URL(), Token: token, Name: name}); err == nil {
		r.Leave()
		t.Fatal("the join was let through")
	}
	if err := ctl.Injections.Remove(t.Context(), rule.ID); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		page, err := ctl.Events.List(t.Context(), admin.EventFilter{Errors: true, Order: admin.NewestFirst})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Events) > 0 {
			return page.Events[0]
		}
	}
	t.Fatal("the failure is not on record")
	return admin.Event{}
}

// reference is what the person's page would show.
func reference(e admin.Event) string {
	return (&event.Subject{PeerID: e.Data.Peer, RoomID: e.Data.Room, UserID: e.Data.User}).Reference()
}

// TestWhyOnAServer asks a real server in each of the ways that the help shows.
func TestWhyOnAServer(t *testing.T) {
	s := newStage(t)
	failed := s.refusedAs(t, "consult", "Mia Lang")
	why := func(args ...string) string {
		t.Helper()
		out, errs, code := s.call(t.Context(), t, append([]string{"why"}, args...)...)
		if code != exitOK {
			t.Fatalf("why %v: exit code %d: %s", args, code, errs)
		}
		return out
	}
	who := failed.Data.UserName
	if who == "" { // refused before it told its name
		who = failed.Data.User
	}
	line := why("-room", "consult")
	if strings.Count(line, "could not connect") != 1 || !strings.Contains(line, "provoked") {
		t.Errorf("the room:\n%s", line)
	}
	for _, args := range [][]string{{"-event", failed.ID}, {"-peer", failed.Data.Peer}, {"-room", "Consult", "-user", who, "-since", "1h"}, {"-user", who, "-at", "5m ago"}, {strings.ToLower(reference(failed))}, {reference(failed), "-room", "consult"}} {
		page := why(args...)
		if !strings.Contains(page, `could not connect to "consult", `) || !strings.Contains(page, "provoked on purpose") || !strings.Contains(page, failed.ID) {
			t.Errorf("why %v:\n%s", args, page)
		}
	}
	if out, errs, code := s.call(t.Context(), t, "why", "-user", "nobody"); code != exitOK || out != "" || !strings.Contains(errs, "No failure matches") {
		t.Errorf("of nobody: %d %q %q", code, out, errs)
	}
	var d admin.Diagnosis
	if err := json.Unmarshal([]byte(why("-room", "consult", "-json")), &d); err != nil || d.Failure.ID != failed.ID || d.Verdict.Event != failed.ID {
		t.Errorf("as JSON: %v, %+v", err, d)
	}

	// The page for whoever has the link.
	link := strings.TrimSpace(why("-room", "consult", "-share", "-days", "2"))
	res, err := http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(body), "could not connect") {
		t.Errorf("%s: %d %v\n%s", link, res.StatusCode, err, body)
	}

	// Exported, it is explained without a server as with one.
	file := filepath.Join(t.TempDir(), "case.json")
	why("-event", failed.ID, "-export", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "Mia") {
		t.Errorf("a name is in the case: %s", raw)
	}
	c, err := diagnose.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	if out := why("-event", failed.ID, "-export", "-"); out != string(raw) {
		// The time at which it was put together is another, and nothing else.
		again, err := diagnose.Read([]byte(out))
		if err != nil || !again.At.After(c.At) {
			t.Errorf("exported twice: %v\n%s\n%s", err, raw, out)
		}
	}
	page := why(file)
	if !strings.Contains(strings.Join(strings.Fields(page), " "), diagnose.Explain(c).Says) || !strings.Contains(page, failed.ID) {
		t.Errorf("of the file:\n%s", page)
	}
	if _, errs, code := s.call(t.Context(), t, "why", "-event", failed.ID, "-export", file); code != exitFailure || !strings.Contains(errs, "there already") {
		t.Errorf("over a file: %d %s", code, errs)
	}
}

// TestWhyCalledWrongly: whoever errs is told what is possible.
func TestWhyCalledWrongly(t *testing.T) {
	s := newStage(t)
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"v":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"consult":          "a room is named with -room",
		"-n -1":            "negative",
		"-at sometime":     "yesterday 14:05",
		"-since later":     "14:00",
		"-room nowhere":    "no room of",
		"-event x":         "No such event",
		"-usr mia":         "did you mean -user",
		"a b":              "one argument too many",
		"-event x -n 2":    "names one",
		"-room x " + bad:   "names one",
		"-export y " + bad: "ask a server",
		bad:                "failure.id",
	} {
		out, errs, code := s.call(t.Context(), t, append([]string{"why"}, strings.Fields(args)...)...)
		if code == exitOK || out != "" || !strings.Contains(errs, want) {
			t.Errorf("why %s: %d %q %q, want %q", args, code, out, errs, want)
		}
	}
}

func diagnosed(id, leads string, second int) admin.Diagnosis {
	return admin.Diagnosis{
		Failure: admin.Failure{ID: id, Type: admin.PublishFailed, Fault: "ice.failed", Happened: time.Date(2026, 11, 25, 13, 5, second, 0, time.UTC)},
		Verdict: admin.Verdict{Event: id, Leads: leads},
	}
}

// TestIncidents: what follows is folded under what it follows from, and nothing is
// lost, whatever a server says.
func TestIncidents(t *testing.T) {
	for _, c := range []struct {
		name string
		list []admin.Diagnosis
		want string
	}{
		{"none", nil, ""},
		{"apart", []admin.Diagnosis{diagnosed("b", "", 2), diagnosed("a", "", 1)}, "a b"},
		{"folded", []admin.Diagnosis{diagnosed("c", "a", 3), diagnosed("b", "a", 2), diagnosed("a", "", 1)}, "a(b c)"},
		{"over two steps", []admin.Diagnosis{diagnosed("c", "b", 3), diagnosed("b", "a", 2), diagnosed("a", "", 1), diagnosed("d", "", 4)}, "a(b c) d"},
		{"from one that is not among them", []admin.Diagnosis{diagnosed("b", "x", 2)}, "b"},
		{"in a circle", []admin.Diagnosis{diagnosed("a", "b", 1), diagnosed("b", "a", 2)}, "b(a)"},
		{"from itself", []admin.Diagnosis{diagnosed("a", "a", 1)}, "a"},
	} {
		var got []string
		for _, in := range fold(c.list) {
			text := in.root.Failure.ID
			var more []string
			for _, f := range in.follows {
				more = append(more, f.Failure.ID)
			}
			if len(more) > 0 {
				text += "(" + strings.Join(more, " ") + ")"
			}
			got = append(got, text)
		}
		have := strings.Join(got, " ")
		all := strings.FieldsFunc(have, func(r rune) bool { return strings.ContainsRune(" ()", r) })
		slices.Sort(all)
		if c.name == "in a circle" {
			if len(all) != 2 {
				t.Errorf("%s: %s", c.name, have)
			}
			continue
		}
		if have != c.want {
			t.Errorf("%s: %s, want %s", c.name, have, c.want)
		}
	}
}

// TestWhyPage is how a page reads.
// TestFewAreExplained: of somebody who failed often no more is asked for than what is shown
// takes, unless that is all one incident.
func TestFewAreExplained(t *testing.T) {
	for name, c := range map[string]struct {
		one   bool // all failures follow from the first
		asked []int
		shown string
	}{
		"apart":        {asked: []int{16}, shown: "e28 e29 e30"},
		"one incident": {one: true, asked: []int{16, 50}, shown: "e01"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []int
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				limit, err := strconv.Atoi(r.FormValue("limit"))
				if err != nil {
					t.Error(err)
				}
				asked = append(asked, limit)
				page := admin.DiagnosisPage{Total: 30}
				for n := 30; n > max(0, 30-limit); n-- {
					leads := ""
					if c.one && n > 1 {
						leads = fmt.Sprintf("e%02d", n-1)
					}
					page.Diagnoses = append(page.Diagnoses, diagnosed(fmt.Sprintf("e%02d", n), leads, n))
				}
				if err := json.NewEncoder(w).Encode(page); err != nil {
					t.Error(err)
				}
			}))
			defer srv.Close()
			ctl, err := admin.New(admin.Config{URL: srv.URL, Token: "t"})
			if err != nil {
				t.Fatal(err)
			}
			found, err := incidents(t.Context(), ctl, admin.DiagnosisFilter{User: "Mia"}, 3)
			if err != nil {
				t.Fatal(err)
			}
			var shown []string
			for _, in := range found {
				shown = append(shown, in.root.Failure.ID)
			}
			if got := strings.Join(shown, " "); got != c.shown || !slices.Equal(asked, c.asked) {
				t.Errorf("%q of pages of %v, want %q of %v", got, asked, c.shown, c.asked)
			}
		})
	}
}

func TestWhyPage(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	d := diagnosed("01a2", "", 2)
	d.Failure.UserName, d.Failure.Role, d.Failure.RoomName, d.Failure.Source = "Mia\x1b[2J", "guest", "consult", admin.FromBoth
	d.Failure.At = d.Failure.Happened.Add(26 * time.Hour)
	at := time.Date(2026, 11, 25, 13, 5, 21, 0, time.UTC)
	d.Verdict = admin.Verdict{
		Event: "01a2", Cause: "ice.failed", Confidence: admin.Likely, Rules: "2026-11-26", Injected: true,
		Says:    "Her network lets no media out: nothing of hers came to 7882/udp and 7881/tcp in 19.2 s, while 3 others got through.",
		Because: []admin.VerdictFact{{Fact: "path.udp.in", Value: 0.0, From: "server", At: at}, {Fact: "socket", Value: true, From: "server", Says: "her socket lived on"}},
		Not:     []admin.VerdictExcluded{{Cause: "room.full", Because: "she was in"}}, RefutedBy: []string{"one packet of hers on either port"},
		Missing: []admin.VerdictMissing{{Fact: "client.candidate_errors", How: "load /witness.js in the page"}},
		Do:      []admin.VerdictAdvice{{Who: "user", Text: "Try another network."}, {Who: "operator", Text: "Offer TURN over TLS on port 443."}},
	}
	var out bytes.Buffer
	p := whyPrinter{env: &env{stdout: &out, zone: zone}, pages: true}
	if err := p.print([]incident{{root: d, follows: []admin.Diagnosis{diagnosed("01a3", "01a2", 40)}}}); err != nil {
		t.Fatal(err)
	}
	const want = `Mia·[2J (guest) could not send audio or video in "consult", Wednesday 25 November at
14:05:02 CET.

  Her network lets no media out: nothing of hers came to 7882/udp and 7881/tcp in 19.2 s,
  while 3 others got through.

  cause      ice.failed, likely by the rules of 2026-11-26
  on record  ice.failed, told by client and server
  It was told 26 hours after it happened.

Because
  +  path.udp.in: 0 (server, 14:05:21)
  +  her socket lived on (server)

It is not
  -  The room is full: she was in

Not known
  ?  client.candidate_errors: load /witness.js in the page

It would be wrong with
  x  one packet of hers on either port

What to do
  Mia·[2J       Try another network.
  The operator  Offer TURN over TLS on port 443.

1 more follows from it
  14:05:40  could not send audio or video (ice.failed)

Event 01a2
More: redial explain ice.failed
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestExplainShowsRules: for every cause that has a rule.
func TestExplainShowsRules(t *testing.T) {
	for _, r := range diagnose.Rules() {
		var out, errs bytes.Buffer
		e := &env{stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}
		if code := run(t.Context(), e, []string{"explain", r.Cause}); code != exitOK {
			t.Errorf("explain %s: %d %s", r.Cause, code, errs.String())
		}
		for _, c := range r.Needs {
			if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), c.Asks) {
				t.Errorf("explain %s does not say that it needs %q:\n%s", r.Cause, c.Asks, out.String())
			}
		}
		out.Reset()
		var answer struct {
			Rule *diagnose.Rule `json:"rule"`
		}
		if code := run(t.Context(), e, []string{"explain", "-json", r.Cause}); code != exitOK || json.Unmarshal(out.Bytes(), &answer) != nil || answer.Rule == nil || answer.Rule.Cause != r.Cause {
			t.Errorf("explain -json %s: %s", r.Cause, fmt.Sprint(answer.Rule))
		}
	}
}
