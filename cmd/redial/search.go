// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/when"
)

const searchHelp = `Finds people by a name, or a part of one, and a time in words: each of their attempts
to be in a room, those that worked too, with what became of it and why.

  redial search mia                            the last of whoever is called so
  redial search "mia yesterday 14:05"          half an hour either way
  redial search mia lang tue 9-11
  redial search mia last 2h -failed
  redial search -room consult today 14:00      somebody, in that room
  redial search 01a2f3c4-5d0d-8f2e-9c11-...    the failure or issue of that id, as redial why

Whole names come first, what failed before what worked, and what is near in time before
what is far. Attempts that failed before a name was known are guesses, and are called so.
Times are those of this machine's clock, shown and read: yesterday 14:05, Tue 9-11,
last 2h, this morning, 2026-01-31 14:00. A name that is a time stands in quotes of its
own: redial search '"sun" li'. The token is a management token ("redial token
management"), from -token or from REDIAL_TOKEN.`

// maxSearchWords is how many words a search may have.
const maxSearchWords = 24

func runSearch(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "search [flags] WORDS", searchHelp)
	q := admin.PeopleSearch{}
	f.StringVar(&q.Room, "room", "", "only to this "+roomUsage)
	f.Func("since", "only what was not over before this `TIME`, "+when.PointUsage, func(s string) (err error) { q.Since, err = when.Point(s, e.now()); return })
	f.Func("until", "only what had begun before this `TIME`, in the same forms", func(s string) (err error) { q.Until, err = when.Point(s, e.now()); return })
	var (
		failed = f.Bool("failed", false, "only attempts that did not get in")
		n      = f.Int("n", 20, "show so `MANY` attempts, up to 100")
		asJSON = f.Bool("json", false, "print the reply as JSON")
		server = newServerFlags(e, f, "")
	)
	words, err := f.parse(args, 0, maxSearchWords)
	if err != nil {
		return err
	}
	q.Text = strings.Join(words, " ")
	if len(words) == 1 && uuid.Validate(words[0]) == nil && !*asJSON {
		c, err := server.client(e, "redial token management")
		if err != nil {
			return err
		}
		d, err := c.Diagnoses.Get(ctx, words[0])
		if err != nil {
			return said(c, err)
		}
		p := whyPrinter{env: e, pages: true}
		return p.print([]incident{{root: d}})
	}
	if !f.given("since") && !f.given("until") {
		var span when.Span
		q.Text, span = when.Split(q.Text, e.now()) // by the clock of who asks
		q.Since, q.Until = span.Since, span.Until
		if span.IsZero() && q.Text != "" {
			q.Text = `"` + strings.ReplaceAll(q.Text, `"`, " ") + `"` // and no time to the server either
		}
	}
	switch {
	case *n < 1 || *n > 100:
		return usagef("-n %d is not a number from 1 to 100", *n)
	case q.Text == "" && q.Room == "" && q.Since.IsZero() && q.Until.IsZero():
		return usagef("whom or when is missing; such as: redial search \"mia yesterday 14:05\"")
	}
	q.Limit = *n
	if *failed {
		q.Outcome = admin.AttemptFailed
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	found, err := c.Diagnoses.Search(ctx, q)
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(found)
	}
	searchPrinter{whyPrinter{env: e}}.print(&found)
	return nil
}

// searchPrinter writes what a search has found for people.
type searchPrinter struct{ whyPrinter }

func (p searchPrinter) print(found *admin.PeopleFound) {
	out := p.env.stdout
	if len(found.Attempts) == 0 {
		fmt.Fprintln(p.env.stderr, "Nobody was found"+p.scope(&found.Understood)+".")
	}
	failure := ""
	for i := range found.Attempts {
		a := &found.Attempts[i]
		p.attempt(a, cmp.Or(a.UserName, a.User, "(no name)"))
		if failure == "" && a.Failure != nil {
			failure = a.Failure.ID
		}
	}
	if len(found.Perhaps) > 0 {
		fmt.Fprintln(out, "\nPerhaps, without a name (a guess):")
		for i := range found.Perhaps {
			a := &found.Perhaps[i]
			p.attempt(a, cmp.Or(a.UserName, a.User, "(no name)"))
			if a.Guess != nil {
				fmt.Fprintf(out, "  %s\n", clean(a.Guess.Says))
			}
			if failure == "" && a.Failure != nil {
				failure = a.Failure.ID
			}
		}
	}
	if failure != "" {
		fmt.Fprintf(out, "\nWhy: redial why -event %s\n", clean(failure))
	}
	if found.Hint != "" {
		fmt.Fprintln(p.env.stderr, clean(found.Hint))
	}
}

// attempt is an attempt in a line, wrapped under its time.
func (p searchPrinter) attempt(a *admin.Attempt, who string) {
	text := map[admin.AttemptOutcome]string{
		admin.AttemptFailed: "did not get in", admin.AttemptTrouble: "got in, and something failed", admin.AttemptFine: "got in, and nothing failed",
	}[a.Outcome]
	if v := a.Verdict; v != nil {
		text += fmt.Sprintf(": %s (%s)", v.Says, v.Confidence)
	} else if a.Failure != nil && a.Failure.Fault != "" {
		text += ": " + a.Failure.Fault
	}
	at := a.Began
	if a.Failure != nil && a.Outcome != admin.AttemptFine {
		at = a.Failure.Happened
	}
	where := ""
	if room := cmp.Or(a.RoomName, a.Room); room != "" {
		where = fmt.Sprintf(" in %q", room)
	}
	p.text().Hang(p.env.local(at).Format("Mon 02 Jan 15:04:05 MST")+"  ", clean(who+where+" "+text))
}

// scope is what was searched, for who found nobody.
func (p searchPrinter) scope(u *admin.Understood) string {
	var b strings.Builder
	if name := strings.Trim(u.Name, `"`); name != "" {
		fmt.Fprintf(&b, " by the name %q", name)
	}
	form := func(t time.Time) string { return p.env.local(t).Format("Mon 02 Jan 15:04 MST") }
	switch {
	case !u.Since.IsZero() && !u.Until.IsZero():
		fmt.Fprintf(&b, " from %s to %s", form(u.Since), form(u.Until))
	case !u.Since.IsZero():
		fmt.Fprintf(&b, " since %s", form(u.Since))
	case !u.Until.IsZero():
		fmt.Fprintf(&b, " until %s", form(u.Until))
	}
	return clean(b.String())
}
