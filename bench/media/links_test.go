// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"
)

// TestLine: what waits comes out at the line's rate, in order, and what does not fit is lost.
func TestLine(t *testing.T) {
	l := newLine(way{rate: steady(1 * mbit), queue: 50 * time.Millisecond, delay: 20 * time.Millisecond})
	now := l.opened
	var last time.Time
	came, lost := 0, 0
	for range 20 { // 10 ms each
		out, ok := l.take(1250, now)
		if !ok {
			lost++
			continue
		}
		came++
		if out.Before(last) {
			t.Error("one overtook another")
		}
		last = out
	}
	if came != 6 || last.Sub(now) != 80*time.Millisecond || lost != 14 {
		t.Errorf("%d came, the last after %s, %d were lost", came, last.Sub(now), lost)
	}
	p := newLine(way{rate: steady(1 * mbit), burst: 5000})
	for n := range 10 {
		if _, ok := p.take(1250, p.opened); ok != (n < 4) {
			t.Errorf("packet %d of a burst of four passes: %v", n, ok)
		}
	}
	if _, ok := p.take(1250, p.opened.Add(10*time.Millisecond)); !ok {
		t.Error("what was used up does not come back")
	}
}

// TestScreen: pictures are shown in their order, and again from a key frame where one is
// missing.
func TestScreen(t *testing.T) {
	at := time.Unix(1000, 0)
	s := newScreen(at)
	add := func(layer byte, picture uint32, key bool, packets ...byte) {
		at = at.Add(10 * time.Millisecond)
		for _, n := range packets {
			s.add(piece{sent: at, picture: picture, layer: layer, key: key, index: n, of: 2}, at)
		}
	}
	shown := func(layer byte, n uint32) {
		t.Helper()
		if s.next != (pictureID{layer, n}) {
			t.Errorf("the next is %+v, want %d of layer %d", s.next, n, layer)
		}
	}
	add(0, 0, false, 0, 1) // no key frame
	shown(0, 0)
	add(0, 5, true, 0, 1)
	add(0, 6, false, 1, 0)
	shown(0, 7)
	add(0, 7, false, 0)
	add(0, 8, false, 0, 1)
	shown(0, 7) // the rest of 7 is missing
	at = at.Add(time.Second)
	add(0, 7, false, 1) // repaired
	shown(0, 9)
	if s.frozen < time.Second || s.frozen > 2*time.Second {
		t.Errorf("it stood still for %s", s.frozen)
	}
	add(1, 40, true, 0, 1)
	shown(1, 41)
	if s.switches != 1 {
		t.Errorf("%d changes of layer", s.switches)
	}
}

// TestPiece: what a packet says of itself is read, and what fills a line says nothing.
func TestPiece(t *testing.T) {
	b := make([]byte, 100)
	want := piece{sent: time.Unix(5, 7), picture: 9, layer: 2, key: true, index: 3, of: 4}
	want.write(b)
	if got, ok := readPiece(b); !ok || got != want {
		t.Errorf("%+v, %v", got, ok)
	}
	for _, b := range [][]byte{nil, make([]byte, 100), b[:50]} {
		if _, ok := readPiece(b); ok {
			t.Errorf("%d bytes are a piece", len(b))
		}
	}
}

func TestFairness(t *testing.T) {
	if even, one := fairness([]float64{2, 2, 2}), fairness([]float64{3, 0, 0}); even != 1 || one > 0.34 {
		t.Errorf("%v, %v", even, one)
	}
}
