// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/token"
)

// calls are rooms of two, each of whom sends sound and a picture.
type calls struct {
	ctx    context.Context
	people []*participant
}

// participant is one client and what it receives.
type participant struct {
	room         *client.Room
	sound, video flow

	mu    sync.Mutex
	ended []*fault.Error
}

// flow is what arrives of one kind.
type flow struct {
	mu            sync.Mutex
	last          time.Time
	before, after time.Time // the packets before and after the longest gap since the mark
}

func (f *flow) packet(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.last.IsZero() && now.Sub(f.last) > f.after.Sub(f.before) {
		f.before, f.after = f.last, now
	}
	f.last = now
}

func (f *flow) mark() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before, f.after = time.Time{}, time.Time{}
}

func (f *flow) since(t time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last.After(t)
}

func (f *flow) gap() (length time.Duration, end time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.after.Sub(f.before), f.after
}

// newCalls brings everybody in, and returns when all of them publish.
func newCalls(ctx context.Context, s *service, rooms int) (*calls, error) {
	c := &calls{ctx: ctx}
	bearer, err := s.mint(token.Claims{Type: token.Management})
	if err != nil {
		return nil, err
	}
	backend, err := admin.New(admin.Config{URL: s.url, Token: bearer})
	if err != nil {
		return nil, err
	}
	for i := range rooms {
		name := fmt.Sprintf("call-%d", i)
		room, err := backend.Rooms.Create(ctx, admin.NewRoom{Name: name})
		if err != nil {
			return c, err
		}
		for _, who := range []string{"ann", "bob"} {
			raw, err := s.mint(token.Claims{Type: token.App, RoomID: room.ID, Role: "host", UserID: who})
			if err != nil {
				return c, err
			}
			if err := c.join(client.Config{Endpoint: s.url, Token: raw, Name: who}); err != nil {
				return c, fmt.Errorf("%s in %s: %w", who, name, err)
			}
		}
	}
	return c, nil
}

func (c *calls) join(cfg client.Config) error {
	p := &participant{}
	cfg.AutoSubscribe, cfg.JoinTimeout, cfg.StepTimeout = client.LayerHigh, time.Minute, 30*time.Second
	cfg.Listener = client.Listener{
		OnTrack: func(t *client.RemoteTrack) { go p.read(c.ctx, t) },
		OnEnd: func(why *fault.Error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.ended = append(p.ended, why)
		},
	}
	var err error
	for {
		if p.room, err = client.Join(c.ctx, cfg); !errors.Is(err, fault.RateLimited) || c.ctx.Err() != nil {
			break
		}
		time.Sleep(time.Second)
	}
	if err != nil {
		return err
	}
	c.people = append(c.people, p)
	for _, t := range []*client.Player{client.Tone(), client.Pattern()} {
		if _, err := p.room.Publish(c.ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// read notes when the packets of a track come, until it ends.
func (p *participant) read(ctx context.Context, t *client.RemoteTrack) {
	f := &p.video
	if t.Info().Kind == "audio" {
		f = &p.sound
	}
	for {
		if _, err := t.ReadRTP(ctx); err != nil {
			return
		}
		f.packet(time.Now())
	}
}

func (c *calls) mark() {
	for _, p := range c.people {
		p.sound.mark()
		p.video.mark()
	}
}

// flowing waits until everybody has received sound and a picture after some time.
func (c *calls) flowing(ctx context.Context, since time.Time, patience time.Duration) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		without := 0
		for _, p := range c.people {
			if !p.sound.since(since) || !p.video.since(since) {
				without++
			}
		}
		if without == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline.C:
			return fmt.Errorf("after %s %d of %d participants do not receive sound and a picture: %s", patience, without, len(c.people), c.without(since))
		}
	}
}

// without tells of those who do not receive everything, for whoever finds out why.
func (c *calls) without(since time.Time) string {
	var all []string
	for _, p := range c.people {
		sound, video := p.sound.since(since), p.video.since(since)
		if sound && video {
			continue
		}
		one := fmt.Sprintf("%s is %v, sound %v, picture %v, error %v", p.room.PeerID(), p.room.State(), sound, video, p.room.Err())
		for _, t := range p.room.Tracks() {
			one += fmt.Sprintf(", %s of %s: muted %v, last packet %s", t.Info().Kind, t.Info().PeerID, t.Info().Muted, t.Stats().LastAt.Format(time.TimeOnly))
		}
		all = append(all, one)
	}
	return strings.Join(all, "; ")
}

// spells are the gaps that began after some time.
func (c *calls) spells(at time.Time) []spell {
	var all []spell
	for _, p := range c.people {
		s := spell{}
		sound, heard := p.sound.gap()
		video, seen := p.video.gap()
		s.sound, s.video, s.gap = heard.Sub(at), seen.Sub(at), max(sound, video)
		all = append(all, s)
	}
	return all
}

func (c *calls) reasons() (all []*fault.Error) {
	for _, p := range c.people {
		p.mu.Lock()
		all = append(all, p.ended...)
		p.mu.Unlock()
	}
	return all
}

func (c *calls) ended() int { return len(c.reasons()) }

func (c *calls) leave() {
	var all sync.WaitGroup
	for _, p := range c.people {
		all.Go(p.room.Leave)
	}
	all.Wait()
}
