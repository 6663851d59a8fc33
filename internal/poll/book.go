// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// Book holds the polls of a session, in order of creation.
type Book struct {
	room  Room
	polls []*poll
	bytes int         // of questions and answers
	most  int         // bytes
	due   *time.Timer // the earliest thing to be done of itself
}

// NewBook returns an empty book whose questions and answers take so many bytes
// at most.
func NewBook(r Room, most int) *Book {
	b := &Book{room: r, due: time.NewTimer(time.Hour), most: most}
	b.due.Stop()
	return b
}

// Due fires when Run is to be called.
func (b *Book) Due() <-chan time.Time { return b.due.C }

// grow books bytes that polls hold more, or fails with fault.PollInvalid.
func (b *Book) grow(field string, n int) error {
	if n > 0 && b.bytes+n > b.most {
		return fault.PollInvalid.New("field", field, "limit", "limits.room_poll_bytes", "max_bytes", b.most)
	}
	b.bytes += n
	return nil
}

// What questions and answers cost beside their words.
const (
	questionCost = 256
	optionCost   = 48
	responseCost = 256
)

func questionsSize(qs []Question) int {
	n := 0
	for _, q := range qs {
		n += questionCost + len(q.Text) + len(q.Answer.Text)
		for _, o := range q.Options {
			n += optionCost + len(o.Text)
		}
	}
	return n
}

// Close stops the timer.
func (b *Book) Close() { b.due.Stop() }

func (b *Book) find(id ID) (*poll, error) {
	for _, p := range b.polls {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, fault.PollNotFound.New("poll", clipID(id))
}

// Joined notes that one more peer is in the room.
func (b *Book) Joined() {
	peers := b.room.Peers()
	for _, p := range b.polls {
		if p.State == Open {
			p.peak = max(p.peak, peers)
		}
	}
}

// poll is a poll beside all that belongs to it.
type poll struct {
	Poll
	book      *Book
	questions []Question
	salt      [16]byte
	ballots   map[string]*ballot // by hash of the voter
	responses []*Response        // in order of arrival
	peak      int                // most peers in the room while it ran
	ends      time.Time          // zero: runs until it is stopped
	told      time.Time          // when counts were told last
	tell      time.Time          // when to tell them next; zero: nothing new
}

// ballot is all that one voter has answered.
type ballot struct {
	voter   Voter
	answers map[int]*Response // by question
	last    time.Time
}

func newPoll(b *Book, id ID) *poll {
	p := &poll{book: b, ballots: map[string]*ballot{}}
	p.ID = id
	_, _ = rand.Read(p.salt[:]) // never fails
	return p
}

func (p *poll) wrongState() error {
	return fault.PollState.New("poll", p.ID, "state", string(p.State))
}

func (p *poll) question(index int) (Question, bool) {
	if index < 1 || index > len(p.questions) {
		return Question{}, false
	}
	return p.questions[index-1], true
}

// voter tells who somebody is to this poll.
func (p *poll) voter(m *Peer) Voter {
	key := "peer " + m.ID
	switch {
	case p.VoteBy == VoteByUser && m.UserID != "" && m.Proven:
		key = "user " + m.UserID
	case p.VoteBy == VoteByUser && m.UserID != "":
		key = "claimed user " + m.UserID // takes nobody's vote whose id is proven
	case p.VoteBy == VoteByName && m.Name != "":
		key = "name " + m.Name
	}
	sum := sha256.Sum256(append(p.salt[:], key...))
	return Voter{Hash: hex.EncodeToString(sum[:16]), PeerID: m.ID, UserID: m.UserID, Name: m.Name}
}

// mayVote tells whether a role may answer, as far as the poll is concerned.
func (p *poll) mayVote(role string) bool {
	return len(p.VoteRoles) == 0 || slices.Contains(p.VoteRoles, role)
}

// mayView tells whether somebody may see answers and counts; the server, which
// is nil, may.
func (p *poll) mayView(m *Peer) bool {
	return m == nil || len(p.ViewRoles) == 0 || slices.Contains(p.ViewRoles, m.Role)
}

// hides tells whether right answers are to be kept back now.
func (p *poll) hides(q Question) bool { return q.Answer.Hidden && p.State != Closed }

func mayWrite(m *Peer) bool { return m == nil || m.Write }

// sees tells whether somebody may know of a poll at all: its authors, and
// once it runs whoever may answer it or see the answers.
func (p *poll) sees(m *Peer) bool {
	return mayWrite(m) || m.Read && p.State != Draft && (p.mayVote(m.Role) || p.mayView(m))
}

// Permissions in the words of the template.
const (
	permRead  = "poll_read"
	permWrite = "poll_write"
)

// readable finds a poll somebody may know of.
func (b *Book) readable(by *Peer, id ID) (*poll, error) {
	if err := permitRead(by); err != nil {
		return nil, err
	}
	p, err := b.find(id)
	switch {
	case err != nil:
		return nil, err
	case p.sees(by):
		return p, nil
	case p.State == Draft:
		return nil, notPermitted(by, permWrite)
	}
	return nil, notPermitted(by, "see this poll", "poll", id)
}

// writable finds a poll somebody may change.
func (b *Book) writable(by *Peer, id ID) (*poll, error) {
	if err := permitWrite(by); err != nil {
		return nil, err
	}
	return b.find(id)
}

func permitWrite(by *Peer) error {
	if mayWrite(by) {
		return nil
	}
	return notPermitted(by, permWrite)
}

func permitRead(by *Peer) error {
	if mayWrite(by) || by.Read {
		return nil
	}
	return notPermitted(by, permRead)
}

func notPermitted(by *Peer, permission string, details ...any) error {
	return fault.NotPermitted.New(append([]any{"role", by.Role, "permission", permission}, details...)...)
}

// clipID shortens an id that came from outside before it is repeated.
func clipID(id ID) ID {
	return ID(text.Clip(string(id), maxID))
}
