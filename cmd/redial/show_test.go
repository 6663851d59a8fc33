// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
)

// TestShowIsStoppedInTheMiddleOfACall: who gives up while the command asks how far it has
// come stops the reproduction, and no result is printed.
func TestShowIsStoppedInTheMiddleOfACall(t *testing.T) {
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	stopped := make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			giveUp()
			<-r.Context().Done()
			return
		case http.MethodDelete:
			stopped <- struct{}{}
		}
		_, _ = io.WriteString(w, `{"event": "1", "state": "running"}`)
	}))
	defer srv.Close()
	var out, errOut bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, getenv: func(name string) string {
		return map[string]string{"REDIAL_SERVER": srv.URL, "REDIAL_TOKEN": "right"}[name]
	}}
	code := run(ctx, e, []string{"show", "01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5"})
	if code == exitOK || out.Len() > 0 {
		t.Errorf("exit %d, printed %q", code, out.String())
	}
	select {
	case <-stopped:
	default:
		t.Errorf("it goes on; told %q", errOut.String())
	}
}

// TestShowOnAServer shows a real failure again: what is done is told while it is, what
// comes of it is printed fact by fact, and as JSON.
func TestShowOnAServer(t *testing.T) {
	s := newStage(t)
	ctl := s.admin(t)
	token := s.roomToken(t, "consult")
	rooms, err := ctl.Rooms.List(t.Context(), admin.RoomFilter{Name: "consult"})
	if err != nil || len(rooms.Data) != 1 {
		t.Fatal(rooms, err)
	}
	room := rooms.Data[0].ID
	enabled := false
	if _, err := ctl.Rooms.Update(t.Context(), room, admin.RoomChange{Enabled: &enabled}); err != nil {
		t.Fatal(err)
	}
	if r, err := client.Join(t.Context(), client.Config{Endpoint: s.server.URL(), Token: token, Name: "Mia"}); err == nil {
		r.Leave()
		t.Fatal("let in")
	}
	event := failureOf(t, ctl, room)

	out, errs, code := s.call(t.Context(), t, "show", event)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"A room of its own is made.", "The test participant is not let in"} {
		if !strings.Contains(errs, want) {
			t.Errorf("told %q, without %q", errs, want)
		}
	}
	for _, want := range []string{"TOLD BY", "THE TEST'S", "room.disabled", "same"} {
		if !strings.Contains(out, want) {
			t.Errorf("printed without %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "differs") {
		t.Errorf("printed\n%s", out)
	}

	out, _, code = s.call(t.Context(), t, "show", "-json", event)
	var read admin.Reproduction
	if err := json.Unmarshal([]byte(out), &read); code != exitOK || err != nil || read.State != "done" || read.Cause != "room.disabled" {
		t.Errorf("as JSON: %d %v %s", code, err, out)
	}
	if _, errs, code := s.call(t.Context(), t, "show", "-stop", event); code != exitOK {
		t.Errorf("to stop none: %d %s", code, errs)
	}
	if _, errs, code := s.call(t.Context(), t, "show", "01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5"); code != exitFailure || !strings.Contains(errs, "event") {
		t.Errorf("no such failure: %d %s", code, errs)
	}
}

// failureOf waits for the failure of a room.
func failureOf(t *testing.T, ctl *admin.Client, room string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		for d, err := range ctl.Diagnoses.All(ctx, admin.DiagnosisFilter{RoomID: room}) {
			if err != nil {
				t.Fatal(err)
			}
			if d.Failure.Source != "client" {
				return d.Failure.ID
			}
		}
		select {
		case <-ctx.Done():
			t.Fatal(fmt.Errorf("the failure is not on record: %w", ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
