// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/client"
)

// call is the honest call: two people who talk, and a socket that pings.
type call struct {
	rooms   []*client.Room
	before  []client.TrackStats
	began   time.Time
	pinger  *socket
	cancel  context.CancelFunc
	stopped chan struct{}

	mu    sync.Mutex
	pings []time.Duration
	gone  bool // the pinging socket was cut
}

// Every person sends a packet of sound every 20 ms.
const packetsPerSecond = 50

func meet(ctx context.Context, s *server, sc scene) (*call, error) {
	c := &call{stopped: make(chan struct{})}
	for _, who := range []struct{ name, token, peer string }{{"host", sc.host, sc.Victim}, {"guest", sc.talker, uuid.NewString()}} {
		r, err := client.Join(ctx, client.Config{Endpoint: s.url, Token: who.token, Name: who.name, PeerID: who.peer})
		if err != nil {
			c.leave()
			return nil, err
		}
		c.rooms = append(c.rooms, r)
		if _, err := r.Publish(ctx, client.Tone()); err != nil {
			c.leave()
			return nil, err
		}
	}
	var err error
	if c.pinger, err = dial(ctx, s.url, sc.counter, uuid.NewString(), honest); err != nil {
		c.leave()
		return nil, err
	}
	if err := c.pinger.join(ctx); err != nil {
		c.leave()
		return nil, err
	}
	return c, nil
}

func (c *call) leave() {
	if c.cancel != nil {
		c.cancel()
		<-c.stopped
	}
	for _, r := range c.rooms {
		r.Leave()
	}
	if c.pinger != nil {
		c.pinger.drop()
	}
}

// heard is what each person has received of the other.
func (c *call) heard() (all []client.TrackStats) {
	for _, r := range c.rooms {
		var sum client.TrackStats
		for _, t := range r.Stats().Tracks {
			sum.Packets += t.Packets
			sum.Lost += t.Lost
		}
		all = append(all, sum)
	}
	return all
}

// settle waits until both hear each other.
func (c *call) settle(ctx context.Context) error {
	for until := time.Now().Add(patience); ; {
		if all := c.heard(); len(all) == 2 && all[0].Packets > packetsPerSecond && all[1].Packets > packetsPerSecond {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(until) {
			return errors.New("the two do not hear each other")
		}
	}
}

// begin starts counting.
func (c *call) begin() {
	c.before, c.began = c.heard(), time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	go func() {
		defer close(c.stopped)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			at := time.Now()
			err := c.pinger.call(ctx, "ping", map[string]int64{"timestamp": at.UnixMilli()})
			c.mu.Lock()
			if err == nil {
				c.pings = append(c.pings, time.Since(at))
			} else if ctx.Err() == nil {
				c.gone = true
			}
			c.mu.Unlock()
			if err != nil {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}

// sum says how long pings took, how many packets of sound were lost and how many
// of those that should have come did not, and how often somebody lost the call.
func (c *call) sum() (pings []time.Duration, lost, silent int64, cut int) {
	for i, now := range c.heard() {
		lost += max(0, int64(now.Lost)-int64(c.before[i].Lost))
		// The sender's own clock is given a twentieth, and half a second of delay.
		due := int64((time.Since(c.began).Seconds()*0.95 - 0.5) * packetsPerSecond)
		silent += max(0, due-int64(now.Packets-c.before[i].Packets))
	}
	for _, r := range c.rooms {
		cut += r.Stats().Reconnects
		if r.Err() != nil {
			cut++
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		cut++
	}
	pings = slices.Clone(c.pings)
	slices.Sort(pings)
	return pings, lost, silent, cut
}
