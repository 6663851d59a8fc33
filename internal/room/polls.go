package room

import (
	"context"

	"github.com/redial-rtc/redial/internal/poll"
)

// The polls of a session are a poll.Book; here are its doors. Whoever asks must
// be in the room (fault.PeerNotFound), or be the server itself, "".

// SetPoll is [poll.Book.Set].
func (r *Room) SetPoll(ctx context.Context, by PeerID, s poll.Setup) (poll.Poll, error) {
	return withPolls(ctx, r, by, func(p *poll.Peer) (poll.Poll, error) { return r.polls.Set(p, s) })
}

// SetQuestions is [poll.Book.SetQuestions].
func (r *Room) SetQuestions(ctx context.Context, by PeerID, id poll.ID, qs []poll.Question) (int, error) {
	return withPolls(ctx, r, by, func(p *poll.Peer) (int, error) { return r.polls.SetQuestions(p, id, qs) })
}

// StartPoll is [poll.Book.Start].
func (r *Room) StartPoll(ctx context.Context, by PeerID, id poll.ID) (poll.Poll, error) {
	return withPolls(ctx, r, by, func(p *poll.Peer) (poll.Poll, error) { return r.polls.Start(p, id) })
}

// StopPoll is [poll.Book.Stop].
func (r *Room) StopPoll(ctx context.Context, by PeerID, id poll.ID) (poll.Poll, error) {
	return withPolls(ctx, r, by, func(p *poll.Peer) (poll.Poll, error) { return r.polls.Stop(p, id) })
}

// Vote is [poll.Book.Vote]. The server has no vote.
func (r *Room) Vote(ctx context.Context, by PeerID, id poll.ID, votes []poll.Vote) ([]poll.Verdict, error) {
	return call(ctx, r, func() ([]poll.Verdict, error) {
		m, err := r.member(by)
		if err != nil {
			return nil, err
		}
		return r.polls.Vote(r.voter(m), id, votes)
	})
}

// Poll is [poll.Book.Get].
func (r *Room) Poll(ctx context.Context, by PeerID, id poll.ID) (poll.Poll, error) {
	return withPolls(ctx, r, by, func(p *poll.Peer) (poll.Poll, error) { return r.polls.Get(p, id) })
}

// Polls is [poll.Book.List].
func (r *Room) Polls(ctx context.Context, by PeerID, state poll.State, after poll.ID, count int) (page []poll.Poll, next poll.ID, err error) {
	page, err = withPolls(ctx, r, by, func(p *poll.Peer) (list []poll.Poll, err error) {
		list, next, err = r.polls.List(p, state, after, count)
		return list, err
	})
	return page, next, err
}

// Questions is [poll.Book.Questions].
func (r *Room) Questions(ctx context.Context, by PeerID, id poll.ID, offset, count int) (page []poll.Question, last bool, err error) {
	page, err = withPolls(ctx, r, by, func(p *poll.Peer) (list []poll.Question, err error) {
		list, last, err = r.polls.Questions(p, id, offset, count)
		return list, err
	})
	return page, last, err
}

// PollResult is [poll.Book.Result].
func (r *Room) PollResult(ctx context.Context, by PeerID, id poll.ID) (poll.Result, error) {
	return withPolls(ctx, r, by, func(p *poll.Peer) (poll.Result, error) { return r.polls.Result(p, id) })
}

// PollResponses is [poll.Book.Responses].
func (r *Room) PollResponses(ctx context.Context, by PeerID, id poll.ID, self bool, offset, count int) (page []poll.Response, last bool, err error) {
	page, err = withPolls(ctx, r, by, func(p *poll.Peer) (list []poll.Response, err error) {
		list, last, err = r.polls.Responses(p, id, self, offset, count)
		return list, err
	})
	return page, last, err
}

// Leaderboard is [poll.Book.Leaderboard].
func (r *Room) Leaderboard(ctx context.Context, by PeerID, id poll.ID, question, offset, count int) (poll.Leaderboard, error) {
	return withPolls(ctx, r, by, func(p *poll.Peer) (poll.Leaderboard, error) {
		return r.polls.Leaderboard(p, id, question, offset, count)
	})
}

// withPolls runs f in the room's goroutine with who asks; nil is the server.
func withPolls[T any](ctx context.Context, r *Room, by PeerID, f func(*poll.Peer) (T, error)) (T, error) {
	return call(ctx, r, func() (T, error) {
		if by == "" {
			return f(nil)
		}
		m, err := r.member(by)
		if err != nil {
			var none T
			return none, err
		}
		return f(r.voter(m))
	})
}

// provenUser is the proof of a user id that an app's own token carries.
const provenUser = "token"

// voter is a member as polls know it.
func (r *Room) voter(m *member) *poll.Peer {
	role, _ := r.Role(m.Role)
	return &poll.Peer{
		ID: string(m.ID), UserID: m.UserID, Proven: m.UserProof == provenUser, Name: m.Name, Role: m.Role,
		Read: role.Permissions.PollRead, Write: role.Permissions.PollWrite,
	}
}

// audience is a room as its polls know it: see poll.Room.
type audience struct{ *Room }

func (a audience) Peers() int { return len(a.members) }
func (a audience) Roles() int { return len(a.spec.Template.Roles) }

func (a audience) HasRole(name string) bool {
	_, ok := a.Role(name)
	return ok
}

func (a audience) Tell(u poll.Update, may func(*poll.Peer) bool) {
	var told Update
	switch u := u.(type) {
	case poll.Started:
		told = PollStarted(u)
	case poll.Stopped:
		told = PollStopped(u)
	case poll.Stats:
		told = PollStats(u)
	}
	for _, m := range a.members {
		if may(a.voter(m)) {
			m.to.Notify(told)
		}
	}
}
