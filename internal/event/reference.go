// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import "strings"

// crockford is Crockford's Base32, which has no letter that is read as a digit.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Reference is a short code for whose failure it is, for people to read out: pages
// show it, web/core/src/reference.ts. It is of the peer, or of room and user where
// nobody was let in. It is 30 bits of FNV-1a: no secret, and it may be of two people.
func (s *Subject) Reference() string {
	if s.PeerID != "" {
		return referenceOf(s.PeerID)
	}
	return referenceOf(s.RoomID + "/" + s.UserID)
}

// Called tells whether a code that [ReadReference] has read is that of the subject.
// One whose peer has an id may not have been told it.
func (s *Subject) Called(code string) bool {
	return s.PeerID != "" && referenceOf(s.PeerID) == code || referenceOf(s.RoomID+"/"+s.UserID) == code
}

func referenceOf(id string) string {
	hash := uint32(0x811c9dc5)
	for i := range len(id) {
		hash = (hash ^ uint32(id[i])) * 0x01000193
	}
	code := make([]byte, 0, 7)
	for shift := 27; shift >= 2; shift -= 5 {
		if len(code) == 3 {
			code = append(code, '-')
		}
		code = append(code, crockford[hash>>shift&31])
	}
	return string(code)
}

// ReadReference reads a code as people write it: in small letters, without the dash,
// with O for 0 and I or L for 1. False for what is none.
func ReadReference(text string) (code string, ok bool) {
	text = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", " ", "").Replace(strings.ToUpper(text))
	if len(text) != 6 || strings.Trim(text, crockford) != "" {
		return "", false
	}
	return text[:3] + "-" + text[3:], true
}
