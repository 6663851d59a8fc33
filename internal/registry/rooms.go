// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

const roomColumns = `rooms.id, rooms.customer_id, rooms.name, rooms.description, rooms.template_id,
	COALESCE(templates.name, ''), rooms.region, rooms.enabled, rooms.locked, rooms.large_room,
	rooms.max_peers, rooms.max_streaming, rooms.max_duration, rooms.created_at, rooms.updated_at
	FROM rooms LEFT JOIN templates ON templates.id = rooms.template_id`

func scanRoom(r row) (m Room, err error) {
	var created, updated, longest int64
	err = r.Scan(&m.ID, &m.CustomerID, &m.Name, &m.Description, &m.TemplateID, &m.TemplateName, &m.Region,
		&m.Enabled, &m.Locked, &m.LargeRoom, &m.MaxPeers, &m.MaxStreaming, &longest, &created, &updated)
	m.MaxDuration, m.CreatedAt, m.UpdatedAt = time.Duration(longest), moment(created), moment(updated)
	return m, err
}

// Room finds a room by id, or fails with fault.RoomNotFound.
func (r *Registry) Room(ctx context.Context, id string) (Room, error) {
	return roomByID(ctx, r.read, id)
}

// RoomNames is what a room is called and which template it has, or fails with
// fault.RoomNotFound. It is for what is asked very often.
func (r *Registry) RoomNames(ctx context.Context, id string) (RoomNames, error) {
	return one(ctx, scanRoomNames, fault.RoomNotFound.New("room_id", id),
		r.read.QueryRowContext(ctx, `SELECT name, template_id FROM rooms WHERE id = ?`, id))
}

// RoomNames is what events have of their room beside its id.
type RoomNames struct{ Name, TemplateID string }

func scanRoomNames(r row) (n RoomNames, err error) {
	err = r.Scan(&n.Name, &n.TemplateID)
	return n, err
}

func roomByID(ctx context.Context, db querier, id string) (Room, error) {
	return one(ctx, scanRoom, fault.RoomNotFound.New("room_id", id),
		db.QueryRowContext(ctx, `SELECT `+roomColumns+` WHERE rooms.id = ?`, id))
}

// RoomByName finds a customer's room by name, whatever its case, or fails with
// fault.RoomNotFound.
func (r *Registry) RoomByName(ctx context.Context, customerID, name string) (Room, error) {
	return roomByName(ctx, r.read, customerID, name)
}

func roomByName(ctx context.Context, db querier, customerID, name string) (Room, error) {
	return one(ctx, scanRoom, fault.RoomNotFound.New("name", name),
		db.QueryRowContext(ctx, `SELECT `+roomColumns+` WHERE rooms.customer_id = ? AND rooms.name = ?`, customerID, name))
}

// CreateRoom creates a room, or returns the one that has the customer's name
// already; created tells which. ID, times and an empty Name are made up; an
// empty TemplateID becomes the customer's default template. Fails with
// fault.TemplateNotFound, fault.FieldInvalid, fault.FieldMissing.
func (r *Registry) CreateRoom(ctx context.Context, room Room) (_ Room, created bool, _ error) {
	if room.Name == "" {
		room.Name = uuid.NewString()
	}
	if room.CustomerID == "" {
		return Room{}, false, fault.FieldMissing.New("field", "customer_id")
	}
	if err := room.validate(); err != nil {
		return Room{}, false, err
	}
	var out Room
	err := r.inTx(ctx, func(tx *sql.Tx) (err error) {
		out, err = roomByName(ctx, tx, room.CustomerID, room.Name)
		if !errors.Is(err, fault.RoomNotFound) {
			return err
		}
		if room.TemplateID, err = r.templateFor(ctx, tx, room); err != nil {
			return err
		}
		now := r.now()
		room.ID, room.CreatedAt, room.UpdatedAt = newID(now), now, now
		_, err = tx.ExecContext(ctx, `INSERT INTO rooms (id, customer_id, name, description, template_id, region,
			enabled, locked, large_room, max_peers, max_streaming, max_duration, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			room.ID, room.CustomerID, room.Name, room.Description, room.TemplateID, room.Region, room.Enabled,
			room.Locked, room.LargeRoom, room.MaxPeers, room.MaxStreaming, int64(room.MaxDuration), stamp(now), stamp(now))
		if err != nil {
			return err
		}
		created = true
		out, err = roomByID(ctx, tx, room.ID)
		return err
	})
	if err != nil {
		return Room{}, false, err
	}
	return out, created, nil
}

// templateFor finds the template of a room that is written.
func (r *Registry) templateFor(ctx context.Context, tx *sql.Tx, room Room) (string, error) {
	if room.TemplateID == "" {
		t, err := r.defaultTemplate(ctx, tx, room.CustomerID)
		return t.ID, err
	}
	t, err := templateByID(ctx, tx, room.TemplateID)
	if err == nil && t.CustomerID != room.CustomerID {
		err = fault.TemplateNotFound.New("template_id", room.TemplateID)
	}
	return room.TemplateID, err
}

// UpdateRoom changes a room in one transaction. The change may refuse by
// failing; id, customer and times are not its to change. Fails with
// fault.RoomNotFound, NameTaken, TemplateNotFound, FieldInvalid.
func (r *Registry) UpdateRoom(ctx context.Context, id string, change func(*Room) error) (Room, error) {
	var out Room
	err := r.inTx(ctx, func(tx *sql.Tx) error {
		old, err := roomByID(ctx, tx, id)
		if err != nil {
			return err
		}
		room := old
		if err := change(&room); err != nil {
			return err
		}
		room.ID, room.CustomerID = old.ID, old.CustomerID
		if err := room.validate(); err != nil {
			return err
		}
		if room.TemplateID != old.TemplateID {
			if room.TemplateID, err = r.templateFor(ctx, tx, room); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE rooms SET name = ?, description = ?, template_id = ?, region = ?,
			enabled = ?, locked = ?, large_room = ?, max_peers = ?, max_streaming = ?, max_duration = ?, updated_at = ? WHERE id = ?`,
			room.Name, room.Description, room.TemplateID, room.Region, room.Enabled, room.Locked, room.LargeRoom,
			room.MaxPeers, room.MaxStreaming, int64(room.MaxDuration), stamp(r.now()), id)
		if taken(err) {
			return fault.NameTaken.New("field", "name", "name", room.Name)
		}
		if err != nil {
			return err
		}
		out, err = roomByID(ctx, tx, id)
		return err
	})
	return out, err
}

// SetLocked locks or unlocks a room: fault.RoomNotFound.
func (r *Registry) SetLocked(ctx context.Context, id string, locked bool) error {
	_, err := r.UpdateRoom(ctx, id, func(room *Room) error {
		room.Locked = locked
		return nil
	})
	return err
}

// ListRooms returns one page of rooms: fault.FieldInvalid.
func (r *Registry) ListRooms(ctx context.Context, q RoomQuery) (Page[Room], error) {
	n, err := limit(q.Limit)
	if err != nil {
		return Page[Room]{}, err
	}
	var w where
	w.text("rooms.customer_id", q.CustomerID)
	w.text("rooms.name", q.Name)
	w.text("rooms.template_id", q.TemplateID)
	if q.Enabled != nil {
		w.add("rooms.enabled = ?", *q.Enabled)
	}
	w.between("rooms.created_at", q.After, q.Before)
	if err := w.after(ctx, r.read, "rooms", "created_at", q.Start); err != nil {
		return Page[Room]{}, err
	}
	all, err := list(ctx, r.read, scanRoom,
		`SELECT `+roomColumns+w.String()+` ORDER BY rooms.created_at DESC, rooms.id DESC LIMIT ?`, append(w.args, n)...)
	return page(all, n, func(m Room) string { return m.ID }), err
}

// Limits of a room.
const (
	maxRoomPeers = 20_000
	minDuration  = 2 * time.Minute
	maxDuration  = 12 * time.Hour
)

// Limits of a room's texts, in characters as people see them.
var (
	roomName        = text.Of(128)
	roomDescription = text.Of(1024)
	roomRegion      = text.Of(32)
)

// validate names the field that is wrong: fault.FieldInvalid.
func (m Room) validate() error {
	bad := func(field, reason string) error { return fault.FieldInvalid.New("field", field, "reason", reason) }
	for _, t := range []struct {
		field, text string
		limit       text.Limit
	}{{"name", m.Name, roomName}, {"description", m.Description, roomDescription}, {"region", m.Region, roomRegion}} {
		if over := t.limit.Over(t.text); over != nil {
			return fault.FieldInvalid.New(append([]any{"field", t.field, "reason", "too long"}, over...)...)
		}
	}
	if m.Name == "" || strings.ContainsFunc(m.Name, func(c rune) bool { return !strings.ContainsRune(nameLetters, c) }) {
		return bad("name", "only a-z, A-Z, 0-9 and .-:_ are allowed")
	}
	if m.MaxPeers < 0 || m.MaxPeers > maxRoomPeers {
		return bad("size", "not between 0 and 20000")
	}
	if m.MaxStreaming < 0 || m.MaxStreaming > maxRoomPeers {
		return bad("max_streaming", "not between 0 and 20000")
	}
	if d := m.MaxDuration; d != 0 && (d < minDuration || d > maxDuration) {
		return bad("max_duration_seconds", "not between 120 and 43200")
	}
	return nil
}

// nameLetters may appear in the name of a room.
const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:_"

// RemoveRooms removes a customer's rooms, or the one with this id, with all that is kept
// of them: codes, sessions, and who was in them; with all rooms the customer's templates
// go as well, but for the default. What is not there is no error.
func (r *Registry) RemoveRooms(ctx context.Context, customerID, id string) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		const of = ` IN (SELECT id FROM sessions WHERE customer_id = ?1 AND (?2 = '' OR room_id = ?2))`
		for _, statement := range []string{
			`DELETE FROM metadata WHERE session_id` + of,
			`DELETE FROM peers WHERE session_id` + of,
			`DELETE FROM sessions WHERE customer_id = ?1 AND (?2 = '' OR room_id = ?2)`,
			`DELETE FROM rooms WHERE customer_id = ?1 AND (?2 = '' OR id = ?2)`,
			`DELETE FROM templates WHERE customer_id = ?1 AND is_default = 0 AND ?2 = ''`,
		} {
			if _, err := tx.ExecContext(ctx, statement, customerID, id); err != nil {
				return err
			}
		}
		return nil
	})
}
