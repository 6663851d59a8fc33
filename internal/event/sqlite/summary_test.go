package sqlite

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventtest"
)

// TestRecount: a file from before there were summaries is counted when it is
// opened, to the same result.
func TestRecount(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir).(*Store)
	for n := range 300 {
		e := population(n)
		e.Failure.Terminal = n%3 == 0
		eventtest.Add(t, s, e)
	}
	dump := func() (all string) {
		err := s.writer.each(t.Context(), "SELECT dim, level, at, value, type, n FROM summary ORDER BY 1, 2, 3, 4, 5", func(row scanner) error {
			var dim, level, at, typ, n int64
			var value string
			err := row.Scan(&dim, &level, &at, &value, &typ, &n)
			all += fmt.Sprintln(dim, level, at, value, typ, n)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	kept := dump()
	if _, err := s.writer.ExecContext(t.Context(), "DROP TABLE summary; DROP TABLE summary_sets; DROP TABLE summary_users; DROP TABLE summary_failed; DELETE FROM meta WHERE key = 'summary'"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir).(*Store)
	if again := dump(); again != kept || kept == "" {
		t.Errorf("counted again:\n%s\nkept:\n%s", again, kept)
	}
}

// BenchmarkSummary reports summaries of 30 days, over as many events as
// -stored says. What they are computed from is the same as that many appended
// events leave, but is written directly.
func BenchmarkSummary(b *testing.B) {
	s := open(b, b.TempDir()).(*Store)
	until := time.Now().UTC().Truncate(time.Hour)
	since := until.Add(-30 * event.Day)
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]string, 0, len(fault.All()))
	for _, k := range fault.All() {
		ids = append(ids, k.ID)
	}
	account := int64(0)
	write := func(f func() error) {
		if err := s.transact(b.Context(), f); err != nil {
			b.Fatal(err)
		}
	}
	write(func() (err error) { account, err = s.accounts.make(b.Context(), s.writer, "acme"); return err })
	for n := 0; n < *stored; {
		write(func() error {
			for range min(100_000, *stored) {
				e := population(n)
				e.Time = since.Add(time.Duration(float64(30*event.Day) * float64(n) / float64(*stored)))
				e.Fault = ids[int(r.ExpFloat64()*8)%len(ids)]
				e.UserID = fmt.Sprint("user-", r.IntN(30_000))
				e.Failure.Code = 4000 + r.IntN(20)
				if err := s.summaries.add(b.Context(), s.writer, account, typeCodes[e.Type], &e, 1); err != nil {
					return err
				}
				n++
			}
			return nil
		})
	}
	for _, by := range []event.Dimension{event.ByFault, event.ByCode, event.ByVersion, event.ByRoom} {
		for _, c := range []struct {
			name string
			q    event.SummaryQuery
		}{
			{"counts", event.SummaryQuery{Top: 1000}},
			{"users", event.SummaryQuery{Top: 10, Users: true}},
			{"series", event.SummaryQuery{Top: 10, Bucket: event.Day}},
		} {
			b.Run(fmt.Sprintf("by=%s/%s", by, c.name), func(b *testing.B) {
				c.q.AccountID, c.q.By, c.q.Since, c.q.Until = "acme", by, since.Add(5*time.Hour), until.Add(-5*time.Hour)
				c.q.Types = event.Types[:5]
				for b.Loop() {
					sum, err := s.Summarize(b.Context(), c.q)
					if err != nil || sum.Total.Counts.Events == 0 {
						b.Fatal(sum.Total, err)
					}
				}
			})
		}
	}
}
