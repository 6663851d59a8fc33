// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/faultdoc"
)

const faultsHelp = `Lists the faults of the catalogue, each with the entries of the vendors' error
documents that it claims (I: 100ms for iOS, S: 100ms for web and Android, E: 100ms
events, W: Sceenic, O: OpenTok). With -dialect, lists a vocabulary: its words and
the faults behind each. With -write, writes the documentation into a directory: an
index, a page for each fault and each vocabulary, and everything as faults.json
with its schema.`

func runFaults(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "faults [-dialect NAME] [-area NAME] [-json | -words | -write DIR]", faultsHelp)
	name := f.String("dialect", "", "a vocabulary: "+strings.Join(dialectNames(), ", "))
	area := f.String("area", "", "only one area, such as auth or device")
	asJSON := f.Bool("json", false, "print one JSON object with everything that is known")
	words := f.Bool("words", false, "print every word that can be explained, one on a line")
	write := f.String("write", "", "write pages and JSON into this directory, which is made if it is not there")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	d := dialect.ByName(*name)
	switch {
	case *name != "" && d == nil:
		return noSuch("vocabulary", *name, dialectNames())
	case *area != "" && !slices.Contains(fault.Areas(), fault.Area(*area)):
		return noSuch("area", *area, texts(fault.Areas()))
	case *write != "" && (*name != "" || *area != "" || *asJSON || *words):
		return usagef("-write writes the whole catalogue; it goes with no other flag")
	}
	wanted := func(k *fault.Kind) bool { return *area == "" || k.Area == fault.Area(*area) }
	switch {
	case *write != "":
		n, err := faultdoc.Export(*write)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%d files in %s; begin with README.md\n", n, *write)
		return nil
	case *words:
		printWords(e.stdout, d)
		return nil
	case *asJSON:
		c := faultdoc.All()
		c.Dialects = slices.DeleteFunc(c.Dialects, func(v faultdoc.Vocabulary) bool { return d != nil && v.Name != d.Name })
		c.Faults = slices.DeleteFunc(c.Faults, func(x faultdoc.Entry) bool { return !wanted(fault.Lookup(x.ID)) })
		if d != nil {
			for i := range c.Faults {
				c.Faults[i].Words = slices.DeleteFunc(c.Faults[i].Words, func(w faultdoc.Spoken) bool { return w.Dialect != d.Name })
			}
			c.Faults = slices.DeleteFunc(c.Faults, func(x faultdoc.Entry) bool { return x.Words[0].Source == dialect.Fallback })
		}
		return printJSON(e, c)
	case d != nil:
		listVocabulary(e.stdout, d, wanted)
		return nil
	}
	listFaults(e.stdout, wanted)
	return nil
}

func dialectNames() []string {
	var names []string
	for _, d := range dialect.All() {
		names = append(names, d.Name)
	}
	return names
}

// listFaults prints the catalogue, by area.
func listFaults(w io.Writer, wanted func(*fault.Kind) bool) {
	claims := map[*fault.Kind][]string{}
	for _, d := range dialect.All() {
		for _, c := range d.Rows() {
			for _, id := range c.Rows {
				if !slices.Contains(claims[c.Kind], id) {
					claims[c.Kind] = append(claims[c.Kind], id)
				}
			}
		}
	}
	for _, area := range fault.Areas() {
		var lines []string
		for _, k := range fault.All() {
			if k.Area == area && wanted(k) {
				lines = append(lines, strings.TrimRight(fmt.Sprintf("  %-30s %-56s %s", k.ID, k.Title, strings.Join(claims[k], " ")), " "))
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(w, "%s\n%s\n\n", area, strings.Join(lines, "\n"))
		}
	}
	fmt.Fprintln(w, `"redial explain ID" tells the whole story of one.`)
}

// listVocabulary prints the table of a dialect, by its words.
func listVocabulary(w io.Writer, d *dialect.Dialect, wanted func(*fault.Kind) bool) {
	fmt.Fprintf(w, "%s\n%s\n\n", d.Title, d.About)
	last := ""
	for _, c := range d.Rows() {
		if !wanted(c.Kind) {
			continue
		}
		if head := strings.Join(c.Methods, ", "); head != last {
			fmt.Fprintf(w, "%s\n", cmp.Or(head, "any method"))
			last = head
		}
		code := ""
		if c.Word.Code != 0 {
			code = strconv.Itoa(c.Word.Code)
		}
		note := strings.Join(c.Rows, " ")
		if c.Source != dialect.Documented {
			note = string(c.Source)
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %6s %-42s %-30s %s", code, c.Word.Name, c.Kind.ID, note), " "))
	}
}

// printWords prints what "redial explain" knows, for other programs.
func printWords(w io.Writer, d *dialect.Dialect) {
	words := codesOf(d)
	if d == nil {
		for _, k := range fault.All() {
			words = append(words, k.ID)
		}
		slices.Sort(words)
	}
	for _, word := range slices.Compact(words) {
		fmt.Fprintln(w, word)
	}
}

// codesOf are the codes and names of a dialect, or of all when it is nil, in order.
func codesOf(d *dialect.Dialect) []string {
	var codes []string
	for _, x := range dialect.All() {
		if d == nil || x == d {
			codes = append(codes, x.Codes()...)
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, x := range in {
		out[i] = string(x)
	}
	return out
}
