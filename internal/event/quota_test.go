// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// about is a report about a peer in a room of an account.
func about(account, room, peer string) Event {
	return Event{Type: JoinFailed, Subject: Subject{AccountID: account, RoomID: room, PeerID: peer}, Failure: Failure{Message: "x"}}
}

// refusedBy is the limit that a refusal names and how long it says to wait.
func refusedBy(t *testing.T, err error) (limit string, wait time.Duration) {
	t.Helper()
	if err == nil {
		return "", 0
	}
	f := (*fault.Error)(nil)
	if !errors.As(err, &f) || f.Kind != fault.EventQuota {
		t.Fatalf("refused with %v", err)
	}
	s, ok := f.Detail("retry_after_seconds").(int64)
	if !ok {
		t.Fatalf("%v does not say when to try again", err)
	}
	return limitOf(err), time.Duration(s) * time.Second
}

// Each quota holds what it is for, the refusal names it, waiting helps, and who
// is refused by a narrow one uses nothing of a wide one up.
func TestQuotas(t *testing.T) {
	ann := Reporter{Token: "ann"}
	for _, c := range []struct {
		limit  string
		quotas Quotas
		by     func(n int) Reporter
		event  func(n int) Event
		free   Event // is taken still
		freeBy Reporter
	}{
		{"events.quotas.token_events", Quotas{Token: Quota{Events: 60}, Account: Quota{Events: 61}},
			func(int) Reporter { return ann }, func(n int) Event { return about("a", fmt.Sprint(n), fmt.Sprint(n)) },
			about("a", "r", "p"), Reporter{Token: "bob"}},
		{"events.quotas.peer_events", Quotas{Peer: Quota{Events: 60}},
			func(n int) Reporter { return Reporter{Token: fmt.Sprint(n)} }, func(n int) Event { return about("a", "r", "p") },
			about("a", "r", "q"), ann},
		{"events.quotas.room_events", Quotas{Room: Quota{Events: 60}},
			func(n int) Reporter { return Reporter{Token: fmt.Sprint(n)} }, func(n int) Event { return about("a", "r", fmt.Sprint(n)) },
			about("a", "s", "p"), ann},
		{"events.quotas.account_events", Quotas{Account: Quota{Events: 60}},
			func(n int) Reporter { return Reporter{Token: fmt.Sprint(n)} }, func(n int) Event { return about("a", fmt.Sprint(n), fmt.Sprint(n)) },
			about("b", "r", "p"), ann},
		{"events.quotas.token_bytes", Quotas{Token: Quota{Bytes: 60 * (sizeOfEvent + 1)}},
			func(int) Reporter { return ann }, func(n int) Event { return about("a", "r", "p") },
			about("a", "r", "p"), Reporter{Token: "bob"}},
		{"events.quotas.managed_events", Quotas{Managed: Quota{Events: 60}, Token: Quota{Events: 1}, Account: Quota{Events: 1}},
			func(int) Reporter { return Reporter{Token: "m", Managed: true} }, func(n int) Event { return about("a", "r", "p") },
			about("b", "r", "p"), Reporter{Managed: true}},
	} {
		t.Run(c.limit, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, metrics := &memory{}, prometheus.NewRegistry()
				r := NewRecorder(store, RecorderConfig{Quotas: c.quotas, Metrics: metrics})
				defer r.Close(t.Context())
				for n := range 60 {
					if err := r.Report(c.by(n), c.event(n)); err != nil {
						t.Fatalf("report %d: %v", n, err)
					}
				}
				for n := range 100 {
					limit, wait := refusedBy(t, r.Report(c.by(n), c.event(n)))
					if limit != c.limit || wait < time.Second || wait > time.Minute {
						t.Fatalf("refused by %q for %v", limit, wait)
					}
				}
				if err := r.Report(c.freeBy, c.free); err != nil {
					t.Errorf("somebody else is refused: %v", err)
				}
				_, wait := refusedBy(t, r.Report(c.by(0), c.event(0)))
				time.Sleep(wait)
				if err := r.Report(c.by(0), c.event(0)); err != nil {
					t.Errorf("after the wait: %v", err)
				}
				synctest.Wait()
				if n := len(store.stored()); n != 62 {
					t.Errorf("%d are stored", n)
				}
				if n := counted(t, metrics, "redial_events_refused_total", c.limit); n != 101 {
					t.Errorf("%v are counted", n)
				}
			})
		})
	}
}

// Of a batch what fits is kept and the rest is refused one by one.
func TestABatchIsKeptAsFarAsItFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := NewRecorder(store, RecorderConfig{Quotas: Quotas{Token: Quota{Events: 3}}})
		defer r.Close(t.Context())
		var batch []Event
		for n := range 5 {
			batch = append(batch, about("a", "r", fmt.Sprint(n)))
		}
		out, err := r.KeepReported(t.Context(), Reporter{Token: "ann"}, slices.Clone(batch)...)
		if err != nil || len(out) != 5 {
			t.Fatal(out, err)
		}
		for n, o := range out {
			if refused := o.State == Refused; refused != (n >= 3) || refused != errors.Is(o.Err, fault.EventQuota) {
				t.Errorf("event %d: %+v", n, o)
			}
		}
		if out, err = r.KeepReported(t.Context(), Reporter{Token: "ann"}, batch...); err != nil || out[0].State != Refused {
			t.Errorf("again: %+v %v", out, err)
		}
		if n := len(store.stored()); n != 3 {
			t.Errorf("%d are stored", n)
		}
	})
}

// What the server sees of a peer that does something over and over is recorded
// so many times; the reports of that peer have their own share.
func TestWhatTheServerSeesOfOnePeerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, metrics := &memory{}, prometheus.NewRegistry()
		r := NewRecorder(store, RecorderConfig{Quotas: Quotas{Peer: Quota{Events: 10}}, Metrics: metrics})
		defer r.Close(t.Context())
		for range 1000 {
			r.Record(about("a", "r", "flood"))
		}
		r.Record(about("a", "r", "calm"))
		if err := r.Report(Reporter{Token: "ann"}, about("a", "r", "flood")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := len(store.stored()); n != 12 {
			t.Errorf("%d are stored", n)
		}
		if n := counted(t, metrics, "redial_events_dropped_total", fault.EventQuota.ID); n != 990 {
			t.Errorf("%v are counted", n)
		}
	})
}

// BenchmarkReport measures what the quotas cost a report on its way to the queue.
func BenchmarkReport(b *testing.B) {
	many := Quota{Events: 1 << 40, Bytes: 1 << 40}
	for name, q := range map[string]Quotas{"without": {}, "with": {Token: many, Peer: many, Room: many, Account: many}} {
		b.Run(name, func(b *testing.B) {
			r := NewRecorder(&memory{}, RecorderConfig{Quotas: q})
			defer r.Close(b.Context())
			e := about("account", "room", strings.Repeat("p", 36))
			by := Reporter{Token: strings.Repeat("t", 100)}
			b.ReportAllocs()
			for b.Loop() {
				if err := r.quota.reported(by, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
