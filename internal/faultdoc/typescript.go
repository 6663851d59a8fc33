// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
)

// typeScript renders the data of the TypeScript module: what a page needs to
// explain an error when the server cannot be asked.
func typeScript() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "// %s\n", comment)
	b.WriteString("import type { FaultData, VocabularyData } from \"./types\";\n\n")

	b.WriteString("/** The ids of all faults, as constants. */\nexport const FaultId = {\n")
	for _, k := range fault.All() {
		fmt.Fprintf(&b, "  %s: %q,\n", ConstantName(k.ID), k.ID)
	}
	b.WriteString("} as const;\n\n/** The id of a fault. */\nexport type FaultId = (typeof FaultId)[keyof typeof FaultId];\n\n")

	for _, list := range []struct {
		comment, name string
		values        []string
	}{
		{"The languages of what to tell the user.", "languages", fault.Languages()},
		{"The parts of a call that faults belong to.", "areas", words(fault.Areas())},
		{"The categories by which an app reacts.", "categories", words(fault.Categories())},
		{"The advice about trying again.", "retries", words(fault.Retries())},
		{"Who can put a fault right.", "parties", words(fault.Parties())},
		{"The operations of a call.", "operations", words(fault.Ops())},
		{"The vocabularies.", "dialects", dialectNames()},
	} {
		data, err := json.Marshal(list.values)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "/** %s */\nexport const %s = %s as const;\n\n", list.comment, list.name, data)
	}

	b.WriteString("export const faultData: readonly FaultData[] = [\n")
	for _, k := range fault.All() {
		user := map[string]string{}
		for _, lang := range fault.Languages() {
			user[lang] = k.UserText(lang)
		}
		if err := tsLine(&b, struct {
			ID         string            `json:"id"`
			Title      string            `json:"title"`
			Area       fault.Area        `json:"area"`
			Category   fault.Category    `json:"category"`
			What       string            `json:"what"`
			Why        string            `json:"why"`
			Sign       string            `json:"sign"`
			Do         string            `json:"do"`
			User       map[string]string `json:"user"`
			Operations []fault.Op        `json:"operations"`
			Terminal   bool              `json:"isTerminal"`
			Retry      fault.Retry       `json:"retry"`
			CanRetry   bool              `json:"canRetry"`
			FixedBy    []fault.Party     `json:"fixedBy"`
			Status     int               `json:"httpStatus,omitempty"`
		}{
			k.ID, k.Title, k.Area, k.Category, k.What, k.Why, k.Sign, k.Do, user, list(k.Ops),
			k.Terminal, k.Retry, k.CanRetry(), list(k.FixedBy), k.Status,
		}); err != nil {
			return nil, err
		}
	}
	b.WriteString("];\n\nexport const vocabularyData: readonly VocabularyData[] = [\n")
	for _, d := range dialect.All() {
		if err := tsVocabulary(&b, d); err != nil {
			return nil, err
		}
	}
	b.WriteString("];\n")
	return b.Bytes(), nil
}

// tsVocabulary renders one dialect. A word is a tuple: fault, operation,
// method, code, name, source, which half of the pair is ours, spoken.
func tsVocabulary(b *bytes.Buffer, d *dialect.Dialect) error {
	head, err := json.Marshal(struct {
		Name  string `json:"name"`
		Title string `json:"title"`
	}{d.Name, d.Title})
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "  {\n    ...%s,\n    methods: [\n", head)
	for _, m := range d.Methods() {
		b.WriteString("    ")
		if err := tsLine(b, []any{m.Name, m.Op, list(m.Aliases)}); err != nil {
			return err
		}
	}
	b.WriteString("    ],\n    otherNames: {\n")
	var codes []int
	for _, c := range d.Rows() {
		if len(c.OtherNames) == 0 || slices.Contains(codes, c.Word.Code) {
			continue
		}
		codes = append(codes, c.Word.Code)
		names, err := json.Marshal(c.OtherNames)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "      %q: %s,\n", strconv.Itoa(c.Word.Code), names)
	}
	b.WriteString("    },\n    words: [\n")
	for _, c := range d.Rows() {
		op, method := "", ""
		if len(c.Ops) > 0 {
			op = string(c.Ops[0])
		}
		if len(c.Methods) > 0 {
			method = c.Methods[0]
		}
		b.WriteString("    ")
		if err := tsLine(b, []any{c.Kind.ID, op, method, c.Word.Code, c.Word.Name, c.Source, c.Ours, c.Spoken}); err != nil {
			return err
		}
	}
	b.WriteString("    ],\n  },\n")
	return nil
}

func tsLine(b *bytes.Buffer, v any) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	fmt.Fprintf(b, "  %s,\n", bytes.TrimSpace(line.Bytes()))
	return nil
}

// ConstantName is the name of a fault's constant: "room.full" is RoomFull.
func ConstantName(id string) string {
	var b strings.Builder
	for _, part := range strings.FieldsFunc(id, func(r rune) bool { return r == '.' || r == '_' }) {
		b.WriteString(upper(part))
	}
	return b.String()
}

func dialectNames() []string {
	var names []string
	for _, d := range dialect.All() {
		names = append(names, d.Name)
	}
	return names
}

// seedCase is one word of one entry of the error documents, and the faults that
// the documents describe under it.
type seedCase struct {
	Row        string   `json:"row"`
	Dialect    string   `json:"dialect"`
	Method     string   `json:"method"`
	Word       string   `json:"word"`
	Documented []string `json:"documented"`
}

// cases renders what the TypeScript module is tested against: the same answers
// that package dialect gives, for every entry of the error documents.
func cases() ([]seedCase, error) {
	root, err := Root(".")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(root, "dialect", "testdata", "errors.csv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	var out []seedCase
	for _, r := range records[1:] {
		row, speaker, method, code, name, condition := r[0], r[2], r[3], r[4], r[5], r[6]
		d := dialect.ByName(speaker)
		op, _ := d.Op(method)
		if method == "general" {
			method, op = "", ""
		}
		texts := []string{code, name}
		if name == "n/a" {
			texts = []string{code}
		}
		if code == "" && name == "" {
			texts = []string{condition}
		}
		for _, text := range texts {
			if text == "" {
				continue
			}
			c := seedCase{Row: row, Dialect: d.Name, Method: method, Word: text, Documented: []string{}}
			for _, found := range d.Lookup(op, text) {
				if found.Source == dialect.Documented {
					c.Documented = append(c.Documented, found.Kind.ID)
				}
			}
			slices.Sort(c.Documented)
			out = append(out, c)
		}
	}
	return out, nil
}
