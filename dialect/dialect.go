// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package dialect words every fault in each vendor's vocabulary, and finds the
// faults behind a vendor's word.
//
// A [Dialect] is a table keyed by (operation, fault). Projection is total: where
// a vendor has no word of its own, the table's fallback says what it would say.
// The way back, [Dialect.Lookup], returns all conditions that share a word,
// because a vendor's number seldom means one thing only. Nothing below this
// package knows a vendor's number or name.
//
// Numbers and names are the vendors'; every other word is ours.
package dialect

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redial-rtc/redial/fault"
)

// Word is how a vendor words one fault in one operation.
type Word struct {
	Code     int    `json:"code"`      // the vendor's number; 0 where it has none
	Name     string `json:"name"`      // the vendor's name; "" where it has none
	Terminal bool   `json:"terminal"`  // the session is over and the app must join again
	CanRetry bool   `json:"can_retry"` // joining or calling again with the same settings can work
}

// Source says where a row of a table comes from.
type Source string

// The sources.
const (
	Documented Source = "documented" // the vendor's error documents describe it; the row names the entries
	Live       Source = "live"       // a current SDK or page of the vendor uses it, beyond those documents
	Chosen     Source = "chosen"     // the vendor documents the word, and we decided that it fits this condition too
	Fallback   Source = "fallback"   // the vendor has no word for it and would say this
)

// Dialect is one vendor's vocabulary.
type Dialect struct {
	Name  string // how it is called in queries: "hms", "hms-ios", "opentok", "sceenic"
	Title string // how it is called in headings
	About string // what it covers, in one sentence

	aliases []string                                  // other names in queries
	methods []Method                                  // the vendor's words for operations
	rows    func() []row                              // the table, in reading order; the likeliest reading of a word first
	base    func(fault.Op, *fault.Kind) (int, string) // what is said where there is no row
	other   map[int][]string                          // further names of a code, in the vendor's other SDKs
	pairs   bool                                      // codes and names are listed apart, so a row says who joined them

	table func() []row // rows, made once
	words func() map[wordKey]Word
	found func() map[findKey][]Candidate
}

// Method is a vendor's word for an operation.
type Method struct {
	Name    string
	Op      fault.Op
	Aliases []string // other spellings
}

// row is one line of a table.
type row struct {
	op    fault.Op // "" for every operation
	kind  *fault.Kind
	code  int
	name  string
	mark  mark
	seeds string // the entries of the error documents that this row is about, separated by blanks

	method string // where only one of several methods of the operation says it
	also   bool   // understood, not spoken
}

// mark is the source of a row and, where a vendor lists codes and names apart,
// which of the two is documented for the condition.
type mark uint8

const (
	doc    mark = iota // documented; where there are code and name, both texts describe the condition
	paired             // both texts do, less clearly: that they belong together is our choice
	byCode             // the text of the code does; the name is our choice
	byName             // the text of the name does; the code is our choice
	live
	own
)

// say makes a row for every operation.
func say(k *fault.Kind, code int, name string, m mark, seeds ...string) row {
	return row{kind: k, code: code, name: name, mark: m, seeds: strings.Join(seeds, " ")}
}

// at makes a row for one operation.
func at(op fault.Op, r row) row { r.op = op; return r }

// also makes a row that is understood and not spoken.
func also(r row) row { r.also = true; return r }

// in makes a row that belongs to one method of its operation only.
func in(method string, r row) row { r.method = method; return r }

// Candidate is one condition that can be behind a vendor's word.
type Candidate struct {
	Kind       *fault.Kind
	Ops        []fault.Op // the operations in which the vendor uses the word for it; none means any
	Methods    []string   // the same in the vendor's words, where it has them
	Word       Word
	OtherNames []string // what the vendor's other SDKs call the code
	Source     Source
	Pairing    Source   // who joined code and name, where the vendor lists them apart: Documented or Chosen, else ""
	Ours       string   // which half of a chosen pair is ours: "code", "name", or "" for the pair as such
	Spoken     bool     // false where the word is understood and another one is spoken
	Rows       []string // the entries of the error documents that describe it
}

type wordKey struct {
	op   fault.Op
	kind *fault.Kind
}

type findKey struct{ scope, text string }

// newDialect prepares a dialect. Its indexes are made when they are first asked
// for, so that a program which asks for nothing pays nothing.
func newDialect(d Dialect) *Dialect {
	p := &d
	p.table = sync.OnceValue(p.rows)
	p.words = sync.OnceValue(p.index)
	p.found = sync.OnceValue(func() map[findKey][]Candidate { return share(p.reverse("")) })
	return p
}

// share has what is found alike under several keys in memory once, and without room for more:
// it stays for as long as the program runs.
func share(found map[findKey][]Candidate) map[findKey][]Candidate {
	alike := map[string][][]Candidate{} // by their conditions
	var b []byte
	for key, all := range found {
		b = b[:0]
		for _, c := range all {
			b = append(append(b, c.Kind.ID...), ' ')
		}
		lists := alike[string(b)]
		i := slices.IndexFunc(lists, func(have []Candidate) bool { return reflect.DeepEqual(have, all) })
		if i < 0 {
			i, lists = len(lists), append(lists, slices.Clone(all))
			alike[string(b)] = lists
		}
		found[key] = lists[i]
	}
	return found
}

// Speak words an occurrence.
func (d *Dialect) Speak(e *fault.Error) Word { return d.Word(e.Op, e.Kind) }

// Word words a kind in an operation: by the row for that operation, else the
// row for any operation, else the row for the kind's usual operation, else the
// vendor's fallback.
func (d *Dialect) Word(op fault.Op, k *fault.Kind) Word {
	words := d.words()
	if w, ok := words[wordKey{op, k}]; ok {
		return w
	}
	if w, ok := words[wordKey{"", k}]; ok {
		return w
	}
	code, name := d.base(op, k)
	return Word{Code: code, Name: name, Terminal: k.Terminal, CanRetry: k.CanRetry()}
}

// Lookup returns the conditions that can be behind a code or name, the
// likeliest first. With an operation, only those that the vendor words so in
// it, unless there are none; "" asks for any operation. Conditions for which
// the vendor merely falls back to the word come last. The slice is shared and
// must not be changed; the call allocates nothing for words in the vendor's own
// spelling.
func (d *Dialect) Lookup(op fault.Op, codeOrName string) []Candidate {
	return d.lookup(string(op), codeOrName)
}

func (d *Dialect) lookup(scope, text string) []Candidate { return find(d.found(), scope, text) }

// find prefers the scope to any, and the vendor's own spelling to another case.
func find(found map[findKey][]Candidate, scope, text string) []Candidate {
	if c, ok := found[findKey{scope, text}]; ok {
		return c
	}
	if c, ok := found[findKey{"", text}]; ok {
		return c
	}
	low := strings.ToLower(text)
	if low == text {
		return nil
	}
	if c, ok := found[findKey{scope, low}]; ok {
		return c
	}
	return found[findKey{"", low}]
}

// Identify finds the one condition behind an error as an SDK reports it, by its
// operation, code, name and message. A message that begins with or contains the
// title of a condition decides between those that share the code, because that
// is how this server words its refusals. False means that several conditions
// remain equally likely; the first of them is returned all the same.
func (d *Dialect) Identify(op fault.Op, code int, name, message string) (Candidate, bool) {
	found := d.Lookup(op, strconv.Itoa(code))
	if len(found) == 0 && name != "" {
		found = d.Lookup(op, name)
	}
	if len(found) == 0 {
		return Candidate{}, false
	}
	if message != "" {
		for _, c := range found {
			if strings.Contains(message, c.Kind.Title) {
				return c, true
			}
		}
	}
	for _, c := range found {
		if name != "" && c.Source != Fallback && strings.EqualFold(c.Word.Name, name) {
			return c, true
		}
	}
	return found[0], found[0].Source != Fallback || len(found) == 1
}

// Op returns the operation that a method of the vendor belongs to. It takes the
// vendor's spelling, in any case and with or without its object and brackets,
// and our own names of operations.
func (d *Dialect) Op(method string) (fault.Op, bool) {
	name := plain(method)
	for _, m := range d.methods {
		if plain(m.Name) == name {
			return m.Op, true
		}
		for _, a := range m.Aliases {
			if plain(a) == name {
				return m.Op, true
			}
		}
	}
	for _, op := range fault.Ops() {
		if plain(string(op)) == name {
			return op, true
		}
	}
	return "", false
}

// method is the vendor's word for an operation, or "".
func (d *Dialect) method(op fault.Op) string {
	for _, m := range d.methods {
		if m.Op == op {
			return m.Name
		}
	}
	return ""
}

// Methods returns the vendor's words for operations, in reading order.
func (d *Dialect) Methods() []Method { return slices.Clone(d.methods) }

// Rows returns the table as it is declared: one candidate for each row.
func (d *Dialect) Rows() []Candidate {
	table := d.table()
	out := make([]Candidate, len(table))
	for i := range table {
		out[i] = d.candidate(&table[i])
	}
	return out
}

// RowsOf returns the rows of one kind; when there are none, the fallback, whose
// Source says so.
func (d *Dialect) RowsOf(k *fault.Kind) []Candidate {
	var out []Candidate
	table := d.table()
	for i := range table {
		if table[i].kind == k {
			out = append(out, d.candidate(&table[i]))
		}
	}
	if out == nil {
		w := d.Word("", k)
		out = append(out, Candidate{Kind: k, Word: w, OtherNames: d.other[w.Code], Source: Fallback, Spoken: true})
	}
	return out
}

// Codes returns every code and name of the table, in reading order.
func (d *Dialect) Codes() []string {
	var out []string
	seen := map[string]bool{}
	add := func(s string) {
		if s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for _, r := range d.table() {
		if r.code != 0 {
			add(strconv.Itoa(r.code))
		}
		add(r.name)
		for _, n := range d.other[r.code] {
			add(n)
		}
	}
	return out
}

func (r *row) word() Word {
	return Word{Code: r.code, Name: r.name, Terminal: r.kind.Terminal, CanRetry: r.kind.CanRetry()}
}

func (d *Dialect) candidate(r *row) Candidate {
	c := Candidate{Kind: r.kind, Word: r.word(), OtherNames: d.other[r.code], Spoken: !r.also, Rows: strings.Fields(r.seeds)}
	if r.op != "" {
		c.Ops = []fault.Op{r.op}
	}
	switch {
	case r.method != "":
		c.Methods = []string{r.method}
	case r.op != "" && d.method(r.op) != "":
		c.Methods = []string{d.method(r.op)}
	}
	switch r.mark {
	case live:
		c.Source = Live
	case own:
		c.Source = Chosen
	default:
		c.Source = Documented
	}
	if d.pairs && r.code != 0 && r.name != "" {
		c.Pairing = Documented
		if r.mark != doc && r.mark != live {
			c.Pairing = Chosen
		}
		switch r.mark {
		case byCode:
			c.Ours = "name"
		case byName:
			c.Ours = "code"
		}
	}
	return c
}

// index maps (operation, kind) to what is spoken.
func (d *Dialect) index() map[wordKey]Word {
	words := map[wordKey]Word{}
	table := d.table()
	put := func(op fault.Op, r *row) {
		if _, taken := words[wordKey{op, r.kind}]; !taken {
			words[wordKey{op, r.kind}] = r.word()
		}
	}
	for i := range table {
		if r := &table[i]; !r.also {
			put(r.op, r)
		}
	}
	for i := range table { // the usual operation stands in for those without a row
		if r := &table[i]; !r.also {
			put("", r)
		}
	}
	return words
}

// entry is one way in which a condition is found: by any of the texts, under
// any of the scopes.
type entry struct {
	candidate Candidate
	mark      mark
	texts     []string
	scopes    []string // "" is any, the others are operations and plain names of methods
}

// collect lists the ways to every condition, in the order in which they count.
func (d *Dialect) collect() []entry {
	var out []entry
	table := d.table()
	for i := range table {
		r := &table[i]
		scopes := []string{""}
		if r.op == "" {
			for _, op := range r.kind.Ops {
				scopes = append(scopes, string(op))
			}
		} else {
			scopes = append(scopes, string(r.op))
		}
		if r.method != "" {
			scopes = append(scopes, plain(r.method))
		}
		out = append(out, entry{d.candidate(r), r.mark, d.texts(r.code, r.name), scopes})
	}
	// Where a kind has no row for an operation it can occur in, its usual row
	// stands in, and where it has none at all, the fallback.
	usual := map[*fault.Kind]*row{}
	for i := range table {
		if r := &table[i]; !r.also && (usual[r.kind] == nil || r.op == "" && usual[r.kind].op != "") {
			usual[r.kind] = r
		}
	}
	words := d.words()
	for _, k := range fault.All() {
		for _, op := range k.Ops {
			r := usual[k]
			if r == nil {
				w := d.Word(op, k)
				c := Candidate{Kind: k, Ops: []fault.Op{op}, Word: w, OtherNames: d.other[w.Code], Source: Fallback, Spoken: true}
				out = append(out, entry{c, own, d.texts(w.Code, w.Name), []string{"", string(op)}})
			} else if _, has := words[wordKey{op, k}]; !has {
				out = append(out, entry{d.candidate(r), r.mark, d.texts(r.code, r.name), []string{string(op)}})
			}
		}
	}
	return out
}

// reverse maps every code and name, in any and in each operation, to the
// conditions behind it. With a text, it does so for that one alone, in whatever
// case it is written, which is much less work.
func (d *Dialect) reverse(only string) map[findKey][]Candidate {
	found := map[findKey][]Candidate{}
	add := func(scope, text string, c Candidate) {
		key := findKey{scope, text}
		for i, have := range found[key] {
			if have.Kind == c.Kind { // once for each condition, with all its operations
				found[key][i] = merge(have, c)
				return
			}
		}
		found[key] = append(found[key], c)
	}
	for _, e := range d.collect() {
		for _, t := range e.texts {
			if only != "" && !strings.EqualFold(t, only) {
				continue
			}
			c := e.candidate
			_, notCode := strconv.Atoi(t)
			if e.mark == byCode && notCode != nil || e.mark == byName && notCode == nil {
				c.Source = Chosen
			}
			for _, s := range e.scopes {
				add(s, t, c)
				if low := strings.ToLower(t); low != t {
					add(s, low, c)
				}
			}
		}
	}
	return found
}

// texts returns what a word can be looked up by.
func (d *Dialect) texts(code int, name string) []string {
	var texts []string
	if code != 0 {
		texts = append(texts, strconv.Itoa(code))
		texts = append(texts, d.other[code]...)
	}
	if name != "" {
		texts = append(texts, name)
	}
	return texts
}

// merge joins two readings of one word as one condition.
func merge(a, b Candidate) Candidate {
	if len(a.Ops) == 0 || len(b.Ops) == 0 {
		a.Ops, a.Methods = nil, nil
	} else {
		a.Ops, a.Methods = union(a.Ops, b.Ops), union(a.Methods, b.Methods)
	}
	a.Rows = union(a.Rows, b.Rows)
	if b.Source == Documented {
		a.Source = Documented
	}
	return a
}

func union[T comparable](a, b []T) []T {
	out := append([]T(nil), a...)
next:
	for _, x := range b {
		for _, y := range out {
			if x == y {
				continue next
			}
		}
		out = append(out, x)
	}
	return out
}

// plain makes spellings of a method comparable: lower case, letters and digits.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, s)
}
