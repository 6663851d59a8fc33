// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/redial-rtc/redial/fault"
)

const codeColumns = `code, room_id, role, enabled, created_at, updated_at FROM codes`

func scanCode(r row) (c Code, err error) {
	var created, updated int64
	err = r.Scan(&c.Code, &c.RoomID, &c.Role, &c.Enabled, &created, &updated)
	c.CreatedAt, c.UpdatedAt = moment(created), moment(updated)
	return c, err
}

// Code finds a room code, or fails with fault.CodeNotFound.
func (r *Registry) Code(ctx context.Context, code string) (Code, error) {
	return codeByName(ctx, r.read, code)
}

func codeByName(ctx context.Context, db querier, code string) (Code, error) {
	return one(ctx, scanCode, fault.CodeNotFound.New(),
		db.QueryRowContext(ctx, `SELECT `+codeColumns+` WHERE code = ?`, code))
}

// Codes returns one page of a room's codes, in the order of their roles:
// fault.FieldInvalid.
func (r *Registry) Codes(ctx context.Context, q CodeQuery) (Page[Code], error) {
	n, err := limit(q.Limit)
	if err != nil {
		return Page[Code]{}, err
	}
	var w where
	w.text("room_id", q.RoomID)
	w.text("role", q.Role)
	if q.Enabled != nil {
		w.add("enabled = ?", *q.Enabled)
	}
	if q.Start != "" {
		from, err := r.Code(ctx, q.Start)
		if errors.Is(err, fault.CodeNotFound) {
			return Page[Code]{}, fault.FieldInvalid.New("field", "start", "reason", "not a code")
		}
		if err != nil {
			return Page[Code]{}, err
		}
		w.add("(role, code) > (?, ?)", from.Role, from.Code)
	}
	all, err := list(ctx, r.read, scanCode,
		`SELECT `+codeColumns+w.String()+` ORDER BY role, code LIMIT ?`, append(w.args, n)...)
	return page(all, n, func(c Code) string { return c.Code }), err
}

// CreateCodes makes sure that the room has a code for each role of its
// template, or for the given roles only, and returns those codes. Codes whose
// role the template no longer has are disabled. Fails with fault.RoomNotFound,
// RoomDisabled, RoleNotFound.
func (r *Registry) CreateCodes(ctx context.Context, roomID string, roles ...string) ([]Code, error) {
	var out []Code
	err := r.inTx(ctx, func(tx *sql.Tx) error {
		room, err := roomByID(ctx, tx, roomID)
		if err != nil {
			return err
		}
		if !room.Enabled {
			return fault.RoomDisabled.New("room_id", roomID)
		}
		t, err := templateByID(ctx, tx, room.TemplateID)
		if err != nil {
			return err
		}
		known := t.RoleNames()
		if len(roles) == 0 {
			roles = known
		}
		for _, role := range roles {
			if !slices.Contains(known, role) {
				return fault.RoleNotFound.New("field", "role", "role", role, "template_id", t.ID)
			}
			if err := makeCode(ctx, tx, roomID, role, stamp(r.now())); err != nil {
				return err
			}
		}
		all, err := list(ctx, tx, scanCode, `SELECT `+codeColumns+` WHERE room_id = ? ORDER BY role, code`, roomID)
		if err != nil {
			return err
		}
		out = []Code{}
		for _, c := range all {
			if slices.Contains(roles, c.Role) {
				out = append(out, c)
			} else if c.Enabled && !slices.Contains(known, c.Role) {
				if err := setEnabled(ctx, tx, c.Code, false, stamp(r.now())); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, err
}

// makeCode adds a code unless the role has one. The few codes that exist
// already are drawn again.
func makeCode(ctx context.Context, tx *sql.Tx, roomID, role string, now int64) error {
	for {
		_, err := tx.ExecContext(ctx, `INSERT INTO codes (code, room_id, role, enabled, created_at, updated_at)
			VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (room_id, role) DO NOTHING`, newCode(), roomID, role, now, now)
		if err == nil || !taken(err) {
			return err
		}
	}
}

// SetCodeEnabled enables or disables a code. Fails with fault.CodeNotFound,
// and with fault.RoleNotFound when it cannot be enabled because the template
// no longer has the role.
func (r *Registry) SetCodeEnabled(ctx context.Context, code string, enabled bool) (Code, error) {
	var out Code
	err := r.inTx(ctx, func(tx *sql.Tx) error {
		c, err := codeByName(ctx, tx, code)
		if err != nil {
			return err
		}
		if enabled {
			room, err := roomByID(ctx, tx, c.RoomID)
			if err != nil {
				return err
			}
			t, err := templateByID(ctx, tx, room.TemplateID)
			if err != nil {
				return err
			}
			if _, there := t.Roles[c.Role]; !there {
				return fault.RoleNotFound.New("role", c.Role, "template_id", t.ID)
			}
		}
		if err := setEnabled(ctx, tx, code, enabled, stamp(r.now())); err != nil {
			return err
		}
		out, err = codeByName(ctx, tx, code)
		return err
	})
	return out, err
}

func setEnabled(ctx context.Context, tx *sql.Tx, code string, enabled bool, now int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE codes SET enabled = ?, updated_at = ? WHERE code = ?`, enabled, now, code)
	return err
}
