// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/figures"
)

func (o outcome) String() string {
	return fmt.Sprintf("%s: a server again after %s, media after %s", o.way, o.down.Round(time.Millisecond), spread(o.took, spell.both))
}

// spread words how long something took: the median, nine in ten, and the longest.
func spread(all []spell, of func(spell) time.Duration) string {
	took := make([]time.Duration, len(all))
	for i, s := range all {
		took[i] = of(s)
	}
	slices.Sort(took)
	at := func(part float64) float64 { return took[min(int(part*float64(len(took))), len(took)-1)].Seconds() }
	return fmt.Sprintf("%.2f, %.2f, %.2f s", at(0.5), at(0.9), at(1))
}

// print writes a row for each way.
func print(w io.Writer, all []outcome) {
	fmt.Fprintln(w, "| the server is | participants | a server again, s | sound again | picture again | longest gap | told that it is over |\n|---|---|---|---|---|---|---|")
	for _, way := range []way{stopped, killed} {
		var took []spell
		var down time.Duration
		ended := 0
		for _, o := range all {
			if o.way == way {
				took, down, ended = append(took, o.took...), max(down, o.down), ended+o.ended
			}
		}
		fmt.Fprintf(w, "| %s | %d | %.2f | %s | %s | %s | %d |\n", way, len(took), down.Seconds(),
			spread(took, func(s spell) time.Duration { return s.sound }), spread(took, func(s spell) time.Duration { return s.video }),
			spread(took, func(s spell) time.Duration { return s.gap }), ended)
	}
}

const (
	markBegin = "<!-- bench-restart: written by make bench-restart -->"
	markEnd   = "<!-- /bench-restart -->"
)

// load is how busy the machine was in the last 1, 5 and 15 minutes, with the
// measurement itself: what else ran decides most of the times.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(text)); err == nil && len(fields) >= 3 {
		return strings.Join(fields[:3], ", ")
	}
	return "unknown"
}

// write puts the table between the marks of a file.
func write(o options, all []outcome) error {
	return figures.Write(o.write, markBegin, markEnd, func(w io.Writer) {
		fmt.Fprintf(w, "%s, %d rooms of two, %d restarts of each kind, %d processors, %s; clients and server on the same machine, load averages %s.\n\n",
			time.Now().UTC().Format(time.DateOnly), o.rooms, o.rounds, runtime.NumCPU(), runtime.Version(), load())
		print(w, all)
	})
}
