// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"time"
)

// Clauses about the server itself, of which no client is a witness.

const howSelf = "the server records how it fares with each failure that it sees"

// How bad it has to be.
const (
	aStall      = 2 * time.Second // busy machines are late by some tenths of a second
	stallEffect = 25 * time.Second
	aStep       = 5 * time.Second
	justStarted = 2 * time.Minute
)

var stalled = &Clause{
	Fact: "self.stall_ms", Asks: "the server stood still at that time", How: howSelf,
	ask: func(v *view) answer {
		if v.self == nil {
			return answer{}
		}
		d := time.Duration(v.self.Stall) * time.Millisecond
		since := v.at.Sub(v.self.StallAt)
		if d < aStall || since > stallEffect || since < -d-patience {
			return answer{is: no, value: v.self.Stall, at: v.self.StallAt, says: "the server did not stand still"}
		}
		return answer{is: yes, value: v.self.Stall, word: span(d), at: v.self.StallAt, says: "the server stood still for " + span(d)}
	},
}

var restarted = &Clause{
	Fact: "self.started", Asks: "the server was started anew at that time", How: howSelf,
	ask: func(v *view) answer {
		for _, f := range v.incident {
			if f.detail("restarted") == true {
				return answer{is: yes, value: true, at: f.When(), says: "another process of the server had the connection before"}
			}
		}
		if v.self == nil {
			return answer{}
		}
		since := v.at.Sub(v.self.Started)
		if v.socket != nil && v.socket.Opened.Before(v.self.Started) && since < justStarted {
			return answer{is: yes, value: v.self.Started, at: v.self.Started, says: "the server was started " + span(since) + " before, after the socket was opened"}
		}
		if since < justStarted && v.socket == nil {
			return answer{}
		}
		return answer{is: no, value: v.self.Started, at: v.self.Started, says: "the server had run for " + span(since)}
	},
}

var clockStepped = &Clause{
	Fact: "self.clock_step_ms", Asks: "the server's clock was set at that time", How: howSelf,
	ask: func(v *view) answer {
		if v.self == nil {
			return answer{}
		}
		d := time.Duration(v.self.Step) * time.Millisecond
		if d.Abs() < aStep {
			return answer{is: no, value: v.self.Step, at: v.self.StepAt, says: "the server's clock was not set"}
		}
		direction := "forward"
		if d < 0 {
			direction = "back"
		}
		return answer{is: yes, value: v.self.Step, word: span(d), at: v.self.StepAt, says: "the server's clock was set " + direction + " by " + span(d)}
	},
}

var filesUsed = &Clause{
	Fact: "self.files", Asks: "the server had no file descriptors left", How: howSelf,
	ask: func(v *view) answer {
		if v.self == nil || v.self.MaxFiles == 0 {
			return answer{}
		}
		return answer{is: whether(v.self.Files*100 >= v.self.MaxFiles*98), value: v.self.Files,
			says: fmt.Sprintf("%d of %d file descriptors were in use", v.self.Files, v.self.MaxFiles)}
	},
}

// othersHit: people on other networks were hit in the same seconds.
var othersHit = &Clause{
	Fact: "around", Asks: "others were hit in the same seconds", How: "ask again when two minutes have passed since the failure",
	ask: func(v *view) answer {
		peers := map[string]bool{}
		for _, f := range v.others() {
			if Trouble(f.Fault) == Trouble(v.f.Fault) && f.Peer != "" {
				peers[f.Peer] = true
			}
		}
		if len(peers) == 0 {
			return answer{}
		}
		return answer{is: yes, value: len(peers), at: v.at, says: count(len(peers), "other person was", "other people were") + " hit within 10 seconds"}
	},
}
