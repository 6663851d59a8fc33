// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package sqlite

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
	"github.com/redial-rtc/redial/internal/event/intake"
)

// noise is text that cannot be packed.
func noise(n int) string {
	b := make([]byte, n*3/4)
	_, _ = rand.Read(b) // never fails
	return base64.RawStdEncoding.EncodeToString(b)
}

// TestFullFilesystem fills a small filesystem of its own, database, log and all,
// and gives space back, three times.
func TestFullFilesystem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=20m"); err != nil {
		t.Skipf("this user may not mount a filesystem (%v); TestFullDisk limits the size of files instead", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	ballast := func(n int) string { return filepath.Join(dir, fmt.Sprint("ballast-", n)) }
	for n := range 3 {
		if err := os.WriteFile(ballast(n), make([]byte, 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	arrived, err := intake.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer arrived.Close()
	r := event.NewRecorder(s, event.RecorderConfig{Account: "acme", Intake: arrived})
	t.Cleanup(func() { _ = r.Close(t.Context()) })
	acknowledged := map[string]bool{}
	n := 0
	add := func() error {
		var batch []event.Event
		for range 20 {
			e := clientReport(fmt.Sprint("disk-", n))
			e.Failure.Description = noise(4000) // which nothing packs, so that fewer fill it
			batch = append(batch, e)
			n++
		}
		err := r.Append(t.Context(), batch...)
		if err == nil {
			for _, e := range batch {
				acknowledged[event.KeyID(e.Key, e.ClientTime)] = true
			}
		}
		return err
	}
	for round := range 3 {
		refused := 0
		for refused < 5 {
			switch err := add(); {
			case errors.Is(err, fault.StoreUnavailable):
				refused++
			case err != nil:
				t.Fatalf("a full disk is told as: %v", err)
			case n > 100_000:
				t.Fatal("the disk never got full")
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "more"), make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		_ = os.Remove(filepath.Join(dir, "more"))
		if _, err := s.Query(t.Context(), event.Query{Limit: 1}); err != nil {
			t.Fatalf("reading while the disk is full: %v", err)
		}
		if err := os.Remove(ballast(round)); err != nil {
			t.Fatal(err)
		}
		if err := add(); err != nil {
			t.Fatalf("with space again: %v", err)
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := arrived.Close(); err != nil {
		t.Fatal(err)
	}
	// What did not fit is in the intake, until there is room for it.
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=100m"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	again := open(t, dir).(*Store)
	left := empty(t, again, dir)
	all, total := eventtest.All(t, again, event.Query{Limit: 100})
	if len(all) != len(acknowledged) || total != len(all) {
		t.Errorf("%d events, total %d, but %d were acknowledged", len(all), total, len(acknowledged))
	}
	for _, e := range all {
		if !acknowledged[e.ID] {
			t.Errorf("%s was refused and is there", e.ID)
		}
	}
	var verdict string
	if err := ask(t.Context(), again, "PRAGMA integrity_check", &verdict); err != nil || verdict != "ok" {
		t.Errorf("the file is damaged: %s, %v", verdict, err)
	}
	t.Logf("%d events acknowledged, %d of them in the intake, read back in %s", len(acknowledged), left, time.Since(began).Round(time.Millisecond))
}
