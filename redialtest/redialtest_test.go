// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

// shared serves all tests here but those that start and stop their own.
var shared *redialtest.Server

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if shared, err = redialtest.Open(context.Background(), redialtest.Config{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := m.Run()
		if err := shared.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return code
	}())
}

// join enters a room with a token and leaves it with the test.
func join(t *testing.T, s *redialtest.Server, k redialtest.Token, l client.Listener) (*client.Room, error) {
	t.Helper()
	r, err := client.Join(t.Context(), client.Config{Endpoint: s.URL, Token: s.Token(t, k), Name: k.User, Listener: l})
	if err == nil {
		t.Cleanup(r.Leave)
	}
	return r, err
}

func TestTokensAreGoodOrBadAsAsked(t *testing.T) {
	room := shared.CreateRoom(t, redialtest.Room{})
	other := shared.CreateRoom(t, redialtest.Room{})
	for _, c := range []struct {
		name  string
		token redialtest.Token
		want  *fault.Kind
	}{
		{"good", redialtest.Token{Room: room.ID}, nil},
		{"good for another room", redialtest.Token{Room: other.ID, Role: "host"}, nil},
		{"for a room that does not exist", redialtest.Token{Room: "6b024ea3d5091e006b0db37f"}, fault.TokenRoomUnknown},
		{"with a role the room does not have", redialtest.Token{Room: room.ID, Role: "pope"}, fault.TokenRole},
		{"expired", redialtest.Token{Room: room.ID, Lifetime: -5 * time.Minute}, fault.TokenExpired},
		{"not yet good", redialtest.Token{Room: room.ID, NotBefore: time.Hour}, fault.TokenNotYetValid},
		{"revoked", redialtest.Token{Room: room.ID, Revoked: true}, fault.TokenRevoked},
		{"forged", redialtest.Token{Room: room.ID, Forged: true}, fault.TokenSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.token.User = "u-" + strings.ReplaceAll(c.name, " ", "-")
			if _, err := join(t, shared, c.token, client.Listener{}); !errors.Is(err, c.want) && (err != nil || c.want != nil) {
				t.Errorf("joining: %v, want %v", err, c.want)
			}
		})
	}
}

func TestARoomCodeLetsSomebodyInWithItsRole(t *testing.T) {
	room := shared.CreateRoom(t, redialtest.Room{})
	r, err := client.Join(t.Context(), client.Config{Endpoint: shared.URL, RoomCode: shared.RoomCode(t, room.ID, "host")})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Leave()
	if got := r.Self().Role; got != "host" {
		t.Errorf("in as %q", got)
	}
	says := fails(t, func(t testing.TB) { shared.RoomCode(t, room.ID, "pope") })
	if !strings.Contains(says, fault.RoleNotFound.Title) {
		t.Errorf("for a role that is not there: %s", says)
	}
}

func TestAnInjectionIsSeenByTheClientAndOnRecord(t *testing.T) {
	room := shared.CreateRoom(t, redialtest.Room{})
	lost := make(chan *fault.Error, 1)
	back := make(chan struct{}, 1)
	_, err := join(t, shared, redialtest.Token{Room: room.ID, User: "ada"}, client.Listener{
		OnReconnecting: func(why *fault.Error) { lost <- why },
		OnReconnected:  func() { back <- struct{}{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	shared.Inject(t, redialtest.Injection{Fault: "1003", Room: room.ID, User: "ada"})
	within(t, "the client reconnects", lost)
	e := shared.WaitForEvent(t, redialtest.Filter{Room: room.ID, User: "ada", Type: "client.disconnected"})
	if !e.Redial.Injected || e.Data.Code != 1003 || e.Data.Role != "guest" {
		t.Errorf("on record is %v", e)
	}
	within(t, "the client is back", back)
	if found := shared.Events(t, redialtest.Filter{Room: room.ID, Match: func(e redialtest.Event) bool { return !e.Redial.Injected }}); len(found) > 0 {
		t.Errorf("also on record: %v", found)
	}
}

func within[T any](t *testing.T, what string, c <-chan T) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatalf("waited in vain until %s", what)
	}
}

// An event that comes while a test waits is told at once, and one that the test
// does not want is not.
func TestWaitingForAnEventThatIsYetToCome(t *testing.T) {
	room := shared.CreateRoom(t, redialtest.Room{})
	shared.Inject(t, redialtest.Injection{Fault: "room.locked", Room: room.ID})
	refused := shared.Token(t, redialtest.Token{Room: room.ID, User: "late"})
	go func() {
		for range 2 {
			_, _ = client.Join(t.Context(), client.Config{Endpoint: shared.URL, Token: refused})
		}
	}()
	told := map[string]bool{}
	e := shared.WaitForEvent(t, redialtest.Filter{Room: room.ID, Fault: "room.locked", Match: func(e redialtest.Event) bool {
		told[e.ID] = true
		return len(told) > 1
	}})
	if e.Data.User != "late" {
		t.Errorf("got %v", e)
	}
}

func TestAnInjectionEndsWithTheTestThatMadeIt(t *testing.T) {
	room := shared.CreateRoom(t, redialtest.Room{})
	at := func(t *testing.T) int {
		t.Helper()
		var all struct {
			Injections []struct{ Room string }
		}
		if err := shared.Call(t.Context(), http.MethodGet, "/api/v1/injections", nil, &all); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, i := range all.Injections {
			if i.Room == room.ID {
				n++
			}
		}
		return n
	}
	t.Run("by itself", func(t *testing.T) {
		shared.Inject(t, redialtest.Injection{Fault: "room.locked", Room: room.ID, For: time.Hour})
		if at(t) != 1 {
			t.Error("it does not run")
		}
	})
	if at(t) != 0 {
		t.Error("it runs after its test")
	}
	i := shared.Inject(t, redialtest.Injection{Fault: "room.locked", Room: room.ID, For: time.Hour})
	i.Clear(t)
	i.Clear(t) // no harm
	shared.Inject(t, redialtest.Injection{Fault: "room.locked", Room: room.Name, For: time.Hour})
	shared.ClearInjections(t, room.ID)
	if at(t) != 0 {
		t.Error("it runs after it was ended")
	}
}

// Every duration and word of an injection arrives as what it is.
func TestAnInjectionIsSentAsTheServerTakesIt(t *testing.T) {
	room := shared.CreateRoom(t, redialtest.Room{})
	i := shared.Inject(t, redialtest.Injection{
		Fault: "slow", Room: room.ID, Role: "host", For: 90 * time.Second, After: 1500 * time.Millisecond,
		Delay: 250 * time.Millisecond, Method: "offer", Count: 3, Probability: 0.5,
	})
	if i.At != "slow" || time.Until(i.Ends) < 80*time.Second {
		t.Errorf("the server made of it: %+v", i)
	}
	failed := fails(t, func(t testing.TB) {
		shared.Inject(t, redialtest.Injection{Fault: "4005", Room: room.ID, For: 3 * time.Hour})
	})
	if !strings.Contains(failed, "field: for") {
		t.Errorf("refused with %q", failed)
	}
}

func TestAServerKeepsItsRoomsWhenItIsRestarted(t *testing.T) {
	s := redialtest.Start(t)
	room := s.CreateRoom(t, redialtest.Room{Name: "kept"})
	if _, err := join(t, s, redialtest.Token{Room: room.ID, User: "u1"}, client.Listener{}); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"stopped": s.Stop, "killed": s.Kill} {
		url := s.URL
		end(t)
		if err := s.Call(t.Context(), http.MethodGet, "/v2/rooms/kept", nil, nil); err == nil {
			t.Fatalf("%s, and it answers", name)
		}
		s.Restart(t)
		var again redialtest.Room
		if err := s.Call(t.Context(), http.MethodGet, "/v2/rooms/kept", nil, &again); err != nil || again.ID != room.ID {
			t.Errorf("%s: %+v, %v", name, again, err)
		}
		if s.URL != url {
			t.Errorf("%s: moved from %s to %s", name, url, s.URL)
		}
	}
}

// What the server logged before it was ready has been read when it is used, and
// a log of one's own is written by one goroutine.
func TestTheLogIsInOrder(t *testing.T) {
	var told strings.Builder
	s, err := redialtest.Open(t.Context(), redialtest.Config{Log: &told, Command: []string{"sh", "-c", `echo begins >&2; echo goes on; printf "has no end" >&2; echo; exec "$@"`, "sh"}})
	if err != nil {
		t.Fatal(err)
	}
	if log := s.Log(); !strings.HasPrefix(log, "begins\ngoes on\nhas no end\n") || !strings.Contains(log, "msg=ready url="+s.URL) {
		t.Errorf("the log is not in order, or ends too early:\n%s", log)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(told.String(), "begins\n") || !strings.Contains(told.String(), "msg=stopped") {
		t.Errorf("told: %s", told.String())
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	says := func(got string, words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(got, w) {
				t.Errorf("%q is not said in: %s", w, got)
			}
		}
	}
	open := func(c redialtest.Config) string {
		t.Helper()
		s, err := redialtest.Open(t.Context(), c)
		if err == nil {
			_ = s.Close()
			t.Errorf("%+v runs", c)
			return ""
		}
		return err.Error()
	}
	says(open(redialtest.Config{Binary: "/nowhere/redial"}), `Config.Binary names "/nowhere/redial"`, "no such file")
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("not a program"), 0o644); err != nil {
		t.Fatal(err)
	}
	says(open(redialtest.Config{Binary: plain}), "cannot be run", "permission denied")
	says(open(redialtest.Config{Address: strings.TrimPrefix(shared.URL, "http://")}), "ended before it was ready", "another process uses it")
	says(open(redialtest.Config{Args: []string{"-banana"}}), "exit status 2", "banana")
	if runtime.GOOS != "windows" {
		says(open(redialtest.Config{Binary: "/bin/cat"}), "ended before it was ready", "cat: ") // cat knows no -json
		says(open(redialtest.Config{Command: []string{"sh", "-c", "echo hello; sleep 5", "sh"}, Timeout: 100 * time.Millisecond}), "not ready after 100ms", "hello")
	}

	s, err := redialtest.Open(t.Context(), redialtest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s.Kill(t)
	if err := s.Close(); err != nil {
		t.Errorf("killed on purpose: %v", err)
	}

	says(fails(t, func(t testing.TB) {
		redialtest.Connect(redialtest.Remote{URL: shared.URL}).Token(t, redialtest.Token{})
	}), "give them to Connect")
	says(fails(t, func(t testing.TB) { redialtest.Connect(redialtest.Remote{URL: shared.URL}).Kill(t) }), "not started here")
	says(fails(t, func(t testing.TB) {
		redialtest.Connect(redialtest.Remote{URL: shared.URL, ManagementToken: "x"}).CreateRoom(t, redialtest.Room{})
	}), fault.TokenMalformed.Title)
	says(fails(t, func(t testing.TB) { shared.Inject(t, redialtest.Injection{Fault: "no.such", Room: "demo"}) }), fault.CatalogueUnknown.Title)
	err = shared.Call(t.Context(), http.MethodGet, "/v2/rooms/nowhere", nil, nil)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.RoomNotFound || f.Detail("room") != "nowhere" {
		t.Errorf("a refusal is %v", err)
	}

	room := shared.CreateRoom(t, redialtest.Room{})
	if _, err := join(t, shared, redialtest.Token{Room: room.ID, User: "eve", Forged: true}, client.Listener{}); err == nil {
		t.Fatal("got in")
	}
	got := fails(t, func(t testing.TB) {
		shared.WaitForEvent(t, redialtest.Filter{Fault: "room.full", Since: time.Now().Add(-time.Minute), Within: 1500 * time.Millisecond})
	})
	says(got, "fault=room.full", "within 1.5s", "token.signature")
	got = fails(t, func(t testing.TB) {
		shared.WaitForEvent(t, redialtest.Filter{Room: "nowhere", Within: time.Millisecond})
	})
	says(got, "On record is nothing", "nowhere")
}

// A server that ends by itself fails the test, with what it said.
func TestAServerThatDiesIsNoticed(t *testing.T) {
	end := filepath.Join(t.TempDir(), "end")
	script := `exec 3<&0; "$@" <&3 & until [ -e ` + end + ` ]; do sleep 0.05; done; kill -9 $!; echo I am dying >&2; exit 3`
	s, err := redialtest.Open(t.Context(), redialtest.Config{Command: []string{"sh", "-c", script, "sh"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got := fails(t, func(t testing.TB) { s.WaitForEvent(t, redialtest.Filter{Room: "x"}) })
	if !strings.Contains(got, "the server has ended: exit status 3") {
		t.Errorf("waiting: %s", got)
	}
	err = s.Close()
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "I am dying") {
		t.Errorf("closing: %v", err)
	}
}

// failing is a test that may fail without failing this one.
type failing struct {
	testing.TB
	said     strings.Builder
	cleanups []func()
}

func (f *failing) Helper()                   {}
func (f *failing) Cleanup(fn func())         { f.cleanups = append(f.cleanups, fn) }
func (f *failing) Errorf(s string, a ...any) { fmt.Fprintf(&f.said, s, a...) }
func (f *failing) Fatal(a ...any)            { fmt.Fprint(&f.said, a...); runtime.Goexit() }
func (f *failing) Fatalf(s string, a ...any) {
	fmt.Fprintf(&f.said, s, a...)
	runtime.Goexit()
}

// fails runs what should fail its test, and returns what it says.
func fails(t *testing.T, run func(testing.TB)) string {
	t.Helper()
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(f)
	}()
	<-done
	for _, fn := range f.cleanups {
		fn()
	}
	if f.said.Len() == 0 {
		t.Error("nothing failed")
	}
	return f.said.String()
}
