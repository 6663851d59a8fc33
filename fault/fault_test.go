// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

var update = flag.Bool("update", false, "add new ids to the list of ids")

// TestEveryKindIsWhole demands full prose and sound references of every kind.
func TestEveryKindIsWhole(t *testing.T) {
	titles := map[string]string{}
	for _, k := range fault.All() {
		bad := func(format string, args ...any) {
			t.Helper()
			t.Errorf("%s: %s", k.ID, fmt.Sprintf(format, args...))
		}
		for name, text := range map[string]string{
			"What": k.What, "Why": k.Why, "Sign": k.Sign, "Do": k.Do, "User": k.User,
		} {
			switch {
			case len(text) < 10 && !(name == "User" && text != ""):
				bad("%s is missing or says nothing: %q", name, text)
			case !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "`."):
				bad("%s does not end as a sentence: %q", name, text)
			case strings.TrimSpace(text) != text || strings.Contains(text, "  "):
				bad("%s has stray blanks", name)
			}
		}
		if k.Title == "" || strings.HasSuffix(k.Title, ".") {
			bad("the title is missing or ends in a full stop: %q", k.Title)
		}
		if other, taken := titles[k.Title]; taken {
			bad("%s has the same title", other)
		}
		titles[k.Title] = k.ID
		if !slices.Contains(fault.Areas(), k.Area) {
			bad("no area, or an unknown one: %q", k.Area)
		}
		if !slices.Contains(fault.Categories(), k.Category) {
			bad("no category, or an unknown one: %q", k.Category)
		}
		if !slices.Contains(fault.Retries(), k.Retry) {
			bad("no retry advice, or an unknown one: %q", k.Retry)
		}
		if len(k.Ops) == 0 || len(k.FixedBy) == 0 || len(k.Links) == 0 {
			bad("operations, who can fix it, or links are missing")
		}
		for _, op := range k.Ops {
			if !slices.Contains(fault.Ops(), op) {
				bad("unknown operation %q", op)
			}
		}
		for _, p := range k.FixedBy {
			if !slices.Contains(fault.Parties(), p) {
				bad("unknown party %q", p)
			}
		}
		if twice(k.Ops) || twice(k.FixedBy) || twice(k.CausedBy) || twice(k.See) || twice(k.Links) {
			bad("a list names something twice")
		}
		for _, id := range slices.Concat(k.CausedBy, k.See) {
			switch {
			case fault.Lookup(id) == nil:
				bad("refers to %s, which does not exist", id)
			case id == k.ID:
				bad("refers to itself")
			}
		}
		for _, id := range k.See {
			if slices.Contains(k.CausedBy, id) {
				bad("%s is both a cause and a neighbour", id)
			}
		}
		for _, link := range k.Links {
			if u, err := url.Parse(link); err != nil || u.Scheme != "https" || u.Host == "" {
				bad("link %q is not an https URL", link)
			}
		}
		if k.Status != 0 && (k.Status < 400 || k.Status > 599) {
			bad("status %d is not an error", k.Status)
		}
		if k.Status >= 500 && !k.CanRetry() {
			bad("status %d invites to try again, the advice is %q", k.Status, k.Retry)
		}
	}
}

// TestNoVendors: the catalogue knows conditions; who words them how is the
// business of package dialect.
func TestNoVendors(t *testing.T) {
	vendors := []string{"100ms", "hms", "opentok", "vonage", "tokbox", "sceenic", "watchtogether"}
	for _, k := range fault.All() {
		all := strings.Join([]string{k.ID, k.Title, k.What, k.Why, k.Sign, k.Do, k.User}, " ")
		for _, v := range vendors {
			if strings.Contains(strings.ToLower(all), strings.ToLower(v)) {
				t.Errorf("%s names a vendor: %s", k.ID, v)
			}
		}
	}
}

// TestIDsAreNeverReused compares the catalogue with the list of all ids there
// ever were. A kind that goes keeps its line, with the word "retired" behind it.
func TestIDsAreNeverReused(t *testing.T) {
	const path = "testdata/ids.txt"
	data, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	retired, listed := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if listed[words[0]] {
			t.Errorf("%s is listed twice", words[0])
		}
		listed[words[0]] = true
		retired[words[0]] = len(words) > 1 && words[1] == "retired"
	}
	var fresh []string
	for _, k := range fault.All() {
		switch {
		case retired[k.ID]:
			t.Errorf("%s was retired; give the new condition another id", k.ID)
		case !listed[k.ID]:
			fresh = append(fresh, k.ID)
		}
	}
	for id := range listed {
		if fault.Lookup(id) == nil && !retired[id] {
			t.Errorf("%s is gone; mark its line in %s with \"retired\"", id, path)
		}
	}
	if len(fresh) == 0 {
		return
	}
	if !*update {
		t.Errorf("not in %s: %v; run the test with -update", path, fresh)
		return
	}
	all := fresh
	for id, gone := range map[string]bool(retired) {
		if gone {
			id += " retired"
		}
		all = append(all, id)
	}
	slices.Sort(all)
	const head = "# Every id there ever was. An id is never used for another condition.\n"
	if err := os.WriteFile(path, []byte(head+strings.Join(all, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestTranslationsAreComplete reads every catalogue of messages.
func TestTranslationsAreComplete(t *testing.T) {
	langs := fault.Languages()
	if len(langs) < 2 || langs[0] != "en" {
		t.Fatalf("languages %v, want English first and at least one more", langs)
	}
	for _, lang := range langs[1:] {
		data, err := os.ReadFile("messages/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		for _, k := range fault.All() {
			text := texts[k.MessageKey()]
			if text == "" || text == k.User {
				t.Errorf("%s: %s is not translated: %q", lang, k.MessageKey(), k.User)
			}
			if got := k.UserText(lang); got != text && text != "" {
				t.Errorf("UserText(%q) of %s is %q, want %q", lang, k.ID, got, text)
			}
			delete(texts, k.MessageKey())
		}
		for key := range texts {
			t.Errorf("%s: %s belongs to no fault", lang, key)
		}
	}
}

// TestTitlesAreTranslated: every title once, and none that belongs to no fault.
func TestTitlesAreTranslated(t *testing.T) {
	for _, lang := range fault.Languages()[1:] {
		data, err := os.ReadFile("titles/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var texts map[string]string
		if err := json.Unmarshal(data, &texts); err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		seen := map[string]string{}
		for _, k := range fault.All() {
			text := texts[k.MessageKey()]
			if text == "" || text == k.Title || seen[text] != "" || k.TitleIn(lang) != text {
				t.Errorf("%s: the title of %s is %q, like that of %q", lang, k.ID, text, seen[text])
			}
			seen[text] = k.ID
			delete(texts, k.MessageKey())
		}
		for key := range texts {
			t.Errorf("%s: %s belongs to no fault", lang, key)
		}
	}
}

func TestUserText(t *testing.T) {
	german := fault.RoomFull.UserText("de")
	if german == fault.RoomFull.User {
		t.Fatal("there is no German")
	}
	for tag, want := range map[string]string{
		"de": german, "de-AT": german, "DE": german, "de_CH": german,
		"": fault.RoomFull.User, "en": fault.RoomFull.User, "en-GB": fault.RoomFull.User, "xx": fault.RoomFull.User,
		"../de": fault.RoomFull.User,
	} {
		if got := fault.RoomFull.UserText(tag); got != want {
			t.Errorf("UserText(%q) = %q, want %q", tag, got, want)
		}
	}
}

func TestErrorsIsAndAs(t *testing.T) {
	inner := fault.StoreUnavailable.Wrap(io.ErrShortWrite, "path", "x")
	outer := fmt.Errorf("while joining: %w", fault.RoomFull.Wrap(inner, "limit", 2))
	if !errors.Is(outer, fault.RoomFull) || !errors.Is(outer, fault.StoreUnavailable) || !errors.Is(outer, io.ErrShortWrite) {
		t.Error("a link of the chain is not found")
	}
	if errors.Is(outer, fault.RoomLocked) {
		t.Error("another kind is found")
	}
	var e *fault.Error
	if !errors.As(outer, &e) || e.Kind != fault.RoomFull || e.Detail("limit") != 2 || e.Detail("none") != nil {
		t.Errorf("As gives %v", e)
	}
}

func TestFrom(t *testing.T) {
	for _, c := range []struct {
		err  error
		kind *fault.Kind
		op   fault.Op
	}{
		{fault.RoomFull.New(), fault.RoomFull, fault.OpJoin},
		{fmt.Errorf("x: %w", fault.RoomFull.New()), fault.RoomFull, fault.OpJoin},
		{fault.From(fault.RoomFull.New(), fault.OpInit), fault.RoomFull, fault.OpInit},
		{fault.RoomFull, fault.RoomFull, fault.OpJoin},
		{context.Canceled, fault.RequestCancelled, fault.OpJoin},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), fault.RequestCancelled, fault.OpJoin},
		{io.EOF, fault.Internal, fault.OpJoin},
	} {
		got := fault.From(c.err, fault.OpJoin)
		if got.Kind != c.kind || got.Op != c.op {
			t.Errorf("From(%v) = %s in %s, want %s in %s", c.err, got.Kind.ID, got.Op, c.kind.ID, c.op)
		}
	}
	if fault.From(nil, fault.OpJoin) != nil {
		t.Error("nil became a fault")
	}
	shared := fault.RoomFull.New().(*fault.Error)
	fault.From(shared, fault.OpJoin)
	if shared.Op != "" {
		t.Error("From changed the occurrence it was given")
	}
}

// TestPartsAreApart: the cause reaches the log and the record, never the peer.
func TestPartsAreApart(t *testing.T) {
	const secret = "dial tcp 10.0.0.7: password=hunter2"
	e := fault.From(fault.MediaNodeUnreachable.Wrap(errors.New(secret), "node", "n1"), fault.OpJoin)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Warn("refused", "fault", e)
	record, err := json.Marshal(e.Record())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"Error": e.Error(), "log": log.String(), "Record": string(record)} {
		if !strings.Contains(text, secret) {
			t.Errorf("%s lost the cause: %s", name, text)
		}
	}
	for name, text := range map[string]string{"Safe": e.Safe(), "MarshalJSON": string(peer)} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "10.0.0.7") {
			t.Errorf("%s shows the cause: %s", name, text)
		}
		if !strings.Contains(text, "n1") || !strings.Contains(text, e.Kind.Title) {
			t.Errorf("%s lost the safe part: %s", name, text)
		}
	}
	for _, want := range []string{"fault.id=media_node.unreachable", "fault.op=join", "fault.node=n1"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log line lacks %s: %s", want, log.String())
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	e := fault.From(fault.RoomFull.Wrap(io.EOF, "limit", 50, "ratio", 0.5, "room", "r1", "locked", true), fault.OpJoin)
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back fault.Error
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if back.Kind != e.Kind || back.Op != e.Op || back.Err != nil || !slices.Equal(back.Details, e.Details) {
		t.Errorf("%s came back as %+v", data, back)
	}

	data, err = json.Marshal(e.Record())
	if err != nil {
		t.Fatal(err)
	}
	var r fault.Record
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	whole, err := r.Error()
	if err != nil || whole.Kind != e.Kind || whole.Op != e.Op || whole.Err.Error() != "EOF" || !slices.Equal(whole.Details, e.Details) {
		t.Errorf("%s came back as %+v, %v", data, whole, err)
	}

	for _, bad := range []string{`{"title":"x"}`, `{"id":3}`, `[]`, `{"id":"room.full","details":[3]}`, `{`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if _, err := (fault.Record{Title: "x"}).Error(); err == nil {
		t.Error("a record without an id was read")
	}
}

// TestAFaultOfANewerServer: an id that this program does not know is kept with
// the words it came with, through JSON and records, and matches itself alone.
func TestAFaultOfANewerServer(t *testing.T) {
	var e, again fault.Error
	const sent = `{"id":"room.haunted","op":"join","title":"The room is haunted","details":[{"name":"ghosts","value":2}]}`
	if err := json.Unmarshal([]byte(sent), &e); err != nil {
		t.Fatal(err)
	}
	if e.Kind.Listed() || e.Kind.ID != "room.haunted" || e.Safe() != "The room is haunted (ghosts: 2)" || e.Op != fault.OpJoin {
		t.Errorf("read as %+v: %s", e, e.Safe())
	}
	if back, err := json.Marshal(&e); err != nil || string(back) != sent {
		t.Errorf("written as %s, %v", back, err)
	}
	if err := json.Unmarshal([]byte(sent), &again); err != nil || !errors.Is(&again, e.Kind) {
		t.Errorf("two of one id do not match: %v", err)
	}
	if errors.Is(&e, fault.RoomFull) || errors.Is(&e, fault.Unlisted("room.cursed", "")) || errors.Is(&e, (*fault.Kind)(nil)) {
		t.Error("it matches another kind")
	}
	if r, err := e.Record().Error(); err != nil || r.Kind.ID != e.Kind.ID || r.Kind.Title != e.Kind.Title {
		t.Errorf("its record came back as %v, %v", r, err)
	}
	if e.Kind.CanRetry() || e.Kind.Terminal || e.Kind.UserText("de") == "" || len(e.Kind.LeadsTo()) > 0 {
		t.Errorf("%+v", e.Kind)
	}
	if k := fault.Unlisted("room.full", "Haunted"); k != fault.RoomFull {
		t.Errorf("an id of the catalogue became %+v", k)
	}
	if k := fault.Unlisted("", "x"); k != fault.CatalogueUnknown {
		t.Errorf("no id became %+v", k)
	}
}

// TestCausesEnd: following CausedBy comes to an end, so that a diagnosis does.
func TestCausesEnd(t *testing.T) {
	const walking, done = 1, 2
	state := map[string]int{}
	var walk func(id string, path []string)
	walk = func(id string, path []string) {
		switch state[id] {
		case walking:
			t.Errorf("causes run in a circle: %v", append(path, id))
			return
		case done:
			return
		}
		state[id] = walking
		for _, c := range fault.Lookup(id).CausedBy {
			walk(c, append(path, id))
		}
		state[id] = done
	}
	for _, k := range fault.All() {
		walk(k.ID, nil)
		for _, to := range k.LeadsTo() {
			if !slices.Contains(to.CausedBy, k.ID) {
				t.Errorf("%s does not lead to %s", k.ID, to.ID)
			}
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if fault.Lookup("room.full") != fault.RoomFull {
			b.Fatal("not found")
		}
	}
}

func twice[T comparable](list []T) bool {
	seen := map[T]bool{}
	for _, x := range list {
		if seen[x] {
			return true
		}
		seen[x] = true
	}
	return false
}
