// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package spool

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

var kills = flag.Int("kills", 4, "how often the writer is killed")

// dirVar names the directory in which this test binary, run by itself, writes
// until it is killed.
const dirVar = "REDIAL_SPOOL_TEST_DIR"

func TestMain(m *testing.M) {
	flag.Parse()
	if dir := os.Getenv(dirVar); dir != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// writeUntilKilled appends events and lets the older ones leave, as a spool does
// before a store that takes them, and prints the id of each once it is
// acknowledged.
func writeUntilKilled(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, dir, nil, nil)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		var batch []event.Event
		for i := range 5 {
			e := failedJoin(n, fmt.Sprint("peer-", n%50))
			e.ID = event.KeyID(fmt.Sprint(os.Getpid(), "-", n, "-", i), e.Time)
			batch = append(batch, e)
		}
		if _, err := s.Append(ctx, batch); err != nil {
			return err
		}
		for _, e := range batch {
			fmt.Println(e.ID) // one write(2), so a line is whole or absent
		}
		last, err := s.Last(ctx)
		if err != nil {
			return err
		}
		list, err := s.Records(ctx, s.EvictedUpTo(), last-20, 7)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if err := s.Evict(ctx, list); err != nil {
				return err
			}
		}
	}
}

// TestKilled kills a spool at random points of appending and evicting. Whatever
// it acknowledged is known, in its place, and what has not left is there once.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for range *kills {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), dirVar+"="+dir)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		n := 0
		for lines := bufio.NewScanner(out); lines.Scan(); n++ {
			acknowledged[lines.Text()] = true
			if n == 100 { // it has begun to evict
				time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { _ = c.Process.Kill() })
			}
		}
		if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("the writer ended by itself: %v", err)
		}
		verify(t, dir, acknowledged)
	}
	t.Logf("%d events acknowledged", len(acknowledged))
}

func verify(t *testing.T, dir string, acknowledged map[string]bool) {
	t.Helper()
	s, err := Open(t.Context(), dir, nil, nil)
	if err != nil {
		t.Fatalf("the file does not open: %v", err)
	}
	defer s.Close()
	evicted := s.EvictedUpTo()
	if evicted == 0 {
		t.Error("nothing has left: this test sees little")
	}
	here := map[string]int64{}
	list, err := s.Records(t.Context(), 0, math.MaxInt64, math.MaxInt32)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Seq <= evicted {
			t.Errorf("%s at %d has left and is there", r.ID, r.Seq)
		}
		here[r.ID] = r.Seq
	}
	if n, err := s.Count(t.Context()); err != nil || n != int64(len(list)) || len(here) != len(list) {
		t.Errorf("%d are counted, %d are there, of %d ids, %v", n, len(list), len(here), err)
	}
	places := map[int64]bool{}
	for id := range acknowledged {
		seq, found, err := s.Seq(t.Context(), id)
		if err != nil || !found || places[seq] {
			t.Fatalf("%s was acknowledged and is known %v, at %d, %v", id, found, seq, err)
		}
		if places[seq] = true; seq > evicted && here[id] != seq {
			t.Errorf("%s at %d has neither left nor is it there", id, seq)
		}
	}
}
