// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// Server is a running server. Its methods may be called from several goroutines;
// Stop, Kill and Restart may not, nor while others are called.
type Server struct {
	URL             string // such as http://127.0.0.1:40123; client.Config.Endpoint
	InitEndpoint    string // what an app on the 100ms web SDK passes as initEndpoint
	ManagementToken string // opens the REST API, injections included
	AccessKey       string // with Secret, for an app whose backend mints tokens itself
	Secret          string

	proc *process // nil for one that was not started here
}

// calls leaves no connection behind that a test could take for a leak of its own.
var calls = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}

// Admin returns a client of the server's REST API with the management token, for
// everything that has no method here.
func (s *Server) Admin() (*admin.Client, error) {
	return admin.New(admin.Config{URL: s.URL, Token: s.ManagementToken, HTTP: calls})
}

// Call makes any call of the REST API, with the management token: in is sent as
// JSON unless it is nil, and out is read from the reply unless it is nil. A
// refusal unwraps to a *fault.Error: errors.Is(err, fault.RoomNotFound).
func (s *Server) Call(ctx context.Context, method, path string, in, out any) error {
	c, err := s.Admin()
	if err == nil {
		err = c.Do(ctx, method, path, in, out)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, s.unreachable(err))
	}
	return nil
}

// unreachable says more of a call that got no answer when the server has died.
func (s *Server) unreachable(err error) error {
	if errors.Is(err, fault.EndpointUnreachable) && s.proc != nil && s.proc.died() {
		return fmt.Errorf("%w: the server has ended: %s", err, s.proc.end())
	}
	return err
}

// must makes a call that the test cannot do without.
func must[T any](t testing.TB, s *Server, what string, call func(*admin.Client) (T, error)) T {
	t.Helper()
	c, err := s.Admin()
	if err == nil {
		var out T
		if out, err = call(c); err == nil {
			return out
		}
	}
	t.Fatalf("redialtest: %s: %v", what, s.unreachable(err))
	panic("unreachable")
}
