// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"encoding/hex"

	"github.com/google/uuid"
)

// Ids of rooms, sessions, peers and users are kept as what they stand for where that is
// shorter: a UUID as its 16 bytes, 24 hexadecimal digits as 12 bytes, anything else as
// text. Nothing else has those two lengths as a blob, so that each can be read back.

// column is an id as its column has it; nil for none.
func column(id string) any {
	if id == "" {
		return nil
	}
	if b := idBytes(id); b != nil {
		return b
	}
	return id
}

// idBytes is a UUID in its canonical form, or 24 digits, as bytes; nil for others.
func idBytes(id string) []byte {
	switch len(id) {
	case 36:
		if u, err := uuid.Parse(id); err == nil && u.String() == id {
			return u[:]
		}
	case 24:
		if b, err := hex.DecodeString(id); err == nil && hex.EncodeToString(b) == id {
			return b
		}
	}
	return nil
}

// idText is an id that was read from its column.
type idText string

// Scan takes text, bytes of column, or nothing.
func (t *idText) Scan(value any) error {
	switch v := value.(type) {
	case string:
		*t = idText(v)
	case []byte:
		switch len(v) {
		case 16:
			*t = idText(uuid.UUID(v).String())
		case 12:
			*t = idText(hex.EncodeToString(v))
		default:
			*t = idText(v)
		}
	default:
		*t = ""
	}
	return nil
}

// Is is the condition that a column has an id, and its arguments. While a file of an
// earlier version is written anew it may have it as text.
func (c *Conn) Is(name, id string) (condition string, args []any) {
	is := column(id)
	if _, plain := is.(string); plain || !c.mixed {
		return name + " = ?", []any{is}
	}
	return name + " IN (?, ?)", []any{is, id}
}

// Forms are the forms in which an id is to be looked for, one after the other where an
// index gives an order.
func (c *Conn) Forms(id string) []any {
	_, args := c.Is("", id)
	return args
}
