// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

// edition is one form of the pages: what each says of its origin and where the
// name of a fault leads.
type edition struct {
	comment string
	link    func(*fault.Kind) string
	whole   bool // each fault has a page of its own
}

// The two editions: what people read in the repository, where the name of a
// fault leads to its line in the index, and what Export writes.
var (
	short = edition{comment: comment, link: func(k *fault.Kind) string { return "README.md#" + string(k.Area) }}
	whole = edition{comment: exportComment, link: func(k *fault.Kind) string { return k.ID + ".md" }, whole: true}
)

// pages renders the index, one page for each vocabulary and, in the whole
// edition, one page for each fault.
func (e edition) pages() map[string]string {
	out := map[string]string{"README.md": e.contents()}
	for _, d := range dialect.All() {
		out[d.Name+".md"] = e.vocabularyPage(d)
	}
	if e.whole {
		for _, k := range fault.All() {
			out[k.ID+".md"] = e.page(k)
		}
	}
	return out
}

func (e edition) start() *strings.Builder {
	var b strings.Builder
	fmt.Fprintf(&b, "<!-- %s -->\n\n", e.comment)
	return &b
}

// contents is the index of the faults and the vocabularies.
func (e edition) contents() string {
	b := e.start()
	fmt.Fprintf(b, "# Faults\n\n%s\n\n", lines(
		"Everything that can go wrong in a call. A condition has one meaning here and as many",
		"words as there are vendors: the pages of the vocabularies lead from one to the other.",
		"`redial explain WORD` tells the whole story of one at a terminal, and",
		"`GET /api/v1/explain?q=WORD` answers it as JSON.",
	))
	if e.whole {
		b.WriteString("[faults.json](faults.json) holds it all ([schema](faults.schema.json)).\n\n")
	} else {
		fmt.Fprintf(b, "%s\n\n", lines(
			"`redial faults -write DIR` writes this index with a page for each fault, and all of it as",
			"`faults.json` with its schema.",
		))
	}
	b.WriteString("## By vocabulary\n\n")
	for _, d := range dialect.All() {
		fmt.Fprintf(b, "- [%s](%s.md): %s\n", d.Title, d.Name, d.About)
	}
	b.WriteString(restReference)
	b.WriteString("\nRedial is not affiliated with any of these vendors; their codes and names are quoted so that\ncompatible software can be understood.\n")
	for _, area := range fault.Areas() {
		fmt.Fprintf(b, "\n## %s\n\n| Fault | | Ends the session | Trying again |\n| --- | --- | --- | --- |\n", upper(string(area)))
		for _, k := range fault.All() {
			if k.Area == area {
				name := k.ID
				if e.whole {
					name = e.named(k)
				}
				fmt.Fprintf(b, "| %s | %s | %s | %s |\n", name, cell(k.Title), yes(k.Terminal), k.Retry)
			}
		}
	}
	return b.String()
}

const restReference = `
## Over REST

The catalogue needs no token, may be read by pages of any allowed origin, is cacheable
(ETag, Cache-Control), and is limited per address.

| Call | Answer |
| --- | --- |
| ` + "`GET /api/v1/faults`" + ` | everything, as ` + "`redial faults -json`" + ` prints it; ` + "`area` and `category`" + ` keep a part of it |
| ` + "`GET /api/v1/faults/{id}`" + ` | one fault of it; 404 with ` + "`catalogue.unknown`" + ` and the nearest ids |
| ` + "`GET /api/v1/explain?q=WORD`" + ` | ` + "`{query, matches: [{fault, found}], fallbacks: [{id, title, found}]}`" + `: the conditions behind a word, the likeliest first; 400 for a malformed query, 404 with the nearest words for an unknown one |

In a page, ` + "`web/faults`" + ` holds the same as a TypeScript module: ` + "`explain(error)`" + ` takes an HMSException, an
OpenTok error, a DOMException and others, and returns the fault with ` + "`canRetry`, `isTerminal` and `userMessage`" + `.
`

// page tells the whole story of one fault.
func (e edition) page(k *fault.Kind) string {
	b := e.start()
	fmt.Fprintf(b, "# %s\n\n`%s`\n\n", k.Title, k.ID)
	for _, s := range [][2]string{
		{"What happened", k.What}, {"Why", k.Why}, {"How to recognise it", k.Sign}, {"What to do", k.Do},
	} {
		fmt.Fprintf(b, "## %s\n\n%s\n\n", s[0], s[1])
	}
	fmt.Fprintf(b, "## What to tell the user\n\nMessage key `%s`.\n\n| Language | Text |\n| --- | --- |\n", k.MessageKey())
	for _, lang := range fault.Languages() {
		fmt.Fprintf(b, "| %s | %s |\n", lang, cell(k.UserText(lang)))
	}
	b.WriteString("\n## In short\n\n| | |\n| --- | --- |\n")
	facts := [][2]string{
		{"Area", string(k.Area)},
		{"Category", string(k.Category)},
		{"Ends the session", yes(k.Terminal)},
		{"Trying again", advice(k.Retry) + " (`can_retry` is " + strconv.FormatBool(k.CanRetry()) + ")"},
		{"Can be fixed by", join(k.FixedBy)},
		{"Operations", join(k.Ops)},
	}
	if k.Status != 0 {
		facts = append(facts, [2]string{"HTTP status", strconv.Itoa(k.Status)})
	}
	for _, f := range facts {
		fmt.Fprintf(b, "| %s | %s |\n", f[0], cell(f[1]))
	}
	b.WriteString("\n## In each vocabulary\n\n| Vocabulary | Where | Code | Name | Source | Entries |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, d := range dialect.All() {
		for _, c := range d.RowsOf(k) {
			fmt.Fprintf(b, "| [%s](%s.md) | %s | %s | %s | %s | %s |\n", d.Title, d.Name,
				cell(strings.Join(c.Methods, ", ")), code(c.Word), cell(nameOf(d, c)), sourceOf(c), strings.Join(c.Rows, " "))
		}
	}
	if notes := dialect.Notes(k); len(notes) > 0 {
		b.WriteString("\n## Beware\n\n")
		for _, n := range notes {
			fmt.Fprintf(b, "- %s\n", n)
		}
	}
	var to []string
	for _, x := range k.LeadsTo() {
		to = append(to, x.ID)
	}
	if len(k.CausedBy)+len(to)+len(k.See) > 0 {
		b.WriteString("\n## Related\n\n")
		for _, r := range []struct {
			head string
			ids  []string
		}{{"Can be caused by", k.CausedBy}, {"Can lead to", to}, {"See also", k.See}} {
			if len(r.ids) > 0 {
				fmt.Fprintf(b, "- %s: %s\n", r.head, e.links(r.ids))
			}
		}
	}
	b.WriteString("\n## Defined in\n\n")
	for _, l := range k.Links {
		fmt.Fprintf(b, "- <%s>\n", l)
	}
	return b.String()
}

// vocabularyPage leads from a vendor's words to the faults and from there to
// the words of the other vendors.
func (e edition) vocabularyPage(d *dialect.Dialect) string {
	b := e.start()
	fmt.Fprintf(b, "# %s\n\n%s In queries it is called `%s`.\n\n", d.Title, d.About, d.Name)
	var others []*dialect.Dialect
	for _, o := range dialect.Vendors() {
		if o != d {
			others = append(others, o)
		}
	}
	fmt.Fprintf(b, "%s\n\n", lines(
		"One line for each condition behind a word. A word with several lines means several",
		"conditions; the page of each fault tells how to recognise it. Entries are those of the",
		"vendor's error document. Unmarked words are documented or seen in the vendor's current",
		"software, * is our choice among the vendor's words, and words in brackets are what the",
		"vendor would say for want of a word of its own.",
	))
	head, rule := "| Word | Where | Fault | Entries |", "| --- | --- | --- | --- |"
	for _, o := range others {
		head += " " + o.Title + " |"
		rule += " --- |"
	}
	fmt.Fprintf(b, "%s\n%s\n", head, rule)
	for _, w := range byWord(d) {
		first := w.text
		for _, c := range w.conditions {
			fmt.Fprintf(b, "| %s | %s | %s%s | %s |", first, cell(strings.Join(c.Methods, ", ")),
				e.named(c.Kind), star(c), strings.Join(c.Rows, " "))
			for _, o := range others {
				fmt.Fprintf(b, " %s |", equivalents(o, c.Kind, c.Ops))
			}
			b.WriteString("\n")
			first = ""
		}
	}
	return b.String()
}

// wordGroup is a vendor's word with the conditions behind it.
type wordGroup struct {
	text       string
	conditions []dialect.Candidate
}

// byWord groups a table by its words, in the order of the table.
func byWord(d *dialect.Dialect) []wordGroup {
	var out []wordGroup
	for _, c := range d.Rows() {
		text := strings.TrimSpace(code(c.Word) + " " + nameOf(d, c))
		at := slices.IndexFunc(out, func(w wordGroup) bool { return w.text == text })
		if at < 0 {
			at = len(out)
			out = append(out, wordGroup{text: text})
		}
		group := &out[at]
		same := slices.IndexFunc(group.conditions, func(x dialect.Candidate) bool {
			return x.Kind == c.Kind && x.Source == c.Source && x.Ours == c.Ours && x.Spoken == c.Spoken
		})
		if same < 0 {
			group.conditions = append(group.conditions, c)
			continue
		}
		have := &group.conditions[same]
		have.Methods = distinct(slices.Concat(have.Methods, c.Methods))
		have.Rows = distinct(slices.Concat(have.Rows, c.Rows))
		have.Ops = distinct(slices.Concat(have.Ops, c.Ops))
	}
	return out
}

// equivalents are the words of another vendor for a fault, in the same
// operations where that vendor tells them apart.
func equivalents(d *dialect.Dialect, k *fault.Kind, ops []fault.Op) string {
	rows := d.RowsOf(k)
	if rows[0].Source == dialect.Fallback {
		op := fault.Op("")
		if len(ops) > 0 {
			op = ops[0]
		}
		w := d.Word(op, k)
		return "(" + strings.TrimSpace(code(w)+" "+name(w)) + ")"
	}
	fits := func(c dialect.Candidate) bool {
		return len(ops) == 0 || len(c.Ops) == 0 ||
			slices.ContainsFunc(c.Ops, func(op fault.Op) bool { return slices.Contains(ops, op) })
	}
	rows = slices.SortedStableFunc(slices.Values(rows), func(a, b dialect.Candidate) int { // what is spoken comes first
		switch {
		case a.Spoken == b.Spoken:
			return 0
		case a.Spoken:
			return -1
		}
		return 1
	})
	var out []string
	for _, only := range []bool{true, false} {
		for _, c := range rows {
			if !only || fits(c) {
				out = append(out, strings.TrimSpace(code(c.Word)+" "+name(c.Word))+star(c))
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return cell(strings.Join(distinct(out), ", "))
}

func star(c dialect.Candidate) string {
	if c.Source == dialect.Chosen || c.Source == dialect.Documented && c.Pairing == dialect.Chosen {
		return "*"
	}
	return ""
}

func sourceOf(c dialect.Candidate) string {
	s := string(c.Source)
	switch {
	case c.Source == dialect.Documented && c.Pairing == dialect.Chosen && c.Ours != "":
		s += ", the " + c.Ours + " is our choice"
	case c.Source == dialect.Documented && c.Pairing == dialect.Chosen:
		s += ", joining code and name is our choice"
	}
	if !c.Spoken {
		s += ", understood only"
	}
	return s
}

func nameOf(d *dialect.Dialect, c dialect.Candidate) string {
	s := name(c.Word)
	if other := c.OtherNames; len(other) > 0 {
		s += " (`" + strings.Join(other, "`, `") + "`)"
	}
	return s
}

func name(w dialect.Word) string {
	if w.Name == "" {
		return ""
	}
	return "`" + w.Name + "`"
}

func code(w dialect.Word) string {
	if w.Code == 0 {
		return ""
	}
	return strconv.Itoa(w.Code)
}

// named is the id of a fault as a link.
func (e edition) named(k *fault.Kind) string { return fmt.Sprintf("[%s](%s)", k.ID, e.link(k)) }

func (e edition) links(ids []string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = e.named(fault.Lookup(id))
	}
	return strings.Join(out, ", ")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func lines(parts ...string) string { return strings.Join(parts, "\n") }

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// cell makes text safe inside a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func distinct[T comparable](in []T) []T {
	var out []T
	for _, x := range in {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}
