// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Project is in whose name apps call and sign: with a secret that both sides know,
// or with a private key of which we have the public half.
type Project struct {
	Key        string
	CustomerID string
	Name       string
	Secret     string // "" for one that signs with a private key
	PublicKey  string // PEM; "" for one with a secret
	CreatedAt  time.Time
}

const projectColumns = `key, customer_id, name, secret, public_key, created_at FROM projects`

func scanProject(r row) (p Project, err error) {
	var created int64
	err = r.Scan(&p.Key, &p.CustomerID, &p.Name, &p.Secret, &p.PublicKey, &created)
	p.CreatedAt = moment(created)
	return p, err
}

// Project finds a project by its key, or fails with fault.AccessKeyUnknown.
func (r *Registry) Project(ctx context.Context, key string) (Project, error) {
	return one(ctx, scanProject, fault.AccessKeyUnknown.New("access_key", key),
		r.read.QueryRowContext(ctx, `SELECT `+projectColumns+` WHERE key = ?`, key))
}

// Projects are all of a customer, the oldest first.
func (r *Registry) Projects(ctx context.Context, customerID string) ([]Project, error) {
	return list(ctx, r.read, scanProject, `SELECT `+projectColumns+` WHERE customer_id = ? ORDER BY created_at, key`, customerID)
}

// CreateProject keeps a new project, of which a customer may have so many. Fails
// with fault.NameTaken for a key that is there and fault.Overloaded.
func (r *Registry) CreateProject(ctx context.Context, p Project, most int) (Project, error) {
	p.CreatedAt = r.now()
	err := r.inTx(ctx, func(tx *sql.Tx) error {
		var taken bool
		var n int
		row := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM projects WHERE key = ?), (SELECT COUNT(*) FROM projects WHERE customer_id = ?)`, p.Key, p.CustomerID)
		if err := row.Scan(&taken, &n); err != nil {
			return err
		}
		switch {
		case taken:
			return fault.NameTaken.New("field", "key", "name", p.Key)
		case n >= most:
			return fault.Overloaded.New("limit", "projects", "max", most)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO projects (key, customer_id, name, secret, public_key, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
			p.Key, p.CustomerID, p.Name, p.Secret, p.PublicKey, stamp(p.CreatedAt))
		return err
	})
	return p, err
}

// DeleteProject ends a customer's project, or fails with fault.AccessKeyUnknown.
func (r *Registry) DeleteProject(ctx context.Context, customerID, key string) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM projects WHERE customer_id = ? AND key = ?`, customerID, key)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return fault.AccessKeyUnknown.New("access_key", key)
		}
		return nil
	})
}
