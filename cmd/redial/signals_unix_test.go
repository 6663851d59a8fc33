// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// service is a server in a process of its own whose standard error is read by
// the test.
type service struct {
	*exec.Cmd
	log   *bufio.Scanner
	said  string // the last line that was waited for
	pipe  *os.File
	ended chan error
}

// startService starts the program and waits until it is ready.
func startService(t *testing.T, stdin *os.File, attr *syscall.SysProcAttr, args ...string) *service {
	t.Helper()
	program, err := exec.LookPath("redial")
	if err != nil {
		t.Fatal(err)
	}
	// What nohup ignores would be ignored by the program as well.
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(caught) })
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.SysProcAttr = stdin, attr
	return startProgram(t, cmd)
}

// startProgram starts a command that becomes the program, and waits until it is
// ready.
func startProgram(t *testing.T, cmd *exec.Cmd) *service {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &service{Cmd: cmd, log: bufio.NewScanner(r), pipe: r, ended: make(chan error, 1)}
	s.Stderr = w
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	go func() { s.ended <- s.Wait() }()
	t.Cleanup(func() { _ = s.Process.Kill(); _ = r.Close() })
	s.says(t, "msg=ready")
	return s
}

// says reads the log until a line holds the text.
func (s *service) says(t *testing.T, text string) {
	t.Helper()
	_ = s.pipe.SetReadDeadline(time.Now().Add(patience))
	var said []string
	for s.log.Scan() {
		if said = append(said, s.log.Text()); strings.Contains(s.log.Text(), text) {
			s.said = s.log.Text()
			return
		}
	}
	t.Fatalf("the log does not say %q: %v\n%s", text, s.log.Err(), strings.Join(said, "\n"))
}

func (s *service) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := s.Process.Signal(sig); err != nil {
		t.Fatalf("%v: %v", sig, err)
	}
}

// stops demands that the service ends, and well.
func (s *service) stops(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Fatalf("ended with %v", err)
		}
	case <-time.After(patience):
		t.Fatal("did not stop")
	}
}

// ways are the two verbs that run a server.
func ways(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "redial.yaml")
	text := fmt.Sprintf("http: {address: '127.0.0.1:0', allowed_origins: ['https://app.example.org']}\nmedia: {udp: '127.0.0.1:0', tcp: ''}\ndata: {dir: %s}\naccess: {keys: [{access: AK, secret: 0123456789abcdefghijklmnopqrstuvwxyz}]}\n", filepath.Join(dir, "d"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string][]string{"serve": {"serve", "-config", file}, "dev": {"dev", "-http", "127.0.0.1:0"}}
}

// The signals that hooks and log rotation send end no call, and are answered in
// the log. SIGTERM still ends the server.
func TestCustomarySignalsEndNothing(t *testing.T) {
	for verb, args := range ways(t) {
		t.Run(verb, func(t *testing.T) {
			s := startService(t, nil, nil, args...)
			s.signal(t, syscall.SIGHUP)
			s.says(t, "msg=\"reload: nothing to read again")
			s.signal(t, syscall.SIGUSR1)
			s.says(t, "signal=\"user defined signal 1\"")
			s.signal(t, syscall.SIGUSR2)
			s.says(t, "signal=\"user defined signal 2\"")
			s.signal(t, syscall.SIGTERM)
			s.says(t, "msg=stopped")
			s.stops(t)
		})
	}
}

// A log reader that goes away takes nobody with it: the server answers on.
func TestALogReaderMayGo(t *testing.T) {
	for verb, args := range ways(t) {
		t.Run(verb, func(t *testing.T) {
			s := startService(t, nil, nil, args...)
			_ = s.pipe.Close()
			for range 5 { // each writes a line to the broken pipe
				s.signal(t, syscall.SIGHUP)
				time.Sleep(20 * time.Millisecond)
			}
			select {
			case err := <-s.ended:
				t.Fatalf("the server ended with its log reader: %v", err)
			case <-time.After(200 * time.Millisecond):
			}
			s.signal(t, syscall.SIGTERM)
			s.stops(t)
		})
	}
}

// A log reader that stalls holds nobody up: the pipe is full and open, and the
// server answers on. Once the log is read again it says how many lines are lost.
func TestALogReaderMayStall(t *testing.T) {
	s := startService(t, nil, nil, ways(t)["serve"]...)
	m := regexp.MustCompile(`url=(\S+)`).FindStringSubmatch(s.said)
	if m == nil {
		t.Fatal(s.said)
	}
	client := &http.Client{Timeout: patience}
	dropped := regexp.MustCompile(`(?m)^redial_log_dropped_total ([1-9].*)$`)
	page := strings.Repeat("x", 16<<10) // of an origin that is refused, which is logged
	for n := 0; ; n++ {
		req, err := http.NewRequest("GET", m[1]+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatalf("after %d lines that nobody read: %v", n, err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if dropped.Match(text) {
			break
		}
		for range 20 {
			req, _ := http.NewRequest("GET", m[1]+"/init?peer_id=p", nil)
			req.Header.Set("Origin", "https://"+page)
			if res, err := client.Do(req); err != nil {
				t.Fatalf("after %d lines that nobody read: %v", n, err)
			} else {
				_ = res.Body.Close()
			}
		}
		if n > 500 {
			t.Fatal("nothing is ever dropped")
		}
	}
	s.says(t, "lines of the log were dropped")
	s.signal(t, syscall.SIGTERM)
	s.says(t, "msg=stopped")
	s.stops(t)
}

// A terminal that closes ends what was started in it, as people expect, though
// in good order.
func TestAClosedTerminalEndsTheServer(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("this system has no pseudo-terminals: ", err)
	}
	if err := unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := startService(t, line, &syscall.SysProcAttr{Setsid: true, Setctty: true}, ways(t)["serve"]...)
	_ = line.Close()
	s.signal(t, syscall.SIGHUP) // a hook: the terminal is still there
	s.says(t, "msg=\"reload: nothing to read again")
	_ = terminal.Close()
	s.says(t, "msg=stopped")
	s.stops(t)
}
