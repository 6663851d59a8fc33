// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package codec_test

import (
	"slices"
	"testing"

	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/codec"
)

func TestInspectKeyframes(t *testing.T) {
	for name, test := range map[string]struct {
		inspect func([]byte) (codec.Hint, codec.Counters)
		payload []byte
		want    codec.Hint
	}{
		"vp8 key":                {codec.VP8, vp8Head(true, true, 5, 5), codec.KeyStart},
		"vp8 key, later packet":  {codec.VP8, vp8Head(false, true, 5, 5), codec.NoKey},
		"vp8 delta":              {codec.VP8, vp8Head(true, false, 5, 5), codec.NoKey},
		"vp8 without extension":  {codec.VP8, []byte{0x10, 0x00, 0x9d}, codec.KeyStart},
		"vp8 cut":                {codec.VP8, []byte{0x90, 0xe0, 0x80}, codec.NoKey},
		"vp9 key":                {codec.VP9, []byte{0x8a, 0x81, 0x01, 0}, codec.KeyStart}, // I, B, V
		"vp9 delta":              {codec.VP9, []byte{0xc8, 0x81, 0x01, 0}, codec.NoKey},
		"vp9 key, later packet":  {codec.VP9, []byte{0x82, 0x81, 0x01, 0}, codec.NoKey},
		"vp9 upper layer of key": {codec.VP9, []byte{0xa8, 0x81, 0x01, 0x02, 0}, codec.NoKey},
		"h264 SPS":               {codec.H264, []byte{0x67, 1, 2}, codec.KeyStart},
		"h264 IDR":               {codec.H264, []byte{0x65, 1, 2}, codec.KeyPart},
		"h264 slice":             {codec.H264, []byte{0x61, 1, 2}, codec.NoKey},
		"h264 STAP-A":            {codec.H264, []byte{0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 1}, codec.KeyStart},
		"h264 STAP-A, SPS late":  {codec.H264, []byte{0x78, 0, 2, 0x09, 1, 0, 2, 0x67, 1}, codec.KeyStart},
		"h264 STAP-A cut":        {codec.H264, []byte{0x78, 0xff, 0xff, 0x01}, codec.NoKey},
		"h264 FU-A start of IDR": {codec.H264, []byte{0x7c, 0x85, 1}, codec.KeyPart},
		"h264 FU-A rest of IDR":  {codec.H264, []byte{0x7c, 0x05, 1}, codec.NoKey},
		"av1 key":                {codec.AV1, []byte{0x18, 0x0a, 1}, codec.KeyStart},
		"av1 delta":              {codec.AV1, []byte{0x10, 0x0a, 1}, codec.NoKey},
		"av1 rest of key":        {codec.AV1, []byte{0x98, 0x0a, 1}, codec.NoKey},
	} {
		if got, _ := test.inspect(test.payload); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		for n := range test.payload { // cut anywhere
			test.inspect(test.payload[:n])
		}
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
		_, d := codec.VP8(b)
		d.Rewrite(b, 1, 1)
		var before, after codecs.VP8Packet
		if _, err := before.Unmarshal(head); err != nil {
			t.Fatal(err)
		}
		if _, err := after.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		mask := uint16(0x7fff)
		if d.PIDLen == 1 {
			mask = 0x7f
		}
		if before.PictureID != d.PID || after.PictureID != (before.PictureID+1)&mask {
			t.Errorf("picture %d became %d, read as %d", before.PictureID, after.PictureID, d.PID)
		}
		if d.TL0Len == 1 && after.TL0PICIDX != before.TL0PICIDX+1 {
			t.Errorf("TL0PICIDX %d became %d", before.TL0PICIDX, after.TL0PICIDX)
		}
		if after.TID != before.TID || after.KEYIDX != before.KEYIDX || after.S != before.S {
			t.Error("something else changed")
		}
	}
}

// TestWhereFramesBegin: by MIME type, in any case; what is not known stands on its
// own and needs no key frame.
func TestWhereFramesBegin(t *testing.T) {
	f := func(mime string, first, begins bool, payload ...byte) {
		t.Helper()
		if got := codec.First(mime, payload); got != first {
			t.Errorf("%s %x: first of a frame: %v", mime, payload, got)
		}
		if got := codec.Begins(mime, payload); got != begins {
			t.Errorf("%s %x: begins a picture: %v", mime, payload, got)
		}
	}
	f("VIDEO/vp8", true, true, vp8Head(true, true, 1, 1)...)
	f(webrtc.MimeTypeVP8, true, false, vp8Head(true, false, 1, 1)...)
	f(webrtc.MimeTypeVP8, false, false, vp8Head(false, true, 1, 1)...)
	f(webrtc.MimeTypeVP9, true, true, 0x8a, 0x81, 0x01, 0)
	f(webrtc.MimeTypeVP9, true, false, 0xc8, 0x81, 0x01, 0)        // predicted
	f(webrtc.MimeTypeVP9, false, false, 0xa8, 0x81, 0x01, 0x02, 0) // an upper layer
	f(webrtc.MimeTypeVP9, false, false, 0x82, 0x81, 0x01, 0)       // not the beginning
	f(webrtc.MimeTypeH264, true, false, 0x67, 1, 2)                // parameter sets
	f(webrtc.MimeTypeH264, true, false, 0x61, 0x80)                // the first slice of a picture
	f(webrtc.MimeTypeH264, false, false, 0x61, 0x40)               // a later one
	f(webrtc.MimeTypeH264, false, true, 0x65, 0x80)                // of an IDR picture
	f(webrtc.MimeTypeH264, false, true, 0x7c, 0x85, 0x80)          // the same in fragments
	f(webrtc.MimeTypeH264, false, false, 0x7c, 0x05, 0x80)         // and its rest
	f(webrtc.MimeTypeH264, true, true, 0x78, 0, 2, 0x67, 1, 0, 2, 0x65, 0x80)
	f(webrtc.MimeTypeH264, true, false, 0x78, 0, 2, 0x67, 1, 0, 9, 0x65, 0x80) // a size that is not there
	f(webrtc.MimeTypeAV1, true, true, 0x18, 0x0a, 1)
	f(webrtc.MimeTypeAV1, true, false, 0x10, 0x30, 1)  // a frame
	f(webrtc.MimeTypeAV1, false, false, 0x10, 0x20, 1) // a tile group
	f(webrtc.MimeTypeAV1, false, false, 0x98, 0x0a, 1) // the rest of an OBU
	f(webrtc.MimeTypeOpus, true, false, 1)
	for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeH264, webrtc.MimeTypeAV1} {
		f(mime, false, false)
	}
}

// TestOpusVoice: the voice bit is the first after the table of contents and the
// length of the frame, and CELT has none (RFC 6716, sections 3.1, 3.2 and 4.2.3).
func TestOpusVoice(t *testing.T) {
	for name, c := range map[string]struct {
		packet       []byte
		voice, known bool
	}{
		"SILK, 20 ms, voice":            {[]byte{0x48, 0x80, 1}, true, true},
		"SILK, 20 ms, noise":            {[]byte{0x48, 0x7f, 1}, false, true},
		"SILK, stereo, voice":           {[]byte{0x4c, 0x80, 1}, true, true},
		"hybrid, 20 ms, voice":          {[]byte{0x78, 0xff, 1}, true, true},
		"hybrid, 10 ms, noise":          {[]byte{0x70, 0x00, 1}, false, true},
		"two frames of a size, voice":   {[]byte{0x49, 0x80, 0x00}, true, true},
		"two frames, voice":             {[]byte{0x4a, 0x01, 0x80, 0x00}, true, true},
		"two frames, noise":             {[]byte{0x4a, 0xfb, 0x00, 0x80}, false, true},
		"two frames, a long one, voice": {[]byte{0x4a, 0xfc, 0x00, 0x80}, true, true},
		"two frames, a long one, noise": {[]byte{0x4a, 0xfc, 0x80, 0x00}, false, true},
		"nothing to be said":            {[]byte{0x48}, false, true},
		"cut short":                     {[]byte{0x4a, 0xff}, false, true},
		"CELT":                          {[]byte{0x80, 0x80, 1}, false, false},
		"CELT, fullband, 20 ms":         {[]byte{0xf8, 0xff, 0xfe}, false, false},
		"any number of frames":          {[]byte{0x4b, 0x82, 0x80}, false, false},
		"empty":                         {nil, false, false},
	} {
		if voice, known := codec.OpusVoice(c.packet); voice != c.voice || known != c.known {
			t.Errorf("%s: voice %v, known %v", name, voice, known)
		}
	}
}

// vp8Head is a payload descriptor with all counters, and a frame tag.
func vp8Head(start, key bool, pid uint16, tl0 uint8) []byte {
	b := []byte{0x80, 0xc0, byte(pid>>8) | 0x80, byte(pid), tl0, 0x01}
	if start {
		b[0] |= 0x10
	}
	if key {
		b[5] = 0
	}
	return b
}

func FuzzPayload(f *testing.F) {
	f.Add(vp8Head(true, true, 1, 1), uint8(1))
	f.Add([]byte{0x8a, 0x81, 0x01, 0}, uint8(2))
	f.Add([]byte{0x78, 0, 2, 0x67, 1}, uint8(3))
	f.Add([]byte{0x79, 0, 0, 0, 2, 0x67, 1}, uint8(3))
	f.Add([]byte{0x18, 0x0a, 1}, uint8(4))
	f.Add([]byte{0x80 | 111, 0x03, 0xc0, 0x02, 111, 'o', 'l', 'n'}, uint8(5))
	f.Fuzz(func(t *testing.T, payload []byte, which uint8) {
		for _, inspect := range []func([]byte) (codec.Hint, codec.Counters){codec.VP8, codec.VP9, codec.H264, codec.AV1} {
			_, d := inspect(payload)
			d.Rewrite(slices.Clone(payload), uint16(which), which)
		}
		for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeH264, webrtc.MimeTypeAV1, webrtc.MimeTypeOpus} {
			codec.First(mime, payload)
			codec.Begins(mime, payload)
		}
		if block, _, ok := codec.REDPrimary(payload); ok && len(block) > len(payload) {
			t.Error("the primary block is longer than the packet")
		}
		if block, _, ok := codec.REDBlock(payload, int(which)); ok && len(block) >= len(payload) {
			t.Error("a block is as long as the packet")
		}
		codec.REDRetype(slices.Clone(payload), which&0x7f)
		codec.OpusDuration(payload)
		codec.OpusVoice(payload)
	})
}

// Nothing here allocates: it is asked of every packet.
func BenchmarkInspect(b *testing.B) {
	for name, payload := range map[string][]byte{"VP8": vp8Head(true, true, 1, 1), "H264": {0x78, 0, 2, 0x67, 1, 0, 2, 0x65, 0x80}} {
		f := codec.NewFormat(webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "video/" + name}})
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Inspect(payload)
			}
		})
	}
	b.Run("Opus", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			codec.OpusVoice([]byte{0x78, 0x80, 1, 2, 3})
		}
	})
}
