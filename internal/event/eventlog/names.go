// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
)

//go:embed names.sql
var namesSchema string

// namesMade is how many references were ever given, in the table meta: none is given
// twice.
const namesMade = "names"

// idKinds are the columns of events with ids. A number is never reused.
var idKinds = map[string]int64{"room": 1, "session": 2, "peer": 3, "user": 4}

// idColumns are those columns in the order in which a row is deleted.
var idColumns = []string{"room", "session", "peer", "user"}

// peerColumn is the place of the peer among them.
const peerColumn = 2

// nameKey is an id of an account.
type nameKey struct {
	kind, account int64
	id            string
}

// maxKnownNames bounds the references kept in memory from one transaction to the next.
const maxKnownNames = 20_000

// names gives ids their references, within the writer's transactions.
type names struct {
	c     *Conn // the writer's
	known map[nameKey][]byte
	made  int64 // how many references were ever given
	saved int64 // as many as meta has
	left  map[leftName]bool
	runs  *runs
}

// leftName is a reference that a row had which is gone or has another.
type leftName struct {
	column, ref string
	account     int64
}

// load forgets what was not written.
func (n *names) load(ctx context.Context, c *Conn) (err error) {
	n.c, n.known, n.left = c, map[nameKey][]byte{}, map[leftName]bool{}
	n.made, _, err = c.Meta(ctx, namesMade)
	n.saved = n.made
	return err
}

// ref is an id as its column has it, given now if it has none; nil for no id.
func (n *names) ref(ctx context.Context, column string, account int64, id string) ([]byte, error) {
	if id == "" {
		return nil, nil
	}
	k := nameKey{idKinds[column], account, id}
	if ref := n.known[k]; ref != nil {
		return ref, nil
	}
	var ref []byte
	err := n.c.Row(ctx, "SELECT ref FROM names WHERE value = ? AND kind = ? AND account = ?", idValue(id), k.kind, account).Scan(&ref)
	if errors.Is(err, sql.ErrNoRows) {
		n.made++
		ref = refOf(n.made)
		_, err = n.c.Exec(ctx, "INSERT INTO names VALUES (?, ?, ?, ?)", ref, idValue(id), k.kind, account)
	}
	if err != nil {
		return nil, err
	}
	if len(n.known) >= maxKnownNames {
		clear(n.known)
	}
	n.known[k] = ref
	return ref, nil
}

// refs are the ids of an event as its columns have them, in the order of idColumns.
func (n *names) refs(ctx context.Context, account int64, row *Row, peer string) (refs [4][]byte, err error) {
	for i, id := range []string{row.Room, row.Session, peer, row.User} {
		if refs[i], err = n.ref(ctx, idColumns[i], account, id); err != nil {
			return refs, err
		}
	}
	return refs, nil
}

// leave notes that an event has an id no more. Columns of an earlier version have no
// reference.
func (n *names) leave(column string, account int64, ref []byte) {
	if len(ref) > 0 && len(ref) <= maxRef {
		n.left[leftName{column, string(ref), account}] = true
	}
}

// others finds those of the references that were left which other events have.
func (n *names) others(ctx context.Context) (has map[int64]bool, err error) {
	n.runs.kept = nil
	if len(n.left) == 0 {
		return nil, nil
	}
	if n.c.tail != nil {
		refs := make([]int64, 0, len(n.left))
		for l := range n.left {
			refs = append(refs, refNumber([]byte(l.ref)))
		}
		n.runs.kept, err = n.c.had(ctx, refs)
		return n.runs.kept, err
	}
	has = map[int64]bool{}
	for l := range n.left {
		ref := []byte(l.ref)
		err := n.c.ofForms(ctx, ID{Column: l.column, Account: l.account}, []any{ref}, Between{Upto: maxSeq, Desc: true}, func(int64, int64) bool {
			has[refNumber(ref)] = true
			return false
		})
		if err != nil {
			return nil, err
		}
	}
	return has, nil
}

// flush forgets the ids of which the transaction has taken the last event away.
func (n *names) flush(ctx context.Context) error {
	has, err := n.others(ctx)
	if err != nil {
		return err
	}
	for l := range n.left {
		ref := []byte(l.ref)
		if has[refNumber(ref)] {
			continue
		}
		var value any
		err := n.c.Row(ctx, "DELETE FROM names WHERE ref = ? RETURNING value", ref).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		var id idText
		_ = id.Scan(value) // never fails
		delete(n.known, nameKey{idKinds[l.column], l.account, string(id)})
	}
	clear(n.left)
	if n.made == n.saved {
		return nil
	}
	n.saved = n.made
	return n.c.SetMeta(ctx, namesMade, n.made)
}

// maxRef is how long a reference is at most: ids of earlier versions are blobs of 12 and
// 16 bytes.
const maxRef = 8

// refOf is a number as a reference.
func refOf(n int64) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(n))
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// Forms are the forms in which columns have an id of some accounts: to be looked for one
// after the other where an index gives an order. There are none of an id that no event has.
func (c *Conn) Forms(ctx context.Context, column, id string, accounts ...int64) (forms []any, err error) {
	if id == "" || len(accounts) == 0 {
		return nil, nil
	}
	value := idValue(id)
	err = c.Each(ctx, "SELECT ref FROM names WHERE value = ? AND kind = ? AND account IN ("+Placeholders(len(accounts))+")", func(row Scanner) error {
		var ref []byte
		err := row.Scan(&ref)
		forms = append(forms, ref)
		return err
	}, append([]any{value, idKinds[column]}, Args(accounts)...)...)
	if err == nil && c.mixed { // as files of earlier versions have it
		if forms = append(forms, value); value != any(id) {
			forms = append(forms, id)
		}
	}
	return forms, err
}

// Is is the condition that a column has an id, in some accounts, and its arguments.
func (c *Conn) Is(ctx context.Context, column, id string, accounts ...int64) (condition string, args []any, err error) {
	args, err = c.Forms(ctx, column, id, accounts...)
	switch len(args) {
	case 0:
		return column + " = ?", []any{[]byte{}}, err // which no column has
	case 1:
		return column + " = ?", args, err
	}
	return column + " IN (" + Placeholders(len(args)) + ")", args, err
}

// idOf is the id that has a reference.
func (c *Conn) idOf(ctx context.Context, ref int64) (id ID, found bool, err error) {
	var value idText
	var kind int64
	err = c.Row(ctx, "SELECT value, kind, account FROM names WHERE ref = ?", refOf(ref)).Scan(&value, &kind, &id.Account)
	if errors.Is(err, sql.ErrNoRows) {
		return id, false, nil
	}
	id.Value = string(value)
	for column, k := range idKinds {
		if k == kind {
			id.Column = column
		}
	}
	return id, err == nil, err
}

// nameOf is an expression for the id of a column of events, as idText reads it.
func nameOf(column string) string {
	return "coalesce((SELECT value FROM names WHERE ref = " + column + "), " + column + ")"
}

// idReader reads the ids of a column in which few ids are in many rows: each is looked for
// once.
type idReader struct {
	c     *Conn
	known map[string]string // by reference
}

// read gives the id that a column has.
func (r idReader) read(ctx context.Context, value any) (string, error) {
	ref, _ := value.([]byte)
	if id, is := r.known[string(ref)]; is {
		return id, nil
	}
	var id idText
	_ = id.Scan(value) // never fails
	if len(ref) == 0 || len(ref) > maxRef {
		return string(id), nil
	}
	err := r.c.Row(ctx, "SELECT value FROM names WHERE ref = ?", ref).Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	r.known[string(ref)] = string(id)
	return string(id), nil
}

// rowNames sets the ids of a row: those of its event, or where that cannot be read those
// of the columns.
func (c *Conn) rowNames(ctx context.Context, r *Row) error {
	if e := r.Event; e != nil {
		r.Room, r.Session, r.User = e.RoomID, e.SessionID, e.UserKey()
		return nil
	}
	err := c.Row(ctx, "SELECT "+nameOf("room")+", "+nameOf("session")+", "+nameOf("user")+" FROM events WHERE seq = ?", r.Seq).
		Scan((*idText)(&r.Room), (*idText)(&r.Session), (*idText)(&r.User))
	if err != nil {
		return fmt.Errorf("the ids of event %d: %w", r.Seq, err)
	}
	return nil
}

// deleteRow deletes the row of an event, if that is as it was read: where condition says
// more.
func (n *names) deleteRow(ctx context.Context, condition string, args ...any) (found bool, err error) {
	var seq, account, typ int64
	var refs [4]sql.Null[any]
	err = n.c.Row(ctx, "DELETE FROM events WHERE "+condition+" RETURNING seq, account, type, room, session, peer, user", args...).
		Scan(&seq, &account, &typ, &refs[0], &refs[1], &refs[2], &refs[3])
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for i, column := range idColumns {
		if ref, is := refs[i].V.([]byte); is {
			n.leave(column, account, ref)
			n.runs.change(ref, seq, typ, true)
		}
	}
	return true, nil
}

// moved notes which ids an event has no more that has become another, and which it has now,
// with their references.
func (n *names) moved(ctx context.Context, was *Row, e *event.Event, refs [4][]byte) error {
	before := [4]string{was.Room, was.Session, "", was.User} // it stays that of a peer
	for i, id := range [4]string{e.RoomID, e.SessionID, "", e.UserKey()} {
		if id == before[i] {
			continue
		}
		forms, err := n.c.Forms(ctx, idColumns[i], before[i], was.Account)
		if err != nil {
			return err
		}
		for _, form := range forms {
			if ref, is := form.([]byte); is {
				n.leave(idColumns[i], was.Account, slices.Clone(ref))
				n.runs.change(ref, was.Seq, was.Type, true)
			}
		}
		n.runs.change(refs[i], was.Seq, was.Type, false)
	}
	return nil
}
