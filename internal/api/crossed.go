// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// maxCrossed is how many events are looked at for one summary with a where, the newest:
// counts are kept for each dimension by itself, so these are counted one by one.
const maxCrossed = 20_000

// crossed is a summary of the events that have a value in another dimension.
func (e *Events) crossed(ctx context.Context, account string, req *event.SummaryRequest) (*summaryBody, error) {
	done, err := e.crossing.take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	starts := req.Buckets()
	total, groups := newTally(len(starts)), map[string]*tally{}
	ask := event.Query{AccountID: account, Types: req.Types, Since: req.Since, Until: req.Until, Desc: true}
	switch w := req.Where; {
	case w.Value == "":
	case w.Dim == event.ByFault:
		ask.Faults = []string{w.Value}
	case w.Dim == event.ByDiagnosis:
		ask.Diagnoses = []string{w.Value}
	}
	complete, err := walk(ctx, e.cfg.Recorder.Store(), ask, maxCrossed, func(one *event.Event) {
		if !req.Where.Holds(one) {
			return
		}
		at := int(one.Time.Sub(starts[0]) / req.Bucket) // a request has at least one
		total.add(one, at)
		v, has := req.By.Value(one)
		if !has {
			return
		}
		if groups[v] == nil {
			groups[v] = newTally(len(starts))
		}
		groups[v].add(one, at)
	})
	if err != nil {
		return nil, err
	}
	body := &summaryBody{
		By: eventjson.DimensionName(req.By), Types: req.Types, Since: req.Since, Until: req.Until, Buckets: starts, Values: len(groups),
		Where: eventjson.DimensionName(req.Where.Dim) + ":" + req.Where.Value, Complete: &complete, Total: total.body(total), Groups: []groupBody{},
	}
	body.Total.Share = nil
	for v, t := range groups {
		g := t.body(total)
		g.Value = &v
		body.Groups = append(body.Groups, g)
	}
	slices.SortFunc(body.Groups, func(a, b groupBody) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(*a.Value, *b.Value))
	})
	body.Groups = body.Groups[:min(len(body.Groups), req.Top)]
	return body, nil
}

// tally counts events, and the users that they hit.
type tally struct {
	events int64
	users  map[string]bool
	series []int64
}

func newTally(buckets int) *tally {
	return &tally{users: map[string]bool{}, series: make([]int64, buckets)}
}

func (t *tally) add(e *event.Event, bucket int) {
	t.events++
	if e.UserID != "" {
		t.users[e.UserKey()] = true
	}
	if bucket < len(t.series) {
		t.series[bucket]++
	}
}

// body is the tally as a group of all. Attempts to join are not known by two dimensions.
func (t *tally) body(all *tally) groupBody {
	g := groupBody{Events: t.events, Users: int64(len(t.users)), Share: ratio(t.events, all.events), Series: []bucketBody{}}
	for _, n := range t.series {
		g.Series = append(g.Series, bucketBody{Events: n})
	}
	return g
}
