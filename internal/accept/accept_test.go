// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package accept

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// scripted is a listener whose Accept gives errors and connections in turn.
type scripted struct {
	net.Listener // nil: what is not scripted is not called
	next         chan any
}

func (s scripted) Accept() (net.Conn, error) {
	switch v := (<-s.next).(type) {
	case error:
		return nil, &net.OpError{Op: "accept", Err: v}
	case net.Conn:
		return v, nil
	}
	return nil, net.ErrClosed
}

func (s scripted) Close() error { close(s.next); return nil }

// A listener that lacks file descriptors is asked again, ever more rarely and at
// least once a second; it is known to be unwell for as long, and the log has one
// line for the beginning and one for the end.
func TestAListenerOutlivesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		metrics := prometheus.NewRegistry()
		loops := New(slog.New(slog.NewTextHandler(&log, nil)), metrics)
		s := scripted{next: make(chan any)}
		l := loops.Listener("media.tcp", s)
		loops.Listener("http.address", scripted{next: make(chan any)})
		got := make(chan error)
		go func() {
			for {
				_, err := l.Accept()
				got <- err
				if err != nil {
					return
				}
			}
		}()
		began := time.Now()
		for range 20 {
			s.next <- syscall.EMFILE
		}
		if took := time.Since(began); took < 10*time.Second || took > 20*time.Second {
			t.Errorf("20 failures took %v", took)
		}
		synctest.Wait()
		if err := loops.Err("media."); err == nil || err.Error() != "media.tcp takes nothing in: too many open files" {
			t.Errorf("unwell is %v", err)
		}
		if err := loops.Err("http."); err != nil {
			t.Errorf("another loop is unwell: %v", err)
		}
		here, there := net.Pipe()
		defer here.Close()
		s.next <- there
		if err := <-got; err != nil {
			t.Fatalf("Accept gave up: %v", err)
		}
		time.Sleep(wellAfter + mostWait)
		if err := loops.Err(""); err != nil {
			t.Errorf("still unwell: %v", err)
		}
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "LimitNOFILE") || !strings.Contains(log.String(), "taken in again") {
			t.Errorf("the log has %d lines:\n%s", n, &log)
		}
		families, err := metrics.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range families[0].GetMetric() {
			want := map[string]float64{"media.tcp": 20, "http.address": 0}[m.GetLabel()[0].GetValue()]
			if m.GetCounter().GetValue() != want {
				t.Errorf("counted %v", m)
			}
		}

		// Closing does not wait for the next attempt.
		for range 15 {
			s.next <- syscall.ENFILE
		}
		synctest.Wait()
		if loops.Err("media.") == nil {
			t.Error("a loop that fails is well")
		}
		began = time.Now()
		_ = l.Close()
		if err := <-got; !errors.Is(err, net.ErrClosed) || time.Since(began) != 0 {
			t.Errorf("Accept after Close: %v after %v", err, time.Since(began))
		}
		if err := loops.Err(""); err != nil {
			t.Errorf("a closed loop is unwell: %v", err)
		}
	})
}

// A failure that was on its way when its loop was closed does not make the closed
// loop unwell, and nobody waits for it.
func TestAFailureComesAfterTheEnd(t *testing.T) {
	var log bytes.Buffer
	metrics := prometheus.NewRegistry()
	loops := New(slog.New(slog.NewTextHandler(&log, nil)), metrics)
	s := scripted{next: make(chan any, 1)}
	s.next <- syscall.ENFILE
	l := loops.Listener("media.tcp", s)
	_ = l.Close()
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
	if err := loops.Err(""); err != nil {
		t.Errorf("a closed loop is unwell: %v", err)
	}
	if log.Len() != 0 {
		t.Errorf("the log has %s", &log)
	}
	families, err := metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if n := families[0].GetMetric()[0].GetCounter().GetValue(); n != 0 {
		t.Errorf("counted %v failures", n)
	}
}

// A closed socket ends its reads; another error does not.
func TestUDPReadsEndWhenClosed(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	loops := New(slog.New(slog.DiscardHandler), nil)
	u := loops.UDP("media.udp", c)
	if _, err := u.WriteToAddrPort([]byte("x"), u.LocalAddr().(*net.UDPAddr).AddrPort()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	// A read that fails for a deadline of the past stands for any failure.
	if err := c.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() {
		for loops.Err("media.udp") == nil {
			time.Sleep(time.Millisecond)
		}
		_ = c.SetReadDeadline(time.Time{})
	}()
	n, from, err := u.ReadFrom(b)
	if n != 1 || err != nil || from.String() != u.LocalAddr().String() {
		t.Fatalf("read %d from %v: %v", n, from, err)
	}
	_ = u.Close()
	if _, _, err := u.ReadFromAddrPort(b); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed socket: %v", err)
	}
}
