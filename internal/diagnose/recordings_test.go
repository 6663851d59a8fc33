// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

// recorded is a case of testdata, of a failure whose cause is known.
type recorded struct {
	name  string
	cause string
	also  []string
	raw   []byte
}

// read gives a copy of its own.
func (r *recorded) read(t testing.TB) *Case {
	t.Helper()
	c, err := Read(r.raw)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// recordings gives every case of the recordings of failures.
func recordings(t testing.TB) (all []*recorded) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Cause string            `json:"cause"`
			Also  []string          `json:"also"`
			Cases []json.RawMessage `json:"cases"`
		}
		if err := json.Unmarshal(data, &r); err != nil {
			t.Fatal(err)
		}
		for i, raw := range r.Cases {
			if r.Cause != "" {
				name := fmt.Sprintf("%s/%d", strings.TrimSuffix(filepath.Base(path), ".json"), i)
				all = append(all, &recorded{name: name, cause: r.Cause, also: r.Also, raw: raw})
			}
		}
	}
	return all
}

// right tells whether a verdict is not wrong: it names the cause, or something that
// the cause lies behind, or it does not commit itself.
func (r *recorded) right(v Verdict) bool {
	if v.Confidence == Possible || v.Confidence == NotKnown {
		return true
	}
	return slices.ContainsFunc(append([]string{r.cause}, r.also...), func(cause string) bool { return leadsTo(cause, v.Cause) })
}

// leadsTo tells whether a cause is a fault, or lies behind it.
func leadsTo(cause, id string) bool {
	if cause == id {
		return true
	}
	k := fault.Lookup(id)
	return k != nil && slices.ContainsFunc(k.CausedBy, func(behind string) bool { return leadsTo(cause, behind) })
}

// removal takes one fact, or a whole witness, out of a case.
type removal struct {
	name string
	from func(*Case)
}

// each applies a removal to the evidence of all failures of the person.
func each(name string, from func(*evidence.Record)) removal {
	return removal{name, func(c *Case) {
		for _, f := range append([]*Failure{&c.Failure}, pointers(c.Near)...) {
			if f.Evidence != nil {
				from(f.Evidence)
			}
		}
	}}
}

// own applies a removal to the evidence of the failure alone.
func own(name string, from func(*evidence.Record)) removal {
	return removal{"its own " + name, func(c *Case) {
		if c.Failure.Evidence != nil {
			from(c.Failure.Evidence)
		}
	}}
}

func pointers(list []Failure) (all []*Failure) {
	for i := range list {
		all = append(all, &list[i])
	}
	return all
}

// clip leaves out what records lose first when they are too large, in that order.
func clip(stages int) func(*evidence.Record) {
	return func(r *evidence.Record) {
		r.Clipped = true
		if r.Notes = nil; r.Path == nil {
			return
		}
		for i, drop := range []func(){
			func() { r.Path.Changes = nil }, func() { r.Path.Tracks = nil }, func() { r.Path.Pairs = nil }, func() { r.Path.Traffic = nil },
		} {
			if i < stages {
				drop()
			}
		}
	}
}

func removals() (all []removal) {
	all = []removal{
		{"the client's half", func(c *Case) { c.Failure.Client = nil }},
		{"the client's facts", func(c *Case) {
			if c.Failure.Client != nil {
				c.Failure.Client.Facts = nil
			}
		}},
		{"the server's half", func(c *Case) { c.Failure.Server, c.Failure.Evidence = nil, nil }},
		{"the failures near it", func(c *Case) { c.Near, c.Window = nil, false }},
		{"the failures of others", func(c *Case) { c.Around = nil }},
		{"the window", func(c *Case) { c.Window = false }},
	}
	for name, from := range map[string]func(*evidence.Record){
		"everything":       func(r *evidence.Record) { *r = evidence.Record{V: r.V, At: r.At} },
		"path":             func(r *evidence.Record) { r.Path, r.Reach = nil, nil },
		"socket":           func(r *evidence.Record) { r.Socket = nil },
		"door":             func(r *evidence.Record) { r.Door = nil },
		"token":            func(r *evidence.Record) { r.Token = nil },
		"others inside":    func(r *evidence.Record) { r.Same = nil },
		"reach":            func(r *evidence.Record) { r.Reach = nil },
		"self":             func(r *evidence.Record) { r.Self = nil },
		"notes":            clip(0),
		"changes":          clip(1),
		"tracks":           clip(2),
		"pairs":            clip(3),
		"traffic":          clip(4),
		"unacked":          func(r *evidence.Record) { socketOf(r).Unacked = nil },
		"door of socket":   func(r *evidence.Record) { socketOf(r).Door = nil },
		"last frame":       func(r *evidence.Record) { socketOf(r).In = time.Time{} },
		"time of issue":    func(r *evidence.Record) { tokenOf(r).IssuedAt = time.Time{} },
		"other tokens":     func(r *evidence.Record) { tokenOf(r).KeyAge = nil },
		"hashes":           func(r *evidence.Record) { unhash(r) },
		"probes":           func(r *evidence.Record) { unprobe(r) },
		"times of packets": func(r *evidence.Record) { untime(r) },
	} {
		all = append(all, each(name, from), own(name, from))
	}
	slices.SortFunc(all, func(a, b removal) int { return strings.Compare(a.name, b.name) })
	return all
}

func socketOf(r *evidence.Record) *evidence.Socket {
	if r.Socket == nil {
		return &evidence.Socket{}
	}
	return r.Socket
}

func tokenOf(r *evidence.Record) *evidence.Token {
	if r.Token == nil {
		return &evidence.Token{}
	}
	return r.Token
}

func unhash(r *evidence.Record) {
	for _, d := range []*evidence.Door{r.Door, socketOf(r).Door} {
		if d != nil {
			d.ClientHash, d.PeerHash, d.LocalHash = "", "", ""
		}
	}
}

func unprobe(r *evidence.Record) {
	for i := range r.Reach {
		r.Reach[i].Probed, r.Reach[i].Answered, r.Reach[i].Judged = time.Time{}, time.Time{}, ""
	}
}

func untime(r *evidence.Record) {
	if r.Path == nil {
		return
	}
	for _, t := range r.Path.Traffic {
		for _, w := range []*evidence.Way{t.In, t.Out} {
			if w != nil {
				w.First, w.Last = time.Time{}, time.Time{}
			}
		}
	}
	r.Path.RTCP = evidence.Flow{}
}

// TestTakingEvidenceAway: whatever is taken from what is known of a failure, the
// verdict may become unsure; it never becomes sure of another cause.
func TestTakingEvidenceAway(t *testing.T) {
	all := removals()
	for _, r := range recordings(t) {
		t.Run(r.name, func(t *testing.T) {
			for i := range all {
				for _, j := range []int{i, (i + 1) % len(all), (3*i + 7) % len(all), (7*i + 3) % len(all)} {
					c := r.read(t)
					all[i].from(c)
					all[j].from(c)
					if v := Explain(c); !r.right(v) {
						t.Fatalf("without %s and %s it is %s (%s), which is not %s: %s", all[i].name, all[j].name, v.Cause, v.Confidence, r.cause, v.Says)
					}
				}
			}
		})
	}
}

// FuzzLess takes any of it away at once.
func FuzzLess(f *testing.F) {
	cases, all := recordings(f), removals()
	for i := range cases {
		f.Add(uint(i), uint64(0))
		f.Add(uint(i), uint64(0x5a5a_a5a5_1234_8421)<<(i%7))
	}
	f.Fuzz(func(t *testing.T, which uint, taken uint64) {
		r := cases[which%uint(len(cases))]
		c := r.read(t)
		var names []string
		for i := range all {
			if taken&(1<<i) != 0 {
				all[i].from(c)
				names = append(names, all[i].name)
			}
		}
		if v := Explain(c); !r.right(v) {
			t.Errorf("%s without %v is %s (%s), which is not %s", r.name, names, v.Cause, v.Confidence, r.cause)
		}
	})
}

// TestRefutedVerdictsGo: a fact that refutes a verdict takes it away.
func TestRefutedVerdictsGo(t *testing.T) {
	tried := map[string]bool{}
	for _, r := range recordings(t) {
		c := r.read(t)
		v := Explain(c)
		rule, ok := Lookup(v.Cause)
		if !ok || v.Confidence != Proven && v.Confidence != Likely {
			continue
		}
		for _, refutes := range rule.Refutes {
			view := newView(c)
			view.said[refutes] = answer{is: yes, says: "so it is"}
			again := view.explain()
			if again.Cause == v.Cause && leadsTo(v.Cause, c.Failure.Fault) && v.Cause != c.Failure.Fault {
				t.Errorf("%s: it stays %s (%s) although %s", r.name, v.Cause, again.Confidence, refutes.Asks)
			}
			tried[rule.Cause] = true
		}
	}
	if len(tried) < 8 {
		t.Errorf("only %d rules were tried: %v", len(tried), tried)
	}
}

// lies are what a hostile client may say of itself.
const lies = `{"document_hidden":true,"stage":"refused","devices":{"a":[{"kind":"audioinput","label":"x"}]},
 "witness":{"secure_context":false,"policy":{"camera":false},"online":false,"lifecycle":[{"what":"freeze","at":"2026-11-26T12:00:00Z"}],"live":{"audio":1,"video":1},
 "captures":[{"kind":"video","error":"NotAllowedError","after_ms":5}],"paths":[{"errors":[{"url":"turn:x","code":401},{"url":"turn:x","code":701},{"url":"turn:x","code":486}]}]}}`

// TestLyingClients: nothing that a client says is proven by its word, nor becomes the
// server's trouble; and no lie hides what the server saw for certain.
func TestLyingClients(t *testing.T) {
	var facts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(lies), &facts); err != nil {
		t.Fatal(err)
	}
	for _, r := range recordings(t) {
		truth := Explain(r.read(t))
		alone := r.read(t)
		alone.Failure.Client = nil
		server := Explain(alone)
		c := r.read(t)
		honest := c.Failure
		for _, k := range fault.All() {
			c.Failure = honest
			c.Failure.Client = &Half{Fault: k.ID, Facts: facts}
			if c.Failure.Server == nil {
				c.Failure.Fault = k.ID
			}
			v := Explain(c)
			said := fault.Lookup(v.Cause)
			sure := v.Confidence == Proven || v.Confidence == Likely
			if v.Confidence == Proven && v.Cause != truth.Cause && v.Cause != server.Cause {
				t.Errorf("%s: with the lie %s it is proven that %s", r.name, k.ID, v.Cause)
			}
			if sure && said != nil && said.Area == fault.AreaServer && v.Cause != server.Cause && v.Cause != truth.Cause {
				t.Errorf("%s: the lie %s makes it the server's trouble: %s (%s)", r.name, k.ID, v.Cause, v.Confidence)
			}
			if server.Confidence == Proven && v.Cause != server.Cause {
				t.Errorf("%s: the lie %s hides %s behind %s", r.name, k.ID, server.Cause, v.Cause)
			}
		}
	}
}
