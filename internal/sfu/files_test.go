// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
	"golang.org/x/sys/unix"

	"github.com/redial-rtc/redial/internal/accept"
	"github.com/redial-rtc/redial/internal/testlog"
)

// exhausted marks the child process that runs out of file descriptors.
const exhausted = "REDIAL_TEST_EXHAUSTED"

// Media over TCP comes back after the process had no file descriptor left, and
// the engine is unwell meanwhile. It runs in a process of its own, whose limit
// is lowered.
func TestTCPOutlivesAWantOfFiles(t *testing.T) {
	if os.Getenv(exhausted) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestTCPOutlivesAWantOfFiles$", "-test.v", "-test.timeout=2m")
		child.Env = append(os.Environ(), exhausted+"=1")
		if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: TestTCPOutlives") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 128, Max: 128}); err != nil {
		t.Fatal(err)
	}
	var log testlog.Buffer
	loops := accept.New(slog.New(slog.NewTextHandler(&log, nil)), nil)
	e := newEngine(t, func(c *Config) { c.TCPAddr, c.Loops = "127.0.0.1:0", loops })

	// The caller's socket is there before the last descriptor is gone.
	caller, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var taken []int
	for {
		fd, err := unix.Dup(caller)
		if err == unix.EMFILE {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		taken = append(taken, fd)
	}
	if err := unix.Connect(caller, &unix.SockaddrInet4{Port: e.TCPPort(), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	until(t, "unwell", func() bool { return loops.Err("media.") != nil })
	if err := loops.Err("media."); !strings.Contains(err.Error(), "media.tcp takes nothing in: too many open files") {
		t.Errorf("unwell is %v", err)
	}
	for _, fd := range append(taken, caller) {
		_ = unix.Close(fd)
	}
	until(t, "well again", func() bool { return loops.Err("media.") == nil })
	if said := log.String(); !strings.Contains(said, "nothing is taken in") || !strings.Contains(said, "taken in again") {
		t.Errorf("the log says\n%s", said)
	}

	tcp := func(s *webrtc.SettingEngine, _ *webrtc.MediaEngine, _ *interceptor.Registry) {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}
	s := newSender(t, e, tcp)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	v := newViewer(t, e, tcp).start()
	readRTP(t, v.add(tr))
	if p := s.pub.Stats().Connection.Pair; p == nil || p.Protocol != "tcp" {
		t.Errorf("path %+v", p)
	}
}
