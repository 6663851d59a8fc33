// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/event"
)

var codeSources = reverse(sourceCodes)

// marksAtOnce is how many events are read together.
const marksAtOnce = 512

// ReadMarks hands over the marks of a session of an account, as [event.Timeliner] does,
// from columns alone. It is called within Read.
func ReadMarks(ctx context.Context, c *Conn, account int64, q event.TimelineQuery, each func(*event.Mark)) error {
	left := q.Limit
	of, also, args := ID{"session", account, q.SessionID}, "", []any(nil)
	if q.PeerID != "" {
		of.Column, of.Value = "peer", q.PeerID
		is, session, err := c.Is(ctx, "session", q.SessionID, account)
		if err != nil {
			return err
		}
		also, args = " AND "+is, session
	}
	byType := map[int64][]int64{} // places, in their order
	err := c.Postings(ctx, of, Everywhere, func(seq, typ int64) bool {
		if len(byType[typ]) < left || also != "" { // some may be of another session
			byType[typ] = append(byType[typ], seq)
		}
		return true
	})
	if err != nil {
		return err
	}
	common, ids := "time, "+HappenedAt+", source, peer", idReader{c, map[string]string{}}
	// A session may have very many marks: what one is read into is used again for the next.
	var m event.Mark
	var at, happened, source int64
	var byPeer any
	var v verdict
	known, failed := []any{&at, &happened, &source, &byPeer}, []any{&m.ID, &m.Fault, &m.Terminal, &v.cause, &v.confidence, &v.rules}
	for _, t := range event.Types {
		m = event.Mark{Type: t}
		columns, into := common, known
		if t.IsError() { // of the others nothing more is known, and most marks are of them
			columns, into = common+", id, coalesce(fault, ''), terminal, "+verdictColumns, append(slices.Clone(known), failed...)
		}
		read := func(row Scanner) (err error) {
			if err := row.Scan(into...); err != nil {
				return err
			}
			if m.PeerID, err = ids.read(ctx, byPeer); err != nil {
				return err
			}
			m.Time, m.Source, m.Happened, m.Verdict = time.Unix(0, at).UTC(), codeSources[source], time.Unix(0, happened).UTC(), event.Diagnosis{}
			if d := v.diagnosis(); t.IsError() && d != nil {
				m.Verdict = *d
			}
			each(&m)
			left--
			return nil
		}
		for some := range slices.Chunk(byType[TypeCodes[t]], marksAtOnce) {
			if left <= 0 {
				return nil
			}
			err := c.Each(ctx, "SELECT "+columns+" FROM events NOT INDEXED WHERE seq IN (SELECT value FROM json_each(?))"+also+" ORDER BY seq LIMIT ?",
				read, append(append([]any{PlacesArg(some)}, args...), left)...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}
