// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// channelOps are the methods of the data channel. A client repeats a request
// with the same id until it is answered, so each of them may be done twice.
var channelOps = map[string]func(*session, context.Context, json.RawMessage) (any, error){
	"prefer-video-track-state": onMedia((*media).preferVideo),
	"prefer-audio-track-state": onMedia((*media).preferAudio),
}

// maxChannelMessage is how large a request over the data channel may be.
const maxChannelMessage = 16 << 10

// channelMessage handles one message of the data channel. Rubbish without an
// id cannot be answered; it is counted.
func (m *media) channelMessage(raw []byte) {
	if !m.s.p.Joined() {
		return
	}
	from := time.Now()
	f, err := frame{}, error(nil)
	if len(raw) > maxChannelMessage {
		err = fault.FrameTooLarge.New("max_bytes", maxChannelMessage, "bytes", len(raw))
	} else if f, err = decodeFrame(raw); err != nil {
		err = fault.DataChannelMessage.Wrap(err, "want", "a JSON object with id, method and params")
	}
	var v any
	if err == nil {
		if run, known := channelOps[f.Method]; known {
			v, err = run(m.s, m.s.p.Context(), f.Params)
			m.s.p.Answered(f.Method, time.Since(from))
		} else {
			err = fault.MethodUnknown.New("method", clip(f.Method, 64))
		}
	}
	bad := fault.From(err, fault.OpSubscribe)
	if bad != nil {
		m.s.h.all.Count(bad)
	}
	switch {
	case f.ID == "":
	case bad != nil:
		m.channelSend(errorFrame{ID: f.ID, JSONRPC: "2.0", Error: wordFault(bad)})
	default:
		m.channelSend(result(f.ID, v))
	}
}

func (m *media) channelSend(v any) {
	if m.sub == nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		m.s.p.Log().Error("frame cannot be encoded", "err", err)
		return
	}
	_ = m.sub.Send(b) // not open yet: nobody has asked anything
}

type preferVideoParams struct {
	TrackID string `json:"track_id"`
	Layer   string `json:"max_spatial_layer"`
}

func (p preferVideoParams) check() error {
	return checkTrackID(p.TrackID)
}

// checkTrackID bounds what is remembered of a wish.
func checkTrackID(id string) error {
	switch {
	case id == "":
		return missing("track_id")
	case len(id) > maxTrackID:
		return fault.FieldInvalid.New("field", "track_id", "max_bytes", maxTrackID)
	}
	return nil
}

// preferVideo takes the layer a client wants of a track. The wish is kept even
// when the track does not flow yet.
func (m *media) preferVideo(_ context.Context, p preferVideoParams) (any, error) {
	l, err := sfu.ParseLayer(p.Layer)
	if err != nil {
		return nil, fault.FieldInvalid.New("field", "max_spatial_layer", "want", "none, low, medium or high", "got", clip(p.Layer, 16))
	}
	id := room.TrackID(p.TrackID)
	if was, ok := m.told[id]; ok {
		m.told[id] = toldLayer{at: was.at} // what it comes to is news again
	}
	if l == sfu.LayerNone {
		m.s.p.Post(func() { m.sayNone(id) }) // once this is answered
	}
	err = m.s.p.Media().SetLayer(id, l)
	if errors.Is(err, fault.CodecUnsupported) { // the wish is for what cannot be had
		m.s.p.Post(func() { m.sayLayer(id, sfu.LayerNone, l) })
	}
	return nil, err
}

type preferAudioParams struct {
	TrackID    string `json:"track_id"`
	Subscribed *bool  `json:"subscribed"`
}

func (p preferAudioParams) check() error {
	if p.Subscribed == nil {
		return missing("subscribed")
	}
	return checkTrackID(p.TrackID)
}

func (m *media) preferAudio(_ context.Context, p preferAudioParams) (any, error) {
	return nil, m.s.p.Media().SetSilent(room.TrackID(p.TrackID), !*p.Subscribed)
}
