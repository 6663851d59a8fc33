// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// minutesUpTo is the longest window that can be had by the minute.
const minutesUpTo = 6 * time.Hour

// outcomesBody is what became of all tries: each is in exactly one of got_in,
// after_trouble, a cause, and not_known.
type outcomesBody struct {
	Since   time.Time       `json:"happened_since"`
	Until   time.Time       `json:"happened_until"`
	Room    string          `json:"room_id,omitempty"`
	Tries   int64           `json:"tries"`
	GotIn   int64           `json:"got_in"`
	Trouble int64           `json:"after_trouble"`
	Failed  int64           `json:"failed"` // the sum of the causes and of not_known
	Causes  []outcomeCause  `json:"causes"`
	Unknown outcomesUnknown `json:"not_known"`

	Provoked int64 `json:"provoked"` // on purpose, and in none of the above

	Bucket  string          `json:"bucket,omitempty"`
	Buckets []outcomeBucket `json:"buckets"`

	Complete bool    `json:"complete"`
	Indexed  float64 `json:"indexed"`
}

type outcomeCause struct {
	Cause   string        `json:"cause"`
	Title   string        `json:"title"`
	FixedBy []fault.Party `json:"fixed_by"`
	Tries   int64         `json:"tries"`
	Users   int64         `json:"users"`
}

type outcomesUnknown struct {
	Tries       int64 `json:"tries"`
	Unexplained int64 `json:"unexplained"` // nothing that is known fits
	Waiting     int64 `json:"waiting"`     // there is no verdict yet
}

type outcomeBucket struct {
	At      time.Time `json:"at"`
	Tries   int64     `json:"tries"`
	Trouble int64     `json:"after_trouble"`
	Failed  int64     `json:"failed"`
}

var buckets = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": event.Day}

// outcomes counts what became of tries. It fails with fault.FieldInvalid and
// FeatureUnsupported.
func (d *Diagnoses) outcomes(c *Call) (any, error) {
	q, room, bucket, err := outcomesQuery(c, time.Now())
	if err != nil {
		return nil, err
	}
	counter, ok := d.cfg.Store.(event.OutcomeCounter)
	if !ok {
		return nil, fault.FeatureUnsupported.New("feature", "outcomes in this store of events")
	}
	if room != "" {
		if q.RoomID, err = d.roomID(c.Context(), q.AccountID, room); err != nil {
			return nil, err
		}
	}
	done, err := d.searching.take(c.Context())
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := counter.Outcomes(c.Context(), q)
	if err != nil {
		return nil, err
	}
	body := outcomesBody{
		Since: q.Since, Until: q.Until, Room: q.RoomID, Tries: found.Tries, GotIn: found.GotIn, Trouble: found.Trouble, Failed: found.Failed(), Provoked: found.Provoked,
		Unknown: outcomesUnknown{found.Unexplained + found.Waiting, found.Unexplained, found.Waiting},
		Causes:  []outcomeCause{}, Bucket: bucket, Buckets: make([]outcomeBucket, len(found.Series)), Complete: found.Complete, Indexed: found.Indexed,
	}
	for id, n := range found.Causes {
		one := outcomeCause{Cause: id, Title: id, FixedBy: []fault.Party{}, Tries: n.Tries, Users: n.Users}
		if k := fault.Lookup(id); k != nil {
			one.Title, one.FixedBy = k.Title, append(one.FixedBy, k.FixedBy...)
		}
		body.Causes = append(body.Causes, one)
	}
	slices.SortFunc(body.Causes, func(a, b outcomeCause) int {
		return cmp.Or(cmp.Compare(b.Tries, a.Tries), cmp.Compare(a.Cause, b.Cause))
	})
	for i, n := range found.Series {
		body.Buckets[i] = outcomeBucket{q.Since.Add(time.Duration(i) * q.Bucket), n.Tries, n.Trouble, n.Failed}
	}
	return body, nil
}

// outcomesQuery reads the parameters; without any, of the last 24 hours. It fails with
// fault.FieldInvalid.
func outcomesQuery(c *Call, now time.Time) (q event.OutcomesQuery, room, bucket string, err error) {
	values, err := queryOf(c)
	if err != nil {
		return q, "", "", err
	}
	q.AccountID = c.Claims.Account
	var since, until string
	for name, into := range map[string]*string{"room": &room, "bucket": &bucket, "happened_since": &since, "happened_until": &until} {
		if *into, err = takeText(values, name); err != nil {
			return q, "", "", err
		}
	}
	for name := range values {
		return q, "", "", fault.FieldInvalid.New("field", name, "reason", "is not a parameter of this call")
	}
	if err = readSpan(since, until, &q.Since, &q.Until); err != nil {
		return q, "", "", err
	}
	if q.Until.IsZero() {
		q.Until = now.UTC()
	}
	if q.Since.IsZero() {
		q.Since = q.Until.Add(-event.Day)
	}
	window := q.Until.Sub(q.Since)
	switch q.Bucket = buckets[bucket]; {
	case window > event.MaxWindow:
		err = fault.FieldInvalid.New("field", "happened_since", "reason", "makes a window of more than "+strconv.Itoa(int(event.MaxWindow/event.Day))+" days")
	case window <= 0:
		err = fault.FieldInvalid.New("field", "happened_until", "reason", "is not after happened_since")
	case bucket != "" && q.Bucket == 0:
		err = fault.FieldInvalid.New("field", "bucket", "want", "minute, hour or day")
	case q.Bucket == time.Minute && window > minutesUpTo:
		err = fault.FieldInvalid.New("field", "bucket", "reason", "minutes are for windows of up to 6 hours")
	case q.Bucket > 0 && window/q.Bucket > event.MaxBuckets:
		err = fault.FieldInvalid.New("field", "bucket", "reason", "makes too many buckets of this window", "max", event.MaxBuckets)
	}
	return q, room, bucket, err
}

// readSpan reads happened_since and happened_until, as far as they are given:
// fault.FieldInvalid.
func readSpan(since, until string, from, to *time.Time) (err error) {
	for _, t := range []struct {
		name, text string
		into       *time.Time
	}{{"happened_since", since, from}, {"happened_until", until, to}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = time.Parse(time.RFC3339Nano, t.text); err != nil || t.into.Year() < 1971 || t.into.Year() > 2200 {
			return fault.FieldInvalid.New("field", t.name, "want", "a time such as 2026-01-31T12:00:00.000Z")
		}
		*t.into = t.into.UTC()
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(*to) {
		return fault.FieldInvalid.New("field", "happened_until", "reason", "is not after happened_since")
	}
	return nil
}
