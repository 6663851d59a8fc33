// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Preview is a look at a room before joining it.
type Preview struct{ s *session }

// StartPreview connects without joining: nobody in the room sees it. It fails
// like [Join]. Call [Preview.Join] or [Preview.Close] when done with it.
func StartPreview(ctx context.Context, cfg Config) (*Preview, error) {
	cfg = cfg.withDefaults()
	s, err := newSession(cfg)
	if err != nil {
		return nil, asFault(err, fault.OpJoin)
	}
	jctx, cancel := context.WithTimeout(ctx, cfg.JoinTimeout)
	defer cancel()
	for n := 0; ; n++ {
		if err = s.connectFirst(jctx); err == nil {
			break
		}
		f := asFault(err, fault.OpInit)
		again := f.Kind.CanRetry() && f.Kind.Status >= 500 || f.Kind == fault.RateLimited
		if !again || n == 2 || !sleep(jctx, pause(n+1)) {
			if ctx.Err() != nil {
				f = asFault(ctx.Err(), fault.OpJoin)
			} else {
				f = ending(f, f.Op, true)
				s.rep.failed("connect.failed", "INIT", f, true)
			}
			s.shutdown(nil, false)
			return nil, f
		}
	}
	return &Preview{s}, nil
}

// Role returns the role that joining will give.
func (p *Preview) Role() Role { return p.s.role() }

// Peers returns who is inside, without tracks, as far as the room's template
// lets this role see it.
func (p *Preview) Peers() []Peer {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	var out []Peer
	for id, w := range p.s.roster.preview {
		w.ID = id
		out = append(out, peerOf(w))
	}
	slices.SortFunc(out, func(a, b Peer) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Join enters the room over the connection of the preview. It fails like the
// function of that name; the preview is then still to be closed.
func (p *Preview) Join(ctx context.Context) (*Room, error) {
	s := p.s
	jctx, cancel := context.WithTimeout(ctx, s.cfg.JoinTimeout)
	defer cancel()
	if err := s.enter(jctx); err != nil {
		if ctx.Err() != nil {
			return nil, asFault(ctx.Err(), fault.OpJoin)
		}
		// A session that is running goes on, whatever is asked of its preview.
		over := !errors.Is(err, fault.ClientAlreadyJoined)
		f := ending(err, fault.OpJoin, over)
		s.rep.failed("join.failed", "JOIN", f, over)
		return nil, f
	}
	// The context governs the session from here on.
	s.cb.begin()
	r := &Room{s}
	stop := context.AfterFunc(ctx, r.Leave)
	context.AfterFunc(s.ctx, func() { stop() }) // a long-lived context must not keep the room
	return r, nil
}

// Close ends the preview without joining.
func (p *Preview) Close() { p.s.shutdown(nil, false) }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
