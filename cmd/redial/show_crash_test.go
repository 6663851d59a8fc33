// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/repro"
	"github.com/redial-rtc/redial/internal/token"
)

// TestShownWhenItIsKilled: a server that is killed while it reproduces a failure leaves a
// room and a template behind; the next one removes them before anybody is served, and
// reproduces the same.
func TestShownWhenItIsKilled(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "redial.yaml"), []byte(killConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	program := programIn(t, dir)
	life := func(n int) (*child, *killed, *admin.Client) {
		t.Helper()
		b, k := live(t, program, n)
		ctl, err := admin.New(admin.Config{URL: k.url, Token: k.mint(token.Claims{Type: token.Management, Inject: true})})
		if err != nil {
			t.Fatal(err)
		}
		return b, k, ctl
	}
	left := func() (n int) {
		t.Helper()
		r, err := registry.Open(t.Context(), filepath.Join(dir, "d"), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()
		rooms, err := r.ListRooms(t.Context(), registry.RoomQuery{CustomerID: repro.Account})
		if err != nil {
			t.Fatal(err)
		}
		templates, err := r.ListTemplates(t.Context(), registry.TemplateQuery{CustomerID: repro.Account})
		if err != nil {
			t.Fatal(err)
		}
		return len(rooms.Data) + len(templates.Data)
	}

	first, k, ctl := life(0)
	room, err := k.room("consult")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.call("POST", "/v2/rooms/"+room, k.admin, `{"enabled": false}`); err != nil {
		t.Fatal(err)
	}
	if she, err := client.Join(t.Context(), client.Config{Endpoint: k.url, Token: k.mint(token.Claims{Type: token.App, RoomID: room, Role: "host", UserID: "mia"}), Name: "Mia"}); err == nil {
		she.Leave()
		t.Fatal("let in")
	}
	event := failureOf(t, ctl, room)
	r, err := ctl.Diagnoses.Reproduce(t.Context(), event)
	for ; err == nil && len(r.Steps) == 0; r, err = ctl.Diagnoses.Reproduction(t.Context(), event) {
		if r.State != "running" {
			t.Fatalf("%+v", r)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.ended
	if left() == 0 {
		t.Fatal("nothing was left over, so that nothing is shown")
	}

	second, _, ctl := life(1)
	for r, err = ctl.Diagnoses.Reproduce(t.Context(), event); err == nil && r.State == "running"; r, err = ctl.Diagnoses.Reproduction(t.Context(), event) {
		select {
		case <-t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err != nil || r.State != "done" || len(r.Facts) == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if err := second.down(); err != nil {
		t.Fatal(err)
	}
	if n := left(); n != 0 {
		t.Errorf("%d rooms and templates of tests are left", n)
	}
}
