// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/when"
)

const timelineHelp = `Prints what happened in a session, in the order in which it happened, by the server's
clock: C is what a client told, S what the server saw, CS both.

  redial timeline 66ac0000000000000000c0de
  redial timeline -peer PEER SESSION
  redial timeline -from "yesterday 14:00" -to "yesterday 14:30" SESSION
  redial timeline -json SESSION                 the columns, for programs

Failures that are one trouble of one person are an incident. It is printed as its first
failure, with how many follow; -all prints each. The token is a management token, from
-token or REDIAL_TOKEN.`

func runTimeline(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "timeline [flags] SESSION", timelineHelp)
	q := admin.TimelineFilter{}
	f.StringVar(&q.Peer, "peer", "", "only of the `PEER` with this id")
	f.Func("from", "what happened at this `TIME` or later, "+when.PointUsage, func(s string) (err error) { q.From, err = when.Point(s, e.now()); return })
	f.Func("to", "what happened before this `TIME`, in the same forms", func(s string) (err error) { q.To, err = when.Point(s, e.now()); return })
	f.Func("as-known-at", "as the record was at this `TIME`: without what was told later", func(s string) (err error) { q.AsKnownAt, err = when.Point(s, e.now()); return })
	var (
		all    = f.Bool("all", false, "each failure of an incident")
		asJSON = f.Bool("json", false, "print the columns as JSON")
		server = newServerFlags(e, f, "")
	)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	t, err := c.Sessions.Timeline(ctx, rest[0], q)
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(t)
	}
	session, err := c.Sessions.Get(ctx, rest[0]) // for names
	if err != nil && !errors.Is(err, fault.SessionNotFound) {
		return said(c, err)
	}
	if err := e.timeline(&t, session.Peers, *all); err != nil {
		return err
	}
	if !t.Complete {
		fmt.Fprintln(e.stderr, "There is more than can be given; -from and -to narrow it.")
	}
	return nil
}

var laneMarks = map[string]string{"client": "C", "server": "S", "both": "CS"}

// timeline prints marks, one a line.
func (e *env) timeline(t *admin.Timeline, peers map[string]admin.SessionPeer, all bool) error {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	begun := map[int]bool{} // incidents
	for _, m := range t.All() {
		text := m.Type
		if m.Fault != "" {
			text += " " + m.Fault
		}
		if m.Incident >= 0 {
			in := &t.Incident[m.Incident]
			if begun[m.Incident] && !all {
				continue
			}
			if !begun[m.Incident] {
				begun[m.Incident] = true
				text = "✕ " + text
				if in.Confidence != "" {
					text += fmt.Sprintf(": %s (%s)", cmp.Or(in.Title, "the cause is not known"), in.Confidence)
				}
				if n := len(in.Marks) - 1; n > 0 {
					text += fmt.Sprintf(", and %d that follow until %s", n, e.local(in.Ended).Format(time.TimeOnly))
				}
				text += "  redial why -event " + in.ID
			}
		}
		if m.Told > 0 {
			text += fmt.Sprintf(" (told %v later)", m.Told.Round(time.Minute))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.local(m.At).Format("Mon 02 Jan 15:04:05.000"), laneMarks[m.Source], clean(cmp.Or(peers[m.Peer].Name, m.Peer, "-")), clean(text))
	}
	if len(t.Times) == 0 {
		fmt.Fprintln(e.stderr, "Nothing is on record.")
	}
	return w.Flush()
}
