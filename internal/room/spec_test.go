// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
)

// world is a hub with one room to be, and what its journal was told. It lives in
// a bubble of synctest: time is not real, and a goroutine left behind fails the
// test.
type world struct {
	*testing.T
	hub     *room.Hub
	spec    room.Spec
	journal *journal
}

// spec runs one specification in a world of its own. With tune the options and
// the room's spec can be changed before anything starts.
func spec(t *testing.T, name string, f func(w *world), tune ...func(*room.Options, *room.Spec)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := &world{T: t, journal: &journal{}}
			w.spec = room.Spec{ID: "r1", Name: "lobby", Template: policy.Default()}
			opt := room.Options{Journal: w.journal}
			for _, fn := range tune {
				fn(&opt, &w.spec)
			}
			w.hub = room.NewHub(opt)
			f(w)
			w.hub.Close()
		})
	})
}

// withRoles changes roles of the template.
func withRoles(change func(roles map[string]*policy.Role)) func(*room.Options, *room.Spec) {
	return func(_ *room.Options, f *room.Spec) {
		ptrs := map[string]*policy.Role{}
		for name, r := range f.Template.Roles {
			ptrs[name] = &r
		}
		change(ptrs)
		f.Template.Roles = map[string]policy.Role{}
		for name, r := range ptrs {
			f.Template.Roles[name] = *r
		}
	}
}

// person is a member that remembers what it was told.
type person struct {
	w    *world
	id   room.PeerID
	room *room.Room
	snap room.Snapshot

	mu    sync.Mutex
	heard []room.Update
}

func (p *person) Notify(u room.Update, _ *room.Shared) {
	p.mu.Lock()
	p.heard = append(p.heard, u)
	p.mu.Unlock()
}

// try lets somebody try to join.
func (w *world) try(name, role string) (*person, error) {
	p := &person{w: w, id: room.PeerID(name)}
	var err error
	p.room, err = w.hub.Join(w.Context(), w.spec, p, room.Peer{ID: p.id, UserID: "u-" + name, Name: name, Role: role})
	if err == nil {
		p.look()
	}
	return p, err
}

// look asks for the room as the person may see it.
func (p *person) look() {
	p.w.Helper()
	if err := p.room.SyncState(p.w.Context(), p.id); err != nil {
		p.w.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, u := range slices.Backward(p.heard) { // others may have joined since
		if u, ok := u.(room.StateSync); ok {
			p.snap = u.Snapshot
			p.heard = slices.Delete(p.heard, i, i+1)
			return
		}
	}
	p.w.Fatalf("%s asked for the room and did not get it", p.id)
}

// join lets somebody join who must get in. Peers join a moment apart, so that
// their order is known.
func (w *world) join(name, role string) *person {
	w.Helper()
	p, err := w.try(name, role)
	if err != nil {
		w.Fatalf("%s does not get in: %v", name, err)
	}
	time.Sleep(time.Millisecond)
	return p
}

func (p *person) leave() { p.room.Leave(p.w.Context(), p.id, "left") }

// forget lets a person forget all it heard.
func (p *person) forget() {
	p.mu.Lock()
	p.heard = nil
	p.mu.Unlock()
}

// updates is what a person heard of one type, once the room is at rest.
func updates[T room.Update](p *person) []T {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []T
	for _, u := range p.heard {
		if t, ok := u.(T); ok {
			list = append(list, t)
		}
	}
	return list
}

// one is the only news of a type.
func one[T room.Update](p *person) T {
	p.w.Helper()
	list := updates[T](p)
	if len(list) != 1 {
		p.w.Fatalf("%s heard %T %d times, want once: %v", p.id, *new(T), len(list), list)
	}
	return list[0]
}

// none demands that a person heard nothing of a type.
func none[T room.Update](p *person) {
	p.w.Helper()
	if list := updates[T](p); len(list) > 0 {
		p.w.Errorf("%s heard %T, want silence: %v", p.id, *new(T), list)
	}
}

// refused demands a fault and, in pairs, details of it.
func (w *world) refused(err error, want *fault.Kind, details ...any) {
	w.Helper()
	if !errors.Is(err, want) {
		w.Fatalf("got %v, want %s", err, want.ID)
	}
	var f *fault.Error
	errors.As(err, &f)
	for i := 0; i+1 < len(details); i += 2 {
		if got := f.Detail(fmt.Sprint(details[i])); fmt.Sprint(got) != fmt.Sprint(details[i+1]) {
			w.Errorf("%s: detail %v is %v, want %v", want.ID, details[i], got, details[i+1])
		}
	}
}

// ok demands that something worked.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatalf("failed: %v", err)
	}
}

// same demands that two things read the same.
func (w *world) same(what string, got, want any) {
	w.Helper()
	if g, n := fmt.Sprint(got), fmt.Sprint(want); g != n {
		w.Errorf("%s: got %s, want %s", what, g, n)
	}
}

// camera and microphone are tracks of somebody.
func camera(of string) room.Track {
	return room.Track{ID: room.TrackID(of + "-cam"), StreamID: of, Kind: room.Video, Source: room.SourceRegular}
}

func microphone(of string) room.Track {
	return room.Track{ID: room.TrackID(of + "-mic"), StreamID: of, Kind: room.Audio, Source: room.SourceRegular}
}

// publish states what a person publishes, which must be allowed.
func (p *person) publish(tracks ...room.Track) room.Published {
	p.w.Helper()
	done, err := p.room.Publish(p.w.Context(), p.id, tracks)
	p.w.ok(err)
	if len(done.Refused) > 0 {
		p.w.Fatalf("%s may not publish: %v", p.id, done.Refused)
	}
	return done
}

// media is the sound or picture of a track.
type media struct {
	id    string
	level atomic.Uint32
}

func (m *media) ID() string   { return m.id }
func (m *media) Level() uint8 { return uint8(m.level.Load()) }

// sound sets how loud it is, in -dBov.
func (m *media) sound(level uint32) { m.level.Store(level) }

// flow lets the media of a track begin.
func (p *person) flow(t room.Track) *media {
	p.w.Helper()
	m := &media{id: string(t.ID)}
	m.sound(127)
	p.w.ok(p.room.SetSource(p.w.Context(), p.id, t.ID, m))
	return m
}

// ids lists tracks by id.
func ids(tracks []room.Track) string {
	var s []string
	for _, t := range tracks {
		s = append(s, string(t.ID))
	}
	slices.Sort(s)
	return strings.Join(s, " ")
}

// names lists peers as they stand.
func names(peers []room.Peer) string {
	var s []string
	for _, p := range peers {
		s = append(s, string(p.ID))
	}
	return strings.Join(s, " ")
}

// journal remembers what it was told, in words.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(format string, a ...any) {
	j.mu.Lock()
	j.lines = append(j.lines, fmt.Sprintf(format, a...))
	j.mu.Unlock()
}

func (j *journal) SessionStarted(_ string, f room.Spec, _ time.Time) { j.add("started %s", f.ID) }
func (j *journal) SessionEnded(_, roomID string, _ time.Time)        { j.add("ended %s", roomID) }
func (j *journal) PeerSaved(_, _ string, p room.Peer) {
	j.add("saved %s %s %q %v", p.ID, p.Role, p.Name, p.Groups)
}
func (j *journal) PeerLeft(_ string, p room.Peer, reason string, _ time.Time) {
	j.add("left %s %s", p.ID, reason)
}
func (j *journal) RoomLocked(roomID string) { j.add("locked %s", roomID) }

func (j *journal) MetadataSet(_, roomID string, e room.Entry) {
	j.add("set %s %s=%s", roomID, e.Key, e.Data)
}

// told is all that the journal was told since the last time.
func (j *journal) told() string {
	synctest.Wait()
	j.mu.Lock()
	defer j.mu.Unlock()
	s := strings.Join(j.lines, "; ")
	j.lines = nil
	return s
}
