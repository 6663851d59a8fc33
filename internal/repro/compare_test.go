// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package repro

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
)

func TestCompare(t *testing.T) {
	hers := []said{{"server", "fault", "ice.failed"}, {"verdict", "cause", "a"}, {"server", "DTLS", "new"}, {"client", "reported", "x"}}
	test := []said{{"verdict", "cause", "a"}, {"server", "fault", "ice.slow"}, {"server", "media arrived", "no"}, {"client", "reported", "x"}}
	got := compare(hers, test)
	want := []Fact{
		{"verdict", "cause", "a", "a", Same},
		{"client", "reported", "x", "x", Same},
		{"server", "fault", "ice.failed", "ice.slow", Differs},
		{"server", "DTLS", "new", "", OnlyHers},
		{"server", "media arrived", "", "no", OnlyTest},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// TestMeans: what is said follows from the comparison alone.
func TestMeans(t *testing.T) {
	locked, blocked := retraces[fault.RoomLocked.ID], inject.Cause{ID: fault.MediaBlocked.ID}
	cause := func(hers, test string) []said { return []said{{"verdict", "cause", hers}, {"server", "fault", test}} }
	for name, c := range map[string]struct {
		run  *run
		hers []said
		want string
	}{
		"refused as she was":  {&run{plan: plan{retrace: &locked}, failure: Failure{Cause: "a"}, found: cause("a", "a")}, cause("a", "a"), "behaves the same"},
		"let in":              {&run{plan: plan{retrace: &locked}, failure: Failure{Cause: "a"}, in: true}, cause("a", "a"), "got in"},
		"refused otherwise":   {&run{plan: plan{retrace: &locked}, failure: Failure{Cause: "a"}, found: cause("b", "b")}, cause("a", "a"), "for another reason"},
		"the same record":     {&run{plan: plan{provoke: &blocked}, failure: Failure{Cause: "a"}, found: cause("a", "a")}, cause("a", "a"), "Every fact is the same"},
		"almost the same":     {&run{plan: plan{provoke: &blocked}, failure: Failure{Cause: "a"}, found: cause("a", "b")}, cause("a", "a"), "Of 1 facts 1 are not"},
		"another record":      {&run{plan: plan{provoke: &blocked}, failure: Failure{Cause: "a"}, found: cause("b", "a")}, cause("a", "a"), "another record"},
		"no record":           {&run{plan: plan{provoke: &blocked}, failure: Failure{Cause: "a"}}, cause("a", "a"), "Nothing of this"},
		"the fault, no cause": {&run{plan: plan{provoke: &blocked}, found: cause("b", "a")}, cause("not known", "a"), "leaves such a record"},
	} {
		if got := c.run.means(compare(c.hers, c.run.found)); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestWords: codes are in the words of the vendor whose client it was, for both sides.
func TestWords(t *testing.T) {
	e := event.Event{ID: "1", Type: event.ConnectFailed, Source: event.FromClient, Dialect: dialect.OpenTok.Name, Fault: fault.TokenExpired.ID, Op: fault.OpJoin,
		Failure: event.Failure{Code: 1004, Name: "OT_AUTHENTICATION_ERROR"}}
	test := event.Event{ID: "2", Type: event.ConnectFailed, Source: event.FromServer, Fault: fault.TokenExpired.ID, Op: fault.OpJoin}
	d := wordsOf(&e)
	if d != dialect.OpenTok {
		t.Fatal(d.Name)
	}
	facts := compare(describe(&e, &diagnose.Verdict{}, d), describe(&test, &diagnose.Verdict{}, d))
	i := slices.IndexFunc(facts, func(f Fact) bool { return f.Fact == "code, in the words of "+dialect.OpenTok.Title })
	if i < 0 || facts[i].Hers != "1004" || facts[i].Result != Same {
		t.Errorf("%+v", facts)
	}
}

// TestEveryCauseHasAWay: what can be provoked or retraced is a fault of the catalogue, and
// anything else says why it is not.
func TestEveryCauseHasAWay(t *testing.T) {
	for id := range retraces {
		if fault.Lookup(id) == nil {
			t.Errorf("%s is none of the catalogue", id)
		}
	}
	for _, k := range fault.All() {
		p := planFor(&Failure{Event: &event.Event{Type: event.ConnectFailed}, Cause: k.ID})
		if (p.way() == "") != (p.whyNot != "") {
			t.Errorf("%s: %q, %q", k.ID, p.way(), p.whyNot)
		}
	}
	if p := planFor(&Failure{Event: &event.Event{}}); p.whyNot == "" {
		t.Error("nothing is known, and yet there is a way")
	}
}

// TestRoughly: two tries within a minute are described in the same words.
func TestRoughly(t *testing.T) {
	for d, want := range map[time.Duration]string{time.Second: "under 2 minutes", time.Hour: "60 minutes", 3 * time.Hour: "3 hours"} {
		if got := roughly(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}
