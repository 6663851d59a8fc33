// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

var kills = flag.Int("kills", 3, "how often each of the servers of one database is killed")

// The directory and the ClickHouse to which this test binary, run by itself, writes until
// it is killed.
const (
	writerDir = "REDIAL_CLICKHOUSE_TEST_DIR"
	writerURL = "REDIAL_CLICKHOUSE_TEST_URL"
)

// killed is the database that those who are killed write to.
const killed = "killed"

// writeUntilKilled appends events, ships them and lets them leave, and prints the id of
// each once it is acknowledged.
func writeUntilKilled(dir, url string) error {
	ctx := context.Background()
	s, err := Open(ctx, dir, Config{URL: url, Database: killed, Shared: true})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		var batch []event.Event
		for i := range 20 {
			e := eventtest.Sample(n)
			e.Time = time.Now().UTC()
			e.ID, e.Key = event.KeyID(fmt.Sprint(os.Getpid(), "-", n, "-", i), e.Time), ""
			e.PeerID = fmt.Sprint(os.Getpid(), "-", n, "-", i)
			batch = append(batch, e)
		}
		if _, err := s.Append(ctx, batch); err != nil {
			return err
		}
		for _, e := range batch {
			fmt.Println(e.ID) // one write(2), so a line is whole or absent
		}
		if err := s.step(ctx, 0, time.Duration(rand.IntN(2))*time.Hour); err != nil {
			return err
		}
	}
}

// TestServersOfOneDatabaseAreKilled kills two servers that write to one database, each at
// random points, again and again. Whatever either has acknowledged is there once, for both.
func TestServersOfOneDatabaseAreKilled(t *testing.T) {
	t.Parallel()
	url, root := shared(t), t.TempDir()
	var mu sync.Mutex
	acknowledged := map[string]int{}
	var all sync.WaitGroup
	for n := range 2 {
		all.Go(func() {
			dir := filepath.Join(root, fmt.Sprint(n))
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Error(err)
				return
			}
			for range *kills {
				c := exec.Command(os.Args[0])
				c.Env = append(os.Environ(), writerDir+"="+dir, writerURL+"="+url)
				var said strings.Builder
				c.Stderr = &said
				out, err := c.StdoutPipe()
				if err == nil {
					err = c.Start()
				}
				if err != nil {
					t.Error(err)
					return
				}
				told := 0
				for lines := bufio.NewScanner(out); lines.Scan(); told++ {
					mu.Lock()
					acknowledged[lines.Text()]++
					mu.Unlock()
					if told == 60 { // some of it has been shipped
						time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { _ = c.Process.Kill() })
					}
				}
				if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
					t.Errorf("the writer ended by itself: %v %s", err, said.String())
					return
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	var list []*Store
	for n := range 2 {
		list = append(list, openAt(t, url, filepath.Join(root, fmt.Sprint(n)), func(c *Config) { c.Database = killed }))
	}
	flush(t, list...)
	for n, s := range list {
		events, total := eventtest.All(t, s, event.Query{Limit: event.MaxLimit})
		there := map[string]int{}
		for i := range events {
			there[events[i].ID]++
		}
		for id := range acknowledged {
			if there[id] != 1 {
				t.Errorf("%s was acknowledged and is there %d times, at server %d", id, there[id], n)
			}
		}
		if total != len(events) || len(there) != len(events) {
			t.Errorf("server %d has %d events of %d ids, total %d", n, len(events), len(there), total)
		}
	}
	t.Logf("%d kills, %d events acknowledged, the servers are %d and %d", 2**kills, len(acknowledged), list[0].number, list[1].number)
}
