// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
)

// Moderation is what peers of a room may do to others, and who is kept out.
type Moderation struct {
	r       *Room
	removed map[PeerID]removal
	ended   bool // the session ends as soon as nobody is left
	locked  bool // ended for good: whoever ended it is still inside
	hushed  bool // whoever publishes sound is asked to mute it
}

type removal struct {
	at    time.Time
	ended bool
}

func newModeration(r *Room) *Moderation { return &Moderation{r: r, removed: map[PeerID]removal{}} }

// restore takes up whom an earlier process removed from the session, and when.
func (o *Moderation) restore(removed map[PeerID]time.Time) {
	for id, at := range removed {
		if time.Since(at) < o.r.opt.ForgetAway {
			o.removed[id] = removal{at: at}
		}
	}
}

// clear forgets a session that has ended.
func (o *Moderation) clear() {
	o.ended, o.locked, o.hushed = false, false, false
	clear(o.removed)
}

// barred is why a peer may not come in, nil when it may.
func (o *Moderation) barred(id PeerID) error {
	was, ok := o.removed[id]
	switch {
	case !ok:
		return nil
	case was.ended:
		return fault.RoomEnded.New("peer", id)
	}
	return fault.PeerRemoved.New("peer", id)
}

func mutePermission(mute bool) policy.Permission {
	if mute {
		return policy.Mute
	}
	return policy.Unmute
}

// AskTrackMute asks a peer to mute or unmute one of its tracks. Fails with
// fault.NotPermitted, PeerNotFound, TrackNotFound.
func (o *Moderation) AskTrackMute(ctx context.Context, by, target PeerID, tid TrackID, mute bool) error {
	return act(ctx, o.r, func() error {
		asker, err := o.r.permitted(by, mutePermission(mute))
		if err != nil {
			return err
		}
		m, err := o.r.member(target)
		if err != nil {
			return err
		}
		t, ok := m.Tracks[tid]
		if !ok {
			return fault.TrackNotFound.New("track", tid, "peer", target)
		}
		m.to.Notify(TrackMuteAsked{asker.asPeer(), t, mute})
		return nil
	})
}

// MuteRequest asks for the tracks of many peers at once; empty fields match
// all. The asker is never asked.
type MuteRequest struct {
	Mute         bool
	Kind, Source string
	Roles        []string
}

// AskMute asks all matching peers to mute or unmute. Fails with
// fault.NotPermitted, RoleNotFound.
func (o *Moderation) AskMute(ctx context.Context, by PeerID, q MuteRequest) error {
	return act(ctx, o.r, func() error {
		asker, err := o.r.permitted(by, mutePermission(q.Mute))
		if err != nil {
			return err
		}
		if err := o.r.knownRoles(q.Roles); err != nil {
			return err
		}
		tell(o.r, MuteAsked{asker.asPeer(), q.Kind, q.Source, q.Mute}, func(m *member) bool {
			return m.ID != by && (len(q.Roles) == 0 || slices.Contains(q.Roles, m.Role))
		})
		return nil
	})
}

// Hush asks everybody to mute their sound, but that of the tracks excepted, and
// whoever publishes from now on, until it is called with false. The asker is asked
// as well. Fails with fault.NotPermitted.
func (o *Moderation) Hush(ctx context.Context, by PeerID, hushed bool, but []TrackID) error {
	return act(ctx, o.r, func() error {
		asker, err := o.r.permitted(by, policy.Mute)
		if err != nil {
			return err
		}
		o.hushed = hushed
		tell(o.r, HushChanged{hushed}, nil)
		for _, m := range o.r.members {
			for id, t := range m.Tracks {
				if hushed && t.Kind == Audio && !slices.Contains(but, id) {
					m.to.Notify(TrackMuteAsked{asker.asPeer(), t, true})
				}
			}
		}
		return nil
	})
}

// published asks a peer to mute sound that it publishes while the room is hushed.
func (o *Moderation) published(m *member, added []Track) {
	for _, t := range added {
		if o.hushed && t.Kind == Audio && !t.Mute {
			m.to.Notify(TrackMuteAsked{nil, t, true})
		}
	}
}

// Remove puts a peer out of the room and keeps its id out. Fails with
// fault.NotPermitted, PeerNotFound.
func (o *Moderation) Remove(ctx context.Context, by, target PeerID, reason string) error {
	return act(ctx, o.r, func() error {
		asker, err := o.r.permitted(by, policy.RemoveOthers)
		if err != nil {
			return err
		}
		m, err := o.r.member(target)
		if err != nil {
			return err
		}
		o.remove(asker, m, reason, false)
		return nil
	})
}

// RemoveRole removes every peer of a role, or of all roles when role is "",
// and says how many. It is the server's own act.
func (o *Moderation) RemoveRole(ctx context.Context, role, reason string) (int, error) {
	return call(ctx, o.r, func() (int, error) {
		n := 0
		for _, m := range o.r.sorted() {
			if role == "" || m.Role == role {
				o.remove(nil, m, reason, false)
				n++
			}
		}
		return n, nil
	})
}

func (o *Moderation) remove(by, m *member, reason string, ended bool) {
	now := time.Now()
	for id, was := range o.removed {
		if now.Sub(was.at) > o.r.opt.ForgetAway {
			delete(o.removed, id)
		}
	}
	o.removed[m.ID] = removal{now, ended}
	m.to.Notify(Removed{by.asPeer(), reason, ended})
	o.r.leave(m.ID, "removed")
}

// End puts everybody but the asker out and ends the session once the asker has
// left, too; with lock nobody gets in afterwards. Fails with fault.NotPermitted.
func (o *Moderation) End(ctx context.Context, by PeerID, reason string, lock bool) error {
	return act(ctx, o.r, func() error {
		asker, err := o.r.permitted(by, policy.EndRoom)
		if err != nil {
			return err
		}
		if lock {
			o.locked = true
			o.r.opt.Journal.RoomLocked(o.r.spec.ID)
		}
		o.r.log.Info("session ended by request", "by", by, "lock", lock)
		o.ended = true
		for _, m := range o.r.sorted() {
			if m != asker {
				o.remove(asker, m, reason, true)
			}
		}
		o.r.restIfEmpty()
		return nil
	})
}

// expire ends a session that has lasted as long as the room allows. In the
// goroutine.
func (o *Moderation) expire() {
	if !o.r.live.Load() {
		return
	}
	o.r.log.Info("session ended for its length", "session", o.r.session, "longest", o.r.spec.MaxDuration)
	o.ended = true
	for _, m := range o.r.sorted() {
		o.remove(nil, m, "the session has lasted as long as its room allows", true)
	}
	o.r.restIfEmpty()
}
