// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/rules.md as the rules say")

// TestTheRulesPage: docs/rules.md is what the rules say, by `make docs`.
func TestTheRulesPage(t *testing.T) {
	const path = "../../docs/rules.md"
	want := rulesPage()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/rules.md is not what the rules say; run: make docs")
	}
}

// surest is the word that a verdict of the rule can have at best.
func surest(r *Rule) Confidence {
	if slices.ContainsFunc(r.Needs, func(c *Clause) bool { return c.client }) {
		return Likely
	}
	return Proven
}

// rulesPage is all rules as Markdown.
func rulesPage() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("<!-- Written by make docs from internal/diagnose. Do not edit. -->")
	line("# The rules by which causes are told\n")
	line("One rule for each cause that [a diagnosis](why.md) can name. A cause is told when everything that its rule needs holds and nothing")
	line("that refutes it does. It is `proven` when also everything that supports it is known to hold, every rival is excluded, and both sides")
	line("have told of the failure; `likely` when something of that is missing; `possible` while a rival remains. What rests on the client's")
	line("word alone is never more than `likely`. A cause of the server's own hides what would be said of its clients. How often the rules are right")
	line("is in [diagnosis.md](diagnosis.md). These are the rules of %s.\n", Version)
	line("| cause | at best | who can act | to be told from |")
	line("|---|---|---|---|")
	for _, r := range Rules() {
		var who []string
		for _, a := range advice(r) {
			if w := string(a.Who); !slices.Contains(who, w) {
				who = append(who, w)
			}
		}
		line("| [`%s`](#%s) | %s | %s | %s |", r.Cause, anchor(r.Cause), surest(r), strings.Join(who, ", "), linked(r.Rivals))
	}
	for _, r := range Rules() {
		line("\n## %s\n", r.Cause)
		line("%s%s", sentence(r.Cause), map[bool]string{true: " This is trouble of the server's own."}[r.Own])
		line("\n| | |\n|---|---|")
		for _, part := range []struct {
			name string
			list []*Clause
		}{{"needs", r.Needs}, {"is surer when", r.Supports}, {"is refuted when", r.Refutes}} {
			for _, c := range part.list {
				from := map[bool]string{true: " (the client's word)"}[c.client]
				line("| %s | %s%s: `%s` |", part.name, cell(c.Asks), from, c.Fact)
			}
		}
		if len(r.Rivals) > 0 {
			line("| to be told from | %s |", linked(r.Rivals))
		}
		if r.Ask.Fact != "" {
			line("| would be settled by | `%s`: %s |", r.Ask.Fact, cell(r.Ask.How))
		}
		for _, a := range advice(r) {
			line("| what the %s can do | %s |", a.Who, cell(a.Text))
		}
	}
	return b.String()
}

func linked(causes []string) string {
	var list []string
	for _, id := range causes {
		text := "`" + id + "`"
		if _, ruled := Lookup(id); ruled {
			text = fmt.Sprintf("[%s](#%s)", text, anchor(id))
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// anchor is what a heading is called in a link.
func anchor(heading string) string { return strings.ReplaceAll(heading, ".", "") }

// cell is a text for a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
