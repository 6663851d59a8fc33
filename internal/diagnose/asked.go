// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"slices"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Clauses about what a browser found when somebody was asked afterwards. Whoever has
// the link can answer, so all of it is claimed: it makes a cause of the client's own
// likely and nothing proven, and no cause of the server's.

const howAsked = "ask the client's browser: `redial ask EVENT` gives a link for whoever was there"

// asked gives the findings of a network, the latest first; none where it is known how
// others fared, which outranks them.
func (v *view) asked(network string) (found []*evidence.Asked) {
	if v.ask(othersThrough).is != unknown {
		return nil
	}
	for _, f := range append([]*Failure{v.f}, v.incident...) {
		for i := len(f.Asked) - 1; i >= 0; i-- {
			if a := &f.Asked[i]; a.Network == network {
				found = append(found, a)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// elsewhereThrough: from another network the browser's own packets came to the media
// ports, so these are open and their address is right.
var elsewhereThrough = &Clause{
	Fact: "asked.through", Asks: "the client's browser got through to the same addresses from another network", How: howAsked, client: true,
	ask: func(v *view) answer {
		for _, a := range v.asked(evidence.OtherNetwork) {
			for i := range a.Tries {
				if t := &a.Tries[i]; t.Came > 0 {
					return answer{is: yes, claimed: true, value: t.Over, at: a.At, word: "the client's browser got through to the same addresses from another network when it was asked",
						says: fmt.Sprintf("asked from another network, a browser got through to the same addresses over %s", transport(t.Over))}
				}
			}
		}
		return answer{}
	},
}

// udpNowhere: in the network of the failure nothing reaches the media ports, and no
// server elsewhere that is known to be there answers over UDP either.
var udpNowhere = &Clause{
	Fact: "asked.udp", Asks: "in the client's network no server elsewhere answers over UDP either", How: howAsked, client: true,
	ask: func(v *view) answer {
		for _, a := range v.asked(evidence.SameNetwork) {
			udp, tcp := a.Try("udp"), a.Try("tcp")
			if udp == nil || tcp == nil {
				continue
			}
			silent := 0
			for i := range a.Servers {
				s := &a.Servers[i]
				answered, known := s.Answered()
				switch {
				case s.Own || s.Answers == nil || !*s.Answers || !overUDP(s.URL) || !known:
				case answered:
					return answer{is: no, claimed: true, value: s.URL, at: a.At, says: "asked in the network of the failure, the browser was answered over UDP by " + s.URL}
				default:
					silent++
				}
			}
			switch {
			case udp.Came+tcp.Came > 0:
				return answer{is: no, claimed: true, value: udp.Came + tcp.Came, at: a.At, says: "asked in the network of the failure, the browser reached the media ports"}
			case silent > 0 && min(udp.Waited, tcp.Waited) >= waitedEnough:
				return answer{is: yes, claimed: true, value: silent, at: a.At, word: count(silent, "server", "servers") + " elsewhere, which answer this one, do not answer the client over UDP either",
					says: fmt.Sprintf("asked in the network of the failure, the browser reached no media port, and %s elsewhere did not answer it over UDP either", count(silent, "server", "servers"))}
			}
		}
		return answer{}
	},
}

// askedBlames: either of the two.
var askedBlames = either("asked.through", "what the client's browser found when it was asked lays it to the client's network", elsewhereThrough, udpNowhere)

// gotThrough: the media ports are open and their address is right, as others show or,
// where nobody else has tried, the browser that was asked.
var gotThrough = &Clause{
	Fact: othersThrough.Fact, Asks: "others got through to the same addresses, or the client's browser shows that its network is to blame", How: howReach + "; or " + howAsked,
	ask: func(v *view) answer {
		if a := v.ask(askedBlames); a.is == yes {
			return a
		}
		return v.ask(othersThrough)
	},
}

func overUDP(url string) bool { return evidence.ServerOver(url) == "udp" }

// transport is the name of a protocol.
func transport(over string) string {
	if over == "tcp" {
		return "TCP"
	}
	return "UDP"
}

// BeforeAsking is a case without what browsers found that were asked.
func (c *Case) BeforeAsking() *Case {
	own := *c
	own.Failure.Asked = nil
	own.Near = append([]Failure(nil), c.Near...)
	for i := range own.Near {
		own.Near[i].Asked = nil
	}
	return &own
}

// AskedSays puts what a browser found into sentences for whoever asked.
func AskedSays(a *evidence.Asked) (says []string) {
	switch a.Network {
	case evidence.SameNetwork:
		says = append(says, "Asked in the network of the failure.")
	case evidence.OtherNetwork:
		says = append(says, "Asked in another network than that of the failure, as whoever was asked says.")
	default:
		says = append(says, "Whether it was asked in the network of the failure is not known.")
	}
	for i := range a.Tries {
		t := &a.Tries[i]
		name := transport(t.Over)
		switch {
		case t.Up && t.Largest >= LargeMessage:
			says = append(says, name+": media gets through, large packets too.")
		case t.Up:
			says = append(says, fmt.Sprintf("%s: a connection came up, and large packets did not come back (%d bytes at most).", name, t.Largest))
		case t.Came > 0:
			says = append(says, fmt.Sprintf("%s: %s came, and no connection came up.", name, count(int(t.Came), "packet", "packets")))
		default:
			says = append(says, name+": nothing of the browser's came to the media port.")
		}
	}
	for i := range a.Servers {
		s := &a.Servers[i]
		answered, known := s.Answered()
		switch {
		case s.Found:
			says = append(says, s.URL+" answered.")
		case answered:
			says = append(says, fmt.Sprintf("%s answered with error %d.", s.URL, s.Code))
		case s.Answers != nil && !*s.Answers:
			says = append(says, s.URL+" did not answer, nor does it answer this server.")
		case known:
			says = append(says, s.URL+" did not answer.")
		case s.Code != 0:
			says = append(says, fmt.Sprintf("%s was not reached (error %d).", s.URL, s.Code))
		default:
			says = append(says, s.URL+" gave no candidate, as where the browser has a public address; whether it answered is not known.")
		}
	}
	if a.Held != nil {
		if a.Cut {
			says = append(says, fmt.Sprintf("The socket was cut after %.1f s.", float64(*a.Held)/1000))
		} else {
			says = append(says, fmt.Sprintf("The socket held, for %.0f s.", float64(*a.Held)/1000))
		}
	}
	return append(says, devicesSay(a)...)
}

// devicesSay puts what the browser told of cameras and microphones into sentences.
func devicesSay(a *evidence.Asked) (says []string) {
	if a.Secure != nil && !*a.Secure {
		says = append(says, "The page that asked was not secure, so that no browser gives it a camera.")
	}
	for _, d := range []struct{ name, kind string }{{"camera", "videoinput"}, {"microphone", "audioinput"}} {
		if a.Devices != nil && !slices.Contains(a.Devices, d.kind) {
			says = append(says, "The browser has no "+d.name+".")
		}
		if a.Permissions[d.name] == "denied" {
			says = append(says, "The "+d.name+" is blocked for the page that asked, which is of another site than the app unless both share one.")
		}
	}
	return says
}

// waitedEnough is for how many milliseconds nothing has come before that says something.
const waitedEnough = 4000

// LargeMessage is how many bytes the largest message has with which a path is tried:
// with what is wrapped around it, as large as datagrams of a call become.
const LargeMessage = 1100
