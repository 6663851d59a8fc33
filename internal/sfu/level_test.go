// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"errors"
	"testing"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// Audio that does not tell its level is warned of once, however that is found out;
// what is heard of it is what Opus says of voice.
func TestAudioThatDoesNotTellItsLevel(t *testing.T) {
	voice, noise := []byte{0x78, 0x80, 1}, []byte{0x78, 0x00, 1} // hybrid, 20 ms
	unlisted := func(_ *webrtc.SettingEngine, m *webrtc.MediaEngine, _ *interceptor.Registry) {
		*m = webrtc.MediaEngine{}
		if err := m.RegisterDefaultCodecs(); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func(*webrtc.SettingEngine, *webrtc.MediaEngine, *interceptor.Registry)
		write  bool // the level, into each packet
		reason string
	}{
		"told":       {nil, true, ""},
		"not listed": {unlisted, false, "the offer does not list it"},
		"not sent":   {nil, false, "the packets do not carry it"},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t)
			s := newSender(t, e)
			if c.change != nil {
				s = newSender(t, e, c.change)
			}
			warned := make(chan *Track, 9)
			s.pub.cfg.OnTrackWarning = func(tr *Track) { warned <- tr }
			src := s.publish(webrtc.MimeTypeOpus, "mic")
			tr := receiveFrom(t, "OnTrack", s.tracks)
			until(t, "connected", func() bool { return s.pub.State() == StateConnected })
			if c.write {
				src.level = levelID(src.sender.GetParameters())
			}
			src.body = noise
			until(t, "packets", func() bool {
				src.frame(true, 1)
				all := tr.stats().Layers
				return len(all) > 0 && all[0].Packets > unleveledMost
			})
			if !c.write && tr.Level() != 127 {
				t.Errorf("noise is as loud as %d", tr.Level())
			}
			src.body = voice
			until(t, "speech", func() bool {
				src.frame(true, 1)
				return tr.Level() <= 50
			})
			if c.reason == "" {
				if w := tr.Warning(); w != nil || len(warned) > 0 {
					t.Errorf("warned: %v", w)
				}
				return
			}
			if got := receiveFrom(t, "a warning", warned); got != tr || !errors.Is(tr.Warning(), fault.AudioLevelMissing) || tr.Warning().Detail("reason") != c.reason {
				t.Errorf("warned of %v: %v", got.ID(), tr.Warning())
			}
			s.negotiate(nil)
			if len(warned) > 0 {
				t.Error("warned again")
			}
		})
	}
}

// levelID is the number of the audio level extension, 0 where there is none.
func levelID(p webrtc.RTPSendParameters) uint8 {
	for _, x := range p.HeaderExtensions {
		if x.URI == extAudioLevel {
			return uint8(x.ID)
		}
	}
	return 0
}
