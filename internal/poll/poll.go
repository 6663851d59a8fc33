// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package poll keeps the polls and quizzes of one session: drafts, votes, counts
// and the leaderboard. It knows peers by what [Peer] says and its surroundings
// by [Room]; it reads no clock but time.Now and starts no goroutine. A [Book] is
// for one goroutine at a time, the room's.
package poll

import (
	"time"

	"github.com/redial-rtc/redial/internal/text"
)

// ID names a poll of a session; its author may choose it.
type ID string

// State is how far a poll has come.
type State string

// The states of a poll, in order; none is ever left backwards.
const (
	Draft  State = "created"
	Open   State = "started"
	Closed State = "stopped"
)

// VoteBy says what makes two voters the same one. A voter without a user id or
// a name counts by peer.
type VoteBy string

// What can make two voters the same one.
const (
	VoteByUser VoteBy = "userid" // whoever has the user id of the token, in all its tabs and after joining again
	VoteByPeer VoteBy = "peerid" // each time of joining
	VoteByName VoteBy = "username"
)

// Limits of polls. Clients read 50 questions and no more.
const (
	maxPolls     = 100 // of one session
	maxQuestions = 50
	maxOptions   = 50
	maxID        = 128    // bytes
	maxWeight    = 10_000 // points of one question
	maxTime      = 24 * 60 * 60 * time.Second
	maxResponses = 20_000 // to one poll
	maxPage      = 100
)

// Limits of what people write in polls, in characters as they see them.
var (
	maxText   = text.Of(1024)                             // a title, a question or an option
	maxAnswer = text.Limit{Chars: 4096, Bytes: 32 * 1024} // an answer in words
)

// statsEvery is how often votes are told of at most: a room that votes all at
// once would otherwise hear of each vote as many times as it has peers.
const statsEvery = time.Second

// Setup is what the author of a poll decides.
type Setup struct {
	ID        ID // "" lets the room choose
	Title     string
	Quiz      bool          // answers are scored and final
	Duration  time.Duration // after which it stops by itself; 0 means it does not
	Anonymous bool          // who answered what is not kept
	Visible   bool          // for the clients' use
	VoteBy    VoteBy        // "" means VoteByUser
	VoteRoles []string      // who may answer; none means every role that may read polls
	ViewRoles []string      // who may see answers and counts; none means the same
}

// Poll is a poll without its questions. StoppedBy is "" when its time was over.
type Poll struct {
	Setup
	State                           State
	CreatedBy, StartedBy, StoppedBy string
	CreatedAt, StartedAt, StoppedAt time.Time
	Questions                       int
}

// QuestionType is how a question is answered.
type QuestionType string

// The types of question.
const (
	SingleChoice   QuestionType = "single-choice"
	MultipleChoice QuestionType = "multiple-choice"
	ShortAnswer    QuestionType = "short-answer"
	LongAnswer     QuestionType = "long-answer"
)

func (t QuestionType) choice() bool { return t == SingleChoice || t == MultipleChoice }

// Question is one question of a poll.
type Question struct {
	Index          int // from 1
	Text           string
	Type           QuestionType
	Skippable      bool
	Once           bool          // an answer cannot be changed
	Duration       time.Duration // how long clients show it; 0 is no limit
	Weight         int           // points of a right answer
	Negative       bool          // a wrong answer costs as many
	MinLen, MaxLen int           // characters of an answer in words; 0 is no limit
	Options        []Option
	Answer         Answer
}

// Option is one answer to choose. Its weight is for the clients' use.
type Option struct {
	Index  int // from 1
	Text   string
	Weight int
}

// Answer is what counts as right. A question without one is not scored.
type Answer struct {
	Hidden  bool  // not shown before the poll is over
	Options []int // one of them for a single choice, exactly these for a multiple one
	Text    string
	Case    bool // case matters
	Trim    bool // space around an answer does not
}

func (a Answer) empty() bool { return len(a.Options) == 0 && a.Text == "" }

// Voter is who answered. In an anonymous poll only the hash is known, which
// differs for the same person from poll to poll.
type Voter struct {
	Hash   string
	PeerID string
	UserID string
	Name   string
}

// Response is one voter's answer to one question.
type Response struct {
	ID       string
	Question int
	Type     QuestionType
	Skipped  bool
	Options  []int
	Text     string
	Updated  bool          // an earlier answer was changed
	Took     time.Duration // as the client measured it, never longer than the poll had run
	Final    bool          // cannot be changed any more
	Voter    Voter
}

// Peer is somebody who asks or votes, as it is now. Where a method takes a
// pointer, nil is the server itself, which may do everything.
type Peer struct {
	ID     string
	UserID string
	Proven bool // the app's own token carries the user id
	Name   string
	Role   string
	Read   bool // the role may read polls
	Write  bool // the role may write polls, which includes reading
}

// id names who asks; "" is the server.
func (p *Peer) id() string {
	if p == nil {
		return ""
	}
	return p.ID
}

// Room is what a book needs of the room it belongs to.
type Room interface {
	Peers() int // how many are inside
	HasRole(name string) bool
	Roles() int // how many the template has
	// Tell sends an update to every peer for whom may is true.
	Tell(u Update, may func(*Peer) bool)
}

// Update is something a book tells: Started, Stopped or Stats.
type Update interface{ update() }

type (
	// Started tells of a poll that takes answers now.
	Started struct{ Poll Poll }
	// Stopped tells of a poll that takes none any more.
	Stopped struct{ Poll Poll }
	// Stats gives counts of a running poll to those who may see them.
	Stats struct{ Result Result }
)

func (Started) update() {}
func (Stopped) update() {}
func (Stats) update()   {}
