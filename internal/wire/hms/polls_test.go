// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/token"
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

func (silentRecorder) Record(event.Event)                       {}
func (silentRecorder) Report(event.Reporter, event.Event) error { return nil }
func (silentRecorder) Joined(event.Subject)                     {}

// stage holds the peers of a conversation: real participants in a real room,
// with sockets that end in a queue.
type stage struct {
	t     *testing.T
	h     *Handler
	hub   *room.Hub
	peers map[string]*session
	order []string
	out   bytes.Buffer
	alias map[string]string
}

// queue is a socket whose frames stay where they are.
type queue struct {
	mu     sync.Mutex
	frames []any
}

func (q *queue) Send(v any) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.frames = append(q.frames, v)
	return 0
}

// take removes what waits.
func (q *queue) take() []any {
	q.mu.Lock()
	defer q.mu.Unlock()
	frames := q.frames
	q.frames = nil
	return frames
}

func (q *queue) SendFrame(b []byte)               { q.Send(json.RawMessage(b)) }
func (q *queue) SendReliable(b []byte)            { q.Send(json.RawMessage(b)) }
func (*queue) Missed() ([][]byte, int)            { return nil, 0 }
func (*queue) Close(websocket.StatusCode, string) {}
func (*queue) Probe(time.Duration)                {}
func (*queue) Drop()                              {}
func (*queue) Slow(string)                        {}
func (*queue) Evidence() *evidence.Socket         { return &evidence.Socket{} }
func (*queue) Expect(int)                         {}

// knownRoom is a directory of one room.
type knownRoom struct{}

func (knownRoom) RoomRecord(context.Context, string) (participant.RoomRecord, error) {
	return participant.RoomRecord{Spec: room.Spec{ID: "r1", Template: policy.Default()}, Enabled: true}, nil
}

func (knownRoom) Held(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

func (knownRoom) Former(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

func newStage(t *testing.T) *stage {
	hub := room.NewHub(room.Options{})
	t.Cleanup(hub.Close)
	all := participant.New(participant.Config{Hub: hub, Directory: knownRoom{}, Events: silentRecorder{}})
	t.Cleanup(func() { all.Close(context.WithoutCancel(t.Context())) })
	return &stage{
		t: t, peers: map[string]*session{}, alias: map[string]string{}, hub: hub,
		h: New(Config{Participants: all, Sockets: socket.NewSet(socket.SetConfig{})}),
	}
}

func replay(t *testing.T, script []byte) []byte {
	st := newStage(t)
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
			p := st.peers[rest]
			p.p.Post(func() { p.p.Detached(p.conn, false, websocket.StatusAbnormalClosure) })
		case word == "back":
			st.peers[rest].p.Attach(&queue{}, participant.Visitor{})
		case word == "wait":
			d, err := time.ParseDuration(rest)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(d)
		case strings.HasSuffix(word, ">"):
			method, params, _ := strings.Cut(rest, " ")
			s := st.peers[strings.TrimSuffix(word, ">")]
			s.p.Post(func() {
				s.receive(s.conn, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":"1","method":%q,"params":%s}`, method, params))
			})
		default:
			t.Fatalf("unknown line %q", line)
		}
		st.settle()
	}
	return st.out.Bytes()
}

func (st *stage) join(name, role string) {
	p := st.enter(name, role, &queue{})
	p.Post(func() {
		if err := p.Join(st.t.Context(), participant.Profile{Name: name}, nil); err != nil {
			st.t.Error(err)
		}
		p.Refresh()
	})
	st.peers[name] = p.Wire().(*session)
	st.order = append(st.order, name)
}

// preview has somebody look at the room, and returns what it is told.
func (st *stage) preview(name string) *queue {
	q := &queue{}
	st.enter(name, "guest", q)
	return q
}

func (st *stage) enter(name, role string, c participant.Socket, edit ...func(*token.Claims)) *participant.Participant {
	st.t.Helper()
	v := participant.Visitor{ID: room.PeerID(name), Claims: token.Claims{RoomID: "r1", Role: role, UserID: "user-" + name}}
	for _, f := range edit {
		f(&v.Claims)
	}
	v.Record, _ = knownRoom{}.RoomRecord(st.t.Context(), "r1")
	p, err := st.h.all.Enter(v, func(p *participant.Participant) participant.Wire { return newSession(st.h, p) })
	if err != nil {
		st.t.Fatal(err)
	}
	p.Attach(c, v)
	return p
}

// settle lets all updates arrive and writes down what each peer was sent about
// polls.
func (st *stage) settle() {
	synctest.Wait()
	for _, name := range st.order {
		q, _ := st.peers[name].conn.(*queue)
		if q == nil {
			continue
		}
		for _, f := range q.take() {
			raw, err := json.Marshal(f)
			if err != nil {
				st.t.Fatal(err)
			}
			st.write(name, raw)
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
