// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/when"
)

const eventsSummaryHelp = `Counts what went wrong: events, the users they hit, their share of the attempts to
join, and what has changed since an earlier window.

Windows are whole hours, the last day if you do not say; times are those of this
machine's clock, unless one names its zone, and with -json UTC. NEW marks what the
earlier window did not have, SPIKE what has grown more than chance explains; the
formula is in docs/analytics.md.`

func runEventsSummary(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "events summary [flags]", eventsSummaryHelp)
	v := url.Values{}
	set := func(name, parameter, usage string) {
		f.Func(name, usage, func(s string) error { v.Set(parameter, s); return nil })
	}
	set("by", "by", "group by `WORD`: "+strings.Join(eventjson.Dimensions(), ", ")+" (default fault)")
	f.Func("type", "only of this `TYPE`, such as client.publish.failed, or publish.failed for short; may be repeated (default every failure)", func(s string) error {
		v.Add("type", longType(s))
		return nil
	})
	moment := func(name, usage string) {
		f.Func(name, usage, func(s string) error {
			t, err := when.Point(s, e.now())
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
			return err
		})
	}
	moment("since", "from this `TIME` on, "+when.PointUsage+" (default a day)")
	moment("until", "up to this `TIME`, in the same forms (default now)")
	set("top", "top", "show the `N` groups with most events (default 10)")
	set("where", "where", "only events with this `DIMENSION:VALUE`, such as \"sdk_version:web 0.15.2\"")
	set("compare", "compare", "compare with `WINDOW`: previous, day or week")
	server := newServerFlags(e, f, "")
	asJSON := f.Bool("json", false, "print the reply as JSON, with its series")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := c.Do(ctx, http.MethodGet, "/api/v1/analytics/summary?"+v.Encode(), nil, &raw); err != nil {
		return said(c, err)
	}
	if *asJSON {
		return printReply(e, raw)
	}
	var s admin.Summary
	if err := readReply(c, raw, &s); err != nil {
		return err
	}
	p := eventPrinter{w: e.stdout, e: e, colours: e.isTerminal && e.getenv("NO_COLOR") == ""}
	_, err = io.WriteString(e.stdout, summaryText(&s, &p))
	return err
}

// longType completes the short form of a type.
func longType(s string) string {
	for _, t := range event.Types {
		if string(t) == "client."+s {
			return string(t)
		}
	}
	return s
}

// summaryText lays a summary out.
func summaryText(s *admin.Summary, p *eventPrinter) string {
	var b strings.Builder
	const day = "2006-01-02 15:04"
	fmt.Fprintf(&b, "%s to %s: %s, %s", p.e.local(s.Since).Format(day), p.e.local(s.Until).Format(day+" MST"), counted(s.Total.Events, "event"), counted(s.Total.Users, "user"))
	if j := s.Total.Joins; j != nil && j.Attempts != nil && *j.Attempts > 0 {
		fmt.Fprintf(&b, ", %d of %s to join failed (%s)", j.Failed, counted(*j.Attempts, "attempt"), percent(j.FailureRate))
	}
	b.WriteString("\n")
	marks := map[string]string{}
	if c := s.Compare; c != nil {
		fmt.Fprintf(&b, "before, %s to %s: %s", p.e.local(c.Since).Format(day), p.e.local(c.Until).Format(day), counted(*orZero(s.Total.Before), "event"))
		if !c.Complete {
			b.WriteString(" (not all of it is kept, so nothing is called new)")
		}
		b.WriteString("\n")
		for _, n := range c.New {
			marks[n.Value] = "NEW"
		}
		for _, n := range c.Spikes {
			marks[n.Value] = fmt.Sprintf("SPIKE z=%.1f", n.Z)
		}
	}
	if len(s.Groups) == 0 {
		return b.String()
	}
	const columns = "%-36s  %8s  %6s  %7s  %9s  %7s"
	head := fmt.Sprintf(columns, strings.ToUpper(strings.ReplaceAll(s.By, "_", " ")), "EVENTS", "SHARE", "USERS", "JOIN FAIL", "RATE")
	if s.Compare != nil {
		head += fmt.Sprintf("  %8s", "BEFORE")
	}
	b.WriteString("\n" + p.colour("2", head) + "\n")
	shown := map[string]bool{}
	for _, g := range s.Groups {
		shown[g.Value] = true
		failed, rate := "", ""
		if g.Joins != nil {
			failed, rate = strconv.FormatInt(g.Joins.Failed, 10), percent(g.Joins.FailureRate)
		}
		line := fmt.Sprintf(columns, unnamed(g.Value), strconv.FormatInt(g.Events, 10), percent(g.Share), strconv.FormatInt(g.Users, 10), failed, rate)
		if s.Compare != nil {
			line += fmt.Sprintf("  %8d", *orZero(g.Before))
		}
		if m := marks[g.Value]; m != "" {
			line = p.colour("31", line+"  "+m)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if more := s.Values - len(s.Groups); more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	if c := s.Compare; c != nil {
		for _, n := range append(c.Spikes, c.New...) {
			if !shown[n.Value] {
				b.WriteString(p.colour("31", fmt.Sprintf("%-36s  %8d  before %d  %s", unnamed(n.Value), n.Events, n.Before, marks[n.Value])) + "\n")
			}
		}
	}
	return b.String()
}

func unnamed(value string) string { return cmp.Or(clean(value), "(not said)") }

func orZero(n *int64) *int64 {
	if n == nil {
		return new(int64)
	}
	return n
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func percent(r *float64) string {
	if r == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", *r*100)
}
