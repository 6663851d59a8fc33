// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/figures"
)

// load is a room of publishers, each of one track, and of those who receive all of them.
type load struct {
	video                   bool
	publishers, subscribers int
}

func (l load) String() string {
	return fmt.Sprintf("%s, %d to %d", kind(l.video), l.publishers, l.subscribers)
}

func kind(video bool) string {
	if video {
		return "video"
	}
	return "audio"
}

// cost is what a server spent on a load.
type cost struct {
	perPacket float64 // microseconds of processor time for a packet that arrived
	memory    float64 // bytes of a subscriber, as the resident set grew by them
	calls     float64 // system calls for a packet that arrived; 0: not counted
	rate      float64 // packets a second
	lost      int64   // packets that did not arrive
}

const (
	joinWait  = 30 * time.Second // for one participant
	mediaWait = time.Minute      // for everybody's first packets
	settleFor = 3 * time.Second  // before anything is counted
	countFor  = 4 * time.Second  // of system calls
)

// cleanup is what undoes what was done.
type cleanup []func()

func (c *cleanup) add(f func()) { *c = append(*c, f) }

// all does it, everything at once.
func (c *cleanup) all() {
	var wg sync.WaitGroup
	for _, f := range *c {
		wg.Go(f)
	}
	wg.Wait()
}

// publishTo has publishers join.
func publishTo(ctx context.Context, r *running, l load, done *cleanup) error {
	for i := range l.publishers {
		name := fmt.Sprintf("publisher-%d", i)
		s, err := newSource(l.video, name)
		if err != nil {
			return err
		}
		if err := joinAs(ctx, r, member{name: name, sources: []*source{s}}, done); err != nil {
			return err
		}
	}
	return nil
}

// subscribeTo has subscribers join, and waits until everybody has every track.
func subscribeTo(ctx context.Context, r *running, l load, done *cleanup) ([]*received, error) {
	all := make([]*received, l.subscribers)
	for i := range all {
		all[i] = newReceived()
		if err := joinAs(ctx, r, member{name: fmt.Sprintf("subscriber-%d", i), got: all[i]}, done); err != nil {
			return nil, err
		}
	}
	return all, arrive(ctx, all, int64(l.publishers))
}

func joinAs(ctx context.Context, r *running, who member, done *cleanup) error {
	ctx, stop := context.WithTimeout(ctx, joinWait)
	defer stop()
	leave, err := r.join(ctx, who)
	if err != nil {
		return fmt.Errorf("%s does not get in: %w; see %s", who.name, err, r.log.Name())
	}
	done.add(leave)
	return nil
}

// measure starts a server, puts a load on it and counts for a while.
func measure(ctx context.Context, s server, api *webrtc.API, dir string, l load, window time.Duration) (c cost, err error) {
	r, err := s.start(ctx, api, dir)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	var done cleanup
	defer done.all()
	if err := publishTo(ctx, r, l, &done); err != nil {
		return c, err
	}
	pause(ctx, settleFor)
	before, err := figures.Memory(r.pid(), figures.Resident)
	if err != nil {
		return c, err
	}
	all, err := subscribeTo(ctx, r, l, &done)
	if err != nil {
		return c, err
	}
	pause(ctx, settleFor)
	packets, lost := sum(all)
	used, err := figures.ProcessorTime(r.pid())
	if err != nil {
		return c, err
	}
	began := time.Now()
	pause(ctx, window)
	packetsNow, lostNow := sum(all)
	usedNow, err := figures.ProcessorTime(r.pid())
	if err != nil {
		return c, err
	}
	n := float64(packetsNow - packets)
	if n == 0 {
		return c, errors.New("nothing arrived")
	}
	after, err := figures.Memory(r.pid(), figures.Resident)
	if err != nil {
		return c, err
	}
	c = cost{
		perPacket: float64((usedNow - used).Microseconds()) / n, rate: n / time.Since(began).Seconds(),
		memory: float64(after-before) / float64(l.subscribers), lost: lostNow - lost,
	}
	packets, _ = sum(all)
	began = time.Now()
	if calls, err := systemCalls(r.pid(), countFor); err == nil {
		packetsNow, _ = sum(all)
		// perf takes a while to begin and to end, in which packets go on.
		c.calls = calls / (float64(packetsNow-packets) * countFor.Seconds() / time.Since(began).Seconds())
	}
	return c, ctx.Err()
}

// arrive waits until every subscriber has every track.
func arrive(ctx context.Context, all []*received, tracks int64) error {
	ctx, stop := context.WithTimeout(ctx, mediaWait)
	defer stop()
	for _, r := range all {
		for r.tracks.Load() < tracks {
			select {
			case <-ctx.Done():
				return errors.New("not every track has reached everybody")
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

func sum(all []*received) (packets, lost int64) {
	for _, r := range all {
		packets += r.packets.Load()
		lost += r.lost.Load()
	}
	return packets, lost
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// joining measures n joins in a row, each from the first call to the first packet, in
// milliseconds, with a pause between them.
func joining(ctx context.Context, s server, api *webrtc.API, dir string, video bool, n int, gap time.Duration) (took []float64, err error) {
	r, err := s.start(ctx, api, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	var done cleanup
	defer done.all()
	if err := publishTo(ctx, r, load{video: video, publishers: 1}, &done); err != nil {
		return nil, err
	}
	pause(ctx, settleFor)
	for i := range n {
		got := newReceived()
		began := time.Now()
		var one cleanup
		if err := joinAs(ctx, r, member{name: fmt.Sprintf("joiner-%d", i), got: got}, &one); err != nil {
			return nil, err
		}
		select {
		case at := <-got.first:
			took = append(took, float64(at.Sub(began).Microseconds())/1000)
		case <-time.After(mediaWait):
			err = errors.New("no packet has reached somebody who joined")
		case <-ctx.Done():
			err = ctx.Err()
		}
		one.all()
		if err != nil {
			return nil, err
		}
		pause(ctx, gap)
	}
	return took, nil
}
