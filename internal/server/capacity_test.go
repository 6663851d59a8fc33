package server

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// TestEachLimitOfANodeRefuses names the limit that was reached.
func TestEachLimitOfANodeRefuses(t *testing.T) {
	few, many := func() int { return 1 }, func() int { return 100 }
	for want, test := range map[string]struct {
		limits        config.Limits
		peers, tracks func() int
	}{
		"":                    {config.Limits{}, few, few},
		"limits.peers":        {config.Limits{Peers: 100}, many, few},
		"limits.tracks":       {config.Limits{Tracks: 100}, few, many},
		"limits.memory_bytes": {config.Limits{MemoryBytes: 1}, few, few},
	} {
		c := newCapacity(test.limits, test.peers, test.tracks, prometheus.NewRegistry())
		f := fault.From(c.full(), fault.OpInit)
		switch {
		case want == "" && f == nil:
		case f == nil || f.Kind != fault.Overloaded || f.Detail("limit") != want || f.Detail("retry_after_seconds") != int64(5):
			t.Errorf("%s: %v", want, f)
		}
		c.close()
	}
	if memoryGiven() <= 0 || memoryUsed() <= 0 {
		t.Errorf("the machine gives %v bytes, of which %v are used", memoryGiven(), memoryUsed())
	}
	for at, deadline := cpuSeconds(), time.Now().Add(20*time.Second); cpuSeconds() == at; {
		if time.Now().After(deadline) {
			t.Fatal("the time of the processors stands still")
		}
	}
}

// TestAFullNodeTakesNobodyNewAndEverybodyBack fills a node of one peer.
func TestAFullNodeTakesNobodyNewAndEverybodyBack(t *testing.T) {
	cfg := local(t)
	cfg.Limits.Peers = 1
	s := startLocal(t, cfg)
	demo, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var token string
	for _, link := range demo.Tokens {
		token = link
		break
	}
	get := func(path string) (*http.Response, string) {
		t.Helper()
		req, _ := http.NewRequestWithContext(t.Context(), "GET", s.URL()+path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res, string(b)
	}
	if res, body := get("/init?peer_id=ann"); res.StatusCode != 200 {
		t.Fatalf("an empty node says %d %s", res.StatusCode, body)
	}
	ann := dial(t, s, token, "ann")
	_ = ann.Write(t.Context(), websocket.MessageText, []byte(`{"id":"1","method":"join","params":{"name":"Ann"}}`))
	until(t, ann, func(m message) bool { return m.ID == "1" })

	res, body := get("/init?peer_id=bob")
	if res.StatusCode != 503 || res.Header.Get("Retry-After") != "5" || !strings.Contains(body, "server.overloaded") || !strings.Contains(body, "limits.peers") {
		t.Errorf("a newcomer is told %d, Retry-After %q, %s", res.StatusCode, res.Header.Get("Retry-After"), body)
	}
	bob := dial(t, s, token, "bob")
	refusal := until(t, bob, func(m message) bool { return m.Method == "on-error" })
	if b, _ := json.Marshal(refusal); refusal.Method == "" {
		t.Errorf("at the socket: %s", b)
	}
	if _, _, err := bob.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "server.overloaded") {
		t.Errorf("the socket of a newcomer ends with %v", err)
	}
	if res, body := get("/readyz"); res.StatusCode != 503 || !strings.Contains(body, "limits.peers") {
		t.Errorf("readiness: %d %s", res.StatusCode, body)
	}
	if _, body := get("/metrics"); !strings.Contains(body, `redial_node_overloaded{limit="limits.peers"} 1`) {
		t.Error("the metric does not tell")
	}

	_ = ann.CloseNow()
	back := dial(t, s, token, "ann")
	until(t, back, func(m message) bool { return m.Method == "on-policy-change" })
	_ = back.Write(t.Context(), websocket.MessageText, []byte(`{"id":"2","method":"ping","params":{}}`))
	until(t, back, func(m message) bool { return m.ID == "2" })
}
