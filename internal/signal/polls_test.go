package signal

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
)

var update = flag.Bool("update", false, "accept what the code says as the expected files")

// TestPollsOnTheWire replays conversations. In a file of testdata/polls, a line
// "name> method params" is what a peer calls, and the lines after it are what
// comes of it: "name< result", "name! error" and "name* method params" for
// notices to anybody. "join name role", "away name", "back name" and "wait
// duration" move people and time.
func TestPollsOnTheWire(t *testing.T) {
	files, err := filepath.Glob("testdata/polls/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no conversations: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			synctest.Test(t, func(t *testing.T) { got = replay(t, want) })
			if *update {
				if err := os.WriteFile(f, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
			for i := range max(len(g), len(w)) {
				if i >= len(g) || i >= len(w) || g[i] != w[i] {
					t.Fatalf("%s:%d\n got  %s\n want %s", f, i+1, at(g, i), at(w, i))
				}
			}
		})
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

type silentRecorder struct{}

func (silentRecorder) Record(event.Event) {}

// stage holds the peers of a conversation: real seats in a real room, with
// sockets that end in a queue.
type stage struct {
	t     *testing.T
	h     *Handler
	seats map[string]*seat
	order []string
	out   bytes.Buffer
	alias map[string]string
}

func replay(t *testing.T, script []byte) []byte {
	hub := room.NewHub(room.Options{})
	defer hub.Close()
	st := &stage{
		t: t, seats: map[string]*seat{}, alias: map[string]string{},
		h: New(Config{Hub: hub, Events: silentRecorder{}, Log: slog.New(slog.DiscardHandler)}),
	}
	for line := range strings.Lines(string(script)) {
		line = strings.TrimRight(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "", strings.HasPrefix(line, "#"):
		case strings.HasSuffix(word, "<"), strings.HasSuffix(word, "!"), strings.HasSuffix(word, "*"):
			continue // what came of it the last time
		}
		fmt.Fprintln(&st.out, line)
		switch {
		case line == "", strings.HasPrefix(line, "#"):
			continue
		case word == "join":
			name, role, _ := strings.Cut(rest, " ")
			st.join(name, role)
		case word == "away":
			st.seats[rest].conn = nil
		case word == "back":
			s := st.seats[rest]
			s.attachForTest()
			s.refresh()
		case word == "wait":
			d, err := time.ParseDuration(rest)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(d)
		case strings.HasSuffix(word, ">"):
			method, params, _ := strings.Cut(rest, " ")
			s := st.seats[strings.TrimSuffix(word, ">")]
			s.receive(s.conn, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":"1","method":%q,"params":%s}`, method, params))
		default:
			t.Fatalf("unknown line %q", line)
		}
		st.settle()
	}
	return st.out.Bytes()
}

// attachForTest gives the seat a socket whose frames stay in its queue.
func (s *seat) attachForTest() {
	s.conn = &conn{h: s.h, out: newOutbox(1<<20, s.h.queued), gone: make(chan struct{})}
}

func (st *stage) join(name, role string) {
	s := newSeat(st.h, visitor{peer: room.PeerID(name), place: Place{Facts: room.Facts{ID: "r1", Template: policy.Default()}}})
	s.role, s.claims.UserID = role, "user-"+name
	s.attachForTest()
	r, _, err := st.h.cfg.Hub.Join(s.ctx, s.place.Facts, s, room.Peer{ID: s.key.peer, UserID: "user-" + name, Name: name, Role: role})
	if err != nil {
		st.t.Fatal(err)
	}
	s.room, s.joined, s.listed, s.started = r, true, true, true
	st.seats[name] = s
	st.order = append(st.order, name)
}

// settle lets all news arrive and writes down what each peer was sent about
// polls.
func (st *stage) settle() {
	synctest.Wait()
	for _, name := range st.order {
		s := st.seats[name]
		for f, ok := s.in.take(); ok; f, ok = s.in.take() {
			f()
		}
		for s.conn != nil {
			f, ok := s.conn.out.take()
			if !ok {
				break
			}
			s.conn.out.sent(f)
			st.write(name, f.b)
		}
	}
}

func (st *stage) write(name string, raw []byte) {
	var f struct {
		Method                string
		Params, Result, Error json.RawMessage
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		st.t.Fatalf("frame %q: %v", raw, err)
	}
	switch {
	case f.Error != nil:
		var e struct {
			Code    int    `json:"code"`
			Fault   string `json:"fault"`
			Message string `json:"message"`
		}
		_ = json.Unmarshal(f.Error, &e)
		fmt.Fprintf(&st.out, "%s! %d %s: %s\n", name, e.Code, e.Fault, st.stable(e.Message))
	case f.Result != nil:
		fmt.Fprintf(&st.out, "%s< %s\n", name, st.stable(string(f.Result)))
	case strings.HasPrefix(f.Method, "on-poll-"):
		fmt.Fprintf(&st.out, "%s* %s %s\n", name, f.Method, st.stable(string(f.Params)))
	}
}

var chance = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b`)

// stable replaces what differs from run to run by names in order of appearance.
func (st *stage) stable(s string) string {
	return chance.ReplaceAllStringFunc(s, func(id string) string {
		if st.alias[id] == "" {
			st.alias[id] = fmt.Sprintf("id%d", len(st.alias)+1)
		}
		return st.alias[id]
	})
}
