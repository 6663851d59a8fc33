// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// What of one cause is compared with all tries.
const (
	maxCompared = 1000 // failures, the latest
	maxValues   = 20   // values of a dimension, those with most failures
)

// chance is how likely it may be that tries are spread so by chance alone for a value
// to stand out, over all values that are looked at.
const chance = 0.001

// comparedBy are the dimensions in which failures are compared with all tries.
var comparedBy = []event.Dimension{event.ByVersion, event.ByBrowser, event.ByOS, event.ByRole, event.ByTemplate, event.ByRoom}

// oneCauseBody is what is known of one cause.
type oneCauseBody struct {
	Since  time.Time `json:"since"` // as in causesBody
	Until  time.Time `json:"until"`
	Bucket string    `json:"bucket"`
	causeBody
	Versions []shareOfTries `json:"versions"` // of SDKs, those with most failures first
	Apart    apartBody      `json:"apart"`
}

// apartBody compares the tries that failed for a cause with all tries.
type apartBody struct {
	Since    time.Time      `json:"since"`    // later than that of the cause where only the latest failures are compared
	Failures int64          `json:"failures"` // that are compared
	Provoked int64          `json:"provoked"` // that are left out, as they were provoked
	Failed   int64          `json:"failed"`   // tries of those failures
	Tries    int64          `json:"tries"`    // all
	Values   []shareOfTries `json:"stands_out"`
}

// shareOfTries is how many tries have a value.
type shareOfTries struct {
	By     event.Dimension `json:"by"`
	Value  string          `json:"value"`
	Failed int64           `json:"failed"`
	Tries  int64           `json:"tries"` // of all tries
}

// one tells of one cause. It fails with fault.CatalogueUnknown, FieldInvalid and
// FeatureUnsupported.
func (k causes) one(c *Call) (any, error) {
	store, ok := k.Store.(event.Summarizer)
	if !ok {
		return nil, fault.FeatureUnsupported.New("feature", "causes in this store of events")
	}
	id, err := causeOf(c)
	if err != nil {
		return nil, err
	}
	q, err := causesQuery(c, time.Now())
	if err != nil {
		return nil, err
	}
	ctx := c.Context()
	q.Values, q.Top = []string{id}, 0
	found, err := store.Summarize(ctx, q)
	if err != nil {
		return nil, err
	}
	group := event.Group{Value: id, Series: make([]event.Counts, len(q.Buckets()))}
	if i := slices.IndexFunc(found.Groups, func(g event.Group) bool { return g.Value == id }); i >= 0 {
		group = found.Groups[i]
	}
	earlier, err := k.earlier(ctx, store, q)
	if err != nil {
		return nil, err
	}
	muted, err := k.muted(ctx, store, q.AccountID)
	if err != nil {
		return nil, err
	}
	body := oneCauseBody{Since: q.Since, Until: q.Until, Bucket: bucketName(q.Bucket)}
	if body.causeBody, err = k.describe(ctx, q, &group, earlier[id]); err != nil {
		return nil, err
	}
	body.Muted = muted[id]
	body.Versions, body.Apart, err = k.compare(ctx, store, q, id)
	return body, err
}

// compare counts in which values the tries that failed for a cause differ from all.
func (k causes) compare(ctx context.Context, store event.Summarizer, q event.SummaryQuery, id string) (versions []shareOfTries, apart apartBody, err error) {
	counts, apart, err := k.failedTries(ctx, q, id)
	versions, apart.Values = []shareOfTries{}, []shareOfTries{}
	if err != nil || apart.Failed == 0 {
		return versions, apart, err
	}
	type compared struct {
		shareOfTries
		by chanceOf
	}
	var all []compared
	for _, by := range comparedBy {
		values := slices.SortedFunc(maps.Keys(counts[by]), func(a, b string) int {
			return cmp.Or(cmp.Compare(counts[by][b], counts[by][a]), cmp.Compare(a, b))
		})
		values = values[:min(len(values), maxValues)]
		found, err := store.Summarize(ctx, event.SummaryQuery{AccountID: q.AccountID, By: by, Since: apart.Since, Until: q.Until, Values: values})
		if err != nil {
			return versions, apart, err
		}
		apart.Tries = max(found.Total.Counts.Attempts(), apart.Failed)
		tries := map[string]int64{}
		for _, g := range found.Groups {
			tries[g.Value] = g.Counts.Attempts()
		}
		for _, v := range values {
			one := shareOfTries{by, v, counts[by][v], max(tries[v], counts[by][v])}
			all = append(all, compared{one, chanceOf{one.Failed, apart.Failed, one.Tries, apart.Tries}})
			if by == event.ByVersion {
				versions = append(versions, one)
			}
		}
	}
	likely := map[shareOfTries]float64{}
	for _, one := range all {
		if p := one.by.atLeast() * float64(len(all)); p < chance && one.Value != "" {
			likely[one.shareOfTries] = p
			apart.Values = append(apart.Values, one.shareOfTries)
		}
	}
	slices.SortStableFunc(apart.Values, func(a, b shareOfTries) int { return cmp.Compare(likely[a], likely[b]) })
	return versions, apart, nil
}

// failedTries counts the tries of the latest failures of a cause, by dimension and value.
// A try is a peer, or a failure of before there was one.
func (k causes) failedTries(ctx context.Context, q event.SummaryQuery, id string) (map[event.Dimension]map[string]int64, apartBody, error) {
	apart := apartBody{Since: q.Since}
	counts := map[event.Dimension]map[string]int64{}
	for _, by := range comparedBy {
		counts[by] = map[string]int64{}
	}
	seen := map[string]bool{}
	ask := event.Query{AccountID: q.AccountID, Errors: true, Diagnoses: []string{id}, Since: q.Since, Until: q.Until, Desc: true}
	var last time.Time
	whole, err := walk(ctx, k.Store, ask, maxCompared, func(e *event.Event) {
		last = e.Time
		if e.Injected {
			apart.Provoked++
			return
		}
		apart.Failures++
		try := cmp.Or(e.PeerID, e.ID)
		if seen[try] {
			return
		}
		seen[try] = true
		apart.Failed++
		for _, by := range comparedBy {
			if v, has := by.OfSubject(&e.Subject); has {
				counts[by][v]++
			}
		}
	})
	if err != nil {
		return nil, apart, err
	}
	if hour := last.UTC().Truncate(time.Hour); !whole && hour.After(q.Since) {
		apart.Since = hour
	}
	return counts, apart, nil
}

// chanceOf are the counts of a value: how many of the tries that failed, and of all,
// have it.
type chanceOf struct{ with, failed, allWith, all int64 }

// atLeast is how likely it is that so many of the tries that failed, or more, have the
// value if they are any of all tries: the upper tail of the hypergeometric distribution.
func (c chanceOf) atLeast() float64 {
	all := max(c.all, c.failed, c.allWith+c.failed-c.with)
	choose := func(n, k int64) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		d, _ := math.Lgamma(float64(n - k + 1))
		return a - b - d
	}
	p := 0.0
	for i := c.with; i <= min(c.failed, c.allWith); i++ {
		if c.failed-i <= all-c.allWith {
			p += math.Exp(choose(c.allWith, i) + choose(all-c.allWith, c.failed-i) - choose(all, c.failed))
		}
	}
	return p
}
