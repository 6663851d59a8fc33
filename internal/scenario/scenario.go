package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
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
	Inject Injection // DoInject
	Expect Expect    // DoExpect
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

// Injection is what is sent to the server; docs/injection.md says what the
// fields mean.
type Injection struct {
	Fault       string   `json:"fault,omitempty"`
	At          string   `json:"at,omitempty"`
	Code        int      `json:"code,omitempty"`
	Room        string   `json:"room,omitempty"`
	Peer        string   `json:"peer,omitempty"`
	User        string   `json:"user,omitempty"`
	Role        string   `json:"role,omitempty"`
	For         string   `json:"for,omitempty"`
	After       string   `json:"after,omitempty"`
	Count       *int     `json:"count,omitempty"`
	Probability *float64 `json:"probability,omitempty"`
	Method      string   `json:"method,omitempty"`
	Delay       string   `json:"delay,omitempty"`
	Rate        int      `json:"rate_kbps,omitempty"`
	Direction   string   `json:"direction,omitempty"`
	Side        string   `json:"side,omitempty"`
	Packets     string   `json:"packets,omitempty"`
	Network     string   `json:"network,omitempty"`
	Skew        string   `json:"skew,omitempty"`
}

// Expect is an event that must come, or not: of a fault, a number, or a type.
type Expect struct {
	What   string // fault id, number, event type without "client.", or "errors" for any
	None   bool   // it must not come
	Within time.Duration
}

// matches tells whether an event is what is expected.
func (x Expect) matches(e event.Event) bool {
	n, err := strconv.Atoi(x.What)
	switch {
	case x.What == "errors":
		return true
	case err == nil:
		return e.Failure.Code == n
	}
	return e.Fault == x.What || strings.TrimPrefix(string(e.Type), "client.") == x.What
}

// Length is how long a scenario takes at its own speed, when what it expects
// comes at once.
func (s *Scenario) Length() time.Duration {
	var end time.Duration
	for _, step := range s.Steps {
		if step.Do == DoEnd {
			return step.At
		}
		last := step.At
		if d, err := time.ParseDuration(step.Inject.For); err == nil {
			last += d
		}
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
