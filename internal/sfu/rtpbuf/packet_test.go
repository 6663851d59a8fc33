// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpbuf

import (
	"testing"

	"github.com/pion/rtp"
)

func TestParsePacket(t *testing.T) {
	h := rtp.Header{
		Version: 2, Marker: true, PayloadType: 111, SequenceNumber: 0xfff0, Timestamp: 7, SSRC: 9, CSRC: []uint32{1, 2},
	}
	if err := h.SetExtension(3, []byte{0x85}); err != nil {
		t.Fatal(err)
	}
	if err := h.SetExtension(5, []byte{0x02}); err != nil {
		t.Fatal(err)
	}
	if err := h.SetExtension(7, []byte{0xc0, 0x12, 0x34}); err != nil {
		t.Fatal(err)
	}
	in := rtp.Packet{Header: h, Payload: []byte("hello"), PaddingSize: 4}
	in.Header.Padding = true
	b, err := in.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	p := New()
	n := copy(p.Buf[:], b)
	seq, ok := p.Parse(n, ExtIDs{Level: 3, Orientation: 5, Dependency: 7})
	if got := string(p.Descriptor()); got != "\xc0\x12\x34" {
		t.Errorf("descriptor %x", got)
	}
	if !ok || seq != 0xfff0 || p.TS != 7 || !p.Marker || p.PT != 111 || string(p.Payload()) != "hello" {
		t.Errorf("parsed %v %d %+v %q", ok, seq, p.TS, p.Payload())
	}
	if !p.HasLevel || p.Level != 0x85 || !p.HasCVO || p.Orientation != 2 {
		t.Errorf("level %v %x, orientation %v %d", p.HasLevel, p.Level, p.HasCVO, p.Orientation)
	}
	for n := range b {
		p.Parse(n, ExtIDs{Level: 3})
	}
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte{0x90, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0x30, 0x05, 0, 0, 1, 2, 3})
	f.Add([]byte{0x80, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		p := New()
		defer p.Discard()
		n := copy(p.Buf[:], b)
		if _, ok := p.Parse(n, ExtIDs{Level: 3, Orientation: 5, Dependency: 7}); !ok {
			return
		}
		if len(p.Descriptor()) > 255 || p.DescriptorEnd > p.Start {
			t.Error("the descriptor is not in the header")
		}
		if len(p.Payload()) > n {
			t.Error("the payload is longer than the packet")
		}
	})
}
