// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/when"
)

const attemptsHelp = `Lists tries to be in a room, those that worked and those that failed, the newest first,
by when they were made and not by when the server heard of them.

  redial attempts                                 the last ones
  redial attempts -room consult -since 14:00      of one room
  redial attempts -user "mia lang" -failed        of somebody, who did not get in
  redial attempts -since yesterday -oldest -n 99

Of each that failed, the failure that tells most, with its cause. "redial search" takes
a name and a time in words instead. The token is a management token, from -token or
REDIAL_TOKEN.`

func runAttempts(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "attempts [flags]", attemptsHelp)
	q := admin.AttemptFilter{}
	f.StringVar(&q.Room, "room", "", "only to this "+roomUsage)
	f.StringVar(&q.User, "user", "", "only of this `PERSON`, by a name, a part of one, or an id")
	f.Func("since", "only what was not over before this `TIME`, "+when.PointUsage, func(s string) (err error) { q.Since, err = when.Point(s, e.now()); return })
	f.Func("until", "only what had begun before this `TIME`, in the same forms", func(s string) (err error) { q.Until, err = when.Point(s, e.now()); return })
	f.IntVar(&q.Limit, "n", 20, "show so `MANY`, up to 99")
	f.StringVar(&q.Start, "start", "", "go on after a page, from the `NEXT` that it has in JSON")
	var (
		failed = f.Bool("failed", false, "only those that did not get in")
		oldest = f.Bool("oldest", false, "the oldest first")
		asJSON = f.Bool("json", false, "print the page as JSON")
		server = newServerFlags(e, f, "")
	)
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	if q.Limit < 1 || q.Limit > 99 {
		return usagef("-n %d is not a number from 1 to 99", q.Limit)
	}
	if *failed {
		q.Outcome = admin.AttemptFailed
	}
	if *oldest {
		q.Order = "asc"
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	page, err := c.Diagnoses.Attempts(ctx, q)
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(page)
	}
	p := searchPrinter{whyPrinter{env: e}}
	for i := range page.Attempts {
		a := &page.Attempts[i]
		p.attempt(a, cmp.Or(a.UserName, a.User, "(no name)"))
	}
	switch {
	case len(page.Attempts) == 0:
		fmt.Fprintln(e.stderr, "Nobody tried.")
	case page.Next != "":
		fmt.Fprintf(e.stderr, "There are more: -start %s\n", clean(page.Next))
	case page.More:
		fmt.Fprintln(e.stderr, "There are more; narrow the time or name the room.")
	}
	return nil
}
