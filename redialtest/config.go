// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"cmp"
	"context"
	"io"
	"testing"
	"time"
)

// Config says how to run a server. The zero value is good.
type Config struct {
	// Binary is the program redial. Without it, it is the one that the variable
	// REDIAL_BINARY names, else it is built with "go build" from the module that
	// the test belongs to, else it is looked for in PATH.
	Binary string

	// Command are words to put before the program, such as "ip", "netns",
	// "exec", "NAME".
	Command []string

	// Address is where the server listens, on this machine only. Default: a
	// free port of 127.0.0.1.
	Address string

	// DataDir keeps rooms, keys and events. Default: a temporary directory,
	// removed at the end.
	DataDir string

	// Args are further flags of "redial dev".
	Args []string

	// Log gets the server's log as it is written. Without it, its end is shown
	// when the test fails.
	Log io.Writer

	// Timeout is how long the server may take to be ready, and to stop.
	// Default 20 s.
	Timeout time.Duration
}

// Start runs a server until the test ends, as Config{}.Start does.
func Start(t testing.TB) *Server {
	t.Helper()
	return Config{}.Start(t)
}

// Start runs a server until the test ends. When the test has failed, the end of
// the server's log is shown.
func (c Config) Start(t testing.TB) *Server {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatalf("redialtest: %v", err)
	}
	t.Cleanup(func() {
		err := s.Close()
		if t.Failed() && c.Log == nil {
			t.Logf("redial said last:\n%s", s.Log())
		}
		if err != nil {
			t.Errorf("redialtest: %v", err)
		}
	})
	return s
}

// Open runs a server until [Server.Close], for TestMain. The context bounds the
// start only.
func Open(ctx context.Context, c Config) (*Server, error) {
	c.Address = cmp.Or(c.Address, "127.0.0.1:0")
	c.Timeout = cmp.Or(c.Timeout, 20*time.Second)
	var err error
	if c.Binary, err = findBinary(ctx, c.Binary); err != nil {
		return nil, err
	}
	s := &Server{proc: &process{config: c}}
	if err := s.proc.prepare(); err != nil {
		return nil, err
	}
	if err := s.begin(ctx); err != nil {
		s.proc.cleanUp()
		return nil, err
	}
	return s, nil
}

// begin starts the process and takes over what it says.
func (s *Server) begin(ctx context.Context) error {
	ready, err := s.proc.start(ctx)
	if err != nil {
		return err
	}
	s.URL, s.InitEndpoint = ready.HTTP, ready.Init
	s.ManagementToken, s.AccessKey, s.Secret = ready.Management, ready.AccessKey, ready.Secret
	return nil
}

// Remote is a server that runs elsewhere.
type Remote struct {
	URL             string // such as https://video.example.org
	ManagementToken string // with the grant "inject" for [Server.Inject]
	AccessKey       string // with Secret, for [Server.Token]
	Secret          string
}

// Connect uses a server that runs already. It calls nobody yet.
func Connect(r Remote) *Server {
	return &Server{
		URL: r.URL, InitEndpoint: r.URL, ManagementToken: r.ManagementToken,
		AccessKey: r.AccessKey, Secret: r.Secret,
	}
}

// Stop ends the server as an operator would: clients are told to connect again.
// [Server.Restart] starts it again.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.mustOwn(t)
	if err := s.proc.stop(); err != nil {
		t.Fatalf("redialtest: %v", err)
	}
}

// Kill ends the server as a crash would. [Server.Restart] starts it again.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.mustOwn(t)
	s.proc.kill()
}

// Restart starts the server again at the same address, with the same rooms, keys
// and events, having stopped it if it ran.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.proc.config.Address = s.proc.address
	if err := s.begin(t.Context()); err != nil {
		t.Fatalf("redialtest: restarting: %v", err)
	}
}

func (s *Server) mustOwn(t testing.TB) {
	t.Helper()
	if s.proc == nil {
		t.Fatal("redialtest: the server was not started here, so it cannot be stopped here")
	}
}

// Close stops the server and removes what it kept. It fails when the server had
// ended by itself before, or does not stop.
func (s *Server) Close() error {
	if s.proc == nil {
		return nil
	}
	defer s.proc.cleanUp()
	return s.proc.stop()
}

// Log returns the end of the server's log, "" for a server that was not started
// here.
func (s *Server) Log() string {
	if s.proc == nil {
		return ""
	}
	return s.proc.log.String()
}
