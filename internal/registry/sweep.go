// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"time"
)

// Why the registry itself says that a peer left.
const (
	ReasonEnded     = "session ended"
	ReasonRestarted = "server restarted"
	ReasonRejoined  = "rejoined"
)

// continuable tells whether leftovers of a previous process still count.
func (r *Registry) continuable() bool { return r.now().Sub(r.opened) < r.grace }

// sweepAfterGrace waits for the clients of a previous process to come back,
// then tells of those who did not, and closes what nobody continued.
func (r *Registry) sweepAfterGrace(ctx context.Context) {
	timer := time.NewTimer(r.grace)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	for {
		err := r.tellAbandoned(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		r.log.Error("who was inside when the previous process ended is kept for later", "err", err)
		timer.Reset(tellRetry)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
	if ctx.Err() != nil {
		return
	}
	sessions, peers, err := r.sweep(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		r.log.Error("sessions of the previous process could not be closed", "err", err)
	case sessions+peers > 0:
		r.log.Info("closed what the previous process left", "sessions", sessions, "peers", peers)
	}
}

// sweep closes the sessions of previous processes, and in those that were
// continued the peers that did not come back. Nobody knows when the previous
// process ended; it was over when this one began.
func (r *Registry) sweep(ctx context.Context) (sessions, peers int64, err error) {
	err = r.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE peers SET left_at = MAX(?, joined_at), reason = ? WHERE left_at IS NULL AND process <> ?`,
			stamp(r.opened), ReasonRestarted, r.process)
		if err != nil {
			return err
		}
		if peers, err = res.RowsAffected(); err != nil {
			return err
		}
		res, err = tx.ExecContext(ctx, `UPDATE sessions SET ended_at = MAX(?, started_at) WHERE ended_at IS NULL AND process <> ?`,
			stamp(r.opened), r.process)
		if err != nil {
			return err
		}
		if sessions, err = res.RowsAffected(); err != nil {
			return err
		}
		return forgetMetadata(ctx, tx)
	})
	return sessions, peers, err
}
