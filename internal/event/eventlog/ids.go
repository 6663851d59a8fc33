// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"encoding/hex"

	"github.com/google/uuid"
)

// An id of a room, session, peer or user is kept as what it stands for where that is
// shorter: a UUID as its 16 bytes, 24 hexadecimal digits as 12 bytes, anything else as
// text. Nothing else has those two lengths as a blob, so that each can be read back.

// idValue is an id as it is kept.
func idValue(id string) any {
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

// idText is an id that was read.
type idText string

// Scan takes text, bytes of idValue, or nothing.
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
