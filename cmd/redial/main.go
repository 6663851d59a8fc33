// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command redial is a self-hosted server for real-time video whose failures are
// first-class: typed, explained, recorded, and there to be asked for.
//
// Each verb is one file. This one holds the list of verbs and what they share;
// main only exits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/spell"
)

// verb is one thing the program does.
type verb struct {
	name string
	line string // what it does, in one line, for the list
	run  func(ctx context.Context, e *env, args []string) error
}

// verbs returns the closed set, in the order of the list a newcomer reads.
func verbs() []verb {
	return []verb{
		{"dev", "try it: this machine only, no configuration, a room and links to join it", runDev},
		{"serve", "run the server with the settings of a file", runServe},
		{"config", "print every setting, or check a file", runConfig},
		{"join", "join a room from a terminal: see who is there, send, record", runJoin},
		{"bench", "load a server with clients and measure what they get", runBench},
		{"token", "mint a token or make a key, offline", runToken},
		{"events", "show what went wrong in calls, and follow it", runEvents},
		{"inject", "make calls fail on purpose, to see how an app takes it", runInject},
		{"scenario", "make calls fail by a script, such as a train in a tunnel, and check what is recorded", runScenario},
		{"check", "read every database of a data directory and say what is damaged", runCheck},
		{"backup", "copy a data directory while a server runs on it", runBackup},
		{"explain", "tell what an error means, by id or by any vendor's code or name", runExplain},
		{"faults", "list every error the catalogue knows, or a vendor's vocabulary", runFaults},
		{"completion", "print a script that completes redial's words in a shell", runCompletion},
		{"version", "print what this binary was built from", runVersion},
	}
}

// env is the world as a verb sees it, so that tests can bring their own.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	isTerminal     bool // stdout is a terminal: people read it, colours are welcome
}

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
		printFailure(e.stderr, coded.err)
		return coded.code
	default:
		printFailure(e.stderr, err)
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
		name, args = args[0], []string{"-h"}
	case "-version", "--version", "-v":
		name = "version"
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

func printVerbs(w io.Writer) {
	fmt.Fprint(w, "Redial is a self-hosted server for real-time video.\n\nUsage: redial VERB [flags] [arguments]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-10s %s\n", v.name, v.line)
	}
	fmt.Fprint(w, "\nTo look around, run \"redial dev\". \"redial VERB -h\" says more about a verb.\n")
}

// printFailure says what failed and, where the catalogue knows, what to do. The
// words may be a server's, and must not steer the terminal.
func printFailure(w io.Writer, err error) {
	lines := strings.Split(err.Error(), "\n")
	for i := range lines { // some of the words are a server's
		lines[i] = clean(lines[i])
	}
	fmt.Fprintf(w, "redial: %s\n", strings.Join(lines, "\n"))
	var f *fault.Error
	if !errors.As(err, &f) {
		return
	}
	if f.Kind.Do != "" {
		fmt.Fprintf(w, "        %s\n", clean(f.Kind.Do))
	}
	if f.Kind.Listed() { // else a newer server knows it
		fmt.Fprintf(w, "        More: redial explain %s\n", f.Kind.ID)
	}
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
	env *env
}

// newFlags makes the flags of a verb. The synopsis is what follows "redial" in
// the usage line; the help is the text above the list of flags. Both are what
// -h prints, on stdout, since it was asked for.
func newFlags(e *env, synopsis, help string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(synopsis, flag.ContinueOnError), env: e}
	f.SetOutput(io.Discard) // parse returns the error, run prints it once
	f.Usage = func() {
		fmt.Fprintf(e.stdout, "Usage: redial %s\n\n%s\n", synopsis, help)
		any := false
		f.VisitAll(func(*flag.Flag) { any = true })
		if any {
			fmt.Fprint(e.stdout, "\nFlags:\n")
			f.SetOutput(e.stdout)
			f.PrintDefaults()
			f.SetOutput(io.Discard)
		}
	}
	return f
}

// parse reads the flags wherever they stand and returns the arguments, of which
// there must be at least least and at most most; most below 0 is no limit.
// Everything after "--" is an argument.
func (f *flags) parse(args []string, least, most int) ([]string, error) {
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

// explain adds the flag that was probably meant.
func (f *flags) explain(err error, args []string) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	var names []string
	f.VisitAll(func(d *flag.Flag) { names = append(names, d.Name) })
	const unknown = "flag provided but not defined: -"
	text := err.Error()
	if len(text) > len(unknown) && text[:len(unknown)] == unknown {
		name := text[len(unknown):]
		if near := spell.Nearest(name, names); near != "" {
			return usagef("there is no flag -%s; did you mean -%s? usage: redial %s", name, near, f.Name())
		}
		return usagef("there is no flag -%s; usage: redial %s", name, f.Name())
	}
	return usagef("%s; usage: redial %s", text, f.Name())
}

// isTerminal tells whether people read f.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
