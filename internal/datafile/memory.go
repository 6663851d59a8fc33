// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"math/bits"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite's memory comes from an allocator that gives memory back to the system as soon as 64
// kB of it are free, and takes all that is larger than 16 kB from there. What a statement
// needs for a moment was mapped and unmapped each time, which was a fifth of all processor
// time while events came one by one, and had the other processors stop for it. So a few
// blocks of each size are kept.

const (
	blockHead = 8  // bytes before what is given out: the size of what can be used, and the block's class
	minBlock  = 5  // a power of two, in bytes, with the head
	maxBlock  = 18 // the same; what is larger is not kept
)

// freeList is the blocks of one class that are kept.
type freeList struct {
	mu   sync.Mutex
	kept []uintptr
}

var free [maxBlock + 1]freeList // by class

// take takes a block off the list, 0 if there is none.
func (l *freeList) take() (p uintptr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.kept); n > 0 {
		p, l.kept = l.kept[n-1], l.kept[:n-1]
	}
	return p
}

// keep puts a block on the list, unless as many as that are there.
func (l *freeList) keep(p uintptr, most int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.kept) >= most {
		return false
	}
	l.kept = append(l.kept, p)
	return true
}

// mostOf is how many blocks of a class are kept: those of all classes have less than 4 MB.
func mostOf(class int) int { return max(min(128<<10>>class, 256), 4) }

// blockClass is the class of a block for so many bytes, 0 for none.
func blockClass(bytes int32) int {
	class := max(bits.Len64(uint64(bytes)+blockHead-1), minBlock)
	if class > maxBlock {
		return 0
	}
	return class
}

// head is what stands before memory that was given out.
func head(p uintptr) *uint64 {
	p -= blockHead
	return *(**uint64)(unsafe.Pointer(&p)) // it is not Go's memory, so it does not move
}

// classOf is the class of a block that was given out, 0 for none.
func classOf(p uintptr) int { return int(*head(p) & 0xff) }

// allocate is xMalloc of SQLite: memory for so many bytes, 0 where there is none.
func allocate(tls *libc.TLS, bytes int32) uintptr {
	class, size := blockClass(bytes), uint64(bytes)+blockHead
	if class != 0 {
		if p := free[class].take(); p != 0 {
			return p
		}
		size = 1 << class
	}
	p := libc.Xmalloc(tls, libc.Tsize_t(size))
	if p == 0 {
		return 0 // which SQLite calls SQLITE_NOMEM
	}
	p += blockHead
	*head(p) = (size-blockHead)<<8 | uint64(class)
	return p
}

// release is xFree.
func release(tls *libc.TLS, p uintptr) {
	if class := classOf(p); class != 0 && free[class].keep(p, mostOf(class)) {
		return
	}
	libc.Xfree(tls, p-blockHead)
}

// reallocate is xRealloc. Where it returns 0, the memory is as it was.
func reallocate(tls *libc.TLS, p uintptr, bytes int32) uintptr {
	usable := sizeOf(tls, p)
	if bytes <= usable && blockClass(bytes) == classOf(p) {
		return p
	}
	to := allocate(tls, bytes)
	if to != 0 {
		libc.Xmemcpy(tls, to, p, libc.Tsize_t(min(bytes, usable)))
		release(tls, p)
	}
	return to
}

// sizeOf is xSize: how many bytes can be used, which may be more than were asked for.
func sizeOf(_ *libc.TLS, p uintptr) int32 { return int32(*head(p) >> 8) }

// roundUp is xRoundup. Memory is aligned to 8 bytes.
func roundUp(_ *libc.TLS, bytes int32) int32 { return (bytes + 7) &^ 7 }

// begin and end are xInit and xShutdown, which have nothing to do.
func begin(*libc.TLS, uintptr) int32 { return sqlite3.SQLITE_OK }

func end(*libc.TLS, uintptr) {}

var methods sqlite3.Tsqlite3_mem_methods // where nothing moves

// The methods are set before any database is opened: later SQLite takes no others
// (https://sqlite.org/c3ref/mem_methods.html).
func init() {
	tls := libc.NewTLS()
	defer tls.Close()
	methods = sqlite3.Tsqlite3_mem_methods{
		FxMalloc: pointer(allocate), FxFree: pointer(release), FxRealloc: pointer(reallocate), FxSize: pointer(sizeOf),
		FxRoundup: pointer(roundUp), FxInit: pointer(begin), FxShutdown: pointer(end),
	}
	configure(tls, sqlite3.SQLITE_CONFIG_MALLOC, uintptr(unsafe.Pointer(&methods)))
	configure(tls, sqlite3.SQLITE_CONFIG_MEMSTATUS, int32(0)) // what it holds in all is asked of nobody, and took a lock each time
}

// configure sets what holds for all databases.
func configure(tls *libc.TLS, what int32, argument any) {
	arguments := libc.NewVaList(argument)
	defer libc.Xfree(tls, arguments)
	if code := sqlite3.Xsqlite3_config(tls, what, arguments); code != sqlite3.SQLITE_OK {
		panic("a database was opened before this package was there")
	}
}

// pointer is a function as translated C calls it: the address of what Go calls it by.
func pointer(function any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&function))[1] }
