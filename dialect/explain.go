// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package dialect

import (
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// Answer is what the catalogue knows about a query.
type Answer struct {
	Query     string
	Matches   []Match // the conditions meant, the likeliest first
	Fallbacks []Match // conditions without a word of their own, for which a vendor would say this
}

// Match is one condition, and where the query's word means it.
type Match struct {
	Kind  *fault.Kind
	Found []Found // empty when the query was the id
}

// Found is one vocabulary in which the query's word means a condition.
type Found struct {
	Dialect *Dialect
	Candidate
}

// Documented tells whether a vendor's documents describe the condition under
// the word that was asked for.
func (m Match) Documented() bool {
	return slices.ContainsFunc(m.Found, func(f Found) bool { return f.Source == Documented })
}

// Shapes of a query, as told to those who get it wrong.
const queryShapes = `a fault id, or a code or name, alone or as DIALECT:WORD, METHOD:WORD or DIALECT:METHOD:WORD`

const maxQuery = 200 // bytes

// Explain finds what a query is about: a fault id ("room.full"), any vendor's
// code or name ("4005", "OT_TIMEOUT"), or one of a dialect and a method of it
// ("sceenic:106", "opentok:publish:1500", "getDisplayMedia:NotAllowedError").
// It fails with FieldInvalid for a query that is not of that shape and with
// CatalogueUnknown, which names the nearest words, when there is no such word.
func Explain(query string) (Answer, error) {
	a := Answer{Query: query}
	parts, err := split(query)
	if err != nil {
		return a, err
	}
	word := parts[len(parts)-1]
	if len(parts) == 1 {
		if k := fault.Lookup(strings.ToLower(word)); k != nil {
			a.Matches = []Match{{Kind: k}}
			return a, nil
		}
		for _, d := range All() {
			a.add(d, find(d.reverse(word), "", word))
		}
		return a, a.check(All(), word)
	}
	if d := ByName(parts[0]); d != nil {
		scope := ""
		if len(parts) == 3 {
			if scope, err = d.scope(parts[1]); err != nil {
				return a, err
			}
		}
		a.add(d, find(d.reverse(word), scope, word))
		return a, a.check([]*Dialect{d}, word)
	}
	if len(parts) == 3 {
		return a, fault.FieldInvalid.New("field", "q", "value", clip(parts[0]), "want", "a dialect: "+strings.Join(names(), ", "))
	}
	var asked []*Dialect
	for _, d := range All() {
		if scope, err := d.scope(parts[0]); err == nil {
			asked = append(asked, d)
			found := d.reverse(word)
			if in := found[findKey{scope, word}]; in != nil {
				a.add(d, in)
			} else {
				a.add(d, found[findKey{scope, strings.ToLower(word)}])
			}
		}
	}
	if asked == nil {
		return a, fault.FieldInvalid.New("field", "q", "value", clip(parts[0]), "want", "a dialect ("+strings.Join(names(), ", ")+") or a method of one")
	}
	return a, a.check(asked, word)
}

// split takes a query apart.
func split(query string) ([]string, error) {
	if len(query) > maxQuery {
		return nil, fault.FieldInvalid.New("field", "q", "max_bytes", maxQuery, "want", queryShapes)
	}
	parts := strings.Split(query, ":")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	if len(parts) > 3 || slices.Contains(parts, "") {
		return nil, fault.FieldInvalid.New("field", "q", "value", clip(query), "want", queryShapes)
	}
	return parts, nil
}

// scope finds under which heading of the index a method's words are.
func (d *Dialect) scope(m string) (string, error) {
	op, ok := d.Op(m)
	if !ok {
		var want []string
		for _, m := range d.methods {
			want = append(want, m.Name)
		}
		for _, op := range fault.Ops() {
			want = append(want, string(op))
		}
		return "", fault.FieldInvalid.New("field", "q", "value", clip(m), "want", "a method of "+d.Name+": "+strings.Join(want, ", "))
	}
	for _, r := range d.table() { // one of several methods of an operation
		if r.method != "" && (plain(r.method) == plain(m) || d.alias(r.method, m)) {
			return plain(r.method), nil
		}
	}
	return string(op), nil
}

// alias tells whether m is another spelling of the method.
func (d *Dialect) alias(name, m string) bool {
	for _, x := range d.methods {
		if x.Name == name {
			return slices.ContainsFunc(x.Aliases, func(a string) bool { return plain(a) == plain(m) })
		}
	}
	return false
}

// add sorts what a dialect found under the conditions.
func (a *Answer) add(d *Dialect, found []Candidate) {
	put := func(list []Match, c Candidate) []Match {
		for i := range list {
			if list[i].Kind == c.Kind {
				list[i].Found = append(list[i].Found, Found{d, c})
				return list
			}
		}
		return append(list, Match{Kind: c.Kind, Found: []Found{{d, c}}})
	}
	for _, c := range found {
		if c.Source == Fallback {
			a.Fallbacks = put(a.Fallbacks, c)
		} else {
			a.Matches = put(a.Matches, c)
		}
	}
}

// check puts what the documents describe before what was added to it, drops
// fallbacks that are matches as well, and fails when there is nothing at all.
func (a *Answer) check(asked []*Dialect, word string) error {
	slices.SortStableFunc(a.Matches, func(x, y Match) int {
		switch {
		case x.Documented() == y.Documented():
			return 0
		case x.Documented():
			return -1
		}
		return 1
	})
	a.Fallbacks = slices.DeleteFunc(a.Fallbacks, func(f Match) bool {
		return slices.ContainsFunc(a.Matches, func(m Match) bool { return m.Kind == f.Kind })
	})
	if len(a.Matches)+len(a.Fallbacks) > 0 {
		return nil
	}
	return fault.CatalogueUnknown.New("query", clip(a.Query), "nearest", Nearest(word, asked))
}

func names() []string {
	var out []string
	for _, d := range All() {
		out = append(out, d.Name)
	}
	return out
}

// clip keeps what strangers sent short.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.ToValidUTF8(s, "?")
}
