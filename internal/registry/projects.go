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

	CallbackURL    string // where it is told what happens in its sessions; "" for nowhere
	CallbackSecret string // signs that
}

const projectColumns = `key, customer_id, name, secret, public_key, created_at, callback_url, callback_secret FROM projects`

func scanProject(r row) (p Project, err error) {
	var created int64
	err = r.Scan(&p.Key, &p.CustomerID, &p.Name, &p.Secret, &p.PublicKey, &created, &p.CallbackURL, &p.CallbackSecret)
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
		_, err := tx.ExecContext(ctx, `INSERT INTO projects (key, customer_id, name, secret, public_key, created_at, callback_url, callback_secret) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			p.Key, p.CustomerID, p.Name, p.Secret, p.PublicKey, stamp(p.CreatedAt), p.CallbackURL, p.CallbackSecret)
		return err
	})
	return p, err
}

// SetCallback changes where a customer's project is told what happens in its sessions,
// and what signs that. Fails with fault.AccessKeyUnknown.
func (r *Registry) SetCallback(ctx context.Context, customerID, key, url, secret string) error {
	return r.changeProject(ctx, key, `UPDATE projects SET callback_url = ?, callback_secret = ? WHERE customer_id = ? AND key = ?`, url, secret, customerID, key)
}

// changeProject fails with fault.AccessKeyUnknown where no row is changed.
func (r *Registry) changeProject(ctx context.Context, key, statement string, args ...any) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return fault.AccessKeyUnknown.New("access_key", key)
		}
		return nil
	})
}

// DeleteProject ends a customer's project, or fails with fault.AccessKeyUnknown.
func (r *Registry) DeleteProject(ctx context.Context, customerID, key string) error {
	return r.changeProject(ctx, key, `DELETE FROM projects WHERE customer_id = ? AND key = ?`, customerID, key)
}
