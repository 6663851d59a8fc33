// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
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

// load is processor time that goes by as a test wants it.
type load struct {
	mu         sync.Mutex
	from       time.Time
	used       float64
	processors float64 // in use
}

func (l *load) seconds() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.used += l.processors * now.Sub(l.from).Seconds()
	l.from = now
	return l.used
}

func (l *load) set(processors float64) {
	l.seconds()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.processors = processors
}

// TestABusyNodeRefusesUntilItHasRested drives the share of four processors over
// its limit and back.
func TestABusyNodeRefusesUntilItHasRested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &load{from: time.Now()}
		c := &capacity{done: make(chan struct{})}
		c.limits = []nodeLimit{{"limits.cpu_percent", 90, c.cpuPercent, c.tired.Load}}
		go c.watchCPU(l.seconds, 4, 90)
		defer c.close()
		for _, step := range []struct {
			name       string
			processors float64
			d          time.Duration
			refused    bool
			changes    int
		}{
			{"idle", 0, 10 * time.Second, false, 0},
			{"a burst of joins", 4, 2 * time.Second, false, 0},
			{"idle again", 0.4, 20 * time.Second, false, 0},
			{"all processors", 4, 30 * time.Second, true, 1},
			{"a little below the limit", 0.85 * 4, 30 * time.Second, true, 0},
			{"about the limit", 0.9 * 4, 30 * time.Second, true, 0},
			{"half of them", 2, 10 * time.Second, false, 1},
			{"a little below the limit, from below", 0.85 * 4, 60 * time.Second, false, 0},
		} {
			changes, was := 0, c.full() != nil
			l.set(step.processors)
			for range int(step.d / (500 * time.Millisecond)) {
				time.Sleep(500 * time.Millisecond)
				synctest.Wait()
				if is := c.full() != nil; is != was {
					changes, was = changes+1, is
				}
			}
			if was != step.refused || changes != step.changes {
				t.Errorf("%s: refused %v, and changed %d times, at %.0f %%", step.name, was, changes, c.cpuPercent())
			}
			if f := fault.From(c.full(), fault.OpInit); was && (f.Kind != fault.Overloaded || f.Detail("limit") != "limits.cpu_percent" ||
				f.Detail("max") != int64(90) || f.Detail("retry_after_seconds") != int64(5)) {
				t.Errorf("%s: refused with %v", step.name, f)
			}
		}
	})
}

// TestWorkIsSeenAsWork burns processor time until a limit of 1 % is reached.
func TestWorkIsSeenAsWork(t *testing.T) {
	c := newCapacity(config.Limits{CPUPercent: 1}, func() int { return 0 }, func() int { return 0 }, prometheus.NewRegistry())
	defer c.close()
	for deadline := time.Now().Add(5 * time.Minute); c.full() == nil; {
		if time.Now().After(deadline) {
			t.Fatalf("never: %.2f %% is seen", c.cpuPercent())
		}
	}
	if f := fault.From(c.full(), fault.OpInit); f.Detail("limit") != "limits.cpu_percent" {
		t.Errorf("refused with %v", f)
	}
}

// TestAFullNodeTakesNobodyNewAndEverybodyBack fills a node of one peer, and
// overloads the processors of another.
func TestAFullNodeTakesNobodyNewAndEverybodyBack(t *testing.T) {
	t.Run("limits.peers", func(t *testing.T) {
		cfg := local(t)
		cfg.Limits.Peers = 1
		fullNode(t, cfg, "limits.peers", func() {}, nil)
	})
	t.Run("limits.cpu_percent", func(t *testing.T) {
		var used, each atomic.Int64 // seconds in all, and from one look to the next
		processorTime = func() float64 { return float64(used.Add(each.Load())) }
		t.Cleanup(func() { processorTime = cpuSeconds })
		cfg := local(t)
		cfg.Limits.CPUPercent = 90
		fullNode(t, cfg, "limits.cpu_percent", func() { each.Store(int64(10 * runtime.GOMAXPROCS(0))) }, func() { each.Store(0) })
	})
}

// fullNode starts a node, lets one peer in, fills the node and empties it again.
func fullNode(t *testing.T, cfg config.Config, setting string, fill, empty func()) {
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

	fill()
	await := func(path string, status int) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			if res, body := get(path); res.StatusCode == status {
				return
			} else if time.Now().After(deadline) {
				t.Fatalf("%s says %d %s", path, res.StatusCode, body)
			}
		}
	}
	await("/readyz", 503)
	res, body := get("/init?peer_id=bob")
	if res.StatusCode != 503 || res.Header.Get("Retry-After") != "5" || !strings.Contains(body, "server.overloaded") || !strings.Contains(body, setting) {
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
	if res, body := get("/readyz"); res.StatusCode != 503 || !strings.Contains(body, setting) {
		t.Errorf("readiness: %d %s", res.StatusCode, body)
	}
	if _, body := get("/metrics"); !strings.Contains(body, `redial_node_overloaded{limit="`+setting+`"} 1`) {
		t.Error("the metric does not tell")
	}

	_ = ann.CloseNow()
	back := dial(t, s, token, "ann")
	until(t, back, func(m message) bool { return m.Method == "on-policy-change" })
	_ = back.Write(t.Context(), websocket.MessageText, []byte(`{"id":"2","method":"ping","params":{}}`))
	until(t, back, func(m message) bool { return m.ID == "2" })
	if empty == nil {
		return
	}
	empty()
	await("/readyz", 200)
	if res, body := get("/init?peer_id=bob"); res.StatusCode != 200 {
		t.Errorf("a node that has rested says %d %s", res.StatusCode, body)
	}
}
