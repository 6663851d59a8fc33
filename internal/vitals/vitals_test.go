// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package vitals

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/redial-rtc/redial/internal/evidence"
)

// TestMain lets the test run itself as a process that can be stopped.
func TestMain(m *testing.M) {
	if os.Getenv("REDIAL_VITALS_CHILD") == "" {
		os.Exit(m.Run())
	}
	w := New(Config{Version: "v1", Queue: func() int { return 7 }})
	go w.Run(context.Background())
	out := json.NewEncoder(os.Stdout)
	in := make([]byte, 1)
	for {
		if _, err := os.Stdin.Read(in); err != nil {
			os.Exit(0)
		}
		_ = out.Encode(w.Evidence())
	}
}

// TestAProcessThatStoodStill stops a real process and has it tell for how long it
// stood.
func TestAProcessThatStoodStill(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "REDIAL_VITALS_CHILD=1")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = child.Process.Kill(); _ = child.Wait() })
	answers := json.NewDecoder(out)
	ask := func() (e evidence.Self) {
		if _, err := in.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if err := answers.Decode(&e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := ask()
	if first.Version != "v1" || first.Started.IsZero() || *first.Queue != 7 || first.Files < 3 || first.MaxFiles < first.Files {
		t.Errorf("%+v", first)
	}
	stopped := time.Now()
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // the stall is what is tested
	if err := child.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	e := ask()
	most := time.Since(stopped)
	if got := time.Duration(e.Stall) * time.Millisecond; got < time.Second || got > most {
		t.Errorf("it stood still for %s, and says %s", most, got)
	}
	if e.StallAt.Before(stopped.Truncate(time.Millisecond)) || e.Step != 0 {
		t.Errorf("%+v", e)
	}
}

// TestClocks: what the two clocks say of a look after the last one, and for how long
// it is remembered.
func TestClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(Config{})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.Run(ctx)
		time.Sleep(time.Hour)
		if e := w.Evidence(); e.Stall != 0 || e.Step != 0 {
			t.Errorf("nothing happened, and it says %+v", e)
		}
		w.mu.Lock()
		w.last = w.last.Add(-5 * time.Second) // stood still
		w.look(time.Now())
		w.mu.Unlock()
		if e := w.Evidence(); e.Stall < 4900 || e.Stall > 5100 || e.Step != 0 {
			t.Errorf("after 5 s without a look it says %+v", e)
		}
		if n, s := testutil.ToFloat64(w.met.stalls), testutil.ToFloat64(w.met.stalled); n != 1 || s < 4.9 || s > 5.1 || testutil.ToFloat64(w.met.steps) != 0 {
			t.Errorf("the metrics have %v stalls of %v s", n, s)
		}
		time.Sleep(9 * time.Minute)
		if e := w.Evidence(); e.Stall == 0 {
			t.Error("forgotten too soon")
		}
		time.Sleep(2 * time.Minute)
		if e := w.Evidence(); e.Stall != 0 {
			t.Error("never forgotten")
		}
	})
	var steps worst
	now := time.Now()
	steps.see(now, -time.Hour)
	steps.see(now, time.Second)
	if by, at := steps.worst(now); by != -time.Hour || !at.Equal(now) {
		t.Errorf("the worst is %s at %s", by, at)
	}
}

// TestDatagramsLost fills a socket that nobody reads until the system says so.
func TestDatagramsLost(t *testing.T) {
	if got := receiveErrors([]byte("Udp: InDatagrams RcvbufErrors\nUdp: 5 17\nUdp6RcvbufErrors  4\n")); got != 4 {
		t.Errorf("read %d", got)
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadBuffer(4096)
	w := New(Config{})
	for range 2000 {
		_, _ = c.WriteTo(make([]byte, 1000), c.LocalAddr())
	}
	if e := w.Evidence(); e.UDPLost == 0 {
		t.Error("no datagram was lost, as the system says")
	}
}
