package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/scenario"
)

const injectHelp = `Makes calls fail on purpose, on a running server, to see how an app takes it.

  redial inject 4005 -room demo -peer alice         her media packets are dropped
  redial inject room.locked -room demo -for 1m      nobody new gets in for a minute
  redial inject cut -room demo -user 42 -after 3s   the user's socket is cut in 3 s
  redial inject 410 -at error -room demo -role guest  guests are told number 410
  redial inject -list                               what is running, what is possible
  redial inject -clear                              everything works again

FAULT is the id of a fault, a code or name of any vendor, or the name of a
mechanism. Without -peer, -user and -role it is everybody in the room. Every
injection ends by itself. What it causes is marked "injected" in events.

The server must allow it: "redial dev" does; "redial serve" with inject.enabled.
The token is a management token with the grant: "redial token management -grant
inject", from -token or REDIAL_TOKEN.`

func runInject(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "inject FAULT -room ROOM [flags] | -list | -clear", injectHelp)
	var s scenario.Injection
	f.StringVar(&s.Room, "room", "", "`ROOM` to work in, by id or name")
	f.StringVar(&s.Peer, "peer", "", "only this `PEER`, by id or name")
	f.StringVar(&s.User, "user", "", "only this user, by the app's `ID`")
	f.StringVar(&s.Role, "role", "", "only peers of this `ROLE`")
	f.StringVar(&s.At, "at", "", "the `MECHANISM`, where a fault has several; see -list")
	f.IntVar(&s.Code, "code", 0, "tell the client this `NUMBER` instead of the fault's own")
	f.StringVar(&s.Method, "method", "", "only calls of this `METHOD`, such as offer (call, hang, slow)")
	f.StringVar(&s.Direction, "direction", "", "only packets going `in` to the server, or out")
	f.StringVar(&s.Side, "side", "", "only packets of the `publish` connection, or subscribe")
	f.StringVar(&s.Packets, "packets", "", "only packets of this `KIND`: stun, dtls, rtp, rtcp, media, audio, video")
	f.StringVar(&s.Network, "network", "", "only packets that travel over `udp`, or tcp")
	f.IntVar(&s.Rate, "rate", 0, "what still passes, in `KBIT` a second (bandwidth)")
	duration := func(name, usage string, into *string) {
		f.Func(name, usage, func(v string) error {
			d, err := time.ParseDuration(v)
			if err != nil || d <= 0 {
				return fmt.Errorf("is not a duration such as 10s")
			}
			*into = d.String()
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
		s.Skew = d.String()
		return nil
	})
	duration("delay", "how `LATE` (slow, delay)", &s.Delay)
	var (
		count  = f.Int("count", 0, "end after `N` effects")
		chance = f.Float64("probability", 0, "of each effect or packet, up to `1`")
		list   = f.Bool("list", false, "show what is running and what is possible")
		clean  = f.Bool("clear", false, "end all injections, or those of -room")
		server = f.String("server", cmp.Or(e.getenv("REDIAL_SERVER"), eventsServer), "`URL` of the server (or REDIAL_SERVER)")
		token  = f.String("token", "", "management `TOKEN` with the grant (default REDIAL_TOKEN)")
		asJSON = f.Bool("json", false, "print the server's answer as JSON")
	)
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	c, err := newInjectClient(e, *server, *token)
	if err != nil {
		return err
	}
	switch {
	case *list && *clean, (*list || *clean) && len(rest) > 0:
		return usagef("-list, -clear and a fault exclude each other")
	case *list:
		return c.list(ctx, e, *asJSON)
	case *clean:
		return c.clear(ctx, e, s.Room, *asJSON)
	case len(rest) == 0:
		return usagef("which fault? usage: redial %s", f.Name())
	case s.Room == "":
		return usagef("-room is missing; usage: redial %s", f.Name())
	}
	s.Fault = rest[0]
	if isSet(f, "count") {
		s.Count = count
	}
	if isSet(f, "probability") {
		s.Probability = chance
	}
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	raw, err := c.call(ctx, http.MethodPost, "/api/v1/injections", nil, body)
	if err != nil || *asJSON {
		return printRaw(e, raw, err)
	}
	var r scenario.Rule
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("the answer of %s is not an injection: %w", c.base, err)
	}
	fmt.Fprintf(e.stdout, "%s by %s, for %s, from %s to %s (%s)\n", r.Fault, r.At, whom(r),
		r.Begins.Format(time.TimeOnly), r.Ends.Format(time.TimeOnly), r.ID)
	return nil
}

// isSet tells whether a flag was given.
func isSet(f *flags, name string) bool {
	set := false
	f.Visit(func(d *flag.Flag) { set = set || d.Name == name })
	return set
}

// whom says whom an injection is about.
func whom(r scenario.Rule) string {
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

type injectClient struct {
	base  *url.URL
	token string
}

// newInjectClient takes what the flags say, or the environment.
func newInjectClient(e *env, server, token string) (injectClient, error) {
	base, err := url.Parse(server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return injectClient{}, usagef("-server %q is not an address such as %s", server, eventsServer)
	}
	c := injectClient{base: base, token: cmp.Or(token, e.getenv("REDIAL_TOKEN"))}
	if c.token == "" {
		return c, usagef("no token; give -token or set REDIAL_TOKEN (\"redial token management -grant inject\" mints one)")
	}
	return c, nil
}

// call asks the server, and makes of a refusal the fault that it names.
func (c injectClient) call(ctx context.Context, method, path string, q url.Values, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	u := c.base.JoinPath(path)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", c.base, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return nil, fmt.Errorf("%s does not finish its answer: %w", c.base, err)
	}
	if res.StatusCode < 300 {
		return raw, nil
	}
	var said struct {
		Message string `json:"message"`
		Fault   struct {
			ID      string         `json:"id"`
			Details map[string]any `json:"details"`
		} `json:"fault"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Message == "" {
		return nil, fmt.Errorf("%s answers %s", c.base, res.Status)
	}
	if k := fault.Lookup(said.Fault.ID); k != nil {
		f := &fault.Error{Kind: k}
		for _, name := range slices.Sorted(maps.Keys(said.Fault.Details)) {
			f.Details = append(f.Details, fault.Detail{Name: name, Value: said.Fault.Details[name]})
		}
		return nil, &refusal{text: clean(said.Message), fault: f}
	}
	return nil, fmt.Errorf("%s refuses: %s", c.base, clean(said.Message))
}

func (c injectClient) list(ctx context.Context, e *env, asJSON bool) error {
	raw, err := c.call(ctx, http.MethodGet, "/api/v1/injections", nil, nil)
	if err != nil || asJSON {
		return printRaw(e, raw, err)
	}
	var all struct {
		Injections []scenario.Rule `json:"injections"`
		Mechanisms []struct{ Name, About, For string }
		Faults     []struct {
			ID string
			At []string
		}
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return fmt.Errorf("the answer of %s is not a list of injections: %w", c.base, err)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	if len(all.Injections) == 0 {
		fmt.Fprintln(w, "Nothing is injected now.")
	}
	for _, r := range all.Injections {
		fmt.Fprintf(w, "%s\t%s\t%s\troom %s\t%s\tuntil %s\t%d effects\t%s\n", r.Fault, r.At, whom(r), r.Room, r.State,
			r.Ends.Format(time.TimeOnly), r.Effects, r.ID)
	}
	fmt.Fprintln(w, "\nMechanisms:")
	for _, m := range all.Mechanisms {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", m.Name, m.For, m.About)
	}
	fmt.Fprintln(w, "\nFaults, and the mechanisms that produce them, the usual one first:")
	for _, k := range all.Faults {
		fmt.Fprintf(w, "  %s\t%s\n", k.ID, strings.Join(k.At, ", "))
	}
	return w.Flush()
}

func (c injectClient) clear(ctx context.Context, e *env, room string, asJSON bool) error {
	q := url.Values{}
	if room != "" {
		q.Set("room", room)
	}
	raw, err := c.call(ctx, http.MethodDelete, "/api/v1/injections", q, nil)
	if err != nil || asJSON {
		return printRaw(e, raw, err)
	}
	var done struct {
		Removed int `json:"removed"`
	}
	if err := json.Unmarshal(raw, &done); err != nil {
		return fmt.Errorf("the answer of %s is not a number of injections: %w", c.base, err)
	}
	fmt.Fprintf(e.stdout, "%d ended.\n", done.Removed)
	return nil
}

// printRaw prints what a server answered, as it stands.
func printRaw(e *env, raw []byte, err error) error {
	if err == nil {
		_, err = e.stdout.Write(raw)
	}
	return err
}
