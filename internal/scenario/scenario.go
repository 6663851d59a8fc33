// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/admin"
)

// Limits of a scenario.
const (
	MaxLength = time.Hour
	MaxSteps  = 100
	MaxSpeed  = 100
)

// Scenario is what happens when.
type Scenario struct {
	Name    string
	About   string
	OnePeer bool    // it is about one peer, to be named when it is run
	Fastest float64 // how many times faster it still means something
	Steps   []Step
	File    string // where it was read from
}

// Step is one thing that happens.
type Step struct {
	At   time.Duration
	Text string // as it was written
	Line int

	Do     Do
	Inject admin.Injection // DoInject
	Expect Expect          // DoExpect
}

// Do is what kind of thing a step is.
type Do int

// The kinds of steps.
const (
	DoInject  Do = iota // a fault begins
	DoExpect            // an event is waited for
	DoRestore           // everything that was injected so far ends
	DoSay               // a person is told something
	DoEnd               // the scenario is over
)

// Expect is an event that must come, or not: of a fault, a number, or a type.
type Expect struct {
	What   string // fault id, number, event type without "client.", or "errors" for any
	None   bool   // it must not come
	Within time.Duration
}

// matches tells whether an event is what is expected.
func (x Expect) matches(e admin.Event) bool {
	n, err := strconv.Atoi(x.What)
	switch {
	case x.What == "errors":
		return true
	case err == nil:
		return e.Data.Code == n
	}
	return e.Redial.Fault == x.What || strings.TrimPrefix(e.Type, "client.") == x.What
}

// Length is how long a scenario takes at its own speed, when what it expects
// comes at once.
func (s *Scenario) Length() time.Duration {
	var end time.Duration
	for _, step := range s.Steps {
		if step.Do == DoEnd {
			return step.At
		}
		last := step.At + step.Inject.For
		if step.Expect.None {
			last += step.Expect.Within
		}
		end = max(end, last)
	}
	return end
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	File  string
	Line  int    // 0: of the whole file
	Field string // such as "steps[2]"
	What  string
	Fix   string // what to do, or what is possible
}

func (p Problem) String() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	text := place + ": "
	if p.Field != "" {
		text += p.Field + ": "
	}
	text += p.What
	if p.Fix != "" {
		text += "; " + p.Fix
	}
	return text
}

// Problems are everything that is wrong with a file. It is an error.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}
