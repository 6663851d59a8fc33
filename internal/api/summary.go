// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// compared is how many groups of a window are looked at for what is new and
// what has grown.
const compared = 1000

// summaryBody is the answer of GET /api/v1/analytics/summary.
type summaryBody struct {
	By      string       `json:"by"`
	Types   []event.Type `json:"types"`
	Since   time.Time    `json:"since"`
	Until   time.Time    `json:"until"`
	Oldest  *time.Time   `json:"oldest"` // the first hour anything is known of; null when nothing is
	Buckets []time.Time  `json:"buckets"`
	Total   groupBody    `json:"total"`
	Groups  []groupBody  `json:"groups"`
	Values  int          `json:"values"` // groups there are in all
	Compare *compareBody `json:"compare,omitempty"`

	Where    string `json:"where,omitempty"`
	Complete *bool  `json:"complete,omitempty"` // of a where: all events of the window were looked at
}

// groupBody is one group. Where a count has no meaning in the dimension, it is
// left out.
type groupBody struct {
	Value  *string      `json:"value,omitempty"` // left out in the total
	Events int64        `json:"events"`
	Share  *float64     `json:"share,omitempty"` // of all events
	Users  int64        `json:"users"`
	Before *int64       `json:"before,omitempty"` // events of the window compared with
	Z      *float64     `json:"z,omitempty"`
	Joins  *joinsBody   `json:"joins,omitempty"`
	Series []bucketBody `json:"series"`
}

// joinsBody says how attempts to join ended.
type joinsBody struct {
	Attempts    *int64   `json:"attempts,omitempty"`
	Failed      int64    `json:"failed"`
	FailureRate *float64 `json:"failure_rate"`       // failed of the attempts; null without attempts
	EventRate   *float64 `json:"events_per_attempt"` // null without attempts
}

// bucketBody is one bucket of a group.
type bucketBody struct {
	Events   int64  `json:"events"`
	Attempts *int64 `json:"attempts,omitempty"`
	Failed   *int64 `json:"failed,omitempty"`
}

// compareBody is the other window and what it brought to light.
type compareBody struct {
	With     event.Comparison `json:"with"`
	Since    time.Time        `json:"since"`
	Until    time.Time        `json:"until"`
	Complete bool             `json:"complete"` // all of it is known; otherwise nothing is called new
	Total    groupBody        `json:"total"`
	New      []event.Change   `json:"new"`
	Spikes   []event.Change   `json:"spikes"`
}

func (e *Events) summary(c *Call) (any, error) {
	values, err := queryOf(c)
	if err != nil {
		return nil, err
	}
	req, err := eventjson.ParseSummary(values, time.Now())
	if err != nil {
		return nil, err
	}
	if req.Where.Dim != event.ByNothing {
		return e.crossed(c.Context(), c.Claims.Account, &req)
	}
	store, ok := e.cfg.Recorder.Store().(event.Summarizer)
	if !ok {
		return nil, fault.FeatureUnsupported.New("feature", "summaries in this store of events")
	}
	req.AccountID = c.Claims.Account

	// All groups by their counts alone, then the details of those that are shown.
	wide := req.SummaryQuery
	wide.Bucket, wide.Top, wide.Users = 0, compared, false
	all, err := store.Summarize(c.Context(), wide)
	if err != nil {
		return nil, err
	}
	shown := req.SummaryQuery
	shown.Values = []string{}
	for _, g := range all.Groups[:min(len(all.Groups), req.Top)] {
		shown.Values = append(shown.Values, g.Value)
	}
	found, err := store.Summarize(c.Context(), shown)
	if err != nil {
		return nil, err
	}
	body := summaryBody{
		By: eventjson.DimensionName(req.By), Types: req.Types, Since: req.Since, Until: req.Until, Buckets: req.Buckets(), Values: all.Values,
		Oldest: optionalTime(found.Oldest), Total: inTotal(&found.Total), Groups: []groupBody{},
	}
	for i := range found.Groups {
		body.Groups = append(body.Groups, inGroup(req.By, &found.Groups[i], &found.Total.Counts))
	}
	if req.Compare == event.NoComparison {
		return body, nil
	}

	before := req.Baseline()
	before.Bucket, before.Top, before.Users, before.Values = 0, 0, true, []string{}
	for _, g := range all.Groups {
		before.Values = append(before.Values, g.Value)
	}
	was, err := store.Summarize(c.Context(), before)
	if err != nil {
		return nil, err
	}
	cmp := &compareBody{
		With: req.Compare, Since: before.Since, Until: before.Until, Total: inTotal(&was.Total),
		Complete: !was.Oldest.IsZero() && !was.Oldest.After(before.Since),
	}
	cmp.New, cmp.Spikes = event.Changes(all.Groups, was.Groups)
	if !cmp.Complete {
		cmp.New = nil // what was not kept cannot be missed
	}
	cmp.New, cmp.Spikes = atMost(cmp.New, event.MaxTop), atMost(cmp.Spikes, event.MaxTop)
	events := map[string]int64{}
	for _, g := range was.Groups {
		events[g.Value] = g.Counts.Events
	}
	for i := range body.Groups {
		g := &body.Groups[i]
		g.compare(events[*g.Value])
	}
	body.Total.compare(was.Total.Counts.Events)
	body.Compare = cmp
	return body, nil
}

func (g *groupBody) compare(before int64) {
	z := event.Z(g.Events, before)
	g.Before, g.Z = &before, &z
}

func inTotal(g *event.Group) groupBody {
	body := inGroup(event.ByNothing, g, &g.Counts)
	body.Value, body.Share = nil, nil
	return body
}

// inGroup words a group. A failure has a fault, and an attempt has none: the
// rates of a fault are of all attempts.
func inGroup(by event.Dimension, g *event.Group, total *event.Counts) groupBody {
	body := groupBody{Value: &g.Value, Events: g.Counts.Events, Users: g.Counts.Users, Share: ratio(g.Counts.Events, total.Events), Series: []bucketBody{}}
	if by == event.ByType {
		body.Joins = nil
	} else {
		attempts := g.Counts.Attempts()
		body.Joins = &joinsBody{Attempts: &attempts, Failed: g.Counts.FailedJoins}
		if !by.OfJoins() {
			attempts, body.Joins.Attempts = total.Attempts(), nil
		}
		body.Joins.FailureRate, body.Joins.EventRate = ratio(g.Counts.FailedJoins, attempts), ratio(g.Counts.Events, attempts)
	}
	for i := range g.Series {
		s := &g.Series[i]
		b := bucketBody{Events: s.Events}
		if by != event.ByType {
			b.Failed = &s.FailedJoins
		}
		if attempts := s.Attempts(); by.OfJoins() {
			b.Attempts = &attempts
		}
		body.Series = append(body.Series, b)
	}
	return body
}

// ratio is a of b to six digits, nil when b is 0.
func ratio(a, b int64) *float64 {
	if b == 0 {
		return nil
	}
	r := math.Round(float64(a)/float64(b)*1e6) / 1e6
	return &r
}

func atMost(list []event.Change, n int) []event.Change {
	if list == nil {
		return []event.Change{}
	}
	return slices.Clip(list[:min(len(list), n)])
}
