// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package faultdoc_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheErrorMatrixIsComplete holds docs/error-matrix.md, which `make matrix`
// writes, against the error documents: each entry of 100ms, of Sceenic and of OpenTok has one row that says
// the same of it, none is without a verdict, and most were really provoked. docs/opentok.md
// counts its own.
func TestTheErrorMatrixIsComplete(t *testing.T) {
	data, err := os.ReadFile(root + "/docs/error-matrix.md")
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ err, condition, by, verdict string }
	rows, order := map[string]row{}, []string(nil)
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.Trim(strings.ReplaceAll(strings.TrimSpace(line), `\|`, "\x00"), "|"), " | ")
		id := strings.TrimSpace(cells[0])
		if !regexp.MustCompile(`^[A-Z]\d{3}[a-c]?$`).MatchString(id) {
			continue
		}
		if len(cells) != 8 {
			t.Fatalf("%d cells, want 8: %s", len(cells), line)
		}
		if _, twice := rows[id]; twice {
			t.Errorf("%s is there twice", id)
		}
		by, _, _ := strings.Cut(strings.TrimPrefix(cells[3], "**"), "**")
		rows[id] = row{cells[1], cells[2], by, cells[5]}
		order = append(order, id)
	}

	f, err := os.Open(root + "/dialect/testdata/errors.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	ways, openTok := map[string]int{}, map[string]int{}
	for _, r := range records[1:] {
		id, vocabulary, code, name, condition := r[0], r[2], r[4], r[5], r[6]
		if !strings.HasPrefix(vocabulary, "100ms-") && vocabulary != "sceenic" && vocabulary != "opentok" {
			continue
		}
		want = append(want, id)
		got, there := rows[id]
		if !there {
			continue // told below
		}
		if name == "n/a" {
			name = ""
		}
		if condition == "" {
			condition = name
		}
		if said := strings.TrimSpace(code + " " + name); got.err != said || got.condition != condition {
			t.Errorf("%s: the page says %q, %q; the documents %q, %q", id, got.err, got.condition, said, condition)
		}
		if good := map[string]bool{"pass": got.by != "not reachable", "not reachable": got.by == "not reachable"}; !good[got.verdict] {
			t.Errorf("%s: provoked by %q, verdict %q", id, got.by, got.verdict)
		}
		ways[got.by]++
		if vocabulary == "opentok" {
			openTok[got.by]++
		}
	}
	if !slices.Equal(order, want) {
		t.Errorf("the page has the rows\n%v, want\n%v", order, want)
	}
	if provoked := len(order) - ways["not reachable"]; len(want) != 194 || provoked < 186 {
		t.Errorf("%d rows, %d of them provoked; want 194, at least 186", len(want), provoked)
	}
	if ways["real cause"] <= ways["injection"] {
		t.Errorf("%d by real causes, %d by injection", ways["real cause"], ways["injection"])
	}
	if openTok["real cause"] < 60 {
		t.Errorf("%d of OpenTok's by real causes, want at least 60", openTok["real cause"])
	}
	page, err := os.ReadFile(root + "/docs/opentok.md")
	if err != nil {
		t.Fatal(err)
	}
	claim := fmt.Sprintf("Of 102 documented errors %d are provoked in Chromium: %d by a real cause, %d by injection and %d by a stubbed browser API",
		102-openTok["not reachable"], openTok["real cause"], openTok["injection"], openTok["stubbed browser API"])
	if !strings.Contains(strings.Join(strings.Fields(string(page)), " "), claim) {
		t.Errorf("docs/opentok.md does not say %q", claim)
	}
}
