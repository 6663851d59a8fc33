// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/when"
)

const outcomesHelp = `Counts what became of tries to be in a room: who got in, who got in and had trouble, and
who did not, by cause. Each try is in one line, so the lines add up.

  redial outcomes                            of the last 24 hours
  redial outcomes -since today -room consult
  redial outcomes -since "6h ago" -bucket minute -json

Tries are counted where they began. The token is a management token, from -token or
REDIAL_TOKEN.`

func runOutcomes(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "outcomes [flags]", outcomesHelp)
	q := admin.OutcomesFilter{}
	f.StringVar(&q.Room, "room", "", "only to this "+roomUsage)
	f.Func("since", "what began at this `TIME` or later, "+when.PointUsage, func(s string) (err error) { q.Since, err = when.Point(s, e.now()); return })
	f.Func("until", "what began before this `TIME`, in the same forms", func(s string) (err error) { q.Until, err = when.Point(s, e.now()); return })
	f.StringVar(&q.Bucket, "bucket", "", "with -json, a series by `minute`, hour or day")
	asJSON := f.Bool("json", false, "print the counts as JSON")
	server := newServerFlags(e, f, "")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	o, err := c.Diagnoses.Outcomes(ctx, q)
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(o)
	}
	const form = "Mon 02 Jan 15:04 MST"
	fmt.Fprintf(e.stdout, "%d tries from %s to %s\n", o.Tries, e.local(o.Since).Format(form), e.local(o.Until).Format(form))
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(n int64, text string) { fmt.Fprintf(w, "%d\t  %s\n", n, clean(text)) }
	line(o.GotIn, "got in")
	line(o.Trouble, "got in, and something failed")
	for _, cause := range o.Causes {
		line(cause.Tries, fmt.Sprintf("did not: %s (%s)", cause.Title, cause.Cause))
	}
	line(o.Unknown.Unexplained, "did not, and the cause is not known")
	line(o.Unknown.Waiting, "did not, and there is no verdict yet")
	if o.Provoked > 0 {
		line(o.Provoked, "more, in which a failure was provoked on purpose: they are no tries")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if !o.Complete {
		fmt.Fprintln(e.stderr, "There were more tries than could be counted; these are the latest.")
	}
	return nil
}
