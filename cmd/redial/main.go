// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command redial is a self-hosted server for real-time video whose failures are
// first-class: typed, explained, recorded, and there to be asked for.
//
// Each verb is one file. This one holds the list of verbs and what they share;
// main only exits.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/redial-rtc/redial/internal/spell"
)

// verb is one thing the program does.
type verb struct {
	name string
	line string // what it does, in one line, for the list
	run  func(ctx context.Context, e *env, args []string) error
	subs []string // what may stand behind it and has flags of its own, for completion
}

// verbs returns the closed set, in the order of the list a newcomer reads.
func verbs() []verb {
	return []verb{
		{"dev", "try it: this machine only, no configuration, a room and links to join it", runDev, nil},
		{"serve", "run the server with the settings of a file", runServe, nil},
		{"config", "print every setting, or check a file", runConfig, nil},
		{"join", "join a room from a terminal: see who is there, send, record", runJoin, nil},
		{"bench", "load a server with clients and measure what they get", runBench, nil},
		{"token", "mint a token or make a key, offline", runToken, tokenKinds},
		{"room", "show a room, lock it, limit how many stream in it", runRoom, nil},
		{"events", "show what went wrong in calls, and follow it", runEvents, eventsSubverbs()},
		{"search", "find people by a name and a time in words, and what became of each attempt", runSearch, nil},
		{"attempts", "list tries to be in a room by time, those that worked too", runAttempts, nil},
		{"outcomes", "count who got in and who did not, by cause", runOutcomes, nil},
		{"timeline", "print what happened in a session, as clients told it and the server saw it", runTimeline, nil},
		{"causes", "list what fails by cause, since when, and whether it is rising", runCauses, nil},
		{"audit", "list who did what on a server by REST", runAudit, nil},
		{"live", "show how calls fare at this moment: who sends, who receives, what is not forwarded", runLive, nil},
		{"why", "tell why calls failed, by room, person and time", runWhy, nil},
		{"ask", "ask the browser of whoever was there what its network lets through", runAsk, nil},
		{"show", "show a failure again on a test participant, and compare the two records", runShow, nil},
		{"console", "print a link to the console, the pages for support and operators", runConsole, nil},
		{"inject", "make calls fail on purpose, to see how an app takes it", runInject, nil},
		{"scenario", "make calls fail by a script, such as a train in a tunnel, and check what is recorded", runScenario, scenarioSubverbs},
		{"health", "ask the server on this machine whether it is ready", runHealth, nil},
		{"doctor", "find what keeps calls from working, on the server or from another machine", runDoctor, nil},
		{"check", "read every database of a data directory and say what is damaged", runCheck, nil},
		{"upgrade-check", "say what this version would change in a data directory of another", runUpgradeCheck, nil},
		{"backup", "copy a data directory while a server runs on it", runBackup, nil},
		{"explain", "tell what an error means, by id or by any vendor's code or name", runExplain, nil},
		{"faults", "list every error the catalogue knows, or a vendor's vocabulary", runFaults, nil},
		{"docs", "write the documentation as a web site", runDocs, nil},
		{"completion", "print a script that completes redial's words in a shell", runCompletion, shells},
		{"version", "print what this binary was built from", runVersion, nil},
	}
}

// env is the world as a verb sees it, so that tests can bring their own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	isTerminal     bool           // stdout is a terminal: people read it, colours are welcome
	zone           *time.Location // in which times are shown, and read unless they name their own; nil is UTC

	flags      *flags // of the verb that runs
	completing bool   // the verb stops once its flags are known
}

// now is the time in the zone of whoever reads.
func (e *env) now() time.Time { return e.local(time.Now()) }

func (e *env) local(t time.Time) time.Time { return t.In(cmp.Or(e.zone, time.UTC)) }

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // the verb ran and failed
	exitUsage   = 2 // the program was called wrongly
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, &env{
		stdin:      os.Stdin,
		stdout:     os.Stdout,
		stderr:     os.Stderr,
		getenv:     os.Getenv,
		isTerminal: isTerminal(os.Stdout),
		zone:       time.Local,
	}, os.Args[1:])
	os.Exit(code)
}

// run finds the verb, runs it, prints its error and returns the exit code.
func run(ctx context.Context, e *env, args []string) int {
	if len(args) == 0 {
		printVerbs(e.stderr)
		return exitUsage
	}
	err := dispatch(ctx, e, args[0], args[1:])
	coded := (*exitError)(nil)
	switch usage := (*usageError)(nil); {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(e.stderr, "redial: %v\n", err)
		return exitUsage
	case errors.As(err, &coded):
		printFailure(e, coded.err)
		return coded.code
	default:
		printFailure(e, err)
		return exitFailure
	}
}

func dispatch(ctx context.Context, e *env, name string, args []string) error {
	switch name {
	case "help", "-h", "-help", "--help":
		if len(args) == 0 {
			printVerbs(e.stdout)
			return nil
		}
		name, args = args[0], append(args[1:], "-h")
	case "-version", "--version", "-v":
		name = "version"
	case completeVerb:
		return runComplete(ctx, e, args)
	}
	var names []string
	for _, v := range verbs() {
		if v.name == name {
			return v.run(ctx, e, args)
		}
		names = append(names, v.name)
	}
	if near := spell.Nearest(name, names); near != "" {
		return usagef("there is no verb %q; did you mean %q? \"redial help\" lists them all", name, near)
	}
	return usagef("there is no verb %q; \"redial help\" lists them all", name)
}

// noSuch refuses a word that is none of a few, and names the one that was
// probably meant.
func noSuch(what, word string, known []string) error {
	if near := spell.Nearest(word, known); near != "" {
		return usagef("there is no %s %q; did you mean %q?", what, word, near)
	}
	return usagef("there is no %s %q; there are %s", what, word, strings.Join(known, ", "))
}

func printVerbs(w io.Writer) {
	fmt.Fprint(w, "Redial is a self-hosted server for real-time video.\n\nUsage: redial VERB [flags] [arguments]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-13s %s\n", v.name, v.line)
	}
	fmt.Fprint(w, "\nTo look around, run \"redial dev\". \"redial VERB -h\" says more about a verb.\n")
}

// usageError is a mistake in how the program was called.
type usageError struct{ text string }

func (u *usageError) Error() string { return u.text }

// usagef makes the error of a wrong call; the program exits with code 2.
func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// flags are the flags of one verb, which may stand before or after its
// arguments.
type flags struct {
	*flag.FlagSet
	env  *env
	help string
}

// newFlags makes the flags of a verb. The synopsis is what follows "redial" in
// the usage line; the help is the text above the list of flags. Both are what
// -h prints, on stdout, since it was asked for.
func newFlags(e *env, synopsis, help string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(synopsis, flag.ContinueOnError), env: e, help: help}
	f.SetOutput(io.Discard) // parse returns the error, run prints it once
	f.Usage = func() {}     // the package calls it for every mistake
	e.flags = f
	return f
}

// printHelp prints what -h asks for.
func (f *flags) printHelp() {
	fmt.Fprintf(f.env.stdout, "Usage: redial %s\n\n%s\n", f.Name(), f.help)
	if len(f.names()) > 0 {
		fmt.Fprint(f.env.stdout, "\nFlags:\n")
		f.SetOutput(f.env.stdout)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
	}
}

func (f *flags) names() (names []string) {
	f.VisitAll(func(d *flag.Flag) { names = append(names, d.Name) })
	return names
}

// given tells whether a flag was written.
func (f *flags) given(name string) (yes bool) {
	f.Visit(func(d *flag.Flag) { yes = yes || d.Name == name })
	return yes
}

// verb is what was called, such as "scenario run": the words at the beginning of
// the synopsis that stand for themselves.
func (f *flags) verb() string {
	var words []string
	for word := range strings.FieldsSeq(f.Name()) {
		if strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) {
			break
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// parse reads the flags wherever they stand and returns the arguments, of which
// there must be at least least and at most most; most below 0 is no limit.
// Everything after "--" is an argument.
func (f *flags) parse(args []string, least, most int) ([]string, error) {
	if f.env.completing {
		return nil, errCompleting
	}
	var rest []string
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			return nil, f.explain(err, args)
		}
		left := f.Args()
		if read := len(args) - len(left); read > 0 && args[read-1] == "--" {
			rest = append(rest, left...)
			break
		}
		if len(left) == 0 {
			break
		}
		rest, args = append(rest, left[0]), left[1:]
	}
	switch {
	case len(rest) < least:
		return nil, usagef("an argument is missing; usage: redial %s", f.Name())
	case most >= 0 && len(rest) > most:
		return nil, usagef("one argument too many: %q; usage: redial %s", rest[most], f.Name())
	}
	return rest, nil
}

// badValue is how the flag package refuses a value.
var badValue = regexp.MustCompile(`(?s)^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.*)$`)

// explain says in one line what is wrong with a flag, and which one was probably
// meant.
func (f *flags) explain(err error, args []string) error {
	if errors.Is(err, flag.ErrHelp) {
		f.printHelp()
		return err
	}
	text := err.Error()
	more := fmt.Sprintf("%q lists the flags", "redial "+f.verb()+" -h")
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		if near := spell.Nearest(name, f.names()); near != "" {
			return usagef("there is no flag -%s; did you mean -%s?", name, near)
		}
		return usagef("there is no flag -%s; %s", name, more)
	}
	if name, ok := strings.CutPrefix(text, "flag needs an argument: -"); ok {
		what, about := flag.UnquoteUsage(f.Lookup(name))
		return usagef("-%s needs a value behind it: %s, %s", name, strings.ToUpper(what), about)
	}
	if m := badValue.FindStringSubmatch(text); m != nil {
		return usagef("-%s %s %s", m[2], m[1], f.wanted(m[2], m[3]))
	}
	return usagef("%s; %s", text, more)
}

// wanted says why a value cannot be one of the flag's.
func (f *flags) wanted(name, why string) string {
	if why != "parse error" && why != "value out of range" {
		return why // in our own words
	}
	d := f.Lookup(name)
	if d == nil {
		return why
	}
	switch value := d.Value.(flag.Getter).Get().(type) {
	case bool:
		return "is neither true nor false"
	case time.Duration:
		return "is not a duration such as 90s or 5m"
	case int, float64:
		if why == "value out of range" {
			return "is too large"
		}
		if _, whole := value.(int); whole {
			return "is not a whole number"
		}
		return "is not a number"
	}
	return why
}

// isTerminal tells whether people read f.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
