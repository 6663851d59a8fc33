// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package diagnose tells why something failed, from what both sides recorded of it.
//
// [Explain] is a pure function of one [Case]: the same case gives the same verdict
// on any machine at any time. A verdict names what it rests on, which other causes
// are excluded and why, what would show it to be wrong, and what was not known. A
// fact that is absent is not known, which is never the same as false, and "not
// known" is an answer like any other.
//
// Causes are faults of package fault. What a client says is never turned into a
// cause of the server's, and its word alone proves nothing against the server's.
package diagnose

import (
	"cmp"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// Version is the version of the rules. A verdict that is kept says under which
// rules it was made.
const Version = "2026-11-27"

// Explain tells why the failure of a case happened, as well as that can be known.
func Explain(c *Case) Verdict {
	v := newView(c)
	out := v.explain()
	out.Event, out.Rules, out.Injected = c.Failure.ID, Version, c.Failure.Injected
	if out.Injected {
		out.Says = "This was provoked on purpose. " + out.Says
	}
	v.fold(&out)
	return out
}

// finding is a rule, held against a case.
type finding struct {
	rule     *Rule
	excluded *Clause // what speaks against it, nil for nothing
	unmet    []*Clause
	yeses    int // needs and supports that hold
}

func (f *finding) holds() bool { return f.excluded == nil && len(f.unmet) == 0 }

// open tells whether the cause can still be, for want of facts.
func (f *finding) open() bool { return f.excluded == nil && len(f.unmet) > 0 }

// suspected tells whether the sign of the cause is there and the rest is not known.
func (f *finding) suspected(v *view) bool { return f.open() && v.ask(f.rule.Needs[0]).is == yes }

// hold holds a rule against the case: what refutes it first, then what it needs.
func (v *view) hold(r *Rule) *finding {
	f := &finding{rule: r}
	for _, c := range r.Refutes {
		if v.ask(c).is == yes {
			f.excluded = c
			return f
		}
	}
	for _, c := range r.Needs {
		switch v.ask(c).is {
		case yes:
			f.yeses++
		case no:
			f.excluded = c
			return f
		default:
			f.unmet = append(f.unmet, c)
		}
	}
	for _, c := range r.Supports {
		if v.ask(c).is == yes {
			f.yeses++
		}
	}
	return f
}

func (v *view) explain() Verdict {
	var all, held, suspected []*finding
	for _, r := range rules {
		if !slices.ContainsFunc(v.faults(), func(id string) bool { return slices.Contains(r.Behind, id) }) {
			continue
		}
		f := v.hold(r)
		all = append(all, f)
		switch {
		case f.holds():
			held = append(held, f)
		case f.suspected(v):
			suspected = append(suspected, f)
		}
	}
	bySupport := func(a, b *finding) int { return cmp.Compare(b.yeses, a.yeses) }
	slices.SortStableFunc(held, bySupport)
	slices.SortStableFunc(suspected, bySupport)
	// Trouble of the server's own is said before anything about its clients.
	if own := slices.DeleteFunc(slices.Clone(held), func(f *finding) bool { return !f.rule.Own }); len(own) > 0 {
		held, suspected = own, nil
	}
	switch {
	case len(held) == 0 && v.itself() != nil:
		return v.plain(v.itself(), all)
	case len(held) == 0 && len(suspected) == 0:
		return v.nothing(all)
	case len(held) == 0:
		return v.between(suspected, all)
	}
	first := held[0]
	remain := slices.Clone(held[1:])
	if !first.rule.Own {
		for _, f := range all {
			if f.open() && first.rule.rivals(f.rule) {
				remain = append(remain, f)
			}
		}
	}
	if len(remain) > 0 {
		return v.between(append([]*finding{first}, remain...), all)
	}
	return v.one(first, all)
}

// one is the verdict where one cause remains.
func (v *view) one(f *finding, all []*finding) Verdict {
	r := f.rule
	out := Verdict{Cause: r.Cause, Confidence: Proven, Says: v.fill(r.Says, r.Needs)}
	v.tell(&out, f)
	v.exclude(&out, f, all)
	for _, c := range slices.Concat(r.Supports, r.Refutes) {
		if v.ask(c).is == unknown {
			out.Confidence = Likely
			out.missing(c)
		}
	}
	for _, c := range r.Supports {
		if v.ask(c).is == no {
			out.Confidence = Likely
		}
	}
	for _, c := range r.Needs {
		if c.client || v.ask(c).claimed {
			out.Confidence = Likely // nobody but the client is a witness for it
		}
	}
	if !v.bothSpoke() {
		out.Confidence = Likely
	}
	return out
}

// between is the verdict where several causes remain, the likeliest first.
func (v *view) between(list, all []*finding) Verdict {
	first := list[0]
	r := first.rule
	out := Verdict{Cause: r.Cause, Confidence: Possible}
	if first.holds() {
		out.Says = v.fill(r.Says, r.Needs)
	} else {
		out.Says = "It may be this: " + sentence(r.Cause)
	}
	v.tell(&out, first)
	v.exclude(&out, first, all)
	for _, c := range first.unmet {
		out.missing(c)
	}
	for _, f := range list[1:] {
		rival := Rival{Cause: f.rule.Cause, Says: sentence(f.rule.Cause)}
		switch {
		case len(f.unmet) > 0:
			rival.Decides = f.unmet[0].Asks
			out.missing(f.unmet[0])
		case f.rule.Ask.Fact != "":
			rival.Decides = f.rule.Ask.How
		}
		out.Rivals = append(out.Rivals, rival)
	}
	if r.Ask.Fact != "" {
		out.ask(r.Ask)
	}
	return out
}

// nothing is the verdict where no cause fits what is known: it names the rule that
// comes nearest, and what that one lacks.
func (v *view) nothing(all []*finding) Verdict {
	out := Verdict{Confidence: NotKnown, Says: "Why this failed is not known."}
	if k := fault.Lookup(v.f.Fault); k != nil {
		out.Says = k.What + " Why is not known."
	}
	var nearest *finding
	for _, f := range all {
		if f.open() && (nearest == nil || f.yeses > nearest.yeses) {
			nearest = f
		}
	}
	if nearest != nil {
		for _, c := range nearest.unmet {
			out.missing(c)
		}
		if nearest.rule.Ask.Fact != "" {
			out.ask(nearest.rule.Ask)
		}
	}
	if v.record == nil && len(out.Missing) == 0 {
		out.ask(Missing{Fact: "evidence", How: "the server records what it knew with every failure that it sees itself; this one was told by the client alone"})
	}
	v.exclude(&out, nil, all)
	return out
}

// tell gives what a verdict rests on, what would refute it and what to do.
func (v *view) tell(out *Verdict, f *finding) {
	for _, c := range slices.Concat(f.rule.Needs, f.rule.Supports) {
		if a := v.ask(c); a.is == yes {
			out.Because = append(out.Because, Fact{Fact: c.Fact, Value: a.value, From: c.from(), At: a.at, Says: cmp.Or(a.says, c.Asks)})
		}
	}
	for _, c := range f.rule.Refutes {
		if !slices.Contains(out.RefutedBy, c.Asks) {
			out.RefutedBy = append(out.RefutedBy, c.Asks)
		}
	}
	out.Do = advice(f.rule)
}

// advice is what to do about a cause: the rule's own words, and for whoever can put
// it right and has none there, the catalogue's.
func advice(r *Rule) []Advice {
	do := slices.Clone(r.Do)
	k := fault.Lookup(r.Cause)
	if k == nil {
		return do
	}
	return append(do, catalogueAdvice(k, do)...)
}

func catalogueAdvice(k *fault.Kind, have []Advice) (do []Advice) {
	has := func(p fault.Party) bool { return slices.ContainsFunc(have, func(a Advice) bool { return a.Who == p }) }
	for _, p := range k.FixedBy {
		switch {
		case has(p):
		case p == fault.ByUser:
			do = append(do, Advice{Who: p, Text: k.User})
		case !slices.ContainsFunc(do, func(a Advice) bool { return a.Text == k.Do }):
			do = append(do, Advice{Who: p, Text: k.Do})
		}
	}
	return do
}

// exclude gives the causes that cannot be: the rivals of the one that was found, or
// all that were thought of.
func (v *view) exclude(out *Verdict, found *finding, all []*finding) {
	for _, f := range all {
		if f == found || f.excluded == nil || found != nil && !found.rule.rivals(f.rule) {
			continue
		}
		a := v.ask(f.excluded)
		because := cmp.Or(a.says, f.excluded.Asks)
		if a.is == no && a.says == "" {
			because = "not so: " + because
		}
		out.Not = append(out.Not, Excluded{Cause: f.rule.Cause, Because: because})
	}
}

func (out *Verdict) missing(c *Clause) {
	out.ask(Missing{Fact: c.Fact, How: cmp.Or(c.How, "it is in the evidence of servers that record it: "+c.Asks)})
}

func (out *Verdict) ask(m Missing) {
	if !slices.Contains(out.Missing, m) {
		out.Missing = append(out.Missing, m)
	}
}

// bothSpoke tells whether both sides have told of the failure, or the client cannot.
func (v *view) bothSpoke() bool {
	return v.f.Server != nil && v.f.Client.Spoke() && v.c.Window
}

// sentence is what a cause is, in a sentence.
func sentence(cause string) string {
	if k := fault.Lookup(cause); k != nil {
		return strings.TrimSuffix(k.Title, ".") + "."
	}
	return cause + "."
}
