package redialtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Event is one thing that the server has on record, in the shape in which the
// REST API gives it; docs/events.md says what each field means.
type Event struct {
	ID   string    `json:"id"`
	Time time.Time `json:"timestamp"` // when the server took it, by its own clock
	Type string    `json:"type"`      // such as "client.disconnected"
	Data struct {
		User        string `json:"user_id"` // the app's own id
		UserName    string `json:"user_name"`
		Peer        string `json:"peer_id"`
		Room        string `json:"room_id"`
		RoomName    string `json:"room_name"`
		Session     string `json:"session_id"`
		Role        string `json:"role"`
		Action      string `json:"action"` // what the client was doing, in its own word
		Terminal    bool   `json:"is_terminal"`
		Code        int    `json:"error_code"`
		Name        string `json:"error_name"`
		Message     string `json:"error_message"`
		Description string `json:"error_description"`
		Agent       struct {
			SDK        string `json:"sdk"`
			SDKVersion string `json:"sdk_version"`
			OS         string `json:"os"`
			Text       string `json:"string"`
		} `json:"agent"`
	} `json:"data"`
	Redial struct {
		Fault      string    `json:"fault"` // id in the catalogue
		Op         string    `json:"op"`
		Source     string    `json:"source"` // "client", "server" or "both"
		Injected   bool      `json:"injected"`
		ClientTime time.Time `json:"client_timestamp"`
	} `json:"redial"`
}

// String is the event in a line, for messages of tests.
func (e Event) String() string {
	b := new(strings.Builder)
	fmt.Fprintf(b, "%s %s", e.Time.Format("15:04:05.000"), e.Type)
	if e.Data.Code != 0 {
		fmt.Fprintf(b, " %d %s", e.Data.Code, e.Data.Name)
	}
	for _, f := range [][2]string{{"fault", e.Redial.Fault}, {"user", e.Data.User}, {"peer", e.Data.Peer}, {"role", e.Data.Role}, {"source", e.Redial.Source}} {
		if f[1] != "" {
			fmt.Fprintf(b, " %s=%s", f[0], f[1])
		}
	}
	fmt.Fprintf(b, " terminal=%t injected=%t", e.Data.Terminal, e.Redial.Injected)
	return b.String()
}

// Filter chooses events. Everything that is set must match.
type Filter struct {
	Type     string // such as "client.join.failed"
	Room     string // id
	Peer     string // id
	User     string // the app's own id
	Fault    string // id in the catalogue
	Code     int    // the error's number
	Failures bool   // no tracks
	Terminal bool   // only failures after which the client gave up
	Since    time.Time

	// Match, when it is set, has the last word.
	Match func(Event) bool

	// Within is how long [Server.WaitForEvent] waits; default 30 s.
	Within time.Duration
}

func (f Filter) query() url.Values {
	q := url.Values{}
	for _, p := range [][2]string{{"type", f.Type}, {"room_id", f.Room}, {"peer_id", f.Peer}, {"user_id", f.User}, {"fault", f.Fault}} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	if f.Code != 0 {
		q.Set("error_code", strconv.Itoa(f.Code))
	}
	if f.Failures {
		q.Set("error", "true")
	}
	if f.Terminal {
		q.Set("terminal", "true")
	}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.UTC().Format(time.RFC3339Nano))
	}
	return q
}

func (f Filter) matches(e Event) bool { return f.Match == nil || f.Match(e) }

// Events returns what is on record, oldest first.
func (s *Server) Events(t testing.TB, f Filter) []Event {
	t.Helper()
	found, err := s.events(t.Context(), f)
	if err != nil {
		t.Fatalf("redialtest: reading events: %v", err)
	}
	return found
}

func (s *Server) events(ctx context.Context, f Filter) ([]Event, error) {
	q := f.query()
	q.Set("limit", "100")
	var found []Event
	for {
		var page struct {
			Next   string  `json:"next"`
			Events []Event `json:"events"`
		}
		if err := s.Call(ctx, http.MethodGet, "/v2/analytics/events?"+q.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			if f.matches(e) {
				found = append(found, e)
			}
		}
		if page.Next == "" {
			return found, nil
		}
		q.Set("start", page.Next)
	}
}

// WaitForEvent returns the first event that matches: one that is on record, or
// the next that comes. It fails the test when none does in time, and says what
// else the room, the peer and the user have on record.
func (s *Server) WaitForEvent(t testing.TB, f Filter) Event {
	t.Helper()
	if f.Within == 0 {
		f.Within = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(t.Context(), f.Within)
	defer cancel()
	e, err := s.await(ctx, f)
	if err == nil {
		return e
	}
	if ctx.Err() == nil || t.Context().Err() != nil {
		t.Fatalf("redialtest: waiting for an event: %v", err)
	}
	about := Filter{Room: f.Room, Peer: f.Peer, User: f.User, Since: f.Since}
	others, err := s.events(t.Context(), about)
	b := new(strings.Builder)
	fmt.Fprintf(b, "redialtest: no event matched %s within %v. On record", f.query().Encode(), f.Within)
	switch {
	case err != nil:
		fmt.Fprintf(b, " is what cannot be read: %v", err)
	case len(others) == 0:
		fmt.Fprintf(b, " is nothing for %q", about.query().Encode())
	}
	for _, o := range others {
		fmt.Fprintf(b, "\n  %v", o)
	}
	t.Fatal(b.String())
	return Event{}
}

// lookAgain is how often the record is read while waiting. News come by the
// stream at once; but a client's account of a failure that the server has told of
// already changes that event, and the stream does not repeat it.
const lookAgain = time.Second

// await listens before it looks at the record, so that nothing falls in between.
func (s *Server) await(ctx context.Context, f Filter) (Event, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	res, err := s.send(ctx, http.MethodGet, "/api/v1/events/stream?"+f.query().Encode(), nil, nil)
	if err != nil {
		return Event{}, err
	}
	news := make(chan Event)
	ended := make(chan error, 1)
	go func() {
		defer res.Body.Close()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var e Event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				ended <- fmt.Errorf("an event of the stream cannot be read: %w", err)
				return
			}
			select {
			case news <- e:
			case <-ctx.Done():
				return
			}
		}
		err := lines.Err()
		if err == nil {
			err = errors.New("the stream of events has ended")
		}
		ended <- err
	}()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		found, err := s.events(ctx, f)
		if err != nil {
			return Event{}, err
		}
		if len(found) > 0 {
			return found[0], nil
		}
		for look := false; !look; {
			select {
			case e := <-news:
				if f.matches(e) {
					return e, nil
				}
			case <-again.C:
				look = true
			case err := <-ended:
				return Event{}, s.unreachable(err)
			case <-ctx.Done():
				return Event{}, ctx.Err()
			}
		}
	}
}
