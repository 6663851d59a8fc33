package room

import (
	"time"

	"github.com/redial-rtc/redial/internal/text"
)

// PollID names a poll of a session; its author may choose it.
type PollID string

// PollState is how far a poll has come.
type PollState string

// The states of a poll, in order; none is ever left backwards.
const (
	PollDraft  PollState = "created"
	PollOpen   PollState = "started"
	PollClosed PollState = "stopped"
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
	maxPolls        = 100 // of one session
	maxPollQuestion = 50
	maxPollOptions  = 50
	maxPollID       = 128    // bytes
	maxPollWeight   = 10_000 // points of one question
	maxPollTime     = 24 * 60 * 60 * time.Second
	maxResponses    = 20_000 // to one poll
	maxPollPage     = 100
)

// Limits of what people write in polls, in characters as they see them.
var (
	pollText   = text.Of(1024)                             // a title, a question or an option
	pollAnswer = text.Limit{Chars: 4096, Bytes: 32 * 1024} // an answer in words
)

// statsEvery is how often votes are told of at most: a room that votes all at
// once would otherwise hear of each vote as many times as it has peers.
const statsEvery = time.Second

// PollSetup is what the author of a poll decides.
type PollSetup struct {
	ID        PollID // "" lets the room choose
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
	PollSetup
	State                           PollState
	CreatedBy, StartedBy, StoppedBy PeerID
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
	PeerID PeerID
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

type (
	// PollStarted tells of a poll that takes answers now.
	PollStarted struct{ Poll Poll }
	// PollStopped tells of a poll that takes none any more.
	PollStopped struct{ Poll Poll }
	// PollStats gives counts of a running poll to those who may see them.
	PollStats struct{ Result PollResult }
)

func (PollStarted) update() {}
func (PollStopped) update() {}
func (PollStats) update()   {}
