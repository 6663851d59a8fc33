// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/explain"
	"github.com/redial-rtc/redial/internal/text"
)

// maxSearched is how many failures are searched for somebody's name at a time.
const maxSearched = 10_000

// find finds failures. For a user by whatever name it gives as many as are asked
// for, by when they happened and without a next page, of those that were searched:
// names have no index. Where a span of time is asked for, what happened in it and
// was told later is searched as well.
func (d *Diagnoses) find(ctx context.Context, q diagnosesQuery) (event.Page, error) {
	if q.user == "" {
		return d.cfg.Store.Query(ctx, q.Query)
	}
	byID := q.Query
	byID.UserID = q.user
	found, err := d.cfg.Store.Query(ctx, byID)
	if err != nil {
		return found, err
	}
	found.Next = ""
	if err := d.search(ctx, q.Query, &found, func(e *event.Event) bool {
		return isUser(e, q.user) && e.UserKey() != q.user // those are known
	}); err != nil {
		return found, err
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && q.Until.Before(time.Now()) {
		late := q.Query
		late.Since, late.Until = q.Until, q.Until.Add(event.MaxLate)
		if err := d.search(ctx, late, &found, func(e *event.Event) bool {
			at := explain.Happened(e)
			return !at.Before(q.Since) && at.Before(q.Until) && isUser(e, q.user)
		}); err != nil {
			return found, err
		}
	}
	slices.SortStableFunc(found.Events, func(a, b event.Event) int {
		if q.Desc {
			a, b = b, a
		}
		return cmp.Or(explain.Happened(&a).Compare(explain.Happened(&b)), cmp.Compare(a.Seq, b.Seq))
	})
	found.Events = found.Events[:min(len(found.Events), q.Limit)]
	return found, nil
}

// search adds the first failures of a query that are meant to those that were found,
// as many as the query asks for, and counts all of them.
func (d *Diagnoses) search(ctx context.Context, q event.Query, found *event.Page, meant func(*event.Event) bool) error {
	want := q.Limit
	q.Limit = event.MaxLimit
	for searched := 0; searched < maxSearched; searched += q.Limit {
		page, err := d.cfg.Store.Query(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Events {
			if e := &page.Events[i]; meant(e) {
				found.Total++
				if want--; want >= 0 {
					found.Events = append(found.Events, *e)
				}
			}
		}
		if q.Start = page.Next; q.Start == "" {
			break
		}
	}
	return nil
}

// isUser tells whether somebody is meant by a word: by their id, whoever says that
// it is theirs, or by their display name or a part of it. Who was refused before
// they told a name is meant by a part of their id as well.
func isUser(e *event.Event, word string) bool {
	return e.UserID == word || strings.Contains(text.Fold(cmp.Or(e.UserName, e.UserID)), text.Fold(word))
}
