// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"math"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/poll"
)

// The shapes of polls. Durations of polls and questions are seconds, the time
// an answer took is milliseconds.
type (
	wirePoll struct {
		ID        poll.ID     `json:"poll_id"`
		Title     string      `json:"title"`
		Type      string      `json:"type"`
		Duration  float64     `json:"duration"`
		Anonymous bool        `json:"anonymous"`
		Visible   bool        `json:"visibility"`
		Locked    bool        `json:"locked"`
		Mode      poll.VoteBy `json:"mode"`
		Vote      []string    `json:"vote"`
		Responses []string    `json:"responses"`
		State     poll.State  `json:"state"`
		CreatedBy string      `json:"created_by,omitempty"`
		StartedBy string      `json:"started_by,omitempty"`
		StoppedBy string      `json:"stopped_by,omitempty"`
		CreatedAt int64       `json:"created_at,omitempty"`
		StartedAt int64       `json:"started_at,omitempty"`
		StoppedAt int64       `json:"stopped_at,omitempty"`
		Questions int         `json:"questions_count"`
	}
	// wireQuestion is a question beside its options and answer. A weight is
	// taken from either place and given in both.
	wireQuestion struct {
		Question struct {
			Index     int     `json:"index"`
			Text      string  `json:"text"`
			Type      string  `json:"type"`
			Skippable *bool   `json:"skippable"`
			Duration  float64 `json:"duration"`
			Once      bool    `json:"once"`
			Weight    *int    `json:"weight,omitempty"`
			Negative  bool    `json:"negative"`
			MinLen    int     `json:"answer_min_len,omitempty"`
			MaxLen    int     `json:"answer_max_len,omitempty"`
		} `json:"question"`
		Options []wireOption `json:"options,omitempty"`
		Answer  *wireAnswer  `json:"answer,omitempty"`
		Weight  *int         `json:"weight,omitempty"`
	}
	wireOption struct {
		Index  int    `json:"index"`
		Text   string `json:"text"`
		Weight int    `json:"weight,omitempty"`
		Votes  *int   `json:"voteCount,omitempty"` // what the client keeps its own count in
	}
	wireAnswer struct {
		Hidden  bool   `json:"hidden"`
		Option  int    `json:"option,omitempty"`
		Options []int  `json:"options,omitempty"`
		Text    string `json:"text,omitempty"`
		Case    bool   `json:"case,omitempty"`
		Trim    bool   `json:"trim,omitempty"`
	}
	wireVote struct {
		Question int     `json:"question"`
		Type     string  `json:"type"`
		Skipped  bool    `json:"skipped"`
		Option   *int    `json:"option"`
		Options  []int   `json:"options"`
		Text     string  `json:"text"`
		Update   bool    `json:"update"`
		Duration float64 `json:"duration"`
	}
	wireVerdict struct {
		Question int        `json:"question"`
		Correct  *bool      `json:"correct,omitempty"`
		Error    *wireError `json:"error,omitempty"`
	}
	wireResponse struct {
		ID       string  `json:"response_id"`
		Question int     `json:"question"`
		Type     string  `json:"type"`
		Skipped  bool    `json:"skipped"`
		Option   int     `json:"option,omitempty"`
		Options  []int   `json:"options,omitempty"`
		Text     string  `json:"text,omitempty"`
		Update   bool    `json:"update"`
		Duration float64 `json:"duration"`
	}
	wireVoter struct {
		Hash   string `json:"hash"`
		PeerID string `json:"peerid,omitempty"`
		UserID string `json:"userid,omitempty"`
		Name   string `json:"username,omitempty"`
	}
	wirePollResult struct {
		ID        poll.ID              `json:"poll_id"`
		MaxUser   int                  `json:"max_user"`
		UserCount int                  `json:"user_count"`
		Responses int                  `json:"total_response"`
		Questions []wireQuestionResult `json:"questions,omitempty"`
	}
	wireQuestionResult struct {
		Question int    `json:"question"`
		Type     string `json:"type"`
		Options  []int  `json:"options,omitempty"`
		Correct  *int   `json:"correct,omitempty"`
		Skipped  int    `json:"skipped"`
		Total    int    `json:"total"`
	}
	wireStanding struct {
		Position  int       `json:"position"`
		Score     int       `json:"score"`
		Responses int       `json:"total_responses"`
		Correct   int       `json:"correct_responses"`
		Duration  float64   `json:"duration"`
		Peer      wireVoter `json:"peer"`
	}
)

const quiz = "quiz"

func pollOnWire(p poll.Poll) wirePoll {
	w := wirePoll{
		ID: p.ID, Title: p.Title, Type: "poll", Duration: p.Duration.Seconds(),
		Anonymous: p.Anonymous, Visible: p.Visible, Locked: p.State != poll.Draft, Mode: p.VoteBy,
		Vote: orEmpty(p.VoteRoles), Responses: orEmpty(p.ViewRoles), State: p.State,
		CreatedBy: p.CreatedBy, StartedBy: p.StartedBy, StoppedBy: p.StoppedBy,
		CreatedAt: millisOrZero(p.CreatedAt), StartedAt: millisOrZero(p.StartedAt), StoppedAt: millisOrZero(p.StoppedAt),
		Questions: p.Questions,
	}
	if p.Quiz {
		w.Type = quiz
	}
	return w
}

// pollNotice is what the notices of starting and stopping carry.
func pollNotice(p poll.Poll) any { return map[string]any{"polls": []wirePoll{pollOnWire(p)}} }

func statsNotice(r poll.Result) any {
	return map[string]any{"polls": []wirePollResult{resultOnWire(r)}}
}

func resultOnWire(r poll.Result) wirePollResult {
	w := wirePollResult{ID: r.ID, MaxUser: r.Peak, UserCount: r.Voters, Responses: r.Responses}
	for _, q := range r.Questions {
		w.Questions = append(w.Questions, wireQuestionResult{q.Index, string(q.Type), q.Votes, q.Correct, q.Skipped, q.Total})
	}
	return w
}

// read makes a question of the room of one of the wire. What is left out has
// the defaults clients know: skippable, one point.
func (w wireQuestion) read(position int) poll.Question {
	wq := w.Question
	q := poll.Question{
		Index: wq.Index, Text: wq.Text, Type: poll.QuestionType(wq.Type),
		Skippable: wq.Skippable == nil || *wq.Skippable, Once: wq.Once, Negative: wq.Negative,
		Duration: seconds(wq.Duration), Weight: 1, MinLen: wq.MinLen, MaxLen: wq.MaxLen,
	}
	if q.Index == 0 {
		q.Index = position
	}
	switch {
	case wq.Weight != nil:
		q.Weight = *wq.Weight
	case w.Weight != nil:
		q.Weight = *w.Weight
	}
	for i, o := range w.Options {
		if o.Index == 0 {
			o.Index = i + 1
		}
		q.Options = append(q.Options, poll.Option{Index: o.Index, Text: o.Text, Weight: o.Weight})
	}
	if a := w.Answer; a != nil {
		q.Answer = poll.Answer{Hidden: a.Hidden, Options: a.Options, Text: a.Text, Case: a.Case, Trim: a.Trim}
		if q.Type == poll.SingleChoice && a.Option != 0 {
			q.Answer.Options = []int{a.Option}
		}
	}
	return q
}

// questionOnWire shows a question, with votes if they may be seen.
func questionOnWire(q poll.Question, votes []int) wireQuestion {
	var w wireQuestion
	wq := &w.Question
	wq.Index, wq.Text, wq.Type = q.Index, q.Text, string(q.Type)
	wq.Skippable, wq.Once, wq.Negative = &q.Skippable, q.Once, q.Negative
	wq.Duration, wq.MinLen, wq.MaxLen = q.Duration.Seconds(), q.MinLen, q.MaxLen
	wq.Weight, w.Weight = &q.Weight, &q.Weight
	for i, o := range q.Options {
		wo := wireOption{Index: o.Index, Text: o.Text, Weight: o.Weight}
		if i < len(votes) {
			wo.Votes = &votes[i]
		}
		w.Options = append(w.Options, wo)
	}
	w.Answer = &wireAnswer{Hidden: q.Answer.Hidden, Text: q.Answer.Text, Case: q.Answer.Case, Trim: q.Answer.Trim}
	if q.Type == poll.SingleChoice && len(q.Answer.Options) == 1 {
		w.Answer.Option = q.Answer.Options[0]
	} else {
		w.Answer.Options = q.Answer.Options
	}
	return w
}

func (w wireVote) read() poll.Vote {
	v := poll.Vote{
		Question: w.Question, Type: poll.QuestionType(w.Type), Skipped: w.Skipped, Update: w.Update,
		Options: w.Options, Text: w.Text, Took: thousandths(w.Duration),
	}
	if w.Option != nil && len(w.Options) == 0 {
		v.Options = []int{*w.Option}
	}
	return v
}

func voterOnWire(v poll.Voter) wireVoter { return wireVoter{v.Hash, v.PeerID, v.UserID, v.Name} }

type pollSetupParams struct {
	ID        poll.ID     `json:"poll_id"`
	Title     string      `json:"title"`
	Type      string      `json:"type"`
	Duration  float64     `json:"duration"`
	Anonymous bool        `json:"anonymous"`
	Visible   bool        `json:"visibility"`
	Mode      poll.VoteBy `json:"mode"`
	Vote      []string    `json:"vote"`
	Responses []string    `json:"responses"`
}

func (p pollSetupParams) check() error {
	switch p.Type {
	case "", "poll", quiz:
		return nil
	}
	return fault.PollInvalid.New("field", "type", "want", "poll or quiz", "got", clip(p.Type, 16))
}

// pollCalls are the calls about polls. A session has nothing to remember of them.
type pollCalls struct {
	h *Handler
	p *participant.Participant
}

func (c pollCalls) set(ctx context.Context, p pollSetupParams) (any, error) {
	poll, err := c.p.Room().Polls().Set(ctx, c.p.ID(), poll.Setup{
		ID: p.ID, Title: p.Title, Quiz: p.Type == quiz, Duration: seconds(p.Duration),
		Anonymous: p.Anonymous, Visible: p.Visible, VoteBy: p.Mode, VoteRoles: p.Vote, ViewRoles: p.Responses,
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"poll_id": poll.ID}, nil
}

// pollParams name a poll; many calls say no more.
type pollParams struct {
	ID poll.ID `json:"poll_id"`
}

func (p pollParams) check() error {
	if p.ID == "" {
		return missing("poll_id")
	}
	return nil
}

func (c pollCalls) get(ctx context.Context, p pollParams) (any, error) {
	poll, err := c.p.Room().Polls().Get(ctx, c.p.ID(), p.ID)
	if err != nil {
		return nil, err
	}
	return pollOnWire(poll), nil
}

func (c pollCalls) start(ctx context.Context, p pollParams) (any, error) {
	poll, err := c.p.Room().Polls().Start(ctx, c.p.ID(), p.ID)
	return pollTime(poll), err
}

func (c pollCalls) stop(ctx context.Context, p pollParams) (any, error) {
	poll, err := c.p.Room().Polls().Stop(ctx, c.p.ID(), p.ID)
	return pollTime(poll), err
}

func pollTime(p poll.Poll) any {
	return map[string]any{"poll_id": p.ID, "duration": p.Duration.Seconds()}
}

type setQuestionsParams struct {
	pollParams
	Questions []wireQuestion `json:"questions"`
}

func (c pollCalls) setQuestions(ctx context.Context, p setQuestionsParams) (any, error) {
	qs := make([]poll.Question, 0, len(p.Questions))
	for i, q := range p.Questions {
		qs = append(qs, q.read(i+1))
	}
	n, err := c.p.Room().Polls().SetQuestions(ctx, c.p.ID(), p.ID, qs)
	return map[string]any{"poll_id": p.ID, "total_questions": n}, err
}

// pollPageParams ask for part of a list; index is how many come before it.
type pollPageParams struct {
	pollParams
	Index int  `json:"index"`
	Count int  `json:"count"`
	Self  bool `json:"self"`
}

// questions shows questions. Once a poll runs, the votes so far come with
// them, so that somebody who comes late sees what the others see.
func (c pollCalls) questions(ctx context.Context, p pollPageParams) (any, error) {
	qs, last, err := c.p.Room().Polls().Questions(ctx, c.p.ID(), p.ID, p.Index, p.Count)
	if err != nil {
		return nil, err
	}
	votes := map[int][]int{}
	if res, err := c.p.Room().Polls().Result(ctx, c.p.ID(), p.ID); err == nil && res.Peak > 0 {
		for _, q := range res.Questions {
			votes[q.Index] = q.Votes
		}
	}
	list := make([]wireQuestion, 0, len(qs))
	for _, q := range qs {
		list = append(list, questionOnWire(q, votes[q.Index]))
	}
	return map[string]any{"poll_id": p.ID, "questions": list, "last": last}, nil
}

type voteParams struct {
	pollParams
	Responses []wireVote `json:"responses"`
}

func (c pollCalls) vote(ctx context.Context, p voteParams) (any, error) {
	votes := make([]poll.Vote, 0, len(p.Responses))
	for _, v := range p.Responses {
		votes = append(votes, v.read())
	}
	verdicts, err := c.p.Room().Polls().Vote(ctx, c.p.ID(), p.ID, votes)
	if err != nil {
		return nil, err
	}
	list := make([]wireVerdict, 0, len(verdicts))
	for _, v := range verdicts {
		w := wireVerdict{Question: v.Question, Correct: v.Correct}
		if f := fault.From(v.Err, fault.OpPoll); f != nil {
			c.h.all.Count(f)
			e := wordFault(f)
			w.Error = &e
		}
		list = append(list, w)
	}
	return map[string]any{"poll_id": p.ID, "result": list}, nil
}

func (c pollCalls) responses(ctx context.Context, p pollPageParams) (any, error) {
	responses, last, err := c.p.Room().Polls().Responses(ctx, c.p.ID(), p.ID, p.Self, p.Index, p.Count)
	if err != nil {
		return nil, err
	}
	type entry struct {
		Final    bool         `json:"final"`
		Response wireResponse `json:"response"`
		Peer     wireVoter    `json:"peer"`
	}
	list := make([]entry, 0, len(responses))
	for _, r := range responses {
		w := wireResponse{
			ID: r.ID, Question: r.Question, Type: string(r.Type), Skipped: r.Skipped,
			Options: r.Options, Text: r.Text, Update: r.Updated, Duration: inThousandths(r.Took),
		}
		if r.Type == poll.SingleChoice && len(r.Options) == 1 {
			w.Option, w.Options = r.Options[0], nil
		}
		list = append(list, entry{r.Final, w, voterOnWire(r.Voter)})
	}
	return map[string]any{"poll_id": p.ID, "last": last, "responses": list}, nil
}

type listPollsParams struct {
	State poll.State `json:"state"`
	Count int        `json:"count"`
	Start poll.ID    `json:"start"`
}

func (p listPollsParams) check() error {
	switch p.State {
	case "", poll.Draft, poll.Open, poll.Closed:
		return nil
	}
	return fault.FieldInvalid.New("field", "state", "want", "created, started or stopped", "got", clip(string(p.State), 16))
}

// list lists polls; last is what to start from for the next page, and
// empty when there is none.
func (c pollCalls) list(ctx context.Context, p listPollsParams) (any, error) {
	polls, next, err := c.p.Room().Polls().List(ctx, c.p.ID(), p.State, p.Start, p.Count)
	if err != nil {
		return nil, err
	}
	list := make([]wirePoll, 0, len(polls))
	for _, p := range polls {
		list = append(list, pollOnWire(p))
	}
	return map[string]any{"last": next, "polls": list}, nil
}

func (c pollCalls) result(ctx context.Context, p pollParams) (any, error) {
	res, err := c.p.Room().Polls().Result(ctx, c.p.ID(), p.ID)
	if err != nil {
		return nil, err
	}
	return resultOnWire(res), nil
}

type leaderboardParams struct {
	pollParams
	Question int `json:"question"`
	Count    int `json:"count"`
	Offset   int `json:"offset"`
}

func (c pollCalls) leaderboard(ctx context.Context, p leaderboardParams) (any, error) {
	l, err := c.p.Room().Polls().Leaderboard(ctx, c.p.ID(), p.ID, p.Question, p.Offset, p.Count)
	if err != nil {
		return nil, err
	}
	list := make([]wireStanding, 0, len(l.Standings))
	for _, st := range l.Standings {
		list = append(list, wireStanding{st.Position, st.Score, st.Responses, st.Correct, inThousandths(st.Time), voterOnWire(st.Voter)})
	}
	return map[string]any{
		"poll_id": p.ID, "total_users": l.Total, "voted_users": l.Voted, "correct_users": l.AllCorrect,
		"avg_time": inThousandths(l.AverageTime), "avg_score": l.AverageScore, "questions": list, "last": l.Last,
	}, nil
}

// seconds and thousandths read a number of time units of a client, however
// large.
func seconds(n float64) time.Duration     { return units(n, time.Second) }
func thousandths(n float64) time.Duration { return units(n, time.Millisecond) }

func units(n float64, unit time.Duration) time.Duration {
	n *= float64(unit)
	if math.Abs(n) >= math.MaxInt64/2 {
		return time.Duration(math.Copysign(math.MaxInt64/2, n))
	}
	return time.Duration(n)
}

func inThousandths(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// millisOrZero is 0 for a time that has not come.
func millisOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return millis(t)
}

// orEmpty makes a list an empty one rather than null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
