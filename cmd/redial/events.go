// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/when"
)

const eventsHelp = `Shows what went wrong: failures the server saw and failures its clients reported,
and the tracks that were published. The newest are at the end.

Times are those of this machine's clock, shown and read, unless one names its
zone; with -json they are UTC. A filter that may be repeated matches any of its
values. The token is a management token ("redial token management"), from -token or from
REDIAL_TOKEN; "redial dev" prints one.

"redial events summary" counts them, and tells what has changed. "redial events
export", "import" and "migrate" work on the files of a server that is stopped.`

// eventsVerbs are what "redial events" does beside showing them.
var eventsVerbs = map[string]func(context.Context, *env, []string) error{
	"summary": runEventsSummary,
	"export":  runEventsExport,
	"import":  runEventsImport,
	"migrate": runEventsMigrate,
}

func eventsSubverbs() []string { return slices.Sorted(maps.Keys(eventsVerbs)) }

func runEvents(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 {
		if run, ok := eventsVerbs[args[0]]; ok {
			return run(ctx, e, args[1:])
		}
	}
	f := newFlags(e, "events [flags]", eventsHelp)
	var v admin.EventFilter
	f.StringVar(&v.RoomID, "room", "", "only of this "+roomUsage)
	f.StringVar(&v.SessionID, "session", "", "only of this session, by `ID`")
	f.StringVar(&v.PeerID, "peer", "", "only of this peer, by `ID`")
	f.StringVar(&v.UserID, "user", "", "only of this user, by the app's `ID`")
	name := f.String("name", "", "only of people whose display `NAME` this is, or a part of; it is looked for in the newest "+strconv.Itoa(maxSearched)+" events that match otherwise")
	f.Func("type", "only of this `TYPE`, such as client.publish.failed, or publish.failed for short; may be repeated", func(s string) error {
		v.Types = append(v.Types, longType(s))
		return nil
	})
	f.Func("fault", "only with this fault, by `ID`, such as room.full; may be repeated", func(s string) error {
		v.Faults = append(v.Faults, s)
		return nil
	})
	f.Func("diagnosis", "only failures whose verdict names this cause, by `ID`, such as network.media_blocked; may be repeated", func(s string) error {
		v.Diagnoses = append(v.Diagnoses, s)
		return nil
	})
	f.Func("confidence", "only failures whose verdict is this sure: `WORD` proven, likely, possible or \"not known\"; may be repeated", func(s string) error {
		v.Confidences = append(v.Confidences, s)
		return nil
	})
	f.Func("code", "only with this `NUMBER` as error code; may be repeated", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil {
			return errors.New("is not a number")
		}
		v.Codes = append(v.Codes, n)
		return nil
	})
	f.StringVar(&v.Dialect, "dialect", "", "give codes, names and texts in the words of this `DIALECT`, such as opentok (default hms)")
	f.StringVar(&v.SDK, "sdk", "", "only of this `SDK`, such as web")
	f.StringVar(&v.OS, "os", "", "only of this operating system, as the SDK spells it: `OS`")
	f.Func("since", "only taken at or after this `TIME`, "+when.PointUsage, func(s string) (err error) { v.Since, err = when.Point(s, e.now()); return })
	f.Func("until", "only taken before this `TIME`, in the same forms", func(s string) (err error) { v.Until, err = when.Point(s, e.now()); return })
	f.Func("happened-since", "only what happened at or after this `TIME`, as well as that is known, whenever it was told", func(s string) (err error) { v.HappenedSince, err = when.Point(s, e.now()); return })
	f.Func("happened-until", "only what happened before this `TIME`", func(s string) (err error) { v.HappenedUntil, err = when.Point(s, e.now()); return })
	f.BoolVar(&v.Errors, "errors", false, "only failures, no tracks")
	var (
		server   = newServerFlags(e, f, "")
		terminal = f.Bool("terminal", false, "only failures after which the client gave up")
		n        = f.Int("n", 20, "show the last `N`; 0 shows all")
		follow   = f.Bool("follow", false, "go on showing events as they come")
		asJSON   = f.Bool("json", false, "print each event as one line of JSON, with what each side told of it")
	)
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return noSuch("thing to do with events", rest[0], eventsSubverbs())
	}
	if *terminal {
		v.Terminal = terminal
	}
	v.Halves = *asJSON
	if *n < 0 {
		return usagef("-n %d is negative", *n)
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	if v.RoomID, err = findRoom(ctx, c, v.RoomID); err != nil {
		return err
	}
	search := eventSearch{EventFilter: v, name: strings.ToLower(*name)}
	p := eventPrinter{w: e.stdout, e: e, asJSON: *asJSON, colours: e.isTerminal && e.getenv("NO_COLOR") == ""}
	if *follow {
		return followEvents(ctx, e, c, search, *n, &p)
	}
	shown, err := lastEvents(ctx, e, c, search, *n, &p)
	if err == nil && shown == 0 && !*asJSON {
		fmt.Fprintln(e.stderr, "No events match.")
	}
	return err
}

// maxSearched is how many events are searched for a display name, which no store
// keeps an index of.
const maxSearched = 10_000

// eventSearch is a filter with what this end looks for itself.
type eventSearch struct {
	admin.EventFilter
	name string // a part of the display name, in small letters
}

func (s *eventSearch) matches(e *admin.Event) bool {
	return s.name == "" || strings.Contains(strings.ToLower(e.Data.UserName), s.name)
}

// lastEvents shows the last n events that match, or all when n is 0, the newest
// last, and returns how many there were.
func lastEvents(ctx context.Context, e *env, c *admin.Client, s eventSearch, n int, p *eventPrinter) (int, error) {
	if n == 0 && s.name == "" { // as they come: nobody wants to wait for the whole history
		shown := 0
		for e, err := range c.Events.All(ctx, s.EventFilter) {
			if err != nil {
				return shown, said(c, err)
			}
			if err := p.print(e); err != nil {
				return shown, err
			}
			shown++
		}
		return shown, nil
	}
	s.Order, s.Limit = admin.NewestFirst, event.MaxLimit
	if s.name == "" {
		s.Limit = min(n, s.Limit)
	}
	var some []admin.Event // all at once, so that the columns are as wide as they must be
	searched := 0
	for one, err := range c.Events.All(ctx, s.EventFilter) {
		if err != nil {
			return 0, said(c, err)
		}
		if s.matches(&one) {
			some = append(some, one)
		}
		if searched++; len(some) == n && n > 0 {
			break
		}
		if searched == maxSearched && s.name != "" {
			fmt.Fprintf(e.stderr, "The newest %d events have been searched; -until, -room and the like choose others.\n", searched)
			break
		}
	}
	slices.Reverse(some)
	return len(some), p.printAll(some)
}

// followEvents shows the last n events and then each that comes, until Ctrl-C.
func followEvents(ctx context.Context, e *env, c *admin.Client, s eventSearch, n int, p *eventPrinter) error {
	lost := func(_ error, wait time.Duration) {
		fmt.Fprintf(e.stderr, "The connection is lost; trying again in %v.\n", wait)
	}
	for one, err := range c.Events.Follow(ctx, s.EventFilter, admin.FollowOptions{Past: n, OnLost: lost}) {
		if err != nil {
			return said(c, err)
		}
		if !s.matches(&one) {
			continue
		}
		if err := p.print(one); err != nil {
			return err
		}
	}
	return nil
}

// eventPrinter writes events for people or for programs.
type eventPrinter struct {
	w       io.Writer
	e       *env // whose zone times are shown in
	asJSON  bool
	colours bool
	begun   bool
	widths  []int // of the columns but the last; nil: those of eventColumns
}

// eventColumns are the columns, how wide they are when it is not known what
// follows, and how wide they become at most.
var eventColumns = []struct {
	name        string
	width, most int
}{
	{"TIME", 23, 23}, {"EVENT", 20, 24}, {"CODE", 5, 8}, {"NAME", 24, 32}, {"FAULT", 24, 32}, {"ROOM", 24, 32}, {"WHO", 24, 32}, {"SOURCE", 0, 0},
}

// eventRow is an event as the table has it.
type eventRow struct {
	cells   []string
	message string
	colour  string
}

func (p *eventPrinter) print(e admin.Event) error { return p.printAll([]admin.Event{e}) }

// printAll shows events whose columns are fitted to them, unless others have been
// shown before.
func (p *eventPrinter) printAll(list []admin.Event) error {
	var rows []eventRow
	for i := range list {
		if p.asJSON {
			if _, err := fmt.Fprintf(p.w, "%s\n", list[i].Raw); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, p.row(&list[i]))
	}
	if len(rows) == 0 {
		return nil
	}
	if !p.begun {
		p.begun = true
		head := eventRow{colour: "2"}
		for _, c := range eventColumns {
			head.cells = append(head.cells, c.name)
		}
		head.cells[0] += " (" + p.e.now().Format("MST") + ")"
		if len(rows) > 1 {
			p.fit(append(rows, head))
		}
		rows = append([]eventRow{head}, rows...)
	}
	for _, r := range rows {
		if _, err := fmt.Fprintln(p.w, p.text(&r)); err != nil {
			return err
		}
	}
	return nil
}

// fit makes columns as wide as what is in them.
func (p *eventPrinter) fit(rows []eventRow) {
	p.widths = make([]int, len(eventColumns))
	for _, r := range rows {
		for i, cell := range r.cells {
			p.widths[i] = min(max(p.widths[i], utf8.RuneCountInString(cell)), eventColumns[i].most)
		}
	}
}

// text lays a row out. What does not fit is cut, so that the columns stay.
func (p *eventPrinter) text(r *eventRow) string {
	var b strings.Builder
	for i, cell := range r.cells {
		width := eventColumns[i].width
		if p.widths != nil {
			width = p.widths[i]
		}
		switch {
		case i == len(r.cells)-1:
			b.WriteString(cell)
			continue
		case utf8.RuneCountInString(cell) > width:
			cell = string([]rune(cell)[:width-1]) + "…"
		}
		if eventColumns[i].name == "CODE" {
			fmt.Fprintf(&b, "%*s  ", width, cell)
		} else {
			fmt.Fprintf(&b, "%-*s  ", width, cell)
		}
	}
	text := strings.TrimRight(b.String(), " ")
	if r.message != "" {
		text += "\n" + strings.Repeat(" ", 25) + r.message
	}
	return p.colour(r.colour, text)
}

// row words an event. Red is a failure for good, yellow one after which the
// client tried again, and faint is what went well.
func (p *eventPrinter) row(e *admin.Event) eventRow {
	d := &e.Data
	code, name, kind, colour := "", d.Name, e.Redial.Fault, "33"
	switch {
	case !admin.IsFailure(e.Type):
		colour = "2"
		name = strings.TrimSpace(d.TrackType + " " + d.Source)
		if d.Mute {
			name += " muted"
		}
	case d.Terminal:
		colour = "31"
	}
	if d.Code != 0 {
		code = strconv.Itoa(d.Code)
	}
	who := cmp.Or(d.UserName, d.User, d.Peer)
	if d.Role != "" {
		who += " (" + d.Role + ")"
	}
	source := string(e.Redial.Source)
	if e.Redial.Injected {
		source += ", injected"
	}
	message := d.Message
	if v := e.Redial.Diagnosis; v != nil && v.Cause != "" && v.Cause != e.Redial.Fault {
		message = strings.TrimSpace(message + " (because: " + v.Cause + ", " + v.Confidence + ")")
	}
	return eventRow{
		cells: []string{
			p.e.local(e.Time).Format("2006-01-02 15:04:05.000"), strings.TrimPrefix(clean(e.Type), "client."), code, clean(name), clean(kind),
			clean(cmp.Or(d.RoomName, d.Room)), clean(who), clean(source),
		},
		message: clean(message), colour: colour,
	}
}

func (p *eventPrinter) colour(code, text string) string {
	if !p.colours {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// clean takes out what would command a terminal: the texts are strangers'.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '·'
		}
		return r
	}, s)
}
