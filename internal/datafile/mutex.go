// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// A connection has a mutex that each call takes which reads a column or sets a value, so that
// threads may share the connection. database/sql hands a connection to one goroutine at a
// time, and so do we: SQLite's multi-thread mode (https://sqlite.org/threadsafe.html), which
// the driver cannot be asked for. The mutexes of what connections share stay.

// alone stands for the mutex of a connection.
var alone uintptr

var shared, mutexes sqlite3.Tsqlite3_mutex_methods

func init() {
	tls := libc.NewTLS()
	defer tls.Close()
	sqlite3.Xsqlite3_mutex_alloc(tls, sqlite3.SQLITE_MUTEX_STATIC_MAIN) // before that there are no methods to build upon
	configure(tls, sqlite3.SQLITE_CONFIG_GETMUTEX, uintptr(unsafe.Pointer(&shared)))
	alone = libc.Xmalloc(tls, 8)
	mutexes = shared
	mutexes.FxMutexAlloc, mutexes.FxMutexFree = pointer(newMutex), pointer(freeMutex)
	mutexes.FxMutexEnter, mutexes.FxMutexTry, mutexes.FxMutexLeave = pointer(enter), pointer(try), pointer(leave)
	configure(tls, sqlite3.SQLITE_CONFIG_MUTEX, uintptr(unsafe.Pointer(&mutexes)))
	// It begins here, on one goroutine, because what keeps it from beginning twice is such a mutex.
	if code := sqlite3.Xsqlite3_initialize(tls); code != sqlite3.SQLITE_OK {
		panic("SQLite does not start")
	}
}

// newMutex is xMutexAlloc. Only connections have recursive ones, and what begins above.
func newMutex(tls *libc.TLS, kind int32) uintptr {
	if kind == sqlite3.SQLITE_MUTEX_RECURSIVE {
		return alone
	}
	return function[func(*libc.TLS, int32) uintptr](shared.FxMutexAlloc)(tls, kind)
}

func freeMutex(tls *libc.TLS, p uintptr) {
	if p != alone {
		function[func(*libc.TLS, uintptr)](shared.FxMutexFree)(tls, p)
	}
}

func enter(tls *libc.TLS, p uintptr) {
	if p != alone {
		function[func(*libc.TLS, uintptr)](shared.FxMutexEnter)(tls, p)
	}
}

func try(tls *libc.TLS, p uintptr) int32 {
	if p == alone {
		return sqlite3.SQLITE_OK
	}
	return function[func(*libc.TLS, uintptr) int32](shared.FxMutexTry)(tls, p)
}

func leave(tls *libc.TLS, p uintptr) {
	if p != alone {
		function[func(*libc.TLS, uintptr)](shared.FxMutexLeave)(tls, p)
	}
}

// function is what translated C calls by a pointer.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{p})) }
