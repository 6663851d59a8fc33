// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
)

// TestProvokedCausesAreNamed provokes every cause that can be provoked, on a real
// server with a real client and wants the
// diagnosis to name it.
func TestProvokedCausesAreNamed(t *testing.T) {
	s := newStage(t)
	ctl := s.admin(t)
	all, err := ctl.Injections.List(t.Context())
	if err != nil || len(all.Causes) == 0 {
		t.Fatalf("%+v, %v", all.Causes, err)
	}
	s.roomToken(t, "well")
	for _, cause := range all.Causes {
		t.Run(cause.ID, func(t *testing.T) {
			t.Parallel()
			room := "room-" + strings.ReplaceAll(cause.ID, ".", "-")
			token := s.roomToken(t, room)
			out, errs, code := s.call(t.Context(), t, "inject", "-cause", cause.ID, "-room", room)
			if code != exitOK {
				t.Fatalf("exit code %d: %s%s", code, out, errs)
			}
			ctx, cancel := context.WithCancel(t.Context())
			joining := make(chan struct{})
			go func() {
				defer close(joining)
				r, err := client.Join(ctx, client.Config{Endpoint: s.server.URL(), Token: token, Name: "Mia", JoinTimeout: 2 * time.Minute, StepTimeout: time.Minute})
				if err == nil {
					<-ctx.Done()
					r.Leave()
				}
			}()
			defer func() { cancel(); <-joining }()
			var said []string
			for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(250 * time.Millisecond) {
				page, err := ctl.Diagnoses.List(t.Context(), admin.DiagnosisFilter{Room: room})
				if err != nil {
					t.Fatal(err)
				}
				said = nil
				for _, d := range page.Diagnoses {
					e, err := ctl.Events.Get(t.Context(), d.Verdict.Event)
					if err != nil {
						t.Fatal(err)
					}
					if !e.Redial.Injected || e.Redial.Provoked != cause.ID {
						t.Errorf("%s is marked as %q", e, e.Redial.Provoked)
					}
					if d.Verdict.Cause == cause.ID {
						return
					}
					said = append(said, e.Redial.Fault+" because of "+d.Verdict.Cause+" ("+string(d.Verdict.Confidence)+"): "+d.Verdict.Says)
				}
			}
			t.Errorf("the diagnosis says %q", said)
		})
	}

	// What cannot be provoked is refused with those that can.
	for args, want := range map[string]string{
		"-cause network.media_blocked": "room.locked", "-cause no.such": "no.such", "-cause room.locked -at call": "the cause decides it",
		"-cause room.locked room.full": "exclude each other",
	} {
		out, errs, code := s.call(t.Context(), t, append([]string{"inject", "-room", "well"}, strings.Fields(args)...)...)
		if code == exitOK || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d: %s%s", args, code, out, errs)
		}
	}
}
