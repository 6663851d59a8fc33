// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/admin"
)

// TestALateReportIsPlaced: a client whose clock is three hours ahead says so with its
// pings, and tells by HTTP of what went wrong an hour ago. The record says when that
// was by the server's clock.
func TestALateReportIsPlaced(t *testing.T) {
	s := startLocal(t, local(t))
	demo, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	manager, err := s.ManagementToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	operator, err := admin.New(admin.Config{URL: s.URL(), Token: manager})
	if err != nil {
		t.Fatal(err)
	}
	const ahead, ago = 3 * time.Hour, time.Hour
	c := dial(t, s, demo.Tokens["host"], "ann")
	for i := range 4 {
		id := fmt.Sprint("ping-", i)
		ping := fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"method":"ping","params":{"timestamp":%d}}`, id, time.Now().Add(ahead).UnixMilli())
		if err := c.Write(t.Context(), websocket.MessageText, []byte(ping)); err != nil {
			t.Fatal(err)
		}
		until(t, c, func(m message) bool { return m.ID == id })
	}
	was := time.Now().Add(-ago)
	body := fmt.Sprintf(`{"event":"connect.failed","timestamp":%d,"event_id":"1","peer":{},"payload":{"error_code":2003,"error_name":"EndpointUnreachable","is_terminal":false,"action":"INIT"}}`, was.Add(ahead).UnixMilli())
	for token, measured := range map[string]bool{demo.Tokens["host"]: true, demo.Tokens["guest"]: false} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/v2/client/report", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Fatalf("answered %d", res.StatusCode)
		}
		page, err := operator.Events.List(t.Context(), admin.EventFilter{Types: []string{"client.connect.failed"}, Order: admin.NewestFirst, Limit: 1})
		if err != nil || len(page.Events) != 1 {
			t.Fatalf("%d events, %v", len(page.Events), err)
		}
		e := page.Events[0].Redial
		wrong := time.Duration(e.HappenedErrorMS) * time.Millisecond
		// A clock that is ahead and was not measured seems to tell of the future.
		if placed := !e.Happened.IsZero(); placed != measured || !e.ClientTime.Equal(was.Add(ahead).UTC().Truncate(time.Millisecond)) {
			t.Errorf("measured %v: happened %v, by the client's clock %v", measured, e.Happened, e.ClientTime)
		}
		if measured && (e.Happened.Sub(was).Abs() > wrong+time.Minute || wrong <= 0 || wrong > 2*time.Second) { // a busy machine may take long
			t.Errorf("placed %v off, said to be %v", e.Happened.Sub(was), wrong)
		}
	}
	for _, around := range []time.Time{was, time.Now()} {
		f := admin.EventFilter{Types: []string{"client.connect.failed"}, HappenedSince: around.Add(-ago / 2), HappenedUntil: around.Add(ago / 2)}
		page, err := operator.Events.List(t.Context(), f)
		if err != nil || len(page.Events) != 1 || page.Events[0].Redial.Happened.IsZero() != (around != was) {
			t.Errorf("around %v: %v, %v", around, page.Events, err)
		}
	}
}
