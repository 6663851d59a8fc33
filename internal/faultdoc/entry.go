// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc

import (
	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

// Catalogue is the whole catalogue as JSON.
type Catalogue struct {
	Schema   string       `json:"$schema,omitempty"`
	Comment  string       `json:"$comment,omitempty"`
	Dialects []Vocabulary `json:"dialects"`
	Faults   []Entry      `json:"faults"`
}

// Vocabulary is one dialect.
type Vocabulary struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	About   string   `json:"about"`
	Vendor  bool     `json:"vendor"` // false for the two that stand beside the vendors' four
	Methods []string `json:"methods"`
}

// Entry is one fault with everything that is known of it.
type Entry struct {
	ID         string            `json:"id"`
	Title      string            `json:"title"`
	Area       fault.Area        `json:"area"`
	Category   fault.Category    `json:"category"`
	What       string            `json:"what"`
	Why        string            `json:"why"`
	Sign       string            `json:"sign"` // how to tell it from its neighbours
	Do         string            `json:"do"`   // what the developer does
	MessageKey string            `json:"message_key"`
	User       map[string]string `json:"user"` // what to tell the user, by language
	Operations []fault.Op        `json:"operations"`
	Terminal   bool              `json:"is_terminal"`
	Retry      fault.Retry       `json:"retry"`
	CanRetry   bool              `json:"can_retry"`
	FixedBy    []fault.Party     `json:"fixed_by"`
	CausedBy   []string          `json:"caused_by"`
	LeadsTo    []string          `json:"leads_to"`
	See        []string          `json:"see"`
	Links      []string          `json:"links"`
	Status     int               `json:"http_status,omitempty"`
	Words      []Spoken          `json:"words"`
	Notes      []string          `json:"notes"`
}

// Spoken is how one vocabulary words a fault.
type Spoken struct {
	Dialect    string         `json:"dialect"`
	Operations []fault.Op     `json:"operations"` // none means any
	Methods    []string       `json:"methods"`    // the same in the vendor's words
	Code       int            `json:"code,omitempty"`
	Name       string         `json:"name,omitempty"`
	OtherNames []string       `json:"other_names,omitempty"` // in the vendor's other SDKs
	Terminal   bool           `json:"is_terminal"`
	CanRetry   bool           `json:"can_retry"`
	Source     dialect.Source `json:"source"`
	Pairing    dialect.Source `json:"pairing,omitempty"` // who joined code and name, where the vendor lists them apart
	Ours       string         `json:"ours,omitempty"`    // which half of a chosen pair is ours: "code" or "name"
	Understood bool           `json:"understood_only"`   // another word is spoken
	Rows       []string       `json:"rows"`              // entries of the vendors' error documents
}

// All returns the whole catalogue, sorted by id.
func All() Catalogue {
	var c Catalogue
	vendors := dialect.Vendors()
	for _, d := range dialect.All() {
		v := Vocabulary{Name: d.Name, Title: d.Title, About: d.About, Methods: []string{}}
		for _, m := range d.Methods() {
			v.Methods = append(v.Methods, m.Name)
		}
		for _, x := range vendors {
			v.Vendor = v.Vendor || x == d
		}
		c.Dialects = append(c.Dialects, v)
	}
	for _, k := range fault.All() {
		c.Faults = append(c.Faults, NewEntry(k))
	}
	return c
}

// NewEntry gathers what is known of one fault.
func NewEntry(k *fault.Kind) Entry {
	e := Entry{
		ID: k.ID, Title: k.Title, Area: k.Area, Category: k.Category,
		What: k.What, Why: k.Why, Sign: k.Sign, Do: k.Do,
		MessageKey: k.MessageKey(), User: map[string]string{},
		Operations: list(k.Ops), Terminal: k.Terminal, Retry: k.Retry, CanRetry: k.CanRetry(),
		FixedBy: list(k.FixedBy), CausedBy: list(k.CausedBy), LeadsTo: []string{}, See: list(k.See),
		Links: list(k.Links), Status: k.Status, Words: []Spoken{}, Notes: list(dialect.Notes(k)),
	}
	for _, lang := range fault.Languages() {
		e.User[lang] = k.UserText(lang)
	}
	for _, other := range k.LeadsTo() {
		e.LeadsTo = append(e.LeadsTo, other.ID)
	}
	for _, d := range dialect.All() {
		for _, c := range d.RowsOf(k) {
			e.Words = append(e.Words, spoken(d, c))
		}
	}
	return e
}

func spoken(d *dialect.Dialect, c dialect.Candidate) Spoken {
	return Spoken{
		Dialect: d.Name, Operations: list(c.Ops), Methods: list(c.Methods), Code: c.Word.Code, Name: c.Word.Name,
		OtherNames: c.OtherNames, Terminal: c.Word.Terminal, CanRetry: c.Word.CanRetry,
		Source: c.Source, Pairing: c.Pairing, Ours: c.Ours, Understood: !c.Spoken, Rows: list(c.Rows),
	}
}

// Answer is the answer to a query as JSON.
type Answer struct {
	Query     string     `json:"query"`
	Matches   []Match    `json:"matches"`   // the conditions meant, the likeliest first
	Fallbacks []Fallback `json:"fallbacks"` // conditions without a word of their own, for which this would be said
}

// Match is one condition behind the query's word.
type Match struct {
	Fault Entry    `json:"fault"`
	Found []Spoken `json:"found"` // where the word means it; empty when the query was the id
}

// Fallback names a condition without telling all about it.
type Fallback struct {
	ID    string   `json:"id"`
	Title string   `json:"title"`
	Found []Spoken `json:"found"`
}

// NewAnswer turns an answer into its JSON form.
func NewAnswer(a dialect.Answer) Answer {
	out := Answer{Query: a.Query, Matches: []Match{}, Fallbacks: []Fallback{}}
	for _, m := range a.Matches {
		out.Matches = append(out.Matches, Match{Fault: NewEntry(m.Kind), Found: found(m)})
	}
	for _, m := range a.Fallbacks {
		out.Fallbacks = append(out.Fallbacks, Fallback{ID: m.Kind.ID, Title: m.Kind.Title, Found: found(m)})
	}
	return out
}

func found(m dialect.Match) []Spoken {
	out := []Spoken{}
	for _, f := range m.Found {
		out = append(out, spoken(f.Dialect, f.Candidate))
	}
	return out
}

// list makes an empty list where there is none, so that JSON has [] and not null.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}
