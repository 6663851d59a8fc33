// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/figures"
)

// What is promised of every flood.
const (
	mostMemory = 256 << 20
	mostPing   = 200 * time.Millisecond
)

// row is what came of one flood.
type row struct {
	flood  flood
	memory int64   // at most, beyond what the server held at rest
	cpu    float64 // processors
	pings  []time.Duration
	lost   int64 // packets of sound
	silent int64 // packets that were due and did not come
	cut    int   // honest sessions that were interrupted
	found  string
	broken []string
}

func (r *row) ping() time.Duration {
	if len(r.pings) == 0 {
		return time.Hour
	}
	return r.pings[len(r.pings)*99/100]
}

// judge adds the promises that every flood may break.
func (r *row) judge() {
	hold := func(ok bool, format string, args ...any) {
		if !ok {
			r.broken = append(r.broken, fmt.Sprintf(format, args...))
		}
	}
	hold(r.memory < mostMemory, "memory")
	hold(r.ping() < mostPing, "ping")
	hold(r.lost+r.silent == 0, "sound")
	hold(r.cut == 0, "%d interruptions", r.cut)
}

func (r row) cells() []string {
	verdict := "yes"
	if len(r.broken) > 0 {
		verdict = "**no**: " + strings.Join(r.broken, ", ")
	}
	ping := "no answer"
	if len(r.pings) > 0 {
		ping = fmt.Sprintf("%.1f ms", float64(r.ping())/float64(time.Millisecond))
	}
	return []string{
		"`" + r.flood.name + "`: " + r.flood.what, fmt.Sprintf("%d MiB", max(0, r.memory)>>20), fmt.Sprintf("%.0f %%", 100*r.cpu),
		ping, fmt.Sprint(r.lost + r.silent), r.found, verdict,
	}
}

func (r row) String() string { return strings.Join(r.cells(), " | ") }

func printTable(w io.Writer, rows []row) {
	fmt.Fprintln(w, "| flood | memory | processor | ping, p99 | sound lost | and | held |\n|---|---|---|---|---|---|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r.cells(), " | "))
	}
}

const (
	markBegin = "<!-- attack: written by make attack -->"
	markEnd   = "<!-- /attack -->"
)

// writeTable puts the table between the marks of a page.
func writeTable(path string, rows []row, length time.Duration) error {
	return figures.Write(path, markBegin, markEnd, func(w io.Writer) {
		fmt.Fprintf(w, "%s, `make attack`, %s a flood unless it says otherwise: %s; server, attacker and call on the same machine.\n\n",
			time.Now().UTC().Format(time.DateOnly), length, figures.Machine())
		printTable(w, rows)
	})
}
