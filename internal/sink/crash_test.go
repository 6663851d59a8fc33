// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux || darwin

package sink

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

var kills = flag.Int("kills", 4, "how often the sender is killed")

// What this test binary is told when it runs itself.
const (
	hookVar = "REDIAL_SINK_TEST_HOOK"
	dirVar  = "REDIAL_SINK_TEST_DIR"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if url := os.Getenv(hookVar); url != "" {
		fmt.Fprintln(os.Stderr, sendUntilKilled(os.Getenv(dirVar), url))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// sendUntilKilled stores events, prints the peer of each once it is
// acknowledged, and sends them to a hook meanwhile.
func sendUntilKilled(dir, url string) error {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, dir, nil)
	if err != nil {
		return err
	}
	r := event.NewRecorder(store, event.RecorderConfig{Account: "acme"})
	if _, err := Start(ctx, Config{Dir: dir, Events: r, AllowNetworks: loopback, Concurrency: 3, Hooks: []Hook{{Name: "app", URL: url}}}); err != nil {
		return err
	}
	for n := 0; ; n++ {
		e := refused(n)
		e.PeerID = fmt.Sprintf("%d-%d", os.Getpid(), n)
		if err := r.Append(ctx, e); err != nil {
			return err
		}
		fmt.Println(e.PeerID) // one write(2), so a line is whole or absent
	}
}

// TestKilled kills the sender at random points. Whatever it acknowledged
// reaches the hook all the same, from whichever life.
func TestKilled(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	reached, repeated := map[string]bool{}, 0
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var b struct {
			Data struct {
				Peer string `json:"peer_id"`
			} `json:"data"`
		}
		if err := json.NewDecoder(q.Body).Decode(&b); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable) // cut off
			return
		}
		time.Sleep(10 * time.Millisecond) // slower than events are stored, so that each death leaves some behind
		mu.Lock()
		defer mu.Unlock()
		if reached[b.Data.Peer] {
			repeated++
		}
		reached[b.Data.Peer] = true
	}))
	t.Cleanup(hook.Close)
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range *kills {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), hookVar+"="+hook.URL, dirVar+"="+dir)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var kill sync.Once
		for lines.Scan() {
			acknowledged[lines.Text()] = true
			kill.Do(func() { // the dying begins once it is at work
				time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = c.Process.Kill() })
			})
		}
		if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("round %d: the sender ended by itself: %v", round, err)
		}
	}
	mu.Lock()
	left := 0
	for peer := range acknowledged {
		if !reached[peer] {
			left++
		}
	}
	mu.Unlock()
	run(t, Config{Dir: dir, Events: record(t, dir), Concurrency: 8, Hooks: []Hook{{Name: "app", URL: hook.URL}}})
	eventually(t, "every acknowledged event reaches the hook", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for peer := range acknowledged {
			if !reached[peer] {
				return false
			}
		}
		return true
	})
	t.Logf("%d events acknowledged in %d lives, %d of them sent by the last, %d sent twice", len(acknowledged), *kills, left, repeated)
}
