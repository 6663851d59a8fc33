// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// refused demands that an error is the caller's and names a field.
func refused(t *testing.T, what string, err error) {
	t.Helper()
	if f := fault.From(err, fault.OpAPI); f.Kind.Status/100 != 4 || f.Detail("field") == nil {
		t.Errorf("%q: %v", what, err)
	}
}

// FuzzQuery: parameters are read or refused by name, and a cursor that was not
// sealed here opens nothing.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		"", "room_id=r&limit=10&order=asc", "type=client.publish.failed&type=track.add.success", "since=2026-01-31T12:00:00Z&until=2026-02-01T00:00:00Z",
		"error=true&fault=room.full&user_id=a%00b", "start=AAAA&limit=99999999999999999999", "code=4005&injected=maybe", "%zz", "a;b",
	} {
		f.Add(q)
	}
	cursors := &Cursors{[]byte("a key for the cursors of this test")}
	at := time.Unix(1_700_000_000, 0)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		q, err := ParseQuery(v)
		if err != nil {
			refused(t, text, err)
			return
		}
		if q.Limit < 1 || q.Limit > event.MaxLimit {
			t.Errorf("%q: limit %d", text, q.Limit)
		}
		if _, err := cursors.Open(&q, at); err == nil {
			t.Errorf("%q opened a cursor", text)
		} else {
			refused(t, text, err)
		}
		q.Start = cursors.Seal(&q, Cursor{Max: 9, Pos: 3, Total: 7, At: at})
		if c, err := cursors.Open(&q, at); err != nil || c.Max != 9 || c.Pos != 3 || c.Total != 7 {
			t.Errorf("%q: its own cursor: %+v, %v", text, c, err)
		}
	})
}

// FuzzSummary: a window that is accepted is one that can be answered.
func FuzzSummary(f *testing.F) {
	for _, q := range []string{
		"", "by=room&top=5&compare=week", "since=2026-01-31T12:00:00Z&until=2026-02-01T00:00:00Z&bucket=hour", "type=client.join.failed&type=x",
		"since=1971-01-01T00:00:00Z", "top=-1", "bucket=day&compare=previous", "since=9999-12-31T23:59:59.999999999Z",
	} {
		f.Add(q)
	}
	now := time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		r, err := ParseSummary(v, now)
		if err != nil {
			refused(t, text, err)
			return
		}
		length := r.Until.Sub(r.Since)
		if length <= 0 || length > event.MaxWindow+time.Hour || r.Bucket <= 0 || length/r.Bucket > event.MaxBuckets+1 || r.Top < 1 || r.Top > event.MaxTop {
			t.Errorf("%q: %+v", text, r)
		}
	})
}

// FuzzEventJSON: an event that can be read, as from a file to import, can be
// written and read again.
func FuzzEventJSON(f *testing.F) {
	e := event.Event{ID: "x", Type: event.JoinFailed, Time: time.Unix(1, 5e8), Fault: "room.full", Source: event.FromBoth, Extra: map[string]json.RawMessage{"a": json.RawMessage("[1]")}}
	f.Add(Append(nil, &e))
	f.Add([]byte(`{"timestamp":"x","data":{"error_code":"7"},"redial":null}`))
	f.Add([]byte(`{"type":"client.publish.failed","data":{"error_description":"The media connection failed (stun_seen: true, tries: 3)"},"redial":{"fault":"ice.failed","source":"server"}}`))
	f.Add([]byte(`{"version":"3","type":"client.join.failed","redial":{"source":"both","client":{"code":4006,"fault":""},"server":{"details":[{"name":"a","value":[1]}],"words":{}}}}`))
	f.Add([]byte(`{"data":{"track":7,"agent":[]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var one, again event.Event
		if Decode(raw, &one) != nil || one.Time.Year() < 0 || one.Time.Year() > 9999 {
			return
		}
		if err := Decode(Append(nil, &one), &again); err != nil {
			t.Errorf("%q is written as what cannot be read: %v\n%s", raw, err, Append(nil, &one))
		}
		var kept event.Event
		if err := DecodeStored(AppendStored(nil, &one, nil), nil, &kept); err != nil {
			t.Errorf("%q is stored as what cannot be read: %v", raw, err)
		}
	})
}
