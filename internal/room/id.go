// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"regexp"
	"unicode"
	"unicode/utf8"
)

// WellFormed tells whether a room can have this id, so that a name in the place
// of an id is told from a room that is gone.
func WellFormed(id string) bool { return wellFormed.MatchString(id) }

// MaxPeerID is how long a peer's id may be, in bytes; clients send UUIDs.
const MaxPeerID = 128

// WellFormedPeer tells whether a peer can have this id. It goes into logs, lists
// and records, so it is text that can be seen.
func WellFormedPeer(id string) bool {
	if id == "" || len(id) > MaxPeerID || !utf8.ValidString(id) {
		return false
	}
	for _, r := range id {
		if !unicode.IsGraphic(r) {
			return false
		}
	}
	return true
}

var wellFormed = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
