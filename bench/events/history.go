// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// historyDays is how far a history reaches back: as long as events are kept.
const historyDays = 30

// history is a directory of events, and what is asked of it.
type history struct {
	Events   int
	End      time.Time
	Attempts int      // that joins were added for: see grow
	Longest  string   // the session that addLongest has added
	Samples  []sample // of events, so that what has many is asked for often
	dir      string
}

type sample struct {
	Name, Room, User, Session, Peer, Fault, SDK, OS string
	Code                                            int
	Time                                            time.Time
}

// building is how many events are stored in one transaction: more than a server
// would, since nobody waits.
const building = 20_000

// maxSamples is how many events are remembered, evenly over all of them.
const maxSamples = 600

func mkdir(dir string) string {
	_ = os.MkdirAll(dir, 0o700) // opening what is in it fails well enough
	return dir
}

// openHistory gives the history of n events under a directory, building it when
// it is not there whole.
func openHistory(ctx context.Context, dir string, n int) (*history, error) {
	h := &history{dir: mkdir(filepath.Join(dir, fmt.Sprint(n)))}
	about := filepath.Join(h.dir, "history.json")
	if raw, err := os.ReadFile(about); err == nil {
		progress("using the history of %s events in %s", count(n), h.dir)
		return h, json.Unmarshal(raw, h)
	}
	if err := os.RemoveAll(h.dir); err != nil {
		return nil, err
	}
	s, err := sqlite.Open(ctx, mkdir(h.dir), nil)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	h.Events, h.End = n, time.Now().UTC().Truncate(time.Hour)
	p := newPopulation(n, h.End, historyDays*event.Day)
	began := time.Now()
	batches := make(chan []event.Event, 1)
	go func() { // making them is half of the work
		defer close(batches)
		for i := 0; i < n && ctx.Err() == nil; {
			batch := make([]event.Event, min(building, n-i))
			for j := range batch {
				batch[j] = p.next()
				i++
			}
			batches <- batch
		}
	}()
	stored, due := 0, 0
	for batch := range batches {
		if _, err := s.Append(ctx, batch); err != nil {
			return nil, err
		}
		for i := range batch {
			if e := &batch[i]; stored+i >= due && e.Type.IsError() {
				due += max(1, n/maxSamples)
				h.Samples = append(h.Samples, sample{e.UserName, e.RoomID, e.UserID, e.SessionID, e.PeerID, e.Fault, e.Agent.SDK, e.Agent.OS, e.Failure.Code, e.Time})
			}
		}
		stored += len(batch)
		progress("stored %s of %s events, %.0f/s", count(stored), count(n), float64(stored)/time.Since(began).Seconds())
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return h, h.save()
}

// save says that the history is there whole.
func (h *history) save() error {
	raw, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(h.dir, "history.json"), raw, 0o600)
}
