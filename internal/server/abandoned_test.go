// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/report"
)

const childData = "REDIAL_TEST_CHILD_DATA"

// roleOf is the role of each peer, whose token it joins with.
var roleOf = map[string]string{"stays-away": "host", "comes-back": "guest"}

// childServer is a server in a process of its own, until that is killed.
func childServer(t *testing.T, dir string) {
	cfg := local(t)
	cfg.Data.Dir = dir
	s := startWith(t, cfg, Options{Grace: time.Hour})
	demo, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for _, peer := range []string{"stays-away", "comes-back"} {
		joinAs(t, s, demo.Tokens[roleOf[peer]], peer)
	}
	raw, _ := json.Marshal(demo)
	fmt.Printf("child %s\n", raw)
	select {} // until it is killed
}

// joinAs joins with the id of the peer as its name.
func joinAs(t *testing.T, s *Server, token, peer string) *websocket.Conn {
	t.Helper()
	c := dial(t, s, token, peer)
	until(t, c, func(m message) bool { return m.Method == "on-policy-change" })
	frame := `{"jsonrpc":"2.0","id":"j","method":"join","params":{"name":"` + peer + `"}}`
	if err := c.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
	if m := until(t, c, func(m message) bool { return m.ID == "j" }); m.Error != nil {
		t.Fatalf("%s: %+v", peer, m.Error)
	}
	return c
}

// TestARestartIsRecordedWithThePeopleItTouched kills a server with -9 while people are
// inside, and starts it again and again: who comes back has its own event, who never
// does is recorded by the server, once.
func TestARestartIsRecordedWithThePeopleItTouched(t *testing.T) {
	if dir := os.Getenv(childData); dir != "" {
		childServer(t, dir)
	}
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
	child.Env = append(os.Environ(), childData+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var demo Demo
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for demo.ID == "" && lines.Scan() {
		if rest, ok := bytes.CutPrefix(lines.Bytes(), []byte("child ")); ok {
			if err := json.Unmarshal(rest, &demo); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Process.Kill() // SIGKILL
	_ = child.Wait()
	if demo.ID == "" {
		t.Fatal("the child did not start")
	}

	begin := func(grace time.Duration) *Server {
		cfg := local(t)
		cfg.Data.Dir = dir
		return startWith(t, cfg, Options{Grace: grace})
	}
	end := func(s *Server, c *websocket.Conn) {
		t.Helper()
		_ = c.CloseNow()
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	check := func(found map[string][]admin.Event, want map[string][]string) {
		t.Helper()
		got := map[string][]string{}
		for peer, events := range found {
			for _, e := range events {
				got[peer] = append(got[peer], e.Redial.Fault)
			}
			slices.Sort(got[peer])
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("recorded %v, want %v", got, want)
		}
	}

	// While peers may come back, nothing is said of those who have not.
	s := begin(time.Hour)
	c := dial(t, s, demo.Tokens[roleOf["comes-back"]], "comes-back")
	until(t, c, func(m message) bool { return m.Method == "on-policy-change" })
	check(restarts(t, s, "comes-back"), map[string][]string{"comes-back": {"signal.lost"}})
	end(s, c)

	// Two processes have ended: each peer is recorded for the one that it was in.
	s = begin(time.Millisecond)
	found := restarts(t, s, "stays-away")
	check(found, map[string][]string{"stays-away": {"server.restarted"}, "comes-back": {"server.restarted", "signal.lost"}})
	e := found["stays-away"][0]
	if !e.Data.Terminal || e.Data.UserName != "stays-away" || e.Data.Room != demo.ID || e.Data.Session == "" {
		t.Errorf("%+v", e)
	}
	d, err := operatorOf(t, s).Diagnoses.Get(t.Context(), e.ID)
	if err != nil || d.Verdict.Cause != "server.restarted" || d.Verdict.Confidence != admin.Proven {
		t.Errorf("%+v, %v", d.Verdict, err)
	}
	end(s, joinAs(t, s, demo.Tokens["host"], "late"))

	// The next one has nothing to say of whoever was recorded.
	check(restarts(t, begin(time.Millisecond), "late"), map[string][]string{
		"stays-away": {"server.restarted"}, "comes-back": {"server.restarted", "signal.lost"}, "late": {"server.restarted"},
	})
}

// TestAThousandPeopleAreRecordedOnce tells of more people than one write takes, twice,
// as when the first time failed in the middle.
func TestAThousandPeopleAreRecordedOnce(t *testing.T) {
	store, err := sqlite.Open(t.Context(), t.TempDir(), nil, sqlite.Words(report.Vocabulary()))
	if err != nil {
		t.Fatal(err)
	}
	recorder := event.NewRecorder(store, event.RecorderConfig{})
	t.Cleanup(func() {
		if err := errors.Join(recorder.Close(context.Background()), store.Close()); err != nil {
			t.Error(err)
		}
	})
	var peers []registry.Abandoned
	for i := range 1000 {
		peers = append(peers, registry.Abandoned{
			SessionPeer: registry.SessionPeer{ID: fmt.Sprint("peer-", i), SessionID: "s", RoomID: "r", JoinedAt: time.Now()},
			Account:     "acme", Process: "killed", Opened: time.Now(),
		})
	}
	for _, some := range [][]registry.Abandoned{peers[:600], peers} {
		if err := recordAbandoned(t.Context(), recorder, some); err != nil {
			t.Fatal(err)
		}
	}
	recorded := map[string]int{}
	for q := (event.Query{AccountID: "acme", Limit: 100}); ; {
		page, err := store.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			recorded[e.PeerID]++
		}
		if q.Start = page.Next; q.Start == "" {
			break
		}
	}
	for _, p := range peers {
		if recorded[p.ID] != 1 {
			t.Fatalf("%s is recorded %d times", p.ID, recorded[p.ID])
		}
	}
}

func operatorOf(t *testing.T, s *Server) *admin.Client {
	t.Helper()
	manager, err := s.ManagementToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	operator, err := admin.New(admin.Config{URL: s.URL(), Token: manager})
	if err != nil {
		t.Fatal(err)
	}
	return operator
}

// restarts waits until a peer's connection is recorded as lost, and returns all that
// are, by peer.
func restarts(t *testing.T, s *Server, peer string) map[string][]admin.Event {
	t.Helper()
	operator := operatorOf(t, s)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		all := map[string][]admin.Event{}
		for e, err := range operator.Events.All(t.Context(), admin.EventFilter{Types: []string{"client.disconnected"}}) {
			if err != nil {
				t.Fatal(err)
			}
			all[e.Data.Peer] = append(all[e.Data.Peer], e)
		}
		if len(all[peer]) > 0 {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("recorded: %+v", all)
		}
	}
}
