// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/explain"
	"github.com/redial-rtc/redial/internal/text"
)

// maxSearched is how many failures are searched for somebody at a time.
const maxSearched = 10_000

// find finds failures. For a user by whatever name it gives as many as are asked
// for, by when they happened and without a next page: by the index of people where the
// store has one, and else of those that were searched, as by a reference, which is in
// no index. Where a span of time is asked for, what happened in it and was told later
// is searched as well.
func (d *Diagnoses) find(ctx context.Context, q diagnosesQuery) (event.Page, error) {
	if q.code != "" {
		found := event.Page{}
		err := d.searchAll(ctx, &q, &found, func(e *event.Event) bool { return e.Called(q.code) }, nil)
		return found, err
	}
	if q.user == "" {
		return d.cfg.Store.Query(ctx, q.Query)
	}
	if people, ok := d.cfg.Store.(event.PeopleFinder); ok {
		if found, whole, err := d.findByName(ctx, people, &q); err != nil || whole {
			return found, err
		}
	}
	byID := q.Query
	byID.UserID = q.user
	found, err := d.cfg.Store.Query(ctx, byID)
	if err != nil {
		return found, err
	}
	found.Next = ""
	err = d.searchAll(ctx, &q, &found, func(e *event.Event) bool { return isUser(e, q.user) },
		func(e *event.Event) bool { return e.UserKey() == q.user })
	return found, err
}

// searchAll adds the failures of somebody who is meant to those that were found, but
// for those taken in the time asked for that are known; then it puts them in order.
func (d *Diagnoses) searchAll(ctx context.Context, q *diagnosesQuery, found *event.Page, meant, known func(*event.Event) bool) error {
	if err := d.search(ctx, q.Query, found, func(e *event.Event) bool { return meant(e) && (known == nil || !known(e)) }); err != nil {
		return err
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && q.Until.Before(time.Now()) {
		late := q.Query
		late.Since, late.Until, late.HappenedSince, late.HappenedUntil = q.Until, time.Time{}, q.Since, q.Until
		err := d.search(ctx, late, found, meant)
		if errors.Is(err, fault.FieldInvalid) { // the store does not know, or not yet, when events happened
			late.Until, late.HappenedSince, late.HappenedUntil = q.Until.Add(event.MaxLate), time.Time{}, time.Time{}
			err = d.search(ctx, late, found, func(e *event.Event) bool {
				at := explain.Happened(e)
				return !at.Before(q.Since) && at.Before(q.Until) && meant(e)
			})
		}
		if err != nil {
			return err
		}
	}
	slices.SortStableFunc(found.Events, q.order)
	found.Events = found.Events[:min(len(found.Events), q.Limit)]
	return nil
}

// findByName finds failures by the index of people. It is not whole while the index is
// being made for earlier events, or when more people have that name than were looked at.
func (d *Diagnoses) findByName(ctx context.Context, people event.PeopleFinder, q *diagnosesQuery) (found event.Page, whole bool, err error) {
	wanted := event.PeopleQuery{
		AccountID: q.AccountID, Name: text.Cut(q.user, event.MaxNameBytes), RoomID: q.RoomID, Failures: true,
		Since: q.Since, Until: q.Until, Newest: q.Desc, Oldest: !q.Desc, Limit: event.MaxAttempts,
	}
	if !q.Since.IsZero() && q.Until.IsZero() { // what was taken since then may have happened before
		wanted.Since = q.Since.Add(-event.MaxLate)
	}
	who, err := people.FindPeople(ctx, wanted)
	if err != nil || who.Indexed < 1 {
		return found, false, err
	}
	known := map[string]bool{}
	for i := range who.Attempts {
		a := &who.Attempts[i]
		if q.complete(found.Events, a) {
			break
		}
		if q.PeerID != "" && a.PeerID != q.PeerID {
			continue
		}
		one := q.Query
		one.PeerID, one.Since, one.Until, one.Limit = a.PeerID, time.Time{}, time.Time{}, event.MaxLimit
		if a.PeerID == "" {
			e, err := d.cfg.Store.Get(ctx, a.EventID)
			if errors.Is(err, fault.EventNotFound) { // it has just been removed
				continue
			}
			if err != nil {
				return found, false, err
			}
			one.Since, one.Until = e.Time, e.Time.Add(1)
		}
		page, err := d.cfg.Store.Query(ctx, one)
		if err != nil {
			return found, false, err
		}
		for i := range page.Events {
			e := &page.Events[i]
			if isUser(e, q.user) && q.during(e) && (a.PeerID != "" || e.ID == a.EventID) && !known[e.ID] {
				known[e.ID] = true
				found.Total++
				found.Events = append(found.Events, *e)
			}
		}
	}
	slices.SortStableFunc(found.Events, q.order)
	found.Events = found.Events[:min(len(found.Events), q.Limit)]
	return found, !who.More || len(found.Events) == q.Limit, nil
}

// complete tells whether enough was found that none of the failures of an attempt, nor of those
// behind it, comes before. It puts them in order to know.
func (q *diagnosesQuery) complete(found []event.Event, next *event.Attempt) bool {
	if len(found) < q.Limit {
		return false
	}
	slices.SortStableFunc(found, q.order)
	last := explain.Happened(&found[q.Limit-1])
	return q.Desc && last.After(next.Ended) || !q.Desc && last.Before(next.Began)
}

// order is that of failures by when they happened.
func (q *diagnosesQuery) order(a, b event.Event) int {
	if q.Desc {
		a, b = b, a
	}
	return cmp.Or(explain.Happened(&a).Compare(explain.Happened(&b)), cmp.Compare(a.Seq, b.Seq))
}

// during tells whether an event was taken in the span that is asked for, or, where that
// has a beginning and an end, happened in it.
func (q *diagnosesQuery) during(e *event.Event) bool {
	within := func(t time.Time) bool {
		return (q.Since.IsZero() || !t.Before(q.Since)) && (q.Until.IsZero() || t.Before(q.Until))
	}
	return within(e.Time) || !q.Since.IsZero() && !q.Until.IsZero() && within(explain.Happened(e))
}

// search adds the first failures of a query that are meant to those that were found,
// as many as the query asks for, and counts all of them.
func (d *Diagnoses) search(ctx context.Context, q event.Query, found *event.Page, meant func(*event.Event) bool) error {
	want := q.Limit
	_, err := walk(ctx, d.cfg.Store, q, maxSearched, func(e *event.Event) {
		if !meant(e) {
			return
		}
		found.Total++
		if want--; want >= 0 {
			found.Events = append(found.Events, *e)
		}
	})
	return err
}

// isUser tells whether somebody is meant by a word: by their id, whoever says that
// it is theirs, or by their display name or a part of it. Who was refused before
// they told a name is meant by a part of their id as well.
func isUser(e *event.Event, word string) bool {
	return e.UserID == word || strings.Contains(text.Fold(cmp.Or(e.UserName, e.UserID)), text.Fold(word))
}
