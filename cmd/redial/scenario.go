// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/scenario"
)

const scenarioHelp = `Makes calls fail by a script, on a running server, and checks what is recorded.

  redial scenario list                                    the ready ones
  redial scenario show train-tunnel                       what one does; copy it to write your own
  redial scenario run train-tunnel -room demo -peer alice
  redial scenario run mine.yaml -room demo -speed 4       four times faster
  redial scenario check mine.yaml                         is it well written?
  redial scenario check mine.yaml -room demo              and could it run there now?

Nothing happens unless the server agrees to every step beforehand, and nothing is
left: not at the end, nor when an expectation is not met (exit code 1), nor after
Ctrl-C. The server and the token are those of "redial inject".`

// scenarioVerbs are what can be done with a scenario.
var scenarioVerbs = map[string]func(context.Context, *env, []string) error{
	"run": runScenarioRun, "check": runScenarioCheck, "list": runScenarioList, "show": runScenarioShow,
}

func runScenario(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 && scenarioVerbs[args[0]] != nil {
		return scenarioVerbs[args[0]](ctx, e, args[1:])
	}
	f := newFlags(e, "scenario run|check|list|show ...", scenarioHelp+"\n\nA step says:\n"+scenario.Grammar())
	rest, err := f.parse(args, 1, -1)
	if err != nil {
		return err
	}
	return noSuch("thing to do with a scenario", rest[0], scenarioSubverbs)
}

var scenarioSubverbs = []string{"run", "check", "list", "show"}

// loadScenario reads a file, or a ready scenario.
func loadScenario(name string) (*scenario.Scenario, error) {
	data, err := os.ReadFile(name)
	if err == nil {
		return scenario.Read(name, data)
	}
	if ext := filepath.Ext(name); ext == ".yaml" || ext == ".yml" || strings.ContainsAny(name, `/\`) {
		return nil, fault.FieldInvalid.Wrap(err, "field", "scenario", "file", name)
	}
	r, err := scenario.Find(name)
	if err != nil {
		return nil, err
	}
	return scenario.Read(r.Name, r.Text)
}

func runScenarioList(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "scenario list [-json]", "Lists the ready scenarios.")
	asJSON := f.Bool("json", false, "print JSON")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	type row struct {
		Name    string  `json:"name"`
		Title   string  `json:"title"`
		About   string  `json:"about"`
		Seconds float64 `json:"seconds"`
		OnePeer bool    `json:"one_peer"`
		Fastest float64 `json:"fastest"`
	}
	var rows []row
	for _, r := range scenario.Library() {
		s, err := scenario.Read(r.Name, r.Text)
		if err != nil {
			return err
		}
		rows = append(rows, row{r.Name, s.Name, s.About, s.Length().Seconds(), s.OnePeer, s.Fastest})
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(rows)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		who := "anybody"
		if r.OnePeer {
			who = "one peer"
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\n", r.Name, r.Title, time.Duration(r.Seconds*float64(time.Second)), who)
	}
	return w.Flush()
}

func runScenarioShow(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "scenario show NAME", "Prints a ready scenario, to read or to begin one's own with.")
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	r, err := scenario.Find(rest[0])
	if err != nil {
		return err
	}
	_, err = e.stdout.Write(r.Text)
	return err
}

// scenarioFlags are what run and check share.
type scenarioFlags struct {
	*flags
	target scenario.Target
	speed  float64
	server serverFlags
	asJSON bool
}

func newScenarioFlags(e *env, synopsis, help string) *scenarioFlags {
	f := &scenarioFlags{flags: newFlags(e, synopsis, help)}
	f.StringVar(&f.target.Room, "room", "", "work in this "+roomUsage)
	f.StringVar(&f.target.Peer, "peer", "", "only this `PEER`, by id or name, where a step says nothing else")
	f.StringVar(&f.target.User, "user", "", "only this user, by the app's `ID`")
	f.StringVar(&f.target.Role, "role", "", "only peers of this `ROLE`")
	f.Float64Var(&f.speed, "speed", 1, "so many `TIMES` faster, as far as the scenario allows")
	f.server = newServerFlags(e, f.flags, "with the grant ")
	f.BoolVar(&f.asJSON, "json", false, "print each thing that happens as one line of JSON")
	return f
}

// run makes the run that the flags and the argument ask for.
func (f *scenarioFlags) run(ctx context.Context, e *env, name string) (*scenario.Run, error) {
	s, err := loadScenario(name)
	if err != nil {
		return nil, err
	}
	if f.speed <= 0 || f.speed > scenario.MaxSpeed {
		return nil, usagef("-speed %v is out of range; up to %v is possible with %s", f.speed, s.Fastest, name)
	}
	r := &scenario.Run{Scenario: s, Target: f.target, Speed: f.speed}
	if f.target.Room == "" {
		return r, nil
	}
	c, err := f.server.client(e, mintsInject)
	if err != nil {
		return nil, err
	}
	r.Injections, r.Events = c.Injections, c.Events
	r.Target.Room, err = findRoom(ctx, c, f.target.Room)
	return r, err
}

func runScenarioCheck(ctx context.Context, e *env, args []string) error {
	f := newScenarioFlags(e, "scenario check FILE|NAME [-room ROOM]",
		"Says whether a scenario is well written and, with -room, whether the server would\nagree to every step of it now. Nothing happens.")
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	r, err := f.run(ctx, e, rest[0])
	if err != nil {
		return err
	}
	if r.Injections == nil {
		fmt.Fprintf(e.stdout, "%s is well written: %d steps, %v.\n", rest[0], len(r.Scenario.Steps), r.Scenario.Length())
		return nil
	}
	return dryRun(ctx, e, r)
}

func dryRun(ctx context.Context, e *env, r *scenario.Run) error {
	if err := r.Check(ctx); err != nil {
		return err
	}
	for _, s := range r.Scenario.Steps {
		fmt.Fprintf(e.stdout, "%s  %s\n", clock(s.At), s.Text)
	}
	fmt.Fprintf(e.stdout, "The server agrees to every step. Nothing has happened.\n")
	return nil
}

func runScenarioRun(ctx context.Context, e *env, args []string) error {
	f := newScenarioFlags(e, "scenario run FILE|NAME -room ROOM [flags]", scenarioHelp)
	dry := f.Bool("dry-run", false, "ask the server about every step, and do nothing")
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	if f.target.Room == "" {
		return usagef("-room is missing; usage: redial %s", f.Name())
	}
	r, err := f.run(ctx, e, rest[0])
	if err != nil {
		return err
	}
	if *dry {
		return dryRun(ctx, e, r)
	}
	p := &scenarioPrinter{w: e.stdout, asJSON: f.asJSON, live: e.isTerminal && !f.asJSON, run: r, now: map[string]bool{}}
	r.Report = p.report
	stop := p.tick()
	err = r.Go(ctx)
	stop()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(e.stderr, "Interrupted; everything that was provoked is over.")
		return &exitError{code: exitFailure, err: errors.New("the scenario was not finished")}
	}
	return err
}

// scenarioPrinter shows what happens: a line each, and on a terminal one below
// them with the time.
type scenarioPrinter struct {
	w      io.Writer
	asJSON bool
	live   bool
	run    *scenario.Run

	mu    sync.Mutex
	began time.Time
	now   map[string]bool // what is at work
}

func (p *scenarioPrinter) report(x scenario.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch x.Kind {
	case scenario.Began:
		p.now[x.Step.Text] = x.Rule.State != "done"
	case scenario.Ended:
		delete(p.now, x.Step.Text)
	}
	if p.asJSON {
		p.json(x)
		return
	}
	text := clean(x.Step.Text)
	switch x.Kind {
	case scenario.Began:
		text += fmt.Sprintf("   (%s by %s, %s)", x.Rule.Fault, x.Rule.At, whom(x.Rule))
	case scenario.Ended:
		text = "over: " + text
	case scenario.Seen:
		text = fmt.Sprintf("came: %s %d %s of %s", strings.TrimPrefix(clean(x.Event.Type), "client."),
			x.Event.Data.Code, clean(x.Event.Redial.Fault), clean(cmp.Or(x.Event.Data.UserName, x.Event.Data.User, x.Event.Data.Peer)))
	case scenario.Unseen:
		text = "did not come, as it should not: " + text
	case scenario.Said:
		text = strings.TrimPrefix(text, "say ")
	case scenario.Finished:
		text = "the scenario is over"
	}
	if p.live {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	fmt.Fprintf(p.w, "%s  %s\n", clock(x.At), text)
	p.status(x.At)
}

// json prints a line for programs.
func (p *scenarioPrinter) json(x scenario.Progress) {
	line := struct {
		Kind    scenario.Kind        `json:"kind"`
		Seconds float64              `json:"seconds"`
		Step    string               `json:"step,omitempty"`
		Line    int                  `json:"line,omitempty"`
		Rule    *admin.InjectionRule `json:"injection,omitempty"`
		Event   *admin.Event         `json:"event,omitempty"`
	}{Kind: x.Kind, Seconds: x.At.Seconds(), Step: x.Step.Text, Line: x.Step.Line}
	if x.Rule.ID != "" {
		line.Rule = &x.Rule
	}
	if x.Kind == scenario.Seen {
		line.Event = &x.Event
	}
	_ = json.NewEncoder(p.w).Encode(line)
}

// status is the last line of a terminal; the lock is held.
func (p *scenarioPrinter) status(at time.Duration) {
	if !p.live {
		return
	}
	var now []string
	for text, lasts := range p.now {
		if lasts {
			now = append(now, text)
		}
	}
	slices.Sort(now)
	fmt.Fprintf(p.w, "\r\x1b[K%s of %s  %s", clock(at), clock(p.run.Scenario.Length()), clean(strings.Join(now, ", ")))
}

// tick keeps the time on a terminal going until it is stopped.
func (p *scenarioPrinter) tick() (stop func()) {
	if !p.live {
		return func() {}
	}
	p.began = time.Now()
	done := make(chan struct{})
	var over sync.WaitGroup
	over.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(250 * time.Millisecond):
				p.mu.Lock()
				p.status(time.Duration(float64(time.Since(p.began)) * p.run.Speed))
				p.mu.Unlock()
			}
		}
	})
	return func() {
		close(done)
		over.Wait()
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// clock shows a time of a scenario, 01:05.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}
