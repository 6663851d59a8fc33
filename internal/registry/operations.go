// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"
)

// What is kept of operations.
const (
	maxAnnotations = 10_000
	MaxMutes       = 1000                 // of one account
	AuditFor       = 400 * 24 * time.Hour // how long it is known who did what
)

// Operations is what is kept of running a server: which causes are muted, what was
// changed, who did what, and which links were taken back. All of its methods fail with
// fault.StoreUnavailable.
type Operations struct{ r *Registry }

// Operations gives that part of the registry.
func (r *Registry) Operations() Operations { return Operations{r} }

// Mute says until when an account does not want to be told of a cause.
type Mute struct {
	Cause string
	Until time.Time // zero: until Above
	Above int64     // failures within 24 hours that end it; 0: until Until
	SetAt time.Time
	SetBy string
}

// Mute mutes a cause, in place of what was said of it before. It tells false where too
// many are muted.
func (o Operations) Mute(ctx context.Context, account string, m Mute) (ok bool, err error) {
	err = o.r.inTx(ctx, func(tx *sql.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM mutes WHERE customer_id = ? AND cause <> ?`, account, m.Cause).Scan(&n); err != nil {
			return err
		}
		if ok = n < MaxMutes; !ok {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO mutes VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (customer_id, cause) DO UPDATE
			SET until = excluded.until, above = excluded.above, set_at = excluded.set_at, set_by = excluded.set_by`,
			account, m.Cause, stampOrNull(m.Until), sql.NullInt64{Int64: m.Above, Valid: m.Above > 0}, stamp(o.r.now()), m.SetBy)
		return err
	})
	return ok, err
}

// Unmute ends a mute, if there is one.
func (o Operations) Unmute(ctx context.Context, account, cause string) error {
	return o.r.exec(ctx, `DELETE FROM mutes WHERE customer_id = ? AND cause = ?`, account, cause)
}

// Mutes lists the causes that an account has muted, by cause; also those whose time has
// passed.
func (o Operations) Mutes(ctx context.Context, account string) (map[string]Mute, error) {
	found, err := list(ctx, o.r.read, func(row row) (m Mute, err error) {
		var until, above sql.NullInt64
		var set int64
		err = row.Scan(&m.Cause, &until, &above, &set, &m.SetBy)
		m.Until, m.Above, m.SetAt = momentOrZero(until), above.Int64, moment(set)
		return m, err
	}, `SELECT cause, until, above, set_at, set_by FROM mutes WHERE customer_id = ?`, account)
	all := make(map[string]Mute, len(found))
	for _, m := range found {
		all[m.Cause] = m
	}
	return all, err
}

// Annotation is something that was changed, which may explain what came after.
type Annotation struct {
	Account string // whose; empty: it concerns all
	At      time.Time
	Kind    string
	Data    map[string]any
}

// Annotate keeps an annotation; of more than 10,000 the oldest go.
func (o Operations) Annotate(ctx context.Context, a Annotation) error {
	data, err := json.Marshal(a.Data)
	if err != nil {
		return err
	}
	return o.r.inTx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `INSERT INTO annotations (customer_id, at, kind, data) VALUES (?, ?, ?, ?)`, a.Account, stamp(a.At), a.Kind, string(data))
		if err != nil {
			return err
		}
		id, err := done.LastInsertId()
		if err == nil {
			_, err = tx.ExecContext(ctx, `DELETE FROM annotations WHERE id <= ? AND customer_id <> ?`, id-maxAnnotations, ofNobody)
		}
		return err
	})
}

// Annotations lists what was changed within a time and concerns an account, the oldest
// first, the latest n of it.
func (o Operations) Annotations(ctx context.Context, account string, since, until time.Time, n int) ([]Annotation, error) {
	found, err := list(ctx, o.r.read, annotation, `SELECT customer_id, at, kind, data FROM (SELECT * FROM annotations WHERE customer_id IN ('', ?) AND at >= ? AND at < ? ORDER BY id DESC LIMIT ?) ORDER BY at, id`,
		account, stamp(since), stamp(until), n)
	return found, err
}

func annotation(row row) (a Annotation, err error) {
	var at int64
	var data string
	if err = row.Scan(&a.Account, &at, &a.Kind, &data); err == nil {
		a.At, err = moment(at), json.Unmarshal([]byte(data), &a.Data)
	}
	return a, err
}

// remembered are the kinds of annotations that are kept once and not listed.
const remembered = "last "

// Remember keeps values under a name, in place of what was there.
func (o Operations) Remember(ctx context.Context, name string, values map[string]string) error {
	data, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return o.r.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM annotations WHERE customer_id = ? AND kind = ?`, ofNobody, remembered+name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO annotations (customer_id, at, kind, data) VALUES (?, ?, ?, ?)`, ofNobody, stamp(o.r.now()), remembered+name, string(data))
		return err
	})
}

// ofNobody is the account of what no account is shown; ids of accounts are visible text.
const ofNobody = " "

// Remembered gives what was kept under a name last; false where there is nothing.
func (o Operations) Remembered(ctx context.Context, name string) (values map[string]string, ok bool, err error) {
	found, err := list(ctx, o.r.read, func(row row) (values map[string]string, err error) {
		var data string
		if err = row.Scan(&data); err == nil {
			err = json.Unmarshal([]byte(data), &values)
		}
		return values, err
	}, `SELECT data FROM annotations WHERE customer_id = ? AND kind = ?`, ofNobody, remembered+name)
	if err != nil || len(found) == 0 {
		return nil, false, err
	}
	return found[0], true, nil
}

// Deed is something that somebody does by REST.
type Deed struct {
	ID      int64
	Account string
	At      time.Time
	By      string // access key and jti of the token
	Address string // masked
	Action  string
	Target  string
	Request string
	Outcome string // "": not known, "done", or a fault's id
	Details map[string]any
}

// Begin keeps what is about to be done, and forgets what is older than AuditFor.
func (o Operations) Begin(ctx context.Context, d Deed) (id int64, err error) {
	err = o.r.inTx(ctx, func(tx *sql.Tx) error {
		now := o.r.now()
		done, err := tx.ExecContext(ctx, `INSERT INTO audit (customer_id, at, by, address, action, target, request, outcome, details) VALUES (?, ?, ?, ?, ?, ?, ?, '', '{}')`,
			d.Account, stamp(now), d.By, d.Address, d.Action, d.Target, d.Request)
		if err != nil {
			return err
		}
		if id, err = done.LastInsertId(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM audit WHERE at < ?`, stamp(now.Add(-AuditFor)))
		return err
	})
	return id, err
}

// Finish keeps what became of it.
func (o Operations) Finish(ctx context.Context, id int64, outcome string, details map[string]any) error {
	data, err := json.Marshal(details)
	if err != nil {
		return err
	}
	return o.r.exec(ctx, `UPDATE audit SET outcome = ?, details = ? WHERE id = ?`, outcome, string(data), id)
}

// Audit lists what was done in an account, the newest first: at most n, before an id,
// or of all for 0.
func (o Operations) Audit(ctx context.Context, account string, before int64, n int) ([]Deed, error) {
	found, err := list(ctx, o.r.read, func(row row) (d Deed, err error) {
		var at int64
		var data string
		if err = row.Scan(&d.ID, &at, &d.By, &d.Address, &d.Action, &d.Target, &d.Request, &d.Outcome, &data); err == nil {
			d.Account, d.At, err = account, moment(at), json.Unmarshal([]byte(data), &d.Details)
		}
		return d, err
	}, `SELECT id, at, by, address, action, target, request, outcome, details FROM audit
		WHERE customer_id = ? AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?`, account, before, before, n)
	return found, err
}

// EndShare takes a link back that would be good until a time; it is known by its digest.
func (o Operations) EndShare(ctx context.Context, link [32]byte, until time.Time) error {
	return o.r.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ended_shares WHERE until < ?`, stamp(o.r.now())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO ended_shares VALUES (?, ?)`, link[:], stamp(until))
		return err
	})
}

// ShareEnded tells whether a link was taken back.
func (o Operations) ShareEnded(ctx context.Context, link [32]byte) (ended bool, err error) {
	err = o.r.read.QueryRowContext(ctx, `SELECT count(*) > 0 FROM ended_shares WHERE link = ?`, link[:]).Scan(&ended)
	return ended, o.r.broken(ctx, err)
}
