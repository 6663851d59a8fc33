// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"time"
)

// Metadata is one value that the peers of a session share.
type Metadata struct {
	Key       string
	Data      string // JSON
	Version   int64
	UpdatedAt time.Time
	UpdatedBy string // peer id
}

// Leftover is what the next process needs of a session beside who is inside.
type Leftover struct {
	Metadata []Metadata
	Removed  map[string]time.Time // peers that were put out, and when
}

// reasonRemoved is what rooms give as the reason of a peer that was put out.
const reasonRemoved = "removed"

// SaveMetadata records a value of a running session.
func (r *Registry) SaveMetadata(ctx context.Context, sessionID string, m Metadata) error {
	return r.exec(ctx, `INSERT INTO metadata (session_id, key, data, version, updated_at, updated_by) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (session_id, key) DO UPDATE SET data = excluded.data, version = excluded.version,
			updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
		sessionID, m.Key, m.Data, m.Version, stamp(m.UpdatedAt), m.UpdatedBy)
}

// Leftover reads what an unfinished session leaves behind.
func (r *Registry) Leftover(ctx context.Context, sessionID string) (l Leftover, err error) {
	l.Metadata, err = list(ctx, r.read, func(row row) (m Metadata, err error) {
		var at int64
		err = row.Scan(&m.Key, &m.Data, &m.Version, &at, &m.UpdatedBy)
		m.UpdatedAt = moment(at)
		return m, err
	}, `SELECT key, data, version, updated_at, updated_by FROM metadata WHERE session_id = ?`, sessionID)
	if err != nil {
		return l, err
	}
	type out struct {
		id string
		at int64
	}
	gone, err := list(ctx, r.read, func(row row) (o out, err error) { err = row.Scan(&o.id, &o.at); return o, err },
		`SELECT id, left_at FROM peers WHERE session_id = ? AND left_at IS NOT NULL AND reason = ?`, sessionID, reasonRemoved)
	l.Removed = make(map[string]time.Time, len(gone))
	for _, o := range gone {
		l.Removed[o.id] = moment(o.at)
	}
	return l, err
}

// forgetMetadata drops what sessions shared that are over.
func forgetMetadata(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM metadata WHERE session_id NOT IN (SELECT id FROM sessions WHERE ended_at IS NULL)`)
	return err
}
