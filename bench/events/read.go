// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

const (
	maxFirstPage = 5 * time.Millisecond
	maxSummary   = 100 * time.Millisecond
	farPage      = 1000
)

// question is a query that is asked with many values.
type question struct {
	name   string
	held   bool
	filter func(sample, int) url.Values
}

var questions = []question{
	{"by room", true, func(s sample, _ int) url.Values { return url.Values{"room_id": {s.Room}} }},
	{"by user", true, func(s sample, _ int) url.Values { return url.Values{"user_id": {s.User}} }},
	{"by type", true, func(_ sample, n int) url.Values { return url.Values{"type": {string(event.Types[n%8])}} }},
	{"by session", false, func(s sample, _ int) url.Values { return url.Values{"session_id": {s.Session}} }},
	{"by peer", false, func(s sample, _ int) url.Values { return url.Values{"peer_id": {s.Peer}} }},
	{"by room, failures only", false, func(s sample, _ int) url.Values { return url.Values{"room_id": {s.Room}, "error": {"true"}} }},
	{"everything", false, func(sample, int) url.Values { return url.Values{} }},
	{"by fault", false, func(s sample, _ int) url.Values { return url.Values{"fault": {s.Fault}} }},
	{"by error code", false, func(s sample, _ int) url.Values { return url.Values{"error_code": {fmt.Sprint(s.Code)}} }},
	{"by SDK and system", false, func(s sample, _ int) url.Values { return url.Values{"sdk": {s.SDK}, "os": {s.OS}} }},
	{"given up", false, func(_ sample, n int) url.Values {
		return url.Values{"terminal": {fmt.Sprint(n%2 == 0)}, "error": {"true"}}
	}},
	{"of one hour", false, func(s sample, _ int) url.Values { return between(s.Time, time.Hour) }},
	{"of one week", false, func(s sample, _ int) url.Values { return between(s.Time, 7*event.Day) }},
	{"by fault, of one day", false, func(s sample, _ int) url.Values { v := between(s.Time, event.Day); v.Set("fault", s.Fault); return v }},
	{"by room and fault", false, func(s sample, _ int) url.Values { return url.Values{"room_id": {s.Room}, "fault": {s.Fault}} }},
	{"by room, of one day", false, func(s sample, _ int) url.Values { v := between(s.Time, event.Day); v.Set("room_id", s.Room); return v }},
}

func between(middle time.Time, span time.Duration) url.Values {
	return url.Values{"since": {middle.Add(-span / 2).Format(time.RFC3339Nano)}, "until": {middle.Add(span / 2).Format(time.RFC3339Nano)}}
}

// small is the size of the history that a large one is compared with.
func small(large int) int { return max(large/100, 1000) }

// measureReading measures pages and summaries of a large history beside those of
// one a hundredth its size.
func measureReading(ctx context.Context, o options, t *table) error {
	const part = "first page, with its total"
	small, large := small(o.events), o.events
	pages := map[int]map[string]spread{}
	for _, n := range []int{small, large} {
		h, err := openHistory(ctx, o.dir, n)
		if err != nil {
			return err
		}
		target, err := start(ctx, h.dir)
		if err != nil {
			return err
		}
		pages[n] = map[string]spread{}
		if err := warm(ctx, target, h); err != nil {
			return err
		}
		for _, q := range questions {
			if pages[n][q.name], err = firstPages(ctx, target, h, q, o.asks); err != nil {
				return err
			}
			if n == small {
				progress("%s, %s: %s", q.name, count(n), pages[n][q.name])
				continue
			}
			was, is := pages[small][q.name], pages[n][q.name]
			if !q.held {
				t.note(part, q.name, "%s; %s with %s", is, was, count(small))
				continue
			}
			t.hold(part, q.name, "p99 under 5 ms", is.at(0.99) < maxFirstPage, "%s", is)
			ratio := float64(is.at(0.99)) / float64(was.at(0.99))
			t.hold(part, q.name+fmt.Sprintf(", against %s events (%s)", count(small), was), "at most 2", ratio <= 2, "p50 %.2f, p99 %.2f times", float64(is.at(0.5))/float64(was.at(0.5)), ratio)
		}
		if n == large {
			if err := farPages(ctx, target, h, t); err != nil {
				return err
			}
			if err := summaries(ctx, target, h, t); err != nil {
				return err
			}
		}
		if err := target.stop(); err != nil {
			return err
		}
	}
	return nil
}

// warm asks all questions for a while, so that the first one that is measured is not that of
// a server that has just begun.
func warm(ctx context.Context, target *target, h *history) error {
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		for _, q := range questions {
			if _, err := firstPages(ctx, target, h, q, 10); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstPages asks one question with the values of every other sample, and with
// those of the rest before, so that neither side starts cold.
func firstPages(ctx context.Context, target *target, h *history, q question, asks int) (spread, error) {
	var took spread
	began := time.Now()
	for _, turn := range []int{0, 1} {
		for i, s := range h.Samples {
			if i%2 != turn || i/2 >= asks || turn == 0 && i > 40 || time.Since(began) > 10*time.Second && len(took) > 20 {
				continue
			}
			_, d, err := target.get(ctx, "/v2/analytics/events?"+q.filter(s, i/2).Encode())
			if err != nil {
				return nil, err
			}
			if turn == 1 {
				took = append(took, d)
			}
		}
	}
	return took, nil
}

// farPages reads on from page to page and compares the thousandth with the first.
func farPages(ctx context.Context, target *target, h *history, t *table) error {
	best := map[string]url.Values{"by type": {"type": {string(event.Disconnected)}}, "everything, newest first": {"order": {"desc"}}}
	most := 0
	for i := 0; i < len(h.Samples); i += 10 {
		v := url.Values{"room_id": {h.Samples[i].Room}}
		raw, _, err := target.get(ctx, "/v2/analytics/events?limit=1&"+v.Encode())
		if err != nil {
			return err
		}
		var page struct{ Total int }
		if err := json.Unmarshal(raw, &page); err != nil {
			return err
		}
		if page.Total > most {
			most = page.Total
			best["by the room with most events"] = v
		}
	}
	for _, name := range []string{"by the room with most events", "by type", "everything, newest first"} {
		v := best[name]
		var first, far spread
		for range 4 {
			next, pages := "", 0
			for ; pages < farPage+10; pages++ {
				v.Set("start", next)
				raw, d, err := target.get(ctx, "/v2/analytics/events?"+v.Encode())
				if err != nil {
					return err
				}
				var page struct{ Next string }
				if err := json.Unmarshal(raw, &page); err != nil {
					return err
				}
				if next = page.Next; pages == 0 {
					first = append(first, d)
				} else if pages >= farPage-11 {
					far = append(far, d)
				}
				if next == "" {
					break
				}
			}
			if pages < farPage {
				break
			}
			for range 10 { // as many of the first as of the thousandth
				v.Set("start", "")
				_, d, err := target.get(ctx, "/v2/analytics/events?"+v.Encode())
				if err != nil {
					return err
				}
				first = append(first, d)
			}
		}
		if len(far) == 0 {
			t.note("page 1,000", name, "there are fewer pages")
			continue
		}
		ratio := float64(far.at(0.5)) / float64(first.at(0.5))
		t.hold("page 1,000", name, "at most 2 times the first", ratio <= 2, "%.2f times (%s; the first %s)", ratio, far, first)
	}
	return nil
}

func summaries(ctx context.Context, target *target, h *history, t *table) error {
	v := url.Values{"by": {"fault"}, "since": {h.End.AddDate(0, 0, -historyDays).Format(time.RFC3339)}, "until": {h.End.Format(time.RFC3339)}}
	for _, c := range []struct {
		name string
		held bool
		set  map[string]string
	}{
		{"by fault", true, nil},
		{"by fault, by day", true, map[string]string{"bucket": "day"}},
		{"by SDK and version", false, map[string]string{"by": "sdk_version"}},
		{"by room", false, map[string]string{"by": "room"}},
		{"by fault, last week against the one before", false, map[string]string{"since": h.End.AddDate(0, 0, -7).Format(time.RFC3339), "compare": "previous"}},
	} {
		q := url.Values{}
		for k, list := range v {
			q[k] = list
		}
		for k, value := range c.set {
			q.Set(k, value)
		}
		var took spread
		began := time.Now()
		for i := 0; i < 30 && (i < 3 || time.Since(began) < 20*time.Second); i++ {
			_, d, err := target.get(ctx, "/api/v1/analytics/summary?"+q.Encode())
			if err != nil {
				return err
			}
			took = append(took, d)
		}
		if c.held {
			t.hold("summary of 30 days", c.name, "under 100 ms", took.at(0.99) < maxSummary, "%s", took)
		} else {
			t.note("summary of 30 days", c.name, "%s", took)
		}
	}
	return nil
}
