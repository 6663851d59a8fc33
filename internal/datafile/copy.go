// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"

	"github.com/redial-rtc/redial/fault"
)

const (
	copyPages = 512      // pages copied between two looks at the context
	maxSmall  = 16 << 20 // bytes of a file that is no database
	// Lock is the file by which a process holds a data directory.
	Lock = "registry.lock"
	// Manifest is the list of what a backup consists of.
	Manifest = "backup.json"
)

// Copied is one file of a backup.
type Copied struct {
	Name   string `json:"name"` // in the directory, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// backup is what the manifest says.
type backup struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	Files   []Copied  `json:"files"`
}

// Progress hears how far the copy of a database is, in pages.
type Progress func(name string, done, total int64)

// Backup copies a data directory to one that does not exist yet, also while a
// server uses it: each database as it is at one moment, then the small files. Every
// copy is checked, and the directory has its name only once all is well and on the
// disk. It fails with the faults of [Fault], with fault.StoreDamaged when a database
// is damaged, and with fault.FieldInvalid for directories that cannot be meant.
func Backup(ctx context.Context, from, to string, told Progress) (_ []Copied, err error) {
	if err := disjoint(from, to); err != nil {
		return nil, err
	}
	names, err := files(from)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(names, isDatabase) {
		return nil, fault.FieldInvalid.New("field", "data", "reason", "holds no database", "dir", from)
	}
	partial := filepath.Clean(to) + ".partial"
	if err := os.RemoveAll(partial); err != nil { // of a backup that was interrupted
		return nil, Fault(partial, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	all := make([]Copied, 0, len(names))
	for _, name := range names {
		source, target := filepath.Join(from, filepath.FromSlash(name)), filepath.Join(partial, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return nil, Fault(target, err)
		}
		if isDatabase(name) {
			err = copyDatabase(ctx, source, target, func(done, total int64) { told(name, done, total) })
		} else {
			err = copySmall(source, target)
		}
		if err != nil {
			return nil, err
		}
		one, err := sum(target)
		if err != nil {
			return nil, err
		}
		one.Name = name
		all = append(all, one)
	}
	text, err := json.MarshalIndent(backup{1, time.Now().UTC(), all}, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := Write(filepath.Join(partial, Manifest), append(text, '\n')); err != nil {
		return nil, err
	}
	err = os.Rename(partial, to)
	if err == nil {
		err = syncDir(filepath.Dir(filepath.Clean(to)))
	}
	return all, Fault(to, err)
}

// disjoint refuses a target that is there, or is in the source.
func disjoint(from, to string) error {
	if left, err := os.ReadDir(to); err == nil && len(left) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.FieldInvalid.New("field", "DIR", "reason", "is there already; name a new directory", "dir", to)
	}
	source, err := filepath.Abs(from)
	if err != nil {
		return err
	}
	target, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(source, target); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		return fault.FieldInvalid.New("field", "DIR", "reason", "is in the data directory", "dir", to)
	}
	return nil
}

func isDatabase(name string) bool { return strings.HasSuffix(name, ".db") }

// files lists what belongs to a data directory, in the order of copying. What the
// sinks have reached comes before the events, so that it is never ahead of them, and so
// do events that have only arrived, so that none is on its way from one to the other;
// rooms and revocations come last, as new as can be.
func files(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path != dir {
			return nil // gone since it was listed
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !passing(name) {
			names = append(names, name)
		}
		return nil
	})
	rank := func(name string) int {
		return slices.IndexFunc([]bool{!isDatabase(name), name == "sinks.db", name == "intake.db", name != "registry.db", true}, func(is bool) bool { return is })
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names, Fault(dir, err)
}

// passing tells files that belong to a process and not to the data.
func passing(name string) bool {
	for _, end := range []string{"-wal", "-shm", "-journal"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == Lock || name == Manifest || strings.Contains(name, ".new-")
}

// copyDatabase copies a database page by page in one read transaction, which holds
// no writer up, and checks the copy.
func copyDatabase(ctx context.Context, from, to string, told func(done, total int64)) (err error) {
	db, err := OpenReadOnly(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := db.Conn(ctx)
	if err != nil {
		return Fault(from, err)
	}
	defer func() { _ = c.Close() }()
	// The transaction begins with its first read, and with it the moment of the copy.
	var total int64
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return Fault(from, err)
	}
	if err := c.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&total); err != nil {
		return Fault(from, err)
	}
	if err := c.QueryRowContext(ctx, "PRAGMA page_count").Scan(&total); err != nil {
		return Fault(from, err)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return Fault(to, err)
	}
	if err := f.Close(); err != nil {
		return Fault(to, err)
	}
	uri := "file:" + (&url.URL{Path: filepath.ToSlash(to)}).EscapedPath()
	err = c.Raw(func(driver any) error {
		b, err := driver.(interface {
			NewBackup(string) (*sqlite.Backup, error)
		}).NewBackup(uri)
		if err != nil {
			return err
		}
		for done, more := int64(0), true; more; {
			if err = ctx.Err(); err != nil {
				break
			}
			if more, err = b.Step(copyPages); err != nil {
				break
			}
			done = min(done+copyPages, total)
			told(done, total)
		}
		return errors.Join(err, b.Finish())
	})
	if err != nil {
		return Fault(to, err)
	}
	return settle(ctx, to)
}

// settle makes one file of a copy, whose log is empty, and checks it.
func settle(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()+"?_pragma=synchronous(FULL)")
	if err != nil {
		return Fault(path, err)
	}
	db.SetMaxOpenConns(1)
	if err := verdict(ctx, db, path, "integrity_check(10)"); err != nil {
		return errors.Join(err, db.Close())
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = DELETE")
	if err = errors.Join(err, db.Close()); err != nil {
		return Fault(path, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return Fault(path, err)
	}
	return Fault(path, errors.Join(f.Sync(), f.Close()))
}

func copySmall(from, to string) error {
	info, err := os.Stat(from)
	if err == nil && info.Size() > maxSmall {
		err = fmt.Errorf("is no database and has %d bytes, more than %d: it does not belong here", info.Size(), maxSmall)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(from)
	}
	if err != nil {
		return Fault(from, err)
	}
	return Write(to, data)
}

// sum describes a file.
func sum(path string) (c Copied, err error) {
	f, err := os.Open(path)
	if err != nil {
		return c, Fault(path, err)
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if c.Bytes, err = io.Copy(h, f); err != nil {
		return c, Fault(path, err)
	}
	c.SHA256 = hex.EncodeToString(h.Sum(nil))
	return c, nil
}
