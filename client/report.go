// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
)

// Limits of reporting.
const (
	maxReports     = 100             // kept while they cannot be delivered; the oldest go first
	reportsAMinute = 200             // more are not made
	flushPatience  = 2 * time.Second // for delivering what waits, all in all

	unreachablePause = 3 * time.Second // after the server could not be reached
)

// deviceID names this process to the server, which counts a report that comes
// twice once.
var deviceID = sync.OnceValue(uuid.NewString)

// report is one error report in the shape of POST /v2/client/report.
type report struct {
	Event     string         `json:"event"`
	ID        string         `json:"event_id"`
	Timestamp int64          `json:"timestamp"`
	Device    string         `json:"device_id"`
	Agent     string         `json:"agent"`
	Cluster   map[string]any `json:"cluster"`
	Peer      map[string]any `json:"peer"`
	Payload   map[string]any `json:"payload"`
}

// reporter tells the server what went wrong here: over the socket while there
// is one, else by HTTP to the same origin, else later, on disk if there is a
// place for it.
type reporter struct {
	session *session

	mu      sync.Mutex
	queue   []report
	spool   *spool
	opened  bool
	minute  time.Time
	count   int
	last    int64
	pause   time.Time  // not before this is delivering tried again
	sending sync.Mutex // one delivery at a time
}

func newReporter(s *session) *reporter { return &reporter{session: s} }

// failed reports a failure. It never blocks.
func (q *reporter) failed(event, action string, f *fault.Error, terminal bool) {
	s := q.session
	s.wit.tell()
	if s.ov != nil {
		return // its wire has no door for reports
	}
	now := time.Now()
	q.mu.Lock()
	if now.Sub(q.minute) >= time.Minute {
		q.minute, q.count = now, 0
	}
	q.count++
	ms := max(now.UnixMilli(), q.last+1)
	q.last = ms
	tooMany := q.count > reportsAMinute
	if f.Kind == fault.EndpointUnreachable {
		q.pause = now.Add(unreachablePause) // nobody would take the report, either
	}
	q.mu.Unlock()
	if tooMany {
		return
	}
	d := Describe(f)
	payload := map[string]any{
		"error_name": d.Name, "error_code": d.Code, "error_message": d.Title, "error_description": f.Error(),
		"action": action, "is_terminal": terminal, "timestamp": ms,
	}
	if stage := f.Detail("stage"); stage != nil {
		payload["stage"] = stage // how far a request came that got no answer
	}
	s.mu.Lock()
	peer := map[string]any{
		"peer_id": s.id, "room_id": s.claims.RoomID, "room_name": s.roster.roomName, "session_id": s.roster.sessionID,
		"template_id": s.roster.template, "role": s.roster.role.Name, "user_name": s.cfg.Name, "user_data": s.cfg.Metadata,
	}
	if !s.joinedAt.IsZero() {
		peer["joined_at"] = s.joinedAt.UnixMilli()
	}
	l := s.link
	payload["transport_state"] = string(s.state)
	s.mu.Unlock()
	if l != nil && l.ctx.Err() == nil {
		if l.notify("analytics", map[string]any{"name": event, "info": payload, "timestamp": ms}) == nil {
			return
		}
	}
	q.keep(report{
		Event: event, ID: strconv.FormatInt(ms, 10), Timestamp: ms, Device: deviceID(), Agent: s.http.agent,
		Cluster: map[string]any{"websocket_url": ""}, Peer: peer, Payload: payload,
	})
	s.spawn(q.flush)
}

// keep queues a report for later.
func (q *reporter) keep(one report) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open()
	q.queue = append(q.queue, one)
	q.trim()
	q.save()
}

// open takes over what earlier sessions left on disk. The lock is held.
func (q *reporter) open() {
	if q.opened || q.session.cfg.ReportDir == "" {
		return
	}
	q.opened = true
	q.spool = newSpool(q.session.cfg.ReportDir, q.session.http.origin.String(), q.session.claims.RoomID)
	left, err := q.spool.claim()
	if err != nil {
		q.session.log.Warn("reports on disk cannot be read", "err", err)
	}
	q.queue = append(left, q.queue...)
	q.trim()
}

func (q *reporter) trim() {
	if over := len(q.queue) - maxReports; over > 0 {
		q.queue = slices.Delete(q.queue, 0, over)
	}
}

func (q *reporter) save() {
	if q.spool == nil {
		return
	}
	if err := q.spool.write(q.queue); err != nil {
		q.session.log.Warn("reports cannot be kept on disk", "err", err)
	}
}

// reachable hears that the server is there, and delivers what waits.
func (q *reporter) reachable() {
	q.answered()
	q.flush()
}

// answered hears that the server is there, whatever it says.
func (q *reporter) answered() {
	q.mu.Lock()
	q.pause = time.Time{}
	q.mu.Unlock()
}

// flush delivers what waits, as far as that is possible in a moment.
func (q *reporter) flush() {
	q.sending.Lock()
	defer q.sending.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), flushPatience)
	defer cancel()
	for {
		q.mu.Lock()
		q.open()
		if len(q.queue) == 0 || q.session.token == "" || time.Now().Before(q.pause) {
			q.mu.Unlock()
			return
		}
		next := q.queue[0]
		q.mu.Unlock()
		body, err := json.Marshal(next)
		if err != nil {
			return
		}
		status, _, err := q.session.httpQuick.ask(ctx, fault.OpReport, http.MethodPost, "/v2/client/report", q.session.token, body)
		if err != nil {
			q.mu.Lock()
			q.pause = time.Now().Add(unreachablePause)
			q.mu.Unlock()
			return
		}
		if status == http.StatusTooManyRequests || status >= 500 || status == http.StatusNotFound {
			return // another time
		}
		// Delivered, or refused for good: a report of a token that is not valid
		// is nobody's.
		q.mu.Lock()
		q.queue = slices.DeleteFunc(q.queue, func(o report) bool { return o.ID == next.ID && o.Device == next.Device })
		q.save()
		q.mu.Unlock()
	}
}

// close makes a last attempt.
func (q *reporter) close() {
	q.mu.Lock()
	waits := len(q.queue) > 0
	q.mu.Unlock()
	if waits {
		q.flush()
	}
}
