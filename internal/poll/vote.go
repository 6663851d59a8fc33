// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// Vote is an answer on its way in.
type Vote struct {
	Question int
	Type     QuestionType // "" takes the question's
	Skipped  bool
	Update   bool // replaces the voter's earlier answer
	Options  []int
	Text     string
	Took     time.Duration
}

// Verdict is what became of a vote.
type Verdict struct {
	Question int
	Correct  *bool // nil when the question is not scored, or not yet
	Err      error // why the vote was not taken; nil when it was
}

// Vote takes answers of a peer, never the server, to a running poll and says of each what became
// of it. When none was taken the call fails as the first did. Fails with
// fault.NotPermitted, PollNotFound, PollState, PollInvalid.
func (b *Book) Vote(by *Peer, id ID, votes []Vote) ([]Verdict, error) {
	if err := permitRead(by); err != nil {
		return nil, err
	}
	p, err := b.find(id)
	switch {
	case err != nil:
		return nil, err
	case !p.mayVote(by.Role):
		return nil, notPermitted(by, "answer this poll", "poll", id)
	case p.State != Open:
		return nil, p.wrongState()
	case len(votes) == 0 || len(votes) > maxQuestions:
		return nil, fault.PollInvalid.New("field", "responses", "want", "1 to 50", "responses", len(votes))
	}
	now := time.Now()
	voter := p.voter(by)
	verdicts, taken := make([]Verdict, 0, len(votes)), 0
	for _, v := range votes {
		d := p.take(voter, v, now)
		if d.Err == nil {
			taken++
		}
		verdicts = append(verdicts, d)
	}
	if taken == 0 {
		return nil, verdicts[0].Err
	}
	b.count(p, now)
	return verdicts, nil
}

// take puts one vote on the voter's ballot.
func (p *poll) take(voter Voter, v Vote, now time.Time) Verdict {
	d := Verdict{Question: v.Question}
	q, ok := p.question(v.Question)
	if !ok {
		d.Err = fault.PollInvalid.New("field", "question", "question", v.Question, "questions", len(p.questions))
		return d
	}
	if d.Err = q.check(v); d.Err != nil {
		return d
	}
	b := p.ballots[voter.Hash]
	if b == nil {
		b = &ballot{voter: voter, answers: map[int]*Response{}}
		if p.Anonymous {
			b.voter = Voter{Hash: voter.Hash}
		}
	}
	res := b.answers[q.Index]
	switch {
	case res != nil && !v.Update:
		d.Err = fault.PollInvalid.New("field", "question", "question", q.Index, "problem", "answered already")
	case res != nil && (q.Once || p.Quiz):
		d.Err = fault.PollInvalid.New("field", "update", "question", q.Index, "problem", "the answer is final")
	case res == nil && len(p.responses) >= maxResponses:
		d.Err = fault.PollInvalid.New("field", "responses", "max_responses", maxResponses)
	default:
		d.Err = p.book.grow("responses", growth(res, v))
	}
	if d.Err != nil {
		return d
	}
	p.ballots[voter.Hash], b.last = b, now
	if res == nil {
		res = &Response{ID: uuid.NewString(), Question: q.Index, Type: q.Type, Voter: b.voter}
		b.answers[q.Index] = res
		p.responses = append(p.responses, res)
	} else {
		res.Updated = true
	}
	res.Skipped, res.Options, res.Text = v.Skipped, nil, ""
	if !v.Skipped {
		res.Options, _ = chosen(v.Options, len(q.Options))
		res.Text = v.Text
	}
	res.Took = min(max(v.Took, 0), now.Sub(p.StartedAt))
	if right, scored := q.judge(res); scored && !p.hides(q) {
		d.Correct = &right
	}
	return d
}

// growth is how many bytes a vote takes beyond the answer it replaces.
func growth(was *Response, v Vote) int {
	n := len(v.Text) + 8*len(v.Options)
	if was == nil {
		return n + responseCost
	}
	return n - len(was.Text) - 8*len(was.Options)
}

// check tells whether a vote fits the question.
func (q Question) check(v Vote) error {
	bad := func(field string, details ...any) error {
		return fault.PollInvalid.New(append([]any{"field", field, "question", q.Index}, details...)...)
	}
	if v.Type != "" && v.Type != q.Type {
		return bad("type", "want", string(q.Type))
	}
	if v.Skipped {
		if !q.Skippable {
			return bad("skipped", "problem", "the question must be answered")
		}
		return nil
	}
	if q.Type.choice() {
		_, ok := chosen(v.Options, len(q.Options))
		switch {
		case !ok:
			return bad("options", "want", "options of the question, each once")
		case q.Type == SingleChoice && len(v.Options) != 1:
			return bad("option", "want", "one option")
		case len(v.Options) == 0:
			return bad("options", "want", "one option or more")
		case v.Text != "":
			return bad("text", "want", "no text")
		}
		return nil
	}
	if over := maxAnswer.Over(v.Text); over != nil {
		return bad("text", over...)
	}
	n := text.Count(v.Text)
	switch {
	case len(v.Options) > 0:
		return bad("options", "want", "no options")
	case n == 0:
		return bad("text", "want", "some text")
	case n < q.MinLen:
		return bad("text", "min_characters", q.MinLen, "characters", n)
	case q.MaxLen > 0 && n > q.MaxLen:
		return bad("text", "max_characters", q.MaxLen, "characters", n)
	}
	return nil
}

// judge tells whether a response is right, and whether there is a right one.
func (q Question) judge(res *Response) (right, scored bool) {
	a := q.Answer
	if a.empty() {
		return false, false
	}
	switch {
	case res.Skipped:
		return false, true
	case q.Type == SingleChoice:
		return slices.Contains(a.Options, res.Options[0]), true
	case q.Type == MultipleChoice:
		return slices.Equal(a.Options, res.Options), true
	}
	want, got := a.Text, res.Text
	if a.Trim {
		want, got = strings.TrimSpace(want), strings.TrimSpace(got)
	}
	if a.Case {
		return want == got, true
	}
	return strings.EqualFold(want, got), true
}

// points is what a response adds to a score, or takes from it.
func (q Question) points(res *Response) int {
	right, scored := q.judge(res)
	switch {
	case right:
		return q.Weight
	case scored && q.Negative && !res.Skipped:
		return -q.Weight
	}
	return 0
}
