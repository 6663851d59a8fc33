// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/redial-rtc/redial/fault"
)

// desks are the receivers of callbacks of a test, by name.
type desks struct {
	mu  sync.Mutex
	all map[string]Hook
}

func (d *desks) put(name string, h Hook) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.all == nil {
		d.all = map[string]Hook{}
	}
	d.all[name] = h
}

func (d *desks) find(_ context.Context, name string) (Hook, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h, ok := d.all[name]
	if !ok {
		return h, fault.AccessKeyUnknown.New("access_key", name)
	}
	return h, nil
}

func numbered(to string, n int) Callback {
	return Callback{Receiver: to, Type: "streamCreated", Body: fmt.Appendf(nil, `{"n":%d}`, n)}
}

// number is that of a callback as it was received.
func number(t *testing.T, g got) int {
	t.Helper()
	var b struct{ N int }
	if err := json.Unmarshal(g.body, &b); err != nil {
		t.Fatalf("%v in %s", err, g.body)
	}
	return b.N
}

// TestCallbacksArriveInOrder, signed, each once, and a receiver that does not work
// holds up its own alone.
func TestCallbacksArriveInOrder(t *testing.T) {
	dir := t.TempDir()
	const signs = "a secret of callbacks, of 32 bytes"
	works, worksURL := serve(t)
	broken, brokenURL := serve(t)
	broken.status(503)
	var d desks
	d.put("works", Hook{URL: worksURL, Secrets: []string{signs}})
	d.put("broken", Hook{URL: brokenURL})
	s := run(t, Config{Dir: dir, Events: record(t, dir), Callbacks: Callbacks{Receiver: d.find}})
	const many = 50
	for n := range many {
		if !s.Tell(numbered("broken", n)) || !s.Tell(numbered("works", n)) {
			t.Fatal("dropped")
		}
	}
	for n := range many {
		g := works.next(t)
		if number(t, g) != n || !verified(signs, g) || g.header.Get(HeaderEventType) != "streamCreated" || g.header.Get(HeaderEventID) == "" {
			t.Fatalf("%d is %s %v", n, g.body, g.header)
		}
	}
	if g := broken.next(t); number(t, g) != 0 || g.header.Get("Redial-Signature") != "" {
		t.Fatalf("the broken one got %s", g.body)
	}
	broken.status(200)
	for n := 0; n < many; {
		switch got := number(t, broken.next(t)); {
		case got == n:
			n++
		case got != 0 || n > 1: // the first one was tried before
			t.Fatalf("%d came in the place of %d", got, n)
		}
	}
	eventually(t, "nothing waits", func() bool {
		s.callbacks.mu.Lock()
		defer s.callbacks.mu.Unlock()
		return len(s.callbacks.waiting) == 0 && len(s.callbacks.couriers) == 0 && s.callbacks.unwritten == 0
	})
}

// TestCallbacksOutliveTheProcess: what was not delivered is, and what the process left
// open is told to have ended.
func TestCallbacksOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	r, url := serve(t)
	r.status(503)
	var d desks
	d.put("p", Hook{URL: url})
	cfg := Config{Dir: dir, Events: record(t, dir), Callbacks: Callbacks{Receiver: d.find}}
	s := run(t, cfg)
	begin := func(id, kind, end string) {
		s.Tell(Callback{Receiver: "p", Type: kind, Body: fmt.Appendf(nil, `{"id":%q}`, id), Opens: id, Ending: Ending{end, fmt.Appendf(nil, `{"id":%q,"timestamp":0,"ended":true}`, id)}})
	}
	begin("one", "connectionCreated", "connectionDestroyed")
	begin("two", "connectionCreated", "connectionDestroyed")
	begin("stream", "streamCreated", "streamDestroyed")
	s.Tell(Callback{Receiver: "p", Type: "connectionDestroyed", Body: []byte(`{"id":"two"}`), Closes: "two"})
	closeSinks(t, s) // what has been told is on the disk, and nothing else is told
	r.status(200)
	for len(r.requests) > 0 {
		<-r.requests
	}
	began := time.Now().UnixMilli()
	run(t, cfg)
	for _, want := range []string{
		"connectionCreated one", "connectionCreated two", "streamCreated stream", "connectionDestroyed two",
		"streamDestroyed stream ended", "connectionDestroyed one ended",
	} {
		g := r.next(t)
		var b struct {
			ID        string
			Ended     bool
			Timestamp int64
		}
		if err := json.Unmarshal(g.body, &b); err != nil {
			t.Fatal(err)
		}
		is := g.header.Get(HeaderEventType) + " " + b.ID
		if b.Ended {
			is += " ended"
		}
		if is != want || b.Ended && b.Timestamp < began {
			t.Errorf("came %q %s in the place of %q", is, g.body, want)
		}
	}
}

// TestCallbacksAreBounded for a receiver that takes none, and for a disk that does not;
// whoever tells of something is never held up.
func TestCallbacksAreBounded(t *testing.T) {
	dir := t.TempDir()
	r, url := serve(t)
	r.status(503)
	var d desks
	d.put("p", Hook{URL: url})
	metrics := prometheus.NewRegistry()
	s := run(t, Config{Dir: dir, Events: record(t, dir), Metrics: metrics, Callbacks: Callbacks{Receiver: d.find, MaxBytes: 1000}})
	body := []byte(`{"x":"` + strings.Repeat("x", 92) + `"}`)
	taken := 0
	for range 100 {
		if s.Tell(Callback{Receiver: "p", Type: "streamCreated", Body: body}) {
			taken++
		}
	}
	if taken != 10 {
		t.Errorf("%d of 100 bytes were taken, for 1000", taken)
	}
	if n := testutil.ToFloat64(s.callbacks.dropped); n != 90 {
		t.Errorf("%v are counted as dropped", n)
	}
	eventually(t, "all are on the disk", func() bool {
		s.callbacks.mu.Lock()
		defer s.callbacks.mu.Unlock()
		return s.callbacks.unwritten == 0
	})
	if err := s.deliveries.close(); err != nil { // no disk any more
		t.Fatal(err)
	}
	big := make([]byte, 900)
	for i := 0; s.Tell(Callback{Receiver: fmt.Sprint(i), Type: "streamCreated", Body: big}); i++ {
		if i > maxUnwritten/len(big) {
			t.Fatalf("%d bytes were taken while the disk takes none", i*len(big))
		}
	}
}

// TestCallbacksOfNobody end with the project, and those that nobody took in time.
func TestCallbacksOfNobody(t *testing.T) {
	dir := t.TempDir()
	r, url := serve(t)
	r.status(503)
	var d desks
	d.put("late", Hook{URL: url})
	s := run(t, Config{Dir: dir, Events: record(t, dir), Callbacks: Callbacks{Receiver: d.find, Keep: time.Nanosecond}})
	s.Tell(numbered("gone", 1))
	s.Tell(numbered("late", 1))
	eventually(t, "both are given up", func() bool { return testutil.ToFloat64(s.callbacks.dropped) == 2 })
	if len(r.requests) != 0 {
		t.Error("one was sent too late")
	}
}
