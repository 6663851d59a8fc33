// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/faultdoc"
)

// whyPrinter writes diagnoses for people or for programs.
type whyPrinter struct {
	env    *env
	pages  bool // a page for each incident, not a line
	asJSON bool
}

// whyWidth is how wide a page is, in columns.
const whyWidth = 92

func (p *whyPrinter) print(list []incident) error {
	for i := range list {
		switch {
		case p.asJSON:
			for _, d := range append([]admin.Diagnosis{list[i].root}, list[i].follows...) {
				raw, err := json.Marshal(d)
				if err != nil {
					return err
				}
				if _, err := fmt.Fprintf(p.env.stdout, "%s\n", raw); err != nil {
					return err
				}
			}
		case p.pages:
			if i > 0 {
				fmt.Fprintf(p.env.stdout, "\n%s\n\n", strings.Repeat("-", whyWidth))
			}
			p.page(&list[i])
		default:
			p.line(&list[i])
		}
	}
	return nil
}

// line is an incident in a line, wrapped under its time.
func (p *whyPrinter) line(in *incident) {
	f, v := &in.root.Failure, &in.root.Verdict
	more := string(v.Confidence)
	if n := len(in.follows); n > 0 {
		more += fmt.Sprintf("; %d more %s", n, plural(n, "follows", "follow"))
	}
	if v.Injected {
		more += "; provoked"
	}
	text := fmt.Sprintf("%s %s: %s (%s)", who(f), couldNot(f.Type, ""), v.Says, more)
	p.text().Hang(p.env.local(f.Happened).Format("Mon 02 Jan 15:04:05")+"  ", clean(text))
}

func (p *whyPrinter) text() faultdoc.Printer {
	return faultdoc.Printer{W: p.env.stdout, Width: whyWidth, Bold: p.env.isTerminal}
}

// page is an incident for somebody who reads it aloud: the sentence first, then what
// it rests on, and in the end what to do.
func (p *whyPrinter) page(in *incident) {
	f, v := &in.root.Failure, &in.root.Verdict
	t := p.text()
	t.Hang("", clean(fmt.Sprintf("%s %s, %s.", who(f), couldNot(f.Type, cmp.Or(f.RoomName, f.Room)), p.day(f.Happened))))
	fmt.Fprintln(t.W)
	t.Hang("  ", clean(v.Says))
	fmt.Fprintln(t.W)
	p.items([][2]string{
		{"cause", strings.TrimPrefix(v.Cause+", ", ", ") + string(v.Confidence) + " by the rules of " + v.Rules},
		{"on record", cmp.Or(f.Fault, "not in the catalogue") + ", told by " + told(f.Source)},
	})
	if k := in.root.Kept; k != nil && (k.Cause != v.Cause || k.Confidence != string(v.Confidence)) {
		t.Hang("  ", clean(fmt.Sprintf("At the time it was told as %s, by the rules of %s.", strings.TrimPrefix(k.Cause+", ", ", ")+k.Confidence, k.Rules)))
	}
	if at := in.root.AsKnownAt; !at.IsZero() {
		t.Hang("  ", clean(fmt.Sprintf("This is as the record was on %s.", p.day(at))))
	}
	if d, yes := late(f); yes {
		t.Hang("  ", fmt.Sprintf("It was told %s after it happened.", span(d)))
	}
	if v.Leads != "" {
		t.Hang("  ", clean("It follows from another failure: redial why -event "+v.Leads))
	}
	p.reasons(v)
	p.asked(&in.root)
	if len(v.Do) > 0 {
		p.head("What to do")
		var list [][2]string
		for _, a := range v.Do {
			list = append(list, [2]string{party(a.Who, f), a.Text})
		}
		p.items(list)
	}
	if n := len(in.follows); n > 0 {
		p.head(fmt.Sprintf("%d more %s from it", n, plural(n, "follows", "follow")))
		for i := range in.follows {
			o := &in.follows[i].Failure
			p.item(p.env.local(o.Happened).Format("15:04:05"), fmt.Sprintf("%s (%s)", couldNot(o.Type, ""), cmp.Or(o.Fault, "not in the catalogue")))
		}
	}
	fmt.Fprintln(t.W)
	t.Hang("", clean(strings.TrimSuffix("Event "+f.ID+", reference "+f.Short, ", reference ")))
	if f.Fault != "" {
		t.Hang("", clean("More: redial explain "+cmp.Or(v.Cause, f.Fault)))
	}
}

// reasons are what a verdict rests on, and what it lacks.
func (p *whyPrinter) reasons(v *admin.Verdict) {
	if len(v.Because) > 0 {
		p.head("Because")
		said := map[string]bool{}
		for _, b := range v.Because {
			from := b.From
			if !b.At.IsZero() {
				from += ", " + p.env.local(b.At).Format("15:04:05")
			}
			text := b.Says
			if text == "" {
				text = fmt.Sprintf("%s: %v", b.Fact, b.Value)
			}
			if text += " (" + from + ")"; !said[text] { // one fact may answer two questions
				said[text] = true
				p.item("+", text)
			}
		}
	}
	if len(v.Rivals) > 0 {
		p.head("It could also be")
		for _, r := range v.Rivals {
			text := titled(r.Cause)
			if r.Says != text+"." { // of a cause whose sentence is its title
				text += ": " + strings.TrimSuffix(r.Says, ".")
			}
			text += "."
			if r.Decides != "" {
				text += " This would tell: " + r.Decides + "."
			}
			p.item("?", text)
		}
	}
	if len(v.Not) > 0 {
		p.head("It is not")
		for _, n := range v.Not {
			p.item("-", titled(n.Cause)+": "+n.Because)
		}
	}
	if len(v.Missing) > 0 {
		p.head("Not known")
		for _, m := range v.Missing {
			p.item("?", m.Fact+": "+m.How)
		}
	}
	if len(v.RefutedBy) > 0 {
		p.head("It would be wrong with")
		for _, r := range v.RefutedBy {
			p.item("x", r)
		}
	}
}

// asked is what browsers found that were asked, and what was told before.
func (p *whyPrinter) asked(d *admin.Diagnosis) {
	for _, a := range d.Asked {
		p.head("Asked " + p.day(a.At))
		for _, says := range a.Says {
			p.item("+", says)
		}
	}
	if b := d.Before; b != nil && (b.Cause != d.Verdict.Cause || b.Confidence != d.Verdict.Confidence) {
		p.item("<", "Before that it was told as "+strings.TrimPrefix(b.Cause+", ", ", ")+string(b.Confidence)+".")
	}
}

func (p *whyPrinter) head(text string) {
	if p.env.isTerminal {
		text = "\x1b[1m" + text + "\x1b[0m"
	}
	fmt.Fprintf(p.env.stdout, "\n%s\n", text)
}

func (p *whyPrinter) item(mark, text string) {
	p.text().Hang("  "+clean(mark)+"  ", clean(text))
}

// items are items whose texts stand under each other.
func (p *whyPrinter) items(list [][2]string) {
	width := 0
	for i := range list {
		list[i][0] = clean(list[i][0])
		width = max(width, utf8.RuneCountInString(list[i][0]))
	}
	for _, it := range list {
		p.item(it[0]+strings.Repeat(" ", width-utf8.RuneCountInString(it[0])), it[1])
	}
}

// day is a time as it is said: with the year only where it is another.
func (p *whyPrinter) day(at time.Time) string {
	at = p.env.local(at)
	form := "Monday 2 January at 15:04:05 MST"
	if at.Year() != p.env.now().Year() {
		form = "Monday 2 January 2006 at 15:04:05 MST"
	}
	return at.Format(form)
}

// who is somebody as people call them.
func who(f *admin.Failure) string {
	name := cmp.Or(f.UserName, f.User, f.Peer, "Somebody")
	if f.Role != "" {
		name += " (" + f.Role + ")"
	}
	return name
}

// couldNot is what became of somebody whose failure is of a type, in a room or, where
// that is clear, without one.
func couldNot(eventType, room string) string {
	in, to := "", ""
	if room != "" {
		in, to = " in "+strconv.Quote(room), " "+strconv.Quote(room)
	}
	switch eventType {
	case admin.ConnectFailed:
		if to != "" {
			to = " to" + to
		}
		return "could not connect" + to
	case admin.JoinFailed:
		return "could not join" + to
	case admin.PublishFailed:
		return "could not send audio or video" + in
	case admin.SubscribeFailed:
		return "could not receive audio or video" + in
	case admin.Disconnected:
		return "lost the connection" + in
	}
	return "had a failure of an unknown type" + in
}

func told(s admin.EventSource) string {
	if s == admin.FromBoth {
		return "client and server"
	}
	return string(s)
}

// party is who is to do something.
func party(name string, f *admin.Failure) string {
	switch fault.Party(name) {
	case fault.ByUser:
		return cmp.Or(f.UserName, "The user")
	case fault.ByApp:
		return "The app"
	case fault.ByOperator:
		return "The operator"
	case fault.ByVendor:
		return "The vendor"
	}
	return name
}

// titled is a cause by its title, or by its id where that is all there is.
func titled(cause string) string {
	if k := fault.Lookup(cause); k != nil {
		return k.Title
	}
	return cause
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// span is a length of time in the unit that people would use.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
