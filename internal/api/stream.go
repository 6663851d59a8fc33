// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// heartbeat is how often a quiet stream says that it is there, so that no proxy
// takes it for dead.
const heartbeat = 15 * time.Second

// stream sends events as they are stored, as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html). The id of
// each is its place in the store, so a reader that was cut off and sends its
// Last-Event-ID misses none and gets none twice.
func (e *Events) stream(c *Call) (any, error) {
	q, view, err := e.parse(c)
	if err != nil {
		return nil, err
	}
	if q.Start != "" || q.Desc {
		return nil, fault.FieldInvalid.New("field", "start or order", "reason", "means nothing to a stream")
	}
	store := e.cfg.Recorder.Store()
	if last := c.Request.Header.Get("Last-Event-ID"); last != "" {
		if q.After, err = strconv.ParseInt(last, 10, 64); err != nil || q.After < 0 {
			return nil, fault.FieldInvalid.New("field", "Last-Event-ID", "reason", "is not an id of this stream")
		}
	} else if q.After, err = store.Last(c.Context()); err != nil {
		return nil, err
	}
	q.Limit, q.Tail = event.MaxLimit, true

	h := c.Writer.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies that gather replies would hold the news back
	c.Writer.WriteHeader(http.StatusOK)
	if c.push(positionFrame(q.After)) != nil {
		return Written{}, nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		news := e.cfg.Recorder.News() // asked for before reading, so that nothing falls in between
		upto, err := store.Last(c.Context())
		var page event.Page
		if err == nil {
			page, err = store.Query(c.Context(), q)
		}
		if err != nil {
			c.Log.Info("a stream was cut off", "fault", fault.From(err, fault.OpAPI))
			return Written{}, nil
		}
		var b []byte
		for i := range page.Events {
			ev := &page.Events[i]
			b = append(b, "id: "...)
			b = strconv.AppendInt(b, ev.Seq, 10)
			b = append(b, "\nevent: "...)
			b = append(b, ev.Type...)
			b = append(b, "\ndata: "...)
			b = append(view.appendEvent(b, ev), "\n\n"...)
			q.After = ev.Seq
		}
		if len(b) > 0 {
			if c.push(b) != nil {
				return Written{}, nil
			}
		}
		if len(page.Events) == q.Limit {
			continue // there may be more
		}
		q.After = max(q.After, upto) // what does not match need not be looked at again
		select {
		case <-news:
		case <-beat.C:
			if c.push(positionFrame(q.After)) != nil {
				return Written{}, nil
			}
		case <-e.stop:
			return Written{}, nil
		case <-c.Context().Done():
			return Written{}, nil
		}
	}
}

// positionFrame tells a reader where it stands without telling it anything else: an id
// without data is remembered and not dispatched.
func positionFrame(seq int64) []byte {
	return fmt.Appendf(nil, ": nothing new\nid: %d\n\n", seq)
}
