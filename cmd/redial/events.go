package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

const eventsHelp = `Shows what went wrong: failures the server saw and failures its clients reported,
and the tracks that were published. The newest are at the end.

Times are UTC. A filter that may be repeated matches any of its values. The
token is a management token ("redial token management"), from -token or from
REDIAL_TOKEN; "redial dev" prints one.

"redial events summary" counts them, and tells what has changed. "redial events
export", "import" and "migrate" work on the files of a server that is stopped.`

// eventsServer is where "redial dev" and an unconfigured "redial serve" answer.
const eventsServer = "http://127.0.0.1:8080"

func runEvents(ctx context.Context, e *env, args []string) error {
	if len(args) > 0 {
		if run, ok := eventsVerbs[args[0]]; ok {
			return run(ctx, e, args[1:])
		}
	}
	if len(args) > 0 && args[0] == "summary" {
		return runEventsSummary(ctx, e, args[1:])
	}
	f := newFlags(e, "events [flags]", eventsHelp)
	v := url.Values{}
	add := func(name, parameter, usage string) {
		f.Func(name, usage, func(s string) error { v.Add(parameter, s); return nil })
	}
	add("room", "room_id", "only of this room, by `ID`")
	add("session", "session_id", "only of this session, by `ID`")
	add("peer", "peer_id", "only of this peer, by `ID`")
	add("user", "user_id", "only of this user, by the app's `ID`")
	f.Func("type", "only of this `TYPE`, such as client.publish.failed, or publish.failed for short; may be repeated", func(s string) error {
		if t := event.Type("client." + s); slices.Contains(event.Types, t) {
			s = string(t)
		}
		v.Add("type", s)
		return nil
	})
	add("fault", "fault", "only with this fault, by `ID`, such as room.full; may be repeated")
	add("code", "error_code", "only with this `NUMBER` as error code; may be repeated")
	add("sdk", "sdk", "only of this `SDK`, such as web")
	add("os", "os", "only of this operating system, as the SDK spells it: `OS`")
	f.Func("since", "only taken at or after this `TIME` (RFC 3339), or as long ago as 90m", func(s string) error { return when(v, "since", s) })
	f.Func("until", "only taken before this `TIME`, or as long ago as 90m", func(s string) error { return when(v, "until", s) })
	var (
		server   = f.String("server", cmp.Or(e.getenv("REDIAL_SERVER"), eventsServer), "`URL` of the server (or REDIAL_SERVER)")
		token    = f.String("token", "", "management `TOKEN` (default REDIAL_TOKEN)")
		failures = f.Bool("errors", false, "only failures, no tracks")
		terminal = f.Bool("terminal", false, "only failures after which the client gave up")
		n        = f.Int("n", 20, "show the last `N`; 0 shows all")
		follow   = f.Bool("follow", false, "go on showing events as they come")
		asJSON   = f.Bool("json", false, "print each event as one line of JSON")
	)
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	if *failures {
		v.Set("error", "true")
	}
	if *terminal {
		v.Set("terminal", "true")
	}
	base, err := url.Parse(*server)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return usagef("-server %q is not an address such as %s", *server, eventsServer)
	}
	if *n < 0 {
		return usagef("-n %d is negative", *n)
	}
	c := eventClient{base: base, token: cmp.Or(*token, e.getenv("REDIAL_TOKEN")), filters: v}
	if c.token == "" {
		return usagef("no token; give -token or set REDIAL_TOKEN (\"redial token management\" mints one)")
	}
	p := eventPrinter{w: e.stdout, asJSON: *asJSON, colours: e.isTerminal && e.getenv("NO_COLOR") == ""}
	if *follow {
		return c.follow(ctx, e, *n, &p)
	}
	show := p.print
	var some []json.RawMessage
	if *n > 0 { // all at once, so that the columns are as wide as they must be
		show = func(raw json.RawMessage) error { some = append(some, raw); return nil }
	}
	shown, err := c.last(ctx, *n, show)
	if err == nil {
		err = p.printAll(some)
	}
	if err == nil && shown == 0 && !*asJSON {
		fmt.Fprintln(e.stderr, "No events match.")
	}
	return err
}

// when reads a point in time, or how long ago it was.
func when(v url.Values, parameter, s string) error {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		s = time.Now().Add(-d).UTC().Format(time.RFC3339Nano)
	}
	if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
		return errors.New("is neither a time such as 2026-01-31T12:00:00Z nor a duration such as 90m")
	}
	v.Set(parameter, s)
	return nil
}

// eventClient asks a server for events.
type eventClient struct {
	base    *url.URL
	token   string
	filters url.Values
}

// eventPage is the answer of one page.
type eventPage struct {
	Next   string            `json:"next"`
	Events []json.RawMessage `json:"events"`
}

// last hands over the last n events that match, or all when n is 0, the newest
// last, and returns how many there were.
func (c *eventClient) last(ctx context.Context, n int, each func(json.RawMessage) error) (int, error) {
	q := cloneValues(c.filters)
	if n > 0 {
		q.Set("order", "desc")
	}
	var kept []json.RawMessage
	shown := 0
	for {
		limit := event.MaxLimit
		if n > 0 {
			limit = min(limit, n-len(kept))
		}
		q.Set("limit", strconv.Itoa(limit))
		var page eventPage
		if err := c.get(ctx, q, &page); err != nil {
			return shown, err
		}
		if n == 0 { // as they come: nobody wants to wait for the whole history
			for _, raw := range page.Events {
				if err := each(raw); err != nil {
					return shown, err
				}
				shown++
			}
		} else {
			kept = append(kept, page.Events...)
		}
		if page.Next == "" || n > 0 && len(kept) >= n {
			break
		}
		q.Set("start", page.Next)
	}
	for _, raw := range slices.Backward(kept) {
		if err := each(raw); err != nil {
			return shown, err
		}
		shown++
	}
	return shown, nil
}

func (c *eventClient) get(ctx context.Context, q url.Values, page *eventPage) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	res, err := c.open(ctx, "/v2/analytics/events", q, "")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(page); err != nil {
		return fmt.Errorf("the answer of %s is not a page of events: %w", c.base, err)
	}
	return nil
}

// open calls, and makes of a refusal the fault that it names.
func (c *eventClient) open(ctx context.Context, path string, q url.Values, lastID string) (*http.Response, error) {
	u := c.base.JoinPath(path)
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", c.base, err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	var body struct {
		Message string `json:"message"`
		Fault   struct {
			ID string `json:"id"`
		} `json:"fault"`
	}
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(raw, &body) != nil || body.Message == "" {
		return nil, fmt.Errorf("%s answers %s", c.base, res.Status)
	}
	if k := fault.Lookup(body.Fault.ID); k != nil {
		return nil, &refusal{text: clean(body.Message), fault: &fault.Error{Kind: k}}
	}
	return nil, fmt.Errorf("%s refuses: %s", c.base, clean(body.Message))
}

// refusal is a server's answer, in its own words.
type refusal struct {
	text  string
	fault *fault.Error
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.fault }

// follow shows the last n events and then each that comes. It begins to listen
// before it asks for the past, so none falls in between, and listens again from
// where it was when the connection ends.
func (c *eventClient) follow(ctx context.Context, e *env, n int, p *eventPrinter) error {
	res, err := c.open(ctx, "/api/v1/events/stream", c.filters, "")
	if err != nil {
		return quiet(ctx, err)
	}
	shown := map[string]bool{}
	if n > 0 {
		_, err := c.last(ctx, n, func(raw json.RawMessage) error {
			var known struct{ ID string }
			if json.Unmarshal(raw, &known) == nil {
				shown[known.ID] = true
			}
			return p.print(raw)
		})
		if err != nil {
			res.Body.Close()
			return quiet(ctx, err)
		}
	}
	last := ""
	for {
		err := listen(res.Body, &last, func(raw json.RawMessage) error {
			if len(shown) > 0 { // what came while the past was being asked for
				var known struct{ ID string }
				if json.Unmarshal(raw, &known) == nil && shown[known.ID] {
					return nil
				}
			}
			return p.print(raw)
		})
		res.Body.Close()
		if err != nil {
			return err
		}
		for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
			if ctx.Err() != nil {
				return nil
			}
			fmt.Fprintf(e.stderr, "The connection is lost; trying again in %v.\n", wait)
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return nil
			}
			if res, err = c.open(ctx, "/api/v1/events/stream", c.filters, last); err == nil {
				break
			}
			if refused := (*refusal)(nil); errors.As(err, &refused) && !refused.fault.Kind.CanRetry() {
				return quiet(ctx, err)
			}
		}
	}
}

// quiet makes nothing of an error after Ctrl-C.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// listen reads server-sent events until the stream ends, which is no error, and
// keeps the id of the last.
func listen(r io.Reader, last *string, each func(json.RawMessage) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			*last = id
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := each(json.RawMessage(data)); err != nil {
				return err
			}
		}
	}
	return nil
}

// eventPrinter writes events for people or for programs.
type eventPrinter struct {
	w       io.Writer
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

func (p *eventPrinter) print(raw json.RawMessage) error { return p.printAll([]json.RawMessage{raw}) }

// printAll shows events whose columns are fitted to them, unless others have been
// shown before.
func (p *eventPrinter) printAll(list []json.RawMessage) error {
	var rows []eventRow
	for _, raw := range list {
		if p.asJSON {
			if _, err := fmt.Fprintf(p.w, "%s\n", raw); err != nil {
				return err
			}
			continue
		}
		var e event.Event
		if err := json.Unmarshal(raw, &e); err != nil {
			return fmt.Errorf("an event cannot be read: %w", err)
		}
		rows = append(rows, rowOf(&e))
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

// rowOf words an event. Red is a failure for good, yellow one after which the
// client tried again, and faint is what went well.
func rowOf(e *event.Event) eventRow {
	code, name, kind, colour := "", e.Failure.Name, e.Fault, "33"
	switch {
	case !e.Type.IsError():
		colour = "2"
		if t := e.Track; t != nil {
			name = strings.TrimSpace(t.Kind + " " + t.Source)
			if t.Muted {
				name += " muted"
			}
		}
	case e.Failure.Terminal:
		colour = "31"
	}
	if e.Failure.Code != 0 {
		code = strconv.Itoa(e.Failure.Code)
	}
	who := cmp.Or(e.UserName, e.UserID, e.PeerID)
	if e.Role != "" {
		who += " (" + e.Role + ")"
	}
	source := string(e.Source)
	if e.Injected {
		source += ", injected"
	}
	return eventRow{
		cells: []string{
			e.Time.UTC().Format("2006-01-02 15:04:05.000"), strings.TrimPrefix(string(e.Type), "client."), code, clean(name), clean(kind),
			clean(cmp.Or(e.RoomName, e.RoomID)), clean(who), source,
		},
		message: clean(e.Failure.Message), colour: colour,
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

func cloneValues(v url.Values) url.Values {
	c := make(url.Values, len(v))
	for k, list := range v {
		c[k] = slices.Clone(list)
	}
	return c
}
