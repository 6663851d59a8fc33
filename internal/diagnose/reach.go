// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Clauses about the addresses that peers are told, and who gets through to them.

const howReach = "the server counts who gets through to its addresses; ask again when others have tried"

func (v *view) reach() []evidence.Reach {
	if v.pathSelf == nil {
		return nil
	}
	return v.pathSelf.Reach
}

// othersThrough: somebody got through by their own packets.
var othersThrough = &Clause{
	Fact: "reach.through", Asks: "others got through to the same addresses", How: howReach,
	ask: func(v *view) answer {
		n := 0
		for _, r := range v.reach() {
			n += r.Through
		}
		switch {
		case len(v.reach()) == 0:
			return answer{}
		case n > 0:
			return answer{is: yes, value: n, at: v.pathAt, word: count(n, "connection of others", "connections of others") + " got through to the same addresses within 10 minutes", says: count(n, "connection", "connections") + " got through to the same addresses within 10 minutes"}
		}
		if failed := v.othersBlocked(); failed > 0 && v.whole("reach") {
			return answer{is: no, value: 0, at: v.pathAt, says: "nobody got through within 10 minutes, and " + count(failed, "other person was", "other people were") + " blocked in the same seconds"}
		}
		return answer{}
	},
}

// nobodyThrough is yes only where others have tried.
var nobodyThrough = othersThrough.opposite("nobody gets through to the media ports, and others have tried")

// othersBlocked counts people on other networks who were blocked in the same way at
// the same time.
func (v *view) othersBlocked() int {
	seen := map[string]bool{}
	for _, f := range v.others() {
		r := f.Evidence
		if r == nil || r.Path == nil || r.Path.STUN || f.Peer == "" || sameNetwork(v.socket, r.Socket) ||
			slices.ContainsFunc(r.Path.Traffic, func(t evidence.Traffic) bool { return t.In != nil }) {
			continue
		}
		seen[f.Peer] = true
	}
	return len(seen)
}

// sameNetwork tells whether two sockets came from one address.
func sameNetwork(a, b *evidence.Socket) bool {
	return a != nil && b != nil && a.Door != nil && b.Door != nil && a.Door.ClientHash != "" && a.Door.ClientHash == b.Door.ClientHash
}

// probeAnswered: our own packets come back from the address.
var probeAnswered = &Clause{
	Fact: "reach.probe", Asks: "the server reaches itself at the address that it advertises",
	How: "the server sends itself a packet by way of each address once a minute; behind some routers none comes back",
	ask: func(v *view) answer {
		probed := false
		for _, r := range v.reach() {
			if r.Probed.IsZero() {
				continue
			}
			probed = true
			if !r.Answered.IsZero() && r.Answered.After(r.Probed.Add(-3*time.Minute)) {
				return answer{is: yes, value: true, at: r.Answered, says: "the server reaches itself at the address that it advertises"}
			}
		}
		if !probed || !v.whole("reach") {
			return answer{}
		}
		return answer{is: no, value: false, at: v.pathAt, says: "the server does not reach itself at the address that it advertises"}
	},
}

// addressWrong: the address that peers are told is not the one that she came to.
var addressWrong = &Clause{
	Fact: "reach.address", Asks: "the address that the server advertises is not one that it has",
	How: "compare `media.advertise` with the address at which clients reach the server",
	ask: func(v *view) answer {
		reach := v.reach()
		if len(reach) == 0 {
			return answer{}
		}
		for _, c := range []*Clause{othersThrough, elsewhereThrough} {
			if a := v.ask(c); a.is == yes {
				return answer{is: no, value: a.value, at: a.at, says: a.says, claimed: a.claimed}
			}
		}
		if !v.whole("reach") {
			return answer{}
		}
		bad := slices.IndexFunc(reach, func(r evidence.Reach) bool { return judged[r.Judged] != "" })
		if bad >= 0 && !slices.ContainsFunc(reach, func(r evidence.Reach) bool { return judged[r.Judged] == "" }) {
			return answer{is: yes, value: reach[bad].Judged, at: v.pathAt, says: "the advertised address cannot be right: " + judged[reach[bad].Judged]}
		}
		d := v.door()
		if d == nil || d.LocalHash == "" || d.Proxied || d.Peer != "" {
			return answer{} // a proxy's own way to us says nothing of the address
		}
		kinds := ""
		for _, r := range reach {
			if r.Hash == d.LocalHash {
				return answer{is: no, value: r.Address, at: v.pathAt, says: "the client's socket came to the very address that is advertised"}
			}
			if kinds == "" {
				kinds = r.Address
			}
		}
		local, told := scope(d.Local), scope(kinds)
		switch {
		case told == "public" && local != "public" && scope(d.Client) != local:
			return answer{} // a router that translates addresses: the address inside says nothing of the one outside
		case family(d.Local) != family(kinds):
			return answer{}
		}
		return answer{is: yes, value: kinds, at: v.pathAt, says: fmt.Sprintf("the client's socket came to another address (%s) than the one that is advertised (%s)", d.Local, kinds)}
	},
}

// judged are the findings of the check at the start that make an address wrong, in words.
var judged = map[string]string{
	evidence.JudgedUnusable: "nobody can send to it", evidence.JudgedLoopback: "it reaches the server's own machine only", evidence.JudgedLink: "it holds on one cable only",
	evidence.JudgedExample: "it belongs to a network that is reserved for examples", evidence.JudgedBridge: "it joins containers of the server's own machine",
	evidence.JudgedForeign: "it is private and not an address of the server's machine",
}

var addressRight = addressWrong.opposite("the address that the server advertises is right")

// door is the request that the client's socket came of.
func (v *view) door() *evidence.Door {
	if v.socket == nil {
		return nil
	}
	return v.socket.Door
}

// family and scope are the halves of a kind of address (see evidence.Kind).
func family(kind string) string {
	f, _, _ := strings.Cut(kind, " ")
	return f
}

func scope(kind string) string {
	_, s, _ := strings.Cut(kind, " ")
	return s
}
