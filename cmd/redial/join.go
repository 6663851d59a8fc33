// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

const joinHelp = `Joins a room and shows who is in it, until Ctrl-C or the session ends. LINK is
what "redial dev" prints, such as http://127.0.0.1:8080/#code=abc-defg-hij, or
the address of a server, to be joined with -token or -code.

What to send, each as often as wanted:
  -publish pattern     a moving test picture (VP8, 640x360)
  -publish simulcast   the same in three sizes
  -publish tone        a sound of 440 Hz (Opus)
  -publish FILE        .ivf (VP8, VP9, AV1), .ogg or .opus (Opus), .h264; played
                       again at its end

-record DIR writes every track that is heard of into files. On a terminal a table
of peers and tracks is kept below what happens. Every error is printed in words. With -json every line is an object, for programs:
  {"at","event", ...} with event = joined, publishing, reconnecting, reconnected,
  error, failed (the command ends by it), peer_joined, peer_left, track,
  track_ended, recorded, message, role, left; errors are in "problem".
The exit code says what ended it:
  0 left, by Ctrl-C or -duration          5 permission: token, role, room
  1 anything else, such as a full disk    6 a request that is wrong
  2 a wrong call of this command          7 media: codecs, negotiation
  3 connection: network, DNS, TLS         8 the server or this program
  4 capture device: the files to send`

// The exit codes of join, by category.
var exitCodes = map[fault.Category]int{
	fault.Connection: 3, fault.Device: 4, fault.Permission: 5, fault.API: 6, fault.Media: 7, fault.Server: 8,
}

// exitError ends the program with a code of its own.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// byCategory gives an error of the client the exit code of its category.
func byCategory(err error) error {
	if err == nil {
		return nil
	}
	if code := exitCodes[client.Describe(err).Category]; code != 0 {
		return &exitError{code, err}
	}
	return err
}

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// where is how to get into a room, as the flags of join and bench say it.
type where struct{ endpoint, code, name string }

// parseLink takes a link or an address apart.
func parseLink(link string) (where, error) {
	var w where
	u, err := url.Parse(link)
	if err != nil || u.Host == "" {
		return w, usagef("%q is no address; write http://host:port or a link with #code=", link)
	}
	if q, err := url.ParseQuery(u.Fragment); err == nil {
		w.code, w.name = q.Get("code"), q.Get("name")
	}
	u.Fragment, u.RawQuery = "", "" // a path is for the client to refuse
	w.endpoint = u.String()
	return w, nil
}

func runJoin(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "join [flags] LINK", joinHelp)
	var publish list
	f.Var(&publish, "publish", "send `WHAT`: pattern, simulcast, tone or a file")
	var (
		token    = f.String("token", "", "room `TOKEN`; with - it is read from the environment, REDIAL_TOKEN")
		code     = f.String("code", "", "room `CODE`")
		name     = f.String("name", "redial join", "display `NAME`")
		peer     = f.String("peer", "", "be the peer with this `ID` (default a new one)")
		user     = f.String("user", "", "the app's own `ID` of the user, with a code")
		room     = f.String("room", "", "the code or token must be for this "+roomUsage)
		metadata = f.String("metadata", "", "`TEXT` others see")
		record   = f.String("record", "", "write what is received to files in `DIR`")
		layer    = f.String("layer", "low", "`LAYER` of video to receive: none, low, medium or high")
		lasts    = f.Duration("duration", 0, "leave after this long (default: stay)")
		window   = f.Duration("window", 50*time.Second, "try this long to come back after a loss")
		reports  = f.String("reports", "", "keep undelivered error reports in `DIR` (default: in the user's cache)")
		asJSON   = f.Bool("json", false, "print a line of JSON for everything that happens")
		verbose  = f.Bool("verbose", false, "print what the connections do")
	)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	w, err := parseLink(rest[0])
	if err != nil {
		return err
	}
	if *token == "-" {
		*token = e.getenv("REDIAL_TOKEN")
	}
	if *code != "" {
		w.code = *code
	}
	chosen := *name
	if w.name != "" && chosen == "redial join" {
		chosen = w.name
	}
	if *token == "" && w.code == "" {
		return usagef("a -token, a -code or a link with a code is needed")
	}
	if err := checkLayer(*layer); err != nil {
		return err
	}
	v := &joinView{e: e, record: *record, ctx: ctx, json: *asJSON, began: time.Now()}
	sources, err := openSources(publish)
	if err != nil {
		return v.failed(err)
	}
	if *record != "" {
		if err := os.MkdirAll(*record, 0o755); err != nil {
			return err
		}
	}
	if *reports == "" {
		if cache, err := os.UserCacheDir(); err == nil {
			*reports = filepath.Join(cache, "redial")
		}
	}
	if *lasts > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *lasts)
		defer cancel()
		v.ctx = ctx
	}
	level := slog.LevelError
	if *verbose {
		level = slog.LevelDebug
	}
	// The end of ctx means to leave, which the deferred call does, so that it
	// is waited for.
	session, err := client.Join(context.WithoutCancel(ctx), client.Config{
		Endpoint: w.endpoint, Token: *token, RoomCode: w.code, RoomID: idOnly(*room), UserID: *user, PeerID: *peer, Name: chosen, Metadata: *metadata,
		AutoSubscribe: client.Layer(*layer), ReconnectWindow: *window, ReportDir: *reports,
		Agent: map[string]string{"framework": "redial-join"}, Listener: v.listener(),
		Log: slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return v.failed(err)
	}
	defer func() { session.Leave(); v.recordings.Wait(); v.tell(joinLine{Event: "left"}, "") }()
	in := session.Info()
	if *room != "" && !slices.Contains([]string{in.ID, in.Name, w.code}, *room) {
		return v.failed(&failure{fmt.Sprintf("this is the room %q (%s), not %q", in.Name, in.ID, *room), fault.TokenRoomMismatch})
	}
	v.tell(joinLine{Event: "joined", Room: in.ID, Session: in.SessionID, Name: in.Name, Peer: session.PeerID(), Role: session.Role().Name},
		"joined %q (room %s, session %s) as %s, role %s, peer %s", in.Name, in.ID, in.SessionID, chosen, session.Role().Name, session.PeerID())
	for _, s := range sources {
		p, err := session.Publish(ctx, s.track, s.opts...)
		if err != nil {
			return v.failed(err)
		}
		v.tell(joinLine{Event: "publishing", Kind: p.Info().Kind, Track: p.Info().ID, Text: s.what},
			"publishing %s %s (%s)", p.Info().Kind, p.Info().ID, s.what)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-session.Done():
			return byCategory(session.Err()) // told by OnError
		case <-tick.C:
			v.draw(session)
		}
	}
}

// idOnly is the id of a room, or "" when it is given by something else, which can
// be compared inside only.
func idOnly(room string) string {
	if roomID.MatchString(room) {
		return room
	}
	return ""
}

// checkLayer refuses a layer that there is none of.
func checkLayer(s string) error {
	switch client.Layer(s) {
	case client.LayerNone, client.LayerLow, client.LayerMedium, client.LayerHigh:
		return nil
	}
	return usagef("-layer %q: it is none, low, medium or high", s)
}

type joinSource struct {
	what  string
	track *client.Player
	opts  []client.PublishOption
}

func openSources(what []string) ([]joinSource, error) {
	var out []joinSource
	for _, w := range what {
		s := joinSource{what: w}
		switch w {
		case "pattern":
			s.track = client.Pattern()
		case "simulcast":
			t, layers := client.SimulcastPattern()
			s.track, s.opts = t, []client.PublishOption{layers}
		case "tone":
			s.track = client.Tone()
		default:
			t, err := client.File(w)
			if err != nil {
				return nil, err
			}
			t.Loop = true
			s.track = t
		}
		out = append(out, s)
	}
	return out, nil
}

// joinLine is a line of -json.
type joinLine struct {
	At      time.Time       `json:"at"`
	Event   string          `json:"event"`
	Peer    string          `json:"peer,omitempty"`
	Name    string          `json:"name,omitempty"` // of the peer; of the room when joined
	Role    string          `json:"role,omitempty"`
	Room    string          `json:"room,omitempty"`
	Session string          `json:"session,omitempty"`
	Track   string          `json:"track,omitempty"`
	Kind    string          `json:"kind,omitempty"`
	Text    string          `json:"text,omitempty"` // of a message; what is published; the file
	Problem *client.Problem `json:"problem,omitempty"`
}

// joinView tells people what happens: line by line, and on a terminal with a
// table that is drawn anew every second.
type joinView struct {
	e          *env
	ctx        context.Context
	record     string
	json       bool // every line an object, and no table
	recordings sync.WaitGroup

	began  time.Time
	drawn  time.Time         // the table, before; with before, of the drawing goroutine
	before map[string]uint64 // bytes of each track then

	mu    sync.Mutex
	lines int // of the table on the screen
	last  string
}

func (v *joinView) listener() client.Listener {
	return client.Listener{
		OnReconnecting: func(c *fault.Error) { v.sayProblem("reconnecting", c) },
		OnReconnected:  func() { v.tell(joinLine{Event: "reconnected"}, "reconnected") },
		OnError:        func(f *fault.Error) { v.sayProblem("error", f) },
		OnPeerJoin: func(p client.Peer) {
			v.tell(joinLine{Event: "peer_joined", Peer: p.ID, Name: p.Name, Role: p.Role}, "%s joined as %s (%s)", p.Name, p.Role, p.ID)
		},
		OnPeerLeave: func(p client.Peer) {
			v.tell(joinLine{Event: "peer_left", Peer: p.ID, Name: p.Name}, "%s left (%s)", p.Name, p.ID)
		},
		OnMessage: func(m client.Message) {
			v.tell(joinLine{Event: "message", Peer: m.From, Text: m.Body}, "message from %s: %s", m.From, m.Body)
		},
		OnRoleChange: func(r client.Role) { v.tell(joinLine{Event: "role", Role: r.Name}, "the role is %s now", r.Name) },
		OnTrackEnd: func(t *client.RemoteTrack) {
			v.tell(joinLine{Event: "track_ended", Kind: t.Info().Kind, Track: t.ID()}, "%s track %s ended", t.Info().Kind, t.ID())
		},
		OnTrack: func(t *client.RemoteTrack) {
			i := t.Info()
			v.tell(joinLine{Event: "track", Kind: i.Kind, Track: i.ID, Peer: i.PeerID}, "%s track %s of %s", i.Kind, i.ID, i.PeerID)
			if v.record == "" {
				return
			}
			v.recordings.Go(func() {
				file, err := client.Record(v.ctx, t, filepath.Join(v.record, safeName(i.PeerID+"-"+i.Kind+"-"+i.ID)))
				switch {
				case err != nil:
					v.tell(joinLine{Event: "record_failed", Track: i.ID, Text: err.Error()}, "recording %s failed: %v", i.ID, err)
				case file != "":
					v.tell(joinLine{Event: "recorded", Track: i.ID, Text: file}, "recorded %s", file)
				}
			})
		},
	}
}

// safeName keeps ids of others from naming places in the file system.
func safeName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '_'
	}, s)
}

func (v *joinView) sayProblem(what string, f *fault.Error) {
	d := client.Describe(f)
	tail := ""
	if d.Terminal {
		tail = "; the session has ended"
		if d.CanRetry {
			tail += ", joining again can work"
		}
	}
	v.tell(joinLine{Event: what, Problem: &d},
		"%s %d %s: %s%s\n  %s\n  more: redial explain %s", what, d.Code, d.Name, f.Error(), tail, advice(f.Kind), d.Fault)
}

// failed is for what ends the command. In words it is printed last, by run.
func (v *joinView) failed(err error) error {
	if v.json {
		d := client.Describe(err)
		v.tell(joinLine{Event: "failed", Problem: &d}, "")
	}
	return byCategory(err)
}

// tell says what happened: as an object, or in the words that follow, if any.
func (v *joinView) tell(line joinLine, format string, args ...any) {
	if v.json {
		v.mu.Lock()
		defer v.mu.Unlock()
		line.At = time.Now().UTC()
		_ = json.NewEncoder(v.e.stdout).Encode(line)
		return
	}
	if format == "" {
		return
	}
	for i, a := range args {
		if text, ok := a.(string); ok { // of others, perhaps
			args[i] = printable(text)
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase(v.e.stdout)
	fmt.Fprintf(v.e.stdout, "%s  %s\n", v.e.now().Format("15:04:05"), fmt.Sprintf(format, args...))
	if v.last != "" {
		v.print(v.last)
	}
}

func (v *joinView) erase(w io.Writer) {
	if v.lines > 0 {
		fmt.Fprintf(w, "\x1b[%dA\x1b[J", v.lines)
		v.lines = 0
	}
}

func (v *joinView) print(table string) {
	fmt.Fprint(v.e.stdout, table)
	v.lines = strings.Count(table, "\n")
}

// maxRows is how many tracks the table shows: what is taller than the screen
// cannot be drawn anew.
const maxRows = 16

// draw shows the table; without a terminal there is none. Its lines are short
// enough for 80 columns, since a line that wraps would be two.
func (v *joinView) draw(r *client.Room) {
	if !v.e.isTerminal || v.json {
		return
	}
	s := r.Stats()
	var rows []string
	row := func(name, role, track, rate, packets, lost, jitter string) {
		rows = append(rows, strings.TrimRight(fmt.Sprintf("%-18s %-10s %-16s %7s %9s %6s %7s",
			cut(name, 18), cut(role, 10), cut(track, 16), rate, packets, lost, jitter), " ")+"\n")
	}
	row("PEER", "ROLE", "TRACK", "KBIT/S", "PACKETS", "LOST", "JITTER")
	pubs := r.Publications()
	for _, p := range pubs {
		row("(me)", r.Role().Name, trackWords(p.Info()), "", fmt.Sprint(p.PacketsSent()), "", "")
	}
	if len(pubs) == 0 {
		row("(me)", r.Role().Name, "-", "", "", "", "")
	}
	now := time.Now()
	for _, p := range r.Peers() {
		if len(p.Tracks) == 0 {
			row(p.Name, p.Role, "-", "", "", "", "")
		}
		for _, t := range p.Tracks {
			ts := s.Tracks[t.ID]
			rate := ""
			if before, ok := v.before[t.ID]; ok && !v.drawn.IsZero() {
				rate = fmt.Sprint(int(float64(ts.Bytes-min(before, ts.Bytes)) * 8 / 1000 / now.Sub(v.drawn).Seconds()))
			}
			row(p.Name, p.Role, trackWords(t), rate, fmt.Sprint(ts.Packets), fmt.Sprint(ts.Lost), fmt.Sprintf("%.1fms", float64(ts.Jitter.Microseconds())/1000))
		}
	}
	v.drawn, v.before = now, map[string]uint64{}
	for id, ts := range s.Tracks {
		v.before[id] = ts.Bytes
	}
	if more := len(rows) - maxRows; more > 0 {
		rows = append(rows[:maxRows], fmt.Sprintf("and %d more\n", more))
	}
	head := fmt.Sprintf("\n%s, %s, %d in the room", s.State, now.Sub(v.began).Round(time.Second), len(r.Peers())+1)
	if s.Reconnects > 0 {
		head += fmt.Sprintf(", reconnected %d times, away for %s", s.Reconnects, s.Outage.Round(100*time.Millisecond))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.erase(v.e.stdout)
	v.last = head + "\n" + strings.Join(rows, "")
	v.print(v.last)
}

// printable keeps what others call themselves and say from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// cut shortens a text to so many characters.
func cut(s string, n int) string {
	r := []rune(printable(s))
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return string(r)
}

func trackWords(t client.TrackInfo) string {
	words := t.Kind
	if t.Source != client.SourceRegular {
		words += " " + t.Source
	}
	if t.Muted {
		words += " muted"
	}
	return words
}
