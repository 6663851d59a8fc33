// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Limits of a rule.
const (
	MaxFor   = time.Hour
	MaxAfter = time.Hour
	MaxCount = 1_000_000
	MaxDelay = 30 * time.Second
	MaxSkew  = 10 * 365 * 24 * time.Hour
	MaxRules = 100 // waiting and running at once
)

// Grace is for how long after the end of a rule failures of the peers it touched
// still count as injected: clients try to recover for a minute.
const Grace = 75 * time.Second

// Who is a peer, as far as it is known. Token is the id (jti) of the token the
// peer came in with.
type Who struct{ Room, Peer, User, Name, Role, Token string }

// Spec asks for a fault.
type Spec struct {
	Cause string // id of one of Causes, which decides fault, mechanism and packets; "" = none
	Fault string // catalogue id, or "" where the mechanism stands for one
	Code  int    // number told to the client instead of the fault's usual one; 0 = usual
	At    string // name of the mechanism; "" = the fault's usual one

	Room string // id; required
	Peer string // id or name; "" = any
	User string // the app's id of the user; "" = any
	Role string // "" = any

	For         time.Duration // how long; 0 = the mechanism's usual time
	After       time.Duration // wait before it begins
	Count       int           // end after so many effects; 0 = no limit
	Probability float64       // of each effect, or of each packet; 0 = always, or a tenth of packets for loss and corrupt

	Op fault.Op // call, hang and nonsense: the usual call of this operation; "" = the fault's

	Method    string        // call, hang and slow: this call only
	Delay     time.Duration // slow and delay: how late; 0 = 1 s and 200 ms; cut: how old a socket gets
	Rate      int           // bandwidth: kbit/s; 0 = 100
	Direction string        // packets: "in" (from the client), "out", "" = both
	Side      string        // packets: "publish" or "subscribe" connection, "" = both
	Packets   string        // packets: one of the kinds, "" = all
	Network   string        // packets: "udp" or "tcp", "" = both
	Skew      time.Duration // clock: how far it is ahead, negative = behind; 0 = a year

	By string // who asks, for the audit log

	op    fault.Op // call, hang and nonsense: the usual call of this operation, where no method is named
	shown string   // call, hang and slow: the method as it is shown
}

// check completes a spec and finds what it names. It fails with
// fault.FieldMissing, FieldInvalid, CatalogueUnknown or InjectionImpossible.
func (s *Spec) check() (*fault.Kind, Mechanism, error) {
	bad := func(field string, want any) (*fault.Kind, Mechanism, error) {
		return nil, Mechanism{}, fault.FieldInvalid.New("field", field, "want", want)
	}
	if s.Room == "" {
		return nil, Mechanism{}, fault.FieldMissing.New("field", "room")
	}
	if s.Cause != "" {
		if err := s.provoke(); err != nil {
			return nil, Mechanism{}, err
		}
	}
	if s.Fault == "" && s.At == "" {
		return nil, Mechanism{}, fault.FieldMissing.New("field", "fault")
	}
	var m Mechanism
	if s.At != "" {
		var ok bool
		if m, ok = mechanism(s.At); !ok {
			return bad("at", names())
		}
	}
	if s.Fault == "" {
		s.Fault = cmp.Or(m.DefaultFault, fault.ResponseStatus.ID)
		if m.DefaultFault == "" && s.Code == 0 {
			return nil, Mechanism{}, fault.FieldMissing.New("field", "fault", "at", m.Name)
		}
	}
	k := fault.Lookup(s.Fault)
	if k == nil {
		return nil, Mechanism{}, fault.CatalogueUnknown.New("query", s.Fault)
	}
	if m.DefaultFault != k.ID {
		ways, why := WaysIn(k, s.Op)
		if why != "" {
			return nil, Mechanism{}, fault.InjectionImpossible.New("fault", k.ID, "reason", why)
		}
		if s.At == "" {
			m, _ = mechanism(ways[0])
		} else if !slices.Contains(ways, s.At) {
			return bad("at", ways)
		}
	}
	s.At = m.Name
	switch {
	case s.Code != 0 && (s.Code < 400 || s.Code > 9999):
		return bad("code", "400 to 9999")
	case s.Code != 0 && !slices.Contains([]string{AtInit, AtCall, AtError, AtRoom}, m.Name):
		return bad("code", "none: only init, call, error and room tell a number")
	case s.For < 0 || s.For > MaxFor:
		return bad("for", "up to "+MaxFor.String())
	case s.After < 0 || s.After > MaxAfter:
		return bad("after", "0s to "+MaxAfter.String())
	case s.Count < 0 || s.Count > MaxCount:
		return bad("count", "1 to 1000000")
	case s.Count > 0 && m.packets:
		return bad("count", "none: packets are not counted; use for")
	case math.IsNaN(s.Probability) || s.Probability < 0 || s.Probability > 1:
		return bad("probability", "more than 0 and up to 1")
	case s.Method != "" && !m.method:
		return bad("method", "none: it belongs to call, hang and slow")
	case s.Delay != 0 && m.Name != AtSlow && m.Name != AtDelay && m.Name != AtEngine && m.Name != AtCut:
		return bad("delay", "none: it belongs to slow, delay, engine and cut")
	case s.Delay < 0 || s.Delay > MaxDelay:
		return bad("delay", "up to "+MaxDelay.String())
	case s.Rate != 0 && m.Name != AtBandwidth:
		return bad("rate", "none: it belongs to bandwidth")
	case s.Rate < 0 || s.Rate > 1_000_000:
		return bad("rate", "1 to 1000000 (kbit/s)")
	case m.Name != AtClock && s.Skew != 0:
		return bad("skew", "none: it belongs to clock")
	case s.Skew < -MaxSkew || s.Skew > MaxSkew:
		return bad("skew", "up to "+MaxSkew.String()+" either way")
	case m.Name == AtKeyframes && (s.Direction != "" || s.Side != "" || s.Packets != ""):
		return bad("packets", "none: keyframes chooses its packets itself")
	}
	for _, c := range []struct {
		field, value string
		possible     []string
	}{
		{"direction", s.Direction, []string{"in", "out"}},
		{"side", s.Side, []string{publish, subscribe}},
		{"packets", s.Packets, packetKinds},
		{"network", s.Network, []string{udp, tcp}},
	} {
		switch {
		case c.value == "":
		case !m.packets:
			return bad(c.field, "none: it belongs to mechanisms of packets")
		case !slices.Contains(c.possible, c.value):
			return bad(c.field, c.possible)
		}
	}
	switch m.Name {
	case AtSlow:
		s.Delay = cmp.Or(s.Delay, time.Second)
	case AtClock:
		s.Skew = cmp.Or(s.Skew, 365*24*time.Hour)
	case AtDelay:
		s.Delay = cmp.Or(s.Delay, 200*time.Millisecond)
	case AtLoss, AtCorrupt:
		s.Probability = cmp.Or(s.Probability, 0.1)
	case AtBandwidth:
		s.Rate = cmp.Or(s.Rate, 100)
	case AtCall:
		if s.Method == "" {
			s.op = cmp.Or(s.asked(), fault.OpJoin)
			if i := slices.IndexFunc(k.Ops, func(op fault.Op) bool { return slices.Contains(callable, op) }); s.asked() == "" && i >= 0 {
				s.op = k.Ops[i]
			}
		}
	case AtHang, AtNonsense:
		if s.Method == "" {
			s.op = cmp.Or(s.asked(), fault.OpPublish)
		}
	}
	return k, m, nil
}

// asked is the operation that was asked for, as a client asks for it: to connect is to
// join. "" is none that a call is for.
func (s *Spec) asked() fault.Op {
	switch {
	case s.Op == fault.OpConnect:
		return fault.OpJoin
	case slices.Contains(callable, s.Op):
		return s.Op
	}
	return ""
}

func names() []string {
	var all []string
	for _, m := range Mechanisms() {
		all = append(all, m.Name)
	}
	return all
}

// covers tells whether a spec is about a peer. What is not known of a peer does
// not match.
func (s *Spec) covers(w Who) bool {
	return s.Room == w.Room &&
		(s.Peer == "" || s.Peer == w.Peer || s.Peer == w.Name) &&
		(s.User == "" || s.User == w.User) &&
		(s.Role == "" || s.Role == w.Role)
}

// meets tells whether one peer could be meant by both.
func (s *Spec) meets(o *Spec) bool {
	apart := func(a, b string) bool { return a != "" && b != "" && a != b }
	return s.Room == o.Room && !apart(s.Peer, o.Peer) && !apart(s.User, o.User) && !apart(s.Role, o.Role)
}

// collides tells whether two rules would hide each other: at the same time, the
// same peers, the same place, and not provably different calls or packets.
func (r *rule) collides(o *rule) bool {
	if !r.begins.Before(o.until()) || !o.begins.Before(r.until()) || !r.spec.meets(&o.spec) {
		return false
	}
	if !slices.ContainsFunc(r.mech.points(), func(place string) bool { return slices.Contains(o.mech.points(), place) }) {
		return false
	}
	s, t := &r.spec, &o.spec
	apart := func(a, b string) bool { return a != "" && b != "" && a != b }
	switch r.mech.Point {
	case "call":
		return !apart(cmp.Or(s.Method, s.shown), cmp.Or(t.Method, t.shown)) && !apart(string(s.op), string(t.op))
	case "packets":
		if r.mech.mixes && o.mech.mixes && r.mech.Name != o.mech.Name {
			return false
		}
		return !apart(s.Direction, t.Direction) && !apart(s.Side, t.Side) && !apart(s.Network, t.Network) && kindsMeet(s.Packets, t.Packets)
	}
	return true
}

// meansCall tells whether a spec of a call is about this one.
func (s *Spec) meansCall(c Call) bool {
	switch {
	case s.Method != "":
		return s.Method == c.Method
	case s.op != "":
		return c.Main && s.op == c.Op
	}
	return !c.Ping
}

// name fills in what a spec's call is called on the first wire that has it, or
// what operation a method is for. It fails with fault.FieldInvalid for a method
// no wire has. Without any wire's calls, every method is as good as another.
func (s *Spec) name(calls []Call) error {
	if len(calls) == 0 || s.Method == "" && s.op == "" {
		return nil
	}
	if s.op != "" {
		if i := slices.IndexFunc(calls, func(c Call) bool { return c.Main && c.Op == s.op }); i >= 0 {
			s.shown = calls[i].Method
		}
		return nil
	}
	i := slices.IndexFunc(calls, func(c Call) bool { return c.Method == s.Method })
	if i < 0 {
		return fault.FieldInvalid.New("field", "method", "want", "a call of clients", "got", s.Method)
	}
	s.shown = s.Method
	return nil
}

// until is when a rule ends by itself.
func (r *rule) until() time.Time {
	if r.mech.once && !r.again {
		return r.begins.Add(time.Nanosecond)
	}
	return r.ends
}
