// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"time"

	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// toldLayer is what a client was told about a video.
type toldLayer struct {
	now, wish sfu.Layer
	at        time.Time
}

// tellLayer says over the data channel which layer a video has come to, and
// whether that is less than the client asked for. A client takes the layer it is
// told for the one it is on and asks for no other in its place, so it must never
// hear of a change that is still under way.
func (m *media) tellLayer(id room.TrackID, now, aim sfu.Layer) {
	wish := m.s.p.Media().Layer(id)
	switch {
	case m.sub == nil || now != aim || wish == "" || wish == sfu.LayerNone:
		return
	case now == sfu.LayerNone && !m.sub.Withheld(string(id)):
		return // it has not begun, or has ended
	}
	m.sayLayer(id, now, wish)
}

// sayNone corrects what a client may have taken for the answer to its wish for
// nothing: a layer it was told while that wish was on its way.
func (m *media) sayNone(id room.TrackID) {
	if time.Since(m.told[id].at) < 5*time.Second && m.s.p.Media().Layer(id) == sfu.LayerNone {
		m.sayLayer(id, sfu.LayerNone, sfu.LayerNone)
	}
}

func (m *media) sayLayer(id room.TrackID, now, wish sfu.Layer) {
	if was := m.told[id]; was.now == now && was.wish == wish {
		return
	}
	m.told[id] = toldLayer{now, wish, time.Now()}
	m.channelSend(notification("on-track-layer-update", map[string]any{"tracks": map[string]any{string(id): map[string]any{
		"track_id": id, "current_layer": now, "expected_layer": wish,
		"subscriber_degraded": now.Below(wish), "publisher_degraded": false,
	}}}))
}
