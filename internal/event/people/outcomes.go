// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// What one count looks at.
const (
	maxCounted  = 500_000         // attempts
	countBudget = 3 * time.Second // for all of them
)

// Outcomes counts what became of attempts. It is called within Read.
func Outcomes(ctx context.Context, c *eventlog.Conn, account int64, q *event.OutcomesQuery) (event.Outcomes, error) {
	n := outcomes{q: q, began: time.Now(), users: map[string]map[string]bool{}}
	n.out.Causes, n.out.Complete = map[string]event.OutcomeCause{}, true
	if q.Bucket > 0 {
		n.out.Series = make([]event.OutcomeCounts, (q.Until.Sub(q.Since)+q.Bucket-1)/q.Bucket)
	}
	var err error
	if n.out.Indexed, err = indexed(ctx, c); err != nil {
		return n.out, err
	}
	failed, err := n.countAll(ctx, c, account)
	if err != nil {
		return n.out, err
	}
	for i, id := range failed {
		if i%256 == 0 && time.Since(n.began) > 2*countBudget {
			n.out.Complete = false
			n.out.Waiting += int64(len(failed) - i) // they stay in a box
			break
		}
		var a attempt
		if err := c.Row(ctx, "SELECT "+attemptColumns+" FROM attempts WHERE id = ?", id).Scan(a.fields()...); err != nil {
			return n.out, err
		}
		cause, told, err := causeOf(ctx, c, &a)
		if err != nil {
			return n.out, err
		}
		n.failed(&a, cause, told)
	}
	for cause, users := range n.users {
		as := n.out.Causes[cause]
		as.Users = int64(len(users))
		n.out.Causes[cause] = as
	}
	return n.out, nil
}

// countAll counts the attempts, and gives those that failed. What it reads of most is in an index.
func (n *outcomes) countAll(ctx context.Context, c *eventlog.Conn, account int64) (failed []int64, err error) {
	const during = "account = ?1 AND last >= ?2 AND first >= ?2 AND first < ?3"
	query := "SELECT id, first, joins, failures, inside, id IN (SELECT id FROM attempts INDEXED BY attempts_provoked WHERE provoked > 0 AND " + during +
		") FROM attempts INDEXED BY attempts_last WHERE " + during + " AND proven = ?4"
	args := []any{account, n.q.Since.UnixNano(), n.q.Until.UnixNano()}
	var room []any
	if n.q.RoomID != "" {
		query, room = query+" AND room = ?5", []any{n.q.RoomID}
	}
	for _, proven := range []int{1, 0} {
		err := c.Each(ctx, query+" ORDER BY last DESC", func(row eventlog.Scanner) error {
			var id, first, joins, failures, inside int64
			var provoked bool
			if err := row.Scan(&id, &first, &joins, &failures, &inside, &provoked); err != nil {
				return err
			}
			if n.tooMany() {
				return errEnough
			}
			if provoked {
				n.out.Provoked++
				return nil
			}
			if n.count(first, outcomeOf(joins, failures, inside)) {
				failed = append(failed, id)
			}
			return nil
		}, slices.Concat(args, []any{proven}, room)...)
		if err != nil && !errors.Is(err, errEnough) {
			return nil, err
		}
	}
	return failed, nil
}

// outcomes is a count under way.
type outcomes struct {
	q     *event.OutcomesQuery
	began time.Time
	out   event.Outcomes
	users map[string]map[string]bool // by cause
}

// tooMany tells whether enough was counted.
func (n *outcomes) tooMany() bool {
	all := n.out.Tries + n.out.Provoked
	if all >= maxCounted || all%4096 == 4095 && time.Since(n.began) > countBudget {
		n.out.Complete = false
		return true
	}
	return false
}

// count counts an attempt and tells whether it failed.
func (n *outcomes) count(first int64, outcome event.AttemptOutcome) (failed bool) {
	n.out.Tries++
	var in event.OutcomeCounts
	switch in.Tries = 1; outcome {
	case event.AttemptFine:
		n.out.GotIn++
	case event.AttemptTrouble:
		n.out.Trouble++
		in.Trouble = 1
	default:
		in.Failed, failed = 1, true
	}
	if n.q.Bucket > 0 {
		b := &n.out.Series[time.Duration(first-n.q.Since.UnixNano())/n.q.Bucket]
		b.Tries, b.Trouble, b.Failed = b.Tries+in.Tries, b.Trouble+in.Trouble, b.Failed+in.Failed
	}
	return failed
}

// failed puts an attempt that failed into its box.
func (n *outcomes) failed(a *attempt, cause string, told bool) {
	switch {
	case !told:
		n.out.Waiting++
	case cause == "":
		n.out.Unexplained++
	default:
		as := n.out.Causes[cause]
		as.Tries++
		n.out.Causes[cause] = as
		if n.users[cause] == nil {
			n.users[cause] = map[string]bool{}
		}
		who := a.user
		if who == "" {
			who = event.Place{At: a.first, ID: a.id}.String()
		}
		n.users[cause][who] = true
	}
}

// causeOf is the cause of the verdict of the failure that says most of an attempt: one
// that ended it, then the first that happened. told is false where it has no verdict.
func causeOf(ctx context.Context, c *eventlog.Conn, a *attempt) (cause string, told bool, err error) {
	seq := a.seq
	switch {
	case a.best.seq > 0:
		seq = a.best.seq
	case a.peer != "":
		b, err := amongEvents(ctx, c, a.account, &event.PeopleQuery{}, a.peer, a.user, -1, nil)
		if err != nil {
			return "", false, err
		}
		seq = b.seq
	}
	var confidence sql.NullInt64
	var verdict sql.NullString
	err = c.Row(ctx, "SELECT diagnosis, confidence FROM events WHERE seq = ?", seq).Scan(&verdict, &confidence)
	if errors.Is(err, sql.ErrNoRows) { // it has just been removed
		return "", false, nil
	}
	return verdict.String, confidence.Valid, err
}
