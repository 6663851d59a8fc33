package room

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

func mutePermission(mute bool) permission {
	if mute {
		return permMute
	}
	return permUnmute
}

// AskTrackMute asks a peer to mute or unmute one of its tracks. Fails with
// fault.NotPermitted, PeerNotFound, TrackNotFound.
func (r *Room) AskTrackMute(ctx context.Context, by, target PeerID, tid TrackID, mute bool) error {
	return act(ctx, r, func() error {
		asker, err := r.permitted(by, mutePermission(mute))
		if err != nil {
			return err
		}
		m, err := r.member(target)
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
func (r *Room) AskMute(ctx context.Context, by PeerID, q MuteRequest) error {
	return act(ctx, r, func() error {
		asker, err := r.permitted(by, mutePermission(q.Mute))
		if err != nil {
			return err
		}
		if err := r.knownRoles(q.Roles); err != nil {
			return err
		}
		u := MuteAsked{asker.asPeer(), q.Kind, q.Source, q.Mute}
		for id, m := range r.members {
			if id != by && (len(q.Roles) == 0 || slices.Contains(q.Roles, m.Role)) {
				m.to.Notify(u)
			}
		}
		return nil
	})
}

func (r *Room) knownRoles(names []string) error {
	for _, n := range names {
		if _, ok := r.Role(n); !ok {
			return fault.RoleNotFound.New("field", "roles", "role", n)
		}
	}
	return nil
}

// Remove puts a peer out of the room and keeps its id out. Fails with
// fault.NotPermitted, PeerNotFound.
func (r *Room) Remove(ctx context.Context, by, target PeerID, reason string) error {
	return act(ctx, r, func() error {
		asker, err := r.permitted(by, permRemoveOthers)
		if err != nil {
			return err
		}
		m, err := r.member(target)
		if err != nil {
			return err
		}
		r.removeMember(asker, m, reason, false)
		return nil
	})
}

// RemoveRole removes every peer of a role, or of all roles when role is "",
// and says how many. It is the server's own act.
func (r *Room) RemoveRole(ctx context.Context, role, reason string) (int, error) {
	return call(ctx, r, func() (int, error) {
		n := 0
		for _, m := range r.sorted() {
			if role == "" || m.Role == role {
				r.removeMember(nil, m, reason, false)
				n++
			}
		}
		return n, nil
	})
}

func (r *Room) removeMember(by, m *member, reason string, ended bool) {
	now := time.Now()
	for id, was := range r.removed {
		if now.Sub(was.at) > r.opt.ForgetAway {
			delete(r.removed, id)
		}
	}
	r.removed[m.ID] = removal{now, ended}
	m.to.Notify(Removed{by.asPeer(), reason, ended})
	r.leave(m.ID, "removed")
}

// End puts everybody but the asker out and ends the session once the asker has
// left, too; with lock nobody gets in afterwards. Fails with fault.NotPermitted.
func (r *Room) End(ctx context.Context, by PeerID, reason string, lock bool) error {
	return act(ctx, r, func() error {
		asker, err := r.permitted(by, permEndRoom)
		if err != nil {
			return err
		}
		if lock {
			r.locked = true
			r.opt.Journal.RoomLocked(r.spec.ID)
		}
		r.log.Info("session ended by request", "by", by, "lock", lock)
		r.ended = true
		for _, m := range r.sorted() {
			if m != asker {
				r.removeMember(asker, m, reason, true)
			}
		}
		r.restIfEmpty()
		return nil
	})
}

// expire ends a session that has lasted as long as the room allows. In the
// goroutine.
func (r *Room) expire() {
	if !r.live.Load() {
		return
	}
	r.log.Info("session ended for its length", "session", r.session, "longest", r.spec.MaxDuration)
	r.ended = true
	for _, m := range r.sorted() {
		r.removeMember(nil, m, "the session has lasted as long as its room allows", true)
	}
	r.restIfEmpty()
}
