// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// clickhouse is a ClickHouse server that scripts/clickhouse.sh has started, asked over
// HTTP.
type clickhouse struct {
	dir, url string
	pid      int
	pending  strings.Builder // events that wait for a batch
	waiting  int
}

// clickhouseBatch is how many events are inserted at once: smaller batches are what its
// makers warn of.
const clickhouseBatch = 10_000

const clickhouseSchema = `CREATE TABLE events (
  id UUID, time Int64, type LowCardinality(String), room String, session String, peer String, usr String,
  fault LowCardinality(String), code Int32, terminal UInt8, sdk LowCardinality(String), os LowCardinality(String), doc String
) ENGINE = MergeTree PARTITION BY toYYYYMM(toDateTime(intDiv(time, 1000000))) ORDER BY (room, time) SETTINGS index_granularity = 512`

func openClickHouse(ctx context.Context, dir string) (keeper, error) {
	if _, err := script("clickhouse.sh", "install"); err != nil {
		return nil, err
	}
	if _, err := script("clickhouse.sh", "start", dir); err != nil {
		return nil, err
	}
	c := &clickhouse{dir: dir}
	port, err := os.ReadFile(filepath.Join(dir, "http_port"))
	if err == nil {
		c.url = "http://127.0.0.1:" + strings.TrimSpace(string(port)) + "/"
		var pid []byte
		if pid, err = os.ReadFile(filepath.Join(dir, "pid")); err == nil {
			c.pid, err = strconv.Atoi(strings.TrimSpace(string(pid)))
		}
	}
	if err == nil {
		_, err = c.run(ctx, clickhouseSchema, "")
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// run sends a query, or the rows of one, and gives the lines of its answer.
func (c *clickhouse) run(ctx context.Context, query, rows string) (lines []string, err error) {
	to, body := c.url+"?allow_experimental_low_cardinality_type=1", query // which Debian's version calls an experiment
	if rows != "" {
		to, body = to+"&query="+url.QueryEscape(query), rows
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.500s", res.Status, text)
	}
	if len(text) == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"), nil
}

func (*clickhouse) about() string {
	return "ClickHouse, 10,000 an insert, ordered by room and time, no id is unique"
}
func (*clickhouse) flushed() bool              { return false }
func (c *clickhouse) processor() time.Duration { return treeTime(c.pid) }
func (*clickhouse) caller() time.Duration      { return processorTime(os.Getpid()) }

func (c *clickhouse) add(ctx context.Context, events []event.Event) error {
	for i := range events {
		tab(&c.pending, &events[i])
	}
	if c.waiting += len(events); c.waiting < clickhouseBatch {
		return nil
	}
	return c.insert(ctx)
}

func (c *clickhouse) insert(ctx context.Context) error {
	if c.waiting == 0 {
		return nil
	}
	_, err := c.run(ctx, "INSERT INTO events FORMAT TabSeparated", c.pending.String())
	c.pending.Reset()
	c.waiting = 0
	return err
}

func (*clickhouse) apart() bool { return true }

func (*clickhouse) rest(context.Context) error { return nil }

func (c *clickhouse) settle(ctx context.Context) error {
	err := c.insert(ctx)
	if err == nil {
		_, err = c.run(ctx, "OPTIMIZE TABLE events FINAL", "")
	}
	return err
}

func (c *clickhouse) bytes(ctx context.Context) (int64, error) {
	lines, err := c.run(ctx, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events'", "")
	if err != nil || len(lines) != 1 {
		return 0, errors.Join(err, fmt.Errorf("%d lines", len(lines)))
	}
	return strconv.ParseInt(lines[0], 10, 64)
}

func (c *clickhouse) page(ctx context.Context, room string) (int, error) {
	if _, err := c.run(ctx, "SELECT count() FROM events WHERE room = '"+room+"'", ""); err != nil {
		return 0, err
	}
	lines, err := c.run(ctx, "SELECT doc FROM events WHERE room = '"+room+"' ORDER BY time DESC LIMIT 10", "")
	return len(lines), err
}

func (c *clickhouse) faults(ctx context.Context) (int, error) {
	lines, err := c.run(ctx, "SELECT fault, count() FROM events WHERE fault != '' GROUP BY fault", "")
	return len(lines), err
}

func (c *clickhouse) close() error {
	_, err := script("clickhouse.sh", "stop", c.dir)
	return err
}
