// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// TestOnlyConnectionsHaveNoMutex: what connections share keeps others out, and what is one
// goroutine's does not.
func TestOnlyConnectionsHaveNoMutex(t *testing.T) {
	one, other := libc.NewTLS(), libc.NewTLS()
	defer one.Close()
	defer other.Close()
	for _, kind := range []int32{sqlite3.SQLITE_MUTEX_FAST, sqlite3.SQLITE_MUTEX_STATIC_VFS3} {
		m := newMutex(one, kind)
		if m == 0 || m == alone {
			t.Fatalf("kind %d is %#x", kind, m)
		}
		enter(one, m)
		if code := try(other, m); code != sqlite3.SQLITE_BUSY {
			t.Errorf("kind %d: another enters as well: %d", kind, code)
		}
		leave(one, m)
		if code := try(other, m); code != sqlite3.SQLITE_OK {
			t.Errorf("kind %d: nobody enters what was left: %d", kind, code)
		}
		leave(other, m)
		if kind == sqlite3.SQLITE_MUTEX_FAST {
			freeMutex(one, m)
		}
	}
	m := newMutex(one, sqlite3.SQLITE_MUTEX_RECURSIVE)
	enter(one, m)
	if code := try(other, m); code != sqlite3.SQLITE_OK {
		t.Errorf("that of a connection: %d", code)
	}
	leave(other, m)
	leave(one, m)
	freeMutex(one, m)
}
