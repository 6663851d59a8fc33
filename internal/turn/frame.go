// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"encoding/binary"
	"errors"
)

const (
	stunHeader    = 20
	stunCookie    = 0x2112A442
	channelHeader = 4

	// maxFrame is the longest message or ChannelData that is taken in: a media
	// packet as long as any that fits an Ethernet frame, and what TURN adds.
	maxFrame = 1599
)

var (
	errNotTURN = errors.New("turn: the stream is no TURN")
	errTooLong = errors.New("turn: a message is too long")
)

// frameLength is how long the message is that a stream begins with: a STUN message
// or ChannelData, with its padding (RFC 8656, section 12.5). It is 0 when more bytes
// are needed to tell; fewer than 4 never tell.
func frameLength(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	switch b[0] >> 6 {
	case 0:
		if len(b) < 8 {
			return 0, nil
		}
		length := int(binary.BigEndian.Uint16(b[2:]))
		if binary.BigEndian.Uint32(b[4:]) != stunCookie || length%4 != 0 {
			return 0, errNotTURN
		}
		return bounded(stunHeader + length)
	case 1:
		if len(b) < channelHeader {
			return 0, nil
		}
		return bounded(channelHeader + (int(binary.BigEndian.Uint16(b[2:]))+3)&^3)
	}
	return 0, errNotTURN
}

func bounded(n int) (int, error) {
	if n > maxFrame {
		return 0, errTooLong
	}
	return n, nil
}

// isRequest tells whether a message is a STUN request (RFC 8489, section 5), which
// is answered.
func isRequest(b []byte) bool {
	return len(b) >= stunHeader && b[0]&0xc1 == 0 && b[1]&0x10 == 0 && binary.BigEndian.Uint32(b[4:]) == stunCookie
}

// errorCode is the code of an error response, 0 for whatever else. It reads what
// this server is about to send.
func errorCode(b []byte) int {
	if len(b) < stunHeader || b[0]&0xc1 != 1 || b[1]&0x10 == 0 || binary.BigEndian.Uint32(b[4:]) != stunCookie {
		return 0
	}
	for rest := b[stunHeader:]; len(rest) >= 4; {
		length := int(binary.BigEndian.Uint16(rest[2:]))
		if binary.BigEndian.Uint16(rest) == 0x0009 && length >= 4 && len(rest) >= 8 { // ERROR-CODE
			return int(rest[6]&7)*100 + int(rest[7])
		}
		next := 4 + (length+3)&^3
		if next > len(rest) {
			return 0
		}
		rest = rest[next:]
	}
	return 0
}
