// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"path/filepath"
	"time"

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
)

// CursorLife is how long the pages of a snapshot can be asked for, from its
// first query.
const CursorLife = 24 * time.Hour

// Cursor is where a reader stands in the snapshot of a query.
type Cursor struct {
	Max   int64     // the last place of the snapshot
	Pos   int64     // the place of the last event given
	Total int       // events of the snapshot
	At    time.Time // when the snapshot was taken
	More  []int64   // what else a store has to know, none of it negative
}

// Cursors seals cursors, so that a client can carry them but neither read
// anything into them nor change them, nor use them with another query.
type Cursors struct{ key []byte }

// cursorKeyFile holds the key in the data directory. Losing it ends the paging
// loops that are under way and nothing else.
const cursorKeyFile = "events.key"

// OpenCursors reads the sealing key of a data directory, or makes one.
func OpenCursors(dir string) (*Cursors, error) {
	key, err := datafile.Key(filepath.Join(dir, cursorKeyFile), sha256.Size)
	if err != nil {
		return nil, err
	}
	return &Cursors{key}, nil
}

const (
	cursorVersion = 1
	bindSize      = 8  // bytes of the filters' hash
	macSize       = 16 // bytes of the MAC: HMAC-SHA-256 cut in half (RFC 2104, section 5)
)

// Seal gives the text of a cursor for q.
func (cs *Cursors) Seal(q *event.Query, c Cursor) string {
	b := make([]byte, 0, 64)
	b = append(b, cursorVersion)
	b = append(b, bind(q)...)
	b = binary.AppendUvarint(b, uint64(c.Max))
	b = binary.AppendUvarint(b, uint64(c.Pos))
	b = binary.AppendUvarint(b, uint64(c.Total))
	b = binary.AppendUvarint(b, uint64(c.At.Unix()))
	for _, n := range c.More {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(append(b, cs.mac(b)...))
}

// Open reads q.Start. It fails with fault.FieldInvalid naming "start".
func (cs *Cursors) Open(q *event.Query, now time.Time) (Cursor, error) {
	b, err := base64.RawURLEncoding.DecodeString(q.Start)
	if err != nil || len(b) < 1+bindSize+macSize || b[0] != cursorVersion {
		return Cursor{}, invalid("start", "is not a cursor of this server")
	}
	body, mac := b[:len(b)-macSize], b[len(b)-macSize:]
	if !hmac.Equal(mac, cs.mac(body)) {
		return Cursor{}, invalid("start", "is not a cursor of this server")
	}
	if string(body[1:1+bindSize]) != string(bind(q)) {
		return Cursor{}, invalid("start", "belongs to a query with other filters")
	}
	rest := body[1+bindSize:]
	next := func() int64 {
		n, size := binary.Uvarint(rest)
		if size <= 0 {
			size = len(rest)
		}
		rest = rest[size:]
		return int64(n)
	}
	c := Cursor{Max: next(), Pos: next(), Total: int(next()), At: time.Unix(next(), 0)}
	for len(rest) > 0 {
		c.More = append(c.More, next())
	}
	if now.Sub(c.At) > CursorLife {
		return Cursor{}, invalid("start", "has expired: the pages of a query can be asked for during 24 hours; query again from the beginning")
	}
	return c, nil
}

func (cs *Cursors) mac(b []byte) []byte {
	h := hmac.New(sha256.New, cs.key)
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

func bind(q *event.Query) []byte {
	sum := sha256.Sum256([]byte(filters(q)))
	return sum[:bindSize]
}
