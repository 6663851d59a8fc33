package signal

import (
	"bytes"
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
var channelOps = map[string]func(*seat, context.Context, json.RawMessage) (any, error){
	"prefer-video-track-state": typed((*seat).preferVideo),
	"prefer-audio-track-state": typed((*seat).preferAudio),
}

// maxChannelMessage is how large a request over the data channel may be.
const maxChannelMessage = 16 << 10

// maxChannelQueue is how many requests over the data channel may wait.
const maxChannelQueue = 512

// heard takes a message of the data channel from media. What comes too fast is
// dropped: clients repeat a request until it is answered.
func (s *seat) heard(b []byte) {
	if !s.media.quota.Allow() || s.media.unheard.Load() >= maxChannelQueue {
		s.h.met.limited.WithLabelValues("limits.frames_per_second").Inc()
		return
	}
	b = bytes.Clone(b[:min(len(b), maxChannelMessage+1)])
	s.media.unheard.Add(1)
	s.in.post(func() {
		s.media.unheard.Add(-1)
		s.channelMessage(b)
	})
}

// channelMessage handles one message of the data channel. Rubbish without an
// id cannot be answered; it is counted.
func (s *seat) channelMessage(raw []byte) {
	if !s.joined {
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
			v, err = run(s, s.ctx, f.Params)
			s.h.met.calls.WithLabelValues(f.Method).Observe(time.Since(from).Seconds())
		} else {
			err = fault.MethodUnknown.New("method", clip(f.Method, 64))
		}
	}
	bad := fault.From(err, fault.OpSubscribe)
	if bad != nil {
		s.h.met.refused(bad.Op, bad.Kind)
	}
	switch {
	case f.ID == "":
	case bad != nil:
		s.channelSend(errorFrame{ID: f.ID, JSONRPC: "2.0", Error: wordFault(bad)})
	default:
		s.channelSend(result(f.ID, v))
	}
}

func (s *seat) channelSend(v any) {
	if s.media.sub == nil {
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		s.log.Error("frame cannot be encoded", "err", err)
		return
	}
	_ = s.media.sub.Send(b) // not open yet: nobody has asked anything
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
func (s *seat) preferVideo(_ context.Context, p preferVideoParams) (any, error) {
	l, err := sfu.ParseLayer(p.Layer)
	if err != nil {
		return nil, fault.FieldInvalid.New("field", "max_spatial_layer", "want", "none, low, medium or high", "got", clip(p.Layer, 16))
	}
	id := room.TrackID(p.TrackID)
	if len(s.media.layers) < maxWishes {
		s.media.layers[id] = l
	}
	if was, ok := s.media.told[id]; ok {
		s.media.told[id] = toldLayer{at: was.at} // what it comes to is news again
	}
	if l == sfu.LayerNone {
		s.in.post(func() { s.sayNone(id) }) // once this is answered
	}
	return s.wished(id, s.media.sub.SetLayer(p.TrackID, l))
}

// maxWishes bounds what a client may wish about tracks that may not exist.
const maxWishes = 2000

// wished forgives a wish about a track that is announced but silent so far.
func (s *seat) wished(id room.TrackID, err error) (any, error) {
	if errors.Is(err, fault.TrackNotFound) {
		if _, flows := s.media.sources[id]; flows {
			return nil, nil
		}
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

func (s *seat) preferAudio(_ context.Context, p preferAudioParams) (any, error) {
	id := room.TrackID(p.TrackID)
	if *p.Subscribed {
		delete(s.media.silent, id)
	} else if len(s.media.silent) < maxWishes {
		s.media.silent[id] = true
	}
	return s.wished(id, s.media.sub.SetPaused(p.TrackID, !*p.Subscribed))
}
