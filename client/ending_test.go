// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// TestForgottenWhileAway comes back to a server where the same peer has been
// and left by another connection meanwhile: it is told so at once.
func TestForgottenWhileAway(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r, pub, sub, pw, sw, _, _ := pair(t, s, nil)
	r.set("refuse")
	get(t, pw.reconnecting, "reconnecting")
	elsewhere := s.config("host", "publisher")
	elsewhere.PeerID = pub.PeerID()
	s.join(elsewhere).Leave()
	get(t, sw.leaves, "leaving")
	r.set("")
	e := get(t, pw.ended, "the end")
	if d := client.Describe(e); !errors.Is(e, fault.PeerGone) || d.IOS.Code != 410 || !d.Terminal || !d.CanRetry {
		t.Errorf("%v %+v", e, d)
	}
	if n := len(sub.Peers()); n != 0 {
		t.Errorf("the viewer sees %d peers", n)
	}
	// The server has seen it, too; that the client could not reach it a moment
	// ago does not keep it from saying so.
	s.event("client.disconnected", func(e event) bool {
		return strings.Contains(e.raw, "41001") && strings.Contains(e.raw, pub.PeerID()) && strings.Contains(e.raw, `"source":"both"`)
	})
}

// TestRefusedFromThePreviewIsReported is refused over the socket, and says so on
// it before it is closed.
func TestRefusedFromThePreviewIsReported(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cfg := s.config("guest", "guest")
	cfg.PeerID = "late-guest"
	l, err := client.StartPreview(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.rest("POST", "/v2/rooms/"+s.demo.ID, `{"enabled":false}`)
	if _, err := l.Join(t.Context()); !errors.Is(err, fault.RoomDisabled) {
		t.Errorf("%v", err)
	}
	l.Close()
	s.event("client.join.failed", func(e event) bool {
		return strings.Contains(e.raw, "late-guest") && strings.Contains(e.raw, "room.disabled") && strings.Contains(e.raw, `"source":"both"`)
	})
}

// TestGivingUpLeaves loses its media for good while the socket is well: the
// report gets through, and the others see the peer leave.
func TestGivingUpLeaves(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *config.Config) { c.Inject.Enabled = true })
	_, pub, _, pw, sw, _, _ := pair(t, s, func(c *client.Config) { c.ReconnectWindow = time.Second })
	token, err := s.s.InjectToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"at":"blackhole","room":%q,"peer":%q}`, s.demo.ID, pub.PeerID())
	req, err := http.NewRequest("POST", s.s.URL()+"/api/v1/injections", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusCreated {
		t.Fatalf("%s %s", res.Status, b)
	}
	e := get(t, pw.ended, "the end")
	if d := client.Describe(e); !errors.Is(e, fault.ICEFailed) || d.Code != 4005 || !d.Terminal {
		t.Errorf("%v %+v", e, d)
	}
	if p := get(t, sw.leaves, "leaving"); p.ID != pub.PeerID() {
		t.Errorf("%+v left", p)
	}
	s.event("client.disconnected", func(e event) bool {
		return strings.Contains(e.raw, "4005") && strings.Contains(e.raw, pub.PeerID()) && strings.Contains(e.raw, `"is_terminal":true`)
	})
}
