// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
)

// Journal hears what must outlive the process. Its methods never wait: they
// are called from the room's goroutine.
type Journal interface {
	SessionStarted(id string, f Spec, at time.Time)
	SessionEnded(id, roomID string, at time.Time)
	PeerSaved(sessionID, roomID string, p Peer) // on joining and on every change
	PeerLeft(sessionID string, p Peer, reason string, at time.Time)
	RoomLocked(roomID string)
	MetadataSet(sessionID, roomID string, e Entry)
}

// Options bound a hub's rooms.
type Options struct {
	MaxRooms  int // rooms at once; 0 means 1,000
	MaxPeers  int // peers in a room that sets no limit of its own; 0 means 200
	MaxTracks int // tracks of one peer; 0 means 20
	// Bytes of the metadata of a session, and of its polls with their answers; 0
	// means 1 MiB and 8 MiB.
	MaxMetadata, MaxPolls int
	NodeTracks            int           // tracks of all rooms together; 0 means any number
	Linger                time.Duration // how long an empty room keeps its session; 0 means 15 s
	ForgetAway            time.Duration // how long a removed peer's id stays refused; 0 means 10 min
	Journal               Journal
	Log                   *slog.Logger
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.MaxRooms, 1000)
	def(&o.MaxPeers, 200)
	def(&o.MaxTracks, 20)
	def(&o.MaxMetadata, 1<<20)
	def(&o.MaxPolls, 8<<20)
	if o.Linger == 0 {
		o.Linger = 15 * time.Second
	}
	if o.ForgetAway == 0 {
		o.ForgetAway = 10 * time.Minute
	}
	if o.Journal == nil {
		o.Journal = noJournal{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Hub holds the rooms of this process. The map is the only thing under a lock.
type Hub struct {
	opt    Options
	tracks atomic.Int64 // of all rooms together

	mu     sync.Mutex
	rooms  map[string]*Room
	closed bool
}

// NewHub returns a hub without rooms.
func NewHub(opt Options) *Hub {
	return &Hub{opt: opt.withDefaults(), rooms: map[string]*Room{}}
}

// Tracks is how many tracks are published in all rooms together.
func (h *Hub) Tracks() int { return int(h.tracks.Load()) }

// takeTrack counts a track in, unless the node has as many as it may.
func (h *Hub) takeTrack() bool {
	n := h.tracks.Add(1)
	if h.opt.NodeTracks > 0 && n > int64(h.opt.NodeTracks) {
		h.tracks.Add(-1)
		return false
	}
	return true
}

// Open finds the room or starts it. A room that has closed is replaced, never
// revived. Fails with fault.Draining after Close and fault.QueueFull when the
// process holds as many rooms as it may.
func (h *Hub) Open(f Spec) (*Room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, fault.Draining.New()
	}
	if r := h.rooms[f.ID]; r != nil && !r.Closed() {
		return r, nil
	}
	if len(h.rooms) >= h.opt.MaxRooms {
		return nil, fault.QueueFull.New("limit", "rooms", "max", h.opt.MaxRooms)
	}
	r := newRoom(h, f)
	h.rooms[f.ID] = r
	return r, nil
}

// Join opens the room and joins it, again if it closed in between.
func (h *Hub) Join(ctx context.Context, f Spec, m Member, p Peer) (*Room, error) {
	for {
		r, err := h.Open(f)
		if err != nil {
			return nil, err
		}
		if err = r.Join(ctx, m, p); errors.Is(err, errClosed) {
			continue
		}
		return r, err
	}
}

// Active returns the room if a session runs in it, else nil.
func (h *Hub) Active(roomID string) *Room {
	h.mu.Lock()
	r := h.rooms[roomID]
	h.mu.Unlock()
	if r == nil || r.Closed() || !r.live.Load() {
		return nil
	}
	return r
}

// Rooms lists the rooms in which a session runs.
func (h *Hub) Rooms() []*Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	var rooms []*Room
	for _, r := range h.rooms {
		if !r.Closed() && r.live.Load() {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

// Close stops every room without ending its session, so that another process
// can continue it.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	rooms := make([]*Room, 0, len(h.rooms))
	for _, r := range h.rooms {
		rooms = append(rooms, r)
	}
	h.mu.Unlock()
	for _, r := range rooms {
		r.stop()
	}
}

// forget drops a closed room from the map unless it was replaced already.
func (h *Hub) forget(r *Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[r.spec.ID] == r {
		delete(h.rooms, r.spec.ID)
	}
}

func newID() string { return uuid.NewString() }

type noJournal struct{}

func (noJournal) SessionStarted(string, Spec, time.Time)   {}
func (noJournal) SessionEnded(string, string, time.Time)   {}
func (noJournal) PeerSaved(string, string, Peer)           {}
func (noJournal) PeerLeft(string, Peer, string, time.Time) {}
func (noJournal) RoomLocked(string)                        {}
func (noJournal) MetadataSet(string, string, Entry)        {}
