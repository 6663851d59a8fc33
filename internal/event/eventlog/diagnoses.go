// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// Verdicts are columns beside the document, which they never change. They are given
// in the order of places, so that one number, which is in the file, tells which
// failures have had their turn.

// verdictColumns are the columns of a verdict, as they are read into one.
const verdictColumns = "diagnosis, confidence, rules"

// verdict is the columns of a verdict.
type verdict struct {
	cause      sql.NullString
	confidence sql.NullInt64
	rules      sql.NullString
}

func (v *verdict) diagnosis() *event.Diagnosis {
	if word := ConfidenceWord(v.confidence.Int64); word != "" {
		return &event.Diagnosis{Cause: v.cause.String, Confidence: word, Rules: v.rules.String}
	}
	return nil
}

func verdictOf(d *event.Diagnosis) verdict {
	if d == nil || ConfidenceCode(d.Confidence) == 0 {
		return verdict{}
	}
	return verdict{
		cause:      sql.NullString{String: d.Cause, Valid: true},
		confidence: sql.NullInt64{Int64: int64(ConfidenceCode(d.Confidence)), Valid: true},
		rules:      sql.NullString{String: d.Rules, Valid: true},
	}
}

// ConfidenceCode is the number of a word of event.Confidences, 0 for any other.
func ConfidenceCode(word string) int { return slices.Index(event.Confidences, word) + 1 }

// ConfidenceWord is the word that ConfidenceCode makes a number of; "" for no verdict.
func ConfidenceWord(code int64) string {
	if code < 1 || code > int64(len(event.Confidences)) {
		return ""
	}
	return event.Confidences[code-1]
}

// addDiagnoses gives a file from before there were verdicts the columns for them.
func (l *Log) addDiagnoses(ctx context.Context) error {
	if has, err := hasDiagnoses(func(query string) row { return l.writer.Row(ctx, query) }); err != nil || has {
		return err
	}
	const add = "ALTER TABLE events ADD COLUMN "
	_, err := l.writer.ExecContext(ctx, "BEGIN IMMEDIATE; "+add+"diagnosis TEXT; "+add+"confidence INTEGER; "+add+"rules TEXT; COMMIT;")
	return err
}

// row is one row of an answer.
type row interface{ Scan(into ...any) error }

// hasDiagnoses tells whether a file has the columns for verdicts.
func hasDiagnoses(ask func(query string) row) (has bool, err error) {
	return hasColumn(ask, "confidence")
}

// hasColumn tells whether the events of a file have a column.
func hasColumn(ask func(query string) row, name string) (has bool, err error) {
	err = ask("SELECT count(*) > 0 FROM pragma_table_info('events') WHERE name = '" + name + "'").Scan(&has)
	return has, err
}

// diagnosedUpTo is the place that verdicts have come to, in the table meta.
const diagnosedUpTo = "diagnosed"

// undiagnosedBatch is how many rows one call of Undiagnosed passes over.
const undiagnosedBatch = 5000

// failures is the condition on rows of failures.
var failures = func() string {
	text := ""
	for _, t := range event.Types {
		if code, ok := TypeCodes[t]; ok && t.IsError() {
			text += fmt.Sprintf(", %d", code)
		}
	}
	return "type IN (" + text[2:] + ")"
}()

// Undiagnosed gives the next failures without a verdict.
func (l *Log) Undiagnosed(ctx context.Context, before time.Time, n int) (u event.Undiagnosed, err error) {
	now := time.Now()
	err = l.Read(ctx, func(c *Conn) error {
		if u.Upto, err = l.undiagnosed(ctx, c, now); err != nil {
			return err
		}
		var places []int64
		waits := errors.New("the first whose time has not come")
		err := c.Each(ctx, "SELECT seq, time, "+failures+", confidence IS NOT NULL FROM events WHERE seq > ? ORDER BY seq LIMIT ?", func(row Scanner) error {
			var seq, at int64
			var failed, has bool
			if err := row.Scan(&seq, &at, &failed, &has); err != nil {
				return err
			}
			if failed && !has {
				taken := time.Unix(0, at)
				if !taken.Before(before) && taken.Before(now.Add(event.PairWindow)) || len(places) == n { // later than that is a clock that was set back
					return waits
				}
				if now.Sub(taken) < event.DiagnosedWithin {
					places = append(places, seq)
				}
			}
			u.Upto = seq
			return nil
		}, u.Upto, undiagnosedBatch)
		if err != nil && !errors.Is(err, waits) {
			return err
		}
		for _, seq := range places {
			row, found, err := l.rowAt(ctx, c, seq)
			if err != nil {
				return err
			}
			if found && row.Event != nil { // else damaged from outside, and passed over
				u.Events = append(u.Events, *row.Event)
			}
		}
		return nil
	})
	return u, err
}

// undiagnosed is the place up to which no failure waits for a verdict: what is too
// old for one is passed over.
func (l *Log) undiagnosed(ctx context.Context, c *Conn, now time.Time) (int64, error) {
	upto, _, err := c.Meta(ctx, diagnosedUpTo)
	if err != nil {
		return 0, err
	}
	if young := l.segments.between(now.Add(-event.DiagnosedWithin).UnixNano(), math.MaxInt64); len(young) > 0 {
		return max(upto, young[0].First-1), nil
	}
	last, err := ReadLast(ctx, c)
	return max(upto, last), err
}

// CountUndiagnosed is how many failures have had no turn.
func (l *Log) CountUndiagnosed(ctx context.Context) (n int, oldest time.Time, err error) {
	err = l.Read(ctx, func(c *Conn) error {
		upto, err := l.undiagnosed(ctx, c, time.Now())
		if err != nil {
			return err
		}
		var at sql.NullInt64
		if err := c.Each(ctx, "SELECT count(*), min(time) FROM events NOT INDEXED WHERE seq > ? AND "+failures, func(row Scanner) error { return row.Scan(&n, &at) }, upto); err != nil || n == 0 {
			return err
		}
		oldest = time.Unix(0, at.Int64).UTC()
		return nil
	})
	return n, oldest, err
}

// Diagnose keeps verdicts. They are on disk with the next event: what a crash undoes is given
// once more.
func (l *Log) Diagnose(ctx context.Context, verdicts []event.Verdict, upto int64) error {
	return l.Rearrange(ctx, func(ctx context.Context, tx Tx) error {
		for i := range verdicts {
			if err := l.diagnose(ctx, tx.Conn, &verdicts[i]); err != nil {
				return err
			}
		}
		have, _, err := tx.Meta(ctx, diagnosedUpTo)
		if err != nil || have >= upto {
			return err
		}
		return tx.SetMeta(ctx, diagnosedUpTo, upto)
	})
}

func (l *Log) diagnose(ctx context.Context, c *Conn, v *event.Verdict) error {
	was, found, err := l.rowAt(ctx, c, v.Seq)
	if err != nil || !found || was.Event == nil || was.Diagnosis != nil || !was.Event.Type.IsError() {
		return err
	}
	d := v.Diagnosis
	columns := verdictOf(&d)
	if !columns.confidence.Valid {
		return fmt.Errorf("confidence %q is not known", d.Confidence)
	}
	if _, err := c.Exec(ctx, "UPDATE events SET diagnosis = ?, confidence = ?, rules = ? WHERE seq = ?",
		columns.cause, columns.confidence, columns.rules, v.Seq); err != nil {
		return err
	}
	e := *was.Event
	e.Diagnosis = &d
	l.was, l.row = was, was
	l.row.Event, l.row.Diagnosis = &e, &d
	return l.changed(ctx, &l.was, &l.row)
}

// DiagnosedUpTo is the place that verdicts have come to.
func (l *Log) DiagnosedUpTo(ctx context.Context) (upto int64, err error) {
	err = l.Read(ctx, func(c *Conn) (err error) {
		upto, _, err = c.Meta(ctx, diagnosedUpTo)
		return err
	})
	return upto, err
}
