// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
)

// value reads a metric of the station, summed over the labels that are not named.
func (s *station) value(name string, labels ...string) float64 {
	s.t.Helper()
	families, err := s.metrics.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
	metric:
		for _, m := range f.GetMetric() {
			for i := 0; i+1 < len(labels); i += 2 {
				if !strings.Contains(fmt.Sprint(m.GetLabel()), fmt.Sprintf("name:%q value:%q", labels[i], labels[i+1])) &&
					!strings.Contains(fmt.Sprint(m.GetLabel()), fmt.Sprintf("name:%q  value:%q", labels[i], labels[i+1])) {
					continue metric
				}
			}
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return sum
}

func (s *station) limited(setting string) float64 {
	return s.value("redial_signal_limited_total", "limit", setting)
}

// eventually waits for something that comes without being waited for.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// mute is a socket of a peer that has joined and from then on reads nothing.
type mute struct {
	t  testing.TB
	ws *websocket.Conn
}

func (s *station) mute(role, user string) *mute {
	s.t.Helper()
	q := url.Values{"peer": {uuid.NewString()}, "token": {s.token(role, user)}}
	ws, _, err := websocket.Dial(s.t.Context(), strings.Replace(s.web.URL, "http", "ws", 1)+"/ws?"+q.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = ws.CloseNow() })
	ws.SetReadLimit(64 << 20)
	m := &mute{s.t, ws}
	m.write(map[string]any{"id": "join", "method": "join", "params": map[string]any{"name": user}})
	for {
		_, raw, err := ws.Read(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(string(raw), `"id":"join"`) {
			return m
		}
	}
}

func (m *mute) write(v any) bool {
	b, _ := json.Marshal(v)
	return m.raw(websocket.MessageText, b)
}

func (m *mute) raw(kind websocket.MessageType, b []byte) bool {
	ctx, cancel := context.WithTimeout(m.t.Context(), 5*time.Second)
	defer cancel()
	return m.ws.Write(ctx, kind, b) == nil
}

// unhurried are bounds that a flood of one kind does not meet, so that the bound
// that is tested is the one that holds.
func unhurried(c *config) {
	c.Wire.FrameRate = 100_000
	c.Sockets.Bounds.Read, c.Bounds.Tell, c.Bounds.Fanout, c.Bounds.Answer = 1<<30, 1<<30, 1<<30, 1<<30
}

// TestAClientThatDoesNotReadIsCut asks for a large value without end and reads
// no answer.
func TestAClientThatDoesNotReadIsCut(t *testing.T) {
	s := newStation(t, func(c *config) { unhurried(c); c.Sockets.Bounds.Queue = 1 << 20 })
	m := s.mute("guest", "mallory")
	m.raw(websocket.MessageText, fmt.Appendf(nil, `{"id":"1","method":"set-metadata","params":{"key":"k","data":%q}}`, strings.Repeat("<", 60<<10)))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most := 0.0
	for i := 0; i < 20_000 && s.limited("limits.socket_queue_bytes") == 0; i++ {
		m.write(map[string]any{"id": fmt.Sprint(i), "method": "get-metadata", "params": map[string]any{"key": "k"}})
		if i%20 == 0 {
			most = max(most, s.value("redial_signal_queued_bytes"))
		}
	}
	if got := s.limited("limits.socket_queue_bytes"); got != 1 {
		t.Fatalf("%v sockets cut", got)
	}
	if most > 1<<20 {
		t.Errorf("%v bytes waited for the socket", most)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 32<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if s.value("redial_signal_refused_total", "fault", "signal.slow_consumer") != 1 {
		t.Error("the end of the socket is not counted as signal.slow_consumer")
	}
	// Who reads after all learns why.
	for {
		if _, _, err := m.ws.Read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusTryAgainLater || !strings.Contains(err.Error(), "signal.slow_consumer") {
				t.Errorf("the socket ended with %v", err)
			}
			break
		}
	}
	eventually(t, "nothing waits any more", func() bool { return s.value("redial_signal_queued_bytes") == 0 })
}

// TestSocketsTogetherAreBounded fills many queues, each of them within its bound.
func TestSocketsTogetherAreBounded(t *testing.T) {
	s := newStation(t, func(c *config) {
		unhurried(c)
		c.Sockets.Bounds.Queue, c.Sockets.Bounds.Queues = 8<<20, 4<<20
	})
	const sockets = 4
	var wg sync.WaitGroup
	for i := range sockets {
		m := s.mute("guest", fmt.Sprint("mallory", i))
		m.write(map[string]any{"id": "1", "method": "set-metadata", "params": map[string]any{"key": "k", "data": strings.Repeat("x", 60<<10)}})
		wg.Go(func() {
			for n := 0; n < 5000 && s.limited("limits.queue_bytes") == 0; n++ {
				if !m.write(map[string]any{"id": fmt.Sprint(n), "method": "get-metadata", "params": map[string]any{"key": "k"}}) {
					return
				}
			}
		})
	}
	wg.Wait()
	if s.limited("limits.queue_bytes") == 0 {
		t.Fatal("nobody is cut")
	}
	if got := s.value("redial_signal_queued_bytes"); got > 4<<20 {
		t.Errorf("%v bytes wait", got)
	}
	// Somebody who reads is served throughout.
	p := s.joined("host", "alice")
	p.must("ping", map[string]any{"timestamp": 1})
}

func TestAnAnswerRepeatsNoLongID(t *testing.T) {
	s := newStation(t, func(c *config) { c.Wire.MaxFrame = 64 << 10 })
	p := s.joined("guest", "mallory")
	long := strings.Repeat("<", 1000)
	for _, body := range []string{`"method":"ping"`, `"method":"nonsense"`, `"method":"ping","params":"` + strings.Repeat("x", 65<<10) + `"`} {
		ch := make(chan map[string]any, 1)
		p.mu.Lock()
		p.results[long[:128]+"…"] = ch
		p.mu.Unlock()
		if err := p.ws.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"id":%q,%s}`, long, body)); err != nil {
			t.Fatal(err)
		}
		select {
		case r := <-ch:
			if r["error"] == nil {
				t.Errorf("answered %v", r)
			}
		case <-time.After(time.Minute):
			t.Fatal("no answer")
		}
	}
}

// TestWhatCostsMoreThanItCarriesIsMetered calls as fast as it can and reads every
// answer.
func TestWhatCostsMoreThanItCarriesIsMetered(t *testing.T) {
	for _, c := range []struct {
		method, limit string
		params        map[string]any
	}{
		{"get-metadata", "limits.answer_bytes_per_second", map[string]any{"key": "k"}},
		{"listen-metadata-change", "limits.answer_bytes_per_second", map[string]any{"keys": []string{"k"}}},
		{"find-peer", "limits.answer_bytes_per_second", map[string]any{"limit": 100}},
		{"peer-name-search", "limits.answer_bytes_per_second", map[string]any{"query": ""}},
		{"broadcast", "limits.tell_bytes_per_second", map[string]any{"info": map[string]any{"message": strings.Repeat("m", 1000)}}},
		{"set-metadata", "limits.tell_bytes_per_second", map[string]any{"key": "other", "data": strings.Repeat("m", 1000)}},
		{"peer-update", "limits.tell_bytes_per_second", map[string]any{"data": strings.Repeat("m", 1000)}},
		{"group-join", "limits.tell_bytes_per_second", map[string]any{"name": "_handraise"}},
	} {
		t.Run(c.method, func(t *testing.T) {
			s := newStation(t, func(c *config) {
				c.Wire.FrameRate, c.Bounds.Tell, c.Bounds.Answer = 10_000, 10<<10, 16<<10
			})
			p := s.joined("host", "mallory")
			p.must("set-metadata", map[string]any{"key": "k", "data": strings.Repeat("v", 20<<10)})
			for i := 0; s.limited(c.limit) == 0; i++ {
				if i == 1000 {
					t.Fatal("never refused")
				}
				if _, _, f := p.call(c.method, c.params); f != "" && f != "rate.limited" {
					t.Fatalf("refused as %s", f)
				}
			}
			said := ""
			for i := 0; !strings.Contains(said, "rate.limited") && i < 1000; i++ { // some of the budget may be back by now
				id := uuid.NewString()
				ch := make(chan map[string]any, 1)
				p.mu.Lock()
				p.results[id] = ch
				p.mu.Unlock()
				_ = p.write(map[string]any{"id": id, "method": c.method, "params": c.params})
				said = fmt.Sprint((<-ch)["error"])
			}
			for _, want := range []string{"rate.limited", c.limit, "retry_after_seconds", "429"} {
				if !strings.Contains(said, want) {
					t.Errorf("the refusal does not say %q: %s", want, said)
				}
			}
			p.must("ping", map[string]any{"timestamp": 1}) // the socket lives on
		})
	}
}

// TestEveryFrameCounts sends frames of which each kind used to pass by the rate.
func TestEveryFrameCounts(t *testing.T) {
	for name, f := range map[string]struct {
		kind websocket.MessageType
		b    []byte
	}{
		"oversize": {websocket.MessageText, []byte(`{"id":"` + strings.Repeat("x", 16<<10) + `"}`)},
		"binary":   {websocket.MessageBinary, []byte(`{"id":"1","method":"ping"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStation(t, func(c *config) { c.Wire.FrameRate, c.Wire.MaxFrame = 20, 8<<10 })
			m := s.mute("guest", "mallory")
			go func() {
				for m.raw(f.kind, f.b) {
				}
			}()
			began := time.Now()
			eventually(t, "frames are refused for coming too fast", func() bool { return s.limited("limits.frames_per_second") >= 5 })
			// Once too many have come, no more are read than the rate allows and
			// as many refusals.
			read := s.value("redial_signal_frames_in_total")
			if most := 100 + 2*20*(time.Since(began).Seconds()+1); read > most {
				t.Errorf("%v frames were read, want %v at most", read, most)
			}
		})
	}
}

// TestWhatIsKeptForTheAwayIsBounded talks to somebody whose socket has dropped.
func TestWhatIsKeptForTheAwayIsBounded(t *testing.T) {
	s := newStation(t, func(c *config) { unhurried(c); c.Sockets.Bounds.Away = 100 << 10 })
	bob, ann := s.joined("guest", "bob"), s.joined("guest", "ann")
	_ = ann.ws.CloseNow()
	s.waitHeld(1)
	for i := range 30 {
		bob.must("broadcast", map[string]any{"info": map[string]any{"message": fmt.Sprintf("%02d", i) + strings.Repeat("<", 10<<10)}})
	}
	eventually(t, "21 of 30 messages are dropped", func() bool { return s.limited("limits.away_bytes") == 21 })
	ann.open()
	for i := range 9 {
		got := fmt.Sprint(ann.expect("on-broadcast")["info"])
		if !strings.Contains(got, fmt.Sprintf("%02d<<", i)) {
			t.Fatalf("message %d is %.20s", i, got)
		}
	}
}

// TestWhatIsKeptForAllTheAwayIsBounded talks to many whose sockets have dropped,
// and a word to one more: who gets much loses the oldest of it and is told so, and
// the word arrives.
func TestWhatIsKeptForAllTheAwayIsBounded(t *testing.T) {
	const bound = 200 << 10
	s := newStation(t, func(c *config) { unhurried(c); c.Sockets.Bounds.Away, c.Sockets.Bounds.Kept = 150<<10, bound })
	bob := s.joined("guest", "bob")
	var away []*peer
	for i := range 4 {
		p := s.joined("guest", fmt.Sprint("away", i))
		away = append(away, p)
	}
	for _, p := range away {
		_ = p.ws.CloseNow()
	}
	s.waitHeld(4)
	say := func(to *peer, text string) {
		t.Helper()
		bob.must("broadcast", map[string]any{"peer_id": to.id, "info": map[string]any{"message": text}})
	}
	quiet, noisy := away[0], away[1:]
	say(quiet, "a word")
	for i := range 12 {
		for _, p := range noisy {
			say(p, fmt.Sprintf("%02d", i)+strings.Repeat("<", 10<<10))
		}
		if kept := s.value("redial_signal_kept_bytes"); kept > bound {
			t.Fatalf("%v bytes are kept", kept)
		}
	}
	eventually(t, "a third of 36 messages of 10 KiB is lost", func() bool { return s.limited("limits.kept_bytes") >= 12 })
	told := 0.0
	for _, p := range noisy {
		p.open()
		for i := -1; i < 11; {
			var n int
			if _, err := fmt.Sscanf(fmt.Sprint(p.expect("on-broadcast")["info"].(map[string]any)["message"]), "%d<", &n); err != nil || i >= 0 && n != i+1 {
				t.Fatalf("message %d comes after %d: %v", n, i, err)
			}
			i = n
		}
		w := p.expectWhere("on-warning", func(w map[string]any) bool { return w["fault"] == "message.lost" })
		var n float64
		said := fmt.Sprint(w["message"])
		if _, err := fmt.Sscanf(said[strings.Index(said, "messages: "):], "messages: %f", &n); err != nil || !strings.Contains(said, "limits.kept_bytes") {
			t.Errorf("told %q, %v", said, err)
		}
		told += n
	}
	if lost := s.limited("limits.kept_bytes"); told != lost {
		t.Errorf("%v messages are lost, and peers are told of %v", lost, told)
	}
	quiet.open()
	quiet.expectWhere("on-broadcast", func(m map[string]any) bool { return strings.Contains(fmt.Sprint(m), "a word") })
	for _, p := range append(away, bob) {
		p.must("leave", map[string]any{})
	}
	eventually(t, "nothing is kept for who has left", func() bool { return s.value("redial_signal_kept_bytes") == 0 })
}

// TestOffersComeAtARate sends offers that are not even readable.
func TestOffersComeAtARate(t *testing.T) {
	s := newStation(t, func(c *config) { c.Bounds.Offers = 1 })
	p := s.joined("host", "mallory")
	refused := 0
	for range 20 {
		if _, _, f := p.call("offer", map[string]any{"desc": map[string]any{"type": "offer", "sdp": "v=1 rubbish"}}); f == "rate.limited" {
			refused++
		} else if f != "sdp.invalid" {
			t.Fatalf("refused as %s", f)
		}
	}
	if refused < 10 || float64(refused) != s.limited("limits.offers_per_second") {
		t.Errorf("%d of 20 offers refused, %v counted", refused, s.limited("limits.offers_per_second"))
	}
}
