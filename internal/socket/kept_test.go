// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"bytes"
	"fmt"
	"testing"
)

// TestWhoKeepsLittleLosesNothing fills what all may keep by two who are sent much.
func TestWhoKeepsLittleLosesNothing(t *testing.T) {
	const bound = 10_000
	s := NewSet(SetConfig{Bounds: Bounds{Away: 8000, Kept: bound}})
	frame := func(i, size int) []byte { return fmt.Appendf(nil, "%0*d", size, i) }
	var small []*Backlog
	for range 10 {
		b := s.NewBacklog()
		b.Keep(frame(1, 200))
		small = append(small, b)
	}
	away := s.NewBacklog()
	written := &unacked{most: 8000, keep: s.keep} // of a socket that confirms nothing
	for i := range 70 {
		away.Keep(frame(i, 100))
		written.add(frame(i, 100))
		if used := s.kept.used(); used > bound {
			t.Fatalf("%d bytes are kept", used)
		}
	}
	frames, lost, limit := away.Take()
	if len(frames)+lost != 70 || lost == 0 || limit != "limits.kept_bytes" {
		t.Errorf("%d frames are kept and %d lost, by %q", len(frames), lost, limit)
	}
	if !bytes.Equal(frames[len(frames)-1], frame(69, 100)) || !bytes.Equal(frames[0], frame(lost, 100)) {
		t.Errorf("kept are %.8s to %.8s, and not the newest", frames[0], frames[len(frames)-1])
	}
	missed, gone := written.missed(0)
	if len(missed)+gone != 70 || gone == 0 || !bytes.Equal(missed[0], frame(gone, 100)) {
		t.Errorf("%d written frames are kept and %d lost", len(missed), gone)
	}
	written.release()
	for _, b := range small {
		if frames, lost, _ := b.Take(); len(frames) != 1 || lost != 0 {
			t.Errorf("who was sent one frame has %d", len(frames))
		}
	}
	if used := s.kept.used(); used != 0 || len(s.kept.bytes) != 0 {
		t.Errorf("%d bytes are left of nothing", used)
	}
}

// BenchmarkKept is a frame that is kept and confirmed, with 20,000 clients that
// keep some.
func BenchmarkKept(b *testing.B) {
	s := NewSet(SetConfig{Bounds: Bounds{Kept: 64 << 20}})
	for range 20_000 {
		s.NewBacklog().Keep(make([]byte, 3000))
	}
	k := &unacked{most: 256 << 10, keep: s.keep}
	frame := make([]byte, 1000)
	b.ReportAllocs()
	for b.Loop() {
		k.add(frame)
		k.asked = k.next
		k.confirmed()
	}
}
