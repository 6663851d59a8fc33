// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/when"
)

const causesHelp = `Lists what fails by cause: how often, for how many people, since when, and whether it
is rising.

  redial causes                                 of the last 24 hours
  redial causes -since "7d ago"
  redial causes token.expired                   one of them: versions, and what sets its failures apart
  redial causes -mute token.expired -for 12h    not to be told of it for 12 hours
  redial causes -mute token.expired             until its failures of a day have doubled
  redial causes -unmute token.expired
  redial causes -changes                        what was changed: starts, settings, injections

The token is a management token, from -token or REDIAL_TOKEN.`

func runCauses(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "causes [CAUSE] [-mute CAUSE [-for TIME] | -unmute CAUSE | -changes] [flags]", causesHelp)
	q := admin.CausesFilter{}
	f.Func("since", "from this `TIME` on, "+when.PointUsage, func(s string) (err error) { q.Since, err = when.Point(s, e.now()); return })
	f.Func("until", "until this `TIME`, in the same forms", func(s string) (err error) { q.Until, err = when.Point(s, e.now()); return })
	var (
		mute    = f.String("mute", "", "mute this `CAUSE`, until its failures of 24 hours are twice those of now")
		lasting = f.Duration("for", 0, "with -mute, for this `TIME` instead, such as 12h")
		unmute  = f.String("unmute", "", "end the mute of this `CAUSE`")
		changes = f.Bool("changes", false, "list what was changed instead")
		asJSON  = f.Bool("json", false, "print what the server says as JSON")
		server  = newServerFlags(e, f, "")
	)
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	if len(rest) > 0 && (*mute != "" || *unmute != "" || *changes) {
		return usagef("CAUSE alone tells of one cause; -mute, -unmute and -changes stand without it")
	}
	if *lasting < 0 || *lasting > 0 && *mute == "" || *mute != "" && *unmute != "" {
		return usagef("-for goes with -mute and is positive; -mute and -unmute are opposites")
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	switch {
	case *unmute != "":
		return said(c, c.Diagnoses.UnmuteCause(ctx, *unmute))
	case *mute != "":
		var until time.Time
		if *lasting > 0 {
			until = time.Now().Add(*lasting)
		}
		m, err := c.Diagnoses.MuteCause(ctx, *mute, until)
		if err != nil {
			return said(c, err)
		}
		if m.Until != nil {
			fmt.Fprintf(e.stderr, "Muted until %s.\n", e.local(*m.Until).Format("Mon 02 Jan 15:04 MST"))
		} else {
			fmt.Fprintf(e.stderr, "Muted until there are %d failures within 24 hours.\n", m.Above)
		}
		return nil
	case *changes:
		found, err := c.Diagnoses.Annotations(ctx, q)
		if err != nil {
			return said(c, err)
		}
		for _, a := range found.Annotations {
			raw, err := json.Marshal(a.Data)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.stdout, "%s  %s  %s\n", e.local(a.At).Format("Mon 02 Jan 15:04:05 MST"), clean(a.Kind), clean(string(raw)))
		}
		return nil
	}
	asIs := func(found any) error {
		return json.NewEncoder(e.stdout).Encode(found)
	}
	if len(rest) > 0 {
		one, err := c.Diagnoses.Cause(ctx, rest[0], q)
		switch {
		case err != nil:
			return said(c, err)
		case *asJSON:
			return asIs(one)
		}
		return printCause(e, &one)
	}
	found, err := c.Diagnoses.Causes(ctx, q)
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		return asIs(found)
	}
	if len(found.Causes) == 0 && found.Unknown.Failures == 0 {
		fmt.Fprintln(e.stderr, "Nothing failed, or nothing that has a verdict.")
		return nil
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "failures\tpeople\tbefore\tfirst seen\tcause\t")
	for _, k := range found.Causes {
		note := ""
		switch {
		case k.Muted != nil:
			note = "muted"
		case k.New:
			note = "new"
		case k.Rising:
			note = "rising"
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s (%s)\t%s\n", k.Failures, k.Users, k.Before, e.local(k.First).Format("Mon 02 Jan 15:04 MST"), clean(k.Title), clean(k.Cause), note)
	}
	if u := found.Unknown; u.Failures > 0 {
		fmt.Fprintf(w, "%d\t%d\t\t\tthe cause is not known\t\n", u.Failures, u.Users)
	}
	return w.Flush()
}

// printCause prints what is known of one cause.
func printCause(e *env, k *admin.OneCause) error {
	const form = "Mon 02 Jan 15:04 MST"
	fmt.Fprintf(e.stdout, "%s (%s)\n\n", clean(k.Title), clean(k.Cause.Cause))
	if k.First.IsZero() {
		fmt.Fprintln(e.stdout, "There is none on record.")
		return nil
	}
	fmt.Fprintf(e.stdout, "first seen  %s\nlast seen   %s\n", e.local(k.First).Format(form), e.local(k.Last).Format(form))
	fmt.Fprintf(e.stdout, "failures    %d of %d people from %s to %s, %d in as long a time before\n", k.Failures, k.Users, e.local(k.Since).Format(form), e.local(k.Until).Format(form), k.Before)
	fmt.Fprintf(e.stdout, "by %-8s %v\n", clean(k.Bucket), k.Trend)
	for _, v := range k.Versions {
		fmt.Fprintf(e.stdout, "version     %s: %d of %d tries\n", clean(cmp.Or(v.Value, "not known")), v.Failed, v.Tries)
	}
	a := &k.Apart
	if a.Provoked > 0 {
		fmt.Fprintf(e.stdout, "provoked    %d, which are not compared\n", a.Provoked)
	}
	if a.Failed == 0 {
		return nil
	}
	if len(a.Values) == 0 {
		fmt.Fprintf(e.stdout, "\nNothing stands out among %d of %d tries.\n", a.Failed, a.Tries)
		return nil
	}
	fmt.Fprintln(e.stdout, "\nWhat sets them apart from all tries:")
	for _, v := range a.Values {
		fmt.Fprintf(e.stdout, "  %s %s: %d of %d (%.0f %%), of all tries %d of %d (%.0f %%)\n", clean(v.By), clean(v.Value),
			v.Failed, a.Failed, percentOf(v.Failed, a.Failed), v.Tries, a.Tries, percentOf(v.Tries, a.Tries))
	}
	return nil
}

func percentOf(n, of int64) float64 { return 100 * float64(n) / float64(max(of, 1)) }
