// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

// Publication is a track of ours in the room, until Unpublish or the end of
// the session. It survives reconnections. Its methods may be called from any
// goroutine.
type Publication struct {
	session *session
	tracks  []*mutedTrack
	stop    context.CancelFunc // of the source that feeds it
	fed     chan struct{}      // closed when the source has stopped

	mu      sync.Mutex
	info    TrackInfo
	senders []*webrtc.RTPSender // one, of the present connection
	gone    bool
}

// PublishOption changes how a track is published.
type PublishOption func(*publishing)

type publishing struct {
	source      string
	description string
	muted       bool
	layers      []webrtc.TrackLocal
}

// AsSource says what the track shows: SourceScreen, or a word of the app's.
func AsSource(source string) PublishOption { return func(p *publishing) { p.source = source } }

// AsScreen publishes as a screen share, which roles allow apart from video.
func AsScreen() PublishOption { return AsSource(SourceScreen) }

// WithDescription adds a text that others see beside the track.
func WithDescription(text string) PublishOption { return func(p *publishing) { p.description = text } }

// Muted publishes the track muted.
func Muted() PublishOption { return func(p *publishing) { p.muted = true } }

// WithLayers adds the further encodings of a simulcast track (RFC 8853). They
// and the first have the same id and stream id, and RIDs of "f" (high), "h"
// (medium) and "q" (low).
func WithLayers(more ...webrtc.TrackLocal) PublishOption {
	return func(p *publishing) { p.layers = append(p.layers, more...) }
}

// Info returns what others are told of the track.
func (p *Publication) Info() TrackInfo {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.info
}

// Muted tells whether the track is muted.
func (p *Publication) Muted() bool { return p.tracks[0].muted.Load() }

// PacketsSent is how many packets were written to the network.
func (p *Publication) PacketsSent() (n uint64) {
	for _, g := range p.tracks {
		n += g.written.Load()
	}
	return n
}

// SetMuted mutes or unmutes: media written while muted goes nowhere. It takes
// effect at once and is told to the others now or, while the socket is lost,
// when it is back. Fails with fault.TrackNotFound after Unpublish only.
func (p *Publication) SetMuted(muted bool) error {
	for _, g := range p.tracks {
		g.muted.Store(muted)
	}
	p.mu.Lock()
	p.info.Muted = muted
	gone := p.gone
	w := p.wire()
	p.mu.Unlock()
	if gone {
		return asFault(fault.TrackNotFound.New("track", w.ID), fault.OpMute)
	}
	if ov := p.session.ov; ov != nil {
		ov.tellMuted(w.Kind, muted)
		return nil
	}
	_ = p.session.tell("track-update", map[string]any{"tracks": map[string]wireTrack{w.ID: w}})
	return nil
}

// halt stops the sources without telling anybody.
func (p *Publication) halt() {
	p.mu.Lock()
	stop := p.stop
	p.mu.Unlock()
	stop()
}

// retire notes that the track was withdrawn, whoever did it, and stops its source.
// It returns false when that was known.
func (p *Publication) retire() bool {
	p.mu.Lock()
	again := p.gone
	p.gone = true
	stop := p.stop
	p.mu.Unlock()
	if again {
		return false
	}
	for _, g := range p.tracks {
		g.muted.Store(true)
	}
	stop()
	if len(p.sources()) == 0 {
		close(p.fed)
	}
	return true
}

// Unpublish withdraws the track. The track is silent at once, and may be
// published again; the error is that of telling the server, which hears of it with
// the next thing that is published, if not now. Doing so again does nothing.
func (p *Publication) Unpublish(ctx context.Context) error {
	return p.session.unpublish(ctx, p)
}

// Done is closed when the source that feeds the track has come to its end; for
// a track that the app feeds itself, when it is withdrawn.
func (p *Publication) Done() <-chan struct{} { return p.fed }

func (p *Publication) wire() wireTrack {
	return wireTrack{p.info.ID, p.info.StreamID, p.info.Kind, p.info.Source, p.info.Muted, p.info.Description}
}

// add puts the track on a connection.
func (p *Publication) add(m *media) error {
	t, err := m.pub.AddTransceiverFromTrack(p.tracks[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if errors.Is(err, webrtc.ErrConnectionClosed) { // its handshake failed just now, or it was left
		return fault.ClientNotConnected.Wrap(err)
	}
	if err != nil {
		return fault.CodecUnsupported.Wrap(err)
	}
	sender := t.Sender()
	others := slices.ContainsFunc(m.pub.GetTransceivers(), func(o *webrtc.RTPTransceiver) bool { return o != t && o.Kind() == t.Kind() })
	if err := prefer(t, p.tracks[0].TrackLocal, !others); err != nil {
		return fault.CodecUnsupported.Wrap(err)
	}
	p.tracks[0].mid = t.Mid
	for _, g := range p.tracks[1:] {
		g.mid = t.Mid
		if err := sender.AddEncoding(g); err != nil {
			return fault.SimulcastSettings.Wrap(err)
		}
	}
	p.mu.Lock()
	p.senders = []*webrtc.RTPSender{sender}
	p.mu.Unlock()
	m.wg.Go(func() { // reports drive the interceptors
		for {
			if _, _, err := sender.ReadRTCP(); err != nil {
				return
			}
		}
	})
	return nil
}

// prefer offers the track's own codec, when the track has but one. The first
// section of a kind lists the others behind it: what was not negotiated there never
// can be on this connection. Further ones list nothing else, since the server would
// put what the role prefers first and take that for what is sent.
func prefer(t *webrtc.RTPTransceiver, track webrtc.TrackLocal, firstOfKind bool) error {
	own, ok := track.(interface {
		Codec() webrtc.RTPCodecCapability
	})
	if !ok {
		return nil
	}
	var first, rest []webrtc.RTPCodecParameters
	for _, c := range t.Sender().GetParameters().Codecs {
		switch {
		case strings.EqualFold(c.MimeType, own.Codec().MimeType):
			first = append(first, c)
		case firstOfKind || strings.EqualFold(c.MimeType, "video/rtx"): // those of other codecs are dropped
			rest = append(rest, c)
		}
	}
	if len(first) == 0 {
		return nil // refused when it is bound
	}
	return t.SetCodecPreferences(append(first, rest...))
}

// remove takes the track off its connection.
func (p *Publication) remove(m *media) {
	p.mu.Lock()
	senders := p.senders
	p.senders = nil
	p.mu.Unlock()
	for _, s := range senders {
		_ = m.pub.RemoveTrack(s)
	}
}

// refused is why the codec of the track could not be agreed on.
func (p *Publication) refused() error {
	for _, g := range p.tracks {
		if err, ok := g.err.Load().(error); ok {
			return fault.CodecUnsupported.Wrap(err, "track", g.ID())
		}
	}
	return nil
}

// mutedTrack stands between a track and the connection: muted, it lets nothing
// through and closes the gap in the sequence, which would look like loss.
type mutedTrack struct {
	webrtc.TrackLocal
	mid     func() string // of the media section, for simulcast
	muted   atomic.Bool
	written atomic.Uint64
	err     atomic.Value // why Bind failed
}

// Bind never fails: an error would leave the connection unable to negotiate
// anything further. It is kept for Publish, which withdraws the track.
func (g *mutedTrack) Bind(ctx webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	w := &mutedWriter{track: g, next: ctx.WriteStream(), mid: g.mid}
	if g.RID() != "" {
		// Layers share a media section; these tell them apart (RFC 8852, 3.1).
		for _, x := range ctx.HeaderExtensions() {
			switch x.URI {
			case sdp.SDESMidURI:
				w.midID = uint8(x.ID)
			case sdp.SDESRTPStreamIDURI:
				w.ridID = uint8(x.ID)
			}
		}
	}
	codec, err := g.TrackLocal.Bind(mutedContext{ctx, w})
	if err == nil {
		if strings.EqualFold(codec.MimeType, webrtc.MimeTypeOpus) {
			for _, x := range ctx.HeaderExtensions() {
				if x.URI == sdp.AudioLevelURI {
					w.levelID.Store(uint32(x.ID))
				}
			}
		}
		return codec, nil
	}
	g.err.Store(err)
	if known := ctx.CodecParameters(); len(known) > 0 {
		return known[0], nil
	}
	return codec, err
}

func (g *mutedTrack) Unbind(ctx webrtc.TrackLocalContext) error {
	if err := g.TrackLocal.Unbind(ctx); err != nil && !errors.Is(err, webrtc.ErrUnbindFailed) {
		return err
	}
	return nil
}

type mutedContext struct {
	webrtc.TrackLocalContext
	w webrtc.TrackLocalWriter
}

func (c mutedContext) WriteStream() webrtc.TrackLocalWriter { return c.w }

type mutedWriter struct {
	track *mutedTrack
	next  webrtc.TrackLocalWriter

	midID, ridID uint8 // header extensions, 0 for none
	mid          func() string
	levelID      atomic.Uint32 // that of the audio level, 0 for none

	mu   sync.Mutex
	held uint16 // packets that were not let through
}

func (w *mutedWriter) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.mu.Lock()
	if w.track.muted.Load() {
		w.held++
		w.mu.Unlock()
		return len(payload), nil
	}
	held := w.held
	w.mu.Unlock()
	out := h.Clone()
	out.SequenceNumber -= held
	if w.midID != 0 {
		_ = out.SetExtension(w.midID, []byte(w.mid()))
	}
	if w.ridID != 0 {
		_ = out.SetExtension(w.ridID, []byte(w.track.RID()))
	}
	if id := uint8(w.levelID.Load()); id != 0 && out.GetExtension(id) == nil {
		_ = out.SetExtension(id, opusLevel(payload))
	}
	w.track.written.Add(1)
	return w.next.WriteRTP(&out, payload)
}

func (w *mutedWriter) Write(b []byte) (int, error) {
	var p rtp.Packet
	if err := p.Unmarshal(b); err != nil {
		return 0, err
	}
	return w.WriteRTP(&p.Header, p.Payload)
}

// speech and silence are levels of sound that nobody measured (RFC 6464): what is
// encoded is taken for speech of usual loudness, and a packet without frames, or
// with one of a byte, is what an encoder sends instead of silence (RFC 6716,
// section 3.1; discontinuous transmission). An app that knows better sets the
// extension itself.
var speech, silence = []byte{0x80 | 30}, []byte{127}

func opusLevel(payload []byte) []byte {
	if len(payload) <= 2 {
		return silence
	}
	return speech
}
