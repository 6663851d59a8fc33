// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/poll"
	"github.com/redial-rtc/redial/internal/room"
)

// choice is a question with options; right names the right ones.
func choice(index int, t poll.QuestionType, options int, right ...int) poll.Question {
	q := poll.Question{Index: index, Text: fmt.Sprintf("Question %d", index), Type: t, Skippable: true, Weight: 10}
	for i := range options {
		q.Options = append(q.Options, poll.Option{Index: i + 1, Text: fmt.Sprintf("Option %d", i+1)})
	}
	q.Answer.Options = right
	return q
}

func words(index int, right string) poll.Question {
	return poll.Question{Index: index, Text: "In words", Type: poll.ShortAnswer, Skippable: true, Weight: 10, Answer: poll.Answer{Text: right}}
}

func pick(question int, options ...int) poll.Vote {
	return poll.Vote{Question: question, Options: options}
}

// poll makes a draft with questions.
func (p *person) poll(s poll.Setup, qs ...poll.Question) {
	p.w.Helper()
	if s.ID == "" {
		s.ID = "p1"
	}
	if s.Title == "" {
		s.Title = "Lunch"
	}
	_, err := p.room.Polls().Set(p.w.Context(), p.id, s)
	p.w.ok(err)
	_, err = p.room.Polls().SetQuestions(p.w.Context(), p.id, s.ID, qs)
	p.w.ok(err)
}

func (p *person) start(id poll.ID) poll.Poll {
	p.w.Helper()
	poll, err := p.room.Polls().Start(p.w.Context(), p.id, id)
	p.w.ok(err)
	return poll
}

func (p *person) stop(id poll.ID) poll.Poll {
	p.w.Helper()
	poll, err := p.room.Polls().Stop(p.w.Context(), p.id, id)
	p.w.ok(err)
	return poll
}

func (p *person) vote(votes ...poll.Vote) ([]poll.Verdict, error) {
	return p.room.Polls().Vote(p.w.Context(), p.id, "p1", votes)
}

// voted votes and must be heard.
func (p *person) voted(votes ...poll.Vote) []poll.Verdict {
	p.w.Helper()
	vs, err := p.vote(votes...)
	p.w.ok(err)
	for _, v := range vs {
		p.w.ok(v.Err)
	}
	return vs
}

func (p *person) result() poll.Result {
	p.w.Helper()
	res, err := p.room.Polls().Result(p.w.Context(), p.id, "p1")
	p.w.ok(err)
	return res
}

// tally is a result in words: voters, and for each question its votes.
func tally(r poll.Result) string {
	s := []string{fmt.Sprintf("%d voters %d answers", r.Voters, r.Responses)}
	for _, q := range r.Questions {
		line := fmt.Sprintf("%d: %v of %d", q.Index, q.Votes, q.Total)
		if q.Skipped > 0 {
			line += fmt.Sprintf(" skipped %d", q.Skipped)
		}
		if q.Correct != nil {
			line += fmt.Sprintf(" right %d", *q.Correct)
		}
		s = append(s, line)
	}
	return strings.Join(s, ", ")
}

func TestPollLife(t *testing.T) {
	spec(t, "a poll is drafted, runs, is answered, and ends", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2), choice(2, poll.MultipleChoice, 3))
		none[room.PollStarted](guest)

		p := host.start("p1")
		w.same("poll", []any{p.State, p.CreatedBy, p.StartedBy, p.Questions, p.VoteBy}, []any{poll.Open, "host", "host", 2, poll.VoteByUser})
		w.same("told the guest", one[room.PollStarted](guest).Poll.ID, "p1")
		w.same("told the starter", one[room.PollStarted](host).Poll.ID, "p1")

		guest.voted(pick(1, 2), pick(2, 3, 1))
		w.same("result", tally(host.result()), "1 voters 2 answers, 1: [0 1] of 1, 2: [1 0 1] of 1")
		w.same("told", tally(one[room.PollStats](host).Result), tally(host.result()))

		p = host.stop("p1")
		w.same("poll", []any{p.State, p.StoppedBy}, []any{poll.Closed, "host"})
		w.same("told the guest", one[room.PollStopped](guest).Poll.State, poll.Closed)
		_, err := host.vote(pick(1, 1))
		w.refused(err, fault.PollState, "state", "stopped")
	})
	spec(t, "the room chooses an id where the author does not", func(w *world) {
		host := w.join("host", "host")
		p, err := host.room.Polls().Set(w.Context(), host.id, poll.Setup{Title: "No id"})
		w.ok(err)
		if len(p.ID) != 36 {
			w.Errorf("id %q, want a UUID", p.ID)
		}
	})
	spec(t, "a draft can be changed as often as one likes, a started poll cannot", func(w *world) {
		host := w.join("host", "host")
		host.poll(poll.Setup{Title: "First"}, choice(1, poll.SingleChoice, 2), choice(2, poll.SingleChoice, 2))
		host.poll(poll.Setup{Title: "Second", Quiz: true}, choice(1, poll.SingleChoice, 2))
		p, err := host.room.Polls().Get(w.Context(), host.id, "p1")
		w.ok(err)
		w.same("poll", []any{p.Title, p.Quiz, p.Questions}, []any{"Second", true, 1})
		host.start("p1")
		_, err = host.room.Polls().Set(w.Context(), host.id, poll.Setup{ID: "p1", Title: "Third"})
		w.refused(err, fault.PollState, "state", "started")
		_, err = host.room.Polls().SetQuestions(w.Context(), host.id, "p1", nil)
		w.refused(err, fault.PollState)
		_, err = host.room.Polls().Start(w.Context(), host.id, "p1")
		w.refused(err, fault.PollState)
	})
	spec(t, "a poll stops by itself when its time is over", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		host.poll(poll.Setup{ID: "long", Duration: 2 * time.Minute}, choice(1, poll.SingleChoice, 2))
		host.poll(poll.Setup{Duration: time.Minute}, choice(1, poll.SingleChoice, 2))
		host.start("long")
		host.start("p1")
		time.Sleep(time.Minute - time.Millisecond)
		none[room.PollStopped](guest)
		guest.voted(pick(1, 1))
		time.Sleep(time.Millisecond)
		stopped := one[room.PollStopped](guest).Poll
		w.same("poll", []any{stopped.ID, stopped.State, stopped.StoppedBy, stopped.StoppedAt.Sub(stopped.StartedAt)}, []any{"p1", poll.Closed, "", time.Minute})
		_, err := guest.vote(pick(1, 1))
		w.refused(err, fault.PollState)
		time.Sleep(time.Minute)
		w.same("stopped", len(updates[room.PollStopped](guest)), 2)
	})
	spec(t, "a poll stopped early does not stop again", func(w *world) {
		host := w.join("host", "host")
		host.poll(poll.Setup{Duration: time.Minute}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		host.stop("p1")
		time.Sleep(time.Hour)
		one[room.PollStopped](host)
		_, err := host.room.Polls().Stop(w.Context(), host.id, "p1")
		w.refused(err, fault.PollState)
	})
	spec(t, "polls outlive their author but not the session", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		host.leave()
		guest.voted(pick(1, 1))
		guest.leave()
		time.Sleep(time.Minute)
		host = w.join("host", "host")
		polls, _, err := host.room.Polls().List(w.Context(), host.id, "", "", 0)
		w.ok(err)
		w.same("polls", len(polls), 0)
	})
	spec(t, "a preview does not carry polls into the next session", func(w *world) {
		host := w.join("host", "host")
		preview := &person{w: w}
		_, err := host.room.Watch(w.Context(), preview)
		w.ok(err)
		host.poll(poll.Setup{Duration: time.Hour}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		host.leave()
		time.Sleep(2 * time.Hour)
		host = w.join("host", "host")
		_, err = host.room.Polls().Get(w.Context(), host.id, "p1")
		w.refused(err, fault.PollNotFound)
	})
}

func TestPollSetup(t *testing.T) {
	bad := func(name, field string, change func(s *poll.Setup, qs *[]poll.Question)) {
		spec(t, name, func(w *world) {
			host := w.join("host", "host")
			s := poll.Setup{ID: "p1", Title: "Lunch"}
			qs := []poll.Question{choice(1, poll.SingleChoice, 2), words(2, "")}
			change(&s, &qs)
			_, err := host.room.Polls().Set(w.Context(), host.id, s)
			if err == nil {
				_, err = host.room.Polls().SetQuestions(w.Context(), host.id, "p1", qs)
			}
			if err == nil {
				_, err = host.room.Polls().Start(w.Context(), host.id, "p1")
			}
			w.refused(err, fault.PollInvalid, "field", field)
		})
	}
	setup := func(name, field string, change func(s *poll.Setup)) {
		bad(name, field, func(s *poll.Setup, _ *[]poll.Question) { change(s) })
	}
	question := func(name, field string, change func(q *poll.Question)) {
		bad(name, "questions[0]."+field, func(_ *poll.Setup, qs *[]poll.Question) { change(&(*qs)[0]) })
	}
	setup("no title", "title", func(s *poll.Setup) { s.Title = "" })
	setup("a title that is too long", "title", func(s *poll.Setup) { s.Title = strings.Repeat("x", 1025) })
	setup("an id that is too long", "poll_id", func(s *poll.Setup) { s.ID = poll.ID(strings.Repeat("x", 129)) })
	setup("a negative duration", "duration", func(s *poll.Setup) { s.Duration = -1 })
	setup("a duration of more than a day", "duration", func(s *poll.Setup) { s.Duration = 25 * time.Hour })
	setup("an unknown way to tell voters apart", "mode", func(s *poll.Setup) { s.VoteBy = "shoe size" })

	bad("no questions", "questions", func(_ *poll.Setup, qs *[]poll.Question) { *qs = nil })
	bad("too many questions", "questions", func(_ *poll.Setup, qs *[]poll.Question) { *qs = make([]poll.Question, 51) })
	bad("a gap between questions", "questions.index", func(_ *poll.Setup, qs *[]poll.Question) { (*qs)[1].Index = 3 })
	bad("two questions of one index", "questions.index", func(_ *poll.Setup, qs *[]poll.Question) { (*qs)[1].Index = 1 })

	question("no text", "text", func(q *poll.Question) { q.Text = "" })
	question("an unknown type", "type", func(q *poll.Question) { q.Type = "drawing" })
	question("a negative weight", "weight", func(q *poll.Question) { q.Weight = -1 })
	question("a negative time", "duration", func(q *poll.Question) { q.Duration = -1 })
	question("lengths the wrong way round", "answer_max_len", func(q *poll.Question) { q.MinLen, q.MaxLen = 5, 4 })
	question("no options", "options", func(q *poll.Question) { q.Options = nil })
	question("too many options", "options", func(q *poll.Question) { q.Options = make([]poll.Option, 51) })
	question("an option without text", "options[1].text", func(q *poll.Question) { q.Options[1].Text = "" })
	question("options that are not counted from one", "options.index", func(q *poll.Question) { q.Options[0].Index = 0 })
	question("a right answer that is no option", "answer.options", func(q *poll.Question) { q.Answer.Options = []int{3} })
	question("a right answer named twice", "answer.options", func(q *poll.Question) { q.Answer.Options = []int{1, 1} })
	question("a right answer in too many words", "answer.text", func(q *poll.Question) {
		*q = words(1, strings.Repeat("x", 4097))
	})

	spec(t, "roles that do not exist", func(w *world) {
		host := w.join("host", "host")
		_, err := host.room.Polls().Set(w.Context(), host.id, poll.Setup{Title: "x", VoteRoles: []string{"guest", "ghost"}})
		w.refused(err, fault.RoleNotFound, "field", "vote", "role", "ghost")
		_, err = host.room.Polls().Set(w.Context(), host.id, poll.Setup{Title: "x", ViewRoles: []string{"ghost"}})
		w.refused(err, fault.RoleNotFound, "field", "responses")
	})
	spec(t, "a session holds a hundred polls", func(w *world) {
		host := w.join("host", "host")
		for range 100 {
			_, err := host.room.Polls().Set(w.Context(), host.id, poll.Setup{Title: "x"})
			w.ok(err)
		}
		_, err := host.room.Polls().Set(w.Context(), host.id, poll.Setup{Title: "x"})
		w.refused(err, fault.PollInvalid, "max_polls", 100)
	})
	spec(t, "a poll that does not exist", func(w *world) {
		host := w.join("host", "host")
		_, err := host.room.Polls().Get(w.Context(), host.id, "p9")
		w.refused(err, fault.PollNotFound, "poll", "p9")
		_, err = host.room.Polls().SetQuestions(w.Context(), host.id, "p9", nil)
		w.refused(err, fault.PollNotFound)
		_, err = host.room.Polls().Start(w.Context(), host.id, "p9")
		w.refused(err, fault.PollNotFound)
		_, err = host.room.Polls().Vote(w.Context(), host.id, "p9", []poll.Vote{pick(1, 1)})
		w.refused(err, fault.PollNotFound)
	})
}

func TestPollPermissions(t *testing.T) {
	silent := withRoles(func(r map[string]*policy.Role) { r["viewer"].Permissions = policy.Permissions{} })

	spec(t, "only those who may write polls make, start and stop them", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		_, err := guest.room.Polls().Set(w.Context(), guest.id, poll.Setup{Title: "mine"})
		w.refused(err, fault.NotPermitted, "permission", "poll_write", "role", "guest")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2))
		_, err = guest.room.Polls().SetQuestions(w.Context(), guest.id, "p1", nil)
		w.refused(err, fault.NotPermitted)
		_, err = guest.room.Polls().Start(w.Context(), guest.id, "p1")
		w.refused(err, fault.NotPermitted)
		host.start("p1")
		_, err = guest.room.Polls().Stop(w.Context(), guest.id, "p1")
		w.refused(err, fault.NotPermitted)
	})
	spec(t, "who may not read polls neither hears of them nor answers", func(w *world) {
		host, mute := w.join("host", "host"), w.join("mute", "viewer")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		_, err := mute.vote(pick(1, 1))
		w.refused(err, fault.NotPermitted, "permission", "poll_read")
		_, _, err = mute.room.Polls().List(w.Context(), mute.id, "", "", 0)
		w.refused(err, fault.NotPermitted)
		_, err = mute.room.Polls().Result(w.Context(), mute.id, "p1")
		w.refused(err, fault.NotPermitted)
		host.voted(pick(1, 1))
		host.stop("p1")
		none[room.PollStarted](mute)
		none[room.PollStats](mute)
		none[room.PollStopped](mute)
	}, silent)
	spec(t, "drafts are for those who may write", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2))
		_, err := guest.room.Polls().Get(w.Context(), guest.id, "p1")
		w.refused(err, fault.NotPermitted, "permission", "poll_write")
		polls, _, err := guest.room.Polls().List(w.Context(), guest.id, "", "", 0)
		w.ok(err)
		w.same("polls", len(polls), 0)
		_, err = guest.vote(pick(1, 1))
		w.refused(err, fault.PollState, "state", "created")
	})
	spec(t, "only the named roles may answer", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		host.poll(poll.Setup{VoteRoles: []string{"guest"}}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		_, err := host.vote(pick(1, 1))
		w.refused(err, fault.NotPermitted, "role", "host")
		guest.voted(pick(1, 1))
	})
	spec(t, "only the named roles see answers and counts", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		host.poll(poll.Setup{ViewRoles: []string{"host"}}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		guest.voted(pick(1, 2))
		one[room.PollStats](host)
		none[room.PollStats](guest)
		w.same("the guest's result", tally(guest.result()), "1 voters 1 answers")
		_, _, err := guest.room.Polls().Responses(w.Context(), guest.id, "p1", false, 0, 0)
		w.refused(err, fault.NotPermitted, "permission", "see the answers")
		own, last, err := guest.room.Polls().Responses(w.Context(), guest.id, "p1", true, 0, 0)
		w.ok(err)
		w.same("the guest's own", []any{len(own), last, own[0].Options}, []any{1, true, []int{2}})
		host.stop("p1")
		one[room.PollStopped](guest)
	})
	spec(t, "a poll for others stays unknown to the rest", func(w *world) {
		host, guest, viewer := w.join("host", "host"), w.join("guest", "guest"), w.join("viewer", "viewer")
		host.poll(poll.Setup{VoteRoles: []string{"guest"}, ViewRoles: []string{"host"}}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		one[room.PollStarted](guest)
		none[room.PollStarted](viewer)
		_, _, err := viewer.room.Polls().Questions(w.Context(), viewer.id, "p1", 0, 0)
		w.refused(err, fault.NotPermitted)
		polls, _, err := viewer.room.Polls().List(w.Context(), viewer.id, "", "", 0)
		w.ok(err)
		w.same("polls", len(polls), 0)
	})
	spec(t, "a peer that is not in the room", func(w *world) {
		host := w.join("host", "host")
		_, err := host.room.Polls().Vote(w.Context(), "ghost", "p1", []poll.Vote{pick(1, 1)})
		w.refused(err, fault.PeerNotFound)
		_, err = host.room.Polls().Set(w.Context(), "ghost", poll.Setup{Title: "x"})
		w.refused(err, fault.PeerNotFound)
	})
	spec(t, "the server itself may do and see everything", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		r := host.room
		_, err := r.Polls().Set(w.Context(), "", poll.Setup{ID: "p1", Title: "From outside", ViewRoles: []string{"host"}})
		w.ok(err)
		_, err = r.Polls().SetQuestions(w.Context(), "", "p1", []poll.Question{choice(1, poll.SingleChoice, 2, 1)})
		w.ok(err)
		_, err = r.Polls().Start(w.Context(), "", "p1")
		w.ok(err)
		guest.voted(pick(1, 1))
		list, _, err := r.Polls().Responses(w.Context(), "", "p1", false, 0, 0)
		w.ok(err)
		w.same("answers", len(list), 1)
		own, _, err := r.Polls().Responses(w.Context(), "", "p1", true, 0, 0)
		w.ok(err)
		w.same("own answers", len(own), 0)
	})
}

func TestPollVote(t *testing.T) {
	// answer votes in a poll of one question of each type.
	answer := func(w *world, v poll.Vote) (poll.Verdict, error) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		must := choice(4, poll.SingleChoice, 2)
		must.Skippable = false
		text := words(3, "")
		text.MinLen, text.MaxLen = 2, 4
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2), choice(2, poll.MultipleChoice, 3), text, must)
		host.start("p1")
		vs, err := guest.vote(v)
		if err != nil {
			return poll.Verdict{}, err
		}
		return vs[0], vs[0].Err
	}
	good := func(name string, v poll.Vote) {
		spec(t, name, func(w *world) { _, err := answer(w, v); w.ok(err) })
	}
	bad := func(name, field string, v poll.Vote) {
		spec(t, name, func(w *world) {
			_, err := answer(w, v)
			w.refused(err, fault.PollInvalid, "field", field)
		})
	}
	good("one option", pick(1, 2))
	good("several options in any order", pick(2, 3, 1))
	good("some words", poll.Vote{Question: 3, Text: "äöü"})
	good("a skip", poll.Vote{Question: 1, Skipped: true})
	good("the type said again", poll.Vote{Question: 1, Type: poll.SingleChoice, Options: []int{1}})

	bad("a question that is not there", "question", pick(5, 1))
	bad("no question", "question", pick(0, 1))
	bad("another type", "type", poll.Vote{Question: 1, Type: poll.LongAnswer, Text: "x"})
	bad("no option", "option", pick(1))
	bad("two options where one is asked for", "option", pick(1, 1, 2))
	bad("an option that is not there", "options", pick(1, 3))
	bad("a negative option", "options", pick(1, -1))
	bad("an option twice", "options", pick(2, 1, 1))
	bad("no options", "options", pick(2))
	bad("words for a choice", "text", poll.Vote{Question: 1, Options: []int{1}, Text: "both"})
	bad("options where words are asked for", "options", pick(3, 1))
	bad("no words", "text", poll.Vote{Question: 3})
	bad("too few words", "text", poll.Vote{Question: 3, Text: "a"})
	bad("too many words", "text", poll.Vote{Question: 3, Text: "abcde"})
	bad("far too many words", "text", poll.Vote{Question: 3, Text: strings.Repeat("x", 5000)})
	bad("a skip where an answer is needed", "skipped", poll.Vote{Question: 4, Skipped: true})

	spec(t, "no votes, and too many", func(w *world) {
		host := w.join("host", "host")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		_, err := host.vote()
		w.refused(err, fault.PollInvalid, "field", "responses")
		_, err = host.vote(slices.Repeat([]poll.Vote{pick(1, 1)}, 51)...)
		w.refused(err, fault.PollInvalid, "field", "responses")
	})
	spec(t, "what fits is taken beside what does not", func(w *world) {
		host := w.join("host", "host")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2), choice(2, poll.SingleChoice, 2))
		host.start("p1")
		vs, err := host.vote(pick(1, 9), pick(2, 1), pick(2, 2))
		w.ok(err)
		w.refused(vs[0].Err, fault.PollInvalid, "field", "options")
		w.ok(vs[1].Err)
		w.refused(vs[2].Err, fault.PollInvalid, "problem", "answered already")
		w.same("result", tally(host.result()), "1 voters 1 answers, 1: [0 0] of 0, 2: [1 0] of 1")
	})
}

func TestPollOneVote(t *testing.T) {
	// again makes a poll and lets the same user vote a second time as another
	// peer with another name, which works if others counts them apart.
	again := func(by poll.VoteBy, user, name string, apart bool) {
		spec(t, fmt.Sprintf("counted by %s, user %q, name %q", by, user, name), func(w *world) {
			host := w.join("host", "host")
			host.poll(poll.Setup{VoteBy: by}, choice(1, poll.SingleChoice, 2))
			host.start("p1")
			enter := func(id room.PeerID, user, name string) *person {
				p := &person{w: w, id: id, room: host.room}
				err := host.room.Join(w.Context(), p, room.Peer{ID: id, UserID: user, Name: name, Role: "guest"})
				w.ok(err)
				return p
			}
			first := enter("a", "ann", "Ann")
			first.voted(pick(1, 1))
			_, err := first.vote(pick(1, 2))
			w.refused(err, fault.PollInvalid, "problem", "answered already")
			first.leave()
			_, err = enter("b", user, name).vote(pick(1, 2))
			if !apart {
				w.refused(err, fault.PollInvalid, "problem", "answered already")
				return
			}
			w.ok(err)
			w.same("result", tally(host.result()), "2 voters 2 answers, 1: [1 1] of 2")
		})
	}
	again(poll.VoteByUser, "ann", "Anna", false)
	again(poll.VoteByUser, "bob", "Ann", true)
	again(poll.VoteByUser, "", "Ann", true)
	again(poll.VoteByName, "bob", "Ann", false)
	again(poll.VoteByName, "ann", "Anna", true)
	again(poll.VoteByName, "ann", "", true)
	again(poll.VoteByPeer, "ann", "Ann", true)

	spec(t, "an answer can be changed, under the same id", func(w *world) {
		host := w.join("host", "host")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 3))
		host.start("p1")
		host.voted(pick(1, 1))
		before, _, _ := host.room.Polls().Responses(w.Context(), host.id, "p1", true, 0, 0)
		host.voted(poll.Vote{Question: 1, Options: []int{3}, Update: true})
		after, _, _ := host.room.Polls().Responses(w.Context(), host.id, "p1", true, 0, 0)
		w.same("answers", []any{len(after), after[0].ID, after[0].Options, after[0].Updated, after[0].Final}, []any{1, before[0].ID, []int{3}, true, false})
		w.same("result", tally(host.result()), "1 voters 1 answers, 1: [0 0 1] of 1")
	})
	spec(t, "unless the question takes one for good", func(w *world) {
		host := w.join("host", "host")
		q := choice(1, poll.SingleChoice, 3)
		q.Once = true
		host.poll(poll.Setup{}, q)
		host.start("p1")
		host.voted(pick(1, 1))
		_, err := host.vote(poll.Vote{Question: 1, Options: []int{3}, Update: true})
		w.refused(err, fault.PollInvalid, "problem", "the answer is final")
	})
	spec(t, "or the poll is a quiz", func(w *world) {
		host := w.join("host", "host")
		host.poll(poll.Setup{Quiz: true}, choice(1, poll.SingleChoice, 3, 1))
		host.start("p1")
		host.voted(pick(1, 2))
		_, err := host.vote(poll.Vote{Question: 1, Options: []int{1}, Update: true})
		w.refused(err, fault.PollInvalid, "problem", "the answer is final")
	})
}

func TestPollStats(t *testing.T) {
	spec(t, "counts are told at once, then once a second at most, and at the end", func(w *world) {
		host := w.join("host", "host")
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		var guests []*person
		for i := range 6 {
			guests = append(guests, w.join(fmt.Sprint("guest", i), "guest"))
		}
		for _, g := range guests[:4] {
			g.voted(pick(1, 1))
		}
		w.same("first", tally(one[room.PollStats](host).Result), "1 voters 1 answers, 1: [1 0] of 1")
		host.forget()
		time.Sleep(time.Second)
		w.same("a second later", tally(one[room.PollStats](host).Result), "4 voters 4 answers, 1: [4 0] of 4")
		host.forget()
		time.Sleep(time.Minute)
		none[room.PollStats](host)
		guests[4].voted(pick(1, 2))
		one[room.PollStats](host)
		host.forget()
		guests[5].voted(pick(1, 2))
		host.stop("p1")
		w.same("at the end", tally(one[room.PollStats](host).Result), "6 voters 6 answers, 1: [4 2] of 6")
		host.forget()
		time.Sleep(time.Minute)
		none[room.PollStats](host)
	})
	spec(t, "the peak is the most peers there were while it ran", func(w *world) {
		host, a := w.join("host", "host"), w.join("a", "guest")
		b := w.join("b", "guest")
		b.leave()
		host.poll(poll.Setup{}, choice(1, poll.SingleChoice, 2))
		host.start("p1")
		c, d := w.join("c", "guest"), w.join("d", "guest")
		c.leave()
		d.leave()
		a.leave()
		w.join("e", "guest")
		host.stop("p1")
		for i := range 5 {
			w.join(fmt.Sprint("late", i), "guest")
		}
		w.same("peak", host.result().Peak, 4)
	})
}

func TestQuiz(t *testing.T) {
	verdict := func(name string, q poll.Question, v poll.Vote, want string) {
		spec(t, name, func(w *world) {
			host := w.join("host", "host")
			host.poll(poll.Setup{Quiz: true}, q)
			host.start("p1")
			got := "not scored"
			if c := host.voted(v)[0].Correct; c != nil {
				got = fmt.Sprint(*c)
			}
			w.same("right", got, want)
		})
	}
	text := func(change func(a *poll.Answer)) poll.Question {
		q := words(1, "Straße 1")
		change(&q.Answer)
		return q
	}
	say := func(s string) poll.Vote { return poll.Vote{Question: 1, Text: s} }
	verdict("the right option", choice(1, poll.SingleChoice, 3, 2), pick(1, 2), "true")
	verdict("a wrong option", choice(1, poll.SingleChoice, 3, 2), pick(1, 1), "false")
	verdict("one of several right options", choice(1, poll.SingleChoice, 3, 2, 3), pick(1, 3), "true")
	verdict("all right options", choice(1, poll.MultipleChoice, 3, 3, 1), pick(1, 1, 3), "true")
	verdict("too few right options", choice(1, poll.MultipleChoice, 3, 3, 1), pick(1, 1), "false")
	verdict("too many options", choice(1, poll.MultipleChoice, 3, 3, 1), pick(1, 1, 2, 3), "false")
	verdict("the right words, whatever the case", text(func(*poll.Answer) {}), say("STRAßE 1"), "true")
	verdict("case that matters", text(func(a *poll.Answer) { a.Case = true }), say("straße 1"), "false")
	verdict("space that matters", text(func(*poll.Answer) {}), say(" Straße 1 "), "false")
	verdict("space that does not", text(func(a *poll.Answer) { a.Trim = true }), say(" Straße 1 "), "true")
	verdict("a skip", choice(1, poll.SingleChoice, 3, 2), poll.Vote{Question: 1, Skipped: true}, "false")
	verdict("nothing to be right about", choice(1, poll.SingleChoice, 3), pick(1, 2), "not scored")
	verdict("a hidden answer", func() poll.Question {
		q := choice(1, poll.SingleChoice, 3, 2)
		q.Answer.Hidden = true
		return q
	}(), pick(1, 2), "not scored")

	spec(t, "a hidden answer shows once the quiz is over", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		q := choice(1, poll.SingleChoice, 2, 2)
		q.Answer.Hidden = true
		host.poll(poll.Setup{Quiz: true}, q)
		host.start("p1")
		guest.voted(pick(1, 2))
		seen := func(p *person) string {
			qs, _, err := p.room.Polls().Questions(w.Context(), p.id, "p1", 0, 0)
			w.ok(err)
			return fmt.Sprint(qs[0].Answer.Options, qs[0].Answer.Hidden)
		}
		w.same("for the guest", seen(guest), "[] true")
		w.same("for the author", seen(host), "[2] true")
		w.same("result", tally(host.result()), "1 voters 1 answers, 1: [0 1] of 1")
		host.stop("p1")
		w.same("for the guest", seen(guest), "[2] true")
		w.same("result", tally(host.result()), "1 voters 1 answers, 1: [0 1] of 1 right 1")
	})
	spec(t, "the leaderboard ranks by score, then by time, then by who was done first", func(w *world) {
		host := w.join("host", "host")
		minus := choice(3, poll.SingleChoice, 2, 1)
		minus.Negative, minus.Weight = true, 5
		host.poll(poll.Setup{Quiz: true}, choice(1, poll.SingleChoice, 2, 1), choice(2, poll.SingleChoice, 2, 1), minus, words(4, ""))
		host.start("p1")
		time.Sleep(time.Minute)
		vote := func(name string, seconds int, options ...int) {
			var votes []poll.Vote
			for i, o := range options {
				votes = append(votes, poll.Vote{Question: i + 1, Options: []int{o}, Took: time.Duration(seconds) * time.Second})
			}
			w.join(name, "guest").voted(votes...)
		}
		vote("late", 3, 1, 1)    // 20 in 6 s
		vote("slow", 4, 1, 1)    // 20 in 8 s
		vote("later", 3, 1, 1)   // 20 in 6 s, done after late
		vote("best", 9, 1, 1, 1) // 25
		vote("rash", 1, 2, 2, 2) // -5
		vote("one", 1, 1)        // 10
		w.join("nobody", "guest")
		_, err := host.room.Polls().Leaderboard(w.Context(), host.id, "p1", 0, 0, 0)
		w.refused(err, fault.PollState, "state", "started")
		host.stop("p1")

		show := func(l poll.Leaderboard) string {
			var s []string
			for _, st := range l.Standings {
				s = append(s, fmt.Sprintf("%d %s %d points %d/%d %v", st.Position, st.Voter.Name, st.Score, st.Correct, st.Responses, st.Time))
			}
			return strings.Join(s, "; ")
		}
		l, err := host.room.Polls().Leaderboard(w.Context(), host.id, "p1", 0, 0, 0)
		w.ok(err)
		w.same("board", show(l), "1 best 25 points 3/3 27s; 2 late 20 points 2/2 6s; 3 later 20 points 2/2 6s; 4 slow 20 points 2/2 8s; 5 one 10 points 1/1 1s; 6 rash -5 points 0/3 3s")
		w.same("summary", []any{l.Total, l.Voted, l.AllCorrect, l.AverageScore, l.AverageTime, l.Last}, []any{8, 6, 1, 15.0, 8500 * time.Millisecond, true})

		l, err = host.room.Polls().Leaderboard(w.Context(), host.id, "p1", 0, 4, 1)
		w.ok(err)
		w.same("a page", show(l), "5 one 10 points 1/1 1s")
		w.same("and more", l.Last, false)
		l, err = host.room.Polls().Leaderboard(w.Context(), host.id, "p1", 3, 0, 1)
		w.ok(err)
		w.same("one question", show(l), "1 best 5 points 1/1 9s")
		w.same("its summary", []any{l.Voted, l.AllCorrect}, []any{2, 1})
		_, err = host.room.Polls().Leaderboard(w.Context(), host.id, "p1", 9, 0, 0)
		w.refused(err, fault.PollInvalid, "field", "question")
	})
	spec(t, "nobody can have thought longer than the quiz ran, nor less than no time", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		host.poll(poll.Setup{Quiz: true}, choice(1, poll.SingleChoice, 2, 1))
		host.start("p1")
		time.Sleep(5 * time.Second)
		guest.voted(poll.Vote{Question: 1, Options: []int{1}, Took: time.Hour})
		host.voted(poll.Vote{Question: 1, Options: []int{1}, Took: -time.Hour})
		host.stop("p1")
		l, err := host.room.Polls().Leaderboard(w.Context(), host.id, "p1", 0, 0, 0)
		w.ok(err)
		w.same("times", []any{l.Standings[0].Time, l.Standings[1].Time}, []any{time.Duration(0), 5 * time.Second})
	})
}

func TestPollAnonymous(t *testing.T) {
	spec(t, "nobody learns who answered, and still nobody answers twice", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		for _, id := range []poll.ID{"p1", "p2"} {
			host.poll(poll.Setup{ID: id, Anonymous: true, Quiz: true}, choice(1, poll.SingleChoice, 2, 1))
			host.start(id)
			_, err := guest.room.Polls().Vote(w.Context(), guest.id, id, []poll.Vote{pick(1, 1)})
			w.ok(err)
		}
		_, err := guest.vote(pick(1, 1))
		w.refused(err, fault.PollInvalid, "problem", "answered already")

		hash := map[poll.ID]string{}
		for _, id := range []poll.ID{"p1", "p2"} {
			all, _, err := host.room.Polls().Responses(w.Context(), host.id, id, false, 0, 0)
			w.ok(err)
			v := all[0].Voter
			hash[id] = v.Hash
			v.Hash = ""
			if v != (poll.Voter{}) {
				w.Errorf("the voter is known: %+v", v)
			}
		}
		if hash["p1"] == "" || hash["p1"] == hash["p2"] {
			w.Errorf("a voter can be followed from poll to poll by %q and %q", hash["p1"], hash["p2"])
		}
		own, _, err := guest.room.Polls().Responses(w.Context(), guest.id, "p1", true, 0, 0)
		w.ok(err)
		w.same("one's own", own[0].Voter.PeerID, "guest")
		host.stop("p1")
		l, err := host.room.Polls().Leaderboard(w.Context(), host.id, "p1", 0, 0, 0)
		w.ok(err)
		w.same("the winner", l.Standings[0].Voter, poll.Voter{Hash: hash["p1"]})
	})
}

func TestPollLists(t *testing.T) {
	spec(t, "polls by state, page by page", func(w *world) {
		host, guest := w.join("host", "host"), w.join("guest", "guest")
		for i := range 6 {
			id := poll.ID(fmt.Sprint("p", i))
			host.poll(poll.Setup{ID: id}, choice(1, poll.SingleChoice, 2))
			if i > 1 {
				host.start(id)
			}
			if i > 3 {
				host.stop(id)
			}
		}
		list := func(p *person, state poll.State, after poll.ID, count int) string {
			polls, next, err := p.room.Polls().List(w.Context(), p.id, state, after, count)
			w.ok(err)
			var s []string
			for _, p := range polls {
				s = append(s, string(p.ID))
			}
			return strings.Join(s, " ") + "|" + string(next)
		}
		w.same("drafts", list(host, poll.Draft, "", 0), "p0 p1|")
		w.same("running", list(host, poll.Open, "", 0), "p2 p3|")
		w.same("over", list(host, poll.Closed, "", 0), "p4 p5|")
		w.same("all", list(host, "", "", 0), "p0 p1 p2 p3 p4 p5|")
		w.same("a page", list(host, "", "", 4), "p0 p1 p2 p3|p3")
		w.same("the rest", list(host, "", "p3", 4), "p4 p5|")
		w.same("a page that ends with the list", list(host, "", "p3", 2), "p4 p5|")
		w.same("for a guest", list(guest, "", "", 0), "p2 p3 p4 p5|")
		_, _, err := host.room.Polls().List(w.Context(), host.id, "", "p9", 0)
		w.refused(err, fault.PollNotFound)
	})
	spec(t, "questions and answers page by page", func(w *world) {
		host := w.join("host", "host")
		var qs []poll.Question
		var votes []poll.Vote
		for i := range 5 {
			qs = append(qs, choice(i+1, poll.SingleChoice, 2))
			votes = append(votes, pick(i+1, 1))
		}
		slices.Reverse(qs) // the index counts, not the order of sending
		host.poll(poll.Setup{}, qs...)
		host.start("p1")
		host.voted(votes...)
		page, last, err := host.room.Polls().Questions(w.Context(), host.id, "p1", 3, 1)
		w.ok(err)
		w.same("questions", []any{len(page), page[0].Index, last}, []any{1, 4, false})
		page, last, err = host.room.Polls().Questions(w.Context(), host.id, "p1", 4, 50)
		w.ok(err)
		w.same("questions", []any{len(page), page[0].Index, last}, []any{1, 5, true})
		res, last, err := host.room.Polls().Responses(w.Context(), host.id, "p1", false, 1, 2)
		w.ok(err)
		w.same("answers", []any{len(res), res[0].Question, res[1].Question, last}, []any{2, 2, 3, false})
		res, last, err = host.room.Polls().Responses(w.Context(), host.id, "p1", true, 99, 2)
		w.ok(err)
		w.same("beyond the end", []any{len(res), last}, []any{0, true})
	})
}
