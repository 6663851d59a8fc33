package signal

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/token"
)

// Place is a room as the registry knows it.
type Place struct {
	Facts   room.Facts
	Account string // the account the room belongs to
	Enabled bool
	Locked  bool
}

// Directory finds rooms, and peers that an earlier process held.
type Directory interface {
	// Place returns a room, fault.RoomNotFound when there is none.
	Place(ctx context.Context, roomID string) (Place, error)
	// Held returns a peer that was inside when an earlier process ended.
	Held(ctx context.Context, roomID string, id room.PeerID) (room.Peer, bool, error)
}

// Recorder takes events without waiting; event.Recorder is one.
type Recorder interface{ Record(event.Event) }

// joinCounter is a Recorder that counts the joins that succeed as well, without
// waiting.
type joinCounter interface{ Joined(event.Subject) }

// Verifier checks tokens; token.Verifier is one. With fault.TokenExpired and
// fault.TokenRevoked it returns the claims as well.
type Verifier interface {
	Verify(ctx context.Context, raw string, want token.Type) (token.Claims, error)
}

// Config is what a Handler needs. Durations and sizes left at 0 take the
// defaults named here.
type Config struct {
	Tokens    Verifier
	Directory Directory
	Hub       *room.Hub
	Media     *sfu.Engine
	Events    Recorder
	Log       *slog.Logger
	Metrics   prometheus.Registerer
	Inject    *inject.Plan // faults provoked on purpose; nil: none

	// Written returns when what a call has changed is on the disk, so that the call
	// may be acknowledged; nil: nothing is kept.
	Written func(context.Context) error

	Node       string                         // name of this node; the start time is added
	SocketURL  func(*http.Request) string     // where clients open their WebSocket
	ClientAddr func(*http.Request) netip.Addr // who is asking, behind whatever proxy
	ICEServers []map[string]any               // handed to clients as they stand

	Hold       time.Duration // how long a dropped peer is kept; 65 s
	MaxFrame   int           // bytes of a frame; 256 KiB
	MaxSDP     int           // bytes of a session description; 64 KiB
	FrameRate  int           // frames a second from one socket, five times that at once; 200
	InitRate   float64       // calls of /init a second from one address; 20
	InitBurst  int           // ... and at once; 60
	MaxSockets int           // sockets at once; 20,000
	PerAddress int           // sockets at once from one address; 1,000
	Bounds     Bounds        // of what one client may make the server hold and do
}

func (c Config) withDefaults() Config {
	c.Hold = cmp.Or(c.Hold, 65*time.Second)
	c.MaxFrame = cmp.Or(c.MaxFrame, 256<<10)
	c.MaxSDP = cmp.Or(c.MaxSDP, 64<<10)
	c.FrameRate = cmp.Or(c.FrameRate, 200)
	c.InitRate = cmp.Or(c.InitRate, 20)
	c.InitBurst = cmp.Or(c.InitBurst, 60)
	c.MaxSockets = cmp.Or(c.MaxSockets, 20_000)
	c.PerAddress = cmp.Or(c.PerAddress, 1000)
	c.Bounds = c.Bounds.withDefaults()
	c.Node = cmp.Or(c.Node, "node")
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Handler serves the wire. Its seats map is the only state under a lock.
type Handler struct {
	cfg  Config
	log  *slog.Logger
	met  *metrics
	node string // differs between any two processes: clients tell restarts by it
	rate *limit.Callers

	queued *limit.Bytes // what waits to be written to all sockets

	mu       sync.Mutex
	seats    map[seatKey]*seat
	sockets  map[*conn]struct{}
	perAddr  map[string]int
	draining bool
	wg       sync.WaitGroup
}

type seatKey struct {
	room string
	peer room.PeerID
}

// New returns a handler; Close ends it.
func New(cfg Config) *Handler {
	cfg = cfg.withDefaults()
	queued := limit.NewBytes(cfg.Bounds.Queues)
	return &Handler{
		cfg: cfg, log: cfg.Log, met: newMetrics(cfg.Metrics, queued), queued: queued,
		node:  cfg.Node + "-" + strconv.FormatInt(time.Now().UnixMilli(), 36),
		rate:  limit.New(limit.Rate{PerSecond: cfg.InitRate, Burst: cfg.InitBurst}),
		seats: map[seatKey]*seat{}, sockets: map[*conn]struct{}{}, perAddr: map[string]int{},
	}
}

// Node is the id under which clients know this process.
func (h *Handler) Node() string { return h.node }

// Drain refuses newcomers from now on; those inside stay.
func (h *Handler) Drain() {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
}

// Close sends every client away to reconnect elsewhere, without taking anybody
// out of a room, and waits until all is quiet or ctx ends.
func (h *Handler) Close(ctx context.Context) error {
	h.Drain()
	h.mu.Lock()
	for c := range h.sockets {
		c.close(statusServiceRestart, "the server restarts")
	}
	seats := make([]*seat, 0, len(h.seats))
	for _, s := range h.seats {
		seats = append(seats, s)
	}
	h.mu.Unlock()
	for _, s := range seats {
		s.abandon()
	}
	quiet := make(chan struct{})
	go func() { h.wg.Wait(); close(quiet) }()
	select {
	case <-quiet:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Revoke puts out whoever came in with the token of this id: whoever revokes a
// token wants its holder gone, and not merely kept from coming back.
func (h *Handler) Revoke(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.seats {
		if s.claims.ID == id {
			s.in.post(s.revoked)
		}
	}
}

// seat finds a peer's seat.
func (h *Handler) seat(k seatKey) *seat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seats[k]
}

// sit registers a new seat unless the peer has one already, which is returned.
func (h *Handler) sit(s *seat) *seat {
	h.mu.Lock()
	defer h.mu.Unlock()
	if was := h.seats[s.key]; was != nil {
		return was
	}
	h.seats[s.key] = s
	h.met.seats.Inc()
	h.wg.Add(1)
	return s
}

// rise forgets a seat that has ended.
func (h *Handler) rise(s *seat) {
	h.vacate(s)
	h.wg.Done()
}

// vacate lets the peer take another seat.
func (h *Handler) vacate(s *seat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seats[s.key] == s {
		delete(h.seats, s.key)
		h.met.seats.Dec()
	}
}

// Peers is how many peers this node holds, previews included.
func (h *Handler) Peers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seats)
}

// shed ends the socket with the most waiting for it, as often as it takes for
// all of them to hold no more than they may.
func (h *Handler) shed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.queued.Over() {
		var slowest *conn
		most := 0
		for c := range h.sockets {
			if n := c.out.waiting(); n > most {
				slowest, most = c, n
			}
		}
		if slowest == nil {
			return
		}
		slowest.slow("limits.queue_bytes")
		slowest.out.close()
	}
}
