// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// change rewrites a description that a real peer has made.
type change func(sdp string) string

func swap(old, new string) change {
	return func(s string) string { return strings.ReplaceAll(s, old, new) }
}

// section rewrites the n-th media section.
func section(n int, f change) change {
	return func(s string) string {
		parts := strings.Split(s, "\r\nm=")
		parts[n+1] = f(parts[n+1])
		return strings.Join(parts, "\r\nm=")
	}
}

// without leaves out lines that begin so.
func without(prefix string) change {
	return func(s string) string {
		var out []string
		for line := range strings.SplitSeq(s, "\r\n") {
			if !strings.HasPrefix(line, prefix) {
				out = append(out, line)
			}
		}
		return strings.Join(out, "\r\n")
	}
}

// with adds a line to the session level.
func with(line string) change {
	return func(s string) string { return strings.Replace(s, "\r\nm=", "\r\n"+line+"\r\nm=", 1) }
}

// also adds a line to a media section.
func also(line string) change {
	return func(s string) string { return strings.TrimSuffix(s, "\r\n") + "\r\n" + line + "\r\n" }
}

func all(list ...change) change {
	return func(s string) string {
		for _, f := range list {
			s = f(s)
		}
		return s
	}
}

// refusal is the attribute that a fault names, "" for none.
func refusal(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	if !isFault(err, fault.SDPInvalid) {
		t.Errorf("another fault: %v", err)
	}
	name, _ := fault.From(err, "").Detail("attribute").(string)
	return name
}

var (
	shaOne = "a=fingerprint:sha-1 " + strings.Repeat("AB:", 19) + "AB"
	md5Sum = "a=fingerprint:md5 " + strings.Repeat("AB:", 15) + "AB"
	weaker = "a=fingerprint:sha-1 " + strings.Repeat("AB:", 19) + "AB\r\na=fingerprint:sha-256"
)

// Whatever an offer says, it gets the one answer there is to it, or is refused by
// the name of the attribute; an offer that says it right is taken afterwards.
func TestOffersAndTheirAnswers(t *testing.T) {
	same := func(s string) string { return s }
	sections := func(want ...string) func(*testing.T, string) { // a line of each section of the answer
		return func(t *testing.T, answer string) {
			got := strings.Split(answer, "\r\nm=")[1:]
			if len(got) != len(want) {
				t.Fatalf("%d sections", len(got))
			}
			for i, w := range want {
				if !strings.Contains("m="+got[i], w) {
					t.Errorf("section %d has no %q:\n%.600s", i, w, got[i])
				}
			}
		}
	}
	const audio, video, channel = 0, 1, 2 // in the offer
	for name, test := range map[string]struct {
		change  change
		refused string // the attribute, "" for an answer
		answer  func(*testing.T, string)
		dead    bool // answered, and not connected: the peer is not what it says
	}{
		"as it is":          {change: same, answer: sections("a=recvonly", "a=recvonly", "m=application")},
		"sendrecv":          {change: swap("a=sendonly", "a=sendrecv"), answer: sections("a=recvonly", "a=recvonly", "m=application")},
		"recvonly":          {change: section(video, swap("a=sendonly", "a=recvonly")), answer: sections("a=recvonly", "a=inactive", "m=application")},
		"inactive":          {change: section(video, swap("a=sendonly", "a=inactive")), answer: sections("a=recvonly", "a=inactive", "m=application")},
		"no direction":      {change: without("a=sendonly"), answer: sections("a=recvonly", "a=recvonly", "m=application")},
		"session direction": {change: all(without("a=sendonly"), with("a=recvonly")), answer: sections("a=inactive", "a=inactive", "m=application")},
		"two directions":    {change: section(audio, also("a=inactive")), refused: "direction"},
		"setup of session":  {change: all(without("a=setup"), with("a=setup:actpass")), answer: sections("", "", "a=setup:passive")},
		"no setup":          {change: without("a=setup"), answer: sections("", "", "a=setup:passive")},
		"setup passive":     {change: swap("a=setup:actpass", "a=setup:passive"), refused: "setup"},
		"no rtcp-mux":       {change: without("a=rtcp-mux"), refused: "rtcp-mux"},
		"rtcp-mux in one":   {change: section(video, without("a=rtcp-mux")), answer: sections("a=rtcp-mux", "a=rtcp-mux", "")},
		"ice-lite":          {change: with("a=ice-lite"), dead: true},
		"ice-options":       {change: with("a=ice-options:ice2 rtp+ecn trickle")},
		"short password":    {change: swap("a=ice-pwd:", "a=ice-pwd:x\r\na=x:"), refused: "ice-pwd"},
		"no BUNDLE":         {change: without("a=group"), refused: "group"},
		"partial BUNDLE":    {change: swap("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1"), refused: "group"},
		"two BUNDLEs":       {change: swap("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1\r\na=group:BUNDLE 2"), refused: "group"},
		"unknown in BUNDLE": {change: swap("a=group:BUNDLE 0 1 2", "a=group:BUNDLE x 0 1 2"), refused: "group"},
		"bundle-only":       {change: section(video, all(swap("video 9", "video 0"), also("a=bundle-only"))), answer: sections("", "m=video 9", "")},
		"no msid":           {change: section(video, all(without("a=msid"), without("a=ssrc"))), refused: "msid"},
		"msid of one word":  {change: section(video, all(without("a=msid"), without("a=ssrc"), also("a=msid:stream"))), refused: "msid"},
		"msid of three":     {change: section(video, all(without("a=msid"), also("a=msid:stream a b"))), refused: "msid"},
		"long msid":         {change: section(video, all(without("a=msid"), also("a=msid:stream "+strings.Repeat("x", 200)))), refused: "msid"},
		"two of one msid":   {change: section(video, all(without("a=msid"), also("a=msid:stream-mic mic"))), refused: "msid"},
		"mid twice":         {change: swap("a=mid:2", "a=mid:1"), refused: "mid"},
		"no mid":            {change: without("a=mid"), refused: "mid"},
		"long mid":          {change: all(swap("a=mid:2", "a=mid:"+strings.Repeat("2", 17)), swap("BUNDLE 0 1 2", "BUNDLE 0 1 "+strings.Repeat("2", 17))), refused: "mid"},
		"extmap twice":      {change: section(audio, also("a=extmap:3 urn:a\r\na=extmap:3 urn:b")), refused: "extmap"},
		"extmap 0":          {change: section(audio, also("a=extmap:0 urn:a")), refused: "extmap"},
		"extmap 15":         {change: all(without("a=extmap-allow-mixed"), section(audio, also("a=extmap:15 urn:a"))), refused: "extmap"},
		"extmap 15, mixed":  {change: all(section(audio, also("a=extmap:15 urn:a")), with("a=extmap-allow-mixed"))},
		"extmap 256":        {change: section(audio, also("a=extmap:256 urn:a")), refused: "extmap"},
		"extmap 4096":       {change: section(audio, also("a=extmap:4096 urn:a"))},
		"extmap a word":     {change: section(audio, also("a=extmap:x urn:a")), refused: "extmap"},
		"two meanings":      {change: all(section(audio, also("a=extmap:9 urn:a")), section(video, also("a=extmap:9 urn:b"))), refused: "extmap"},
		"no fingerprint":    {change: without("a=fingerprint"), refused: "fingerprint"},
		"sha-1":             {change: all(without("a=fingerprint"), with(shaOne)), refused: "fingerprint"},
		"md5":               {change: all(without("a=fingerprint"), with(md5Sum)), refused: "fingerprint"},
		"sha-1 of a medium": {change: all(without("a=fingerprint"), section(audio, also(shaOne))), refused: "fingerprint"},
		"a short hash":      {change: all(without("a=fingerprint"), with("a=fingerprint:sha-256 AB:CD")), refused: "fingerprint"},
		"sha-1 and sha-256": {change: swap("a=fingerprint:sha-256", weaker)},
		"SHA-256":           {change: swap("a=fingerprint:sha-256", "a=fingerprint:SHA-256")},
		"a medium's own": {change: func(s string) string {
			return with(shaOne)(section(audio, also(printOf(s)))(without("a=fingerprint")(s)))
		}},
		"rejected":          {change: all(section(video, swap("video 9", "video 0")), swap("BUNDLE 0 1 2", "BUNDLE 0 2")), answer: sections("m=audio 9", "m=video 0", "m=application 9")},
		"all rejected":      {change: all(swap("m=video 9", "m=video 0"), swap("m=audio 9", "m=audio 0"), swap("m=application 9", "m=application 0")), refused: "m"},
		"unknown kind":      {change: swap("m=video", "m=message"), refused: "m"},
		"simulcast":         {change: section(video, also("a=rid:f send\r\na=rid:q send\r\na=simulcast:send f;q")), answer: sections("", "a=simulcast:recv f;q", "")},
		"rids by divisor":   {change: section(video, also("a=rid:rdiv4 send\r\na=rid:rdiv2 send\r\na=rid:rdiv1 send\r\na=simulcast:send rdiv4;rdiv2;rdiv1")), answer: sections("", "a=simulcast:recv rdiv4;rdiv2;rdiv1", "")},
		"unknown rids":      {change: section(video, also("a=rid:a send\r\na=rid:b send\r\na=simulcast:send a;b")), refused: "rid"},
		"rid not declared":  {change: section(video, also("a=rid:f send\r\na=simulcast:send f;q")), refused: "simulcast"},
		"simulcast of none": {change: section(video, also("a=simulcast:send")), refused: "simulcast"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, newEngine(t))
			good := s.offerOf(t, webrtc.MimeTypeOpus, "mic", webrtc.MimeTypeVP8, "camera")
			answer, err := s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: test.change(good)})
			if got := refusal(t, err); got != test.refused {
				t.Fatalf("refused %q: %v", got, err)
			}
			if test.refused != "" {
				if answer, err = s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: good}); err != nil {
					t.Fatal(err)
				}
			}
			if test.answer != nil {
				test.answer(t, answer.SDP)
			}
			if test.dead {
				return
			}
			if err := s.pc.SetRemoteDescription(answer); err != nil {
				t.Fatalf("%v\n%s", err, answer.SDP)
			}
			until(t, "connected", func() bool { return s.pub.State() == StateConnected })
		})
	}
}

func printOf(sdp string) string {
	_, s, _ := strings.Cut(sdp, "a=fingerprint:")
	s, _, _ = strings.Cut(s, "\r\n")
	return "a=fingerprint:" + s
}

// offerOf adds tracks and makes the offer of a real peer.
func (s *sender) offerOf(t *testing.T, tracks ...string) string {
	t.Helper()
	for i := 0; i < len(tracks); i += 2 {
		local, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: tracks[i]}, tracks[i+1], "stream-"+tracks[i+1])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
			t.Fatal(err)
		}
	}
	offer, err := s.pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(s.pc)
	if err := s.pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return s.pc.LocalDescription().SDP
}

// What was agreed on may not be taken back by a later offer.
func TestLaterOffers(t *testing.T) {
	for name, test := range map[string]struct {
		change  change
		refused string
	}{
		"as it was":      {func(s string) string { return s }, ""},
		"a section less": {func(s string) string { return s[:strings.LastIndex(s, "m=")] }, "m"},
		"another order": {func(s string) string {
			p := strings.Split(strings.TrimSuffix(s, "\r\n"), "\r\nm=")
			p[1], p[2] = p[2], p[1]
			return strings.Join(p, "\r\nm=") + "\r\n"
		}, "m"},
		"a mid renamed":     {all(swap("a=mid:2", "a=mid:7"), swap("BUNDLE 0 1 2", "BUNDLE 0 1 7")), "m"},
		"extmap renumbered": {func(s string) string { return strings.ReplaceAll(s, "a=extmap:", "a=extmap:1") }, "extmap"},
		"another key":       {func(s string) string { return swap(printOf(s), "a=fingerprint:sha-256 "+fuzzPrint)(s) }, "fingerprint"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, newEngine(t))
			sdp := s.offerOf(t, webrtc.MimeTypeOpus, "mic", webrtc.MimeTypeVP8, "camera")
			answer, err := s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: sdp})
			if err == nil {
				err = s.pc.SetRemoteDescription(answer)
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = s.pub.Answer(t.Context(), webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: test.change(sdp)})
			if got := refusal(t, err); got != test.refused {
				t.Errorf("refused %q: %v", got, err)
			}
			s.negotiate(nil)
			until(t, "connected", func() bool { return s.pub.State() == StateConnected })
		})
	}
}

// The same of answers; a refused one is followed by another offer, whose answer
// is taken.
func TestAnswersToOurOffers(t *testing.T) {
	for name, test := range map[string]struct {
		change  change
		refused string
	}{
		"as it is":         {func(s string) string { return s }, ""},
		"inactive":         {swap("a=recvonly", "a=inactive"), ""},
		"sendrecv":         {swap("a=recvonly", "a=sendrecv"), "direction"},
		"no direction":     {without("a=recvonly"), "direction"},
		"sendonly":         {swap("a=recvonly", "a=sendonly"), "direction"},
		"actpass":          {swap("a=setup:active", "a=setup:actpass"), "setup"},
		"no setup":         {without("a=setup"), "setup"},
		"setup of session": {all(without("a=setup"), with("a=setup:active")), ""},
		"no rtcp-mux":      {without("a=rtcp-mux"), "rtcp-mux"},
		"ice-options":      {with("a=ice-options:ice2"), ""},
		"no BUNDLE":        {without("a=group"), "group"},
		"sha-1":            {all(without("a=fingerprint"), with(shaOne)), "fingerprint"},
		"sha-1, sha-256":   {swap("a=fingerprint:sha-256", weaker), ""},
		"long mid":         {swap("a=mid:0", "a=mid:"+strings.Repeat("0", 17)), "mid"},
		"other mid":        {all(swap("a=mid:0", "a=mid:9"), swap("BUNDLE 0", "BUNDLE 9")), "m"},
		"not our extmap":   {section(0, also("a=extmap:14 "+extOrientation)), "extmap"},
		"no msid":          {without("a=msid"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t)
			s := newSender(t, e)
			s.publish(webrtc.MimeTypeVP8, "camera")
			v := newViewer(t, e, active)
			refused := make(chan error, 1)
			edited := false
			v.sub.cfg.OnOffer = func(offer webrtc.SessionDescription) {
				v.mu.Lock()
				v.offers++
				v.mu.Unlock()
				if edited {
					v.answer(offer)
					return
				}
				edited = true
				other := client(t, active)
				answer := answerOf(t, other, offer)
				if test.refused == "" {
					answer = answerOf(t, v.pc, offer)
				}
				err := v.sub.Answer(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: test.change(answer)})
				refused <- err
			}
			if err := v.sub.Add(receiveFrom(t, "the track", s.tracks), AddOptions{}); err != nil {
				t.Fatal(err)
			}
			v.start()
			err := receiveFrom(t, "an offer", refused)
			if got := refusal(t, err); got != test.refused {
				t.Fatalf("refused %q: %v", got, err)
			}
			until(t, "connected", func() bool { return v.sub.State() == StateConnected })
		})
	}
}

func answerOf(t *testing.T, pc *webrtc.PeerConnection, offer webrtc.SessionDescription) string {
	t.Helper()
	if err := pc.SetRemoteDescription(offer); err != nil {
		t.Fatal(err)
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	return pc.LocalDescription().SDP
}

// One format means one, and how to send it again, in every section of video and
// in answers to later offers as well.
func TestAnswerWithOneFormat(t *testing.T) {
	for codec, want := range map[string]string{"h264": "H264", "vp8": "VP8", "vp9": "VP9"} {
		t.Run(codec, func(t *testing.T) {
			s := newSender(t, newEngine(t))
			s.pub.cfg.VideoCodecs, s.pub.cfg.OneFormat = []string{codec}, true
			s.publish("video/"+want, "camera")
			s.publish("video/"+want, "screen")
			sections := strings.Split(s.pc.CurrentRemoteDescription().SDP, "\r\nm=")[1:]
			videos := 0
			for _, section := range sections {
				if !strings.HasPrefix(section, "video") {
					continue
				}
				videos++
				got := regexp.MustCompile(`a=rtpmap:\d+ ([^/]+)`).FindAllStringSubmatch(section, -1)
				if len(got) != 2 || got[0][1] != want || got[1][1] != "rtx" {
					t.Errorf("a section of video has %q", got)
				}
			}
			if videos != 2 {
				t.Errorf("%d sections of video", videos)
			}
		})
	}
}
