// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// TestAFileFromBeforeVerdicts gets room for them and gives what it has; what is
// damaged in it is passed over.
func TestAFileFromBeforeVerdicts(t *testing.T) {
	dir := t.TempDir()
	open := func() *Log {
		l, err := Open(t.Context(), dir, Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	l := open()
	var events []event.Event
	for range 3 {
		events = append(events, event.Event{ID: uuid.NewString(), Time: time.Now().UTC().Add(-time.Hour), Type: event.JoinFailed, Source: event.FromServer,
			Subject: event.Subject{AccountID: "acme"}, Fault: fault.RoomFull.ID})
	}
	if _, err := l.Append(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if err := l.Change(t.Context(), func(ctx context.Context, tx Tx) error {
		_, err := tx.ExecContext(ctx, `ALTER TABLE events DROP COLUMN diagnosis; ALTER TABLE events DROP COLUMN confidence; ALTER TABLE events DROP COLUMN rules;
			UPDATE docs SET doc = '{"id' WHERE seq = 2`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	l = open()
	u, err := l.Undiagnosed(t.Context(), time.Now(), 10)
	if err != nil || len(u.Events) != 2 || u.Upto != 3 {
		t.Fatalf("%d wait up to %d, %v", len(u.Events), u.Upto, err)
	}
	d := event.Diagnosis{Cause: fault.RoomFull.ID, Confidence: "proven", Rules: "r"}
	if err := l.Diagnose(t.Context(), []event.Verdict{{Seq: 1, Diagnosis: d}, {Seq: 2, Diagnosis: d}, {Seq: 9, Diagnosis: d}}, u.Upto); err != nil {
		t.Fatal(err)
	}
	list, err := l.Records(t.Context(), 0, 1, 1)
	if err != nil || len(list) != 1 || list[0].Diagnosis == nil || *list[0].Diagnosis != d {
		t.Errorf("%+v, %v", list, err)
	}
	if u, err = l.Undiagnosed(t.Context(), time.Now(), 10); err != nil || len(u.Events) != 0 {
		t.Errorf("%d wait again, %v", len(u.Events), err)
	}
}
