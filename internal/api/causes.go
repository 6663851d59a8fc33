// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/registry"
)

// CausesConfig is what the routes of causes and of what changed are built from.
type CausesConfig struct {
	Store      event.Store
	Operations registry.Operations
}

// CausesRoutes are the rows of what fails, and of what was changed; give them to Config.
func CausesRoutes(cfg CausesConfig) []Route {
	k := causes{cfg}
	return []Route{
		{Pattern: "GET /api/v1/causes", Rate: Rate{PerSecond: 5, Burst: 20}, Serve: k.list},
		{Pattern: "GET /api/v1/causes/{cause}", Rate: Rate{PerSecond: 2, Burst: 10}, Serve: k.one},
		{Pattern: "PUT /api/v1/causes/{cause}/mute", MaxBody: 4 << 10, Serve: k.mute},
		{Pattern: "DELETE /api/v1/causes/{cause}/mute", Serve: k.unmute},
		{Pattern: "GET /api/v1/annotations", Serve: k.annotations},
	}
}

type causes struct{ CausesConfig }

// maxCauses is how many causes are listed, those with most failures first.
const maxCauses = 100

// causesBody is what failed within a time, by cause.
type causesBody struct {
	Since   time.Time   `json:"since"` // on a whole hour, as told to the server
	Until   time.Time   `json:"until"`
	Bucket  string      `json:"bucket"`
	Causes  []causeBody `json:"causes"`
	Unknown causeCounts `json:"not_known"` // failures whose verdict names no cause
}

type causeBody struct {
	Cause    string        `json:"cause"`
	Title    string        `json:"title"`
	FixedBy  []fault.Party `json:"fixed_by"`
	Failures int64         `json:"failures"`
	Users    int64         `json:"users"`
	Before   int64         `json:"before"`     // failures of as long a time before
	New      bool          `json:"new"`        // the record has none from before
	Rising   bool          `json:"rising"`     // more than chance would explain: see event.Changes
	First    *time.Time    `json:"first_seen"` // of all that is on record; null: none is
	Last     *time.Time    `json:"last_seen"`
	Trend    []int64       `json:"trend"` // failures of each bucket
	Muted    *muteState    `json:"muted"` // null: it is not
}

type causeCounts struct {
	Failures int64 `json:"failures"`
	Users    int64 `json:"users"`
}

// muteState is a mute that lasts.
type muteState struct {
	Until *time.Time `json:"until"` // null: until Above
	Above int64      `json:"above"` // failures within 24 hours that end it; 0: until Until
	SetAt time.Time  `json:"set_at"`
	SetBy string     `json:"set_by"`
}

// list lists causes. It fails with fault.FieldInvalid and FeatureUnsupported.
func (k causes) list(c *Call) (any, error) {
	store, ok := k.Store.(event.Summarizer)
	if !ok {
		return nil, fault.FeatureUnsupported.New("feature", "causes in this store of events")
	}
	q, err := causesQuery(c, time.Now())
	if err != nil {
		return nil, err
	}
	ctx := c.Context()
	found, err := store.Summarize(ctx, q)
	if err != nil {
		return nil, err
	}
	earlier, err := k.earlier(ctx, store, q)
	if err != nil {
		return nil, err
	}
	muted, err := k.muted(ctx, store, c.Claims.Account)
	if err != nil {
		return nil, err
	}
	body := causesBody{Since: q.Since, Until: q.Until, Bucket: bucketName(q.Bucket), Causes: []causeBody{}}
	for i := range found.Groups {
		g := &found.Groups[i]
		if g.Value == "" {
			body.Unknown = causeCounts{g.Counts.Events, g.Counts.Users}
			continue
		}
		one, err := k.describe(ctx, q, g, earlier[g.Value])
		if err != nil {
			return nil, err
		}
		one.Muted = muted[g.Value]
		body.Causes = append(body.Causes, one)
	}
	return body, nil
}

// bucketName is how callers know a bucket of causesQuery.
func bucketName(of time.Duration) string {
	if of == event.Day {
		return "day"
	}
	return "hour"
}

// earlier counts the failures of as long a time before that of a query, by cause.
func (k causes) earlier(ctx context.Context, store event.Summarizer, q event.SummaryQuery) (map[string]int64, error) {
	q.Since, q.Until, q.Bucket, q.Users, q.Top = q.Since.Add(-q.Until.Sub(q.Since)), q.Since, 0, false, 0
	found, err := store.Summarize(ctx, q)
	return eventsOf(found.Groups), err
}

// eventsOf are the events of groups, by value.
func eventsOf(groups []event.Group) map[string]int64 {
	n := make(map[string]int64, len(groups))
	for _, g := range groups {
		n[g.Value] = g.Counts.Events
	}
	return n
}

// describe tells of the failures of one cause, of which there were so many before.
func (k causes) describe(ctx context.Context, q event.SummaryQuery, g *event.Group, before int64) (one causeBody, err error) {
	one = causeBody{
		Cause: g.Value, Title: g.Value, FixedBy: []fault.Party{}, Failures: g.Counts.Events, Users: g.Counts.Users, Before: before,
		Trend: make([]int64, len(g.Series)),
	}
	if kind := fault.Lookup(g.Value); kind != nil {
		one.Title, one.FixedBy = kind.Title, append(one.FixedBy, kind.FixedBy...)
	}
	for b := range g.Series {
		one.Trend[b] = g.Series[b].Events
	}
	_, spikes := event.Changes([]event.Group{*g}, []event.Group{{Value: g.Value, Counts: event.Counts{Events: before}}})
	one.Rising = len(spikes) > 0
	if one.First, err = k.seen(ctx, q.AccountID, g.Value, false); err != nil {
		return one, err
	}
	one.Last, err = k.seen(ctx, q.AccountID, g.Value, true)
	one.New = one.First != nil && !one.First.Before(q.Since)
	return one, err
}

// seen is when the first or the last failure of a cause on record was told, nil for none.
func (k causes) seen(ctx context.Context, account, cause string, last bool) (*time.Time, error) {
	page, err := k.Store.Query(ctx, event.Query{AccountID: account, Errors: true, Diagnoses: []string{cause}, Desc: last, Limit: 1})
	if err != nil || len(page.Events) == 0 {
		return nil, err
	}
	return &page.Events[0].Time, nil
}

// causesQuery reads since and until; without them, the last 24 whole hours.
func causesQuery(c *Call, now time.Time) (q event.SummaryQuery, err error) {
	values, err := queryOf(c)
	if err != nil {
		return q, err
	}
	for name := range values {
		if name != "since" && name != "until" {
			return q, fault.FieldInvalid.New("field", name, "reason", "is not a parameter of this call")
		}
	}
	q = event.SummaryQuery{AccountID: c.Claims.Account, By: event.ByDiagnosis, Users: true, Top: maxCauses}
	for _, t := range event.Types {
		if t.IsError() {
			q.Types = append(q.Types, t)
		}
	}
	if q.Since, err = c.QueryTime("since"); err == nil {
		q.Until, err = c.QueryTime("until")
	}
	if err != nil {
		return q, err
	}
	if q.Until.IsZero() {
		q.Until = now
	}
	q.Until = q.Until.UTC().Add(time.Hour - 1).Truncate(time.Hour)
	if q.Since.IsZero() {
		q.Since = q.Until.Add(-event.Day)
	}
	q.Since = q.Since.UTC().Truncate(time.Hour)
	window := q.Until.Sub(q.Since)
	if q.Bucket = event.Day; window <= 2*event.Day {
		q.Bucket = time.Hour
	}
	switch {
	case window <= 0:
		return q, fault.FieldInvalid.New("field", "until", "reason", "is not after since")
	case window > event.MaxWindow/2:
		return q, fault.FieldInvalid.New("field", "since", "reason", "makes a window of more than "+strconv.Itoa(int(event.MaxWindow/event.Day)/2)+" days")
	}
	return q, nil
}

// muted are the mutes of an account that last.
func (k causes) muted(ctx context.Context, store event.Summarizer, account string) (map[string]*muteState, error) {
	all, err := k.Operations.Mutes(ctx, account)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	lately, err := ofADay(ctx, store, account)
	if err != nil {
		return nil, err
	}
	last := map[string]*muteState{}
	for cause, m := range all {
		if m.Above > 0 && lately[cause] < m.Above || m.Above == 0 && time.Now().Before(m.Until) {
			last[cause] = &muteState{timeOrNone(m.Until), m.Above, m.SetAt, m.SetBy}
		}
	}
	return last, nil
}

// ofADay counts the failures of the last 24 hours, whole hours of them, by cause.
func ofADay(ctx context.Context, store event.Summarizer, account string) (map[string]int64, error) {
	q := event.SummaryQuery{AccountID: account, By: event.ByDiagnosis, Until: time.Now().UTC().Add(time.Hour - 1).Truncate(time.Hour)}
	q.Since = q.Until.Add(-event.Day)
	for _, t := range event.Types {
		if t.IsError() {
			q.Types = append(q.Types, t)
		}
	}
	found, err := store.Summarize(ctx, q)
	return eventsOf(found.Groups), err
}

// mute mutes a cause until a time, or until its failures of 24 hours are twice those of
// now. It fails with fault.CatalogueUnknown, FieldInvalid, FieldMissing and QueueFull.
func (k causes) mute(c *Call) (any, error) {
	var sent struct {
		Until   string `json:"until"`
		Doubles bool   `json:"until_doubles"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	id, err := causeOf(c)
	if err != nil {
		return nil, err
	}
	m := registry.Mute{Cause: id, SetBy: c.Claims.AccessKey + "/" + c.Claims.ID}
	switch {
	case sent.Until != "" && sent.Doubles:
		return nil, fault.FieldInvalid.New("field", "until_doubles", "reason", "is given beside until")
	case sent.Until != "":
		if m.Until, err = time.Parse(time.RFC3339Nano, sent.Until); err != nil || !m.Until.After(time.Now()) || time.Until(m.Until) > event.MaxWindow {
			return nil, fault.FieldInvalid.New("field", "until", "want", "a time to come within 400 days, such as 2026-01-31T12:00:00Z")
		}
	case sent.Doubles:
		store, ok := k.Store.(event.Summarizer)
		if !ok {
			return nil, fault.FeatureUnsupported.New("feature", "causes in this store of events")
		}
		lately, err := ofADay(c.Context(), store, c.Claims.Account)
		if err != nil {
			return nil, err
		}
		m.Above = max(2*lately[id], 2)
	default:
		return nil, fault.FieldMissing.New("field", "until", "or", "until_doubles")
	}
	ok, err := k.Operations.Mute(c.Context(), c.Claims.Account, m)
	if err == nil && !ok {
		err = fault.QueueFull.New("limit", "muted causes", "max", registry.MaxMutes)
	}
	if err != nil {
		return nil, err
	}
	return muteState{timeOrNone(m.Until), m.Above, time.Now().UTC(), m.SetBy}, nil
}

// unmute ends a mute. To end none is no error.
func (k causes) unmute(c *Call) (any, error) {
	id, err := causeOf(c)
	if err != nil {
		return nil, err
	}
	return nil, k.Operations.Unmute(c.Context(), c.Claims.Account, id)
}

// causeOf is the cause of the path: fault.CatalogueUnknown.
func causeOf(c *Call) (string, error) {
	id := c.Path("cause")
	if fault.Lookup(id) == nil {
		return "", fault.CatalogueUnknown.New("field", "cause", "got", clip(id))
	}
	return id, nil
}

// maxChanges is how many annotations are given, the latest.
const maxChanges = 1000

type annotationBody struct {
	At   time.Time      `json:"at"`
	Kind string         `json:"kind"` // start, settings or injection
	Data map[string]any `json:"data"`
}

type annotationsBody struct {
	Since       time.Time        `json:"since"`
	Until       time.Time        `json:"until"`
	Annotations []annotationBody `json:"annotations"`
}

// annotations lists what was changed within a time, without one the last 7 days. It
// fails with fault.FieldInvalid.
func (k causes) annotations(c *Call) (any, error) {
	since, err := c.QueryTime("since")
	if err != nil {
		return nil, err
	}
	until, err := c.QueryTime("until")
	if err != nil {
		return nil, err
	}
	if until.IsZero() {
		until = time.Now()
	}
	if since.IsZero() {
		since = until.Add(-7 * event.Day)
	}
	if !since.Before(until) {
		return nil, fault.FieldInvalid.New("field", "until", "reason", "is not after since")
	}
	found, err := k.Operations.Annotations(c.Context(), c.Claims.Account, since, until, maxChanges)
	body := annotationsBody{Since: since.UTC(), Until: until.UTC(), Annotations: make([]annotationBody, len(found))}
	for i, a := range found {
		body.Annotations[i] = annotationBody{a.At, a.Kind, a.Data}
	}
	return body, err
}
