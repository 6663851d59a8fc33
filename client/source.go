// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"
	pion "github.com/pion/webrtc/v4/pkg/media"

	"github.com/redial-rtc/redial/fault"
)

// Player is a track that feeds itself once it is published: a file or a test
// pattern. It can be published once at a time.
type Player struct {
	*webrtc.TrackLocalStaticSample
	// Loop plays from the beginning again at the end.
	Loop bool

	open func() (reader, error)
	mu   sync.Mutex
	busy bool
}

// reader gives one sample after the other and io.EOF at a clean end.
type reader interface {
	next() (pion.Sample, error)
	close()
}

// File opens a media file to be published: IVF with VP8, VP9 or AV1, Ogg with
// Opus, or H.264 in the byte stream format (ITU-T H.264, annex B; 30 frames a
// second). The beginning is read at once, so that what cannot be played fails
// here: with fault.DeviceNotFound for a file that does not exist,
// fault.CaptureDenied for one that may not be read, fault.DeviceInUse for one
// that is held by others, fault.CodecUnsupported for another format or codec,
// and fault.DeviceFailed for what cannot be read. A file that ends in the
// middle of a frame is told to OnError as fault.DeviceLost when that is reached, and
// so is an Ogg page whose checksum is wrong. A byte stream does not tell where its
// last picture ends: one that is cut off there is sent as it is.
func File(path string) (*Player, error) {
	open := func() (reader, error) { return openFile(path) }
	r, err := open()
	if err != nil {
		return nil, asFault(err, fault.OpCapture)
	}
	mime := mimeOf(r)
	r.close()
	s, err := newSource(mime, open)
	if err != nil {
		return nil, asFault(err, fault.OpCapture)
	}
	return s, nil
}

// The frames of the patterns; pattern/generate.go says how they were made.
var (
	//go:embed pattern/high.ivf
	patternHigh []byte
	//go:embed pattern/medium.ivf
	patternMedium []byte
	//go:embed pattern/low.ivf
	patternLow []byte
	//go:embed pattern/tone.ogg
	patternTone []byte
)

// Pattern is a test picture, VP8, 640x360, 15 frames a second, 300 kbit/s,
// without end: coloured bars, a number that counts and a ball that rolls around it.
// Every frame is a key frame, so that a viewer sees it at once. It needs no
// encoder: four seconds of encoded frames ship with this package.
func Pattern() *Player { return patternSource(patternHigh, "", "", "") }

// SimulcastPattern is [Pattern] in three sizes, 640x360, 320x180 and 160x90, to
// be published as one track:
//
//	t, layers := client.SimulcastPattern()
//	room.Publish(ctx, t, layers)
func SimulcastPattern() (*Player, PublishOption) {
	high := patternSource(patternHigh, "", "", "f")
	return high, WithLayers(
		patternSource(patternMedium, high.ID(), high.StreamID(), "h"),
		patternSource(patternLow, high.ID(), high.StreamID(), "q"))
}

func patternSource(frames []byte, id, stream, rid string) *Player {
	s, err := newLayer(webrtc.MimeTypeVP8, func() (reader, error) { return newIVF(bytes.NewReader(frames)) }, id, stream, rid)
	if err != nil {
		panic(err) // a constant codec
	}
	s.Loop = true
	return s
}

// Tone is a source of sound without end: 440 Hz at a tenth of full scale, Opus,
// 50 packets a second. It needs no encoder, either.
func Tone() *Player {
	s, err := newSource(webrtc.MimeTypeOpus, func() (reader, error) { return newLoop(patternTone) })
	if err != nil {
		panic(err)
	}
	s.Loop = true
	return s
}

// loop plays the second of the three seconds of the tone, after which the wave
// is where it was and the encoder's state, too.
type loop struct {
	reader
	n int
}

const toneFirst, toneLast = 50, 100 // packets

func newLoop(file []byte) (reader, error) {
	r, err := newOgg(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	for range toneFirst {
		if _, err := r.next(); err != nil {
			return nil, err
		}
	}
	return &loop{r, toneFirst}, nil
}

func (l *loop) next() (pion.Sample, error) {
	if l.n == toneLast {
		return pion.Sample{}, io.EOF
	}
	l.n++
	return l.reader.next()
}

func newSource(mime string, open func() (reader, error)) (*Player, error) {
	return newLayer(mime, open, "", "", "")
}

func newLayer(mime string, open func() (reader, error), id, stream, rid string) (*Player, error) {
	if id == "" {
		id, stream = uuid.NewString(), uuid.NewString()
	}
	var opts []func(*webrtc.TrackLocalStaticRTP)
	if rid != "" {
		opts = append(opts, webrtc.WithRTPStreamID(rid))
	}
	t, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, id, stream, opts...)
	if err != nil {
		return nil, fault.ClientInternal.Wrap(err)
	}
	return &Player{TrackLocalStaticSample: t, open: open}, nil
}

func (s *Player) claim() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy {
		return fault.DeviceInUse.New("track", s.ID())
	}
	s.busy = true
	return nil
}

func (s *Player) release() {
	s.mu.Lock()
	s.busy = false
	s.mu.Unlock()
}

// run plays until the end, a failure, or ctx. Muted, time passes and nothing is
// sent.
func (s *Player) run(ctx context.Context) error {
	for {
		r, err := s.open()
		if err != nil {
			return err
		}
		err = s.play(ctx, r)
		r.close()
		if !errors.Is(err, io.EOF) {
			return err
		}
		if !s.Loop {
			return nil
		}
	}
}

// play sends each sample when it is due. It counts from the beginning, so that
// a late sample does not delay those after it.
func (s *Player) play(ctx context.Context, r reader) error {
	due := time.Now()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		sample, err := r.next()
		if err != nil {
			return err
		}
		_ = s.WriteSample(sample) // the mutedTrack around it counts
		due = due.Add(sample.Duration)
		if late := time.Since(due); late > time.Second { // the machine slept
			due = due.Add(late)
		}
		wait.Reset(time.Until(due))
	}
}
