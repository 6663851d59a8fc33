// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"context"
	"errors"
	"testing"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// Injection is a failure to provoke: what, and to whom. Fault and Room are
// needed; the rest narrows it. docs/injection.md tells all about it.
type Injection = admin.Injection

// Injected is an injection at work. It ends by itself, with the test, or when it
// is cleared.
type Injected struct {
	admin.InjectionRule

	server *Server
}

// Inject provokes a failure. What is left of it ends with the test.
func (s *Server) Inject(t testing.TB, i Injection) *Injected {
	t.Helper()
	rule := must(t, s, "injecting "+i.Fault, func(c *admin.Client) (admin.InjectionRule, error) { return c.Injections.Create(t.Context(), i) })
	made := &Injected{rule, s}
	t.Cleanup(func() {
		if s.proc != nil && !s.proc.running() {
			return // injections end with the server
		}
		// The context of the test has ended by now.
		if err := made.clear(context.Background()); err != nil {
			t.Errorf("redialtest: ending the injection of %s: %v", i.Fault, err)
		}
	})
	return made
}

// Clear ends the injection now: the untouched path is back when it returns.
func (i *Injected) Clear(t testing.TB) {
	t.Helper()
	if err := i.clear(t.Context()); err != nil {
		t.Fatalf("redialtest: ending the injection of %s: %v", i.Fault, err)
	}
}

func (i *Injected) clear(ctx context.Context) error {
	c, err := i.server.Admin()
	if err == nil {
		err = c.Injections.Remove(ctx, i.ID)
	}
	if errors.Is(err, fault.InjectionNotFound) {
		return nil // it has ended by itself
	}
	return i.server.unreachable(err)
}

// ClearAllInjections ends the injections of all rooms.
func (s *Server) ClearAllInjections(t testing.TB) {
	t.Helper()
	must(t, s, "ending injections", func(c *admin.Client) (int, error) { return c.Injections.ClearAll(t.Context()) })
}

// ClearInjections ends the injections of a room.
func (s *Server) ClearInjections(t testing.TB, room string) {
	t.Helper()
	must(t, s, "ending injections", func(c *admin.Client) (int, error) { return c.Injections.Clear(t.Context(), room) })
}
