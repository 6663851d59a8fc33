// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/codec"
)

// Header extensions we understand.
const (
	extMid         = sdp.SDESMidURI
	extRid         = sdp.SDESRTPStreamIDURI
	extRepairedRid = sdp.SDESRepairRTPStreamIDURI
	extAudioLevel  = sdp.AudioLevelURI
	extTWCC        = sdp.TransportCCURI
	extOrientation = "urn:3gpp:video-orientation"
	extDependency  = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)

// h264Profiles are the profiles browsers send: constrained baseline, baseline,
// main, constrained high and high, each in both packetization modes.
var h264Profiles = []string{"42e01f", "42001f", "4d001f", "640c1f", "64001f"}

// forwarded codecs. The numbers are ours in offers to subscribers; a publisher's
// offer brings its own.
func videoCodecs(feedback []webrtc.RTCPFeedback) []webrtc.RTPCodecParameters {
	var out []webrtc.RTPCodecParameters
	// Payload types 96 to 127, then 35 to 63 (RFC 8285 and RFC 5761 leave both).
	next := webrtc.PayloadType(96)
	take := func() webrtc.PayloadType {
		pt := next
		switch next++; {
		case next == 128:
			next = 35
		case next == 111 || next == 63: // Opus and RED
			next++
		}
		return pt
	}
	add := func(mime, fmtp string) {
		pt := take()
		out = append(out, webrtc.RTPCodecParameters{
			PayloadType: pt,
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp, RTCPFeedback: feedback,
			},
		}, webrtc.RTPCodecParameters{
			PayloadType: take(),
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeRTX, ClockRate: 90000, SDPFmtpLine: fmt.Sprintf("apt=%d", pt),
			},
		})
	}
	add(webrtc.MimeTypeVP8, "")
	add(webrtc.MimeTypeVP9, "profile-id=0")
	for _, profile := range h264Profiles {
		for _, mode := range []string{"1", "0"} {
			add(webrtc.MimeTypeH264,
				"level-asymmetry-allowed=1;packetization-mode="+mode+";profile-level-id="+profile)
		}
	}
	add(webrtc.MimeTypeAV1, "level-idx=5;profile=0;tier=0")
	add(webrtc.MimeTypeVP9, "profile-id=2")
	return out
}

// audioCodecs are Opus and Opus with redundancy (RFC 2198).
func audioCodecs(feedback []webrtc.RTCPFeedback) []webrtc.RTPCodecParameters {
	return []webrtc.RTPCodecParameters{
		{
			PayloadType: 111,
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2,
				SDPFmtpLine: "minptime=10;useinbandfec=1", RTCPFeedback: feedback,
			},
		},
		{
			PayloadType: 63,
			RTPCodecCapability: webrtc.RTPCodecCapability{
				MimeType: codec.MimeRED, ClockRate: 48000, Channels: 2, SDPFmtpLine: "111/111", RTCPFeedback: feedback,
			},
		},
	}
}

var (
	videoFeedback = []webrtc.RTCPFeedback{
		{Type: "transport-cc"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
	}
	publisherVideo  = videoCodecs(videoFeedback)
	subscriberVideo = videoCodecs(slices.Concat(videoFeedback, []webrtc.RTCPFeedback{{Type: "goog-remb"}}))
)

// mediaEngine registers codecs, feedback and header extensions for one
// direction. Each connection needs its own: it remembers what was negotiated.
func mediaEngine(publish bool) (*webrtc.MediaEngine, error) {
	video := subscriberVideo
	if publish {
		video = publisherVideo
	}
	audio := []webrtc.RTCPFeedback{{Type: "transport-cc"}}
	m := &webrtc.MediaEngine{}
	for _, c := range video {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	for _, c := range audioCodecs(audio) {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	both := []string{extMid, extTWCC}
	onlyAudio := []string{extAudioLevel}
	onlyVideo := []string{extOrientation, extDependency}
	if publish {
		onlyVideo = append(onlyVideo, extRid, extRepairedRid)
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		own := onlyAudio
		if kind == webrtc.RTPCodecTypeVideo {
			own = onlyVideo
		}
		for _, uri := range slices.Concat(both, own) {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// codecName is the short lower-case name: "vp8", "h264", "opus", "red", "rtx".
func codecName(mime string) string {
	_, name, _ := strings.Cut(strings.ToLower(mime), "/")
	return name
}

// codecWords names a codec with what else must match: "vp8", "vp9 profile 2",
// "h264 high, packetization mode 1".
func codecWords(c webrtc.RTPCodecCapability) string {
	name, f := codecName(c.MimeType), fmtpOf(c.SDPFmtpLine)
	switch name {
	case "h264":
		return name + " " + h264Profile(f["profile-level-id"]) + ", packetization mode " + orElse(f["packetization-mode"], "0")
	case "vp9":
		return name + " profile " + orElse(f["profile-id"], "0")
	}
	return name
}

// sameCodec tells whether a stream of codec a can be decoded by a receiver that
// negotiated b. Levels may differ; what the bitstream depends on may not.
func sameCodec(a, b webrtc.RTPCodecCapability) bool {
	if !strings.EqualFold(a.MimeType, b.MimeType) {
		return false
	}
	fa, fb := fmtpOf(a.SDPFmtpLine), fmtpOf(b.SDPFmtpLine)
	switch codecName(a.MimeType) {
	case "h264":
		return orElse(fa["packetization-mode"], "0") == orElse(fb["packetization-mode"], "0") &&
			h264Profile(fa["profile-level-id"]) == h264Profile(fb["profile-level-id"])
	case "vp9":
		return orElse(fa["profile-id"], "0") == orElse(fb["profile-id"], "0")
	case "av1":
		return orElse(fa["profile"], "0") == orElse(fb["profile"], "0")
	}
	return true
}

func fmtpOf(line string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(line, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		out[strings.ToLower(k)] = v
	}
	return out
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// h264Profile names the profile of a profile-level-id (RFC 6184, section 8.1):
// the same profile can be written in several ways, and the level does not count.
func h264Profile(id string) string {
	n, err := strconv.ParseUint(id, 16, 32)
	if len(id) != 6 || err != nil {
		return "baseline" // the default when the parameter is missing
	}
	const set0, set1 = 0x80, 0x40
	idc, iop := n>>16, n>>8&0xff
	switch {
	case idc == 0x42 && iop&set1 != 0, idc == 0x4d && iop&set0 != 0:
		return "constrained-baseline"
	case idc == 0x42:
		return "baseline"
	case idc == 0x4d:
		return "main"
	case idc == 0x64 && iop == 0x0c:
		return "constrained-high"
	case idc == 0x64:
		return "high"
	}
	return id[:4]
}

// preferCodecs puts the codecs named in order first, each followed by its
// retransmission format, and keeps the rest in their order.
func preferCodecs(codecs []webrtc.RTPCodecParameters, order []string) []webrtc.RTPCodecParameters {
	rank := func(c webrtc.RTPCodecParameters) int {
		if i := slices.Index(order, codecName(c.MimeType)); i >= 0 {
			return i
		}
		return len(order)
	}
	var out []webrtc.RTPCodecParameters
	primary := slices.DeleteFunc(slices.Clone(codecs), func(c webrtc.RTPCodecParameters) bool {
		return codecName(c.MimeType) == "rtx"
	})
	slices.SortStableFunc(primary, func(a, b webrtc.RTPCodecParameters) int { return rank(a) - rank(b) })
	for _, c := range primary {
		out = append(out, c)
		if rtx, ok := rtxFor(codecs, c.PayloadType); ok {
			out = append(out, rtx)
		}
	}
	return out
}

// onlyFirst keeps the first of some codecs and its retransmission format.
func onlyFirst(codecs []webrtc.RTPCodecParameters) []webrtc.RTPCodecParameters {
	if rtx, ok := rtxFor(codecs, codecs[0].PayloadType); ok {
		return []webrtc.RTPCodecParameters{codecs[0], rtx}
	}
	return codecs[:1]
}

// rtxFor finds the retransmission format of a payload type (RFC 4588).
func rtxFor(codecs []webrtc.RTPCodecParameters, pt webrtc.PayloadType) (webrtc.RTPCodecParameters, bool) {
	for _, c := range codecs {
		if codecName(c.MimeType) == "rtx" && fmtpOf(c.SDPFmtpLine)["apt"] == fmt.Sprint(uint8(pt)) {
			return c, true
		}
	}
	return webrtc.RTPCodecParameters{}, false
}
