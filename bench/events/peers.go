// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/figures"
)

// What is measured beside the embedded store: databases that people would keep events
// in instead, on the same machine, one after the other, with the same events.

// keeper is something that keeps events.
type keeper interface {
	// about says what it is and how it is used here.
	about() string
	// flushed tells whether what it has acknowledged is on disk.
	flushed() bool
	// add stores events at once.
	add(ctx context.Context, events []event.Event) error
	// rest returns when it does nothing more for what has been added in the meantime.
	rest(ctx context.Context) error
	// settle has it do all that it does later.
	settle(ctx context.Context) error
	// bytes is what it takes on disk.
	bytes(ctx context.Context) (int64, error)
	// page reads the ten newest events of a room.
	page(ctx context.Context, room string) (n int, err error)
	// faults counts the failures of all days by fault.
	faults(ctx context.Context) (n int, err error)
	// processor is what it has used.
	processor() time.Duration
	// apart tells whether it is a process of its own.
	apart() bool
	// caller is what was used beside that by whoever puts events in: this process and a
	// client program. Nothing where the store is in this process.
	caller() time.Duration
	close() error
}

// peers are those that can be asked for.
var peers = map[string]func(ctx context.Context, dir string) (keeper, error){
	"postgres":   openPostgres,
	"clickhouse": openClickHouse,
}

// measured is a row of the table.
type measured struct {
	about   string
	flushed bool
	rate    float64 // events a second
	busy    float64 // seconds of processor time of 1,000, of the store
	whole   float64 // the same with its caller's
	bytes   float64 // of an event
	pages   spread
	counts  spread
}

// chunk is how many events are made at a time, while nothing is measured.
const chunk = 20_000

// measurePeers measures the embedded store and some others with n events each. They take
// turns, so that a minute in which the machine is slow is one for all of them.
func measurePeers(ctx context.Context, names string, n, asks int, scratch string) (table []measured, err error) {
	others := strings.Split(names, ",")
	for _, name := range others { // now, and not when the first has been measured
		if peers[name] == nil {
			return nil, fmt.Errorf("-peers: %q is not known; there are postgres and clickhouse", name)
		}
		if _, err := os.Stat(scriptPath(name + ".sh")); err != nil {
			return nil, fmt.Errorf("-peers: run this in the project's folder, which has the scripts that start other databases: %w", err)
		}
	}
	var all []*turns
	defer func() {
		for _, t := range all {
			err = errors.Join(err, t.close())
		}
	}()
	for _, name := range append([]string{"embedded"}, others...) {
		open := peers[name]
		if name == "embedded" {
			open = openEmbedded
		}
		k, err := open(ctx, mkdir(filepath.Join(scratch, name)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, &turns{keeper: k, began: k.processor()})
	}
	p := newPopulation(n, time.Now().UTC().Truncate(time.Hour), historyDays*event.Day)
	events := make([]event.Event, 0, chunk)
	var rooms []string
	tell := max(n/10/chunk, 5) * chunk // how often it is told how far this is, in events
	for stored := 0; stored < n; stored += len(events) {
		if stored > 0 && stored%tell == 0 {
			for _, t := range all {
				progress("%s: %s of %s events, %s", t.about(), count(stored), count(n), t.soFar(stored))
			}
		}
		events = events[:0]
		for range min(chunk, n-stored) {
			events = append(events, p.next())
		}
		rooms = append(rooms, events[0].RoomID, events[len(events)/2].RoomID)
		for _, t := range all {
			if err := t.store(ctx, events); err != nil {
				return nil, fmt.Errorf("%s: %w", t.about(), err)
			}
		}
	}
	for _, t := range all {
		m, err := t.finish(ctx, n, asks, rooms)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.about(), err)
		}
		progress("%s", m)
		table = append(table, m)
	}
	return table, nil
}

// turns are those of one of them.
type turns struct {
	keeper
	began              time.Duration // what it had used when it was opened
	took, used, beside time.Duration
}

// store has it take a chunk.
func (t *turns) store(ctx context.Context, events []event.Event) error {
	before, outside, began := t.processor(), t.caller(), time.Now()
	for at := 0; at < len(events); at += bulk {
		if err := t.add(ctx, events[at:min(at+bulk, len(events))]); err != nil {
			return err
		}
	}
	t.took += time.Since(began)
	t.beside += t.caller() - outside
	err := t.rest(ctx)
	t.used += t.processor() - before
	return err
}

// sum is what it has used so far. Of a process of its own that is all, and not only what it did
// in its turns.
func (t *turns) sum() time.Duration {
	if t.apart() {
		return t.processor() - t.began
	}
	return t.used
}

// cost is how many of n events it took a second, and the seconds of processor time of 1,000:
// its own, and with its caller's.
func (t *turns) cost(n int) (rate, own, whole float64) {
	used := t.sum()
	return float64(n) / t.took.Seconds(), used.Seconds() / float64(n) * 1000, (used + t.beside).Seconds() / float64(n) * 1000
}

func (t *turns) soFar(n int) string {
	rate, own, whole := t.cost(n)
	return fmt.Sprintf("%.0f a second so far, %.3f s of processor time of 1,000, %.3f with its caller", rate, own, whole)
}

// finish has it do what it does later, and asks it.
func (t *turns) finish(ctx context.Context, n, asks int, rooms []string) (m measured, err error) {
	m.about, m.flushed = t.about(), t.flushed()
	before := t.processor()
	if err := t.settle(ctx); err != nil {
		return m, err
	}
	t.used += t.processor() - before
	m.rate, m.busy, m.whole = t.cost(n)
	size, err := t.bytes(ctx)
	if err != nil {
		return m, err
	}
	m.bytes = float64(size) / float64(n)
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for range asks {
		began := time.Now()
		found, err := t.page(ctx, pick(rng, rooms))
		m.pages = append(m.pages, time.Since(began))
		if err != nil || found == 0 {
			return m, fmt.Errorf("a page of %d events: %w", found, err)
		}
	}
	for range max(5, asks/20) {
		began := time.Now()
		found, err := t.faults(ctx)
		m.counts = append(m.counts, time.Since(began))
		if err != nil || found < 10 {
			return m, fmt.Errorf("counts of %d faults: %w", found, err)
		}
	}
	return m, nil
}

func (m measured) String() string {
	ack := "no"
	if m.flushed {
		ack = "yes"
	}
	return fmt.Sprintf("| %s | %s | %.0f | %.3f | %.3f | %.0f | %s / %s | %s |", m.about, ack, m.rate, m.busy, m.whole, m.bytes, ms(m.pages.at(0.5)), ms(m.pages.at(0.99)), ms(m.counts.at(0.5)))
}

const (
	peersBegin = "<!-- bench-peers: written by make bench-events PEERS=postgres,clickhouse -->"
	peersEnd   = "<!-- /bench-peers -->"
)

// writePeers prints the table, and puts it into a file where one is named.
func writePeers(o options, list []measured) error {
	text := func(w io.Writer) {
		fmt.Fprintf(w, "%s, `make bench-events PEERS=%s` with %s events of 30 days: %s; load average of %s.\n\n",
			time.Now().UTC().Format(time.DateOnly), o.peers, count(o.events), figures.Machine(), loadAverage())
		fmt.Fprintln(w, "| | on disk when acknowledged | events/s | s of processor time of 1,000, of the store | with its caller | bytes of an event | page of 10 by room, p50 / p99 | count by fault, p50 |\n|---|---|---|---|---|---|---|---|")
		for _, m := range list {
			fmt.Fprintln(w, m)
		}
	}
	fmt.Println()
	text(os.Stdout)
	if o.write == "" {
		return nil
	}
	return figures.Write(o.write, peersBegin, peersEnd, text)
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return load
}

// embedded is our own store, in this process.
type embedded struct {
	s   *sqlite.Store
	now time.Time // of the last event
}

func openEmbedded(ctx context.Context, dir string) (keeper, error) {
	s, err := sqlite.Open(ctx, dir, nil)
	return &embedded{s: s}, err
}

func (e *embedded) about() string {
	return "**embedded store**, 1,000 a transaction, with indexes, summaries and the index of people"
}
func (*embedded) flushed() bool              { return true }
func (*embedded) processor() time.Duration   { return processorTime(os.Getpid()) }
func (*embedded) caller() time.Duration      { return 0 } // the same process
func (*embedded) apart() bool                { return false }
func (e *embedded) close() error             { return e.s.Close() }
func (*embedded) all() (since, to time.Time) { return time.Now().Add(-40 * event.Day), time.Now() }

func (e *embedded) add(ctx context.Context, events []event.Event) error {
	e.now = events[len(events)-1].Time
	_, err := e.s.Append(ctx, events)
	return err
}

// rest does what a server has done in the time that the events took to come: it adds up the
// days that were over then, and not the one that events were still told of. Then it waits until
// nothing more is done in the background, which would be taken for what another's caller uses.
func (e *embedded) rest(ctx context.Context) error {
	err := e.s.Settle(ctx, e.now)
	for idle := false; !idle; {
		before := e.processor()
		time.Sleep(quiet)
		idle = e.processor()-before < quiet/10
	}
	return err
}

// quiet is how long a process must do next to nothing to be at rest.
const quiet = 50 * time.Millisecond

func (e *embedded) settle(ctx context.Context) error { return e.s.Settle(ctx, time.Now()) }

func (e *embedded) bytes(ctx context.Context) (int64, error) {
	size, err := e.s.Size(ctx)
	return size.Bytes, err
}

func (e *embedded) page(ctx context.Context, room string) (int, error) {
	p, err := e.s.Query(ctx, event.Query{AccountID: account, RoomID: room, Desc: true})
	return len(p.Events), err
}

func (e *embedded) faults(ctx context.Context) (int, error) {
	since, until := e.all()
	sum, err := e.s.Summarize(ctx, event.SummaryQuery{AccountID: account, By: event.ByFault, Types: event.Types[:5], Since: since, Until: until})
	return len(sum.Groups), err
}

func scriptPath(name string) string { return filepath.Join("scripts", name) }

// script runs one of the project's scripts and gives what it prints last.
func script(name string, args ...string) (string, error) {
	c := exec.Command(scriptPath(name), args...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	return strings.TrimSpace(string(out)), err
}

// columns is what both databases have columns of, as text.
func columns(e *event.Event) []string {
	flag := "0"
	if e.Failure.Terminal {
		flag = "1"
	}
	return []string{
		e.ID, fmt.Sprint(e.Time.UnixMicro()), string(e.Type), e.RoomID, e.SessionID, e.PeerID, e.UserID, e.Fault, fmt.Sprint(e.Failure.Code), flag,
		e.Agent.SDK, e.Agent.OS, string(eventjson.Append(nil, e)),
	}
}

// tab writes a row of PostgreSQL's COPY and of ClickHouse's TabSeparated, which agree.
func tab(b *strings.Builder, e *event.Event) {
	for i, text := range columns(e) {
		if i > 0 {
			b.WriteByte('\t')
		}
		_, _ = escapes.WriteString(b, text) // never fails
	}
	b.WriteByte('\n')
}

var escapes = strings.NewReplacer("\\", "\\\\", "\t", "\\t", "\n", "\\n", "\r", "\\r")
