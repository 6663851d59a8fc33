// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// line is a path of a rate, with a queue before it that media waits in; what does not fit into
// it is lost. A rate of 0 holds nothing up.
type line struct {
	mu    sync.Mutex
	rate  float64 // bits per second
	queue time.Duration
	free  time.Time // when all that waits has gone
}

func (l *line) set(rate float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rate = rate
}

func (l *line) Pass(out bool, packet []byte) (drop, damage bool, late time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := time.Now()
	if !out || !isRTP(packet) || l.rate == 0 {
		return false, false, 0
	}
	if l.free.Before(at) {
		l.free = at
	}
	if l.free.Sub(at) > l.queue {
		return true, false, 0
	}
	l.free = l.free.Add(time.Duration(float64(len(packet)) * 8 / l.rate * float64(time.Second)))
	return false, false, l.free.Sub(at)
}

// Behind a line that carries some of the layers of a scalable stream, a browser gets those, and
// keeps them; when the line is wide again, it has all.
func TestChromiumSVCBehindALine(t *testing.T) {
	const width, watched = 960, 20 * time.Second
	for _, test := range []struct{ codec, mode string }{{"vp9", "L3T3"}, {"vp9", "L3T3_KEY"}, {"av1", "L3T3_KEY"}} {
		t.Run(test.codec+" "+test.mode, func(t *testing.T) {
			someModes(t, false)
			l := &line{queue: 200 * time.Millisecond}
			b := openBrowser(t, newEngine(t), fmt.Sprintf("mode=%s&width=%d", test.mode, width), PublisherConfig{VideoCodecs: []string{test.codec}}, l)
			_, video := b.subscribe()
			b.await("all layers", func() bool { return len(video.Layers()) == 3 && b.inbound("video").FrameWidth == width })
			before := b.inbound("video").PacketsReceived
			time.Sleep(5 * time.Second) // the publisher's own estimate goes up meanwhile
			rate := float64(b.inbound("video").PacketsReceived-before) / 5 * 1100 * 8
			l.set(0.6 * rate)
			b.await("fewer layers", func() bool { return b.inbound("video").FrameWidth < width })
			time.Sleep(5 * time.Second)

			begun, changes, last := b.inbound("video"), 0, 0
			for end := time.Now().Add(watched); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				if now := b.inbound("video").FrameWidth; now != last {
					changes++
					last = now
				}
			}
			ended := b.inbound("video")
			shown := ended.FramesDecoded - begun.FramesDecoded
			t.Logf("of %.0f kbit/s fit %.0f: %d changes of the width, %d pictures in %s, %d freezes, %d packets lost", rate/1e3, 0.6*rate/1e3, changes-1, shown, watched,
				ended.FreezeCount-begun.FreezeCount, ended.PacketsLost-begun.PacketsLost)
			if changes-1 > 6 || shown < int(watched.Seconds())*5 || ended.FreezeCount > begun.FreezeCount+2 {
				t.Error("it is not calm")
			}
			l.set(0)
			b.await("all layers again", func() bool { return b.inbound("video").FrameWidth == width })
		})
	}
}
