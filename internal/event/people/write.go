// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// attempt is a row.
type attempt struct {
	key
	id, person              int64
	room, roomName, session string
	first, last             int64
	proven, named           bool
	joins, events           int64
	failures, inside        int64
	provoked                int64
	best                    best
}

const attemptColumns = `id, account, person, peer, user, seq, room, room_name, session, first, last, proven, named, joins, events, failures, inside, provoked, tells, told, ended`

func (a *attempt) fields() []any {
	return []any{
		&a.id, &a.account, &a.person, &a.peer, &a.user, &a.seq, &a.room, &a.roomName, &a.session, &a.first, &a.last,
		&a.proven, &a.named, &a.joins, &a.events, &a.failures, &a.inside, &a.provoked, &a.best.seq, &a.best.at, &a.best.terminal,
	}
}

// outcomeOf is what became of an attempt.
func outcomeOf(joins, failures, inside int64) event.AttemptOutcome {
	switch {
	case failures == 0:
		return event.AttemptFine
	case joins+inside > 0:
		return event.AttemptTrouble
	}
	return event.AttemptFailed
}

// attemptsOf reads the attempts of a condition, by an index.
func attemptsOf(ctx context.Context, c *eventlog.Conn, index, where string, args ...any) ([]attempt, error) {
	return readAttempts(ctx, c, "INDEXED BY attempts_"+index+" WHERE "+where, args...)
}

func readAttempts(ctx context.Context, c *eventlog.Conn, which string, args ...any) (list []attempt, err error) {
	err = c.Each(ctx, "SELECT "+attemptColumns+" FROM attempts "+which, func(row eventlog.Scanner) error {
		var a attempt
		err := row.Scan(a.fields()...)
		list = append(list, a)
		return err
	}, args...)
	return list, err
}

// find reads the attempt of a key, or gives nil.
func find(ctx context.Context, c *eventlog.Conn, k key) (*attempt, error) {
	index, where, args := "peer", "peer = ? AND user = ? AND account = ? LIMIT 1", []any{k.peer, k.user, k.account}
	if k.peer == "" {
		index, where, args = "seq", "seq = ? AND account = ? LIMIT 1", []any{k.seq, k.account}
	}
	list, err := attemptsOf(ctx, c, index, where, args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// write writes one change.
func (x *Index) write(ctx context.Context, c *eventlog.Conn, ch *change) error {
	was, err := x.recent.find(ctx, c, ch.key)
	if err != nil {
		return err
	}
	if was == nil {
		if ch.joins+ch.events <= 0 {
			return nil // it went for want of room
		}
		return x.insert(ctx, c, ch)
	}
	is := *was
	is.joins, is.events = max(0, was.joins+ch.joins), max(0, was.events+ch.events)
	is.failures, is.inside, is.provoked = max(0, was.failures+ch.failures), max(0, was.inside+ch.inside), max(0, was.provoked+ch.provoked)
	is.best = ch.now(was.best, is.failures)
	if is.joins+is.events == 0 {
		return x.remove(ctx, c, was)
	}
	if ch.last == 0 { // something was taken out
		return x.replace(ctx, c, was, &is)
	}
	is.first, is.last = min(was.first, ch.first), max(was.last, ch.last)
	for _, f := range []struct {
		own *string
		new string
	}{{&is.room, ch.room}, {&is.roomName, ch.roomName}, {&is.session, ch.session}} {
		if f.new != "" && *f.own == "" {
			*f.own = f.new
		}
	}
	// A name that is told later is theirs from then on.
	if ch.name != "" && (!was.named || ch.namedAt >= was.last) {
		p, err := x.person(ctx, c, who{ch.account, ch.user, ch.name}, is.first, is.last)
		if err != nil {
			return err
		}
		if is.named = true; p != was.person {
			is.person = p
			if err := x.count(ctx, c, p, 1); err != nil {
				return err
			}
			if err := x.count(ctx, c, was.person, -1); err != nil {
				return err
			}
		}
	} else if err := x.seen(ctx, c, is.person, is.first, is.last); err != nil {
		return err
	}
	return x.replace(ctx, c, was, &is)
}

// What of an attempt changes with each event, and what seldom does. The latter, and the indexes
// of it, are left alone where they can be.
const (
	setUsual = "UPDATE attempts SET last = ?, joins = ?, events = ?, failures = ?, inside = ?, provoked = ?, tells = ?, told = ?, ended = ?"
	setAll   = setUsual + ", person = ?, room = ?, room_name = ?, session = ?, first = ?, named = ?"
	ofID     = " WHERE id = ?"
)

// replace writes what has become of an attempt.
func (x *Index) replace(ctx context.Context, c *eventlog.Conn, was, is *attempt) (err error) {
	usual := *was
	usual.last, usual.joins, usual.events, usual.failures, usual.inside, usual.provoked, usual.best = is.last, is.joins, is.events, is.failures, is.inside, is.provoked, is.best
	if usual == *is {
		_, err = c.Exec(ctx, setUsual+ofID, is.last, is.joins, is.events, is.failures, is.inside, is.provoked, is.best.seq, is.best.at, is.best.terminal, is.id)
	} else {
		_, err = c.Exec(ctx, setAll+ofID, is.last, is.joins, is.events, is.failures, is.inside, is.provoked, is.best.seq, is.best.at, is.best.terminal,
			is.person, is.room, is.roomName, is.session, is.first, is.named, is.id)
	}
	if err != nil {
		return err
	}
	x.size.add(was, -1)
	x.size.add(is, 1)
	*was = *is
	return nil
}

// insert writes an attempt that is new.
func (x *Index) insert(ctx context.Context, c *eventlog.Conn, ch *change) error {
	a := attempt{
		key: ch.key, room: ch.room, roomName: ch.roomName, session: ch.session, first: ch.first, last: ch.last,
		proven: ch.user != "" && bare(ch.user) == ch.user, named: ch.name != "",
		joins: max(0, ch.joins), events: max(0, ch.events), failures: max(0, ch.failures), inside: max(0, ch.inside), provoked: max(0, ch.provoked),
	}
	a.best = ch.now(best{}, a.failures)
	var err error
	if a.person, err = x.person(ctx, c, who{ch.account, ch.user, ch.name}, a.first, a.last); err != nil {
		return err
	}
	if err := x.count(ctx, c, a.person, 1); err != nil {
		return err
	}
	x.size.add(&a, 1)
	a.id, err = c.Insert(ctx, `INSERT INTO attempts(account, person, peer, user, seq, room, room_name, session, first, last, proven, named, joins, events, failures, inside, provoked, tells, told, ended)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		a.account, a.person, a.peer, a.user, a.seq, a.room, a.roomName, a.session, a.first, a.last, a.proven, a.named, a.joins, a.events, a.failures, a.inside, a.provoked, a.best.seq, a.best.at, a.best.terminal)
	if err == nil {
		x.recent.put(&a)
	}
	return err
}

// removeAll removes the attempts of a condition, by an index.
func (x *Index) removeAll(ctx context.Context, c *eventlog.Conn, index, where string, args ...any) error {
	list, err := attemptsOf(ctx, c, index, where, args...)
	if err != nil {
		return err
	}
	for i := range list {
		if err := x.remove(ctx, c, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes an attempt, and the person with the last.
func (x *Index) remove(ctx context.Context, c *eventlog.Conn, a *attempt) error {
	if _, err := c.Exec(ctx, "DELETE FROM attempts WHERE id = ?", a.id); err != nil {
		return err
	}
	x.recent.drop(a.key)
	x.size.add(a, -1)
	return x.count(ctx, c, a.person, -1)
}

// who is what people are told apart by.
type who struct {
	account    int64
	user, name string
}

// person is what is remembered of a row of people.
type person struct{ id, first, last int64 }

// maxKnown bounds the people kept in memory between two transactions.
const maxKnown = 20_000

// lastWithin is how exact people.last is: a row that was to be put in its place for
// each event would cost more than the event.
const lastWithin = time.Hour

// person gives the number of somebody, a new one to who has none.
func (x *Index) person(ctx context.Context, c *eventlog.Conn, w who, first, last int64) (int64, error) {
	p, ok := x.known[w]
	if !ok {
		err := c.Row(ctx, "SELECT id, first, last FROM people WHERE account = ? AND user = ? AND name = ?", w.account, w.user, w.name).Scan(&p.id, &p.first, &p.last)
		if errors.Is(err, sql.ErrNoRows) {
			return x.newPerson(ctx, c, w, first, last)
		}
		if err != nil {
			return 0, err
		}
	}
	if first < p.first || last > p.last+int64(lastWithin) {
		p.first, p.last = min(p.first, first), max(p.last, last)
		if _, err := c.Exec(ctx, "UPDATE people SET first = min(first, ?), last = max(last, ?) WHERE id = ?", p.first, p.last, p.id); err != nil {
			return 0, err
		}
	}
	x.known[w] = p
	return p.id, nil
}

func (x *Index) newPerson(ctx context.Context, c *eventlog.Conn, w who, first, last int64) (int64, error) {
	words := foundBy(w.user, w.name)
	p := person{first: first, last: last}
	err := c.Row(ctx, "INSERT INTO people(account, user, name, folded, first, last, attempts) VALUES (?, ?, ?, ?, ?, ?, 0) RETURNING id",
		w.account, w.user, w.name, strings.Join(words, " "), first, last).Scan(&p.id)
	if err != nil {
		return 0, err
	}
	for _, word := range words {
		if _, err := c.Exec(ctx, "INSERT INTO people_words(account, word, person) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", w.account, word, p.id); err != nil {
			return 0, err
		}
	}
	x.size.person(w, words, 1)
	x.known[w] = p
	return p.id, nil
}

// seen moves a person up.
func (x *Index) seen(ctx context.Context, c *eventlog.Conn, id, first, last int64) error {
	_, err := c.Exec(ctx, "UPDATE people SET first = min(first, ?2), last = max(last, ?3) WHERE id = ?1 AND (first > ?2 OR last < ?4)", id, first, last, last-int64(lastWithin))
	return err
}

// count tells how many more attempts a person has. Who has none is forgotten.
func (x *Index) count(ctx context.Context, c *eventlog.Conn, id, n int64) error {
	if _, err := c.Exec(ctx, "UPDATE people SET attempts = attempts + ? WHERE id = ?", n, id); err != nil || n > 0 {
		return err
	}
	var w who
	err := c.Row(ctx, "DELETE FROM people WHERE id = ? AND attempts <= 0 RETURNING account, user, name", id).Scan(&w.account, &w.user, &w.name)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	words := foundBy(w.user, w.name)
	for _, word := range words {
		if _, err := c.Exec(ctx, "DELETE FROM people_words WHERE account = ? AND word = ? AND person = ?", w.account, word, id); err != nil {
			return err
		}
	}
	x.size.person(w, words, -1)
	delete(x.known, w)
	return nil
}
