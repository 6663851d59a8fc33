// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Clauses about the media connection: what passed, and how far it came.

const howPath = "the server records the state of a media connection with each of its failures"

// trafficWhole tells whether the list of what passed is complete.
func (v *view) trafficWhole() bool { return v.path != nil && v.whole("traffic") }

// whole tells whether a list of the record of the path is complete. Records of before
// it was noted lost traffic and addresses after everything else.
func (v *view) whole(list string) bool {
	r := v.pathSelf
	return r.Whole(list) || r.Cut == "" && len(r.Notes)+len(r.Path.Changes)+len(r.Path.Tracks)+len(r.Path.Pairs) > 0 ||
		r.Cut == "" && list == "reach" && len(r.Path.Traffic) > 0
}

// came counts packets from the client, of a protocol and a class, "" for any.
func (v *view) came(protocol, class string) (n uint64, last time.Time) {
	return v.passed(protocol, class, func(t *evidence.Traffic) *evidence.Way { return t.In })
}

func (v *view) went(protocol, class string) (n uint64, last time.Time) {
	return v.passed(protocol, class, func(t *evidence.Traffic) *evidence.Way { return t.Out })
}

func (v *view) passed(protocol, class string, way func(*evidence.Traffic) *evidence.Way) (n uint64, last time.Time) {
	if v.path == nil {
		return 0, last
	}
	for i := range v.path.Traffic {
		t := &v.path.Traffic[i]
		if w := way(t); w != nil && (protocol == "" || t.Protocol == protocol) && (class == "" || t.Class == class) {
			n += w.Packets
			last = latest(last, w.Last)
		}
	}
	return n, last
}

// nothingCame: not one packet of hers on any port.
var nothingCame = &Clause{
	Fact: "path.in", Asks: "no packet of the client's came to any media port", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil {
			return answer{}
		}
		n, _ := v.came("", "")
		switch {
		case n > 0 || v.path.STUN:
			return answer{is: no, value: n, at: v.pathAt, says: fmt.Sprintf("%s of the client's came to the media ports", count(int(n), "packet", "packets"))}
		case !v.trafficWhole():
			return answer{}
		}
		return answer{is: yes, value: 0, at: v.pathAt, says: "nothing of the client's came to the media ports, over UDP or TCP"}
	},
}

// offered: she told where she can be reached.
var offered = &Clause{
	Fact: "path.candidates", Asks: "the client offered addresses of its own", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil {
			return answer{}
		}
		n := 0
		for _, f := range v.incident { // each of them tells of one connection at one time
			if r := f.Evidence; r != nil && r.Path != nil {
				c := r.Path.Candidates
				n = max(n, c.Host+c.Srflx+c.Relay+c.Other)
			}
		}
		checks, _ := v.went("", "stun")
		switch {
		case n == 0 && checks > 0:
			return answer{is: yes, value: n, at: v.pathAt, says: "the server had addresses of the client's to try"}
		case n == 0 && !v.trafficWhole():
			return answer{}
		}
		return answer{is: whether(n > 0), value: n, at: v.pathAt, says: "the client offered " + count(n, "candidate", "candidates")}
	},
}

var offeredNothing = offered.opposite("the client offered no address of its own")

// wasUp: the connection carried media before.
var wasUp = &Clause{
	Fact: "path.up", Asks: "the connection had been up", How: howPath,
	ask: func(v *view) answer {
		p := v.path
		if p == nil {
			return answer{}
		}
		media, _ := v.came("", "media")
		up := p.DTLS == "connected" || !p.RTP.In.IsZero() || media > 0
		for _, ch := range p.Changes {
			up = up || ch.State == "connected" && ch.What != "ice"
		}
		if !up && !v.trafficWhole() {
			return answer{}
		}
		if up {
			return answer{is: yes, value: true, at: v.pathAt, says: "the media connection had been up"}
		}
		return answer{is: no, value: false, at: v.pathAt, says: "the media connection was never up"}
	},
}

var neverUp = wasUp.opposite("the connection was never up")

// checksPass: ICE has found a way.
var checksPass = &Clause{
	Fact: "path.checks", Asks: "connectivity checks pass both ways", How: howPath,
	ask: func(v *view) answer {
		p := v.path
		if p == nil {
			return answer{}
		}
		pass := slices.ContainsFunc(p.Pairs, func(pair evidence.Pair) bool { return pair.Selected || pair.State == "succeeded" }) ||
			slices.ContainsFunc(p.Changes, func(ch evidence.Change) bool {
				return ch.What == "ice" && (ch.State == "connected" || ch.State == "completed")
			}) ||
			p.DTLS != ""
		switch {
		case pass:
			return answer{is: yes, value: true, at: v.pathAt, says: "connectivity checks of ICE passed"}
		case !p.STUN:
			return answer{is: no, value: false, at: v.pathAt, says: "no connectivity check of ICE passed"}
		case len(p.Changes) == 0 && len(p.Pairs) == 0:
			return answer{}
		}
		return answer{is: no, value: false, at: v.pathAt, says: "no connectivity check of ICE passed both ways"}
	},
}

// Datagrams of a handshake.
const (
	largeDatagram = 1000 // bytes; browsers' first flight has larger ones
	someChecks    = 3    // checks that make a way one that works
)

var dtlsOpen = &Clause{
	Fact: "dtls.state", Asks: "the handshake did not end", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil {
			return answer{}
		}
		if v.path.DTLS == "connected" {
			return answer{is: no, value: v.path.DTLS, at: v.pathAt, says: "the handshake ended well"}
		}
		if up := v.ask(wasUp); up.is != no {
			return answer{is: up.is.not(), value: v.path.DTLS}
		}
		return answer{is: yes, value: v.path.DTLS, at: v.pathAt, says: "the handshake that secures media never ended"}
	},
}

// largeMissing: of the client's flight only small datagrams arrived.
var largeMissing = &Clause{
	Fact: "dtls.largest_in", Asks: "no large datagram of the handshake came from the client", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil || !v.trafficWhole() {
			return answer{}
		}
		largest, n := v.dtlsIn()
		if n == 0 {
			return answer{is: yes, value: 0, at: v.pathAt, says: "not one datagram of the handshake came from the client"}
		}
		return answer{is: whether(largest < largeDatagram), value: largest, at: v.pathAt,
			says: fmt.Sprintf("%s of the handshake came, the largest of %d bytes", count(int(n), "datagram", "datagrams"), largest)}
	},
}

var smallCame = &Clause{
	Fact: "dtls.in", Asks: "small datagrams of the handshake came again and again", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil || !v.trafficWhole() {
			return answer{}
		}
		_, n := v.dtlsIn()
		return answer{is: whether(n > 1), value: n, at: v.pathAt, says: count(int(n), "datagram", "datagrams") + " of the handshake came from the client"}
	},
}

func (v *view) dtlsIn() (largest int, n uint64) {
	for i := range v.path.Traffic {
		if t := &v.path.Traffic[i]; t.Class == "dtls" && t.In != nil {
			n += t.In.Packets
			largest = max(largest, t.In.Largest)
		}
	}
	return largest, n
}

// dtlsAnswered: the server has answered the handshake.
var dtlsAnswered = &Clause{
	Fact: "dtls.out", Asks: "the server answered the client's part of the handshake", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil || !v.trafficWhole() {
			return answer{}
		}
		n, _ := v.went("", "dtls")
		if n == 0 {
			return answer{is: no, value: 0, at: v.pathAt, says: "the server had nothing to answer: no complete flight of the client's came"}
		}
		return answer{is: yes, value: n, at: v.pathAt, says: "the server sent " + count(int(n), "datagram", "datagrams") + " of the handshake"}
	},
}

// dtlsAlert: one of the sides gave up, and said so.
var dtlsAlert = &Clause{
	Fact: "dtls.alert", Asks: "the client refused the handshake with an alert about the certificate", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil || !v.trafficWhole() {
			return answer{}
		}
		for i := range v.path.Traffic {
			if t := &v.path.Traffic[i]; t.Class == "dtls" && t.In != nil && t.In.Alert != nil {
				a := *t.In.Alert
				// RFC 8446, section 6: 42 to 49 are about certificates.
				return answer{is: whether(a >= 42 && a <= 49), value: a, at: v.pathAt, says: fmt.Sprintf("the client refused the handshake with alert %d", a)}
			}
		}
		return answer{is: no, value: 0, at: v.pathAt, says: "the client sent no alert"}
	},
}

// How silent a path is before it counts as dead.
const (
	quiet    = 4 * time.Second // its packets come many times a second while it lives
	patience = 3 * time.Second // by which a record is late, or a clock coarse
)

// lastMedia is when the client was last heard on the media connection.
func (v *view) lastMedia() time.Time {
	if v.path == nil {
		return time.Time{}
	}
	last := latest(v.path.RTP.In, v.path.RTCP.In)
	for _, p := range v.path.Pairs {
		last = latest(last, p.Asked, p.Answered, p.In)
	}
	_, at := v.came("", "")
	return latest(last, at)
}

// mediaSilent: nothing came on the media connection any more.
var mediaSilent = &Clause{
	Fact: "path.silence", Asks: "media of the client's stopped", How: howPath,
	ask: func(v *view) answer {
		last := v.lastMedia()
		if last.IsZero() || v.pathAt.IsZero() {
			return answer{}
		}
		d := v.pathAt.Sub(last)
		return answer{is: whether(d >= quiet), value: d.Milliseconds(), word: span(d), at: v.pathAt, says: "the last packet of the client's on the media connection was " + span(d) + " old"}
	},
}

// answersStopped: what the client sends arrives, and what is sent to it does not: it
// checks the way and does not answer checks (RFC 8445, section 7.2).
var answersStopped = &Clause{
	Fact: "path.silence", Asks: "the client no longer answered the server's checks, while its own came", How: howPath,
	ask: func(v *view) answer {
		if v.path == nil || v.pathAt.IsZero() {
			return answer{}
		}
		var asked, answered time.Time
		for _, p := range v.path.Pairs {
			asked, answered = latest(asked, p.Asked), latest(answered, p.Answered)
		}
		since := latest(answered, v.path.RTP.In, v.path.RTCP.In)
		switch {
		case asked.IsZero() || answered.IsZero() && v.path.State == "connected":
			return answer{}
		case !answered.IsZero():
			since = answered
		}
		d := v.pathAt.Sub(since)
		return answer{is: whether(v.pathAt.Sub(asked) < quiet && asked.Sub(answered) >= quiet && d >= quiet), value: d.Milliseconds(), word: span(d), at: v.pathAt,
			says: "the client's last check was " + span(v.pathAt.Sub(asked)) + " old, and no check of the server's had been answered for " + span(d)}
	},
}

var mediaDead = either("path.silence", "media of the client's stopped, or what was sent to it did not arrive", mediaSilent, answersStopped)

// udpDied: UDP stopped while TCP goes on.
var udpDied = &Clause{
	Fact: "path.tcp.since", Asks: "packets came over TCP after they had ended over UDP", How: "ask again when two minutes have passed since the failure: clients try TCP last",
	ask: func(v *view) answer {
		for _, f := range v.incident {
			if f.detail("over") == "tcp" && f.Op == v.f.Op {
				return answer{is: yes, value: f.detail("silent_ms"), at: f.When(), says: "the connection went on over TCP when nothing had come over UDP for a while"}
			}
		}
		if v.path == nil || !v.trafficWhole() {
			return answer{}
		}
		udp, lastUDP := v.came("udp", "stun")
		tcp, lastTCP := v.came("tcp", "stun")
		switch {
		case tcp > 0 && udp == 0:
			return answer{is: yes, value: tcp, at: v.pathAt, says: count(int(tcp), "check", "checks") + " of the client's came over TCP and none over UDP"}
		case tcp > 0 && lastTCP.Sub(lastUDP) > quiet:
			d := lastTCP.Sub(lastUDP)
			return answer{is: yes, value: d.Milliseconds(), at: v.pathAt, says: "the last check over TCP came " + span(d) + " after the last over UDP"}
		case v.path.State != "failed" && !v.complete():
			return answer{} // it may still come back over TCP
		case tcp == 0:
			return answer{is: no, value: 0, at: v.pathAt, says: "nothing came over TCP"}
		}
		return answer{is: no, value: tcp, at: v.pathAt, says: "nothing came over TCP either, after the last over UDP"}
	},
}
