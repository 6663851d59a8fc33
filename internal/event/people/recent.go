// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"context"

	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// maxRecent is how many attempts are kept in memory as they are in the file, twice at most.
const maxRecent = 5000

// recent is the attempts that were written last. More is told of most of them, and each is
// then read from here. Those that nothing was told of for as long as it takes to fill it go.
type recent struct{ now, before map[key]*attempt }

// find gives an attempt, which belongs to recent, or nil.
func (r *recent) find(ctx context.Context, c *eventlog.Conn, k key) (*attempt, error) {
	a := r.now[k]
	if a != nil {
		return a, nil
	}
	if a = r.before[k]; a == nil {
		var err error
		if a, err = find(ctx, c, k); err != nil || a == nil {
			return nil, err
		}
	}
	r.put(a)
	return a, nil
}

func (r *recent) put(a *attempt) {
	if r.now == nil || len(r.now) >= maxRecent {
		r.now, r.before = make(map[key]*attempt, maxRecent), r.now
	}
	r.now[a.key] = a
}

// drop forgets an attempt that has been removed.
func (r *recent) drop(k key) {
	delete(r.now, k)
	delete(r.before, k)
}
