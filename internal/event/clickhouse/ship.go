package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event/sqlite"
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
	mu       sync.Mutex // held while events move or are removed
	prepared bool
	shipped  int64 // places up to this one are in ClickHouse, as far as we know
	reached  atomic.Int64
	seen     []milestone // when the newest place was what
	sent     []milestone // when which places had been shipped
	doubt    string      // id of an insert that may still be running
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
	now := time.Now()
	if n := len(f.seen); last > 0 && (n == 0 || f.seen[n-1].upto < last) {
		f.seen = append(f.seen, milestone{last, now})
	}
	var ready int64
	ready, f.seen = latest(f.seen, settle, now)
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
	due, sent := latest(f.sent, keep, time.Now())
	f.sent = sent
	for s.shed < due { // written with f.mu held alone
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
	records, err := s.spool.Records(ctx, s.shed, due, shedBatch)
	if err != nil {
		return err
	}
	if len(records) == 0 { // they were removed meanwhile
		s.edge.Lock()
		defer s.edge.Unlock()
		s.shed = due
		return nil
	}
	if err := s.ensure(ctx, records); err != nil {
		return err
	}
	s.edge.Lock()
	defer s.edge.Unlock()
	err = s.spool.Shed(ctx, records)
	if errors.Is(err, sqlite.ErrChanged) {
		return nil // the next turn reads and ships them again
	}
	if err != nil {
		return err
	}
	s.shed = records[len(records)-1].Seq
	return nil
}

// ensure makes ClickHouse have exactly these consecutive records of the spool:
// it looks what is there, takes away what is outdated, inserts what is missing,
// and looks again. It can be repeated after any failure.
func (s *Store) ensure(ctx context.Context, records []sqlite.Record) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := s.settleDoubt(ctx); err != nil {
		return err
	}
	missing, outdated, err := s.compare(ctx, records)
	if err != nil {
		return err
	}
	if len(outdated) > 0 {
		if err := s.mutate(ctx, "seq IN ("+join(outdated)+")"); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	for rest := missing; len(rest) > 0; {
		n := fewDays(rest)
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

// fewDays is how many of the first records touch no more than maxDays.
func fewDays(records []sqlite.Record) int {
	days := map[int64]bool{}
	for i := range records {
		if days[records[i].Time.UnixNano()/day] = true; len(days) > maxDays {
			return i
		}
	}
	return len(records)
}

// compare tells which records ClickHouse lacks, and the places of those it has
// in another state, which are among the lacking.
func (s *Store) compare(ctx context.Context, records []sqlite.Record) (missing []sqlite.Record, outdated []int64, err error) {
	rows, err := s.conn.Query(ctx, fmt.Sprintf("SELECT seq, toString(source) FROM events WHERE seq >= %d AND seq <= %d",
		records[0].Seq, records[len(records)-1].Seq))
	if err != nil {
		return nil, nil, err
	}
	there, twice := map[int64]string{}, false
	err = each(rows, func() error {
		var seq uint64
		var source string
		err := rows.Scan(&seq, &source)
		_, known := there[int64(seq)]
		twice = twice || known
		there[int64(seq)] = source
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if twice { // an insert we gave up on arrived after all; the engine replaces
		days := map[int64]bool{}
		for i := range records {
			days[records[i].Time.UnixNano()/day] = true
		}
		for d := range days {
			if err := s.conn.Exec(ctx, "OPTIMIZE TABLE events PARTITION "+strconv.FormatInt(d, 10)+" FINAL"); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, r := range records {
		source, ok := there[r.Seq]
		if ok && source == string(r.Source) {
			continue
		}
		missing = append(missing, r)
		if ok {
			outdated = append(outdated, r.Seq)
		}
	}
	return missing, outdated, nil
}

// settleDoubt waits until an insert whose answer never came has ended.
func (s *Store) settleDoubt(ctx context.Context) error {
	f := &s.ship
	for f.doubt != "" {
		var running uint64
		if err := s.conn.QueryRow(ctx, "SELECT count() FROM system.processes WHERE query_id = ?", f.doubt).Scan(&running); err != nil {
			return err
		}
		if running == 0 {
			f.doubt = ""
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

const insertColumns = `INSERT INTO events (seq, id, time, account, type, source, room, session, peer, user, role, template,
	fault, code, terminal, injected, sdk, sdk_version, os, also, doc, version)`

func (s *Store) insert(ctx context.Context, records []sqlite.Record) error {
	id := uuid.NewString()
	s.ship.doubt = id
	batch, err := s.conn.PrepareBatch(driver.Context(ctx, driver.WithQueryID(id)), insertColumns)
	if err != nil {
		return err
	}
	defer batch.Close()
	version := time.Now().UnixNano()
	for i := range records {
		r := &records[i]
		key, err := uuid.Parse(r.ID)
		if err != nil {
			return err
		}
		if r.Failure.Code > math.MaxInt32 || r.Failure.Code < math.MinInt32 {
			return fmt.Errorf("error code %d does not fit", r.Failure.Code)
		}
		if err := batch.Append(uint64(r.Seq), key, r.Time.UnixNano(), r.AccountID, string(r.Type), string(r.Source),
			r.RoomID, r.SessionID, r.PeerID, r.UserID, r.Role, r.TemplateID,
			r.Fault, int32(r.Failure.Code), bit(r.Failure.Terminal), bit(r.Injected), r.Agent.SDK, r.Agent.SDKVersion, r.Agent.OS,
			also(r), string(r.AppendJSON(nil)), version); err != nil {
			return err
		}
	}
	if err := batch.Send(); err != nil {
		return err
	}
	s.ship.doubt = ""
	s.m.shipped(len(records))
	return nil
}

// also is never nil, which the driver would take for no value.
func also(r *sqlite.Record) []string {
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
