// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

const (
	maxSearch  = 100 * time.Millisecond // a search, 95 of 100
	maxCommand = 2 * time.Second        // the whole of a command
)

// searches are what support asks, with the name of somebody and the time of a failure.
var searches = []struct {
	name string
	text func(sample) string
}{
	{"a first name and a time", func(s sample) string { return firstName(s) + " " + s.Time.Format("2006-01-02 15:04") }},
	{"a whole name and a time", func(s sample) string { return s.Name + " " + s.Time.Format("2006-01-02 15:04") }},
	{"a whole name, any time", func(s sample) string { return s.Name }},
	{"a first name, any time", func(s sample) string { return firstName(s) }},
	{"one letter and a time", func(s sample) string { return s.Name[:1] + " " + s.Time.Format("2006-01-02 15:04") }},
	{"one letter, any time", func(s sample) string { return s.Name[:1] }},
	{"a part within a word and a time", func(s sample) string { return firstName(s)[1:] + " " + s.Time.Format("2006-01-02 15:04") }},
	{"a part within a word, any time", func(s sample) string { return firstName(s)[1:] }},
	{"what nobody is called, and a time", func(s sample) string { return firstName(s)[1:] + "x " + s.Time.Format("2006-01-02 15:04") }},
	{"what nobody is called, any time", func(s sample) string { return "qu" + firstName(s)[1:] }},
	{"a user's id", func(s sample) string { return s.User }},
	{"a peer's id", func(s sample) string { return s.Peer }},
}

func firstName(s sample) string { first, _, _ := strings.Cut(s.Name, " "); return first }

// searchAsks is how often each is asked, since an address may search ten times a second.
const (
	searchAsks  = 60
	commandAsks = 30
)

// measurePeople measures how people are found in a history that has as many attempts as
// one of so many events.
func measurePeople(ctx context.Context, o options, scratch string, t *table) error {
	const part = "people"
	h, err := openHistory(ctx, o.dir, o.events)
	if err != nil {
		return err
	}
	if err := h.grow(ctx, o.attempts, t); err != nil {
		return err
	}
	target, err := start(ctx, h.dir)
	if err != nil {
		return err
	}
	defer func() { _ = target.stop() }()
	for _, q := range searches {
		var took spread
		more := 0
		for i := range min(searchAsks, o.asks, len(h.Samples)) {
			s := h.Samples[(i*7)%len(h.Samples)]
			time.Sleep(110 * time.Millisecond)
			reply, d, err := target.search(ctx, q.text(s))
			if err != nil {
				return err
			}
			if took = append(took, d); reply.More {
				more++
			}
		}
		t.hold(part, "search: "+q.name, "p95 under 100 ms", took.at(0.95) < maxSearch, "p50 %s, p95 %s, p99 %s; %d of %d say that there is more", ms(took.at(0.5)), ms(took.at(0.95)), ms(took.at(0.99)), more, len(took))
	}
	if !o.commands {
		return nil
	}
	return measureCommands(ctx, o, filepath.Join(scratch, "redial"), target, h, t)
}

// measureCommands measures commands from their start to their end.
func measureCommands(ctx context.Context, o options, program string, target *target, h *history, t *table) error {
	const part = "people"
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/redial-rtc/redial/cmd/redial").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	for _, c := range []struct {
		name string
		args func(sample) []string
	}{
		{"`redial search NAME TIME`", func(s sample) []string {
			return []string{"search", s.Name, s.Time.Local().Format("2006-01-02 15:04")}
		}},
		{"`redial search FIRST TIME`", func(s sample) []string {
			return []string{"search", firstName(s), s.Time.Local().Format("2006-01-02 15:04")}
		}},
		{"`redial why -user NAME -at TIME`", func(s sample) []string {
			return []string{"why", "-user", s.Name, "-at", s.Time.Local().Format("2006-01-02 15:04")}
		}},
		{"`redial why -user FIRST -at TIME`", func(s sample) []string {
			return []string{"why", "-user", firstName(s), "-at", s.Time.Local().Format("2006-01-02 15:04")}
		}},
	} {
		var took spread
		for i := range min(commandAsks, o.asks) {
			cmd := exec.CommandContext(ctx, program, c.args(h.Samples[(i*11)%len(h.Samples)])...)
			cmd.Env = append(os.Environ(), "REDIAL_SERVER="+target.url, "REDIAL_TOKEN="+target.bearer())
			time.Sleep(110 * time.Millisecond)
			began := time.Now()
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("%v: %w: %s", c.args(h.Samples[i]), err, out)
			}
			took = append(took, time.Since(began))
		}
		t.hold(part, "the whole of "+c.name, "p99 under 2 s", took.at(0.99) < maxCommand, "%s", took)
	}
	return nil
}

// grow adds joins until the history has so many attempts, so that its index is that of a
// longer one.
func (h *history) grow(ctx context.Context, attempts int, t *table) error {
	s, err := sqlite.Open(ctx, h.dir, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	began := time.Now()
	p := newPopulation(attempts, h.End, historyDays*event.Day)
	for added := 0; added < attempts-h.Attempts && ctx.Err() == nil; {
		var joins []event.Join
		for len(joins) < 5000 {
			p.now = h.End.Add(-time.Duration(p.rng.Int64N(int64(historyDays * event.Day))))
			session := p.begin()
			for _, who := range session.peers {
				joins = append(joins, event.Join{Time: p.now.Add(time.Duration(p.rng.Int64N(int64(time.Hour)))), Subject: p.subject(&session, &who)})
			}
		}
		if err := s.CountJoins(ctx, joins); err != nil {
			return err
		}
		added += len(joins)
		if added/100_000 != (added-len(joins))/100_000 {
			progress("added %s joins, %.0f/s", count(added), float64(added)/time.Since(began).Seconds())
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.Attempts = max(h.Attempts, attempts); attempts > 0 {
		if err := h.save(); err != nil {
			return err
		}
	}
	held, _ := s.PeopleSize()
	t.note("people", "the index of people", "%d MB, by its own count, beside %s events", held>>20, count(h.Events))
	return nil
}

// search asks for people.
func (t *target) search(ctx context.Context, text string) (reply struct {
	People int
	More   bool
}, took time.Duration, err error) {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return reply, 0, err
	}
	raw, took, err := t.ask(ctx, http.MethodPost, "/api/v1/search", body)
	if err != nil {
		return reply, took, err
	}
	return reply, took, json.Unmarshal(raw, &reply)
}
