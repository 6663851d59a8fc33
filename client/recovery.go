// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// path is one of what a session stands on.
type path string

const (
	signalPath    path = "signal"
	publishPath   path = "publish"
	subscribePath path = "subscribe"
)

// The pause before an attempt: doubled each time between these, and shortened
// at random by up to half, so that clients of one outage do not return in step.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 2 * time.Second
)

// pause before the nth attempt, from 0; the first comes almost at once.
func pause(n int) time.Duration {
	d := min(firstPause<<min(n, 10), maxPause)
	return d/2 + rand.N(d/2+1)
}

// recovery decides when a session is reconnecting, when it is whole again and
// when it is over. It knows nothing of sockets: the attempts are given to it.
// Its callbacks run under its lock, in order, and must not call it back.
type recovery struct {
	window time.Duration
	began  func(cause *fault.Error) // the first path was lost
	healed func(took time.Duration) // the last lost path is back
	over   func(why *fault.Error)   // nothing will be tried any more

	mu    sync.Mutex
	lost  map[path]*outage
	since time.Time
	ended bool
	wg    sync.WaitGroup
}

// outage is one lost path.
type outage struct {
	cause  *fault.Error
	since  time.Time
	timer  *time.Timer
	cancel context.CancelFunc
	last   *fault.Error // how the latest attempt failed
}

// lose reports a path lost and tries to bring it back until try succeeds,
// restore is called for it, the window has passed, or an attempt shows that
// there is no way back. A path that is lost already is left to the attempts
// under way.
func (r *recovery) lose(p path, cause *fault.Error, try func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || r.lost[p] != nil {
		return
	}
	if r.lost == nil {
		r.lost = map[path]*outage{}
	}
	now := time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	o := &outage{cause: cause, since: now, cancel: cancel}
	o.timer = time.AfterFunc(r.window, func() { r.expire(o) })
	if len(r.lost) == 0 {
		r.since = now
		r.began(ending(cause, fault.OpReconnect, false))
	}
	r.lost[p] = o
	if try != nil {
		r.wg.Go(func() { r.mend(ctx, p, o, try) })
	}
}

func (r *recovery) mend(ctx context.Context, p path, o *outage, try func(context.Context) error) {
	for n := 0; ; n++ {
		wait := time.NewTimer(pause(n))
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
		err := try(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			r.restore(p)
			return
		}
		f := asFault(err, fault.OpReconnect)
		r.mu.Lock()
		o.last = f
		final := !r.ended && hopeless(f)
		if final {
			r.finish(f)
		}
		r.mu.Unlock()
		if final {
			return
		}
	}
}

// hopeless tells that the server knows the peer and will not have it back.
func hopeless(f *fault.Error) bool {
	switch f.Kind {
	case fault.PeerGone, fault.RoomEnded:
		return true
	}
	return !f.Kind.CanRetry() && (f.Kind.Area == fault.AreaAuth || f.Kind.Area == fault.AreaRoom)
}

// restore reports a path well. At the very end of the window it is too late.
func (r *recovery) restore(p path) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := r.lost[p]
	if o == nil || r.ended {
		return
	}
	if time.Since(o.since) >= r.window {
		r.finish(r.verdict())
		return
	}
	o.stop()
	delete(r.lost, p)
	if len(r.lost) == 0 {
		r.healed(time.Since(r.since))
	}
}

func (r *recovery) isLost(p path) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost[p] != nil
}

func (r *recovery) expire(o *outage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	for _, still := range r.lost {
		if still == o {
			r.finish(r.verdict())
			return
		}
	}
}

// verdict says what was really lost; see the package comment.
func (r *recovery) verdict() *fault.Error {
	seconds := int(r.window.Seconds())
	s := r.lost[signalPath]
	if s == nil {
		o := r.lost[publishPath]
		what := publishPath
		if o == nil {
			o, what = r.lost[subscribePath], subscribePath
		}
		if o == nil {
			return asFault(fault.SignalLost.New("after_seconds", seconds), fault.OpReconnect)
		}
		return asFault(fault.ICEFailed.Wrap(o.cause, "path", string(what), "after_seconds", seconds), fault.OpReconnect)
	}
	media := r.lost[publishPath] == nil && r.lost[subscribePath] == nil
	if s.last != nil && s.last.Kind == fault.EndpointUnreachable && (media || s.last.Detail("stage") == stageRefused) {
		return asFault(fault.EndpointUnreachable.Wrap(s.last, "after_seconds", seconds), fault.OpReconnect)
	}
	var cause error = s.cause
	if s.last != nil {
		cause = s.last
	}
	return asFault(fault.SignalLost.Wrap(cause, "after_seconds", seconds), fault.OpReconnect)
}

// finish ends everything; the lock is held.
func (r *recovery) finish(why *fault.Error) {
	r.ended = true
	for _, o := range r.lost {
		o.stop()
	}
	r.over(why)
}

// stop gives up quietly and waits for the attempts to end.
func (r *recovery) stop() {
	r.mu.Lock()
	r.ended = true
	for _, o := range r.lost {
		o.stop()
	}
	r.mu.Unlock()
	r.wg.Wait()
}

func (o *outage) stop() {
	o.timer.Stop()
	o.cancel()
}
