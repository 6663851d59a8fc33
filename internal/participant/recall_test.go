// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
)

// TestRecall: of the last troubles the record is given that is nearest, about the same
// thing, and none that is too far away.
func TestRecall(t *testing.T) {
	var r recall
	base := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return base.Add(time.Duration(seconds) * time.Second) }
	keep := func(about event.Type, seconds int) *evidence.Record {
		one := &evidence.Record{At: at(seconds)}
		r.keep(about, one)
		return one
	}
	first, second := keep(event.PublishFailed, 0), keep(event.PublishFailed, 20)
	other := keep(event.SubscribeFailed, 9)
	for _, c := range []struct {
		about event.Type
		at    int
		want  *evidence.Record
	}{
		{event.PublishFailed, 9, first}, {event.PublishFailed, 11, second}, {event.SubscribeFailed, 15, other},
		{event.PublishFailed, -31, nil}, {event.PublishFailed, 51, nil}, {event.Disconnected, 9, nil},
	} {
		if got := r.near(c.about, at(c.at), nearby); got != c.want {
			t.Errorf("%s at %d s: %+v", c.about, c.at, got)
		}
	}
	for i := range 100 {
		keep(event.PublishFailed, 100+i)
	}
	if len(r.moments) != maxMoments || r.near(event.PublishFailed, at(0), nearby) != nil || r.near(event.PublishFailed, at(199), 0) == nil {
		t.Errorf("%d moments are kept", len(r.moments))
	}
}
