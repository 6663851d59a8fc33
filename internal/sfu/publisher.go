package sfu

import (
	"context"
	"log/slog"

	"github.com/pion/webrtc/v4"
)

// PublisherConfig is how a Publisher speaks to its owner. Every callback may be
// nil.
type PublisherConfig struct {
	Log *slog.Logger
	// OnTrack reports a published track when its first packet arrives. Further
	// simulcast layers of the same track are not reported again.
	OnTrack func(*Track)
	// OnTrackEnd reports that the track was withdrawn or its connection closed.
	OnTrackEnd func(id string)
	// OnCandidate passes candidates found after the answer was given.
	OnCandidate func(webrtc.ICECandidateInit)
	// OnState reports changes of the media path. The error is nil or one of
	// fault.ICEDisconnected, fault.ICEFailed and fault.DTLSFailed.
	OnState func(State, error)
	// VideoCodecs and AudioCodecs order the codecs of the answer, best first, by
	// name ("vp8", "vp9", "h264", "av1"; "opus", "red"). The browser sends with
	// the first. Codecs not named stay in the offer's order behind them. Empty:
	// VP8 first and Opus first.
	VideoCodecs, AudioCodecs []string
}

// Publisher is the connection on which one peer sends. The peer offers.
type Publisher struct{}

// NewPublisher returns a connection that waits for its first offer.
func (e *Engine) NewPublisher(PublisherConfig) (*Publisher, error) { return &Publisher{}, nil }

// Answer applies an offer and answers it; offers are handled one at a time, in
// order. An offer with new ICE credentials restarts ICE. It returns
// fault.SDPInvalid for an offer that cannot be read, fault.CodecUnsupported when
// no codec of a media section is known, fault.TrackLimit for too many media
// sections and fault.NegotiationFailed for everything else.
func (p *Publisher) Answer(ctx context.Context, offer webrtc.SessionDescription) (webrtc.SessionDescription, error) {
	return webrtc.SessionDescription{}, nil
}

// AddCandidate adds a candidate of the peer; it is kept until the first offer
// has arrived. It returns fault.CandidateInvalid or fault.CandidateLimit.
func (p *Publisher) AddCandidate(webrtc.ICECandidateInit) error { return nil }

// Track returns a published track by its id, or nil.
func (p *Publisher) Track(id string) *Track { return nil }

// Tracks returns every published track.
func (p *Publisher) Tracks() []*Track { return nil }

// State is the current state of the media path.
func (p *Publisher) State() State { return StateConnecting }

// Stats describes the connection and its tracks at this moment.
func (p *Publisher) Stats() PublisherStats { return PublisherStats{} }

// Close ends the connection and its tracks. No callback runs after it returned.
func (p *Publisher) Close() error { return nil }
