// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

const injectHelp = `Makes calls fail on purpose, on a running server, to see how an app takes it.

  redial inject 4005 -room demo -peer alice         her media packets are dropped
  redial inject room.locked -room demo -for 1m      nobody new gets in for a minute
  redial inject cut -room demo -user 42 -after 3s   the user's socket is cut in 3 s
  redial inject 410 -at error -room demo -role guest  guests are told number 410
  redial inject OT_ICE_WORKFLOW_FAILED -room demo -connection otc_...  an OpenTok connection's media is lost
  redial inject -cause room.locked -room demo       what "redial why" must then find
  redial inject -list                               what is running, what is possible
  redial inject -end ID                             one of them is over
  redial inject -clear                              everything works again
  redial inject -self-test                          is every cause named? on a server of its own

FAULT is the id of a fault, a code or name of any vendor, or the name of a
mechanism. Without -peer, -user and -role it is everybody in the room. Every
injection ends by itself. What it causes is marked "injected" in events.

The server must allow it: "redial dev" does; "redial serve" with inject.enabled.
The token is a management token with the grant: "redial token management -grant
inject", from -token or REDIAL_TOKEN.`

func runInject(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "inject FAULT -room ROOM [flags] | -list | -end ID | -clear | -self-test", injectHelp)
	var s admin.Injection
	f.StringVar(&s.Room, "room", "", "work in this "+roomUsage)
	f.StringVar(&s.Peer, "peer", "", "only this `PEER`, by id or name")
	f.StringVar(&s.Peer, "connection", "", "only this `CONNECTION` of an OpenTok app, by id; the same as -peer")
	f.StringVar(&s.User, "user", "", "only this user, by the app's `ID`")
	f.StringVar(&s.Role, "role", "", "only peers of this `ROLE`")
	f.StringVar(&s.Cause, "cause", "", "instead of a fault: what brings this cause about, by `ID`, marked so that a diagnosis can be checked by it; see -list")
	f.StringVar(&s.At, "at", "", "the `MECHANISM`, where a fault has several; see -list")
	f.IntVar(&s.Code, "code", 0, "tell the client this `NUMBER` instead of the fault's own")
	f.StringVar(&s.Method, "method", "", "only calls of this `METHOD`, such as offer (call, hang, slow)")
	wordVar(f, &s.Direction, "direction", "only packets going `in` to the server, or out")
	wordVar(f, &s.Side, "side", "only packets of the `publish` connection, or subscribe")
	wordVar(f, &s.Packets, "packets", "only packets of this `KIND`: stun, dtls, rtp, rtcp, media, audio, video")
	wordVar(f, &s.Network, "network", "only packets that travel over `udp`, or tcp")
	f.IntVar(&s.RateKbps, "rate", 0, "what still passes, in `KBIT` a second (bandwidth)")
	duration := func(name, usage string, into *time.Duration) {
		f.Func(name, usage, func(v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d <= 0 {
				return fmt.Errorf("is not a duration such as 10s")
			}
			*into = d
			return nil
		})
	}
	duration("for", "how `LONG` it lasts; what happens at a moment then happens to each new socket", &s.For)
	duration("after", "wait this `LONG` before it begins", &s.After)
	f.Func("skew", "how far the clock is ahead, or behind with a minus: `2h` (clock)", func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || d == 0 {
			return fmt.Errorf("is not a duration such as 2h or -2h")
		}
		s.Skew = d
		return nil
	})
	f.IntVar(&s.Count, "count", 0, "end after `N` effects")
	f.Float64Var(&s.Probability, "probability", 0, "of each effect or packet, up to `1`")
	duration("delay", "how `LATE` (slow, delay)", &s.Delay)
	var (
		itself = f.Bool("self-test", false, "provoke every cause on a server and with clients of its own, and show what the diagnosis says")
		list   = f.Bool("list", false, "show what is running and what is possible")
		end    = f.String("end", "", "end the injection with this `ID`, which -list shows")
		clean  = f.Bool("clear", false, "end all injections, or those of -room")
		server = newServerFlags(e, f, "with the grant ")
		asJSON = f.Bool("json", false, "print the server's answer as JSON")
	)
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	asked := 0
	for _, is := range []bool{*itself, *list, *clean, *end != "", len(rest) > 0, s.Cause != "" && !*itself} {
		if is {
			asked++
		}
	}
	if asked > 1 {
		return usagef("-self-test, -list, -end, -clear, -cause and a fault exclude each other")
	}
	if *itself {
		return selfTest(ctx, e, s.Cause, *asJSON)
	}
	c, err := server.client(e, mintsInject)
	if err != nil {
		return err
	}
	if s.Room, err = findRoom(ctx, c, s.Room); err != nil {
		return err
	}
	switch {
	case *list:
		return listInjections(ctx, e, c, *asJSON)
	case *end != "":
		return endInjection(ctx, e, c, *end, *asJSON)
	case *clean:
		return clearInjections(ctx, e, c, s.Room, *asJSON)
	case len(rest) == 0 && s.Cause == "":
		return usagef("which fault? usage: redial %s", f.Name())
	case s.Room == "":
		return usagef("-room is missing; usage: redial %s", f.Name())
	}
	if s.Cause == "" {
		s.Fault = rest[0]
	}
	switch { // 0 stands for any number, and for always
	case isSet(f, "count") && s.Count == 0:
		return fault.FieldInvalid.New("field", "count", "want", "1 to 1000000")
	case isSet(f, "probability") && s.Probability == 0:
		return fault.FieldInvalid.New("field", "probability", "want", "more than 0 and up to 1")
	}
	var raw json.RawMessage
	if err := c.Do(ctx, http.MethodPost, "/api/v1/injections", s, &raw); err != nil {
		return said(c, err)
	}
	if *asJSON {
		return printReply(e, raw)
	}
	var r admin.InjectionRule
	if err := readReply(c, raw, &r); err != nil {
		return err
	}
	if !r.Ends.After(r.Begins) { // at a moment
		fmt.Fprintf(e.stdout, "%s by %s, for %s, at %s\n", r.Fault, r.At, whom(r), e.local(r.Begins).Format(time.TimeOnly))
		return nil
	}
	fmt.Fprintf(e.stdout, "%s by %s, for %s, from %s to %s\nTo end it before: redial inject -end %s\n", r.Fault, r.At, whom(r),
		e.local(r.Begins).Format(time.TimeOnly), e.local(r.Ends).Format(time.TimeOnly), r.ID)
	return nil
}

// mintsInject mints a token that may provoke faults.
const mintsInject = "redial token management -grant inject"

// wordVar is StringVar for a type of its own.
func wordVar[T ~string](f *flags, into *T, name, usage string) {
	f.Func(name, usage, func(v string) error { *into = T(v); return nil })
}

// isSet tells whether a flag was given.
func isSet(f *flags, name string) bool {
	set := false
	f.Visit(func(d *flag.Flag) { set = set || d.Name == name })
	return set
}

// whom says whom an injection is about.
func whom(r admin.InjectionRule) string {
	var parts []string
	for _, p := range [][2]string{{"peer", r.Peer}, {"user", r.User}, {"role", r.Role}} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+clean(p[1]))
		}
	}
	if parts == nil {
		return "everybody"
	}
	return strings.Join(parts, ", ")
}

func listInjections(ctx context.Context, e *env, c *admin.Client, asJSON bool) error {
	var raw json.RawMessage
	if err := c.Do(ctx, http.MethodGet, "/api/v1/injections", nil, &raw); err != nil {
		return said(c, err)
	}
	if asJSON {
		return printReply(e, raw)
	}
	var all admin.InjectionList
	if err := readReply(c, raw, &all); err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	if len(all.Injections) == 0 {
		fmt.Fprintln(w, "Nothing is injected now.")
	}
	for _, r := range all.Injections {
		fmt.Fprintf(w, "%s\t%s\t%s\troom %s\t%s\tuntil %s\t%d effects\t%s\n", r.Fault, r.At, whom(r), r.Room, r.State,
			e.local(r.Ends).Format(time.TimeOnly), r.Effects, r.ID)
	}
	fmt.Fprintln(w, "\nMechanisms:")
	for _, m := range all.Mechanisms {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", m.Name, m.For, m.About)
	}
	fmt.Fprintln(w, "\nFaults, and the mechanisms that produce them, the usual one first:")
	for _, k := range all.Faults {
		fmt.Fprintf(w, "  %s\t%s\n", k.ID, strings.Join(k.At, ", "))
	}
	fmt.Fprintln(w, "\nCauses that a diagnosis can be checked by (-cause):")
	for _, k := range all.Causes {
		fmt.Fprintf(w, "  %s\t%s\n", k.ID, k.About)
	}
	return w.Flush()
}

func endInjection(ctx context.Context, e *env, c *admin.Client, id string, asJSON bool) error {
	if err := c.Injections.Remove(ctx, id); err != nil {
		return said(c, err)
	}
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(map[string]int{"removed": 1})
	}
	fmt.Fprintf(e.stdout, "%s has ended.\n", clean(id))
	return nil
}

func clearInjections(ctx context.Context, e *env, c *admin.Client, room string, asJSON bool) error {
	end := c.Injections.ClearAll
	if room != "" {
		end = func(ctx context.Context) (int, error) { return c.Injections.Clear(ctx, room) }
	}
	n, err := end(ctx)
	if err != nil {
		return said(c, err)
	}
	if asJSON {
		return json.NewEncoder(e.stdout).Encode(map[string]int{"removed": n})
	}
	fmt.Fprintf(e.stdout, "%d ended.\n", n)
	return nil
}
