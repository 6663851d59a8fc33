// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

// postgres is a PostgreSQL server that scripts/postgres.sh has started, asked by psql.
type postgres struct {
	dir  string
	psql *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	pid  int // of the server
}

// Events as anybody would keep them who wants the same of it: one event once by its id,
// on disk when it is acknowledged, and found by what our filters have an index for.
const postgresSchema = `
CREATE TABLE events (
  id uuid PRIMARY KEY, time bigint NOT NULL, type text NOT NULL, room text, session text, peer text, usr text,
  fault text, code integer, terminal smallint, sdk text, os text, doc json NOT NULL
);
CREATE INDEX ON events(room, time);
CREATE INDEX ON events(session, time);
CREATE INDEX ON events(peer);
CREATE INDEX ON events(usr, time);
CREATE INDEX ON events(type, time);
CREATE INDEX ON events(fault, time);
CREATE INDEX ON events(code);
CREATE INDEX ON events(time);
CREATE TEMP TABLE stage (LIKE events) ON COMMIT DELETE ROWS;
`

func openPostgres(ctx context.Context, dir string) (keeper, error) {
	if _, err := script("postgres.sh", "install"); err != nil {
		return nil, err
	}
	for at := dir; at != filepath.Dir(at) && strings.HasPrefix(at, os.TempDir()+"/"); at = filepath.Dir(at) {
		if err := os.Chmod(at, 0o711); err != nil { // the server is run by a user of its own
			return nil, err
		}
	}
	at, err := script("postgres.sh", "start", dir)
	if err != nil {
		return nil, err
	}
	p := &postgres{dir: at}
	first, err := os.ReadFile(filepath.Join(at, "data", "postmaster.pid"))
	if err == nil {
		line, _, _ := strings.Cut(string(first), "\n")
		p.pid, err = strconv.Atoi(line)
	}
	if err == nil {
		p.psql = exec.CommandContext(ctx, "psql", "-h", at, "-U", "postgres", "-qAtX", "-v", "ON_ERROR_STOP=1", "bench")
		p.psql.Stderr = os.Stderr
		p.in, err = p.psql.StdinPipe()
	}
	if err == nil {
		var out io.ReadCloser
		out, err = p.psql.StdoutPipe()
		p.out = bufio.NewReaderSize(out, 1<<16)
	}
	if err == nil {
		err = p.psql.Start()
	}
	if err == nil {
		_, err = p.run(postgresSchema)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// run sends statements and gives the lines of their answer.
func (p *postgres) run(statements string) (lines []string, err error) {
	const done = "-- done --"
	if _, err := io.WriteString(p.in, statements+"\n\\echo '"+done+"'\n"); err != nil {
		return nil, err
	}
	for {
		line, err := p.out.ReadString('\n')
		if line = strings.TrimSuffix(line, "\n"); line == done {
			return lines, nil
		}
		if err != nil {
			return nil, fmt.Errorf("psql has ended: %w", err)
		}
		lines = append(lines, line)
	}
}

func (*postgres) about() string {
	return "PostgreSQL, 1,000 a transaction, `ON CONFLICT DO NOTHING`, 9 indexes"
}
func (*postgres) flushed() bool              { return true }
func (p *postgres) processor() time.Duration { return treeTime(p.pid) }
func (p *postgres) caller() time.Duration {
	return processorTime(os.Getpid()) + processorTime(p.psql.Process.Pid)
}

func (p *postgres) add(_ context.Context, events []event.Event) error {
	var b strings.Builder
	b.WriteString("BEGIN;\nCOPY stage FROM STDIN;\n")
	for i := range events {
		tab(&b, &events[i])
	}
	b.WriteString("\\.\nINSERT INTO events SELECT * FROM stage ON CONFLICT DO NOTHING;\nCOMMIT;")
	_, err := p.run(b.String())
	return err
}

func (*postgres) apart() bool { return true }

func (*postgres) rest(context.Context) error { return nil }

func (p *postgres) settle(context.Context) error {
	_, err := p.run("VACUUM ANALYZE events; CHECKPOINT;")
	return err
}

func (p *postgres) number(query string) (int64, error) {
	lines, err := p.run(query)
	if err != nil || len(lines) != 1 {
		return 0, errors.Join(err, fmt.Errorf("%d lines", len(lines)))
	}
	return strconv.ParseInt(lines[0], 10, 64)
}

func (p *postgres) bytes(context.Context) (int64, error) {
	return p.number("SELECT pg_total_relation_size('events');")
}

func (p *postgres) page(_ context.Context, room string) (int, error) {
	lines, err := p.run("SELECT doc FROM events WHERE room = '" + room + "' ORDER BY time DESC LIMIT 10;\nSELECT count(*) FROM events WHERE room = '" + room + "';")
	return len(lines) - 1, err
}

func (p *postgres) faults(context.Context) (int, error) {
	lines, err := p.run("SELECT fault, count(*) FROM events WHERE fault <> '' GROUP BY fault;")
	return len(lines), err
}

func (p *postgres) close() error {
	var err error
	if p.psql != nil && p.psql.Process != nil {
		_ = p.in.Close()
		err = p.psql.Wait()
	}
	_, bad := script("postgres.sh", "stop", p.dir)
	return errors.Join(err, bad)
}

// treeTime is what a process and its children have used, those that have ended included
// (proc(5)), 0 where the system does not tell.
func treeTime(pid int) (used time.Duration) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is a good one
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		own := filepath.Base(filepath.Dir(name)) == strconv.Itoa(pid)
		if len(fields) < 15 || !own && fields[1] != strconv.Itoa(pid) {
			continue
		}
		upto := 13
		if own {
			upto = 15 // cutime and cstime
		}
		for _, ticks := range fields[11:upto] {
			n, _ := strconv.ParseInt(ticks, 10, 64)
			used += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return used
}
