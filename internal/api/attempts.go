// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// attemptsPage is one page of attempts.
type attemptsPage struct {
	Limit    int           `json:"limit"`
	Attempts []attemptBody `json:"attempts"`
	Next     string        `json:"next"` // the start of the next page; "" on the last one
	More     bool          `json:"more"` // not all could be looked at: a narrower time finds them
	Indexed  float64       `json:"indexed"`
}

// attempts lists the tries to be in a room, those that worked too, by time alone. It
// fails with fault.FieldInvalid and FeatureUnsupported.
func (d *Diagnoses) attempts(c *Call) (any, error) {
	q, room, err := attemptsQuery(c)
	if err != nil {
		return nil, err
	}
	finder, ok := d.cfg.Store.(event.PeopleFinder)
	if !ok {
		return nil, fault.FeatureUnsupported.New("feature", "attempts in this store of events")
	}
	ctx := c.Context()
	if room != "" {
		if q.RoomID, err = d.roomID(ctx, q.AccountID, room); err != nil {
			return nil, err
		}
	}
	done, err := d.searching.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	limit := q.Limit
	q.Limit = min(limit+1, event.MaxAttempts) // one more tells whether there is a next page
	found, err := finder.FindPeople(ctx, q)
	if err != nil {
		return nil, err
	}
	page := attemptsPage{Limit: limit, Indexed: found.Indexed, More: found.More && len(found.Attempts) < q.Limit}
	if len(found.Attempts) > limit {
		found.Attempts = found.Attempts[:limit]
		page.Next = found.Attempts[limit-1].Place.String()
	}
	page.Attempts, err = d.attemptsOf(ctx, finder, q, found.Attempts, time.Now().Add(verdictsWithin))
	return page, err
}

// maxAttemptsPage leaves room for the one that tells of a next page.
const maxAttemptsPage = event.MaxAttempts - 1

// attemptsQuery reads the parameters. It fails with fault.FieldInvalid.
func attemptsQuery(c *Call) (q event.PeopleQuery, room string, err error) {
	values, err := queryOf(c)
	if err != nil {
		return q, "", err
	}
	q.AccountID = c.Claims.Account
	var outcome, order, start, limit, since, until string
	for name, into := range map[string]*string{"user": &q.Name, "room": &room, "outcome": &outcome, "order": &order, "start": &start,
		"limit": &limit, "happened_since": &since, "happened_until": &until} {
		if *into, err = takeText(values, name); err != nil {
			return q, "", err
		}
	}
	for name := range values {
		return q, "", fault.FieldInvalid.New("field", name, "reason", "is not a parameter of this call")
	}
	if err = readSpan(since, until, &q.Since, &q.Until); err != nil {
		return q, "", err
	}
	if outcome != "" {
		if q.Outcome = event.AttemptOutcome(outcome); !slices.Contains(event.AttemptOutcomes, q.Outcome) {
			return q, "", fault.FieldInvalid.New("field", "outcome", "want", "failed, trouble or fine")
		}
	}
	switch order {
	case "", "desc":
		q.Newest = true
	case "asc":
		q.Oldest = true
	default:
		return q, "", fault.FieldInvalid.New("field", "order", "want", "asc or desc")
	}
	if start != "" {
		var ok bool
		if q.After, ok = event.ReadPlace(start); !ok {
			return q, "", fault.FieldInvalid.New("field", "start", "reason", "is not the next of a page")
		}
	}
	q.Limit = event.DefaultAttempts
	if limit != "" {
		if q.Limit, err = strconv.Atoi(limit); err != nil || q.Limit < 1 || q.Limit > maxAttemptsPage {
			return q, "", fault.FieldInvalid.New("field", "limit", "want", "1 to "+strconv.Itoa(maxAttemptsPage))
		}
	}
	return q, room, nil
}
