package room

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// SetPoll creates a poll, or changes its setup while it is a draft. Fails with
// fault.NotPermitted, PollInvalid, PollState, RoleNotFound.
func (r *Room) SetPoll(ctx context.Context, by PeerID, s PollSetup) (Poll, error) {
	return call(ctx, r, func() (Poll, error) {
		if _, err := r.permitted(by, permPollWrite); err != nil {
			return Poll{}, err
		}
		s.VoteBy = cmp.Or(s.VoteBy, VoteByUser)
		if err := r.checkPoll(s); err != nil {
			return Poll{}, err
		}
		p, err := r.polls.find(s.ID)
		switch {
		case err == nil && p.State != PollDraft:
			return Poll{}, p.wrongState()
		case err == nil:
			p.PollSetup = s
			return p.Poll, nil
		case len(r.polls.polls) >= maxPolls:
			return Poll{}, fault.PollInvalid.New("field", "poll_id", "max_polls", maxPolls)
		}
		s.ID = cmp.Or(s.ID, PollID(newID()))
		p = newPoll(&r.polls, s.ID)
		p.Poll = Poll{PollSetup: s, State: PollDraft, CreatedBy: by, CreatedAt: time.Now()}
		r.polls.polls = append(r.polls.polls, p)
		return p.Poll, nil
	})
}

func (r *Room) checkPoll(s PollSetup) error {
	switch {
	case len(s.ID) > maxPollID:
		return fault.PollInvalid.New("field", "poll_id", "max_bytes", maxPollID, "bytes", len(s.ID))
	case s.Title == "" || pollText.Over(s.Title) != nil:
		return fault.PollInvalid.New(tooLong("title", pollText, s.Title)...)
	case s.Duration < 0 || s.Duration > maxPollTime:
		return fault.PollInvalid.New("field", "duration", "want", "0 to 86400 seconds")
	case s.VoteBy != VoteByUser && s.VoteBy != VoteByPeer && s.VoteBy != VoteByName:
		return fault.PollInvalid.New("field", "mode", "want", "userid, peerid or username")
	}
	if err := r.checkPollRoles("vote", s.VoteRoles); err != nil {
		return err
	}
	return r.checkPollRoles("responses", s.ViewRoles)
}

func (r *Room) checkPollRoles(field string, names []string) error {
	if len(names) > len(r.facts.Template.Roles) {
		return fault.PollInvalid.New("field", field, "want", "each role once", "roles", len(names))
	}
	for _, n := range names {
		if _, ok := r.Role(n); !ok {
			return fault.RoleNotFound.New("field", field, "role", n)
		}
	}
	return nil
}

// SetQuestions replaces the questions of a draft and returns how many there
// are. Fails with fault.NotPermitted, PollNotFound, PollState, PollInvalid.
func (r *Room) SetQuestions(ctx context.Context, by PeerID, id PollID, qs []Question) (int, error) {
	return call(ctx, r, func() (int, error) {
		p, err := r.writePoll(by, id)
		if err != nil {
			return 0, err
		}
		if p.State != PollDraft {
			return 0, p.wrongState()
		}
		if len(qs) > maxPollQuestion {
			return 0, fault.PollInvalid.New("field", "questions", "max", maxPollQuestion, "questions", len(qs))
		}
		checked := make([]Question, 0, len(qs))
		for i, q := range qs {
			q, err := checkQuestion(fmt.Sprintf("questions[%d]", i), q)
			if err != nil {
				return 0, err
			}
			checked = append(checked, q)
		}
		slices.SortFunc(checked, func(a, b Question) int { return cmp.Compare(a.Index, b.Index) })
		for i, q := range checked {
			if q.Index != i+1 {
				return 0, fault.PollInvalid.New("field", "questions.index", "want", "each from 1 to the number of questions, once", "got", q.Index)
			}
		}
		if err := r.polls.grow("questions", questionsSize(checked)-questionsSize(p.questions)); err != nil {
			return 0, err
		}
		p.questions, p.Questions = checked, len(checked)
		return len(checked), nil
	})
}

// checkQuestion returns the question without what does not belong to its type.
func checkQuestion(at string, q Question) (Question, error) {
	bad := func(field string, details ...any) (Question, error) {
		return q, fault.PollInvalid.New(append([]any{"field", at + "." + field}, details...)...)
	}
	long := func(field string, l text.Limit, s string) (Question, error) {
		return q, fault.PollInvalid.New(tooLong(at+"."+field, l, s)...)
	}
	switch {
	case q.Text == "" || pollText.Over(q.Text) != nil:
		return long("text", pollText, q.Text)
	case q.Weight < 0 || q.Weight > maxPollWeight:
		return bad("weight", "want", "0 to 10000", "got", q.Weight)
	case q.Duration < 0 || q.Duration > maxPollTime:
		return bad("duration", "want", "0 to 86400 seconds")
	case q.MinLen < 0 || q.MaxLen < 0 || (q.MaxLen > 0 && q.MinLen > q.MaxLen):
		return bad("answer_max_len", "want", "no less than answer_min_len", "got", q.MaxLen)
	}
	switch q.Type {
	case SingleChoice, MultipleChoice:
		return checkChoice(q, bad, long)
	case ShortAnswer, LongAnswer:
		if pollAnswer.Over(q.Answer.Text) != nil {
			return long("answer.text", pollAnswer, q.Answer.Text)
		}
		q.Options, q.Answer.Options = nil, nil
		return q, nil
	}
	return bad("type", "want", "single-choice, multiple-choice, short-answer or long-answer")
}

// tooLong are the details of a refused text: how many characters are wanted and
// how many came.
func tooLong(field string, l text.Limit, s string) []any {
	details := []any{"field", field, "want", fmt.Sprintf("1 to %d characters", l.Chars)}
	if s == "" {
		return append(details, "characters", 0)
	}
	return append(details, l.Over(s)...)
}

func checkChoice(q Question, bad func(string, ...any) (Question, error), long func(string, text.Limit, string) (Question, error)) (Question, error) {
	if n := len(q.Options); n < 1 || n > maxPollOptions {
		return bad("options", "want", "1 to 50", "options", n)
	}
	q.Options = slices.SortedFunc(slices.Values(q.Options), func(a, b Option) int { return cmp.Compare(a.Index, b.Index) })
	for i, o := range q.Options {
		switch {
		case o.Index != i+1:
			return bad("options.index", "want", "each from 1 to the number of options, once", "got", o.Index)
		case o.Text == "" || pollText.Over(o.Text) != nil:
			return long(fmt.Sprintf("options[%d].text", i), pollText, o.Text)
		}
	}
	right, ok := chosen(q.Answer.Options, len(q.Options))
	if !ok {
		return bad("answer.options", "want", "options of the question, each once")
	}
	q.Answer.Options, q.Answer.Text = right, ""
	q.MinLen, q.MaxLen = 0, 0
	return q, nil
}

// chosen sorts a choice and tells whether it names existing options, each once.
func chosen(options []int, of int) ([]int, bool) {
	if len(options) == 0 {
		return nil, true
	}
	if len(options) > of {
		return nil, false
	}
	s := slices.Sorted(slices.Values(options))
	return s, s[0] >= 1 && s[len(s)-1] <= of && len(slices.Compact(slices.Clone(s))) == len(s)
}

// Poll returns a poll. Fails with fault.PollNotFound, NotPermitted.
func (r *Room) Poll(ctx context.Context, by PeerID, id PollID) (Poll, error) {
	return call(ctx, r, func() (Poll, error) {
		p, _, err := r.readPoll(by, id)
		if err != nil {
			return Poll{}, err
		}
		return p.Poll, nil
	})
}

// Polls lists polls in order of creation: those of one state or all, from the
// one after a given poll, and how to go on, "" after the last page. Drafts are
// for those who may write. Fails with fault.NotPermitted, PollNotFound.
func (r *Room) Polls(ctx context.Context, by PeerID, state PollState, after PollID, count int) ([]Poll, PollID, error) {
	type page struct {
		polls []Poll
		next  PollID
	}
	pg, err := call(ctx, r, func() (page, error) {
		m, err := r.pollReader(by)
		if err != nil {
			return page{}, err
		}
		all := r.polls.polls
		if after != "" {
			last, err := r.polls.find(after)
			if err != nil {
				return page{}, err
			}
			all = all[slices.Index(all, last)+1:]
		}
		var pg page
		count = pageSize(count)
		for _, p := range all {
			if (state != "" && p.State != state) || !r.seesPoll(m, p) {
				continue
			}
			if len(pg.polls) == count {
				pg.next = pg.polls[count-1].ID
				break
			}
			pg.polls = append(pg.polls, p.Poll)
		}
		return pg, nil
	})
	return pg.polls, pg.next, err
}

// Questions returns questions of a poll from an offset, and whether they are
// the last. A hidden right answer is left out before the poll is over, except
// for those who may write. Fails with fault.PollNotFound, NotPermitted.
func (r *Room) Questions(ctx context.Context, by PeerID, id PollID, offset, count int) ([]Question, bool, error) {
	last := false
	qs, err := call(ctx, r, func() ([]Question, error) {
		p, m, err := r.readPoll(by, id)
		if err != nil {
			return nil, err
		}
		var page []Question
		page, last = slicePage(p.questions, offset, count)
		page = slices.Clone(page)
		for i, q := range page {
			if p.hides(q) && !r.writesPolls(m) {
				page[i].Answer = Answer{Hidden: true}
			}
		}
		return page, nil
	})
	return qs, last, err
}

// pageSize is how many things a page holds when so many were asked for.
func pageSize(count int) int {
	if count <= 0 {
		return 50
	}
	return min(count, maxPollPage)
}

// slicePage is part of a list, and whether the list ends with it.
func slicePage[T any](all []T, offset, count int) ([]T, bool) {
	from := min(max(offset, 0), len(all))
	to := min(from+pageSize(count), len(all))
	return all[from:to], to == len(all)
}
