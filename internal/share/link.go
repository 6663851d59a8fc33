// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package share is the page about one failure that somebody can be sent: links to
// it, which say themselves what they open and for how long, and its words.
//
// Whoever has a link reads the page, so it has the half that is in plain language
// and nothing else: no id, no address, nobody but the person it is about.
package share

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// KeyBytes is how long the key of [Links] is.
const KeyBytes = sha256.Size

// Links seals links. Whoever does not have the key can make none.
type Links struct{ key [KeyBytes]byte }

// NewLinks seals links with a key.
func NewLinks(key [KeyBytes]byte) *Links { return &Links{key} }

// For seals links that open something else: what one seals the other does not open.
func (l *Links) For(purpose string) *Links {
	h := hmac.New(sha256.New, l.key[:])
	h.Write([]byte(purpose))
	return &Links{[KeyBytes]byte(h.Sum(nil))}
}

const (
	linkVersion = 1
	bodySize    = 1 + 16 + 8 // version, event, end
	macSize     = 16         // bytes of the MAC: HMAC-SHA-256 cut in half (RFC 2104, section 5)
)

// Seal gives the text of a link to an event, good until a time.
func (l *Links) Seal(event uuid.UUID, until time.Time) string {
	b := make([]byte, 0, bodySize+macSize)
	b = append(append(b, linkVersion), event[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(until.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, l.mac(b)...))
}

// Open reads what Seal made: the event and until when the link is good, which may
// be over. False for anything else.
func (l *Links) Open(text string) (event uuid.UUID, until time.Time, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(bodySize+macSize) {
		return event, until, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || b[0] != linkVersion || !hmac.Equal(b[bodySize:], l.mac(b[:bodySize])) {
		return event, until, false
	}
	return uuid.UUID(b[1:17]), time.Unix(int64(binary.BigEndian.Uint64(b[17:bodySize])), 0), true
}

func (l *Links) mac(b []byte) []byte {
	h := hmac.New(sha256.New, l.key[:])
	h.Write(b)
	return h.Sum(nil)[:macSize]
}
