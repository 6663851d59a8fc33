// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"

	"github.com/redial-rtc/redial/internal/event"
)

// walk gives the events of a query one by one, page by page, until there are no more or
// a page has ended with as many as most. It tells whether that was all.
func walk(ctx context.Context, store event.Store, q event.Query, most int, f func(*event.Event)) (whole bool, err error) {
	q.Limit = event.MaxLimit
	for looked := 0; ; {
		page, err := store.Query(ctx, q)
		if err != nil {
			return false, err
		}
		for i := range page.Events {
			f(&page.Events[i])
		}
		if page.Next == "" || len(page.Events) == 0 {
			return true, nil
		}
		if looked += len(page.Events); looked >= most {
			return false, nil
		}
		q.Start = page.Next
	}
}
