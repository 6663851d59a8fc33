// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import "sync"

// readers are the connections that nobody uses. The one that was given back last is taken
// first, since it has the pages in memory that were just read.
type readers struct {
	free chan struct{} // one for each

	mu   sync.Mutex
	list []*Conn
}

// put gives one back.
func (r *readers) put(c *Conn) {
	r.mu.Lock()
	r.list = append(r.list, c)
	r.mu.Unlock()
	r.free <- struct{}{}
}

// pop takes one, after one has been taken from free.
func (r *readers) pop() *Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.list[len(r.list)-1]
	r.list = r.list[:len(r.list)-1]
	return c
}
