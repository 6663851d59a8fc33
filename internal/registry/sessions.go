// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

const sessionColumns = `id, room_id, customer_id, room_name, template_id, started_at, ended_at FROM sessions`

func scanSession(r row) (s Session, err error) {
	var (
		started int64
		ended   sql.NullInt64
	)
	err = r.Scan(&s.ID, &s.RoomID, &s.CustomerID, &s.RoomName, &s.TemplateID, &started, &ended)
	s.Active, s.StartedAt, s.EndedAt = !ended.Valid, moment(started), momentOrZero(ended)
	return s, err
}

const peerColumns = `peers.id, peers.session_id, peers.room_id, peers.name, peers.user_id, peers.role, peers.data,
	peers.groups, peers.joined_at, peers.left_at, peers.reason, peers.user_proof, peers.resume FROM peers`

func scanPeer(r row) (p SessionPeer, err error) {
	var (
		groups []byte
		joined int64
		left   sql.NullInt64
	)
	err = r.Scan(&p.ID, &p.SessionID, &p.RoomID, &p.Name, &p.UserID, &p.Role, &p.Data, &groups, &joined, &left, &p.Reason,
		&p.UserProof, &p.Resume)
	if err != nil {
		return p, err
	}
	p.JoinedAt, p.LeftAt = moment(joined), momentOrZero(left)
	return p, json.Unmarshal(groups, &p.Groups)
}

// Sessions returns one page of sessions, with their peers: fault.FieldInvalid.
func (r *Registry) Sessions(ctx context.Context, q SessionQuery) (Page[Session], error) {
	n, err := limit(q.Limit)
	if err != nil {
		return Page[Session]{}, err
	}
	var w where
	w.text("customer_id", q.CustomerID)
	w.text("room_id", q.RoomID)
	if q.Active != nil {
		w.add("(ended_at IS NULL) = ?", *q.Active)
	}
	w.between("started_at", q.After, q.Before)
	if err := w.after(ctx, r.read, "sessions", "started_at", q.Start); err != nil {
		return Page[Session]{}, err
	}
	all, err := list(ctx, r.read, scanSession,
		`SELECT `+sessionColumns+w.String()+` ORDER BY started_at DESC, id DESC LIMIT ?`, append(w.args, n)...)
	if err != nil {
		return Page[Session]{}, err
	}
	if err := r.addPeers(ctx, all); err != nil {
		return Page[Session]{}, err
	}
	return page(all, n, func(s Session) string { return s.ID }), nil
}

// Session finds a session by id, with its peers, or fails with
// fault.SessionNotFound.
func (r *Registry) Session(ctx context.Context, id string) (Session, error) {
	s, err := one(ctx, scanSession, fault.SessionNotFound.New("session_id", id),
		r.read.QueryRowContext(ctx, `SELECT `+sessionColumns+` WHERE id = ?`, id))
	if err != nil {
		return s, err
	}
	all := []Session{s}
	err = r.addPeers(ctx, all)
	return all[0], err
}

// addPeers fills in the peers of sessions, in the order in which they joined.
func (r *Registry) addPeers(ctx context.Context, all []Session) error {
	if len(all) == 0 {
		return nil
	}
	at := make(map[string]*Session, len(all))
	ids := make([]any, len(all))
	for i := range all {
		at[all[i].ID], ids[i] = &all[i], all[i].ID
	}
	peers, err := list(ctx, r.read, scanPeer, `SELECT `+peerColumns+` WHERE session_id IN (?`+
		strings.Repeat(", ?", len(ids)-1)+`) ORDER BY joined_at, id`, ids...)
	for _, p := range peers {
		s := at[p.SessionID]
		s.Peers = append(s.Peers, p)
	}
	return err
}

// OpenSession returns the unfinished session that a previous process left in
// the room, with the peers that were inside, if it can still be continued: for
// Grace after Open. To continue it, call StartSession with it.
func (r *Registry) OpenSession(ctx context.Context, roomID string) (Session, bool, error) {
	if !r.continuable() {
		return Session{}, false, nil
	}
	none := errors.New("none")
	s, err := one(ctx, scanSession, none, r.read.QueryRowContext(ctx, `SELECT `+sessionColumns+`
		WHERE room_id = ? AND ended_at IS NULL AND process <> ? ORDER BY started_at DESC LIMIT 1`, roomID, r.process))
	if errors.Is(err, none) {
		return Session{}, false, nil
	}
	if err != nil {
		return Session{}, false, err
	}
	s.Peers, err = list(ctx, r.read, scanPeer,
		`SELECT `+peerColumns+` WHERE session_id = ? AND left_at IS NULL ORDER BY joined_at, id`, s.ID)
	return s, err == nil, err
}

// StartSession records that a session runs in this process. Starting the same
// id again continues it; its start does not change.
func (r *Registry) StartSession(ctx context.Context, s Session) error {
	return r.exec(ctx, `INSERT INTO sessions (id, room_id, customer_id, room_name, template_id, started_at, ended_at, process)
		VALUES (?, ?, COALESCE((SELECT customer_id FROM rooms WHERE id = ?), ?), ?, ?, ?, NULL, ?)
		ON CONFLICT (id) DO UPDATE SET process = excluded.process, ended_at = NULL`,
		s.ID, s.RoomID, s.RoomID, s.CustomerID, s.RoomName, s.TemplateID, stamp(s.StartedAt), r.process)
}

// EndSession records that a session is over, and with it everyone still
// inside. Ending it again changes nothing.
func (r *Registry) EndSession(ctx context.Context, id string, at time.Time) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL`, stamp(at), id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE peers SET left_at = ?, reason = ? WHERE session_id = ? AND left_at IS NULL`,
			stamp(at), ReasonEnded, id)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM metadata WHERE session_id = ?`, id)
		return err
	})
}

// SavePeer records a peer that joined, came back or changed. What is recorded of
// a peer is only ever changed by the same token, or by another one of the same
// proven user: ids of peers are known to everybody in a room, and nobody is to
// write over what was somebody else.
func (r *Registry) SavePeer(ctx context.Context, p SessionPeer) error {
	groups, err := json.Marshal(append([]string{}, p.Groups...))
	if err != nil {
		return err
	}
	return r.exec(ctx, `INSERT INTO peers (session_id, id, room_id, name, user_id, role, data, groups, joined_at, left_at, reason, process,
			user_proof, resume)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '', ?, ?, ?)
		ON CONFLICT (session_id, id) DO UPDATE SET name = excluded.name, user_id = excluded.user_id, role = excluded.role,
			data = excluded.data, groups = excluded.groups, left_at = NULL, reason = '', process = excluded.process,
			user_proof = excluded.user_proof, resume = excluded.resume
		WHERE resume = excluded.resume OR `+sameUser,
		p.SessionID, p.ID, p.RoomID, p.Name, p.UserID, p.Role, p.Data, string(groups), stamp(p.JoinedAt), r.process,
		p.UserProof, p.Resume)
}

// sameUser is the condition that two rows are of one user, which its app proved.
const sameUser = `(user_id <> '' AND user_id = excluded.user_id AND user_proof = 'token' AND excluded.user_proof = 'token')`

// PeerLeft records that the peer that joined with a token left, and why.
func (r *Registry) PeerLeft(ctx context.Context, sessionID, peerID, resume, reason string, at time.Time) error {
	return r.exec(ctx, `UPDATE peers SET left_at = ?, reason = ? WHERE session_id = ? AND id = ? AND resume = ?`,
		stamp(at), reason, sessionID, peerID, resume)
}

// maxKnown is how many sessions are looked through for a peer.
const maxKnown = 10

// KnownPeers returns what is recorded of the peers that had an id in a room,
// the latest first: in its running session only, or in earlier ones as well.
func (r *Registry) KnownPeers(ctx context.Context, roomID, peerID string, running bool) ([]SessionPeer, error) {
	return list(ctx, r.read, scanPeer, `SELECT `+peerColumns+` JOIN sessions ON sessions.id = peers.session_id
		WHERE peers.room_id = ? AND peers.id = ? AND (NOT ? OR sessions.ended_at IS NULL)
		ORDER BY peers.joined_at DESC LIMIT ?`, roomID, peerID, running, maxKnown)
}

// HeldPeer returns what a previous process knew of a peer that had not left,
// within Grace after Open. Once the peer has been saved by this process, it is
// no longer held.
func (r *Registry) HeldPeer(ctx context.Context, roomID, peerID string) (SessionPeer, bool, error) {
	if !r.continuable() {
		return SessionPeer{}, false, nil
	}
	none := errors.New("none")
	p, err := one(ctx, scanPeer, none, r.read.QueryRowContext(ctx, `SELECT `+peerColumns+`
		JOIN sessions ON sessions.id = peers.session_id
		WHERE peers.room_id = ? AND peers.id = ? AND peers.left_at IS NULL AND peers.process <> ? AND sessions.ended_at IS NULL
		ORDER BY peers.joined_at DESC LIMIT 1`, roomID, peerID, r.process))
	if errors.Is(err, none) {
		return SessionPeer{}, false, nil
	}
	return p, err == nil, err
}

// Rejoined records that the client which joined as a peer was, until an earlier
// process ended, inside under other ids with the same token, and has left as
// these.
func (r *Registry) Rejoined(ctx context.Context, roomID, peerID, resume string, at time.Time) error {
	if !r.continuable() {
		return nil
	}
	return r.exec(ctx, `UPDATE peers SET left_at = MAX(?, joined_at), reason = ?
		WHERE room_id = ? AND left_at IS NULL AND id <> ? AND resume = ? AND resume <> '' AND process <> ?`,
		stamp(at), ReasonRejoined, roomID, peerID, resume, r.process)
}

// exec runs one statement that is durable when it returns, or with its Batch.
func (r *Registry) exec(ctx context.Context, query string, args ...any) error {
	return r.inTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}
