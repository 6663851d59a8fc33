// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

// Printer writes explanations for people at a terminal.
type Printer struct {
	W     io.Writer
	Width int    // columns; 0 = 80
	Bold  bool   // the terminal shows bold text
	Lang  string // language, "" = English
}

const indent = "  "

// Answer prints what is known about a query: the whole story when the vendors'
// documents describe one condition under the word, or when only one is meant;
// otherwise each candidate with how to tell it from the others.
func (p Printer) Answer(a dialect.Answer) {
	documented := 0
	for documented < len(a.Matches) && a.Matches[documented].Documented() {
		documented++ // they come first
	}
	switch n := len(a.Matches); {
	case n == 0:
	case eventType(a.Matches):
		p.wrap("", fmt.Sprintf(p.say("An event of type %q is recorded for %s. Its error_code and error_name tell which: look those up."),
			a.Query, p.conditions(n)))
		p.candidates(a.Matches, false)
	case n == 1 || documented == 1:
		p.whole(a.Matches[0])
		if n > 1 {
			p.line("")
			p.line(p.bold(p.say("The same word can also stand for")))
			p.candidates(a.Matches[1:], n <= 1+mostDetailed)
		}
	default:
		first := a.Matches
		if documented > 0 {
			first = a.Matches[:documented]
		}
		p.line(p.bold(fmt.Sprintf(p.say("%q stands for %d conditions"), a.Query, len(first))))
		p.candidates(first, true)
		if rest := a.Matches[len(first):]; len(rest) > 0 {
			p.line("")
			p.line(p.bold(p.say("By our choice also for")))
			p.candidates(rest, false)
		}
		p.line("")
		p.line(p.say("The whole story of one of them:") + " redial explain " + a.Matches[0].Kind.ID)
	}
	if len(a.Fallbacks) > 0 {
		if len(a.Matches) > 0 {
			p.line("")
		}
		p.fallbacks(a)
	}
}

// eventType tells whether the word is a type of event and nothing else.
func eventType(list []dialect.Match) bool {
	for _, m := range list {
		for _, f := range m.Found {
			if f.Dialect != dialect.HMSEvents {
				return false
			}
		}
		if len(m.Found) == 0 {
			return false
		}
	}
	return true
}

// mostDetailed is how many further candidates are told in detail after the
// story of the first.
const mostDetailed = 3

// Kind prints the whole story of one fault.
func (p Printer) Kind(k *fault.Kind) { p.whole(dialect.Match{Kind: k}) }

func (p Printer) whole(m dialect.Match) {
	k := m.Kind
	p.line(p.bold(k.ID) + indent + k.TitleIn(p.Lang))
	p.where(m)
	prose := k.ProseIn(p.Lang)
	p.section("What happened", prose.What)
	p.section("Why", prose.Why)
	p.section("How to recognise it", prose.Sign)
	p.section("What to do", prose.Do)
	p.section("What to tell the user", k.UserText(p.Lang))
	p.line("")
	p.line(p.bold(p.say("In short")))
	p.pair("Area", p.say(string(k.Area))+", "+p.say(string(k.Category)))
	p.pair("Ends the session", p.say(map[bool]string{true: "yes: the app has to join again", false: "no"}[k.Terminal]))
	p.pair("Trying again", p.say(advice(k.Retry)))
	p.pair("Can be fixed by", p.list(k.FixedBy))
	p.pair("Operations", join(k.Ops))
	if k.Status != 0 {
		p.pair("HTTP status", strconv.Itoa(k.Status))
	}
	p.line("")
	p.line(p.bold(p.say("In each vocabulary")))
	for _, d := range dialect.All() {
		p.words(d, k)
	}
	if notes := dialect.NotesIn(k, p.Lang); len(notes) > 0 {
		p.line("")
		p.line(p.bold(p.say("Beware")))
		for _, n := range notes {
			p.wrap(indent, n)
		}
	}
	if len(k.CausedBy)+len(k.See)+len(k.LeadsTo()) > 0 {
		p.line("")
		p.line(p.bold(p.say("Related")))
		p.related("Can be caused by", k.CausedBy)
		var to []string
		for _, x := range k.LeadsTo() {
			to = append(to, x.ID)
		}
		p.related("Can lead to", to)
		p.related("See also", slices.DeleteFunc(slices.Clone(k.See), func(id string) bool { return slices.Contains(to, id) }))
	}
	p.line("")
	p.line(p.bold(p.say("Defined in")))
	for _, l := range k.Links {
		p.line(indent + l)
	}
}

// advice says what the retry advice means.
func advice(r fault.Retry) string {
	switch r {
	case fault.RetryNever:
		return "does not help"
	case fault.RetrySame:
		return "can help at once, with the same settings"
	case fault.RetryBackoff:
		return "can help after a pause, with the same settings"
	case fault.RetryUser:
		return "can help once the user has acted"
	case fault.RetryNewToken:
		return "needs a new token first"
	}
	return string(r)
}

// where says in which vocabularies the word that was asked for means this.
func (p Printer) where(m dialect.Match) {
	for _, f := range m.Found {
		p.wrap(indent, wordOf(f.Dialect, f.Candidate)+", "+p.say(f.Dialect.Title)+scopeOf(f.Candidate)+p.say(chosen(f.Source)))
	}
}

// words prints the words of one vocabulary for a kind.
func (p Printer) words(d *dialect.Dialect, k *fault.Kind) {
	if d == dialect.HMSEvents { // its rows follow from the operations, so they need no source
		var types []string
		for _, c := range d.RowsOf(k) {
			if !slices.Contains(types, c.Word.Name) {
				types = append(types, c.Word.Name)
			}
		}
		p.Hang(fmt.Sprintf("%s%-11s ", indent, d.Name), strings.Join(types, ", "))
		return
	}
	type line struct {
		c     dialect.Candidate
		words string
	}
	var lines []line
	for _, c := range d.RowsOf(k) { // one line for each word, whatever the number of methods
		w := wordOf(d, c)
		merged := false
		for i := range lines {
			if lines[i].words == w && lines[i].c.Spoken == c.Spoken && lines[i].c.Source == c.Source {
				lines[i].c.Methods = append(lines[i].c.Methods, c.Methods...)
				merged = true
			}
		}
		if !merged {
			lines = append(lines, line{c, w})
		}
	}
	for i, l := range lines {
		head := ""
		if i == 0 {
			head = d.Name
		}
		text := l.words + scopeOf(l.c)
		switch l.c.Source {
		case dialect.Fallback:
			text = p.say("no word of its own; would be ") + l.words
		default:
			text += p.say(chosen(l.c.Source))
		}
		text += p.say(pairing(l.c))
		if !l.c.Spoken {
			text += p.say(" (understood as well)")
		}
		p.Hang(fmt.Sprintf("%s%-11s ", indent, head), text)
	}
}

// wordOf is a word as people write it.
func wordOf(d *dialect.Dialect, c dialect.Candidate) string {
	var parts []string
	if c.Word.Code != 0 {
		parts = append(parts, strconv.Itoa(c.Word.Code))
	}
	if c.Word.Name != "" {
		parts = append(parts, c.Word.Name)
	}
	s := strings.Join(parts, " ")
	if other := c.OtherNames; len(other) > 0 {
		s += " (" + strings.Join(other, ", ") + ")"
	}
	return s
}

func scopeOf(c dialect.Candidate) string {
	if len(c.Methods) == 0 {
		return ""
	}
	var methods []string
	for _, m := range c.Methods {
		if !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	return " in " + strings.Join(methods, ", ")
}

// candidates prints a list of conditions, in detail with how to tell them apart.
func (p Printer) candidates(list []dialect.Match, detailed bool) {
	for _, m := range list {
		if !detailed {
			p.line(fmt.Sprintf("%s%-28s %s", indent, m.Kind.ID, m.Kind.TitleIn(p.Lang)))
			continue
		}
		p.line("")
		p.line(indent + p.bold(m.Kind.ID) + indent + m.Kind.TitleIn(p.Lang))
		for _, f := range m.Found {
			p.Hang(indent+indent+p.say("Said: "), wordOf(f.Dialect, f.Candidate)+", "+p.say(f.Dialect.Title)+scopeOf(f.Candidate)+p.say(chosen(f.Source)))
		}
		prose := m.Kind.ProseIn(p.Lang)
		p.Hang(indent+indent+p.say("What: "), prose.What)
		p.Hang(indent+indent+p.say("Tell: "), prose.Sign)
		p.Hang(indent+indent+p.say("Do:   "), prose.Do)
	}
}

// pairing says which part of a documented word is ours.
func pairing(c dialect.Candidate) string {
	switch {
	case c.Source != dialect.Documented || c.Pairing != dialect.Chosen:
		return ""
	case c.Ours != "":
		return " (the " + c.Ours + " is our choice)"
	}
	return " (joining the two is our choice)"
}

func chosen(s dialect.Source) string {
	if s == dialect.Chosen {
		return " (our choice)"
	}
	return ""
}

// fallbacks names the conditions for which the word would be said for want of
// another.
func (p Printer) fallbacks(a dialect.Answer) {
	var vocabularies []string
	for _, m := range a.Fallbacks {
		for _, f := range m.Found {
			if !slices.Contains(vocabularies, f.Dialect.Name) {
				vocabularies = append(vocabularies, f.Dialect.Name)
			}
		}
	}
	head := func(phrase string) string {
		return fmt.Sprintf(p.say(phrase), a.Query, strings.Join(vocabularies, p.say(" and ")), p.conditions(len(a.Fallbacks)))
	}
	if len(a.Matches) > 0 {
		var ids []string
		for _, m := range a.Fallbacks {
			ids = append(ids, m.Kind.ID)
		}
		p.wrap("", head("%q is also what %s would say for %s without a word of their own:"))
		p.wrap(indent, strings.Join(ids, ", "))
		return
	}
	p.wrap("", head("%q is what %s would say for %s without a word of their own:"))
	p.candidates(a.Fallbacks, false)
	p.line("")
	p.line(p.say("The message beside the code tells which. The whole story of one:") + " redial explain " + a.Fallbacks[0].Kind.ID)
}

func (p Printer) conditions(n int) string {
	if n == 1 {
		return p.say("1 condition")
	}
	return fmt.Sprintf(p.say("%d conditions"), n)
}

func (p Printer) related(head string, ids []string) {
	head = p.say(head)
	for _, id := range ids {
		if k := fault.Lookup(id); k != nil {
			p.line(fmt.Sprintf("%s%-17s %-26s %s", indent, head, id, k.TitleIn(p.Lang)))
			head = ""
		}
	}
}

func (p Printer) section(head, text string) {
	p.line("")
	p.line(p.bold(p.say(head)))
	p.wrap(indent, text)
}

func (p Printer) pair(name, value string) {
	p.Hang(fmt.Sprintf("%s%-17s ", indent, p.say(name)), value)
}

func (p Printer) list(parties []fault.Party) string {
	var words []string
	for _, party := range parties {
		words = append(words, p.say(string(party)))
	}
	return strings.Join(words, ", ")
}

func (p Printer) line(s string) { fmt.Fprintln(p.W, strings.TrimRight(s, " ")) }

// wrap breaks text at blanks, each line behind the same prefix.
func (p Printer) wrap(prefix, text string) { p.fill(prefix, prefix, text) }

// Hang breaks text at blanks, the first line behind a head and the others under it.
func (p Printer) Hang(head, text string) {
	p.fill(head, strings.Repeat(" ", len([]rune(head))), text)
}

func (p Printer) fill(first, rest, text string) {
	width := p.Width
	if width == 0 {
		width = 80
	}
	line := first
	empty := true
	for _, word := range strings.Fields(text) {
		if !empty && len([]rune(line))+1+len([]rune(word)) > width {
			p.line(line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	p.line(line)
}

func (p Printer) bold(s string) string {
	if p.Bold {
		return "\x1b[1m" + s + "\x1b[0m"
	}
	return s
}

func join[T ~string](in []T) string {
	out := make([]string, len(in))
	for i, x := range in {
		out[i] = string(x)
	}
	return strings.Join(out, ", ")
}
