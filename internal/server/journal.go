package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

// journalQueue is how many writes may wait. Each is one join, leave or change
// of a peer; when so many wait, the disk has been stuck for long.
const journalQueue = 16384

// journal writes what rooms tell it to the registry, in order, off the rooms'
// goroutines. It implements room.Journal, whose methods never wait.
type journal struct {
	registry *registry.Registry
	log      *slog.Logger
	failed   prometheus.Counter
	dropped  prometheus.Counter

	mu     sync.RWMutex // guards closed against a send on the closed channel
	closed bool
	work   chan entry
	done   chan struct{}

	endsMu sync.Mutex
	ends   map[string]*ending // by room; only while something waits
}

// ending is what ends a session or locks its room and is not written yet.
type ending struct {
	waiting int
	written chan struct{} // closed when none waits
}

// entry is one write and what it is about, for the log.
type entry struct {
	what  string
	room  string
	write func(context.Context) error
}

func newJournal(r *registry.Registry, log *slog.Logger, metrics prometheus.Registerer) *journal {
	j := &journal{
		registry: r, log: log,
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_journal_failed_total", Help: "Changes of sessions and peers that the registry failed to write."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "redial_journal_dropped_total", Help: "Changes of sessions and peers dropped because too many waited."}),
		work: make(chan entry, journalQueue), done: make(chan struct{}), ends: map[string]*ending{},
	}
	metrics.MustRegister(j.failed, j.dropped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "redial_journal_waiting_count", Help: "Changes of sessions and peers that wait to be written.",
	}, func() float64 { return float64(len(j.work)) }))
	go j.run()
	return j
}

func (j *journal) run() {
	defer close(j.done)
	for e := range j.work {
		if err := e.write(context.Background()); err != nil {
			j.failed.Inc()
			j.log.Error("not written to the registry", "what", e.what, "room", e.room, "err", err)
		}
	}
}

// close writes what waits and returns, or gives up when ctx ends.
func (j *journal) close(ctx context.Context) error {
	j.mu.Lock()
	if !j.closed {
		j.closed = true
		close(j.work)
	}
	j.mu.Unlock()
	select {
	case <-j.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// add reports whether the write will be tried.
func (j *journal) add(what, roomID string, write func(context.Context) error) bool {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return false
	}
	select {
	case j.work <- entry{what, roomID, write}:
		return true
	default:
		j.dropped.Inc()
		j.log.Error("not written to the registry: too much waits", "what", what, "room", roomID)
		return false
	}
}

// addEnding is add for what somebody who knocks next must find written.
func (j *journal) addEnding(what, roomID string, write func(context.Context) error) {
	j.endsMu.Lock()
	e := j.ends[roomID]
	if e == nil {
		e = &ending{written: make(chan struct{})}
		j.ends[roomID] = e
	}
	e.waiting++
	j.endsMu.Unlock()
	over := func() {
		j.endsMu.Lock()
		defer j.endsMu.Unlock()
		if e.waiting--; e.waiting == 0 {
			delete(j.ends, roomID)
			close(e.written)
		}
	}
	if !j.add(what, roomID, func(ctx context.Context) error { defer over(); return write(ctx) }) {
		over()
	}
}

// settled waits until every end and every lock of the room that was told of is
// written, or ctx ends: a lock that is acknowledged lets nobody slip in.
func (j *journal) settled(ctx context.Context, roomID string) error {
	j.endsMu.Lock()
	e := j.ends[roomID]
	j.endsMu.Unlock()
	if e == nil {
		return nil
	}
	select {
	case <-e.written:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *journal) SessionStarted(id string, f room.Facts, at time.Time) {
	s := registry.Session{ID: id, RoomID: f.ID, RoomName: f.Name, TemplateID: f.Template.ID, Active: true, StartedAt: at}
	j.add("session started", f.ID, func(ctx context.Context) error { return j.registry.StartSession(ctx, s) })
}

func (j *journal) SessionEnded(id, roomID string, at time.Time) {
	j.addEnding("session ended", roomID, func(ctx context.Context) error { return j.registry.EndSession(ctx, id, at) })
}

func (j *journal) PeerSaved(sessionID, roomID string, p room.Peer) {
	saved := registry.SessionPeer{
		ID: string(p.ID), SessionID: sessionID, RoomID: roomID, Name: p.Name, UserID: p.UserID,
		Role: p.Role, Data: p.Data, Groups: p.Groups, JoinedAt: p.JoinedAt,
	}
	j.add("peer saved", roomID, func(ctx context.Context) error { return j.registry.SavePeer(ctx, saved) })
}

func (j *journal) PeerLeft(sessionID string, p room.Peer, reason string, at time.Time) {
	j.add("peer left", "", func(ctx context.Context) error {
		return j.registry.PeerLeft(ctx, sessionID, string(p.ID), reason, at)
	})
}

func (j *journal) RoomLocked(roomID string) {
	j.addEnding("room locked", roomID, func(ctx context.Context) error { return j.registry.SetLocked(ctx, roomID, true) })
}
