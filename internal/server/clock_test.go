// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// jumps are what a clock may do while somebody is in a call, with a token that
// is good for an hour, and what a newcomer with the same kind of token then gets.
var jumps = []struct {
	name     string
	by       time.Duration
	newcomer string
}{
	{"an hour back", -time.Hour, fault.TokenNotYetValid.ID},
	{"a day back", -24 * time.Hour, fault.TokenNotYetValid.ID},
	{"past the end of the token", 2 * time.Hour, fault.TokenExpired.ID},
	{"a month on", 30 * 24 * time.Hour, fault.TokenExpired.ID},
}

// startAt starts a server whose clock is off by what off says at each moment, on
// a listener if one is given.
func startAt(t *testing.T, cfg config.Config, off *atomic.Int64, on net.Listener) *Server {
	t.Helper()
	now := func() time.Time { return time.Now().Round(0).Add(time.Duration(off.Load())) }
	s, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{Now: now, Listener: on})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// issued is a peer with a token that a clock as far off has issued for an hour.
func issued(t *testing.T, s *Server, room string, off time.Duration) *victim {
	v := &victim{t: t, s: s, room: room, id: uuid.NewString(), user: "ada", role: "host"}
	at := time.Now().Add(off)
	v.raw = v.mint(token.Claims{Role: "host", UserID: "ada", ID: uuid.NewString(), IssuedAt: at, NotBefore: at, ExpiresAt: at.Add(time.Hour)})
	return v
}

// comesBack wants a peer to be let in again as who it was, over /init and the
// socket, and a newcomer with a token of the same time not to be.
func comesBack(t *testing.T, v *victim, off time.Duration, newcomer string) {
	t.Helper()
	c, role, refusal, init := v.knock(v.raw)
	if init != http.StatusOK || role != v.role {
		t.Fatalf("the held peer gets %d from /init and comes back as %q (%s)", init, role, refusal)
	}
	until(t, c, func(m message) bool { return m.Method == "peer-list" }) // it is inside, without joining anew
	if !works(t, c) {
		t.Error("the socket is not answered")
	}
	other := issued(t, v.s, v.room, off)
	if _, _, refusal, _ := other.knock(other.raw); refusal != newcomer {
		t.Errorf("a newcomer is told %q, want %s", refusal, newcomer)
	}
	all, err := v.s.registry.Sessions(t.Context(), registry.SessionQuery{RoomID: v.room})
	if err != nil || len(all.Data) != 1 || len(all.Data[0].Peers) != 1 || !all.Data[0].Peers[0].LeftAt.IsZero() {
		t.Errorf("one session with one peer, who never left, is %+v (%v)", all.Data, err)
	}
}

func TestAHeldPeerComesBackWhateverTheClockDid(t *testing.T) {
	for _, jump := range jumps {
		// The clock jumps while the socket is lost.
		t.Run(jump.name+", a reconnect", func(t *testing.T) {
			t.Parallel()
			var off atomic.Int64
			s := startAt(t, local(t), &off, nil)
			defer stop(t, s)
			v := issued(t, s, roomForCall(t, s), 0)
			v.join()
			v.drop()
			off.Store(int64(jump.by))
			comesBack(t, v, 0, jump.newcomer)
		})
		// The clock jumps between two processes. The second one has that of this
		// machine, and what the first has written is off by as much.
		t.Run(jump.name+", a restart", func(t *testing.T) {
			t.Parallel()
			cfg := local(t)
			var off atomic.Int64
			off.Store(int64(-jump.by))
			s := startAt(t, cfg, &off, nil)
			room := roomForCall(t, s)
			v := issued(t, s, room, -jump.by)
			v.join()
			stop(t, s)
			moveTimes(t, filepath.Join(cfg.Data.Dir, registry.File), -jump.by)

			off.Store(0)
			v.s = startAt(t, cfg, &off, nil)
			defer stop(t, v.s)
			comesBack(t, v, -jump.by, jump.newcomer)
		})
	}
}

// The Go client, media included, outlives both at once: the server restarts, and
// its clock is another.
func TestTheGoClientOutlivesARestartWithAnotherClock(t *testing.T) {
	for _, jump := range jumps {
		t.Run(jump.name, func(t *testing.T) {
			t.Parallel()
			cfg := local(t)
			var off atomic.Int64
			off.Store(int64(-jump.by))
			first, second := sameListener(t)
			s := startAt(t, cfg, &off, first)
			v := issued(t, s, roomForCall(t, s), -jump.by)
			back := make(chan struct{}, 1)
			r, err := client.Join(t.Context(), client.Config{
				Endpoint: s.URL(), Token: v.raw, PeerID: v.id, Name: "Ada",
				Listener: client.Listener{OnReconnected: func() { back <- struct{}{} }},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Leave()
			stop(t, s)
			moveTimes(t, filepath.Join(cfg.Data.Dir, registry.File), -jump.by)

			off.Store(0)
			s = startAt(t, cfg, &off, second)
			defer stop(t, s)
			select {
			case <-back:
			case <-time.After(90 * time.Second): // it tries for less
				t.Fatal("the client does not come back:", r.Err())
			}
			if r.State() != client.StateJoined || r.PeerID() != v.id {
				t.Errorf("%s as %s, %v", r.State(), r.PeerID(), r.Err())
			}
		})
	}
}

// sameListener is two hands on one listener, so that nobody else gets its port
// while the server restarts.
func sameListener(t *testing.T) (first, second net.Listener) {
	t.Helper()
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := first.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if second, err = net.FileListener(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	return first, second
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

func roomForCall(t *testing.T, s *Server) string {
	t.Helper()
	one, _, err := s.registry.CreateRoom(t.Context(), registry.Room{Name: "the-call", CustomerID: s.cfg.Access.AccountID, Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	return one.ID
}

// moveTimes makes every time that a registry holds another, as if it had been
// written by a clock that is off.
func moveTimes(t *testing.T, file string, by time.Duration) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name LIKE '%\_at' ESCAPE '\'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var moves []string
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		moves = append(moves, fmt.Sprintf("UPDATE %s SET %s = %s + %d", table, column, column, by.Nanoseconds()))
	}
	if err := rows.Err(); err != nil || !strings.Contains(strings.Join(moves, ";"), "peers SET joined_at") {
		t.Fatal(moves, err)
	}
	for _, move := range moves {
		if _, err := db.Exec(move); err != nil {
			t.Fatal(move, err)
		}
	}
}
