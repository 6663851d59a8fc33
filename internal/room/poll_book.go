package room

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// pollBook holds the polls of a session, in order of creation.
type pollBook struct {
	polls []*poll
	bytes int         // of questions and answers
	most  int         // bytes
	due   *time.Timer // the earliest thing to be done of itself
}

func (b *pollBook) init(most int) {
	*b = pollBook{due: time.NewTimer(time.Hour), most: most}
	b.due.Stop()
}

// grow books bytes that polls hold more, or fails with fault.PollInvalid.
func (b *pollBook) grow(field string, n int) error {
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

// stop ends the timer with the room.
func (b *pollBook) stop() { b.due.Stop() }

func (b *pollBook) find(id PollID) (*poll, error) {
	for _, p := range b.polls {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, fault.PollNotFound.New("poll", clipID(id))
}

// crowd notes how many peers are in the room.
func (b *pollBook) crowd(peers int) {
	for _, p := range b.polls {
		if p.State == PollOpen {
			p.peak = max(p.peak, peers)
		}
	}
}

// poll is a poll beside all that belongs to it.
type poll struct {
	Poll
	book      *pollBook
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

func newPoll(b *pollBook, id PollID) *poll {
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

// provenUser is the proof of a user id that an app's own token carries.
const provenUser = "token"

// voter tells who somebody is to this poll.
func (p *poll) voter(m *member) Voter {
	key := "peer " + string(m.ID)
	switch {
	case p.VoteBy == VoteByUser && m.UserID != "" && m.UserProof == provenUser:
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
func (p *poll) mayView(m *member) bool {
	return m == nil || len(p.ViewRoles) == 0 || slices.Contains(p.ViewRoles, m.Role)
}

// hides tells whether right answers are to be kept back now.
func (p *poll) hides(q Question) bool { return q.Answer.Hidden && p.State != PollClosed }

func (r *Room) writesPolls(m *member) bool {
	if m == nil {
		return true
	}
	role, _ := r.Role(m.Role)
	return role.Permissions.PollWrite
}

// seesPoll tells whether somebody may know of a poll at all: its authors, and
// once it runs whoever may answer it or see the answers.
func (r *Room) seesPoll(m *member, p *poll) bool {
	if r.writesPolls(m) {
		return true
	}
	role, _ := r.Role(m.Role)
	return role.Permissions.PollRead && p.State != PollDraft && (p.mayVote(m.Role) || p.mayView(m))
}

// tellPoll sends news of a poll to everybody who may know of it.
func (r *Room) tellPoll(p *poll, u Update) {
	for _, m := range r.members {
		if r.seesPoll(m, p) {
			m.to.Notify(u)
		}
	}
}

// pollReader finds somebody who may read polls; writing includes reading.
func (r *Room) pollReader(by PeerID) (*member, error) {
	if m, err := r.permitted(by, permPollWrite); err == nil {
		return m, nil
	}
	return r.permitted(by, permPollRead)
}

// readPoll finds a poll somebody may know of.
func (r *Room) readPoll(by PeerID, id PollID) (*poll, *member, error) {
	m, err := r.pollReader(by)
	if err != nil {
		return nil, nil, err
	}
	p, err := r.polls.find(id)
	switch {
	case err != nil:
		return nil, nil, err
	case r.seesPoll(m, p):
		return p, m, nil
	case p.State == PollDraft:
		return nil, nil, fault.NotPermitted.New("role", m.Role, "permission", string(permPollWrite))
	}
	return nil, nil, fault.NotPermitted.New("role", m.Role, "permission", "see this poll", "poll", id)
}

// writePoll finds a poll somebody may change.
func (r *Room) writePoll(by PeerID, id PollID) (*poll, error) {
	if _, err := r.permitted(by, permPollWrite); err != nil {
		return nil, err
	}
	return r.polls.find(id)
}

// clipID shortens an id that came from outside before it is repeated.
func clipID(id PollID) PollID {
	if len(id) > maxPollID {
		return id[:maxPollID] + "…"
	}
	return id
}
