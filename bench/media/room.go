// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/figures"
)

// crowd is a large room: publishers of a picture a second each, some of whom speak as
// well, and viewers who look at a few of them.
type crowd struct {
	publishers, speakers, viewers, looks int
}

const (
	crowdJoins = 10              // at a time
	crowdWait  = 5 * time.Minute // for one of them: the last join a machine that is full
	lateJoins  = 10              // one by one, when everybody is there
)

// filled is what a crowd costs a server.
type filled struct {
	joining        time.Duration // until the last viewer was in
	joins          []float64     // ms, of one after the other in the full room
	size           int64         // bytes that one of these is sent before it is in, media apart
	memory         float64       // MiB of a viewer
	resident       float64       // MiB, of all
	busy           float64       // of one processor, in per cent, with everybody there
	publishersOnly float64       // the same with the publishers alone
	rate, unlooked float64       // packets a second that reach viewers, and of what nobody looks at
	silent         int           // pictures that somebody looks at and of which nothing came
}

// fill has everybody join, and counts.
func fill(ctx context.Context, s server, api *webrtc.API, dir string, c crowd, window time.Duration) (f filled, err error) {
	r, err := s.start(ctx, api, dir)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	room, ok := r.signalling.(*ours)
	if !ok {
		return f, errors.New("a crowd speaks to our server only")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	publishers := make([]func(), c.publishers)
	defer leave(publishers)
	if err := crowdIn(ctx, publishers, func(i int) (func(), error) { return room.publisher(ctx, i, i < c.speakers) }); err != nil {
		return f, err
	}
	pause(ctx, settleFor)
	before, err := figures.Memory(r.pid(), figures.Resident)
	if err != nil {
		return f, err
	}
	if f.publishersOnly, err = busyness(ctx, r, window); err != nil {
		return f, err
	}
	viewers, rooms := make([]*watcher, c.viewers), make([]func(), c.viewers)
	defer leave(rooms)
	began := time.Now()
	if err := crowdIn(ctx, rooms, func(i int) (func(), error) {
		joining, stop := context.WithTimeout(ctx, crowdWait)
		defer stop()
		viewers[i] = &watcher{looks: c.looks}
		return room.watch(joining, fmt.Sprintf("viewer-%d", i), viewers[i])
	}); err != nil {
		return f, err
	}
	f.joining = time.Since(began)
	pause(ctx, settleFor)
	after, err := figures.Memory(r.pid(), figures.Resident)
	if err != nil {
		return f, err
	}
	f.memory, f.resident = float64(after-before)/float64(c.viewers)/(1<<20), float64(after)/(1<<20)
	looked, unlooked := seen(viewers)
	began = time.Now()
	if f.busy, err = busyness(ctx, r, window); err != nil {
		return f, err
	}
	lookedNow, unlookedNow := seen(viewers)
	took := time.Since(began).Seconds()
	f.rate, f.unlooked = float64(lookedNow-looked)/took, float64(unlookedNow-unlooked)/took
	for _, v := range viewers {
		f.silent += v.silent()
	}
	return f, f.late(ctx, room)
}

// late has some join a room that is full, one after the other.
func (f *filled) late(ctx context.Context, room *ours) error {
	for i := range lateJoins {
		m, err := newMeter(strings.TrimPrefix(room.url, "http://"))
		if err != nil {
			return err
		}
		began := time.Now()
		in, err := room.enter(ctx, "http://"+m.addr(), fmt.Sprintf("late-%d", i), "receiver", client.Listener{})
		if err != nil {
			return errors.Join(err, m.Close())
		}
		f.joins, f.size = append(f.joins, float64(time.Since(began).Microseconds())/1000), m.down.Load()
		in.Leave()
		if err := m.Close(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// crowdIn has people join, some at a time, and tells how far it is. All of them can leave,
// also when it fails.
func crowdIn(ctx context.Context, all []func(), join func(i int) (leave func(), err error)) error {
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	turns := make(chan struct{}, crowdJoins)
	for i := range all {
		turns <- struct{}{}
		mu.Lock()
		stop := failed != nil || ctx.Err() != nil
		mu.Unlock()
		if stop {
			break
		}
		if (i+1)%100 == 0 {
			fmt.Fprintf(os.Stderr, "%s %d of %d are in\n", time.Now().Format(time.TimeOnly), i+1, len(all))
		}
		wg.Go(func() {
			defer func() { <-turns }()
			out, err := join(i)
			mu.Lock()
			defer mu.Unlock()
			all[i], failed = out, errors.Join(failed, err)
		})
	}
	wg.Wait()
	return errors.Join(failed, ctx.Err())
}

func leave(all []func()) {
	var done cleanup
	for _, out := range all {
		if out != nil {
			done.add(out)
		}
	}
	done.all()
}

// busyness is how much of one processor a server uses, in per cent.
func busyness(ctx context.Context, r *running, window time.Duration) (float64, error) {
	used, err := figures.ProcessorTime(r.pid())
	if err != nil {
		return 0, err
	}
	began := time.Now()
	pause(ctx, window)
	now, err := figures.ProcessorTime(r.pid())
	return 100 * float64(now-used) / float64(time.Since(began)), err
}

// enter joins the room with a role.
func (o *ours) enter(ctx context.Context, url, name, role string, l client.Listener) (*client.Room, error) {
	bearer, err := o.bearer(role, name)
	if err != nil {
		return nil, err
	}
	r, err := client.Join(ctx, client.Config{
		Endpoint: url, Token: bearer, Name: name, JoinTimeout: crowdWait, StepTimeout: crowdWait, CallTimeout: crowdWait, ReconnectWindow: crowdWait, Listener: l,
		NetworkTypes: []webrtc.NetworkType{webrtc.NetworkTypeUDP4},
	})
	if err != nil {
		return nil, fmt.Errorf("%s does not get in: %w", name, err)
	}
	return r, nil
}

// publisher joins and sends a picture of 600 bytes a second and, where it speaks, a packet of sound.
func (o *ours) publisher(ctx context.Context, i int, speaks bool) (leave func(), err error) {
	name := fmt.Sprintf("publisher-%d", i)
	r, err := o.enter(ctx, o.url, name, "sender", client.Listener{})
	if err != nil {
		return nil, err
	}
	kinds := []bool{true}
	if speaks {
		kinds = append(kinds, false)
	}
	for _, video := range kinds {
		s, err := newLayers(video, name+"-"+strconv.FormatBool(video), &layer{size: 600, burst: 1, keyBurst: 1})
		if err != nil {
			return r.Leave, err
		}
		if _, err := r.Publish(ctx, s.track); err != nil {
			return r.Leave, fmt.Errorf("%s does not publish: %w", name, err)
		}
		go s.slowly(ctx, time.Duration(i)*time.Millisecond*7)
	}
	return r.Leave, nil
}

// slowly sends a packet a second, of video a key frame, until the context ends.
func (s *source) slowly(ctx context.Context, first time.Duration) {
	payload := make([]byte, 600)
	pause(ctx, first%time.Second)
	for stamp := uint32(0); ctx.Err() == nil; stamp += 90_000 {
		s.layers[0].key.Store(true)
		s.send(s.layers[0], 0, stamp, payload)
		pause(ctx, time.Second)
	}
}

// meter passes TCP connections on to a server, and counts what it sends.
type meter struct {
	net.Listener
	down atomic.Int64
}

func newMeter(to string) (*meter, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &meter{Listener: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.pass(c, to)
		}
	}()
	return m, nil
}

func (m *meter) addr() string { return m.Addr().String() }

func (m *meter) pass(c net.Conn, to string) {
	defer c.Close()
	up, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer up.Close()
	go func() {
		_, _ = io.Copy(up, c)
		_ = up.Close()
	}()
	_, _ = io.Copy(c, io.TeeReader(up, countTo{&m.down}))
}

// countTo counts what is written to it.
type countTo struct{ n *atomic.Int64 }

// Write counts.
func (c countTo) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

const roomBegin, roomEnd = "<!-- bench-room: written by make bench-room -->", "<!-- /bench-room -->"

// fillRoom measures our server with its own transport.
func fillRoom(ctx context.Context, o options, servers []server, api *webrtc.API, dir string) error {
	f, err := fill(ctx, servers[1], api, dir, o.crowd, o.window)
	if err != nil {
		return err
	}
	print := func(w io.Writer) {
		c := o.crowd
		fmt.Fprintf(w, "%s, %d publishers of a picture of 600 bytes a second, %d of whom speak (a packet of 600 bytes a second), %d viewers who look at %d pictures each; %s; clients and server on the same machine.\n\n",
			time.Now().UTC().Format(time.DateOnly), c.publishers, c.speakers, c.viewers, c.looks, figures.Machine())
		fmt.Fprintf(w, "| what | measured |\n|---|---|\n")
		for _, row := range [][2]string{
			{"all viewers in, ten at a time", fmt.Sprintf("%.0f s, %.0f a second", f.joining.Seconds(), float64(c.viewers)/f.joining.Seconds())},
			{fmt.Sprintf("a join of the Go client when %d are there", c.publishers+c.viewers), fmt.Sprintf("p50 %.0f ms, most %.0f ms", median(f.joins), slices.Max(f.joins))},
			{"what the server sends for it over TCP", fmt.Sprintf("%d bytes", f.size)},
			{"processor time with everybody there, of one processor", fmt.Sprintf("%.0f %%; %.0f %% with the publishers alone", f.busy, f.publishersOnly)},
			{"of that, a viewer", fmt.Sprintf("%.3f %%", (f.busy-f.publishersOnly)/float64(c.viewers))},
			{"memory of a viewer", fmt.Sprintf("%.2f MiB", f.memory)},
			{"memory of the server", fmt.Sprintf("%.0f MiB", f.resident)},
			{"packets of pictures that reach viewers", fmt.Sprintf("%.0f a second", f.rate)},
			{"packets of pictures that nobody looks at", fmt.Sprintf("%.0f a second", f.unlooked)},
			{"pictures looked at of which nothing came", strconv.Itoa(f.silent)},
		} {
			fmt.Fprintf(w, "| %s | %s |\n", row[0], row[1])
		}
	}
	print(os.Stdout)
	if o.write == "" {
		return nil
	}
	return figures.Write(o.write, roomBegin, roomEnd, print)
}
