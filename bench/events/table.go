// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/figures"
)

// row is one figure.
type row struct {
	part, what, figure string
	want               string // what is asked of it, "" for nothing
	ok                 bool
}

// table is what the program prints.
type table struct{ rows []row }

// note adds a figure nothing is asked of.
func (t *table) note(part, what, format string, args ...any) {
	t.rows = append(t.rows, row{part: part, what: what, figure: fmt.Sprintf(format, args...)})
	progress("%s: %s: %s", part, what, fmt.Sprintf(format, args...))
}

// hold adds a figure and whether it is what is asked.
func (t *table) hold(part, what, want string, ok bool, format string, args ...any) {
	t.rows = append(t.rows, row{part, what, fmt.Sprintf(format, args...), want, ok})
	progress("%s: %s: %s (%s: %t)", part, what, fmt.Sprintf(format, args...), want, ok)
}

func (t *table) print(w io.Writer) {
	fmt.Fprintln(w, "| | | measured | asked | |\n|---|---|---|---|---|")
	part := ""
	for _, r := range t.rows {
		verdict := ""
		if r.want != "" {
			verdict = "**no**"
			if r.ok {
				verdict = "yes"
			}
		}
		shown := r.part
		if shown == part {
			shown = ""
		}
		part = r.part
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", shown, r.what, r.figure, r.want, verdict)
	}
}

const (
	markBegin = "<!-- bench-events: written by make bench-events -->"
	markEnd   = "<!-- /bench-events -->"
)

// write puts the table between the marks of a file.
func (t *table) write(o options) error {
	return figures.Write(o.write, markBegin, markEnd, func(w io.Writer) {
		fmt.Fprintf(w, "%s, `make bench-events` with %s events: %s; load and server on the same machine.\n\n",
			time.Now().UTC().Format(time.DateOnly), count(o.events), figures.Machine())
		t.print(w)
	})
}

// count writes a number with its thousands apart.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// spread is how long things took.
type spread []time.Duration

func (s spread) at(part float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

func (s spread) String() string {
	return fmt.Sprintf("p50 %s, p99 %s", ms(s.at(0.5)), ms(s.at(0.99)))
}
