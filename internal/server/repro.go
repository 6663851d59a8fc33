// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/repro"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// testsKept is how long what is recorded of the server's own tests is kept that was not
// removed with the test.
const testsKept = time.Hour

// testKey is the key of the tokens of the server's own tests, of this process alone.
func testKey() token.Key {
	return token.Key{Access: "tests-" + rand.Text(), Secret: rand.Text() + rand.Text(), Account: repro.Account}
}

// markTests marks what was provoked, and all failures of the server's own tests.
func markTests(plan *inject.Plan) func(*event.Event) {
	return func(e *event.Event) {
		plan.MarkInjected(e)
		if e.AccountID == repro.Account && e.Type.IsError() {
			e.Injected = true
		}
	}
}

// keepTests has what is recorded of tests kept for a short time.
func keepTests(of event.Retentions) event.Retentions {
	return func(ctx context.Context) (map[string]time.Duration, error) {
		all, err := of(ctx)
		if err == nil {
			all[repro.Account] = testsKept
		}
		return all, err
	}
}

type ownDoorKey struct{}

// throughOwnDoor tells whether a request came by an address that was opened for a test.
func throughOwnDoor(r *http.Request) bool { return r.Context().Value(ownDoorKey{}) != nil }

// ownDoor opens addresses for tests: on this machine, without TLS and without a proxy,
// since neither is what is tested.
type ownDoor struct {
	handler   http.Handler // set before anybody can ask for a test
	handshake time.Duration
}

// open opens an address, and gives what shuts it.
func (d *ownDoor) open() (string, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	web := &http.Server{
		ReadHeaderTimeout: d.handshake,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			d.handler.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ownDoorKey{}, true)))
		}),
	}
	go func() { _ = web.Serve(l) }() // until it is shut
	return "http://" + l.Addr().String(), func() { _ = web.Close() }, nil
}

// startTests starts what reproduces failures; nil on a server that provokes nothing.
func (s *Server) startTests(plan *inject.Plan, hub *room.Hub, recorder *event.Recorder, key token.Key, door *ownDoor, written func(context.Context) error) *repro.Runs {
	if plan == nil {
		return nil
	}
	return repro.New(repro.Config{
		Registry: s.registry, Rooms: hub, Events: recorder, Inject: plan, Key: key, Door: door.open, Written: written, Log: s.log.With("part", "tests"),
	})
}
