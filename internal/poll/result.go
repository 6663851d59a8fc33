// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"cmp"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Result is how a poll was answered so far.
type Result struct {
	ID        ID
	Voters    int // who answered at least one question
	Peak      int // most peers in the room while it ran
	Responses int
	Questions []QuestionResult // nil for those who may not see them
}

// QuestionResult is how one question was answered so far.
type QuestionResult struct {
	Index   int
	Type    QuestionType
	Votes   []int // by option
	Total   int   // responses, skips included
	Skipped int
	Correct *int // nil when nothing is right or wrong, or that is kept back
}

// Result counts the answers to a poll. Those who may not see answers get
// totals only. Fails with fault.PollNotFound, NotPermitted.
func (b *Book) Result(by *Peer, id ID) (Result, error) {
	p, err := b.readable(by, id)
	if err != nil {
		return Result{}, err
	}
	return p.result(p.mayView(by)), nil
}

func (p *poll) result(whole bool) Result {
	res := Result{ID: p.ID, Voters: len(p.ballots), Peak: p.peak, Responses: len(p.responses)}
	if !whole {
		return res
	}
	for _, q := range p.questions {
		qr := QuestionResult{Index: q.Index, Type: q.Type}
		if q.Type.choice() {
			qr.Votes = make([]int, len(q.Options))
		}
		if !q.Answer.empty() && !p.hides(q) {
			qr.Correct = new(int)
		}
		res.Questions = append(res.Questions, qr)
	}
	for _, a := range p.responses {
		q, qr := p.questions[a.Question-1], &res.Questions[a.Question-1]
		qr.Total++
		if a.Skipped {
			qr.Skipped++
		}
		for _, o := range a.Options {
			qr.Votes[o-1]++
		}
		if right, _ := q.judge(a); right && qr.Correct != nil {
			*qr.Correct++
		}
	}
	return res
}

// Responses returns answers in order of arrival, from an offset, and whether
// they are the last: those of the asker itself, or of all. Fails with
// fault.PollNotFound, NotPermitted.
func (b *Book) Responses(by *Peer, id ID, self bool, offset, count int) (list []Response, last bool, err error) {
	p, err := b.readable(by, id)
	if err != nil {
		return nil, false, err
	}
	if !self && !p.mayView(by) {
		return nil, false, notPermitted(by, "see the answers", "poll", id)
	}
	all := p.responses
	var me Voter
	if self {
		if by == nil {
			return nil, true, nil // the server has not voted
		}
		me = p.voter(by)
		all = slices.DeleteFunc(slices.Clone(all), func(a *Response) bool { return a.Voter.Hash != me.Hash })
	}
	page, last := slicePage(all, offset, count)
	list = make([]Response, 0, len(page))
	for _, a := range page {
		res := *a
		if self {
			res.Voter = me // known to the asker even if the poll is anonymous
		}
		res.Final = p.Quiz || p.State == Closed || p.questions[a.Question-1].Once
		list = append(list, res)
	}
	return list, last, nil
}

// Leaderboard ranks the voters of a poll.
type Leaderboard struct {
	Total        int // most peers in the room while the poll ran
	Voted        int
	AllCorrect   int           // voters who answered every scored question right
	AverageTime  time.Duration // of voters, over all their answers
	AverageScore float64       // of voters
	Standings    []Standing    // the page asked for
	Last         bool
}

// Standing is one voter's place: the higher score first, then the shorter time,
// then who was done first.
type Standing struct {
	Position  int // from 1
	Score     int
	Responses int
	Correct   int
	Time      time.Duration
	Voter     Voter
	last      time.Time
}

// Leaderboard ranks the voters of a poll that is over, by all questions or, if
// question is not 0, by one. Fails with fault.PollNotFound, NotPermitted,
// PollState, PollInvalid.
func (b *Book) Leaderboard(by *Peer, id ID, question, offset, count int) (Leaderboard, error) {
	p, err := b.readable(by, id)
	if err != nil {
		return Leaderboard{}, err
	}
	if p.State != Closed {
		return Leaderboard{}, p.wrongState()
	}
	if _, known := p.question(question); question != 0 && !known {
		return Leaderboard{}, fault.PollInvalid.New("field", "question", "question", question, "questions", len(p.questions))
	}
	return p.leaderboard(question, offset, count), nil
}

func (p *poll) leaderboard(question, offset, count int) Leaderboard {
	scored := 0
	for _, q := range p.questions {
		if (question == 0 || q.Index == question) && !q.Answer.empty() {
			scored++
		}
	}
	l := Leaderboard{Total: p.peak}
	var all []Standing
	var took time.Duration
	score := 0
	for _, b := range p.ballots {
		s := Standing{Voter: b.voter, last: b.last}
		for _, a := range b.answers {
			if question != 0 && a.Question != question {
				continue
			}
			q := p.questions[a.Question-1]
			s.Responses++
			s.Score += q.points(a)
			s.Time += a.Took
			if right, _ := q.judge(a); right {
				s.Correct++
			}
		}
		if s.Responses == 0 {
			continue
		}
		if scored > 0 && s.Correct == scored {
			l.AllCorrect++
		}
		score += s.Score
		took += s.Time
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Time, b.Time), a.last.Compare(b.last), cmp.Compare(a.Voter.Hash, b.Voter.Hash))
	})
	for i := range all {
		all[i].Position = i + 1
	}
	if n := len(all); n > 0 {
		l.Voted, l.AverageTime, l.AverageScore = n, took/time.Duration(n), float64(score)/float64(n)
	}
	l.Standings, l.Last = slicePage(all, offset, count)
	return l
}
