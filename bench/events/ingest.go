// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/token"
)

const (
	bulk      = 1000 // events of one transaction of the bare store
	batchSize = 100  // events of one call of POST /api/v1/events
	senders   = 32   // clients at once; with batchSize they fit into the queue
	reporters = 128  // clients at once of POST /v2/client/report

	maxAck       = 50 * time.Millisecond // of a call of batchSize
	maxReportAck = 20 * time.Millisecond // of a single report
	maxMemory    = 200 << 20
)

// call is a body that is ready to be sent.
type call struct {
	path, bearer, mediaType, agent string
	body                           []byte
	events                         int
}

// measureIngest measures how events are taken in: by the bare store, and over
// HTTP by a fresh server.
func measureIngest(ctx context.Context, o options, scratch string, t *table) error {
	progress("making %s events", count(o.ingest))
	p := newPopulation(o.ingest, time.Now().Add(-time.Minute), 3*time.Hour) // as they come in a busy hour
	events := make([]event.Event, o.ingest)
	for i := range events {
		events[i] = p.next()
	}
	// Before and after what it is compared with, so that a machine that slows
	// down on the way favours neither; the better one counts.
	bare, busy, err := bareRate(ctx, filepath.Join(scratch, "bare"), events)
	if err != nil {
		return err
	}
	const part = "ingest"

	target, err := start(ctx, mkdir(filepath.Join(scratch, "server")))
	if err != nil {
		return err
	}
	defer func() { _ = target.stop() }()
	batches := batchCalls(events, target)
	rate, err := peak(ctx, target, t, part, fmt.Sprintf("over HTTP, the same events, %d clients, %d a call", senders, batchSize), batches, senders)
	if err != nil {
		return err
	}
	again, _, err := bareRate(ctx, filepath.Join(scratch, "bare again"), events)
	if err != nil {
		return err
	}
	t.note(part, fmt.Sprintf("the bare store, the same in transactions of %d, before and after", bulk), "%.0f and %.0f events/s, %.0f µs of processor time each", bare, again, busy)
	bare = max(bare, again)
	t.hold(part, "over HTTP against the bare store", "at least 0.5", rate >= bare/2, "%.2f", rate/bare)
	later := make([]event.Event, int(rate/2*o.seconds.Seconds())+2*batchSize) // what comes next
	for i := range later {
		later[i] = p.next()
	}
	if err := halfPace(ctx, o, target, t, part, "a call", rate, batchCalls(later, target), maxAck); err != nil {
		return err
	}

	const single = "ingest, one by one"
	reports, err := reportCalls(append(events, later...), o.ingest/3)
	if err != nil {
		return err
	}
	half := len(reports) / 3
	rate, err = peak(ctx, target, t, single, fmt.Sprintf("`/v2/client/report`, one report a call, %d clients", reporters), reports[:half], reporters)
	if err != nil {
		return err
	}
	return halfPace(ctx, o, target, t, single, "a report", rate, reports[half:], maxReportAck)
}

// bareRate gives events a second, and the microseconds of processor time of each.
func bareRate(ctx context.Context, dir string, events []event.Event) (rate, busy float64, err error) {
	s, err := sqlite.Open(ctx, mkdir(dir), nil)
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	began, used := time.Now(), processorTime(os.Getpid())
	for at := 0; at < len(events); at += bulk {
		if _, err := s.Append(ctx, events[at:min(at+bulk, len(events))]); err != nil {
			return 0, 0, err
		}
	}
	n := float64(len(events))
	return n / time.Since(began).Seconds(), float64((processorTime(os.Getpid()) - used).Microseconds()) / n, nil
}

// peak sends calls as fast as they are taken.
func peak(ctx context.Context, target *target, t *table, part, what string, calls []call, clients int) (float64, error) {
	target.resetPeak()
	before, err := target.metric(ctx, "go_memstats_mallocs_total")
	if err != nil {
		return 0, err
	}
	used := processorTime(target.cmd.Process.Pid)
	var next, done, refused atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	began := time.Now()
	for range clients {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(calls) {
					return
				}
				c := &calls[n]
				back, err := target.post(ctx, c.path, c.bearer, c.mediaType, c.agent, c.body)
				refused.Add(int64(back))
				if err != nil {
					errs <- err
					return
				}
				done.Add(int64(c.events))
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	used = processorTime(target.cmd.Process.Pid) - used
	select {
	case err := <-errs:
		return 0, err
	default:
	}
	after, err := target.metric(ctx, "go_memstats_mallocs_total")
	if err != nil {
		return 0, err
	}
	rate := float64(done.Load()) / took.Seconds()
	t.note(part, what, "%.0f events/s, %.0f µs of the server's processor time each, %d calls sent back for a full queue",
		rate, float64(used.Microseconds())/float64(done.Load()), refused.Load())
	if held := target.peakMemory(); held > 0 {
		t.hold(part, "memory of the server at that peak", "under 200 MB", held < maxMemory, "%d MB", held>>20)
	} else {
		t.note(part, "memory of the server at that peak", "this system does not tell")
	}
	t.note(part, "allocations of an event, from the socket to the disk", "%.0f", (after-before)/float64(done.Load()))
	return rate, nil
}

// halfPace sends calls at half of a rate, evenly, and measures from when each
// was due, so that waiting for the one before counts. What is not the server's is told
// beside it: how late the sender was, and who was asked to wait and come again. Most is
// what the acknowledgement of 99 in 100 may take, or three times what the disk takes for
// one sync of a file in the same minute.
func halfPace(ctx context.Context, o options, target *target, t *table, part, what string, rate float64, calls []call, most time.Duration) error {
	every := time.Duration(float64(calls[0].events) / (rate / 2) * float64(time.Second))
	n := min(int(o.seconds/every), len(calls))
	disk, err := syncs(target.dir)
	if err != nil {
		return err
	}
	took, late := spread{}, spread{}
	refused := 0
	var mu sync.Mutex
	var errs []error
	var wg sync.WaitGroup
	used := processorTime(target.cmd.Process.Pid)
	own := processorTime(os.Getpid())
	began := time.Now()
	for i := range n {
		c := &calls[i]
		due := began.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			behind := time.Since(due)
			again, err := target.post(ctx, c.path, c.bearer, c.mediaType, c.agent, c.body)
			d := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
			}
			if again > 0 {
				refused++
			}
			took, late = append(took, d), append(late, behind)
		})
	}
	wg.Wait()
	elapsed := time.Since(began)
	used, own = processorTime(target.cmd.Process.Pid)-used, processorTime(os.Getpid())-own
	if err := errors.Join(errs...); err != nil {
		return err
	}
	after, err := syncs(target.dir)
	if err != nil {
		return err
	}
	sync := min(disk.at(0.99), after.at(0.99))
	t.hold(part, "acknowledgement of "+what+" at half of that rate", fmt.Sprintf("p99 under %s, or three times the disk's own", ms(most)), took.at(0.99) < max(most, 3*sync), "%s", took)
	t.note(part, "processors busy meanwhile, with the server and with the load", "%.2f and %.2f, %.0f µs of the server's for an event",
		used.Seconds()/elapsed.Seconds(), own.Seconds()/elapsed.Seconds(), float64(used.Microseconds())/float64(n*calls[0].events))
	t.note(part, "of that, what the sender was late by; one sync of the disk before and after", "%s; %s and %s", late, disk, after)
	if refused > 0 {
		t.note(part, "of that, asked to wait, which is 100 ms more", "%d of %d", refused, n)
	}
	return nil
}

// syncs are how long the disk of a directory takes to keep a page that was appended,
// with nothing else to do.
func syncs(dir string) (took spread, err error) {
	f, err := os.CreateTemp(dir, "sync-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4096)
	for range 300 {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// batchCalls puts events into calls.
func batchCalls(events []event.Event, target *target) (calls []call) {
	for some := range slices.Chunk(events, batchSize) {
		var b bytes.Buffer
		for i := range some {
			b.Write(append(eventjson.Append(nil, &some[i]), '\n'))
		}
		calls = append(calls, call{"/api/v1/events", target.bearer(), "application/x-ndjson", "", b.Bytes(), len(some)})
	}
	return calls
}

// reportCalls makes reports as an SDK sends them, each by the user it is about.
func reportCalls(events []event.Event, n int) ([]call, error) {
	tokens := map[string]string{}
	var calls []call
	for i := range events {
		e := &events[i]
		if !e.Type.IsError() {
			continue
		}
		who := e.RoomID + e.UserID
		if tokens[who] == "" {
			var err error
			tokens[who], err = token.Mint(key, token.Claims{Type: token.App, RoomID: e.RoomID, Role: e.Role, UserID: e.UserID})
			if err != nil {
				return nil, err
			}
		}
		names := map[event.Type]string{
			event.ConnectFailed: "connect.failed", event.JoinFailed: "join.failed", event.PublishFailed: "publish.failed",
			event.SubscribeFailed: "subscribe.failed", event.Disconnected: "disconnected",
		}
		at := e.Time.UnixMilli() + int64(i)
		body, err := json.Marshal(map[string]any{
			"event": names[e.Type], "event_id": fmt.Sprint(at), "timestamp": at, "device_id": "device-" + e.UserID,
			"cluster": map[string]any{"websocket_url": "ws://127.0.0.1/ws"},
			"peer":    map[string]any{"peer_id": e.PeerID + "-r", "room_id": e.RoomID, "user_name": e.UserName, "session_id": e.SessionID, "role": e.Role},
			"payload": map[string]any{
				"error_code": e.Failure.Code, "error_name": e.Failure.Name, "error_message": e.Failure.Message, "error_description": e.Failure.Description,
				"action": e.Action, "is_terminal": e.Failure.Terminal, "transport_state": "Joined",
			},
		})
		if err != nil {
			return nil, err
		}
		calls = append(calls, call{"/v2/client/report", tokens[who], "application/json", e.Agent.String, body, 1})
		if len(calls) == n {
			break
		}
	}
	return calls, nil
}
