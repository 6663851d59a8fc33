// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// newID makes an id of 24 hexadecimal digits: the second it was made in, then
// 64 random bits. Ids made later sort later, to the second.
func newID(now time.Time) string {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], uint32(now.Unix()))
	_, _ = rand.Read(b[4:]) // never fails
	return hex.EncodeToString(b[:])
}

// newCode makes a room code such as "abc-defg-hij": ten letters, 47 bits.
func newCode() string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	code := make([]byte, 0, 12)
	for i := range 10 {
		if i == 3 || i == 7 {
			code = append(code, '-')
		}
		code = append(code, letters[below(len(letters))])
	}
	return string(code)
}

// below is a random number in [0, n), each equally likely, for n up to 256.
func below(n int) int {
	var b [1]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		if v := int(b[0]); v < 256-256%n {
			return v % n
		}
	}
}
