// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"cmp"
	"time"

	"github.com/redial-rtc/redial/internal/room"
)

// The happenings that a backend can be told of.
const (
	ConnectionCreated   = "connectionCreated"
	ConnectionDestroyed = "connectionDestroyed"
	StreamCreated       = "streamCreated"
	StreamDestroyed     = "streamDestroyed"
)

// Happening is the beginning or the end of a connection or of a stream, in OpenTok's
// words.
type Happening struct {
	Event      string
	At         time.Time
	Reason     string // why it has ended
	Connection room.PeerID
	Since      time.Time // when the connection began
	Data       string    // of the connection, from its token
	Stream     *Stream   // of the stream's events
}

// monitor tells the backend of one connection what becomes of it; see Grant.Told.
type monitor struct {
	since time.Time // when the connection began; zero: it is not there
	why   string    // why it ends, where that is known before it does
}

func (m *monitor) tell(s *session, event, why string, st *Stream) {
	if s.grant.Told == nil || m.since.IsZero() {
		return
	}
	s.grant.Told(Happening{
		Event: event, At: time.Now(), Reason: cmp.Or(reasons[why], why), Connection: s.p.ID(), Since: m.since, Data: s.grant.Data, Stream: st,
	})
}

// began tells that the connection is there.
func (m *monitor) began(s *session) {
	m.since = time.Now()
	m.tell(s, ConnectionCreated, "", nil)
}

func (m *monitor) streamBegan(s *session, st Stream) {
	m.tell(s, StreamCreated, "", &st)
}

func (m *monitor) streamEnded(s *session, st Stream, why string) {
	m.tell(s, StreamDestroyed, cmp.Or(why, "unpublish"), &st)
}

// ended tells that the connection is gone, and with it what it still published.
func (m *monitor) ended(s *session) {
	why := m.why
	switch {
	case why == "nodeCrashed":
		why = "networkDisconnect" // of a connection no other word is known
	case why != "":
	case s.p.Away(), s.p.Joined(): // it is lost, or the server goes
		why = "networkDisconnect"
	default:
		why = "disconnect"
	}
	for _, p := range s.pubs {
		m.streamEnded(s, p.stream, why)
	}
	m.tell(s, ConnectionDestroyed, why, nil)
	m.since = time.Time{}
}
