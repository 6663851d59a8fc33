// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// Set creates a poll, or changes its setup while it is a draft. Fails with
// fault.NotPermitted, PollInvalid, PollState, RoleNotFound.
func (b *Book) Set(by *Peer, s Setup) (Poll, error) {
	if err := permitWrite(by); err != nil {
		return Poll{}, err
	}
	s.VoteBy = cmp.Or(s.VoteBy, VoteByUser)
	if err := b.check(s); err != nil {
		return Poll{}, err
	}
	p, err := b.find(s.ID)
	switch {
	case err == nil && p.State != Draft:
		return Poll{}, p.wrongState()
	case err == nil:
		p.Setup = s
		return p.Poll, nil
	case len(b.polls) >= maxPolls:
		return Poll{}, fault.PollInvalid.New("field", "poll_id", "max_polls", maxPolls)
	}
	s.ID = cmp.Or(s.ID, ID(uuid.NewString()))
	p = newPoll(b, s.ID)
	p.Poll = Poll{Setup: s, State: Draft, CreatedBy: by.id(), CreatedAt: time.Now()}
	b.polls = append(b.polls, p)
	return p.Poll, nil
}

func (b *Book) check(s Setup) error {
	switch {
	case len(s.ID) > maxID:
		return fault.PollInvalid.New("field", "poll_id", "max_bytes", maxID, "bytes", len(s.ID))
	case s.Title == "" || maxText.Over(s.Title) != nil:
		return fault.PollInvalid.New(tooLong("title", maxText, s.Title)...)
	case s.Duration < 0 || s.Duration > maxTime:
		return fault.PollInvalid.New("field", "duration", "want", "0 to 86400 seconds")
	case s.VoteBy != VoteByUser && s.VoteBy != VoteByPeer && s.VoteBy != VoteByName:
		return fault.PollInvalid.New("field", "mode", "want", "userid, peerid or username")
	}
	if err := b.checkRoles("vote", s.VoteRoles); err != nil {
		return err
	}
	return b.checkRoles("responses", s.ViewRoles)
}

func (b *Book) checkRoles(field string, names []string) error {
	if len(names) > b.room.Roles() {
		return fault.PollInvalid.New("field", field, "want", "each role once", "roles", len(names))
	}
	for _, n := range names {
		if !b.room.HasRole(n) {
			return fault.RoleNotFound.New("field", field, "role", n)
		}
	}
	return nil
}

// SetQuestions replaces the questions of a draft and returns how many there
// are. Fails with fault.NotPermitted, PollNotFound, PollState, PollInvalid.
func (b *Book) SetQuestions(by *Peer, id ID, qs []Question) (int, error) {
	p, err := b.writable(by, id)
	if err != nil {
		return 0, err
	}
	if p.State != Draft {
		return 0, p.wrongState()
	}
	if len(qs) > maxQuestions {
		return 0, fault.PollInvalid.New("field", "questions", "max", maxQuestions, "questions", len(qs))
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
	if err := b.grow("questions", questionsSize(checked)-questionsSize(p.questions)); err != nil {
		return 0, err
	}
	p.questions, p.Questions = checked, len(checked)
	return len(checked), nil
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
	case q.Text == "" || maxText.Over(q.Text) != nil:
		return long("text", maxText, q.Text)
	case q.Weight < 0 || q.Weight > maxWeight:
		return bad("weight", "want", "0 to 10000", "got", q.Weight)
	case q.Duration < 0 || q.Duration > maxTime:
		return bad("duration", "want", "0 to 86400 seconds")
	case q.MinLen < 0 || q.MaxLen < 0 || (q.MaxLen > 0 && q.MinLen > q.MaxLen):
		return bad("answer_max_len", "want", "no less than answer_min_len", "got", q.MaxLen)
	}
	switch q.Type {
	case SingleChoice, MultipleChoice:
		return checkChoice(q, bad, long)
	case ShortAnswer, LongAnswer:
		if maxAnswer.Over(q.Answer.Text) != nil {
			return long("answer.text", maxAnswer, q.Answer.Text)
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
	if n := len(q.Options); n < 1 || n > maxOptions {
		return bad("options", "want", "1 to 50", "options", n)
	}
	q.Options = slices.SortedFunc(slices.Values(q.Options), func(a, b Option) int { return cmp.Compare(a.Index, b.Index) })
	for i, o := range q.Options {
		switch {
		case o.Index != i+1:
			return bad("options.index", "want", "each from 1 to the number of options, once", "got", o.Index)
		case o.Text == "" || maxText.Over(o.Text) != nil:
			return long(fmt.Sprintf("options[%d].text", i), maxText, o.Text)
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

// Get returns a poll. Fails with fault.PollNotFound, NotPermitted.
func (b *Book) Get(by *Peer, id ID) (Poll, error) {
	p, err := b.readable(by, id)
	if err != nil {
		return Poll{}, err
	}
	return p.Poll, nil
}

// List lists polls in order of creation: those of one state or all, from the
// one after a given poll, and how to go on, "" after the last page. Drafts are
// for those who may write. Fails with fault.NotPermitted, PollNotFound.
func (b *Book) List(by *Peer, state State, after ID, count int) (page []Poll, next ID, err error) {
	if err := permitRead(by); err != nil {
		return nil, "", err
	}
	all := b.polls
	if after != "" {
		last, err := b.find(after)
		if err != nil {
			return nil, "", err
		}
		all = all[slices.Index(all, last)+1:]
	}
	count = pageSize(count)
	for _, p := range all {
		if (state != "" && p.State != state) || !p.sees(by) {
			continue
		}
		if len(page) == count {
			return page, page[count-1].ID, nil
		}
		page = append(page, p.Poll)
	}
	return page, "", nil
}

// Questions returns questions of a poll from an offset, and whether they are
// the last. A hidden right answer is left out before the poll is over, except
// for those who may write. Fails with fault.PollNotFound, NotPermitted.
func (b *Book) Questions(by *Peer, id ID, offset, count int) (page []Question, last bool, err error) {
	p, err := b.readable(by, id)
	if err != nil {
		return nil, false, err
	}
	page, last = slicePage(p.questions, offset, count)
	page = slices.Clone(page)
	for i, q := range page {
		if p.hides(q) && !mayWrite(by) {
			page[i].Answer = Answer{Hidden: true}
		}
	}
	return page, last, nil
}

// pageSize is how many things a page holds when so many were asked for.
func pageSize(count int) int {
	if count <= 0 {
		return 50
	}
	return min(count, maxPage)
}

// slicePage is part of a list, and whether the list ends with it.
func slicePage[T any](all []T, offset, count int) ([]T, bool) {
	from := min(max(offset, 0), len(all))
	to := min(from+pageSize(count), len(all))
	return all[from:to], to == len(all)
}
