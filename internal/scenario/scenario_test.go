// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/scenario"
)

func TestReadyOnesAreWellWritten(t *testing.T) {
	want := []string{"blocked-udp", "camera-taken", "clock-skew", "deploy", "expired-token", "hotel-wifi", "overloaded-server", "train-tunnel"}
	var names []string
	for _, r := range scenario.Library() {
		names = append(names, r.Name)
		s, err := scenario.Read(r.Name, r.Text)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Name == "" || len(s.About) < 100 || s.Length() > 2*time.Minute {
			t.Errorf("%s: %q, %d bytes about it, %v", r.Name, s.Name, len(s.About), s.Length())
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("there are %v", names)
	}
}

func TestSentences(t *testing.T) {
	f := func(text string, want admin.Injection) {
		t.Helper()
		s, err := scenario.Read("x", []byte("name: x\nsteps:\n  - at 1s: "+text+"\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got := s.Steps[0].Inject
		if got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", text, got, want)
		}
	}
	f("lose udp for 8s", admin.Injection{At: "blackhole", Network: "udp", For: 8 * time.Second})
	f("lose audio 20% incoming on publish", admin.Injection{At: "loss", Packets: "audio", Probability: 0.2, Direction: "in", Side: "publish"})
	f("delay packets by 150ms for 1m", admin.Injection{At: "delay", Delay: 150 * time.Millisecond, For: time.Minute})
	f("limit bandwidth to 1.5Mbps of peer alice", admin.Injection{At: "bandwidth", RateKbps: 1500, Peer: "alice"})
	f("cut socket 3 times for 10s", admin.Injection{At: "cut", For: 10 * time.Second, Count: 3})
	f("refuse init with 503", admin.Injection{At: "init", Fault: "503"})
	f("refuse join with room.full of role guest", admin.Injection{At: "call", Method: "join", Fault: "room.full", Role: "guest"})
	f("slow calls by 2s", admin.Injection{At: "slow", Delay: 2 * time.Second})
	f("ignore ping of user u1", admin.Injection{At: "hang", Method: "ping", User: "u1"})
	f("skew clock by -2h", admin.Injection{At: "clock", Skew: -2 * time.Hour})
	f("restart node for 3s", admin.Injection{At: "restart", For: 3 * time.Second})
	f("break fingerprint", admin.Injection{At: "wrong-fingerprint"})
	f("inject 4005 at wrong-fingerprint for 5s", admin.Injection{Fault: "4005", At: "wrong-fingerprint", For: 5 * time.Second})
}

// TestMistakes: each is named with its line, and with what is possible.
func TestMistakes(t *testing.T) {
	f := func(file string, line int, words ...string) {
		t.Helper()
		_, err := scenario.Read("x.yaml", []byte(file))
		var all scenario.Problems
		if !errors.Is(err, fault.FieldInvalid) || !errors.As(err, &all) {
			t.Errorf("%q: %v", file, err)
			return
		}
		if all[0].Line != line {
			t.Errorf("%q: line %d, want %d: %v", file, all[0].Line, line, all[0])
		}
		for _, w := range words {
			if !strings.Contains(all[0].String(), w) {
				t.Errorf("%q: %v does not say %q", file, all[0], w)
			}
		}
	}
	step := func(text string, words ...string) {
		t.Helper()
		f("name: x\nsteps:\n  - at 1s: cut socket\n  - "+text+"\n", 4, append(words, "steps[1]")...)
	}
	f("", 0, "empty")
	f("name: x\n", 0, "steps: is missing")
	f("steps:\n  - at 1s: cut socket\n", 0, "name: is missing")
	f("name: x\nsteps: soon\n", 2, "not a list")
	f("name: x\nsteps: []\n", 0, "nothing is provoked")
	f("name: x\nname: y\nsteps:\n  - at 1s: cut socket\n", 2, "already defined")
	f("name: x\ntitel: y\nsteps:\n  - at 1s: cut socket\n", 2, "no such field", "possible: name, about")
	f("name: [x\n", 1, "not YAML")
	f("name: x\nfastest: 0\nsteps:\n  - at 1s: cut socket\n", 2, "fastest", "1 to 100")
	f("name: x\nsteps:\n  - at 1s: expect ice.failed within 3s\n", 3, "before anything was provoked")
	step("at soon: cut socket", "not a time")
	step("at -1s: cut socket", "out of range")
	step("at 2h: cut socket", "out of range")
	step("cut socket", "one pair")
	step("at 2s:", "possible: lose")
	step("at 2s: cut sockets", `did you mean "socket"`)
	step("at 2s: lose udp for ever", "possible: for 1ms")
	step("at 2s: lose udp 0%", "0.1% to 100%")
	step("at 2s: lose udp NaN%", "0.1% to 100%")
	step("at 2s: lose udp for 2s for 3s", "twice")
	step("at 2s: cut socket incoming", "does not go with cut")
	step("at 2s: cut socket please", "possible after cut: for, of, times")
	step("at 2s: delay packets", `"by" is missing`)
	step("at 2s: limit bandwidth to fast", "300kbps")
	step("at 2s: limit bandwidth to -3kbps", "300kbps")
	step("at 2s: cut socket of friend bob", "of peer NAME")
	step("at 2s: cut socket 0 times", "number of times")
	step("at 2s: expect ice.faild within 3s", "did you mean", "ice.failed")
	step("at 2s: expect ice.failed soon", "expect ice.failed within 10s")
	step("at 2s: end now", "too much")
	step("at 500ms: cut socket", "before the step above")
}

// recorded is a server that remembers what it was asked.
type recorded struct {
	mu      sync.Mutex
	began   time.Time
	log     []string
	running map[string]admin.InjectionRule
	events  []admin.Event
	refuse  func(i int, one admin.Injection) error // in Check
	broken  func(one admin.Injection) error        // in Create
	n       int
}

func newRecorded() *recorded {
	return &recorded{began: time.Now(), running: map[string]admin.InjectionRule{}}
}

func (r *recorded) note(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf("%v ", time.Since(r.began))+fmt.Sprintf(format, args...))
}

func (r *recorded) Check(_ context.Context, all []admin.Injection) ([]admin.InjectionRule, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var rules []admin.InjectionRule
	for i, one := range all {
		if r.refuse != nil {
			if err := r.refuse(i, one); err != nil {
				return nil, err
			}
		}
		rules = append(rules, admin.InjectionRule{Room: "r1", Begins: time.Now().Add(one.After)})
	}
	return rules, nil
}

func (r *recorded) Create(_ context.Context, one admin.Injection) (admin.InjectionRule, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		if err := r.broken(one); err != nil {
			return admin.InjectionRule{}, err
		}
	}
	r.n++
	id := fmt.Sprint("i", r.n)
	r.note("inject %s%s for %s of %s", one.At, one.Network, one.For, one.Peer)
	rule := admin.InjectionRule{ID: id, Room: "r1", At: one.At, State: "running", Begins: time.Now()}
	if one.For == 0 {
		rule.State, rule.Ends = "done", rule.Begins
		return rule, nil
	}
	rule.Ends = rule.Begins.Add(one.For)
	r.running[id] = rule
	return rule, nil
}

func (r *recorded) Remove(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	one, there := r.running[id]
	delete(r.running, id)
	if !there || !time.Now().Before(one.Ends) {
		return fault.InjectionNotFound.New("id", id)
	}
	r.note("remove %s", one.At)
	return nil
}

func (r *recorded) All(_ context.Context, f admin.EventFilter) iter.Seq2[admin.Event, error] {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []admin.Event
	for _, e := range r.events {
		if e.Data.Room == f.RoomID && !e.Time.Before(f.Since) && !e.Time.After(time.Now()) {
			list = append(list, e)
		}
	}
	return func(yield func(admin.Event, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// left are the injections that are still at work.
func (r *recorded) left() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, one := range r.running {
		if time.Now().Before(one.Ends) {
			ids = append(ids, id)
		}
	}
	return ids
}

func read(t *testing.T, steps string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Read("x.yaml", []byte("name: x\nfastest: 10\nsteps:\n"+steps))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *recorded) wantLog(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(r.log, want) {
		t.Errorf("the server was asked\n%s\nwant\n%s", strings.Join(r.log, "\n"), strings.Join(want, "\n"))
	}
	if left := r.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

const twoFaults = "  - at 10s: lose udp for 8s\n  - at 40s: restart node for 3s\n"

func TestStepsHappenOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newRecorded()
		var said []string
		r := scenario.Run{Scenario: read(t, twoFaults), Injections: server, Events: server, Target: scenario.Target{Room: "demo", Peer: "alice"},
			Report: func(p scenario.Progress) { said = append(said, fmt.Sprint(p.At, " ", p.Kind)) }}
		if err := r.Go(t.Context()); err != nil {
			t.Fatal(err)
		}
		server.wantLog(t, "10s inject blackholeudp for 8s of alice", "40s inject restart for 3s of alice")
		if want := []string{"10s began", "18s ended", "40s began"}; !slices.Equal(said[:3], want) || time.Since(server.began) != 43*time.Second {
			t.Errorf("after %v: %v", time.Since(server.began), said)
		}
	})
}

func TestFasterMeansShorterToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newRecorded()
		r := scenario.Run{Scenario: read(t, twoFaults), Injections: server, Events: server, Target: scenario.Target{Room: "demo"}, Speed: 10}
		if err := r.Go(t.Context()); err != nil {
			t.Fatal(err)
		}
		server.wantLog(t, "1s inject blackholeudp for 800ms of ", "4s inject restart for 300ms of ")
		r.Speed = 11
		if err := r.Go(t.Context()); !errors.Is(err, fault.FieldInvalid) {
			t.Error("too fast:", err)
		}
	})
}

// TestNothingIsHalfApplied: the server is asked about all steps before the first.
func TestNothingIsHalfApplied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newRecorded()
		server.refuse = func(i int, one admin.Injection) error {
			if one.At != "restart" {
				return nil
			}
			if one.After != 40*time.Second {
				t.Errorf("asked about %+v", one)
			}
			return fault.InjectionConflict.New("index", float64(i))
		}
		r := scenario.Run{Scenario: read(t, twoFaults), Injections: server, Events: server, Target: scenario.Target{Room: "demo"}}
		err := r.Go(t.Context())
		if !errors.Is(err, fault.InjectionConflict) || !strings.Contains(err.Error(), "x.yaml:5: at 40s: restart node for 3s") {
			t.Error(err)
		}
		server.wantLog(t)
	})
}

func TestWhatIsLeftIsRemoved(t *testing.T) {
	s := read(t, "  - at 1s: lose udp for 60s\n  - at 2s: silence socket for 60s\n  - at 30s: cut socket\n")
	f := func(patience time.Duration, broken, want error) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			server := newRecorded()
			server.broken = func(one admin.Injection) error {
				if one.At == "cut" {
					return broken
				}
				return nil
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := (&scenario.Run{Scenario: s, Injections: server, Events: server, Target: scenario.Target{Room: "demo"}}).Go(ctx)
			if !errors.Is(err, want) || len(server.left()) > 0 || len(server.log) != 4 {
				t.Error(err, server.log, server.left())
			}
		})
	}
	f(5*time.Second, nil, context.DeadlineExceeded)
	f(time.Minute, fault.PeerNotFound.New(), fault.PeerNotFound)
}

func TestExpectations(t *testing.T) {
	f := func(step string, events []admin.Event, want bool, took time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			server := newRecorded()
			for _, e := range events {
				e.Time = time.Now().Add(e.Time.Sub(time.Time{}))
				e.Data.Room, e.Data.UserName = "r1", "alice"
				server.events = append(server.events, e)
			}
			s := read(t, "  - at 2s: lose udp for 30s\n  - at 4s: "+step+"\n  - at 5s: cut socket\n")
			err := (&scenario.Run{Scenario: s, Injections: server, Events: server, Target: scenario.Target{Room: "demo", Peer: "alice"}}).Go(t.Context())
			var unmet *scenario.Unmet
			if want != (err == nil) || err != nil && !errors.As(err, &unmet) {
				t.Errorf("%s: %v", step, err)
			}
			if got := time.Since(server.began); got.Round(time.Second) != took {
				t.Errorf("%s: took %v, want %v", step, got, took)
			}
			if left := server.left(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
	failed := func(at time.Duration, edit func(*admin.Event)) []admin.Event {
		e := admin.Event{Time: time.Time{}.Add(at), Type: admin.PublishFailed}
		e.Redial.Fault, e.Redial.Injected, e.Data.Code = "ice.failed", true, 4005
		if edit != nil {
			edit(&e)
		}
		return []admin.Event{e}
	}
	f("expect ice.failed within 10s", failed(3*time.Second, nil), true, 32*time.Second)
	f("expect 4005 within 10s", failed(3*time.Second, nil), true, 32*time.Second)
	f("expect publish.failed within 10s", failed(3*time.Second, nil), true, 32*time.Second)
	f("expect errors within 10s", failed(3*time.Second, nil), true, 32*time.Second)
	// It is older than the fault, another one, another's, or not provoked.
	f("expect ice.failed within 10s", failed(time.Second, nil), false, 14*time.Second)
	f("expect 4006 within 10s", failed(3*time.Second, nil), false, 14*time.Second)
	f("expect 4005 within 10s", failed(3*time.Second, func(e *admin.Event) { e.Redial.Injected = false }), false, 14*time.Second)
	f("expect no ice.failed for 10s", nil, true, 32*time.Second)
	f("expect no ice.failed for 10s", failed(3*time.Second, nil), true, 32*time.Second) // before it was to be quiet
	f("expect no ice.failed for 10s", failed(5*time.Second, nil), false, 5*time.Second)
}

// FuzzRead: whatever a file holds, it is a scenario that can be run or a refusal
// that names the file.
func FuzzRead(f *testing.F) {
	for _, r := range scenario.Library() {
		f.Add(string(r.Text))
	}
	f.Add("name: x\nsteps:\n  - at 1s: lose udp 20% for 8s of peer a\n  - at 2s: expect no errors for 1s\n")
	f.Add("name: [\nsteps: {at 1s: {}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := scenario.Read("x.yaml", []byte(text))
		if err != nil {
			if !errors.Is(err, fault.FieldInvalid) || !strings.Contains(err.Error(), "x.yaml") {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if len(s.Steps) == 0 || s.Length() < 0 || s.Fastest < 1 {
			t.Errorf("%q: %+v", text, s)
		}
	})
}
