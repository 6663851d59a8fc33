// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"

	"github.com/redial-rtc/redial/internal/poll"
)

// Polls are the polls of a room's session. Whoever asks must be in the room
// (fault.PeerNotFound), or be the server itself, "".
type Polls struct {
	r    *Room
	book *poll.Book
}

func newPolls(r *Room) *Polls {
	p := &Polls{r: r}
	p.book = poll.NewBook(audience{p}, r.opt.MaxPolls)
	return p
}

// clear drops the polls of a session that has ended.
func (p *Polls) clear() {
	p.book.Close()
	p.book = poll.NewBook(audience{p}, p.r.opt.MaxPolls)
}

// Set is [poll.Book.Set].
func (p *Polls) Set(ctx context.Context, by PeerID, s poll.Setup) (poll.Poll, error) {
	return withPolls(ctx, p, by, func(who *poll.Peer) (poll.Poll, error) { return p.book.Set(who, s) })
}

// SetQuestions is [poll.Book.SetQuestions].
func (p *Polls) SetQuestions(ctx context.Context, by PeerID, id poll.ID, qs []poll.Question) (int, error) {
	return withPolls(ctx, p, by, func(who *poll.Peer) (int, error) { return p.book.SetQuestions(who, id, qs) })
}

// Start is [poll.Book.Start].
func (p *Polls) Start(ctx context.Context, by PeerID, id poll.ID) (poll.Poll, error) {
	return withPolls(ctx, p, by, func(who *poll.Peer) (poll.Poll, error) { return p.book.Start(who, id) })
}

// Stop is [poll.Book.Stop].
func (p *Polls) Stop(ctx context.Context, by PeerID, id poll.ID) (poll.Poll, error) {
	return withPolls(ctx, p, by, func(who *poll.Peer) (poll.Poll, error) { return p.book.Stop(who, id) })
}

// Vote is [poll.Book.Vote]. The server has no vote.
func (p *Polls) Vote(ctx context.Context, by PeerID, id poll.ID, votes []poll.Vote) ([]poll.Verdict, error) {
	return call(ctx, p.r, func() ([]poll.Verdict, error) {
		m, err := p.r.member(by)
		if err != nil {
			return nil, err
		}
		return p.book.Vote(p.voter(m), id, votes)
	})
}

// Get is [poll.Book.Get].
func (p *Polls) Get(ctx context.Context, by PeerID, id poll.ID) (poll.Poll, error) {
	return withPolls(ctx, p, by, func(who *poll.Peer) (poll.Poll, error) { return p.book.Get(who, id) })
}

// List is [poll.Book.List].
func (p *Polls) List(ctx context.Context, by PeerID, state poll.State, after poll.ID, count int) (page []poll.Poll, next poll.ID, err error) {
	page, err = withPolls(ctx, p, by, func(who *poll.Peer) (list []poll.Poll, err error) {
		list, next, err = p.book.List(who, state, after, count)
		return list, err
	})
	return page, next, err
}

// Questions is [poll.Book.Questions].
func (p *Polls) Questions(ctx context.Context, by PeerID, id poll.ID, offset, count int) (page []poll.Question, last bool, err error) {
	page, err = withPolls(ctx, p, by, func(who *poll.Peer) (list []poll.Question, err error) {
		list, last, err = p.book.Questions(who, id, offset, count)
		return list, err
	})
	return page, last, err
}

// Result is [poll.Book.Result].
func (p *Polls) Result(ctx context.Context, by PeerID, id poll.ID) (poll.Result, error) {
	return withPolls(ctx, p, by, func(who *poll.Peer) (poll.Result, error) { return p.book.Result(who, id) })
}

// Responses is [poll.Book.Responses].
func (p *Polls) Responses(ctx context.Context, by PeerID, id poll.ID, self bool, offset, count int) (page []poll.Response, last bool, err error) {
	page, err = withPolls(ctx, p, by, func(who *poll.Peer) (list []poll.Response, err error) {
		list, last, err = p.book.Responses(who, id, self, offset, count)
		return list, err
	})
	return page, last, err
}

// Leaderboard is [poll.Book.Leaderboard].
func (p *Polls) Leaderboard(ctx context.Context, by PeerID, id poll.ID, question, offset, count int) (poll.Leaderboard, error) {
	return withPolls(ctx, p, by, func(who *poll.Peer) (poll.Leaderboard, error) {
		return p.book.Leaderboard(who, id, question, offset, count)
	})
}

// withPolls runs f in the room's goroutine with who asks; nil is the server.
func withPolls[T any](ctx context.Context, p *Polls, by PeerID, f func(*poll.Peer) (T, error)) (T, error) {
	return call(ctx, p.r, func() (T, error) {
		if by == "" {
			return f(nil)
		}
		m, err := p.r.member(by)
		if err != nil {
			var none T
			return none, err
		}
		return f(p.voter(m))
	})
}

// provenUser is the proof of a user id that an app's own token carries.
const provenUser = "token"

// voter is a member as polls know it.
func (p *Polls) voter(m *member) *poll.Peer {
	role, _ := p.r.Role(m.Role)
	return &poll.Peer{
		ID: string(m.ID), UserID: m.UserID, Proven: m.UserProof == provenUser, Name: m.Name, Role: m.Role,
		Read: role.Permissions.PollRead, Write: role.Permissions.PollWrite,
	}
}

// audience is a room as its polls know it: see poll.Room.
type audience struct{ p *Polls }

func (a audience) Peers() int { return len(a.p.r.members) }
func (a audience) Roles() int { return len(a.p.r.spec.Template.Roles) }

func (a audience) HasRole(name string) bool {
	_, ok := a.p.r.Role(name)
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
	tell(a.p.r, told, func(m *member) bool { return may(a.p.voter(m)) })
}
