// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"

	"github.com/redial-rtc/redial/admin"
)

const auditHelp = `Lists who did what on a server by REST, the newest first: removals, mutes, locks, ends,
provoked faults, revoked tokens, links to failures, and what was searched for at the console.

  redial audit                 the last 100
  redial audit -n 1000 -json

An outcome is "done", the id of a fault, or "not known" where the server ended in between.
The token is a management token, from -token or REDIAL_TOKEN.`

func runAudit(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "audit [flags]", auditHelp)
	q := admin.AuditFilter{}
	f.IntVar(&q.Limit, "n", 100, "show so `MANY`, up to 1000")
	f.StringVar(&q.Start, "start", "", "go on after a page, from the `NEXT` that it has in JSON")
	asJSON := f.Bool("json", false, "print the page as JSON")
	server := newServerFlags(e, f, "")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	if q.Limit < 1 || q.Limit > 1000 {
		return usagef("-n %d is not a number from 1 to 1000", q.Limit)
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	page, err := c.Tokens.Audit(ctx, q)
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(page)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, d := range page.Audit {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", e.local(d.At).Format("Mon 02 Jan 15:04:05 MST"), clean(d.Action), clean(d.Target), clean(d.By), clean(cmp.Or(d.Outcome, "not known")))
	}
	return w.Flush()
}
