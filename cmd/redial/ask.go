// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/redial-rtc/redial/admin"
)

const askHelp = `Asks the browser of whoever was there: prints a link to send. The page behind it finds
out within 20 seconds what that network lets through: media over UDP and over TCP, large
packets, each relay by itself, a socket that stays. It opens neither camera nor
microphone. What it finds hangs on the failure, and "redial why -event EVENT" tells the
verdict with it, and what it was before.

  redial ask 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5
  redial ask -hours 2 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5
  redial ask -wait 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5    and print the verdict when it is known
  redial ask -end https://video.example.org/p/AQGi...      take the link back

It tells most in the network of the failure; from another one it tells whether the
server can be reached. The token is a management token ("redial token management"), from
-token or from REDIAL_TOKEN.`

// askEvery is how often is looked whether a browser has answered.
const askEvery = 2 * time.Second

func runAsk(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "ask [flags] [EVENT]", askHelp)
	hours := f.Int("hours", 0, "for how many `HOURS` the link is good, 1 to 168 (default 24)")
	back := f.String("end", "", "take the link with this `URL` back before its time")
	wait := f.Bool("wait", false, "wait until a browser has answered, and print why the call failed")
	server := newServerFlags(e, f, "")
	rest, err := f.parse(args, 0, 1)
	switch {
	case err != nil:
		return err
	case (*back == "") != (len(rest) == 1):
		return usagef("name the failure by the id of its event, as \"redial why\" prints it; or -end and a link")
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	if *back != "" {
		return said(c, c.Diagnoses.EndAsk(ctx, *back))
	}
	before := 0
	if *wait {
		d, err := c.Diagnoses.Get(ctx, rest[0])
		if err != nil {
			return said(c, err)
		}
		before = answered(&d)
	}
	link, err := c.Diagnoses.Ask(ctx, rest[0], *hours)
	if err != nil {
		return said(c, err)
	}
	p := whyPrinter{env: e, pages: true}
	fmt.Fprintln(e.stdout, clean(link.URL))
	fmt.Fprintf(e.stderr, "It can be opened until %s.\n", p.day(link.ExpiresAt))
	for *wait {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(askEvery):
		}
		d, err := c.Diagnoses.Get(ctx, rest[0])
		if err != nil {
			return said(c, err)
		}
		if answered(&d) != before {
			fmt.Fprintln(e.stdout)
			return p.print([]incident{{root: d}})
		}
	}
	return nil
}

// answered tells apart how often browsers have answered, the last time by its number.
func answered(d *admin.Diagnosis) int {
	if len(d.Asked) == 0 {
		return 0
	}
	return int(d.Asked[len(d.Asked)-1].At.UnixMilli())
}
