// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package journal writes what rooms tell of sessions and peers to the registry,
// behind their backs: a room never waits for the disk, and whoever must not
// acknowledge a change before it is on the disk asks [Journal.Written]. It names
// both sides, room and registry, which know nothing of each other.
package journal

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

const (
	batchSize       = 512 // writes of one transaction
	defaultBytes    = 64 << 20
	defaultPatience = 5 * time.Second
	// Pauses between attempts of what could not be written.
	firstPause, longestPause = 100 * time.Millisecond, 2 * time.Second
)

// Config bounds a journal. Zero fields take 64 MiB and 5 s.
type Config struct {
	Bytes    int           // what may wait to be written
	Patience time.Duration // how long an acknowledgement waits for the disk
}

// Journal writes what rooms tell it to the registry, in order, off the rooms'
// goroutines. It implements room.Journal, whose methods never wait. Whatever
// arrives during a transaction becomes the next one, so that one flush to disk
// serves everybody who waits for it (Written). What cannot be written waits and
// is tried again; only what goes beyond the bound is given up.
type Journal struct {
	registry *registry.Registry
	log      *slog.Logger
	cfg      Config
	failed   prometheus.Counter
	dropped  prometheus.Counter

	mu      sync.Mutex
	queue   []entry
	places  map[string]int // of entries in queue that a newer one replaces, by key
	taken   []entry        // under way
	began   time.Time      // when they were first tried
	bytes   int            // of queue and taken
	added   uint64         // entries ever
	durable uint64         // of these, the first so many are on the disk
	trouble error          // why nothing can be written; nil when it can
	changed chan struct{}  // closed when durable or trouble changes
	ends    map[string]*ending
	closed  bool

	wake chan struct{}
	quit chan struct{} // closed by Close
	done chan struct{}
}

// ending is what ends a session or locks its room and is not written yet.
type ending struct {
	waiting       int
	ended, locked bool
}

// entry is one write and what it is about, for the log.
type entry struct {
	what   string
	room   string
	key    string // a later entry with this key says all that this one does; "" is alone
	bytes  int
	ending bool
	write  func(context.Context) error
}

func New(r *registry.Registry, cfg Config, log *slog.Logger, metrics prometheus.Registerer) *Journal {
	if cfg.Bytes == 0 {
		cfg.Bytes = defaultBytes
	}
	if cfg.Patience == 0 {
		cfg.Patience = defaultPatience
	}
	j := &Journal{
		registry: r, log: log, cfg: cfg,
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_journal_failed_total", Help: "Changes of sessions and peers that the registry refused to write."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_journal_dropped_total", Help: "Changes of sessions and peers given up because too much waited to be written."}),
		places: map[string]int{}, ends: map[string]*ending{}, changed: make(chan struct{}),
		wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{}),
	}
	metrics.MustRegister(j.failed, j.dropped,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_journal_waiting_count", Help: "Changes of sessions and peers that wait to be written.",
		}, func() float64 { n, _ := j.waiting(); return float64(n) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "redial_journal_waiting_bytes", Help: "Bytes of the changes of sessions and peers that wait to be written.",
		}, func() float64 { _, n := j.waiting(); return float64(n) }))
	go j.run()
	return j
}

func (j *Journal) waiting() (entries, bytes int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue) + len(j.taken), j.bytes
}

// run writes one batch after the other.
func (j *Journal) run() {
	defer close(j.done)
	for {
		batch, more := j.take()
		if !more {
			return
		}
		if len(batch) == 0 {
			<-j.wake
			continue
		}
		if !j.persist(batch) {
			return
		}
	}
}

// take moves what waits to what is under way; false once all is written and the
// journal closed.
func (j *Journal) take() ([]entry, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := min(len(j.queue), batchSize)
	j.taken = j.queue[:n:n]
	j.queue = j.queue[n:]
	if len(j.queue) == 0 {
		j.queue = nil
	}
	for key, i := range j.places {
		if i -= n; i < 0 {
			delete(j.places, key)
		} else {
			j.places[key] = i
		}
	}
	j.began = time.Now()
	return j.taken, n > 0 || !j.closed
}

// persist tries a batch until it is written. It returns false when the journal
// was closed and the batch cannot be written.
func (j *Journal) persist(batch []entry) bool {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := j.write(batch)
		if err == nil {
			j.written(batch)
			return true
		}
		if !j.stuck(err) {
			return false
		}
		select {
		case <-time.After(pause):
		case <-j.quit:
		}
	}
}

// write puts a batch into one transaction. It fails when the disk does; an entry
// that the registry refuses for itself is counted and told, and the others go on.
func (j *Journal) write(batch []entry) error {
	refused := make([]error, len(batch))
	err := j.registry.Batch(context.Background(), func(ctx context.Context) error {
		for i, e := range batch {
			if refused[i] = e.write(ctx); errors.Is(refused[i], fault.StoreUnavailable) {
				return refused[i]
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, err := range refused {
		if err != nil {
			j.failed.Inc()
			j.log.Error("not written to the registry", "what", batch[i].what, "room", batch[i].room, "err", err)
		}
	}
	return nil
}

// written lets go of whoever waits for a batch.
func (j *Journal) written(batch []entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range batch {
		j.bytes -= e.bytes
		if end := j.ends[e.room]; e.ending && end != nil {
			if end.waiting--; end.waiting == 0 {
				delete(j.ends, e.room)
			}
		}
	}
	j.taken = nil
	j.durable = j.added - uint64(len(j.queue))
	if j.trouble != nil && len(j.queue) == 0 {
		j.log.Info("the registry can be written again")
		j.trouble = nil
	}
	j.tell()
}

// stuck notes that the disk cannot be written. It returns false when nobody is
// to try again.
func (j *Journal) stuck(err error) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.trouble == nil {
		j.log.Error("the registry cannot be written; what happens is kept in memory and tried again", "fault", fault.From(err, fault.OpServe))
	}
	j.trouble = err
	j.tell()
	if !j.closed {
		return true
	}
	n := len(j.queue) + len(j.taken)
	j.dropped.Add(float64(n))
	j.log.Error("given up at the end: changes of sessions and peers that could not be written", "changes", n, "bytes", j.bytes)
	return false
}

// tell wakes whoever waits. The lock is held.
func (j *Journal) tell() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// Close writes what waits and returns, or gives up when ctx ends.
func (j *Journal) Close(ctx context.Context) error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.quit)
	}
	j.mu.Unlock()
	j.ring()
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Journal) ring() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// add queues an entry, in place of an older one that it makes obsolete.
func (j *Journal) add(e entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.addLocked(e)
}

func (j *Journal) addLocked(e entry) {
	e.bytes += 256 // what every entry costs
	if j.closed {
		return
	}
	if i, waits := j.places[e.key]; waits && e.key != "" {
		j.bytes += e.bytes - j.queue[i].bytes
		j.queue[i] = e
		return
	}
	if j.bytes+e.bytes > j.cfg.Bytes && !e.ending {
		j.dropped.Inc()
		if j.trouble == nil {
			j.trouble = fault.StoreUnavailable.New("reason", "too much waits to be written", "limit_bytes", j.cfg.Bytes)
			j.tell()
		}
		j.log.Error("not written to the registry: too much waits", "what", e.what, "room", e.room, "limit_bytes", j.cfg.Bytes)
		return
	}
	if e.key != "" {
		j.places[e.key] = len(j.queue)
	}
	j.queue = append(j.queue, e)
	j.bytes += e.bytes
	j.added++
	j.ring()
}

// addEnding is add for what somebody who knocks next must find, written or not.
// It is small, and never given up.
func (j *Journal) addEnding(e entry, mark func(*ending)) {
	e.ending = true
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return
	}
	end := j.ends[e.room]
	if end == nil {
		end = &ending{}
		j.ends[e.room] = end
	}
	mark(end)
	end.waiting++
	j.addLocked(e)
}

// Unwritten tells what ended in a room and is not on the disk yet.
func (j *Journal) Unwritten(roomID string) (ended, locked bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e := j.ends[roomID]; e != nil {
		return e.ended, e.locked
	}
	return false, false
}

// Written returns when everything that was added is on the disk: whoever asks
// after having changed something may acknowledge the change. It fails with
// fault.StoreUnavailable when the disk cannot be written or does not answer in
// time; the change is then tried again until it is written.
func (j *Journal) Written(ctx context.Context) error {
	timer := time.NewTimer(j.cfg.Patience)
	defer timer.Stop()
	j.mu.Lock()
	defer j.mu.Unlock()
	for ticket := j.added; j.durable < ticket; {
		if j.trouble != nil {
			return j.trouble
		}
		changed := j.changed
		j.mu.Unlock()
		var err error
		select {
		case <-changed:
		case <-timer.C:
			err = j.slow()
		case <-ctx.Done():
			err = ctx.Err()
		}
		j.mu.Lock()
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) slow() error {
	return fault.StoreUnavailable.New("reason", "the disk does not answer in time", "limit", j.cfg.Patience.String())
}

// Healthy fails while nothing can be written.
func (j *Journal) Healthy(context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.trouble == nil && len(j.taken) > 0 && time.Since(j.began) > j.cfg.Patience {
		return j.slow()
	}
	return j.trouble
}

func (j *Journal) SessionStarted(id string, f room.Spec, at time.Time) {
	s := registry.Session{ID: id, RoomID: f.ID, RoomName: f.Name, TemplateID: f.Template.ID, Active: true, StartedAt: at}
	j.add(entry{what: "session started", room: f.ID, bytes: 4 * len(id), write: func(ctx context.Context) error { return j.registry.StartSession(ctx, s) }})
}

func (j *Journal) SessionEnded(id, roomID string, at time.Time) {
	j.addEnding(entry{what: "session ended", room: roomID, write: func(ctx context.Context) error { return j.registry.EndSession(ctx, id, at) }},
		func(e *ending) { e.ended = true })
}

// peerKey names the entry that has the newest state of a peer.
func peerKey(sessionID string, id room.PeerID) string { return sessionID + "/" + string(id) }

func (j *Journal) PeerSaved(sessionID, roomID string, p room.Peer) {
	saved := registry.SessionPeer{
		ID: string(p.ID), SessionID: sessionID, RoomID: roomID, Name: p.Name, UserID: p.UserID,
		UserProof: p.UserProof, Resume: p.Resume, Role: p.Role, Data: p.Data, Groups: p.Groups, JoinedAt: p.JoinedAt,
	}
	size := len(p.ID) + len(p.Name) + len(p.UserID) + len(p.Role) + len(p.Data)
	for _, g := range p.Groups {
		size += len(g)
	}
	j.add(entry{what: "peer saved", room: roomID, key: peerKey(sessionID, p.ID), bytes: size,
		write: func(ctx context.Context) error { return j.registry.SavePeer(ctx, saved) }})
}

func (j *Journal) PeerLeft(sessionID string, p room.Peer, reason string, at time.Time) {
	j.mu.Lock()
	delete(j.places, peerKey(sessionID, p.ID)) // what is saved after this is not older than it
	j.mu.Unlock()
	id, resume := string(p.ID), p.Resume
	j.add(entry{what: "peer left", bytes: len(id) + len(reason), write: func(ctx context.Context) error {
		return j.registry.PeerLeft(ctx, sessionID, id, resume, reason, at)
	}})
}

// Rejoined ends what an earlier process held of a client that has joined anew.
func (j *Journal) Rejoined(roomID string, joined room.PeerID, digest string) {
	id, at := string(joined), time.Now()
	j.add(entry{what: "peer rejoined", room: roomID, bytes: len(id) + len(digest), write: func(ctx context.Context) error {
		return j.registry.Rejoined(ctx, roomID, id, digest, at)
	}})
}

func (j *Journal) RoomLocked(roomID string) {
	j.addEnding(entry{what: "room locked", room: roomID, write: func(ctx context.Context) error { return j.registry.SetLocked(ctx, roomID, true) }},
		func(e *ending) { e.locked = true })
}

func (j *Journal) MetadataSet(sessionID, roomID string, e room.Entry) {
	m := registry.Metadata{Key: e.Key, Data: string(e.Data), Version: e.Version, UpdatedAt: e.UpdatedAt, UpdatedBy: string(e.UpdatedBy)}
	j.add(entry{what: "metadata set", room: roomID, key: sessionID + "\x00" + e.Key, bytes: len(m.Key) + len(m.Data),
		write: func(ctx context.Context) error { return j.registry.SaveMetadata(ctx, sessionID, m) }})
}
