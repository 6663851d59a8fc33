// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/scenario"
	"github.com/redial-rtc/redial/internal/server"
)

var long = flag.Bool("long", false, "also run the scenarios that take as long as they say")

// stage is a server on which scenarios are played.
type stage struct {
	server *server.Server
	token  string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return startStage(t, t.TempDir())
}

// startStage runs a server on a data directory.
func startStage(t *testing.T, dir string) *stage {
	t.Helper()
	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Data.Dir = dir
	cfg.Access.Keys = []config.Key{newKey()}
	cfg.Inject.Enabled = true
	cfg.Limits.CPUPercent = 0 // the clients of a test use the same processors
	cfg.Shutdown.Timeout = 30 * time.Second
	s, err := server.Start(t.Context(), cfg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	token, err := s.InjectToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &stage{s, token}
}

// play runs a scenario and returns what was printed.
func (s *stage) play(ctx context.Context, t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return s.call(ctx, t, append([]string{"scenario"}, args...)...)
}

// call runs the program as somebody who may do everything on this server.
func (s *stage) call(ctx context.Context, t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return s.callAt(ctx, s.server.URL(), args...)
}

// callAt runs it for another server.
func (s *stage) callAt(ctx context.Context, server string, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(name string) string {
		return map[string]string{"REDIAL_SERVER": server, "REDIAL_TOKEN": s.token}[name]
	}}
	code = run(ctx, e, args)
	return out.String(), errs.String(), code
}

// actor is somebody in a call, and all that happened to them.
type actor struct {
	room *client.Room
	mu   sync.Mutex
	said []string
	last *fault.Error
	news chan struct{}
}

func (a *actor) note(what string, f *fault.Error) {
	a.mu.Lock()
	a.said = append(a.said, what)
	if f != nil {
		a.last = f
	}
	a.mu.Unlock()
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// until waits until something has happened.
func (a *actor) until(t *testing.T, what string, within time.Duration) {
	t.Helper()
	deadline := time.After(within)
	for {
		a.mu.Lock()
		said := strings.Join(a.said, ", ")
		a.mu.Unlock()
		if strings.Contains(", "+said, ", "+what) {
			return
		}
		select {
		case <-a.news:
		case <-deadline:
			t.Fatalf("no %q; there was %s", what, said)
		}
	}
}

// enter joins a room of that name, made if there is none, and publishes.
func (s *stage) enter(t *testing.T, room, name string) *actor {
	t.Helper()
	a := &actor{news: make(chan struct{}, 1)}
	r, err := client.Join(t.Context(), client.Config{
		Endpoint: s.server.URL(), Token: s.roomToken(t, room), Name: name,
		Listener: client.Listener{
			OnReconnecting: func(f *fault.Error) { a.note("reconnecting", f) },
			OnReconnected:  func() { a.note("reconnected", nil) },
			OnError:        func(f *fault.Error) { a.note("error "+f.Kind.ID, f) },
			OnEnd:          func(f *fault.Error) { a.note("end", f) },
			OnMuteRequest:  func(m client.MuteRequest) { a.note("mute", nil) },
			OnTrackUpdate: func(tr *client.RemoteTrack) {
				if tr.Info().Muted {
					a.note("muted "+tr.Info().Kind, nil)
				}
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.room = r
	t.Cleanup(r.Leave)
	if _, err := r.Publish(t.Context(), client.Pattern()); err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *stage) roomToken(t *testing.T, room string) string {
	t.Helper()
	d, err := s.server.Demo(t.Context(), room, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return d.Tokens["host"]
}

// marked are the failures on record for a room; each must be marked as injected.
func (s *stage) marked(t *testing.T, room string) []admin.Event {
	t.Helper()
	d, err := s.server.Demo(t.Context(), room, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var events []admin.Event
	for e, err := range s.admin(t).Events.All(t.Context(), admin.EventFilter{RoomID: d.ID, Errors: true, Since: time.Now().Add(-time.Hour)}) {
		if err != nil {
			t.Fatal(err)
		}
		if events = append(events, e); !e.Redial.Injected {
			t.Errorf("an event is not marked: %v", e)
		}
	}
	return events
}

// admin is a client of the server's REST API.
func (s *stage) admin(t *testing.T) *admin.Client {
	t.Helper()
	c, err := newAdmin(s.server.URL(), s.token, mintsInject)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// nothingLeft demands that a scenario has cleaned up.
func (s *stage) nothingLeft(t *testing.T, room string) {
	t.Helper()
	d, err := s.server.Demo(t.Context(), room, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.admin(t).Injections.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all.Injections {
		if r.Room == d.ID {
			t.Errorf("%s by %s is left", r.Fault, r.At)
		}
	}
}

// TestReadyScenarios plays each against a real server, with real clients in the
// call.
func TestReadyScenarios(t *testing.T) {
	s := newStage(t)
	// ends wants the call to end with a fault that newcomers meet as well.
	ends := func(k *fault.Kind, code int) func(*testing.T, string, *actor) {
		return func(t *testing.T, room string, alice *actor) {
			alice.until(t, "end", 20*time.Second)
			if p := client.Describe(alice.last); p.Fault != k.ID || p.Code != code || !p.Terminal {
				t.Errorf("the client shows %s %d, terminal %v; want %s %d", p.Fault, p.Code, p.Terminal, k.ID, code)
			}
		}
	}
	returns := func(t *testing.T, _ string, alice *actor) {
		alice.until(t, "reconnecting", 20*time.Second)
		alice.until(t, "reconnected", 60*time.Second)
	}
	all := map[string]struct {
		speed string // "" with everybody in the room meant, at five times the speed
		check func(t *testing.T, room string, alice *actor)
	}{
		"expired-token": {"5", ends(fault.TokenExpired, 40100)},
		"clock-skew":    {"5", returns}, // the client knows that a token can become valid, and waits
		"deploy":        {"5", returns},
		"train-tunnel":  {"1", returns},
		"hotel-wifi":    {"1", returns},
		"blocked-udp": {"1", func(t *testing.T, room string, alice *actor) {
			alice.until(t, "reconnecting", 20*time.Second)
		}},
		"camera-taken": {"5", func(t *testing.T, room string, alice *actor) { alice.until(t, "mute", 20*time.Second) }},
		"overloaded-server": {"", func(t *testing.T, room string, alice *actor) {
			select {
			case <-alice.room.Done():
				t.Error("who is inside was put out:", alice.room.Err())
			default:
			}
		}},
	}
	for _, r := range scenario.Library() {
		c, ok := all[r.Name]
		if !ok {
			t.Errorf("%s is not tested", r.Name)
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			if c.speed == "1" && !*long {
				t.Skip("takes as long as it says; make scenarios runs it")
			}
			t.Parallel()
			alice, bob := s.enter(t, r.Name, "alice"), s.enter(t, r.Name, "bob")
			args := []string{"run", r.Name, "-room", r.Name, "-peer", "alice", "-speed", c.speed}
			newcomer := make(chan error, 1)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			if c.speed == "" {
				args = []string{"run", r.Name, "-room", r.Name, "-speed", "5"}
				token := s.roomToken(t, r.Name)
				go func() { newcomer <- s.knock(ctx, token) }()
			}
			out, errs, code := s.play(t.Context(), t, args...)
			if code != exitOK {
				t.Fatalf("exit code %d\n%s%s", code, out, errs)
			}
			t.Log("\n" + out)
			c.check(t, r.Name, alice)
			s.nothingLeft(t, r.Name)
			for _, e := range s.marked(t, r.Name) {
				t.Logf("%v", e)
			}
			if c.speed == "" {
				stop()
				if err := <-newcomer; !errors.Is(err, fault.QueueFull) {
					t.Errorf("a newcomer is told %v", err)
				}
				return
			}
			bob.mu.Lock()
			defer bob.mu.Unlock()
			for _, what := range bob.said {
				if !strings.HasPrefix(what, "muted") {
					t.Errorf("bob, who is not meant, sees %q", what)
				}
			}
		})
	}
}

// knock joins again and again until it is turned away as by a full queue; calls
// may be slow meanwhile.
func (s *stage) knock(ctx context.Context, token string) error {
	for ctx.Err() == nil {
		r, err := client.Join(ctx, client.Config{Endpoint: s.server.URL(), Token: token, Name: "carl", JoinTimeout: time.Second})
		switch {
		case err == nil:
			r.Leave()
		case errors.Is(err, fault.QueueFull):
			return err
		}
	}
	return ctx.Err()
}

// TestProgressOnATerminal: the last line is written over again and again, and
// gone at the end; what happened stays.
func TestProgressOnATerminal(t *testing.T) {
	s := newStage(t)
	s.roomToken(t, "demo") // makes the room
	file := filepath.Join(t.TempDir(), "short.yaml")
	if err := os.WriteFile(file, []byte("name: Short\nsteps:\n  - at 0s: fill room for 500ms\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	e := &env{stdout: &out, stderr: &errs, isTerminal: true, getenv: func(string) string { return "" }}
	if code := run(t.Context(), e, []string{"scenario", "run", file, "-room", "demo", "-server", s.server.URL(), "-token", s.token}); code != exitOK {
		t.Fatal(code, errs.String())
	}
	for _, want := range []string{"00:00  fill room for 500ms   (room.full by room, everybody)\n", "\r\x1b[K00:00 of 00:01  fill room for 500ms", "over: fill room for 500ms\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
	if !strings.HasSuffix(out.String(), "\r\x1b[K") {
		t.Errorf("something is left on the last line: %q", out.String())
	}
}
