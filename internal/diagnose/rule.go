// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"slices"
	"strings"
	"time"
)

// Rule is how one cause is told from what is known. It is data: no rule claims how
// sure it is, and none reads a text or the result of another.
type Rule struct {
	Cause    string    `json:"cause"`              // a fault's id
	Behind   []string  `json:"behind,omitempty"`   // faults that it can explain
	Needs    []*Clause `json:"needs"`              // all have to hold; the first is the sign that makes one think of the cause
	Supports []*Clause `json:"supports,omitempty"` // make it surer
	Refutes  []*Clause `json:"refutes,omitempty"`  // none may hold
	Rivals   []string  `json:"rivals,omitempty"`   // causes that look alike and have to be excluded
	Says     string    `json:"says"`               // a sentence, with facts of its needs in braces
	Do       []Advice  `json:"do,omitempty"`
	Ask      Missing   `json:"ask,omitzero"`  // the one fact that would settle it
	Own      bool      `json:"own,omitempty"` // trouble of the server's own, which hides verdicts about its clients
}

// Clause is a statement about the facts. It holds, or it does not, or that is not
// known: then How says what it takes to know it next time.
type Clause struct {
	Fact string `json:"fact"`          // its name
	Asks string `json:"asks"`          // the statement
	How  string `json:"how,omitempty"` // how to have the fact next time

	client bool // nobody but the client is a witness for it
	ask    func(*view) answer
}

// truth is what is known of a statement. The zero value is that nothing is.
type truth int8

const (
	unknown truth = iota
	yes
	no
)

// whether makes a truth of something that is known.
func whether(holds bool) truth {
	if holds {
		return yes
	}
	return no
}

// not is the truth of the opposite.
func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// Who says so.
const (
	fromServer = "server"
	fromClient = "client"
)

// from is whose fact it is.
func (c *Clause) from() string {
	if c.client {
		return fromClient
	}
	return fromServer
}

// answer is a clause's: whether it holds, the number it used, when that was taken,
// and the same in words.
type answer struct {
	is    truth
	value any
	at    time.Time
	says  string
	word  string // the value as a sentence has it; "" for the value itself

	claimed bool // it rests on the client's word
}

// opposite is a clause that holds where the other does not.
func (c *Clause) opposite(asks string) *Clause {
	return &Clause{Fact: c.Fact, Asks: asks, How: c.How, client: c.client, ask: func(v *view) answer {
		a := v.ask(c)
		a.is = a.is.not()
		return a
	}}
}

// either is a clause that holds where one of two does.
func either(fact, asks string, a, b *Clause) *Clause {
	return &Clause{Fact: fact, Asks: asks, How: a.How, client: a.client || b.client, ask: func(v *view) answer {
		x, y := v.ask(a), v.ask(b)
		if x.is == yes || y.is != yes && x.is == unknown {
			return x
		}
		return y
	}}
}

// rules are all of them, in the order in which they are tried.
var rules = slices.Concat(serverRules, doorRules, frontRules, pathRules, lossRules, roomRules, mediaRules, deviceRules)

// Rules gives every rule, sorted by cause. They are shared and must not be changed.
func Rules() []*Rule {
	all := slices.Clone(rules)
	slices.SortFunc(all, func(a, b *Rule) int { return strings.Compare(a.Cause, b.Cause) })
	return all
}

// Lookup finds the rule of a cause.
func Lookup(cause string) (*Rule, bool) {
	i := slices.IndexFunc(rules, func(r *Rule) bool { return r.Cause == cause })
	if i < 0 {
		return nil, false
	}
	return rules[i], true
}

// rivals tells whether two rules have to be told apart.
func (r *Rule) rivals(other *Rule) bool {
	return slices.Contains(r.Rivals, other.Cause) || slices.Contains(other.Rivals, r.Cause)
}
