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
)

const showHelp = `Shows a failure again: the same cause on a test participant of the server's own, in a
room that is made for it and removed after, beside the record of the failure. A state of
the room or of the token is tried in earnest; other causes are provoked on the test
participant. Nobody in the room of the failure is touched.

  redial show 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5
  redial show -json 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5
  redial show -stop 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5    stop it

It takes a minute at most; Ctrl-C stops it. The server needs "inject.enabled", and the
token has to allow provoking faults ("redial token management -inject"), from -token or
from REDIAL_TOKEN.`

// showEvery is how often is looked how far it has come.
const showEvery = 500 * time.Millisecond

func runShow(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "show [flags] EVENT", showHelp)
	stop := f.Bool("stop", false, "stop the one that runs")
	asJSON := f.Bool("json", false, "print the result as JSON")
	server := newServerFlags(e, f, "")
	rest, err := f.parse(args, 0, 1)
	switch {
	case err != nil:
		return err
	case len(rest) != 1:
		return usagef("name the failure by the id of its event, as \"redial why\" prints it")
	}
	c, err := server.client(e, mintsInject)
	if err != nil {
		return err
	}
	if *stop {
		return said(c, c.Diagnoses.StopReproduction(ctx, rest[0]))
	}
	r, err := c.Diagnoses.Reproduce(ctx, rest[0])
	if err != nil {
		return said(c, err)
	}
	fmt.Fprintf(e.stderr, "%s\n", clean(r.About))
	for told := 0; ; {
		for ; told < len(r.Steps); told++ {
			fmt.Fprintf(e.stderr, "%s  %s\n", e.local(r.Steps[told].At).Format(time.TimeOnly), clean(r.Steps[told].Says))
		}
		if r.State != "running" {
			break
		}
		select {
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), devShutdown)
			defer cancel()
			return errors.Join(ctx.Err(), said(c, c.Diagnoses.StopReproduction(ending, rest[0])))
		case <-time.After(showEvery):
		}
		next, err := c.Diagnoses.Reproduction(ctx, rest[0])
		switch {
		case err == nil:
			r = next
		case ctx.Err() == nil:
			return said(c, err)
		}
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	return printReproduction(e, &r)
}

// printReproduction prints what the comparison tells, and each fact.
func printReproduction(e *env, r *admin.Reproduction) error {
	switch r.State {
	case "stopped":
		return errors.New("it was stopped")
	case "failed":
		return errors.New(r.Problem)
	}
	fmt.Fprintf(e.stdout, "%s\n\n", clean(r.Means))
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TOLD BY\tFACT\tHERS\tTHE TEST'S\t")
	for _, f := range r.Facts {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", clean(f.From), clean(f.Fact), clean(cmp.Or(f.Hers, "-")), clean(cmp.Or(f.Test, "-")), clean(f.Result))
	}
	return w.Flush()
}
