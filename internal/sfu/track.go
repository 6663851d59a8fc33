package sfu

import "github.com/pion/webrtc/v4"

// Track is one published track with all its simulcast layers.
type Track struct{}

// ID is the track id of the publisher's description (the second word of
// a=msid, RFC 8830).
func (t *Track) ID() string { return "" }

// StreamID is the first word of a=msid.
func (t *Track) StreamID() string { return "" }

// Kind tells audio from video.
func (t *Track) Kind() webrtc.RTPCodecType { return 0 }

// Codec is what the publisher sends now.
func (t *Track) Codec() webrtc.RTPCodecParameters { return webrtc.RTPCodecParameters{} }

// Level is the loudness of an audio track in -dBov, 0 (loudest) to 127
// (RFC 6464), smoothed; 127 when silent or when nothing arrived lately.
func (t *Track) Level() uint8 { return 127 }

// Layers are the layers that have been seen, worst first; one for a track
// without simulcast.
func (t *Track) Layers() []Layer { return nil }

// RequestKeyframe asks the publisher for a key frame on every layer. Requests
// are merged and repeated until one comes.
func (t *Track) RequestKeyframe() {}

// Done is closed when the track has ended.
func (t *Track) Done() <-chan struct{} { return nil }
