// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/figures"
)

// workload is what is measured in one go, and gives one or more rows.
type workload struct {
	name string
	run  func(ctx context.Context, s server, api *webrtc.API, dir string, o options, t *table) error
}

var workloads = []workload{
	forwarding(load{true, 1, 30}),
	forwarding(load{true, 1, 60}),
	forwarding(load{true, 1, 150}),
	forwarding(load{false, 20, 20}),
	losing(load{true, 1, 10}, 0.05),
	joins(false, 200*time.Millisecond),
	joins(true, 1200*time.Millisecond),
	joins(true, 200*time.Millisecond),
}

// musts are what our own transport is held to, by row: a share of what the last server
// takes, or a figure of its own.
var musts = map[string]string{
	"video, 1 to 30: system calls of a packet":                                 "1.2",
	"video, 1 to 60: processor time of a packet, µs":                           "0.60 of it",
	"video, 1 to 60: memory of a subscriber, MiB":                              "0.6",
	"video, 1 to 150: processor time of a packet, µs":                          "0.60 of it",
	"audio, 20 to 20: processor time of a packet, µs":                          "0.75 of it",
	"video, 1 to 10, 5 % lost on the way: packets sent for one that is needed": "1.1",
	"join to first packet of audio, joins 200ms apart, p50, ms":                "0.40 of it",
	"join to first packet of video, joins 1.2s apart, p50, ms":                 "0.40 of it",
	"join to first packet of video, joins 200ms apart, p50, ms":                "0.40 of it",
}

func forwarding(l load) workload {
	return workload{l.String(), func(ctx context.Context, s server, api *webrtc.API, dir string, o options, t *table) error {
		c, err := measure(ctx, s, api, dir, l, o.window)
		if err != nil {
			return err
		}
		t.add(l.String()+": processor time of a packet, µs", s, c.perPacket)
		t.add(l.String()+": memory of a subscriber, MiB", s, c.memory/(1<<20))
		if c.calls > 0 {
			t.add(l.String()+": system calls of a packet", s, c.calls)
		}
		if c.lost > 0 {
			t.lost[s.name+", "+l.String()] += c.lost
		}
		return nil
	}}
}

func joins(video bool, gap time.Duration) workload {
	name := fmt.Sprintf("join to first packet of %s, joins %s apart, p50, ms", kind(video), gap)
	return workload{name, func(ctx context.Context, s server, api *webrtc.API, dir string, o options, t *table) error {
		took, err := joining(ctx, s, api, dir, video, o.joins, gap)
		if err != nil {
			return err
		}
		t.add(name, s, median(took))
		return nil
	}}
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// table is every figure of every round.
type table struct {
	servers []server
	rows    []string
	figures map[string]map[string][]float64 // by row and server, one a round
	lost    map[string]int64                // by server and load
}

func newTable(servers []server) *table {
	return &table{servers: servers, figures: map[string]map[string][]float64{}, lost: map[string]int64{}}
}

func (t *table) add(row string, s server, figure float64) {
	if t.figures[row] == nil {
		t.rows, t.figures[row] = append(t.rows, row), map[string][]float64{}
	}
	t.figures[row][s.name] = append(t.figures[row][s.name], figure)
}

// print gives each figure as the median of its rounds, and as a ratio to the last server's
// of the same round: the median, the least and the most.
func (t *table) print(w io.Writer) {
	base := t.servers[len(t.servers)-1].name
	fmt.Fprint(w, "| |")
	for _, s := range t.servers {
		fmt.Fprintf(w, " %s |", s.name)
	}
	for _, s := range t.servers[:len(t.servers)-1] {
		fmt.Fprintf(w, " %s / %s |", s.name, base)
	}
	fmt.Fprintf(w, " own must |\n|---|%s\n", strings.Repeat("---|", 2*len(t.servers)))
	for _, row := range t.rows {
		fmt.Fprintf(w, "| %s |", row)
		of := t.figures[row]
		for _, s := range t.servers {
			if len(of[s.name]) == 0 {
				fmt.Fprint(w, " – |")
				continue
			}
			fmt.Fprintf(w, " %.3g |", median(of[s.name]))
		}
		for _, s := range t.servers[:len(t.servers)-1] {
			var ratios []float64
			for i := range min(len(of[s.name]), len(of[base])) {
				ratios = append(ratios, of[s.name][i]/of[base][i])
			}
			if len(ratios) == 0 {
				fmt.Fprint(w, " – |")
				continue
			}
			fmt.Fprintf(w, " %.2f (%.2f to %.2f) |", median(ratios), slices.Min(ratios), slices.Max(ratios))
		}
		fmt.Fprintf(w, " %s |\n", musts[row])
	}
	for _, what := range slices.Sorted(maps.Keys(t.lost)) {
		fmt.Fprintf(w, "\n%s: %d packets were lost in all rounds.\n", what, t.lost[what])
	}
}

const (
	markBegin = "<!-- bench-media: written by make bench-media -->"
	markEnd   = "<!-- /bench-media -->"
)

// write puts the table between the marks of a file.
func (t *table) write(o options) error {
	return figures.Write(o.write, markBegin, markEnd, func(w io.Writer) {
		fmt.Fprintf(w, "%s, %d rounds, each server in turn, %s a window, %d joins a figure; %s; clients and servers on the same machine, over loopback.\n\n",
			time.Now().UTC().Format(time.DateOnly), o.rounds, o.window, o.joins, figures.Machine())
		t.print(w)
	})
}
