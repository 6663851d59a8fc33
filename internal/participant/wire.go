// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/room"
)

// Wire is how a participant speaks to its client: the frames and words of one
// vendor's protocol. It is called in the participant's goroutine only, and
// never waits. What it has to say while no socket is there goes nowhere, except
// what the wire itself keeps for the next one.
type Wire interface {
	// Greet starts on a socket that has just been attached, in place of any
	// before: it says what the client waits for ahead of everything else.
	Greet(Socket)
	// Parted tells that the socket has ended and the peer is held.
	Parted()
	// Update tells of something that happened in the room. The participant has
	// done its own part before. What many are told is made a frame by the first wire
	// that asks for it there; nil where the client alone is told.
	Update(room.Update, *room.Shared)
	// End tells the client that its session is over, and why.
	End(*fault.Error)
	// CloseMedia tells that the peer's media connections have been closed.
	CloseMedia(MediaEnd)
	// Closed tells that the participant has ended: nothing is kept for it any more.
	Closed()
}

// MediaEnd is why media connections were closed.
type MediaEnd int

const (
	// MediaOver: the peer left, or starts over.
	MediaOver MediaEnd = iota
	// MediaMoved: the client is to be told to build its connections anew.
	MediaMoved
	// MediaLost: the client must find out by itself, as after a restart.
	MediaLost
)

// Socket is the connection a client speaks over. Its methods never wait and may
// be called after its end.
type Socket interface {
	// Close writes what is queued, says why, and ends the connection. The codes
	// are those of RFC 6455, section 7.4.
	Close(code websocket.StatusCode, why string)
	// Drop ends it without ceremony, as somebody in between does. It may be called from
	// anywhere and more than once.
	Drop()
	// Probe ends it if the client says nothing for so long.
	Probe(patience time.Duration)
	// Evidence is what is known of it, open or ended.
	Evidence() *evidence.Socket
	// Slow ends it because the client leaves too much unread, by which limit.
	Slow(limit string)
}
