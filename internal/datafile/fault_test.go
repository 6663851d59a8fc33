// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package datafile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

const writeVar = "REDIAL_DATAFILE_TEST_WRITE"

// TestMain lets this binary be another user's process.
func TestMain(m *testing.M) {
	path := os.Getenv(writeVar)
	if path == "" {
		os.Exit(m.Run())
	}
	err := writeRows(context.Background(), path, 1)
	var f *fault.Error
	if errors.As(err, &f) {
		fmt.Printf("%s\n%v\n", f.Kind.ID, err)
		os.Exit(0)
	}
	fmt.Println(err)
	os.Exit(1)
}

// writeRows writes as a store does, until it fails.
func writeRows(ctx context.Context, path string, n int) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(100)&_pragma=journal_mode(WAL)")
	if err != nil {
		return Fault(path, err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT)"); err != nil {
		return Fault(path, err)
	}
	for range n {
		if _, err := db.ExecContext(ctx, "INSERT INTO t (b) VALUES (?)", strings.Repeat("x", 4000)); err != nil {
			return Fault(path, err)
		}
	}
	return nil
}

// small mounts a filesystem of its own.
func small(t *testing.T, size string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("this user may not mount a filesystem: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// told fails unless the fault is the one that names the reason, and its cause the
// path and whatever else an operator needs.
func told(t *testing.T, err error, want *fault.Kind, words ...string) {
	t.Helper()
	if !errors.Is(err, want) || !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("got %v, want %v", err, want)
		return
	}
	f := fault.From(err, fault.OpServe)
	for _, w := range words {
		if !strings.Contains(f.Error(), w) {
			t.Errorf("the operator reads %q, without %q", f.Error(), w)
		}
		if strings.Contains(f.Safe(), w) {
			t.Errorf("a peer reads %q, with %q", f.Safe(), w)
		}
	}
}

func TestAFullDisk(t *testing.T) {
	path := filepath.Join(small(t, "1m"), "x.db")
	told(t, writeRows(t.Context(), path, 1000), fault.StoreFull, path, "bytes are free")
	told(t, Write(filepath.Join(filepath.Dir(path), "small"), make([]byte, 1<<20)), fault.StoreFull, "small")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAReadOnlyFilesystem(t *testing.T) {
	dir := small(t, "1m")
	path := filepath.Join(dir, "x.db")
	if err := writeRows(t.Context(), path, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	told(t, writeRows(t.Context(), path, 1), fault.StoreReadOnly, path)
	told(t, writeRows(t.Context(), filepath.Join(dir, "new.db"), 1), fault.StoreReadOnly, "new.db")
	told(t, Write(filepath.Join(dir, "key"), nil), fault.StoreReadOnly, "key")
	if err := Check(t.Context(), path); err != nil {
		t.Errorf("what is read-only can be checked: %v", err)
	}
}

// TestAForeignOwner runs this binary as nobody on root's files.
func TestAForeignOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be somebody else")
	}
	dir, err := os.MkdirTemp("", "redial-owner-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "x.db")
	if err := writeRows(t.Context(), path, 1); err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "self")
	if err := os.WriteFile(binary, self, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, modes := range map[string][2]os.FileMode{"of the file": {0o777, 0o644}, "of the directory": {0o755, 0o666}} {
		for _, end := range []string{"-wal", "-shm"} { // of the other case
			_ = os.Remove(path + end)
		}
		for i, p := range []string{dir, path} {
			if err := os.Chmod(p, modes[i]); err != nil {
				t.Fatal(err)
			}
		}
		c := exec.Command(binary)
		c.Dir = "/"
		c.Env = []string{writeVar + "=" + path}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := c.CombinedOutput()
		id, rest, _ := strings.Cut(string(out), "\n")
		if err != nil || id != fault.StoreDenied.ID {
			t.Errorf("%s: %v, %s", name, err, out)
		}
		for _, w := range []string{path, "owned by root (0)", "(65534)"} {
			if !strings.Contains(rest, w) {
				t.Errorf("%s: %q lacks %q", name, rest, w)
			}
		}
	}
}

func TestAnotherProcessHoldsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := writeRows(t.Context(), path, 1); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	told(t, writeRows(t.Context(), path, 1), fault.StoreLocked, path)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedPages overwrites each page of a file in turn: both checks see each
// of them.
func TestDamagedPages(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := writeRows(t.Context(), path, 20); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Check(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) / 4096 {
		broken := append([]byte(nil), whole...)
		for i := range 4096 {
			broken[n*4096+i] = 0xa5
		}
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		told(t, Check(t.Context(), path), fault.StoreDamaged, path)
		db, err := OpenReadOnly(path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = QuickCheck(t.Context(), db, path, Quick)
		told(t, err, fault.StoreDamaged, path)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAWriteThatIsRefusedIsNoFaultOfTheDisk: trying again would not help.
func TestAWriteThatIsRefusedIsNoFaultOfTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := writeRows(t.Context(), path, 1); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec("INSERT INTO t VALUES (1, 'again')")
	if err := Fault(path, err); !errors.Is(err, fault.Internal) || Mendable(err) {
		t.Errorf("got %v", err)
	}
	if err := Fault(path, fault.RoomFull.New()); !errors.Is(err, fault.RoomFull) {
		t.Errorf("a fault became %v", err)
	}
}
