// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/sfu"
)

// Bounds of a run.
const (
	RunFor     = time.Minute      // how long one lasts at most
	tryFor     = 8 * time.Second  // one connection
	HoldFor    = 12 * time.Second // how long its socket is held
	maxEchoes  = 64               // messages that one connection sends back
	MaxOffer   = 16 << 10         // bytes of an offer
	runsOfCase = 2                // at once
)

// Config is what Runs need. All is required but Log and Limited.
type Config struct {
	Engine  *sfu.Engine
	Most    int                  // runs at once
	Log     *slog.Logger         // nil: silent
	Limited func(setting string) // counts who was refused; nil: nobody does
}

// Runs are the openings of pages that go on.
type Runs struct {
	cfg  Config
	mu   sync.Mutex
	open map[string]*Run
	done bool
}

// NewRuns makes them. Close ends those that go on.
func NewRuns(cfg Config) *Runs {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Limited == nil {
		cfg.Limited = func(string) {}
	}
	return &Runs{cfg: cfg, open: map[string]*Run{}}
}

// Run is one opening of a page about one failure.
type Run struct {
	ID    string
	Event uuid.UUID
	From  netip.Addr // of whoever opened it

	all     *Runs
	servers []*server
	end     *time.Timer
	holding atomic.Bool

	mu    sync.Mutex
	tries map[string]*try // by protocol
	since time.Time       // when its socket was opened; zero for none
	held  *int64
	cut   bool
	ended bool
}

// try is one connection.
type try struct {
	pub    *sfu.Publisher
	echoes atomic.Int32
	up     atomic.Bool
	once   sync.Once
	began  time.Time
	found  *evidence.Try // what was seen of it when it was closed
}

// Begin opens a run, with the URLs of the ICE servers that its page tries. It fails with
// fault.RateLimited where too many go on, and with fault.Draining after Close.
func (r *Runs) Begin(event uuid.UUID, from netip.Addr, urls []string) (*Run, error) {
	run := &Run{ID: rand.Text(), Event: event, From: from, all: r, tries: map[string]*try{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	same := 0
	for _, o := range r.open {
		if o.Event == event {
			same++
		}
	}
	switch {
	case r.done:
		return nil, fault.Draining.New()
	case len(r.open) >= r.cfg.Most:
		r.cfg.Limited("limits.asked_browsers")
		return nil, fault.RateLimited.New("limit", "limits.asked_browsers", "max", r.cfg.Most, "retry_after_seconds", int64(RunFor/time.Second))
	case same >= runsOfCase:
		return nil, fault.RateLimited.New("reason", "the page is open elsewhere", "max", runsOfCase, "retry_after_seconds", int64(RunFor/time.Second))
	}
	r.open[run.ID] = run
	run.end = time.AfterFunc(RunFor, run.close)
	run.servers = r.look(urls)
	return run, nil
}

// Find gives a run that goes on: fault.FieldInvalid for none of this failure.
func (r *Runs) Find(event uuid.UUID, id string) (*Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if run := r.open[id]; run != nil && run.Event == event {
		return run, nil
	}
	return nil, fault.FieldInvalid.New("field", "run", "reason", "is none that goes on: it was told already, or a minute has passed", "want", "open the page again")
}

// Close ends all runs.
func (r *Runs) Close() {
	r.mu.Lock()
	r.done = true
	all := make([]*Run, 0, len(r.open))
	for _, run := range r.open {
		all = append(all, run)
	}
	r.mu.Unlock()
	for _, run := range all {
		run.close()
	}
}

// take ends the run for everybody else; false where somebody did so before.
func (run *Run) take() bool {
	run.mu.Lock()
	ended := run.ended
	run.ended = true
	run.mu.Unlock()
	if ended {
		return false
	}
	run.end.Stop()
	run.all.mu.Lock()
	delete(run.all.open, run.ID)
	run.all.mu.Unlock()
	return true
}

func (run *Run) close() {
	if run.take() {
		run.closeTries()
	}
}

// Offer answers the page's offer of a connection over "udp" or "tcp", once each. The
// server is told no address of the page's, so that what arrives comes by itself. It
// fails with fault.FieldInvalid and as an sfu.Publisher's Answer does.
func (run *Run) Offer(ctx context.Context, over, sdp string) (string, error) {
	switch {
	case over != "udp" && over != "tcp":
		return "", fault.FieldInvalid.New("field", "over", "want", "udp or tcp")
	case len(sdp) > MaxOffer:
		return "", fault.FieldInvalid.New("field", "sdp", "limit_bytes", MaxOffer)
	}
	t := &try{}
	run.mu.Lock()
	_, again := run.tries[over]
	if !again && !run.ended {
		run.tries[over] = t
	}
	ended := run.ended
	run.mu.Unlock()
	if again || ended {
		return "", fault.FieldInvalid.New("field", "over", "reason", "was tried before")
	}
	pub, err := run.all.cfg.Engine.NewPublisher(sfu.PublisherConfig{
		Log: run.all.cfg.Log, TCPOnly: over == "tcp", Aside: true, OnChannel: t.echo,
		OnState: func(s sfu.State, _ error) {
			if s == sfu.StateConnected {
				t.up.Store(true)
			}
		},
	})
	if err != nil {
		return "", err
	}
	answer, err := pub.Answer(ctx, webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: without(sdp, func(string) bool { return true })})
	if err != nil {
		_ = pub.Close()
		return "", err
	}
	told := without(answer.SDP, func(protocol string) bool { return protocol != over })
	if !strings.Contains(told, "a=candidate:") { // there is no such port, and nothing to find out
		_ = pub.Close()
		return told, nil
	}
	run.mu.Lock()
	t.pub, t.began = pub, time.Now()
	ended = run.ended
	run.mu.Unlock()
	time.AfterFunc(tryFor, func() { run.see(over) })
	if ended {
		run.see(over)
	}
	return told, nil
}

// without takes the candidates (RFC 8839, section 5.1) of some protocols out of a
// description.
func without(sdp string, drop func(protocol string) bool) string {
	lines := strings.SplitAfter(sdp, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool {
		line = strings.TrimLeft(line, "\r") // as whoever reads it does
		fields := strings.Fields(line)
		return strings.HasPrefix(line, "a=candidate:") && len(fields) > 2 && drop(strings.ToLower(fields[2]))
	}), "")
}

// echo sends back what comes.
func (t *try) echo(c *webrtc.DataChannel) {
	c.OnMessage(func(m webrtc.DataChannelMessage) {
		if len(m.Data) <= 2<<10 && t.echoes.Add(1) <= maxEchoes {
			_ = c.Send(m.Data)
		}
	})
}

// see closes a connection and keeps what was seen of it. It returns when that is done,
// whoever does it.
func (run *Run) see(over string) {
	run.mu.Lock()
	t := run.tries[over]
	ready := t != nil && t.pub != nil
	run.mu.Unlock()
	if !ready {
		return
	}
	t.once.Do(func() {
		found := &evidence.Try{Over: over, Waited: time.Since(t.began).Milliseconds()}
		path := t.pub.Evidence()
		for i := range path.Traffic {
			if in := path.Traffic[i].In; in != nil && path.Traffic[i].Protocol == over {
				found.Came += in.Packets
			}
		}
		found.Up = t.up.Load() || path.DTLS == "connected"
		_ = t.pub.Close()
		run.mu.Lock()
		t.found = found
		run.mu.Unlock()
	})
}

func (run *Run) closeTries() {
	for _, over := range []string{"udp", "tcp"} {
		run.see(over)
	}
}

// Hold takes the run's one socket; false where it has had one. Release says how long it
// was open, and whether it ended before its time.
func (run *Run) Hold() (release func(held time.Duration, cut bool), ok bool) {
	if !run.holding.CompareAndSwap(false, true) {
		return nil, false
	}
	run.mu.Lock()
	run.since = time.Now()
	run.mu.Unlock()
	return func(held time.Duration, cut bool) {
		ms := held.Milliseconds()
		run.mu.Lock()
		run.held, run.cut = &ms, cut
		run.mu.Unlock()
	}, true
}

// Tell ends the run: what the page found, with what the server saw beside it in the
// place of whatever the page says of that. It fails with fault.FieldInvalid where that
// was told already.
func (run *Run) Tell(f *Findings, now time.Time) (*evidence.Asked, error) {
	if !run.take() {
		return nil, fault.FieldInvalid.New("field", "run", "reason", "was told already")
	}
	run.closeTries()
	a := f.asked(now)
	for _, s := range run.servers {
		one := evidence.AskedServer{URL: s.url}
		answers, known := s.asked()
		if one.Own = s.own; known {
			one.Answers = &answers
		}
		if said := f.server(s.url); said != nil {
			one.Found, one.Code, one.Waited = said.Found, said.Code, said.Waited
		}
		a.Servers = append(a.Servers, one)
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	if run.held == nil && !run.since.IsZero() { // it is open still
		ms := time.Since(run.since).Milliseconds()
		run.held = &ms
	}
	a.Held, a.Cut = run.held, run.cut
	for _, over := range []string{"udp", "tcp"} {
		t := run.tries[over]
		if t == nil || t.found == nil {
			continue // it was not made
		}
		one := *t.found
		if said := f.try(over); said != nil {
			one.Largest, one.State, one.After = said.Largest, said.State, said.After
			if !one.Up {
				one.Largest = 0 // nothing comes back over what never came up
			}
		}
		a.Tries = append(a.Tries, one)
	}
	return a, nil
}
