// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"flag"
	"io"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
)

// long makes the tests of this package take the numbers they are held to, not
// those that fit into every run: make soak.
var long = flag.Bool("long", false, "run the long forms: 500 joins in a row, outages of up to 60 s")

// handles is what sessions could leave behind in this process: goroutines that
// the client or a peer connection has started, and files. The server of these
// tests lives in the same process; its own goroutines and files come and go.
func handles(t *testing.T) (goroutines, files int, stacks string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not list open files:", err)
	}
	buf := make([]byte, 8<<20)
	for one := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(one, "redial/client.") || strings.Contains(one, "pion/webrtc") || strings.Contains(one, "pion/ice/v4.(*Agent)") {
			goroutines++
			stacks += one + "\n\n"
		}
	}
	for _, fd := range fds {
		// The server opens its database as often as it likes.
		where, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err == nil && !strings.HasPrefix(where, os.TempDir()) {
			files++
			stacks += where + "\n"
		}
	}
	return goroutines, files, stacks
}

// still waits until nothing comes or goes for half a second, and returns what is
// there then.
func still(t *testing.T) (goroutines, files int) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	goroutines, files, _ = handles(t)
	since := time.Now()
	for deadline := since.Add(patience); time.Since(since) < 500*time.Millisecond; time.Sleep(20 * time.Millisecond) {
		if g, f, _ := handles(t); g != goroutines || f != files {
			goroutines, files, since = g, f, time.Now()
		}
		if time.Now().After(deadline) {
			t.Fatalf("goroutines and files come and go: %d, %d", goroutines, files)
		}
	}
	return goroutines, files
}

// settles waits until no more goroutines and files are left than before. The
// server in this process ends its own a moment after the client's.
func settles(t *testing.T, goroutines, files int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		g, f, stacks := handles(t)
		if g <= goroutines && f <= files {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines (%d before), %d files (%d before):\n%s", g, goroutines, f, files, clip(stacks, 20_000))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// serverPeers is how many peers and sockets the server has.
func (s *site) serverPeers() string {
	s.t.Helper()
	res, err := http.Get(s.s.URL() + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return strings.Join(regexp.MustCompile(`(?m)^redial_signal_(?:peers|sockets) .*$`).FindAllString(string(b), -1), ", ")
}

func (s *site) empties() {
	s.t.Helper()
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got := s.serverPeers()
		http.DefaultClient.CloseIdleConnections()
		if strings.Contains(got, "peers 0") && strings.Contains(got, "sockets 0") {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the server still has %s", got)
		}
	}
}

// visit joins, publishes, receives and leaves.
func (s *site) visit(t *testing.T, publish bool) {
	r, err := client.Join(t.Context(), s.config("guest", "visitor"))
	if err != nil {
		t.Error(err)
		return
	}
	if publish {
		if _, err := r.Publish(t.Context(), client.Tone()); err != nil {
			t.Error(err)
		}
	}
	r.Leave()
}

func TestJoinsInARowLeaveNothing(t *testing.T) {
	s := newSite(t)
	w := watch()
	cfg := s.config("host", "host")
	cfg.Listener = w.listener()
	host := s.join(cfg) // keeps the session running
	if _, err := host.Publish(t.Context(), client.Pattern()); err != nil {
		t.Fatal(err)
	}
	first := s.join(s.config("guest", "visitor")) // what is made once: both connections of the host as well
	if _, err := first.Publish(t.Context(), client.Tone()); err != nil {
		t.Fatal(err)
	}
	flows(t, get(t, w.tracks, "the first visitor's track"))
	first.Leave()
	until(t, "being alone", func() bool { return len(host.Peers()) == 0 })
	goroutines, files := still(t)
	n := 12
	if *long {
		n = 500
	}
	for i := range n {
		s.visit(t, i%4 == 0)
	}
	until(t, "being alone again", func() bool { return len(host.Peers()) == 0 })
	settles(t, goroutines, files)
	host.Leave()
	s.empties()
}

func TestManyAtOnceLeaveNothing(t *testing.T) {
	s := newSite(t)
	s.visit(t, true)
	goroutines, files := still(t)
	n := 20 // two processors that look for races carry no more beside other tests
	if *long {
		n = 50
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { s.visit(t, i%5 == 0) })
	}
	all.Wait()
	s.empties()
	settles(t, goroutines, files)
}

// TestFailedJoinsLeaveNothing fails in every stage.
func TestFailedJoinsLeaveNothing(t *testing.T) {
	s := newSite(t)
	bad := func() {
		cfg := s.config("guest", "x")
		cfg.Token = anyToken
		_, err := client.Join(t.Context(), cfg)
		if err == nil {
			t.Error("joined")
		}
		l, err := client.StartPreview(t.Context(), s.config("guest", "x"))
		if err != nil {
			t.Error(err)
			return
		}
		l.Close()
	}
	bad()
	goroutines, files := still(t)
	for range 10 {
		bad()
	}
	settles(t, goroutines, files)
	s.empties()
}
