// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/config"
)

// TestAnIssueIsFoundByItsID: what OT.reportIssue tells is stored before the id is
// answered, with the session and the connection, is explained by that id, and is refused
// in OpenTok's words where that is provoked.
func TestAnIssueIsFoundByItsID(t *testing.T) {
	cfg := local(t)
	cfg.Inject.Enabled = true
	const project = "1000001"
	cfg.OpenTok.Enabled, cfg.OpenTok.Issues = true, 100
	cfg.OpenTok.Projects = []config.Project{{Key: project, Secret: strings.Repeat("secret", 7)}}
	s := startLocal(t, cfg)
	session, word, err := s.TryOpenTok(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	management, err := s.InjectToken(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	call := func(method, path, bearer string, body any) (int, map[string]any) {
		t.Helper()
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		req.Header.Set("X-Api-Key", project)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got := map[string]any{}
		_ = json.NewDecoder(res.Body).Decode(&got) // an empty one has nothing
		return res.StatusCode, got
	}
	_, ann := joinOpenTok(t, s, project, session, word)
	report := func() (int, map[string]any) {
		return call("POST", "/opentok/v1/issues", word, map[string]any{
			"sessionId": session, "connectionId": ann, "details": map[string]any{"log": []string{strings.Repeat("x", 10_000), `it "stutters"`}},
		})
	}
	status, got := report()
	id, _ := got["id"].(string)
	if status != 200 || id == "" {
		t.Fatalf("%d %v", status, got)
	}
	status, found := call("GET", "/api/v1/events/"+id+"/diagnosis", management, nil)
	failure, _ := found["failure"].(map[string]any)
	if status != 200 || failure["peer_id"] != ann || failure["room_name"] != "shop" || failure["session_id"] == nil || found["verdict"] == nil {
		t.Fatalf("%d %v", status, found)
	}
	status, page := call("GET", "/v2/analytics/events?type=client.subscribe.failed&peer_id="+ann, management, nil)
	if raw, _ := json.Marshal(page); status != 200 || !strings.Contains(string(raw), `stutters`) || !strings.Contains(string(raw), id) || strings.Contains(string(raw), strings.Repeat("x", 5000)) {
		t.Errorf("%d %s", status, raw)
	}

	if status, rule := call("POST", "/api/v1/injections", management, map[string]any{"fault": "OT_REPORT_ISSUE_FAILED", "room": "shop", "peer": ann}); status != 201 {
		t.Fatalf("%d %v", status, rule)
	}
	if status, got := report(); status < 500 || got["name"] != "OT_REPORT_ISSUE_FAILED" || got["code"] != 2011.0 {
		t.Errorf("%d %v", status, got)
	}
}
