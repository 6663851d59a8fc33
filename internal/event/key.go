// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// KeyID derives the id of the event with this Key: a UUID version 8 (RFC 9562,
// section 5.8) of the time the client gave, in milliseconds, and a hash of the
// key. The same report has the same id however often it comes, and ids of one
// time are neighbours, which keeps a store's index in memory.
func KeyID(key string, clientTime time.Time) string {
	sum := sha256.Sum256([]byte(key))
	id := uuid.UUID(sum[:16])
	if ms := clientTime.UnixMilli(); ms > 0 && ms < 1<<48 {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(ms)<<16)
		copy(id[:6], b[:6])
	}
	id[6] = id[6]&0x0f | 0x80 // version 8
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	return id.String()
}
