// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// TestStarving: a track starves that waits for a key frame while its packets arrive;
// not so one that has only begun to wait, whose publisher is silent, or whose
// connection is not up.
func TestStarving(t *testing.T) {
	const after = 8 * time.Second
	for name, c := range map[string]struct {
		waits, silent time.Duration
		state         State
		want          bool
	}{
		"waits":              {waits: 9 * time.Second, state: StateConnected, want: true},
		"has begun to":       {waits: 2 * time.Second, state: StateConnected},
		"publisher is muted": {waits: time.Minute, silent: 3 * time.Second, state: StateConnected},
		"is not up":          {waits: time.Minute, state: StateDisconnected},
	} {
		b := newBench(t, webrtc.RTPCodecTypeVideo, []webrtc.RTPCodecParameters{vp8Params})
		s := b.layer(3, vp8Params)
		sub := b.d.sub
		sub.downTracks = []*DownTrack{b.d}
		sub.conn.state, sub.conn.since = c.state, time.Now().Add(-time.Hour)
		b.d.desired.Store(3)
		b.d.target.Store(s.l)
		s.l.lastPacket.Store(now() - int64(c.silent))
		b.d.watch(1)
		b.d.stateSince.Store(now() - int64(c.waits))
		if got := sub.Starving(after); (len(got) == 1) != c.want {
			t.Errorf("%s: %v starve", name, got)
		}
		// The key frame comes.
		for _, p := range s.frame(true, 1) {
			b.feed(s, p)
		}
		if got := sub.Starving(after); len(got) > 0 || c.want && b.d.forwardState() != ForwardOpen {
			t.Errorf("%s: %v starve after a key frame (%s)", name, got, b.d.forwardState())
		}
	}
}
