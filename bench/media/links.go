// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/figures"
)

// trouble is a room whose viewers are behind one line, or in front of a machine that is
// busy.
type trouble struct {
	name    string
	about   string
	way     way
	videos  int           // of three layers each
	viewers int           // of all videos
	busy    bool          // in the middle third every processor has four other things to do
	keys    time.Duration // how often somebody comes who needs a key frame; 0: never
}

const (
	kbit = 1e3
	mbit = 1e6
)

// troubles are the links that are measured, over a span of time.
func troubles(span time.Duration) []trouble {
	third := func(at time.Duration) int { return int(3 * at / span) }
	return []trouble{
		{name: "narrow", about: "700 kbit/s, 200 ms of queue", videos: 1, viewers: 1,
			way: way{rate: steady(700 * kbit), queue: 200 * time.Millisecond, delay: 20 * time.Millisecond}},
		{name: "steps", about: "3 Mbit/s, then 700 kbit/s, then 3 Mbit/s", videos: 1, viewers: 1,
			way: way{queue: 300 * time.Millisecond, delay: 20 * time.Millisecond, rate: func(at time.Duration) float64 {
				if third(at) == 1 {
					return 700 * kbit
				}
				return 3 * mbit
			}}},
		{name: "varies", about: "0.4 to 2.4 Mbit/s and back, every 20 s", videos: 1, viewers: 1,
			way: way{queue: 300 * time.Millisecond, delay: 20 * time.Millisecond, rate: func(at time.Duration) float64 {
				return 1.4*mbit + mbit*math.Cos(2*math.Pi*at.Seconds()/20)
			}}},
		{name: "loses", about: "20 Mbit/s, loses 5 % by chance", videos: 1, viewers: 1,
			way: way{rate: steady(20 * mbit), queue: 200 * time.Millisecond, delay: 20 * time.Millisecond, loss: 0.05}},
		{name: "delays", about: "20 Mbit/s, 30 to 90 ms of delay by chance, in order", videos: 1, viewers: 1,
			way: way{rate: steady(20 * mbit), queue: 200 * time.Millisecond, delay: 30 * time.Millisecond, jitter: 60 * time.Millisecond}},
		{name: "reorders", about: "20 Mbit/s, 30 to 60 ms of delay by chance, so that packets overtake others", videos: 1, viewers: 1,
			way: way{rate: steady(20 * mbit), queue: 200 * time.Millisecond, delay: 30 * time.Millisecond, jitter: 30 * time.Millisecond, reorder: true}},
		{name: "polices", about: "900 kbit/s and 30 kB at once; what comes on top is lost at once, and nothing waits", videos: 1, viewers: 1,
			way: way{rate: steady(900 * kbit), burst: 30_000, delay: 20 * time.Millisecond}},
		{name: "short", about: "2 Mbit/s, 60 ms of queue, and a key frame every 2 s, as for others who come", videos: 1, viewers: 1, keys: 2 * time.Second,
			way: way{rate: steady(2 * mbit), queue: 60 * time.Millisecond, delay: 20 * time.Millisecond}},
		{name: "shared", about: "three viewers behind 3 Mbit/s", videos: 1, viewers: 3,
			way: way{rate: steady(3 * mbit), queue: 300 * time.Millisecond, delay: 20 * time.Millisecond}},
		{name: "nine", about: "nine videos for a viewer behind 3 Mbit/s", videos: 9, viewers: 1,
			way: way{rate: steady(3 * mbit), queue: 300 * time.Millisecond, delay: 20 * time.Millisecond}},
		{name: "busy", about: "nine videos for a viewer, nothing in their way, on a machine whose processors each have four other things to do in the middle third", videos: 9, viewers: 1, busy: true,
			way: way{rate: steady(1000 * mbit), queue: time.Second}},
	}
}

// fits is what a line can carry of what is sent to those behind it, whatever sizes of layers
// there are.
func (c *trouble) fits(at time.Duration) float64 {
	n := float64(c.videos * c.viewers)
	return min(c.way.rate(at), n*ladderRates[len(ladderRates)-1])
}

// account is what became of a trouble with a server.
type account struct {
	use      float64 // of what fits, what arrived
	frozen   float64 // share of the time in which a video stood still
	delay    float64 // ms, of 95 in 100 packets at most
	switches float64 // of a video, a minute
	fair     float64 // Jain's index over the viewers; 1: all had as much
	bins     []float64
}

// endure puts a server through a trouble.
func endure(ctx context.Context, s server, api *webrtc.API, dir string, c trouble, span time.Duration) (a account, err error) {
	r, err := s.start(ctx, api, dir)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	var done cleanup
	defer done.all()
	during, over := context.WithCancel(ctx)
	defer over()
	for i := range c.videos {
		name := fmt.Sprintf("publisher-%d", i)
		video, err := newLadder(name)
		if err != nil {
			return a, err
		}
		if c.keys > 0 {
			go video.refresh(during, c.keys)
		}
		if err := joinAs(ctx, r, member{name: name, sources: []*source{video}}, &done); err != nil {
			return a, err
		}
	}
	pause(ctx, settleFor) // until the server knows every layer
	shared := newLine(c.way)
	behindIt, err := newBehind(shared)
	if err != nil {
		return a, err
	}
	viewing, err := newAPI(func(s *webrtc.SettingEngine) { s.SetNet(behindIt) })
	if err != nil {
		return a, err
	}
	viewers := make([]*viewer, c.viewers)
	for i := range viewers {
		viewers[i] = &viewer{begun: shared.opened}
		if err := joinAs(ctx, r.of(viewing), member{name: fmt.Sprintf("viewer-%d", i), got: viewers[i]}, &done); err != nil {
			return a, err
		}
	}
	reach := func(at time.Duration) { pause(ctx, time.Until(shared.opened.Add(at))) }
	if c.busy {
		reach(span / 3)
		stop, err := burden(4 * runtime.NumCPU())
		if err != nil {
			return a, err
		}
		reach(2 * span / 3)
		stop()
	}
	reach(span)
	for _, v := range viewers {
		v.end(time.Now())
	}
	return c.account(viewers, span), ctx.Err()
}

// burden gives the processors something to do.
func burden(n int) (stop func(), err error) {
	var all []*exec.Cmd
	stop = func() {
		for _, c := range all {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	for range n {
		c := exec.Command("sh", "-c", "while :; do :; done")
		if err := c.Start(); err != nil {
			stop()
			return nil, err
		}
		all = append(all, c)
	}
	return stop, nil
}

func (c *trouble) account(viewers []*viewer, span time.Duration) (a account) {
	a.bins = make([]float64, span/binOf)
	var delays, each []float64
	var screens, switches int
	var frozen time.Duration
	for _, v := range viewers {
		sum := 0.0
		for i, bits := range v.bins {
			if i < len(a.bins) {
				a.bins[i] += bits
				sum += bits
			}
		}
		each = append(each, sum)
		delays = append(delays, v.delays...)
		for _, s := range v.screens {
			screens++
			switches += s.switches
			frozen += s.frozen
		}
		frozen += time.Duration(c.videos-len(v.screens)) * span // those that never came
	}
	var fits, came float64
	for i, bits := range a.bins {
		fits += c.fits(time.Duration(i)*binOf) * binOf.Seconds()
		came += bits
	}
	total := float64(c.videos*c.viewers) * span.Seconds()
	a.use = came / fits
	a.frozen = frozen.Seconds() / total
	a.switches = float64(switches) / total * 60
	a.fair = fairness(each)
	if len(delays) > 0 {
		slices.Sort(delays)
		a.delay = delays[len(delays)*95/100]
	}
	return a
}

// fairness is Jain's index (DEC-TR-301): 1 where all have as much, 1/n where one has all.
func fairness(each []float64) float64 {
	var sum, squares float64
	for _, x := range each {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(each)) * squares)
}

// links puts each server through every trouble, and draws what they made of it.
func links(ctx context.Context, o options, servers []server, api *webrtc.API, dir string) error {
	all := troubles(o.span)
	accounts := make([]map[string][]account, len(all))
	for round := range o.rounds {
		for i, c := range all {
			if !strings.Contains(c.name, o.only) {
				continue
			}
			if accounts[i] == nil {
				accounts[i] = map[string][]account{}
			}
			for turn := range servers {
				s := servers[(turn+round)%len(servers)]
				fmt.Fprintf(os.Stderr, "%s round %d of %d, %s: %s\n", time.Now().Format(time.TimeOnly), round+1, o.rounds, s.name, c.name)
				a, err := endure(ctx, s, api, dir, c, o.span)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", s.name, c.name, err)
				}
				accounts[i][s.name] = append(accounts[i][s.name], a)
			}
		}
	}
	fmt.Println()
	printLinks(os.Stdout, all, servers, accounts)
	if o.write == "" {
		return nil
	}
	if err := drawLinks(filepath.Join(filepath.Dir(o.write), "links"), all, servers, accounts, o.span); err != nil {
		return err
	}
	return figures.Write(o.write, linksBegin, linksEnd, func(w io.Writer) {
		fmt.Fprintf(w, "%s, %s each, %d rounds, each server in turn; %s; clients, line and servers on the same machine.\n\n",
			time.Now().UTC().Format(time.DateOnly), o.span, o.rounds, figures.Machine())
		printLinks(w, all, servers, accounts)
		fmt.Fprintln(w)
		for i, c := range all {
			if accounts[i] != nil {
				fmt.Fprintf(w, "![%s: what arrived, over time](links/%s.svg)\n", c.name, c.name)
			}
		}
	})
}

const (
	linksBegin = "<!-- bench-links: written by make bench-links -->"
	linksEnd   = "<!-- /bench-links -->"
)

// printLinks writes a row for each trouble and server, of medians.
func printLinks(w io.Writer, all []trouble, servers []server, accounts []map[string][]account) {
	fmt.Fprintln(w, "| line | server | arrived of what fits, % | video stood still, % of the time | delay p95, ms | changes of layer, a minute | fairness |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	for i, c := range all {
		for _, s := range servers {
			of := accounts[i][s.name]
			if len(of) == 0 {
				continue
			}
			mid := func(f func(account) float64) float64 {
				var list []float64
				for _, a := range of {
					list = append(list, f(a))
				}
				return median(list)
			}
			fair := "–"
			if c.viewers > 1 {
				fair = fmt.Sprintf("%.2f", mid(func(a account) float64 { return a.fair }))
			}
			fmt.Fprintf(w, "| %s: %s | %s | %.0f | %.1f | %.0f | %.1f | %s |\n", c.name, c.about, s.name,
				100*mid(func(a account) float64 { return a.use }), 100*mid(func(a account) float64 { return a.frozen }),
				mid(func(a account) float64 { return a.delay }), mid(func(a account) float64 { return a.switches }), fair)
		}
	}
}
