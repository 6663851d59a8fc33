// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSystemd: the server takes the socket that systemd keeps for it, says when it
// is ready, that it lives, and that it stops.
func TestSystemd(t *testing.T) {
	program, err := exec.LookPath("redial")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	kept, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	socket, err := kept.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()

	// systemd names the process that a socket is meant for.
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "LISTEN_PID=$$ exec "+program+" "+strings.Join(ways(t)["serve"], " "))
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+told.LocalAddr().String(), "WATCHDOG_USEC=200000", "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{socket}
	s := startProgram(t, cmd)
	hear := func(want string) {
		t.Helper()
		b := make([]byte, 1024)
		for {
			_ = told.SetReadDeadline(time.Now().Add(patience))
			n, err := told.Read(b)
			if err != nil {
				t.Fatalf("systemd does not hear %s: %v", want, err)
			}
			if string(b[:n]) == want {
				return
			}
		}
	}
	hear("READY=1")
	if !strings.Contains(s.said, kept.Addr().String()) {
		t.Errorf("it listens elsewhere than at %s: %s", kept.Addr(), s.said)
	}
	hear("WATCHDOG=1")
	hear("WATCHDOG=1")
	if err := s.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	hear("STOPPING=1")
	s.stops(t)
}

// TestSocketActivate: systemd's own tool holds the port and starts the server for the
// first who knocks, who is answered.
func TestSocketActivate(t *testing.T) {
	tool, err := exec.LookPath("systemd-socket-activate")
	if err != nil {
		t.Skip("there is no systemd-socket-activate; scripts/install.sh installs it")
	}
	program, err := exec.LookPath("redial")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	answered := make(chan string, 1)
	go func() {
		for t.Context().Err() == nil {
			res, err := http.Get("http://" + address + "/healthz") //nolint:noctx // the test's own server
			if err != nil {
				time.Sleep(20 * time.Millisecond) // the tool does not listen yet
				continue
			}
			_ = res.Body.Close()
			answered <- res.Status
			return
		}
	}()
	args := append([]string{"--listen=" + address, program}, ways(t)["serve"]...)
	s := startProgram(t, exec.CommandContext(t.Context(), tool, args...))
	if !strings.Contains(s.said, address) {
		t.Errorf("it listens elsewhere than at %s: %s", address, s.said)
	}
	select {
	case status := <-answered:
		if status != "200 OK" {
			t.Error(status)
		}
	case <-time.After(patience):
		t.Error("the first who knocked is not answered")
	}
	s.signal(t, os.Interrupt)
	s.stops(t)
}
