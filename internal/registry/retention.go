// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Retention is for how long an account keeps its events, when that is a time of
// its own.
type Retention struct {
	Keep      time.Duration // 0: for ever
	UpdatedAt time.Time
	UpdatedBy string // jti of the token that asked for it
}

// Retention reads what an account has chosen; false when it has chosen nothing.
func (r *Registry) Retention(ctx context.Context, account string) (Retention, bool, error) {
	var keep, at int64
	var found Retention
	err := r.read.QueryRowContext(ctx, `SELECT keep, updated_at, updated_by FROM retentions WHERE customer_id = ?`, account).
		Scan(&keep, &at, &found.UpdatedBy)
	if errors.Is(err, sql.ErrNoRows) {
		return Retention{}, false, nil
	}
	found.Keep, found.UpdatedAt = time.Duration(keep), moment(at)
	return found, err == nil, r.broken(ctx, err)
}

// Retentions gives the times of all accounts that have chosen one.
func (r *Registry) Retentions(ctx context.Context) (map[string]time.Duration, error) {
	rows, err := r.read.QueryContext(ctx, `SELECT customer_id, keep FROM retentions`)
	if err != nil {
		return nil, r.broken(ctx, err)
	}
	defer rows.Close()
	all := map[string]time.Duration{}
	for rows.Next() {
		var account string
		var keep int64
		if err := rows.Scan(&account, &keep); err != nil {
			return nil, r.broken(ctx, err)
		}
		all[account] = time.Duration(keep)
	}
	return all, r.broken(ctx, rows.Err())
}

// SetRetention lets an account keep its events for a time of its own, 0 for
// ever, as the token with this id asked.
func (r *Registry) SetRetention(ctx context.Context, account string, keep time.Duration, by string) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO retentions VALUES (?, ?, ?, ?) ON CONFLICT (customer_id) DO UPDATE
			SET keep = excluded.keep, updated_at = excluded.updated_at, updated_by = excluded.updated_by`, account, int64(keep), stamp(r.now()), by)
		return err
	})
}

// ClearRetention lets an account keep its events for as long as the server does
// by default.
func (r *Registry) ClearRetention(ctx context.Context, account string) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM retentions WHERE customer_id = ?`, account)
		return err
	})
}
