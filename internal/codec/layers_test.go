// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/redial-rtc/redial/internal/codec"
	"github.com/redial-rtc/redial/internal/codec/svctest"
)

// holds tells whether a set has a target.
func holds(set uint32, target int) bool { return set>>target&1 != 0 }

// What descriptors tell of each frame of the modes that browsers have, by both ways of
// telling it.
func TestLayers(t *testing.T) {
	for _, spatial := range []int{1, 2, 3} {
		for _, temporal := range []int{1, 2, 3} {
			for _, keyOnly := range []bool{false, true} {
				if spatial*temporal == 1 || spatial == 1 && keyOnly {
					continue
				}
				t.Run(fmt.Sprintf("L%dT%d,key=%v", spatial, temporal, keyOnly), func(t *testing.T) {
					s := &svctest.Stream{Spatial: spatial, Temporal: temporal, KeyOnly: keyOnly, Number: 65530, Picture: 32760, Offset: 60}
					var descriptors codec.Dependencies
					var payloads codec.VP9Layers
					seq := uint64(1 << 16)
					for picture := range 40 {
						for _, f := range s.Next(picture%17 == 0) {
							for part := range 2 {
								var by [2]codec.Frame
								ok := descriptors.Read(f.Descriptor(part == 0, part == 1, 0), seq, &by[0])
								seq++
								if !ok {
									t.Fatalf("picture %d: the descriptor of %+v is not read", picture, f)
								}
								if ok := payloads.Read(append(f.VP9(part == 0, part == 1), 1), &by[1]); ok {
									agree(t, &f, part, &by[1])
								} else if temporal == 1 || picture > 1 {
									t.Fatalf("picture %d: the payload of %+v is not read", picture, f)
								}
								agree(t, &f, part, &by[0])
								if got, want := by[0].Number, f.Number; got != want {
									t.Fatalf("number %d, want %d", got, want)
								}
								var needs []uint16
								for _, n := range by[0].Needs() {
									needs = append(needs, f.Number-n)
								}
								if !slices.Equal(needs, f.Needs) {
									t.Fatalf("frame %d needs %v, want %v", f.Number, needs, f.Needs)
								}
							}
						}
					}
				})
			}
		}
	}
}

// agree holds what was read of a frame to what a decoder needs.
func agree(t *testing.T, f *svctest.Frame, part int, got *codec.Frame) {
	t.Helper()
	if int(got.Spatial) != f.Spatial || int(got.Temporal) != f.Temporal || got.First != (part == 0) || got.Last != (part == 1) {
		t.Fatalf("layer %d/%d first %v last %v, want %+v", got.Spatial, got.Temporal, got.First, got.Last, f)
	}
	for target := range got.Structure.Targets {
		of := got.Structure.Of[target]
		needed := f.Spatial == int(of.Spatial) || f.Spatial < int(of.Spatial) && !f.Lone()
		if part := needed && f.Temporal <= int(of.Temporal); holds(got.Targets, target) != part {
			t.Fatalf("layer %d/%d key %v is part of target %v: %v, want %v", f.Spatial, f.Temporal, f.Key, of, !part, part)
		}
		up := f.Key || f.Spatial == int(of.Spatial) && int(of.Temporal) > f.Temporal || f.Spatial == int(of.Spatial) && f.Temporal == 0
		if up := up && holds(got.Targets, target); holds(got.Switches, target) != up && !(f.Key && f.Spatial > 0 && f.Spatial < int(of.Spatial)) {
			t.Fatalf("layer %d/%d key %v lets go over to target %v: %v, want %v", f.Spatial, f.Temporal, f.Key, of, !up, up)
		}
	}
}

// The best choice within what may be had.
func TestTarget(t *testing.T) {
	var d codec.Dependencies
	s := &svctest.Stream{Spatial: 3, Temporal: 3}
	var f codec.Frame
	if !d.Read(s.Next(true)[0].Descriptor(true, true, 0), 1, &f) {
		t.Fatal("not read")
	}
	for _, test := range []struct {
		of                uint32
		spatial, temporal uint8
		want              codec.Layers
	}{
		{f.Active, 7, 7, codec.Layers{Spatial: 2, Temporal: 2}},
		{f.Active, 1, 7, codec.Layers{Spatial: 1, Temporal: 2}},
		{f.Active, 2, 0, codec.Layers{Spatial: 2, Temporal: 0}},
		{f.Active, 0, 1, codec.Layers{Spatial: 0, Temporal: 1}},
		{0b000111111, 7, 7, codec.Layers{Spatial: 1, Temporal: 2}}, // the top is not sent
		{0b111000000, 0, 0, codec.Layers{Spatial: 2, Temporal: 0}}, // nor all others
		{0, 0, 0, codec.Layers{Spatial: 0, Temporal: 0}},
	} {
		if got := f.Structure.Of[f.Structure.Target(test.of, test.spatial, test.temporal)]; got != test.want {
			t.Errorf("of %b up to %d/%d: %v, want %v", test.of, test.spatial, test.temporal, got, test.want)
		}
	}
}

// A packet that comes late is read by what held when it was sent, and takes nothing
// back.
func TestLateDescriptors(t *testing.T) {
	var d codec.Dependencies
	two := &svctest.Stream{Spatial: 2, Temporal: 1, Offset: 0}
	three := &svctest.Stream{Spatial: 3, Temporal: 1, Offset: 10}
	var f codec.Frame
	old := two.Next(true)
	if !d.Read(old[0].Descriptor(true, true, 0), 100, &f) {
		t.Fatal("not read")
	}
	first := f.Structure
	if !d.Read(three.Next(true)[0].Descriptor(true, true, 0b011), 110, &f) || f.Structure.Spatial != 3 || f.Active != 0b011 {
		t.Fatalf("%+v", f)
	}
	latest := f.Structure
	if !d.Read(old[1].Descriptor(true, true, 0), 101, &f) || f.Structure != first {
		t.Error("a late packet is read by another structure")
	}
	if !d.Read(old[0].Descriptor(true, true, 0b01), 100, &f) || f.Structure.Spatial != 2 {
		t.Error("a late key picture is not read by its own structure")
	}
	if !d.Read(three.Next(false)[0].Descriptor(true, true, 0), 113, &f) || f.Structure != latest || f.Active != 0b011 {
		t.Errorf("what held is lost: %+v", f)
	}
	if d.Read(two.Next(false)[0].Descriptor(true, true, 0), 116, &f) {
		t.Error("a template of before is read")
	}
	// The same structure again is the same, and tells that all is sent again.
	if !d.Read(three.Next(true)[0].Descriptor(true, true, 0), 120, &f) || f.Structure != latest || f.Active != 0b111 {
		t.Errorf("%+v", f)
	}
}

func TestDescriptorsDoNotAllocate(t *testing.T) {
	var d codec.Dependencies
	s := &svctest.Stream{Spatial: 3, Temporal: 3, KeyOnly: true}
	key := s.Next(true)[0].Descriptor(true, true, 0)
	delta := s.Next(false)[2].Descriptor(true, true, 0)
	var f codec.Frame
	d.Read(key, 1, &f)
	d.Read(key, 2, &f)
	if n := testing.AllocsPerRun(100, func() {
		if !d.Read(key, 3, &f) || !d.Read(delta, 4, &f) {
			t.Fatal("not read")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDependencies(f *testing.F) {
	for _, s := range []*svctest.Stream{{Spatial: 3, Temporal: 3}, {Spatial: 2, Temporal: 2, KeyOnly: true}, {Spatial: 1, Temporal: 3}} {
		key, delta := s.Next(true), s.Next(false)
		f.Add(key[0].Descriptor(true, false, 1), delta[0].Descriptor(true, true, 0), delta[len(delta)-1].VP9(true, true))
	}
	f.Fuzz(func(t *testing.T, first, second, payload []byte) {
		var d codec.Dependencies
		var v codec.VP9Layers
		number := codec.FrameNumber(first)
		codec.ShiftFrameNumber(first, 3)
		if got := codec.FrameNumber(first); len(first) >= 3 && got != number+3 {
			t.Errorf("number %d became %d", number, got)
		}
		for i, b := range [][]byte{first, second, first, second} {
			var frame codec.Frame
			seq := []uint64{10, 11, 9, 12}[i]
			if d.Read(b, seq, &frame) {
				check(t, &frame)
			} else if frame.Structure != nil {
				t.Error("a structure of what was not read")
			}
			frame = codec.Frame{}
			if v.Read(payload, &frame) {
				check(t, &frame)
			}
		}
	})
}

// check holds a frame to its structure.
func check(t *testing.T, f *codec.Frame) {
	s := f.Structure
	if s == nil || s.Targets < 1 || s.Targets > codec.MaxTargets || s.Spatial < 1 || s.Spatial > codec.MaxSpatial || int(f.Spatial) >= s.Spatial {
		t.Fatalf("%+v", f)
	}
	if (f.Targets|f.Switches|f.Active)&^s.All() != 0 || f.Switches&^f.Targets != 0 || len(f.Needs()) > 8 {
		t.Errorf("%+v", f)
	}
	if i := s.Target(f.Active, f.Spatial, f.Temporal); i < 0 || i >= s.Targets {
		t.Errorf("target %d of %d", i, s.Targets)
	}
}
