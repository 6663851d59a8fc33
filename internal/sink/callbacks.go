// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// Callbacks is how callbacks are delivered.
type Callbacks struct {
	// Receiver is where callbacks of a name go; its Name and Types do not matter.
	// Fails with fault.AccessKeyUnknown where there is nobody any more. Nil: no callbacks are taken.
	Receiver func(ctx context.Context, name string) (Hook, error)

	MaxBytes int           // of callbacks that wait for one receiver; 0 = 16 MiB
	Setting  string        // what MaxBytes is called in the settings
	Keep     time.Duration // how long one is tried; 0 = 72 h
}

const (
	defaultCallbackBytes = 16 << 20
	defaultCallbackKeep  = 72 * time.Hour
	maxUnwritten         = 8 << 20 // bytes of callbacks that are not on the disk yet, of all receivers
	callbackPage         = 100     // callbacks that are read at once
	writeBatch           = 500     // callbacks of one transaction

	// lookAgain is how long a callback is tried before its receiver is looked up
	// again, which may have got another address meanwhile.
	lookAgain = time.Minute
)

// callbacksLabel is what the receivers of callbacks are called in metrics, all of
// them: projects are many.
const callbacksLabel = "callbacks"

// Callback is something that has happened and a backend is told. It goes out at least
// once, in the order of the calls of [Sinks.Tell] for one receiver.
type Callback struct {
	Receiver string
	Type     string
	Body     []byte // JSON

	// Opens is the id of what has begun by it, and Ending what is told when the process
	// ends before that has: an object, whose timestamp is filled in. Closes is the id of
	// what has ended by it.
	Opens, Closes string
	Ending        Ending
}

// Ending is what is told of something that has ended with the process.
type Ending struct {
	Type string
	Body []byte
}

func (c *Callback) bytes() int { return len(c.Body) + len(c.Ending.Body) }

// queued is a callback on its way to the disk.
type queued struct {
	Callback
	id string
	at time.Time
}

// callbacks takes callbacks, keeps them on the disk and delivers them. Whoever tells
// of something never waits: what is not on the disk yet is bounded, as is what waits
// for one receiver, and beyond that it is dropped and counted.
type callbacks struct {
	s       *Sinks
	cfg     Callbacks
	dial    dialFunc
	log     *slog.Logger
	dropped prometheus.Counter

	mu        sync.Mutex
	queue     []queued
	unwritten int            // bytes of queue and of what is being written
	waiting   map[string]int // bytes by receiver, on the disk or on their way
	full      map[string]bool
	wake      chan struct{}
	couriers  map[string]chan struct{} // that run, by receiver: signals that there is more
	running   sync.WaitGroup
}

// openCallbacks takes up what an earlier process has left: callbacks that were not
// delivered, and what has ended with it.
func openCallbacks(ctx context.Context, s *Sinks, dial dialFunc) (*callbacks, error) {
	c := &callbacks{
		s: s, cfg: s.cfg.Callbacks, dial: dial, log: s.cfg.Log,
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_callbacks_dropped_total", Help: "Callbacks of projects that were given up: too many waited, they were too old, or the project is gone.",
		}),
		waiting: map[string]int{}, full: map[string]bool{}, wake: make(chan struct{}, 1), couriers: map[string]chan struct{}{},
	}
	c.cfg.Setting = cmp.Or(c.cfg.Setting, "callbacks of one receiver")
	c.cfg.MaxBytes = cmp.Or(c.cfg.MaxBytes, defaultCallbackBytes)
	setDefault(&c.cfg.Keep, defaultCallbackKeep)
	if s.cfg.Metrics != nil {
		s.cfg.Metrics.MustRegister(c.dropped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_callbacks_waiting_bytes", Help: "Bytes of callbacks of projects that wait to be delivered.",
		}, func() float64 {
			c.mu.Lock()
			defer c.mu.Unlock()
			sum := 0
			for _, n := range c.waiting {
				sum += n
			}
			return float64(sum)
		}))
	}
	if err := s.deliveries.endOpen(ctx, time.Now()); err != nil {
		return nil, err
	}
	var err error
	c.waiting, err = s.deliveries.waitingCallbacks(ctx)
	return c, err
}

// Tell has a callback delivered, and never waits. It returns false where it was
// dropped.
func (s *Sinks) Tell(one Callback) bool {
	c := s.callbacks
	if c == nil {
		return false
	}
	n := one.bytes()
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := ""
	switch {
	case c.waiting[one.Receiver]+n > c.cfg.MaxBytes:
		limit = c.cfg.Setting
	case c.unwritten+n > maxUnwritten:
		limit = "callbacks that the disk has not taken"
	}
	if limit != "" {
		c.dropped.Inc()
		if !c.full[one.Receiver] {
			c.full[one.Receiver] = true
			f := fault.From(fault.SinkFailing.New("sink", "callbacks:"+one.Receiver, "limit", limit, "waiting_bytes", c.waiting[one.Receiver]), fault.OpReport)
			c.log.Error("callbacks are dropped", "fault", f)
		}
		return false
	}
	delete(c.full, one.Receiver)
	c.waiting[one.Receiver] += n
	c.unwritten += n
	c.queue = append(c.queue, queued{one, uuid.NewString(), time.Now()})
	select {
	case c.wake <- struct{}{}:
	default: // it is told already
	}
	return true
}

// run writes callbacks to the disk and has them delivered, until the context ends and
// the last of them is written.
func (c *callbacks) run(ctx context.Context) {
	defer c.running.Wait()
	c.mu.Lock()
	left := make([]string, 0, len(c.waiting))
	for name := range c.waiting {
		left = append(left, name)
	}
	c.mu.Unlock()
	for _, name := range left {
		c.dispatch(ctx, name)
	}
	for {
		if batch := c.take(); len(batch) > 0 {
			c.write(ctx, batch)
			continue
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
			for batch := c.take(); len(batch) > 0; batch = c.take() {
				c.write(ctx, batch)
			}
			return
		}
	}
}

func (c *callbacks) take() []queued {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.queue), writeBatch)
	batch := c.queue[:n:n]
	if c.queue = c.queue[n:]; len(c.queue) == 0 {
		c.queue = nil
	}
	return batch
}

// write tries until a batch is on the disk. At the end it is tried once.
func (c *callbacks) write(ctx context.Context, batch []queued) {
	for told := false; ; told = true {
		err := c.s.deliveries.addCallbacks(context.WithoutCancel(ctx), batch)
		if err == nil {
			break
		}
		if !told {
			c.log.Error("callbacks cannot be kept; they wait in memory", "fault", fault.From(err, fault.OpReport))
		}
		if sleep(ctx, storePause) != nil {
			c.dropped.Add(float64(len(batch)))
			break
		}
	}
	for i := range batch {
		one := &batch[i]
		c.mu.Lock()
		c.unwritten -= one.bytes()
		c.mu.Unlock()
		c.delivered(one.Receiver, len(one.Ending.Body)) // that does not wait for the receiver
		c.dispatch(ctx, one.Receiver)
	}
}

// delivered notes that so many bytes wait no more.
func (c *callbacks) delivered(receiver string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[receiver] -= n; c.waiting[receiver] <= 0 {
		delete(c.waiting, receiver)
	}
}

// dispatch has what waits for a receiver delivered.
func (c *callbacks) dispatch(ctx context.Context, receiver string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	more, runs := c.couriers[receiver]
	if runs {
		select {
		case more <- struct{}{}:
		default: // it is told already
		}
		return
	}
	if ctx.Err() != nil {
		return
	}
	more = make(chan struct{}, 1)
	c.couriers[receiver] = more
	c.running.Go(func() { c.courier(ctx, receiver, more) })
}

// courier delivers what waits for one receiver, in order, and ends when nothing does.
func (c *callbacks) courier(ctx context.Context, receiver string, more <-chan struct{}) {
	var to *hook
	for {
		page, err := c.s.deliveries.nextCallbacks(ctx, receiver, callbackPage)
		for i := 0; i < len(page) && err == nil; i++ {
			to, err = c.carry(ctx, to, &page[i])
		}
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.log.Error("callbacks do not get on", "fault", fault.From(err, fault.OpReport))
			if sleep(ctx, storePause) != nil {
				return
			}
		case len(page) == 0:
			c.mu.Lock()
			select {
			case <-more:
				c.mu.Unlock()
			default:
				delete(c.couriers, receiver)
				c.mu.Unlock()
				return
			}
		}
	}
}

// carry delivers one callback, by the hook of the one before where that goes to the
// same address, and returns the hook. It fails where the receiver or the disk cannot be asked.
func (c *callbacks) carry(ctx context.Context, to *hook, one *waitingCallback) (*hook, error) {
	for {
		if time.Since(one.at) > c.cfg.Keep {
			c.dropped.Inc()
			c.log.Warn("a callback was not taken in time", "receiver", one.receiver, "type", one.kind, "since", one.at)
			return to, c.done(ctx, one)
		}
		h, err := c.cfg.Receiver(ctx, one.receiver)
		if errors.Is(err, fault.AccessKeyUnknown) || err == nil && h.URL == "" {
			c.dropped.Inc()
			return to, c.done(ctx, one)
		}
		if err != nil {
			return to, err
		}
		if to == nil || to.URL != h.URL || !slices.Equal(to.Secrets, h.Secrets) {
			h.Name = "callbacks:" + one.receiver
			to = newHook(h, c.s, c.dial)
			to.sink, to.label, to.shared = h.Name, callbacksLabel, true
		}
		within, cancel := context.WithTimeout(ctx, lookAgain)
		err = to.deliver(within, message{event: one.eventID, id: one.eventID, kind: one.kind, body: one.body}, 0)
		cancel()
		if err == nil {
			return to, c.done(ctx, one)
		}
		if ctx.Err() != nil {
			return to, err
		}
	}
}

func (c *callbacks) done(ctx context.Context, one *waitingCallback) error {
	if err := c.s.deliveries.removeCallback(context.WithoutCancel(ctx), one.id); err != nil {
		return err
	}
	c.delivered(one.receiver, len(one.body))
	return nil
}

// waitingCallback is one that is on the disk.
type waitingCallback struct {
	id       int64
	receiver string
	eventID  string
	kind     string
	at       time.Time
	body     []byte
}

const insertCallback = "INSERT INTO callbacks (receiver, event_id, type, at, body) VALUES (?, ?, ?, ?, ?)"

// transact runs do in a transaction. It fails with fault.StoreUnavailable, and then
// nothing has changed.
func (j *deliveries) transact(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return j.unavailable(err)
	}
	if err = do(tx); err == nil {
		err = tx.Commit()
	}
	if err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return j.unavailable(err)
	}
	return nil
}

func (j *deliveries) addCallbacks(ctx context.Context, batch []queued) error {
	return j.transact(ctx, func(tx *sql.Tx) error { return addCallbacks(ctx, tx, batch) })
}

func addCallbacks(ctx context.Context, tx *sql.Tx, batch []queued) (err error) {
	for i := range batch {
		one := &batch[i]
		if _, err = tx.ExecContext(ctx, insertCallback, one.Receiver, one.id, one.Type, one.at.UnixMicro(), one.Body); err != nil {
			return err
		}
		if one.Opens != "" {
			_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO callbacks_open (id, receiver, type, body) VALUES (?, ?, ?, ?)", one.Opens, one.Receiver, one.Ending.Type, one.Ending.Body)
		}
		if err == nil && one.Closes != "" {
			_, err = tx.ExecContext(ctx, "DELETE FROM callbacks_open WHERE id = ?", one.Closes)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// endOpen tells the end of what an earlier process has left open.
func (j *deliveries) endOpen(ctx context.Context, now time.Time) error {
	return j.transact(ctx, func(tx *sql.Tx) error {
		// Streams before the connections that they were of.
		rows, err := tx.QueryContext(ctx, "SELECT receiver, type, body FROM callbacks_open ORDER BY type DESC, id")
		if err != nil {
			return err
		}
		var all []waitingCallback
		for rows.Next() {
			var one waitingCallback
			if err = rows.Scan(&one.receiver, &one.kind, &one.body); err != nil {
				_ = rows.Close()
				return err
			}
			all = append(all, one)
		}
		if err = rows.Err(); err != nil {
			return err
		}
		for _, one := range all {
			fields := map[string]json.RawMessage{}
			if json.Unmarshal(one.body, &fields) == nil {
				fields["timestamp"] = json.RawMessage(strconv.FormatInt(now.UnixMilli(), 10))
				one.body, _ = json.Marshal(fields) // it was JSON
			}
			if _, err = tx.ExecContext(ctx, insertCallback, one.receiver, uuid.NewString(), one.kind, now.UnixMicro(), one.body); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM callbacks_open")
		return err
	})
}

// waitingCallbacks are how many bytes wait, by receiver.
func (j *deliveries) waitingCallbacks(ctx context.Context) (map[string]int, error) {
	rows, err := j.db.QueryContext(ctx, "SELECT receiver, sum(length(body)) FROM callbacks GROUP BY receiver")
	if err != nil {
		return nil, j.unavailable(err)
	}
	defer func() { _ = rows.Close() }() // Err below tells
	all := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			return nil, j.unavailable(err)
		}
		all[name] = n
	}
	return all, j.unavailable(rows.Err())
}

func (j *deliveries) nextCallbacks(ctx context.Context, receiver string, most int) (page []waitingCallback, err error) {
	rows, err := j.db.QueryContext(ctx, "SELECT id, event_id, type, at, body FROM callbacks WHERE receiver = ? ORDER BY id LIMIT ?", receiver, most)
	if err != nil {
		return nil, j.unavailable(err)
	}
	defer func() { _ = rows.Close() }() // Err below tells
	for rows.Next() {
		one := waitingCallback{receiver: receiver}
		var at int64
		if err := rows.Scan(&one.id, &one.eventID, &one.kind, &at, &one.body); err != nil {
			return nil, j.unavailable(err)
		}
		one.at = time.UnixMicro(at)
		page = append(page, one)
	}
	return page, j.unavailable(rows.Err())
}

func (j *deliveries) removeCallback(ctx context.Context, id int64) error {
	return j.exec(ctx, "DELETE FROM callbacks WHERE id = ?", id)
}
