// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// What one count looks at.
const (
	maxCounted  = 500_000         // attempts
	countBudget = 3 * time.Second // for all of them
)

// failureCodes are the numbers of the types of failures.
var failureCodes = func() string {
	var codes []string
	for _, t := range event.Types {
		if t.IsError() {
			codes = append(codes, strconv.FormatInt(eventlog.TypeCodes[t], 10))
		}
	}
	return strings.Join(codes, ", ")
}()

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
	var failed []attempt
	for _, proven := range []int{1, 0} {
		err := c.Each(ctx, "SELECT "+attemptColumns+" FROM attempts INDEXED BY attempts_last WHERE account = ? AND proven = ? AND last >= ? AND first >= ? AND first < ? ORDER BY last DESC",
			func(row eventlog.Scanner) error {
				var a attempt
				if err := row.Scan(a.fields()...); err != nil {
					return err
				}
				if q.RoomID != "" && a.room != q.RoomID {
					return nil
				}
				if n.tooMany() {
					return errEnough
				}
				if a.provoked > 0 {
					n.out.Provoked++
					return nil
				}
				if n.count(&a) {
					failed = append(failed, a)
				}
				return nil
			}, account, proven, q.Since.UnixNano(), q.Since.UnixNano(), q.Until.UnixNano())
		if err != nil && !errors.Is(err, errEnough) {
			return n.out, err
		}
	}
	for i := range failed {
		a := &failed[i]
		if i%256 == 0 && time.Since(n.began) > 2*countBudget {
			n.out.Complete = false
			n.out.Waiting += int64(len(failed) - i) // they stay in a box
			break
		}
		cause, told, err := causeOf(ctx, c, a)
		if err != nil {
			return n.out, err
		}
		n.failed(a, cause, told)
	}
	for cause, users := range n.users {
		as := n.out.Causes[cause]
		as.Users = int64(len(users))
		n.out.Causes[cause] = as
	}
	return n.out, nil
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
func (n *outcomes) count(a *attempt) (failed bool) {
	n.out.Tries++
	var in event.OutcomeCounts
	switch in.Tries = 1; a.outcome() {
	case event.AttemptFine:
		n.out.GotIn++
	case event.AttemptTrouble:
		n.out.Trouble++
		in.Trouble = 1
	default:
		in.Failed, failed = 1, true
	}
	if n.q.Bucket > 0 {
		b := &n.out.Series[time.Duration(a.first-n.q.Since.UnixNano())/n.q.Bucket]
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
		b, err := amongEvents(ctx, c, a.account, &event.PeopleQuery{}, a.peer, a.user, -1)
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
