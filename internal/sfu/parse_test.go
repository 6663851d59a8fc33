package sfu

import (
	"slices"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

func TestInspectKeyframes(t *testing.T) {
	for name, test := range map[string]struct {
		inspect func([]byte) keyHint
		payload []byte
		want    keyHint
	}{
		"vp8 key":                {hintOf(inspectVP8), vp8Head(true, true, 5, 5), keyStart},
		"vp8 key, later packet":  {hintOf(inspectVP8), vp8Head(false, true, 5, 5), keyNone},
		"vp8 delta":              {hintOf(inspectVP8), vp8Head(true, false, 5, 5), keyNone},
		"vp8 without extension":  {hintOf(inspectVP8), []byte{0x10, 0x00, 0x9d}, keyStart},
		"vp8 cut":                {hintOf(inspectVP8), []byte{0x90, 0xe0, 0x80}, keyNone},
		"vp9 key":                {hintOf(inspectVP9), []byte{0x8a, 0x81, 0x01, 0}, keyStart}, // I, B, V
		"vp9 delta":              {hintOf(inspectVP9), []byte{0xc8, 0x81, 0x01, 0}, keyNone},
		"vp9 key, later packet":  {hintOf(inspectVP9), []byte{0x82, 0x81, 0x01, 0}, keyNone},
		"vp9 upper layer of key": {hintOf(inspectVP9), []byte{0xa8, 0x81, 0x01, 0x02, 0}, keyNone},
		"h264 SPS":               {inspectH264, []byte{0x67, 1, 2}, keyStart},
		"h264 IDR":               {inspectH264, []byte{0x65, 1, 2}, keyPart},
		"h264 slice":             {inspectH264, []byte{0x61, 1, 2}, keyNone},
		"h264 STAP-A":            {inspectH264, []byte{0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1}, keyStart},
		"h264 STAP-A, SPS late":  {inspectH264, []byte{0x78, 0, 2, 0x09, 1, 0, 2, 0x67, 1}, keyStart},
		"h264 STAP-A cut":        {inspectH264, []byte{0x78, 0xff, 0xff, 0x01}, keyNone},
		"h264 FU-A start of IDR": {inspectH264, []byte{0x7c, 0x85, 1}, keyPart},
		"h264 FU-A rest of IDR":  {inspectH264, []byte{0x7c, 0x05, 1}, keyNone},
		"av1 key":                {inspectAV1, []byte{0x18, 0x0a, 1}, keyStart},
		"av1 delta":              {inspectAV1, []byte{0x10, 0x0a, 1}, keyNone},
		"av1 rest of key":        {inspectAV1, []byte{0x98, 0x0a, 1}, keyNone},
	} {
		if got := test.inspect(test.payload); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		for n := range test.payload { // cut anywhere
			test.inspect(test.payload[:n])
		}
	}
}

func hintOf(f func([]byte) (keyHint, frameDesc)) func([]byte) keyHint {
	return func(b []byte) keyHint {
		h, _ := f(b)
		return h
	}
}

// What we read agrees with another reader, and what we rewrite is read back.
func TestRewritePictureCounters(t *testing.T) {
	for _, head := range [][]byte{
		vp8Head(true, true, 0x7fff, 255),
		{0x90, 0x80, 0x7f, 0x01, 0x02},             // a picture id of 7 bits
		{0x90, 0xf0, 0x81, 0x02, 0xff, 0x65, 0x01}, // with T and K
	} {
		b := slices.Clone(head)
		_, d := inspectVP8(b)
		d.rewrite(b, 1, 1)
		var before, after codecs.VP8Packet
		if _, err := before.Unmarshal(head); err != nil {
			t.Fatal(err)
		}
		if _, err := after.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		mask := uint16(0x7fff)
		if d.pidLen == 1 {
			mask = 0x7f
		}
		if before.PictureID != d.pid || after.PictureID != (before.PictureID+1)&mask {
			t.Errorf("picture %d became %d, read as %d", before.PictureID, after.PictureID, d.pid)
		}
		if d.tl0Len == 1 && after.TL0PICIDX != before.TL0PICIDX+1 {
			t.Errorf("TL0PICIDX %d became %d", before.TL0PICIDX, after.TL0PICIDX)
		}
		if after.TID != before.TID || after.KEYIDX != before.KEYIDX || after.S != before.S {
			t.Error("something else changed")
		}
	}
}

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
	in := rtp.Packet{Header: h, Payload: []byte("hello"), PaddingSize: 4}
	in.Header.Padding = true
	b, err := in.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	p := newPacket()
	n := copy(p.buf[:], b)
	seq, ok := p.parse(n, extIDs{level: 3, orientation: 5})
	if !ok || seq != 0xfff0 || p.ts != 7 || !p.marker || p.pt != 111 || string(p.payload()) != "hello" {
		t.Errorf("parsed %v %d %+v %q", ok, seq, p.ts, p.payload())
	}
	if !p.hasLevel || p.level != 0x85 || !p.hasCVO || p.orientation != 2 {
		t.Errorf("level %v %x, orientation %v %d", p.hasLevel, p.level, p.hasCVO, p.orientation)
	}
	for n := range b {
		p.parse(n, extIDs{level: 3})
	}
}

func TestUnwrap(t *testing.T) {
	var u unwrapper
	start := u.extend(65530)
	for i, n := range []uint16{65535, 2, 1, 65534, 40000, 3} {
		got := u.extend(n) - start + 65530
		if want := []uint64{65535, 65538, 65537, 65534, 40000, 65539}[i]; got != want {
			t.Errorf("%d became %d, want %d", n, got, want)
		}
	}
}

func FuzzPacket(f *testing.F) {
	f.Add([]byte{0x90, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0xbe, 0xde, 0, 1, 0x30, 0x05, 0, 0, 1, 2, 3}, uint8(0))
	f.Add(raw(96, 1, 2, true, vp8Head(true, true, 1, 1)), uint8(1))
	f.Add(raw(96, 1, 2, true, []byte{0x8a, 0x81, 0x01, 0}), uint8(2))
	f.Add(raw(96, 1, 2, true, []byte{0x78, 0, 2, 0x67, 1}), uint8(3))
	f.Add(raw(96, 1, 2, true, []byte{0x18, 0x0a, 1}), uint8(4))
	f.Add(raw(63, 1, 2, true, []byte{0x80 | 111, 0x03, 0xc0, 0x02, 111, 'o', 'l', 'n'}), uint8(5))
	f.Fuzz(func(t *testing.T, b []byte, which uint8) {
		p := newPacket()
		defer packets.Put(p)
		n := copy(p.buf[:], b)
		if _, ok := p.parse(n, extIDs{level: 3, orientation: 5}); !ok {
			return
		}
		payload := p.payload()
		inspectH264(payload)
		inspectAV1(payload)
		if block, _, ok := redPrimary(payload); ok && len(block) > len(payload) {
			t.Error("the primary block is longer than the packet")
		}
		for _, inspect := range []func([]byte) (keyHint, frameDesc){inspectVP8, inspectVP9} {
			_, d := inspect(payload)
			c := slices.Clone(payload)
			d.rewrite(c, uint16(which), which)
		}
		c := slices.Clone(payload)
		redRetype(c, which&0x7f)
	})
}
