// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Confidence is how sure a verdict is. It is computed and never claimed by a rule.
type Confidence string

// The words of confidence, the surest first.
const (
	Proven   Confidence = "proven"    // everything it needs holds, and nothing else can be
	Likely   Confidence = "likely"    // everything it needs holds and nothing speaks against it, but something is not known
	Possible Confidence = "possible"  // several causes fit: see Verdict.Rivals
	NotKnown Confidence = "not known" // no cause fits what is known: see Verdict.Missing
)

// Confidences lists the words, the surest first.
func Confidences() []Confidence { return []Confidence{Proven, Likely, Possible, NotKnown} }

// Verdict is why something failed.
type Verdict struct {
	Event      string     `json:"event"`           // the failure
	Cause      string     `json:"cause,omitempty"` // a fault's id; "" for one that is not known
	Confidence Confidence `json:"confidence"`
	Rules      string     `json:"rules"` // the version of the rules
	Says       string     `json:"says"`  // a sentence or two

	Because   []Fact     `json:"because,omitempty"`    // what it rests on
	Not       []Excluded `json:"not,omitempty"`        // causes that were excluded
	RefutedBy []string   `json:"refuted_by,omitempty"` // what would show it to be wrong
	Missing   []Missing  `json:"missing,omitempty"`    // what was not known and would decide
	Rivals    []Rival    `json:"rivals,omitempty"`     // other causes that fit
	Do        []Advice   `json:"do,omitempty"`         // what each party can do
	Follows   []string   `json:"follows,omitempty"`    // ids of failures that are consequences of this one
	Leads     string     `json:"leads,omitempty"`      // id of the failure that this one is a consequence of
	Injected  bool       `json:"injected,omitempty"`   // provoked on purpose
}

// Fact is something that is known.
type Fact struct {
	Fact  string    `json:"fact"`           // its name
	Value any       `json:"value"`          // a text, a number or a truth; times and lists in JSON
	From  string    `json:"from"`           // who says so: "server" or "client"
	At    time.Time `json:"at,omitzero"`    // when it was so
	Says  string    `json:"says,omitempty"` // the same in words
}

// Excluded is a cause that cannot be.
type Excluded struct {
	Cause   string `json:"cause"`
	Because string `json:"because"`
}

// Missing is a fact that is not known.
type Missing struct {
	Fact string `json:"fact"`
	How  string `json:"how"` // how to have it next time
}

// Rival is another cause that fits as well.
type Rival struct {
	Cause   string `json:"cause"`
	Says    string `json:"says"`
	Decides string `json:"decides,omitempty"` // what would tell it from the first
}

// Advice is what one party can do.
type Advice struct {
	Who  fault.Party `json:"who"`
	Text string      `json:"text"`
}
