// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/datafile"
)

// migrations bring the schema from one version to the next. The position is
// the version, kept in user_version; what has been released is never edited.
//
// Times are nanoseconds since 1970. "process" is the run of the server that
// last wrote a row: rows of another run are leftovers.
var migrations = []string{
	`
	CREATE TABLE templates (
		id          TEXT PRIMARY KEY,
		customer_id TEXT NOT NULL,
		name        TEXT NOT NULL COLLATE NOCASE,
		is_default  INTEGER NOT NULL,
		doc         TEXT NOT NULL,
		created_at  INTEGER NOT NULL,
		updated_at  INTEGER NOT NULL,
		UNIQUE (customer_id, name)
	) STRICT;
	CREATE UNIQUE INDEX templates_default ON templates (customer_id) WHERE is_default = 1;

	CREATE TABLE rooms (
		id           TEXT PRIMARY KEY,
		customer_id  TEXT NOT NULL,
		name         TEXT NOT NULL COLLATE NOCASE,
		description  TEXT NOT NULL,
		template_id  TEXT NOT NULL REFERENCES templates (id),
		region       TEXT NOT NULL,
		enabled      INTEGER NOT NULL,
		locked       INTEGER NOT NULL,
		large_room   INTEGER NOT NULL,
		max_peers    INTEGER NOT NULL,
		max_duration INTEGER NOT NULL,
		created_at   INTEGER NOT NULL,
		updated_at   INTEGER NOT NULL,
		UNIQUE (customer_id, name)
	) STRICT;
	CREATE INDEX rooms_age ON rooms (customer_id, created_at DESC, id DESC);
	CREATE INDEX rooms_template ON rooms (template_id);

	CREATE TABLE codes (
		code       TEXT PRIMARY KEY,
		room_id    TEXT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
		role       TEXT NOT NULL,
		enabled    INTEGER NOT NULL,
		created_at INTEGER NOT NULL,
		updated_at INTEGER NOT NULL,
		UNIQUE (room_id, role)
	) STRICT;

	CREATE TABLE revocations (
		jti   TEXT PRIMARY KEY,
		until INTEGER -- NULL: for good
	) STRICT, WITHOUT ROWID;

	CREATE TABLE sessions (
		id          TEXT PRIMARY KEY,
		room_id     TEXT NOT NULL,
		customer_id TEXT NOT NULL,
		room_name   TEXT NOT NULL,
		template_id TEXT NOT NULL,
		started_at  INTEGER NOT NULL,
		ended_at    INTEGER, -- NULL: still running
		process     TEXT NOT NULL
	) STRICT;
	CREATE INDEX sessions_age ON sessions (customer_id, started_at DESC, id DESC);
	CREATE INDEX sessions_room ON sessions (room_id, started_at DESC);
	CREATE INDEX sessions_open ON sessions (process) WHERE ended_at IS NULL;

	CREATE TABLE peers (
		session_id TEXT NOT NULL,
		id         TEXT NOT NULL,
		room_id    TEXT NOT NULL,
		name       TEXT NOT NULL,
		user_id    TEXT NOT NULL,
		role       TEXT NOT NULL,
		data       TEXT NOT NULL,
		groups     TEXT NOT NULL, -- JSON list
		joined_at  INTEGER NOT NULL,
		left_at    INTEGER, -- NULL: still inside
		reason     TEXT NOT NULL,
		process    TEXT NOT NULL,
		PRIMARY KEY (session_id, id)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX peers_inside ON peers (room_id, id) WHERE left_at IS NULL;
	`,
	`
	CREATE TABLE retentions ( -- accounts that keep their events for a time of their own
		customer_id TEXT PRIMARY KEY,
		keep        INTEGER NOT NULL, -- nanoseconds; 0: for ever
		updated_at  INTEGER NOT NULL,
		updated_by  TEXT NOT NULL -- jti of the token that asked for it
	) STRICT, WITHOUT ROWID;
	`,
	`
	-- user_proof: how user_id is proven, '' for peers of earlier versions.
	-- resume: the digest of the token that the peer joined with; only whoever has
	-- that token comes back as the peer. '' lets nobody.
	ALTER TABLE peers ADD COLUMN user_proof TEXT NOT NULL DEFAULT '';
	ALTER TABLE peers ADD COLUMN resume TEXT NOT NULL DEFAULT '';
	CREATE INDEX peers_known ON peers (room_id, id);
	`,
	`
	CREATE TABLE metadata ( -- what the peers of a running session share
		session_id TEXT NOT NULL,
		key        TEXT NOT NULL,
		data       TEXT NOT NULL,
		version    INTEGER NOT NULL,
		updated_at INTEGER NOT NULL,
		updated_by TEXT NOT NULL,
		PRIMARY KEY (session_id, key)
	) STRICT, WITHOUT ROWID;
	`,
	`
	-- max_streaming: peers that may publish at once, 0 is any number.
	ALTER TABLE rooms ADD COLUMN max_streaming INTEGER NOT NULL DEFAULT 0;
	`,
	`
	CREATE TABLE projects ( -- in whose names apps call and sign, beside those of the settings
		key         TEXT PRIMARY KEY,
		customer_id TEXT NOT NULL,
		name        TEXT NOT NULL,
		secret      TEXT NOT NULL, -- '' for one that signs with a private key
		public_key  TEXT NOT NULL, -- PEM; '' for one with a secret
		created_at  INTEGER NOT NULL
	) STRICT;
	CREATE INDEX projects_age ON projects (customer_id, created_at, key);
	`,
	`
	-- callback_url: where the project is told what happens in its sessions, '' for nowhere.
	-- callback_secret signs that.
	ALTER TABLE projects ADD COLUMN callback_url TEXT NOT NULL DEFAULT '';
	ALTER TABLE projects ADD COLUMN callback_secret TEXT NOT NULL DEFAULT '';
	`,
	`
	CREATE TABLE mutes ( -- causes of failures that an account does not want to be told of for now
		customer_id TEXT NOT NULL,
		cause       TEXT NOT NULL, -- a fault's id
		until       INTEGER, -- NULL: see above
		above       INTEGER, -- failures of 24 hours that end it; NULL: see until
		set_at      INTEGER NOT NULL,
		set_by      TEXT NOT NULL, -- access key and jti of the token
		PRIMARY KEY (customer_id, cause)
	) STRICT, WITHOUT ROWID;
	CREATE TABLE annotations ( -- what was changed, and when
		id          INTEGER PRIMARY KEY,
		customer_id TEXT NOT NULL, -- '': concerns all
		at          INTEGER NOT NULL,
		kind        TEXT NOT NULL,
		data        TEXT NOT NULL -- JSON object
	) STRICT;
	CREATE TABLE audit ( -- who did what by REST: written before it is done
		id          INTEGER PRIMARY KEY,
		customer_id TEXT NOT NULL,
		at          INTEGER NOT NULL,
		by          TEXT NOT NULL, -- access key and jti of the token
		address     TEXT NOT NULL, -- masked
		action      TEXT NOT NULL,
		target      TEXT NOT NULL,
		request     TEXT NOT NULL,
		outcome     TEXT NOT NULL, -- '': not known, 'done', or a fault's id
		details     TEXT NOT NULL -- JSON object
	) STRICT;
	CREATE INDEX audit_of ON audit (customer_id, id);
	CREATE INDEX audit_age ON audit (at);
	CREATE TABLE ended_shares ( -- links that were taken back before their time
		link  BLOB PRIMARY KEY, -- SHA-256
		until INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
}

// changes says of each migration, by its position, what it is for.
var changes = []string{
	"a new file",
	"accounts may keep their events for a time of their own",
	"peers come back with the token that they joined with; whoever is held now joins anew",
	"what the peers of a session share survives a restart",
	"rooms may limit how many stream",
	"projects, in whose names apps call and sign, can be made over REST",
	"projects may be told what happens in their sessions",
	"causes can be muted, links taken back, and it is kept who did what and what changed",
}

// Upgrade tells what Open would do to a registry, and changes nothing.
func Upgrade(ctx context.Context, path string) datafile.Upgrade {
	return datafile.Look(ctx, path, func(_ *sql.DB, from int) (int, []string, error) {
		return len(migrations), changes[min(from, len(changes)):], nil
	})
}

// migrate brings the file to the newest version, each step in a transaction of
// its own.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	var version int
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return broken(ctx, path, err)
	}
	if version > len(migrations) {
		return fault.StoreUnavailable.New("reason", File+" was written by a newer version of this program",
			"file_version", version, "known_version", len(migrations))
	}
	for ; version < len(migrations); version++ {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return broken(ctx, path, err)
		}
		_, err = tx.ExecContext(ctx, migrations[version]+fmt.Sprintf("\nPRAGMA user_version = %d;", version+1))
		if err != nil {
			_ = tx.Rollback() // the first error is the one to tell
			return broken(ctx, path, fmt.Errorf("migration to version %d: %w", version+1, err))
		}
		if err := tx.Commit(); err != nil {
			return broken(ctx, path, err)
		}
	}
	return nil
}
