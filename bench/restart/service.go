// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/redial-rtc/redial/internal/token"
)

// way is how the server comes to its end.
type way string

const (
	stopped way = "stopped, as by systemctl restart" // SIGTERM
	killed  way = "killed with -9"
)

// restartAfter is RestartSec= of packaging/redial.service: how long systemd waits after
// a process that failed. One that it was told to restart it starts at once.
const restartAfter = time.Second

// The keys of the service.
const (
	accessKey = "AK"
	secret    = "0123456789abcdefghijklmnopqrstuvwxyz"
)

// service is what systemd is to the server: it keeps the socket of http.address, and
// starts a process on it again.
type service struct {
	dir, binary, url string
	socket           *os.File
	listener         net.Listener
	process          *exec.Cmd  // nil: there is none
	ended            chan error // how it came to its end
}

func newService(ctx context.Context, dir, binary string) (*service, error) {
	s := &service{dir: dir, binary: binary}
	if binary == "" {
		s.binary = filepath.Join(dir, "redial")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "github.com/redial-rtc/redial/cmd/redial").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building redial: %w: %s", err, out)
		}
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if s.socket, err = s.listener.(*net.TCPListener).File(); err != nil {
		return nil, err
	}
	media, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_ = media.Close()
	s.url = "http://" + s.listener.Addr().String()
	settings := fmt.Sprintf(`
http: {address: %q}
media: {udp: %q, tcp: ""}
access: {keys: [{access: %s, secret: %s}]}
data: {dir: data}
limits: {cpu_percent: 0} # the clients run on the same processors
`, s.listener.Addr(), media.LocalAddr(), accessKey, secret)
	if err := os.WriteFile(filepath.Join(dir, "redial.yaml"), []byte(settings), 0o600); err != nil {
		return nil, err
	}
	return s, s.start(ctx)
}

// start runs a process as the unit does, and waits until it is ready.
func (s *service) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	check := exec.CommandContext(ctx, s.binary, "config", "-check", "redial.yaml") // ExecStartPre=
	check.Dir = s.dir
	if out, err := check.CombinedOutput(); err != nil {
		return fmt.Errorf("redial config -check: %w: %s", err, out)
	}
	// systemd names the process that a socket is meant for.
	s.process = exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve -config redial.yaml`, s.binary)
	s.process.Dir, s.process.Stdout, s.process.Stderr, s.process.ExtraFiles = s.dir, log, log, []*os.File{s.socket}
	if err := s.process.Start(); err != nil {
		return err
	}
	s.ended = make(chan error, 1)
	go func(p *exec.Cmd, ended chan<- error) { ended <- p.Wait() }(s.process, s.ended)
	// The socket takes connections whether there is a process or not.
	web := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		if res, err := web.Get(s.url + "/healthz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.ended:
			s.process = nil
			return fmt.Errorf("the server does not start: %v; see %s", err, log.Name())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// end ends the process in one of the ways.
func (s *service) end(w way) error {
	sig := syscall.SIGTERM
	if w == killed {
		sig = syscall.SIGKILL
	}
	if err := s.process.Process.Signal(sig); err != nil {
		return err
	}
	err := <-s.ended
	s.process = nil
	if failed := (*exec.ExitError)(nil); w == killed && errors.As(err, &failed) {
		return nil
	}
	return err
}

func (s *service) restart(ctx context.Context, w way) error {
	if err := s.end(w); err != nil {
		return err
	}
	if w == killed {
		select {
		case <-time.After(restartAfter):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return s.start(ctx)
}

func (s *service) close() {
	if s.process != nil {
		_ = s.end(killed)
	}
	_ = s.socket.Close()
	_ = s.listener.Close()
}

// mint makes a token of the service's key.
func (s *service) mint(c token.Claims) (string, error) {
	c.ExpiresAt = time.Now().Add(time.Hour)
	return token.Mint(token.Key{Access: accessKey, Secret: secret}, c)
}
