// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Clauses about the signalling socket: whether it lives, and how it ended.

const howSocket = "the server records the state of the socket with each failure of a peer that is in a room"

// Clients send something every few seconds.
const (
	lively   = 7 * time.Second  // a socket that was heard so lately lives
	tooQuiet = 12 * time.Second // one that was not heard for so long is dead
)

// silence is for how long nothing had come on the socket when that was noted.
func (v *view) silence() (d time.Duration, known bool) {
	s := v.socket
	if s == nil || s.In.IsZero() {
		return 0, false
	}
	until := v.socketAt
	if !s.Ended.IsZero() {
		until = s.Ended
	}
	if until.IsZero() {
		return 0, false
	}
	return until.Sub(s.In), true
}

var socketAlive = &Clause{
	Fact: "socket.silence", Asks: "the client's socket lived", How: howSocket,
	ask: func(v *view) answer {
		d, known := v.silence()
		s := v.socket
		if !known {
			return answer{}
		}
		a := answer{value: d.Milliseconds(), at: v.socketAt, word: span(d)}
		switch {
		case s.Ended.IsZero() && d <= lively && (s.Unacked == nil || *s.Unacked == 0):
			a.is, a.says = yes, "the client's socket was heard "+span(d)+" before"
		case !s.Ended.IsZero() || d >= tooQuiet:
			a.is, a.says = no, "the last frame on the client's socket was "+span(d)+" old"
		}
		return a
	},
}

var socketSilent = &Clause{
	Fact: "socket.silent_ms", Asks: "the client's socket fell silent", How: howSocket,
	ask: func(v *view) answer {
		d, known := v.silence()
		s := v.socket
		if !known {
			return answer{}
		}
		a := answer{value: d.Milliseconds(), at: v.socketAt, word: span(d)}
		switch {
		case s.How == evidence.HowSilence || s.How == evidence.HowStuck || d >= tooQuiet:
			a.is, a.says = yes, "nothing came on the client's socket for "+span(d)
		case !s.Ended.IsZero() || d <= lively:
			a.is, a.says = no, "the client's socket was heard "+span(d)+" before"
		}
		return a
	},
}

// unacked: what was sent is not acknowledged, so the way to the client is dead.
var unacked = &Clause{
	Fact: "socket.unacked_bytes", Asks: "what was sent on the socket stayed unacknowledged by the client's system",
	How: "the system of the server tells how much of a socket is acknowledged, unless a proxy stands in between",
	ask: func(v *view) answer {
		s := v.socket
		d, known := v.silence()
		if s == nil || s.Unacked == nil || !known || d < quiet {
			return answer{}
		}
		n := *s.Unacked
		if n == 0 {
			return answer{is: no, value: n, at: v.socketAt, says: "the client's system acknowledged everything that was sent to it"}
		}
		return answer{is: yes, value: n, at: v.socketAt, says: fmt.Sprintf("%d bytes that were sent on the socket stayed unacknowledged", n)}
	},
}

var acked = unacked.opposite("the client's system acknowledged everything that was sent to it")

// cutFromOutside: the other end closed the stream and said nothing.
var cutFromOutside = &Clause{
	Fact: "socket.ended", Asks: "the socket was ended from the other side without a close frame", How: howSocket,
	ask: func(v *view) answer {
		s := v.socket
		if s == nil {
			return answer{}
		}
		switch {
		case s.Ended.IsZero():
			return answer{is: no, value: "open", at: v.socketAt, says: "the client's socket was open"}
		case s.By == evidence.ByRemote && (s.How == evidence.HowFIN || s.How == evidence.HowReset):
			return answer{is: yes, value: s.How, at: s.Ended, says: "the socket was ended from the other side without a close frame (" + s.How + ")"}
		case s.By == "":
			return answer{}
		}
		return answer{is: no, value: s.How, at: s.Ended, says: "the socket was ended by the " + s.By + " (" + s.How + ")"}
	},
}

// cameBack: the client has another socket now.
var cameBack = &Clause{
	Fact: "socket.resumed", Asks: "the client came back", How: "ask again when two minutes have passed since the failure",
	ask: func(v *view) answer {
		for _, f := range v.incident {
			if f.detail("resumed") == true {
				return answer{is: yes, value: true, at: f.When(), says: "the client came back on another socket"}
			}
		}
		if !v.complete() {
			return answer{}
		}
		return answer{is: no, value: false, at: v.c.At, says: "the client did not come back"}
	},
}

var goneForGood = cameBack.opposite("the client did not come back")

// complete tells whether all failures near this one are in the case.
func (v *view) complete() bool { return v.c.Window && len(v.c.Near) < MaxNear }

// addressChanged: the socket after came from another place than the one before.
var addressChanged = &Clause{
	Fact: "socket.address", Asks: "the client came back from another address", How: "the server notes a keyed hash of the address with each socket",
	ask: func(v *view) answer {
		before := v.door()
		if before == nil || before.ClientHash == "" {
			return answer{}
		}
		after, at := v.doorAfter()
		switch {
		case after == nil && v.ask(socketAlive).is == yes:
			return answer{is: no, value: false, at: v.socketAt, says: "the client's socket was still the same one"}
		case after == nil && v.ask(goneForGood).is == yes:
			return answer{is: no, value: false, at: v.at, says: "the client did not come back from anywhere"}
		case after == nil || after.ClientHash == "":
			return answer{}
		case after.ClientHash == before.ClientHash:
			return answer{is: no, value: false, at: at, says: "the client came back from the same address"}
		}
		return answer{is: yes, value: true, at: at, says: "the client came back from another address"}
	},
}

// doorAfter is that of the socket which the client had next, nil for none that is known.
func (v *view) doorAfter() (*evidence.Door, time.Time) {
	var found *evidence.Socket
	for _, f := range v.all() {
		r := f.Evidence
		if r == nil {
			continue
		}
		// The record of a socket whose place another took has the request of the new
		// one beside it.
		if r.Door != nil && r.Socket != nil && v.socket != nil && r.Socket.Opened.Equal(v.socket.Opened) {
			return r.Door, r.At
		}
		if s := r.Socket; s != nil && s.Opened.After(v.socket.Opened) && (found == nil || s.Opened.Before(found.Opened)) {
			found = s
		}
	}
	if found == nil {
		return nil, time.Time{}
	}
	return found.Door, found.Opened
}

// all are the failures of the peer in the case.
func (v *view) all() []*Failure {
	all := []*Failure{v.f}
	for i := range v.c.Near {
		all = append(all, &v.c.Near[i])
	}
	return all
}

// mediaLived: while the socket ended nothing was wrong with the media.
var mediaLived = &Clause{
	Fact: "path.alive", Asks: "media of the client's went on", How: "ask again when two minutes have passed since the failure",
	ask: func(v *view) answer {
		if v.path != nil {
			silent := v.ask(mediaSilent)
			switch {
			case silent.is == no && v.path.State == "connected":
				return answer{is: yes, value: true, at: v.pathAt, says: "the media connection went on"}
			case silent.is == yes || v.path.State != "connected":
				return answer{is: no, value: v.path.State, at: v.pathAt, says: "the media connection was " + v.path.State + " as well"}
			}
			return answer{}
		}
		if v.socket == nil || !v.complete() {
			return answer{}
		}
		return answer{is: yes, value: true, at: v.c.At, says: "no media connection of the client's failed"}
	},
}

// even is how far apart the ages of sockets may be that one clock ends.
const even = time.Second

// agesEqual: sockets end at the same age, or after the same silence.
var agesEqual = &Clause{
	Fact: "socket.ages", Asks: "sockets ended at the same age", How: "ask again after another socket has ended: three that end at one age show the limit",
	ask: func(v *view) answer {
		var ages, idles []time.Duration
		seen := map[time.Time]bool{}
		for _, f := range slices.Concat(v.all(), v.others()) {
			r := f.Evidence
			if r == nil || r.Socket == nil || r.Socket.Ended.IsZero() || r.Socket.By != evidence.ByRemote || r.Socket.How == evidence.HowClose || seen[r.Socket.Opened] {
				continue
			}
			s := r.Socket
			seen[s.Opened] = true
			ages = append(ages, s.Ended.Sub(s.Opened))
			if last := latest(s.In, s.Out); !last.IsZero() {
				idles = append(idles, s.Ended.Sub(last))
			}
		}
		if n, at := cluster(ages, v.age()); n >= 3 {
			return answer{is: yes, value: at.Milliseconds(), word: span(at), at: v.at, says: fmt.Sprintf("%d sockets ended at the age of %s, to within a second", n, span(at))}
		}
		if n, at := cluster(idles, v.idle()); n >= 3 && at > 5*time.Second {
			return answer{is: yes, value: at.Milliseconds(), word: span(at), at: v.at, says: fmt.Sprintf("%d sockets ended after %s without a frame, to within a second", n, span(at))}
		}
		if len(ages) < 3 {
			return answer{}
		}
		return answer{is: no, value: len(ages), at: v.at, says: fmt.Sprintf("%d sockets ended, at different ages", len(ages))}
	},
}

func (v *view) age() time.Duration {
	if v.socket == nil || v.socket.Ended.IsZero() {
		return 0
	}
	return v.socket.Ended.Sub(v.socket.Opened)
}

func (v *view) idle() time.Duration {
	if v.socket == nil || v.socket.Ended.IsZero() {
		return 0
	}
	return v.socket.Ended.Sub(latest(v.socket.In, v.socket.Out))
}

// cluster counts the lengths of time that are like this one.
func cluster(all []time.Duration, like time.Duration) (n int, at time.Duration) {
	if like <= 0 {
		return 0, 0
	}
	for _, d := range all {
		if (d - like).Abs() <= even {
			n++
		}
	}
	return n, like
}

var behindProxy = &Clause{
	Fact: "door.proxied", Asks: "the socket came through a proxy", How: howSocket,
	ask: func(v *view) answer {
		d := v.door()
		if d == nil {
			return answer{}
		}
		proxied := d.Proxied || d.Peer != ""
		if proxied {
			return answer{is: yes, value: true, at: v.socketAt, says: "the socket came through a proxy"}
		}
		return answer{is: unknown} // one need not say that it is there
	},
}

// displaced: sockets of the peer took each other's place again and again.
var displaced = &Clause{
	Fact: "socket.replaced", Asks: "the peer's sockets replaced each other again and again", How: "ask again when two minutes have passed since the failure",
	ask: func(v *view) answer {
		n, others := 0, 0
		for _, f := range v.all() {
			switch {
			case f.detail("replaced") == true:
				n++
			case f.detail("resumed") == true:
				others++
			}
		}
		switch {
		case n == 0 && others >= 3:
			return answer{is: no, value: 0, at: v.at, says: fmt.Sprintf("the peer's socket ended %d times, and no newer one had taken its place", others)}
		case n >= 3:
			return answer{is: yes, value: n, at: v.at, says: fmt.Sprintf("the peer's socket was replaced by a newer one %d times within minutes", n)}
		case v.complete() && v.f.Server != nil && n <= 1:
			return answer{is: no, value: n, at: v.at, says: "the peer's socket was replaced by a newer one only " + count(n, "time", "times")}
		}
		return answer{}
	},
}
