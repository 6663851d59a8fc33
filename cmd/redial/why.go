// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/when"
)

const whyHelp = `Tells why calls failed: the cause, how sure that is, what it rests on, what else it
could have been and why it was not, and what each party can do.

  redial why -room consult                              a line for each failure
  redial why -room consult -user mia                    a page for hers
  redial why -user mia -at "yesterday 14:05"            the same, from whichever room
  redial why K7Q-2MF                                    by the reference that her page shows
  redial why -event 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5
  redial why 01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5       the same; also the id of OT.reportIssue()
  redial why -event 01a2f3c4-... -export case.json      for a bug report
  redial why case.json                                  what is to be said of that file
  redial why -room consult -user mia -share             a page to send her
  redial why -event 01a2f3c4-... -as-known-at "14:10"   without what was told later

Failures that follow from others are folded under them: a line that is cut is one
incident, however many tracks it took along. The newest are at the end, and times
are those of this machine's clock, shown and read. A file is explained by the rules
of this program, without a server. The token is a management token ("redial token
management"), from -token or from REDIAL_TOKEN; "redial dev" prints one.`

func runWhy(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "why [flags] [REFERENCE | FILE]", whyHelp)
	var v admin.DiagnosisFilter
	f.StringVar(&v.Room, "room", "", "only of this "+roomUsage)
	f.StringVar(&v.User, "user", "", "only of this `USER`, by the display name, a part of it, or the app's id")
	f.StringVar(&v.PeerID, "peer", "", "only of this peer, by `ID`")
	f.StringVar(&v.SessionID, "session", "", "only of this session, by `ID`")
	f.Func("since", "only taken at or after this `TIME`, "+when.PointUsage, func(s string) (err error) { v.Since, err = when.Point(s, e.now()); return })
	f.Func("until", "only taken before this `TIME`, in the same forms", func(s string) (err error) { v.Until, err = when.Point(s, e.now()); return })
	f.Func("at", "only taken about this `TIME`, in words: "+when.AroundUsage, func(s string) (err error) {
		v.Since, v.Until, err = when.Around(s, e.now())
		return
	})
	var (
		id     = f.String("event", "", "the failure with this `ID`, and no other")
		n      = f.Int("n", 0, "show the last `N` incidents (default 20 lines, or 3 pages)")
		export = f.String("export", "", "write the case of the last one that is shown to this `FILE`; - is the standard output")
		share  = f.Bool("share", false, "print a link to a page about the last one that is shown: in plain language, without ids, for whoever has the link")
		days   = f.Int("days", 0, "for how many `DAYS` the link of -share is good, 1 to 90 (default 7)")
		back   = f.String("unshare", "", "take the link with this `URL` back before its time")
		then   time.Time
		asJSON = f.Bool("json", false, "print each failure as one line of JSON")
		server = newServerFlags(e, f, "")
	)
	f.Func("as-known-at", "the failure of -event or of a file, as the record was at this `TIME`, "+when.PointUsage, func(s string) (err error) { then, err = when.Point(s, e.now()); return })
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	p := whyPrinter{env: e, asJSON: *asJSON}
	if len(rest) > 0 && v.User == "" {
		if code, ok := event.ReadReference(rest[0]); ok && !isFile(rest[0]) {
			v.Reference, rest = code, nil
		}
	}
	if len(rest) > 0 && *id == "" && uuid.Validate(rest[0]) == nil && !isFile(rest[0]) {
		*id, rest = rest[0], nil
	}
	if one := len(rest) > 0; one || *id != "" {
		what := map[bool]string{true: "a file", false: "-event"}[one]
		for _, name := range []string{"room", "user", "peer", "session", "since", "until", "at", "n"} {
			if f.given(name) {
				return usagef("-%s chooses among failures, and %s names one", name, what)
			}
		}
		if one && (*id != "" || *export != "" || *share) {
			return usagef("a file is explained as it is; -event, -export and -share ask a server")
		}
	}
	if len(rest) > 0 {
		return whyFile(e, rest[0], then, &p)
	}
	switch {
	case *n < 0:
		return usagef("-n %d is negative", *n)
	case *share && (*export != "" || *asJSON), *export != "" && *asJSON:
		return usagef("-share, -export and -json are three things to do; choose one")
	case !then.IsZero() && *id == "":
		return usagef("-as-known-at is about one failure: name it with -event")
	case f.given("days") && !*share:
		return usagef("-days is about the link of -share")
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	if *back != "" {
		return said(c, c.Diagnoses.EndShare(ctx, *back))
	}
	var found []incident
	if *id != "" {
		get := c.Diagnoses.Get
		if !then.IsZero() {
			get = func(ctx context.Context, id string) (admin.Diagnosis, error) {
				return c.Diagnoses.AsKnownAt(ctx, id, then)
			}
		}
		d, err := get(ctx, *id)
		if err != nil {
			return said(c, err)
		}
		found, p.pages = []incident{{root: d}}, true
	} else {
		if v.RoomID, err = knownRoom(ctx, c, v.Room); err != nil {
			return err
		}
		v.Room = ""
		p.pages = v.User != "" || v.PeerID != "" || v.Reference != ""
		if found, err = incidents(ctx, c, v, cmp.Or(*n, map[bool]int{false: 20, true: 3}[p.pages])); err != nil {
			return said(c, err)
		}
	}
	if len(found) == 0 {
		if !*asJSON {
			fmt.Fprintln(e.stderr, "No failure matches.")
			switch {
			case v.Reference != "" && v.Since.IsZero():
				fmt.Fprintln(e.stderr, "Of references, the newest 10,000 failures are searched; -at or -since choose others.")
			case v.User != "":
				fmt.Fprintln(e.stderr, "\"redial search\" finds people by a name and a time, also where nothing failed.")
			}
		}
		return nil
	}
	last := found[len(found)-1].root.Failure.ID
	if *share {
		link, err := c.Diagnoses.Share(ctx, last, *days)
		if err != nil {
			return said(c, err)
		}
		fmt.Fprintln(e.stdout, clean(link.URL))
		fmt.Fprintf(e.stderr, "It can be opened until %s.\n", p.day(link.ExpiresAt))
		return nil
	}
	if *export != "" {
		return exportCase(ctx, e, c, last, *export)
	}
	return p.print(found)
}

// knownRoom is findRoom for a room that may be gone: its failures are still there.
func knownRoom(ctx context.Context, c *admin.Client, word string) (string, error) {
	id, err := findRoom(ctx, c, word)
	if f := (*failure)(nil); errors.As(err, &f) {
		page, listed := c.Diagnoses.List(ctx, admin.DiagnosisFilter{Room: word, Limit: 1})
		if listed == nil && page.Total > 0 {
			return word, nil
		}
	}
	return id, err
}

// incident is a failure with those that follow from it, by when they happened.
type incident struct {
	root    admin.Diagnosis
	follows []admin.Diagnosis
}

// maxFolded is how many failures are asked for to find incidents among.
const maxFolded = 500

// incidents gives the last n incidents of the failures that match, by when they
// happened.
func incidents(ctx context.Context, c *admin.Client, v admin.DiagnosisFilter, n int) ([]incident, error) {
	v.Limit = min(perIncident*(n+1), whyPage)
	list, err := failures(ctx, c, v, n)
	if err == nil && v.Limit < whyPage && len(list) == v.Limit && len(fold(list)) <= n { // of a user there is one page
		v.Limit = whyPage
		list, err = failures(ctx, c, v, n)
	}
	if err != nil {
		return nil, err
	}
	found := fold(list)
	return found[max(0, len(found)-n):], nil
}

const (
	whyPage     = 50 // failures come at a time, at most
	perIncident = 4  // are expected of one, so that few are explained that are not shown
)

// failures asks for those that match, page after page, until they are more than n incidents:
// the earliest may have begun before.
func failures(ctx context.Context, c *admin.Client, v admin.DiagnosisFilter, n int) (list []admin.Diagnosis, err error) {
	for d, err := range c.Diagnoses.All(ctx, v) {
		if err != nil {
			return nil, err
		}
		if list = append(list, d); len(list) == maxFolded || len(list)%v.Limit == 0 && len(fold(list)) > n {
			break
		}
	}
	return list, nil
}

// fold puts failures under those that they follow from, as far as these are among
// them.
func fold(list []admin.Diagnosis) []incident {
	byID := make(map[string]*admin.Diagnosis, len(list))
	for i := range list {
		byID[list[i].Failure.ID] = &list[i]
	}
	root := func(d *admin.Diagnosis) string {
		for range list { // a server may be wrong, and lead in a circle
			next := byID[d.Verdict.Leads]
			if next == nil {
				break
			}
			d = next
		}
		return d.Failure.ID
	}
	place := map[string]int{}
	var found []incident
	for i := range list {
		if id := root(&list[i]); id == list[i].Failure.ID {
			place[id] = len(found)
			found = append(found, incident{root: list[i]})
		}
	}
	for i := range list {
		if id := root(&list[i]); id != list[i].Failure.ID {
			at, ok := place[id]
			if !ok { // of a circle
				place[id] = len(found)
				found = append(found, incident{root: list[i]})
				continue
			}
			found[at].follows = append(found[at].follows, list[i])
		}
	}
	byTime := func(a, b admin.Diagnosis) int {
		return cmp.Or(a.Failure.Happened.Compare(b.Failure.Happened), cmp.Compare(a.Failure.ID, b.Failure.ID))
	}
	for i := range found {
		slices.SortFunc(found[i].follows, byTime)
	}
	slices.SortFunc(found, func(a, b incident) int { return byTime(a.root, b.root) })
	return found
}

// exportCase writes the case of a failure to a file that is not there yet.
func exportCase(ctx context.Context, e *env, c *admin.Client, id, file string) error {
	d, err := c.Diagnoses.Export(ctx, id)
	if err != nil {
		return said(c, err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, d.Case, "", "  "); err != nil {
		return readReply(c, d.Case, &struct{}{})
	}
	b.WriteByte('\n')
	if file == "-" {
		_, err := e.stdout.Write(b.Bytes())
		return err
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and is left as it is; name another file", file)
	}
	if err != nil {
		return datafile.Fault(file, err)
	}
	_, err = out.Write(b.Bytes())
	if err = errors.Join(err, out.Close()); err != nil {
		return datafile.Fault(file, err)
	}
	fmt.Fprintf(e.stderr, "The case of %s is in %s. It has ids of people and rooms, and no names or addresses.\n", id, file)
	return nil
}

// whyFile explains an exported case.
func whyFile(e *env, file string, then time.Time, p *whyPrinter) error {
	raw, err := readCase(e, file)
	if err != nil {
		return err
	}
	found, err := diagnose.Read(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if !then.IsZero() {
		if found = found.AsKnownAt(then); found == nil {
			return fmt.Errorf("%s: the failure was not on record yet at that time", file)
		}
	}
	d, err := ofCase(found)
	d.AsKnownAt = then
	if err != nil {
		return err
	}
	p.pages = true
	return p.print([]incident{{root: d}})
}

func isFile(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func readCase(e *env, file string) ([]byte, error) {
	in := e.stdin
	if file != "-" {
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usagef("there is no file %s, and no reference is written so; a room is named with -room, a person with -user", strconv.Quote(file))
		}
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, diagnose.MaxCaseBytes+1))
}

// ofCase is a case and its verdict as a server would give them.
func ofCase(c *diagnose.Case) (admin.Diagnosis, error) {
	f := &c.Failure
	d := admin.Diagnosis{Failure: admin.Failure{
		ID: f.ID, At: f.At, Happened: f.When(), Type: "client." + f.Type + ".failed", Fault: f.Fault, Op: string(f.Op), Terminal: f.Terminal, Injected: f.Injected,
		Room: f.Room, Session: f.Session, Peer: f.Peer, User: strings.TrimLeft(f.User, "\x01\x02"), // without the mark of how it is proven
	}}
	if f.Type == "disconnect" {
		d.Failure.Type = admin.Disconnected
	}
	switch {
	case f.Client.Spoke() && f.Server != nil:
		d.Failure.Source = admin.FromBoth
	case f.Client.Spoke():
		d.Failure.Source = admin.FromClient
	default:
		d.Failure.Source = admin.FromServer
	}
	raw, err := json.Marshal(diagnose.Explain(c))
	if err == nil {
		err = json.Unmarshal(raw, &d.Verdict)
	}
	return d, err
}

// late is how much later than it happened a failure was told, if that is worth
// saying.
func late(f *admin.Failure) (time.Duration, bool) {
	d := f.At.Sub(f.Happened)
	return d, d > 2*time.Minute
}
