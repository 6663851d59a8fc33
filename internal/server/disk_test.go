// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
)

// callWire calls a method of the wire and returns its answer, and the warnings before it.
func callWire(t *testing.T, c *websocket.Conn, method, params string) (answer message, warned []string) {
	t.Helper()
	id := fmt.Sprint(time.Now().UnixNano())
	frame := fmt.Sprintf(`{"id":%q,"jsonrpc":"2.0","method":%q,"params":%s}`, id, method, params)
	if err := c.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
		t.Fatal(err)
	}
	answer = until(t, c, func(m message) bool {
		if m.Method == "on-warning" {
			warned = append(warned, m.Method)
		}
		return m.ID == id
	})
	return answer, warned
}

// readiness is what /readyz says.
func readiness(t *testing.T, s *Server) (ready bool, checks map[string]string) {
	t.Helper()
	res, err := http.Get(s.URL() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body struct {
		Ready  bool
		Checks map[string]string
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body.Ready, body.Checks
}

// TestACallOnAFullDisk fills the disk of a server: people join and talk, with a
// warning before each acknowledgement that is worth only memory, a lock is refused,
// and readiness says so. With room again everything is written, the session and all
// who were in it, and a restart finds it.
func TestACallOnAFullDisk(t *testing.T) {
	cfg := local(t)
	cfg.Data.Dir = filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(cfg.Data.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", cfg.Data.Dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("this user may not mount a filesystem: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(cfg.Data.Dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := startLocal(t, cfg)
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if ready, checks := readiness(t, s); !ready {
		t.Fatalf("not ready: %v", checks)
	}

	ballast := filepath.Join(cfg.Data.Dir, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil { // to the last byte
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = f.Close()

	// The log of the database has some room of its own; data takes it.
	host := dial(t, s, d.Tokens["host"], "p-host")
	answer, warned := callWire(t, host, "join", `{"name":"Ann","data":"`+strings.Repeat("x", 30_000)+`"}`)
	if answer.Error != nil {
		t.Fatalf("join on a full disk: %+v", answer.Error)
	}
	for n := 0; len(warned) == 0; n++ {
		if n > 300 {
			t.Fatal("the disk never got full")
		}
		answer, warned = callWire(t, host, "peer-update", fmt.Sprintf(`{"name":"Ann %d","data":"%s"}`, n, strings.Repeat("y", 30_000)))
		if answer.Error != nil {
			t.Fatalf("a change on a full disk: %+v", answer.Error)
		}
	}
	guest := dial(t, s, d.Tokens["guest"], "p-guest")
	if answer, warned := callWire(t, guest, "join", `{"name":"Bob"}`); answer.Error != nil || len(warned) == 0 {
		t.Errorf("join on a full disk: %+v, warnings %v", answer.Error, warned)
	}
	if answer, _ := callWire(t, host, "end-room", `{"reason":"over","lock":true}`); answer.Error == nil || !strings.Contains(answer.Error.Message, fault.StoreFull.Title) {
		t.Errorf("a lock that is not written: %+v", answer.Error)
	}
	ready, checks := readiness(t, s)
	if ready || checks["journal"] == "ok" {
		t.Errorf("ready %v, checks %v", ready, checks)
	}

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for ready, checks = readiness(t, s); !ready; ready, checks = readiness(t, s) {
		if time.Now().After(deadline) {
			t.Fatalf("with room again: %v", checks)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if answer, warned := callWire(t, host, "peer-update", `{"name":"Ann the Last"}`); answer.Error != nil || len(warned) > 0 {
		t.Errorf("with room again: %+v, warnings %v", answer.Error, warned)
	}
	page, err := s.registry.Sessions(t.Context(), registry.SessionQuery{RoomID: d.ID})
	if err != nil || len(page.Data) != 1 || len(page.Data[0].Peers) != 2 {
		t.Fatalf("the session as it was written: %+v, %v", page, err)
	}
	if name := page.Data[0].Peers[0].Name; name != "Ann the Last" {
		t.Errorf("the host is written as %q", name)
	}
	if r, err := s.registry.Room(t.Context(), d.ID); err != nil || !r.Locked {
		t.Errorf("the lock that held in memory is written: %v, %v", r.Locked, err)
	}
}

// TestAServerDoesNotStartHalf damages pages of each store. A server that finds one
// says which file and what to do, and holds nothing open.
func TestAServerDoesNotStartHalf(t *testing.T) {
	cfg := local(t)
	s := startLocal(t, cfg)
	if _, err := s.Demo(t.Context(), "demo", time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	for file, pages := range map[string][]int64{"registry.db": {1, 2, 5, 8}, "events.db": {1, 2, 5, 8}} {
		path := filepath.Join(cfg.Data.Dir, file)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			broken := append([]byte(nil), whole...)
			for i := range int64(4096) {
				broken[(page-1)*4096+i] = 0xa5
			}
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Start(t.Context(), cfg, NewLog(io.Discard, cfg.Log), Options{})
			if err == nil {
				_ = s.Stop(context.Background())
			}
			if !errors.Is(err, fault.StoreDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("page %d of %s: %v", page, file, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := startLocal(t, cfg)
	if ready, checks := readiness(t, again); !ready {
		t.Errorf("whole again: %v", checks)
	}
}
