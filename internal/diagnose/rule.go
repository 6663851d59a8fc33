// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"slices"
	"strings"
)

// Rule is how one cause is told from what is known. It is data: no rule claims how
// sure it is, and none reads a text or the result of another.
type Rule struct {
	Cause    string    `json:"cause"`              // a fault's id
	Behind   []string  `json:"behind,omitempty"`   // faults that it can explain
	Needs    []*Clause `json:"needs"`              // all have to hold
	Supports []*Clause `json:"supports,omitempty"` // tell it from its rivals
	Refutes  []*Clause `json:"refutes,omitempty"`  // none may hold
	Rivals   []string  `json:"rivals,omitempty"`   // causes that look alike
	Says     string    `json:"says"`               // the sentence, with facts in braces
	Do       []Advice  `json:"do,omitempty"`
	Ask      Missing   `json:"ask,omitzero"`  // the one fact that would settle it
	Own      bool      `json:"own,omitempty"` // the server's own trouble, which hides verdicts about its clients
}

// Clause is a question about the facts, with three answers.
type Clause struct {
	Fact string `json:"fact"`          // its name
	Asks string `json:"asks"`          // what is asked, as a statement
	How  string `json:"how,omitempty"` // how to have the fact next time
}

var rules []*Rule

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
