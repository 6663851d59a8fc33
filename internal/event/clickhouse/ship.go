// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

const (
	shipEvery = time.Second      // how often the forwarder looks
	shipBatch = 2000             // events of one insert
	shedBatch = 500              // rows that leave the spool in one transaction
	slowest   = 30 * time.Second // between two tries while ClickHouse is away
	maxLocal  = 20_000           // events that Copy lets gather in the spool
)

// forwarder is how far shipping has come.
type forwarder struct {
	mu          sync.Mutex // held while events move or are removed
	prepared    bool
	shipped     int64 // places up to this one are in ClickHouse, as far as we know
	reached     atomic.Int64
	seen        []milestone // when the newest place was what
	sent        []milestone // when which places had been shipped
	diagnosed   turns       // how far verdicts have come
	unconfirmed []string    // ids of inserts that may still be running
	keyed       int64       // places up to this one have been seen to have their keys
}

type milestone struct {
	upto int64
	at   time.Time
}

// latest gives the last milestone that is at least age old, and the list
// without those before it.
func latest(list []milestone, age time.Duration, now time.Time) (int64, []milestone) {
	for i, m := range slices.Backward(list) {
		if now.Sub(m.at) >= age {
			return m.upto, list[i:]
		}
	}
	return 0, list
}

// forward ships until the context ends.
func (s *Store) forward(ctx context.Context) {
	defer close(s.done)
	wait, failing := shipEvery, false
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		err := s.step(ctx, s.cfg.Settle, s.cfg.Keep)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			s.m.failed()
			if wait = min(2*wait, slowest); !failing {
				failing = true
				s.log.Error("events wait in the spool: ClickHouse does not take them", "fault", fault.From(broken(err), fault.OpReport))
			}
		case failing:
			wait, failing = shipEvery, false
			s.log.Info("ClickHouse takes events again")
		}
	}
}

// Flush ships everything and empties the spool, without waiting for second
// accounts of failures. It fails with fault.StoreUnavailable.
func (s *Store) Flush(ctx context.Context) error {
	return broken(s.step(ctx, 0, 0))
}

// step ships what has been here for settle, and lets go of what was shipped
// keep ago.
func (s *Store) step(ctx context.Context, settle, keep time.Duration) error {
	f := &s.ship
	f.mu.Lock()
	defer f.mu.Unlock()
	last, err := s.spool.Last(ctx)
	if err != nil {
		return err
	}
	if s.evicted > 0 && !s.days.known {
		_ = s.learn(ctx) // until it works, totals are counted
	}
	if s.evicted > 0 && !s.facets.complete.Load() {
		_ = s.facets.fill(ctx, s) // until it works, columns are read
	}
	if err := s.others.meet(ctx, s, settle == 0); err != nil && settle == 0 {
		return err // else it is tried again; what others have stays as it was known
	}
	now := time.Now()
	if n := len(f.seen); last > 0 && (n == 0 || f.seen[n-1].upto < last) {
		f.seen = append(f.seen, milestone{last, now})
	}
	var ready int64
	ready, f.seen = latest(f.seen, settle, now)
	if settle >= event.PairWindow { // else events are not to wait for what others have to say
		ready = s.withVerdicts(ready, now)
	}
	if ready > f.shipped {
		if err := s.ready(ctx); err != nil {
			return err
		}
	}
	for f.shipped < ready {
		records, err := s.spool.Records(ctx, f.shipped, ready, shipBatch)
		if err != nil {
			return err
		}
		upto := ready
		if len(records) > 0 {
			if err := s.ensure(ctx, records); err != nil {
				f.prepared = false // look again who we talk to
				return err
			}
			upto = records[len(records)-1].Seq
			f.sent = append(f.sent, milestone{upto, time.Now()})
		}
		f.shipped = upto
		f.reached.Store(upto)
	}
	if err := s.joins.ship(ctx, s, time.Now()); err != nil {
		f.prepared = false
		return err
	}
	if settle == 0 {
		if err := s.others.tell(ctx, s); err != nil {
			return err
		}
	}
	due, sent := latest(f.sent, keep, time.Now())
	f.sent = sent
	for f.keyed = max(f.keyed, s.evicted); f.keyed < due; {
		if err := s.ensureKeys(ctx, due); err != nil {
			f.prepared = false
			return err
		}
	}
	for s.evicted < due { // written with f.mu held alone
		if err := s.letGo(ctx, due); err != nil {
			f.prepared = false
			return err
		}
	}
	return nil
}

// ready makes sure, once per connection's life, that the tables are there and
// ours.
func (s *Store) ready(ctx context.Context) error {
	if s.ship.prepared {
		return s.claim(ctx)
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	s.ship.prepared = true
	return nil
}

// letGo lets some rows up to a place leave the spool, having looked again that
// ClickHouse has them.
func (s *Store) letGo(ctx context.Context, due int64) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	records, err := s.spool.Records(ctx, s.evicted, due, shedBatch)
	if err != nil {
		return err
	}
	if len(records) == 0 { // they were removed meanwhile
		s.edge.Lock()
		defer s.edge.Unlock()
		s.evicted = due
		return nil
	}
	if err := s.ensure(ctx, records); err != nil {
		return err
	}
	s.edge.Lock()
	defer s.edge.Unlock()
	err = s.spool.Evict(ctx, records)
	if errors.Is(err, eventlog.ErrChanged) {
		return nil // the next turn reads and ships them again
	}
	if err != nil {
		return err
	}
	s.evicted = records[len(records)-1].Seq
	s.days.add(records)
	return nil
}

// ensure makes ClickHouse have exactly these consecutive records of the spool:
// it looks what is there, takes away what is outdated, inserts what is missing,
// and looks again. It can be repeated after any failure.
func (s *Store) ensure(ctx context.Context, records []eventlog.Record) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := s.settleUnconfirmed(ctx); err != nil {
		return err
	}
	missing, outdated, err := s.compare(ctx, records)
	if err != nil {
		return err
	}
	if len(outdated) > 0 {
		// The keys first: as long as the events are there, this is done again.
		for _, table := range []string{"events_keys", "events"} {
			if err := s.mutate(ctx, table, "seq IN ("+join(outdated)+")"); err != nil {
				return err
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for rest := missing; len(rest) > 0; {
		n := fewDays(rest, dayOfRecord)
		if err := s.insert(ctx, rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	if missing, outdated, err = s.compare(ctx, records); err != nil {
		return err
	}
	if len(missing)+len(outdated) > 0 {
		return fmt.Errorf("%d events are not there after they were inserted", len(missing)+len(outdated))
	}
	return nil
}

// maxDays is how many days one insert may touch: ClickHouse refuses more than a
// hundred partitions.
const maxDays = 50

// fewDays is how many of the first rows touch no more than maxDays.
func fewDays[T any](rows []T, of func(*T) int64) int {
	days := map[int64]bool{}
	for i := range rows {
		if days[of(&rows[i])] = true; len(days) > maxDays {
			return i
		}
	}
	return len(rows)
}

// dayOfRecord is the day that a record is kept with.
func dayOfRecord(r *eventlog.Record) int64 { return dayOf(r.Time.UnixNano()) }

// compare tells which records ClickHouse lacks, and the places there of those it has
// in another state or twice, which are among the lacking.
func (s *Store) compare(ctx context.Context, records []eventlog.Record) (missing []eventlog.Record, outdated []int64, err error) {
	w := &where{}
	s.number.span(w, records[0].Seq-1, records[len(records)-1].Seq)
	rows, err := s.conn.Query(ctx, "SELECT seq, toString(source), confidence FROM events WHERE "+w.text.String())
	if err != nil {
		return nil, nil, err
	}
	type state struct {
		source     string
		confidence uint8
	}
	there, twice := map[int64]state{}, map[int64]bool{}
	err = each(rows, func() error {
		var seq uint64
		var is state
		err := rows.Scan(&seq, &is.source, &is.confidence)
		if _, known := there[placeOf(seq)]; known { // an insert we gave up on arrived after all
			twice[placeOf(seq)] = true
		}
		there[placeOf(seq)] = is
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, r := range records {
		is, ok := there[r.Seq]
		if ok && !twice[r.Seq] && is == (state{string(r.Source), confidenceOf(&r)}) {
			continue
		}
		missing = append(missing, r)
		if ok {
			outdated = append(outdated, s.number.at(r.Seq))
		}
	}
	return missing, outdated, nil
}

// keysBatch is how many places have their keys looked for at once: keys are not
// in the order of places, so looking reads a day's.
const keysBatch = 20_000

// ensureKeys makes ClickHouse have the keys of some shipped records, which it has
// unless its machine lost power.
func (s *Store) ensureKeys(ctx context.Context, due int64) error {
	f := &s.ship
	if err := s.ready(ctx); err != nil {
		return err
	}
	var all []eventlog.Record
	for above := f.keyed; len(all) < keysBatch; {
		some, err := s.spool.Records(ctx, above, due, shipBatch)
		if err != nil {
			return err
		}
		if len(some) == 0 {
			break
		}
		all = append(all, some...)
		above = some[len(some)-1].Seq
	}
	if len(all) == 0 {
		f.keyed = due
		return nil
	}
	from, to := all[0].Time.UnixNano(), all[0].Time.UnixNano()
	for i := range all {
		at := all[i].Time.UnixNano()
		from, to = min(from, at), max(to, at)
	}
	last := all[len(all)-1].Seq
	w := &where{}
	s.number.span(w, all[0].Seq-1, last)
	rows, err := s.conn.Query(ctx, fmt.Sprintf("SELECT seq, uniqExact(scope) FROM events_keys WHERE time >= %d AND time <= %d AND %s GROUP BY seq", from, to, w.text.String()))
	if err != nil {
		return err
	}
	have := map[int64]uint64{}
	err = each(rows, func() error {
		var seq, n uint64
		err := rows.Scan(&seq, &n)
		have[placeOf(seq)] = n
		return err
	})
	if err != nil {
		return err
	}
	var missing []eventlog.Record
	for i := range all {
		if r := &all[i]; uint64(len(keysOf(r, s.facets.able.Load()))) > have[r.Seq] {
			missing = append(missing, *r)
		}
	}
	for len(missing) > 0 {
		n := fewDays(missing, dayOfRecord)
		if err := s.insertKeys(ctx, missing[:n]); err != nil {
			return err
		}
		missing = missing[n:]
	}
	f.keyed = last
	return nil
}

// settleUnconfirmed waits until inserts whose answers never came have ended.
func (s *Store) settleUnconfirmed(ctx context.Context) error {
	f := &s.ship
	for len(f.unconfirmed) > 0 {
		var running uint64
		if err := s.conn.QueryRow(ctx, "SELECT count() FROM system.processes WHERE query_id = ?", f.unconfirmed[0]).Scan(&running); err != nil {
			return err
		}
		if running == 0 {
			f.unconfirmed = f.unconfirmed[1:]
			continue
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// scoped is one key of an event.
type scoped struct{ scope, key string }

// keysOf lists by what an event is found, by its facets where the table takes them.
func keysOf(r *eventlog.Record, facets bool) []scoped {
	keys := []scoped{{"room", r.RoomID}, {"session", r.SessionID}, {"user", r.UserKey()}, {"peer", r.PeerID}}
	if facets {
		keys = append(keys, facetsOf(r)...)
	}
	return slices.DeleteFunc(keys, func(k scoped) bool { return k.key == "" })
}

// block inserts rows in one block.
func block(ctx context.Context, conn driver.Conn, into string, fill func(driver.Batch) error) error {
	batch, err := conn.PrepareBatch(ctx, into)
	if err != nil {
		return err
	}
	defer batch.Close()
	if err := fill(batch); err != nil {
		return err
	}
	return batch.Send()
}

// send inserts rows in one block. Until it has an answer it is unconfirmed.
func (s *Store) send(ctx context.Context, into string, fill func(driver.Batch) error) error {
	id := uuid.NewString()
	s.ship.unconfirmed = append(s.ship.unconfirmed, id)
	if err := block(ch.Context(ctx, ch.WithQueryID(id)), s.conn, into, fill); err != nil {
		return err
	}
	s.ship.unconfirmed = slices.DeleteFunc(s.ship.unconfirmed, func(other string) bool { return other == id })
	return nil
}

func (s *Store) insertKeys(ctx context.Context, records []eventlog.Record) error {
	return s.send(ctx, "INSERT INTO events_keys (key, scope, account, seq, time, type)", func(batch driver.Batch) error {
		for i := range records {
			r := &records[i]
			for _, k := range keysOf(r, s.facets.able.Load()) {
				if err := batch.Append(k.key, k.scope, r.AccountID, uint64(s.number.at(r.Seq)), r.Time.UnixNano(), string(r.Type)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

const insertColumns = `INSERT INTO events (seq, id, time, account, type, source, room, session, peer, user, role, template,
	fault, code, terminal, injected, sdk, sdk_version, os, browser, failed_join, also, doc,
	diagnosis, confidence, rules, version)`

// insert writes the keys of records and then the records: where these are, those
// are.
func (s *Store) insert(ctx context.Context, records []eventlog.Record) error {
	if err := s.insertKeys(ctx, records); err != nil {
		return err
	}
	version := time.Now().UnixNano()
	err := s.send(ctx, insertColumns, func(batch driver.Batch) error {
		for i := range records {
			r := &records[i]
			key, err := uuid.Parse(r.ID)
			if err != nil {
				return err
			}
			if r.Failure.Code > math.MaxInt32 || r.Failure.Code < math.MinInt32 {
				return fmt.Errorf("error code %d does not fit", r.Failure.Code)
			}
			d := verdictOf(r)
			if err := batch.Append(uint64(s.number.at(r.Seq)), key, r.Time.UnixNano(), r.AccountID, string(r.Type), string(r.Source),
				r.RoomID, r.SessionID, r.PeerID, r.UserKey(), r.Role, r.TemplateID,
				r.Fault, int32(r.Failure.Code), bit(r.Failure.Terminal), bit(r.Injected), r.Agent.SDK, r.Agent.SDKVersion, r.Agent.OS, r.Agent.Browser(),
				bit(r.FailedJoin), also(r), string(eventjson.AppendStored(nil, &r.Event, s.cfg.Words)),
				d.Cause, confidenceOf(r), d.Rules, version); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.m.shipped(len(records))
	}
	return err
}

// verdictOf is the verdict of a record, with nothing in it where there is none.
func verdictOf(r *eventlog.Record) event.Diagnosis {
	if r.Diagnosis == nil {
		return event.Diagnosis{}
	}
	return *r.Diagnosis
}

// confidenceOf is how sure that is, as a number; 0 for no verdict.
func confidenceOf(r *eventlog.Record) uint8 {
	return uint8(eventlog.ConfidenceCode(verdictOf(r).Confidence))
}

// also is never nil, which the driver would take for no value.
func also(r *eventlog.Record) []string {
	if r.Also == nil {
		return []string{}
	}
	return r.Also
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
