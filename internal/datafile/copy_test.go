// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// TestBackupOfAFileThatIsWritten copies a database of 40 MB while another connection
// moves an amount between two rows over and over: no write is held up, the copy ends,
// and it shows one moment, in which the sum is right.
func TestBackupOfAFileThatIsWritten(t *testing.T) {
	from := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(from, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(from, "x.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(OFF)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE sums (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO sums VALUES (1, 1000), (2, 0);
		CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
		WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i < 10000) INSERT INTO t SELECT i, printf('%4000d', i) FROM c`); err != nil {
		t.Fatal(err)
	}
	if err := Write(filepath.Join(from, "a.key"), []byte("secret")); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var moves atomic.Int64
	var writing sync.WaitGroup
	writing.Go(func() {
		for ctx.Err() == nil {
			tx, err := db.Begin()
			if err == nil {
				_, err = tx.Exec("UPDATE sums SET n = n - 1 WHERE id = 1")
			}
			if err == nil {
				_, err = tx.Exec("UPDATE sums SET n = n + 1 WHERE id = 2")
			}
			if err == nil {
				err = tx.Commit()
			}
			if err != nil {
				t.Error(err)
				return
			}
			moves.Add(1)
		}
	})
	to := filepath.Join(t.TempDir(), "copy")
	var last, total, before, during int64
	before = moves.Load()
	files, err := Backup(t.Context(), from, to, func(_ string, done, all int64) { last, total = done, all; during = moves.Load() })
	stop()
	writing.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if last != total || total < 10_000 {
		t.Errorf("told of %d of %d pages", last, total)
	}
	if during == before {
		t.Error("nothing was written while the copy was made")
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if !slices.Equal(names, []string{"a.key", "x.db"}) {
		t.Errorf("copied %v", names)
	}
	copied, err := OpenReadOnly(filepath.Join(to, "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	var sum, rows int
	if err := copied.QueryRow("SELECT (SELECT sum(n) FROM sums), (SELECT count(*) FROM t)").Scan(&sum, &rows); err != nil || sum != 1000 || rows != 10_000 {
		t.Errorf("the copy has a sum of %d and %d rows, %v", sum, rows, err)
	}
	found, err := Inspect(t.Context(), to, nil)
	if err != nil || len(found) != 2 || found[0].Err != nil || found[1].Err != nil {
		t.Errorf("%+v, %v", found, err)
	}
	entries, err := os.ReadDir(to)
	if err != nil || len(entries) != 3 {
		t.Errorf("the backup consists of %v, %v", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// TestABackupThatFailsLeavesNothing stops one, and fills the disk of another.
func TestABackupThatFailsLeavesNothing(t *testing.T) {
	from := t.TempDir()
	if err := os.WriteFile(filepath.Join(from, "bad.db"), []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "copy")
	if _, err := Backup(t.Context(), from, to, func(string, int64, int64) {}); !errors.Is(err, fault.StoreDamaged) {
		t.Errorf("of a damaged file: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Backup(gone, from, to, func(string, int64, int64) {}); err == nil {
		t.Error("a backup went on after it was stopped")
	}
	if left, err := os.ReadDir(filepath.Dir(to)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
