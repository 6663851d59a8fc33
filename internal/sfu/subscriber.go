package sfu

import (
	"log/slog"

	"github.com/pion/webrtc/v4"
)

// SubscriberConfig is how a Subscriber speaks to its owner. Every callback may
// be nil.
type SubscriberConfig struct {
	// Label names the data channel, which exists before the first offer.
	Label string
	Log   *slog.Logger
	// OnOffer passes an offer to be sent to the peer. At most one is
	// outstanding; after an ICE restart a newer one replaces it.
	OnOffer func(webrtc.SessionDescription)
	// OnMessage passes a text or binary message of the data channel.
	OnMessage func([]byte)
	// OnOpen tells that the data channel can be written to.
	OnOpen func()
	// OnCandidate passes candidates found after the offer was given.
	OnCandidate func(webrtc.ICECandidateInit)
	// OnState reports changes of the media path; see PublisherConfig.OnState.
	OnState func(State, error)
	// OnLayer tells which layer of a video track is being forwarded now and
	// which one is aimed at.
	OnLayer func(trackID string, current, target Layer)
	// OnTrackError tells that a track cannot be forwarded to this peer, such as
	// fault.CodecUnsupported when the peer did not negotiate its codec.
	OnTrackError func(trackID string, err error)
}

// AddOptions say how a track is added.
type AddOptions struct {
	// Paused holds an audio track back until SetPaused(false). Video always
	// starts at LayerNone and waits for SetLayer.
	Paused bool
}

// Subscriber is the connection on which one peer receives. We offer.
type Subscriber struct{}

// NewSubscriber returns a connection that has not offered yet. Tracks may be
// added before Start.
func (e *Engine) NewSubscriber(SubscriberConfig) (*Subscriber, error) { return &Subscriber{}, nil }

// Start makes the first offer, at once.
func (s *Subscriber) Start() error { return nil }

// Add forwards a track to this peer. Adding a track twice changes nothing. The
// peer sees it as "msid:<stream id> <track id>" of the publisher.
func (s *Subscriber) Add(t *Track, opt AddOptions) error { return nil }

// Remove stops forwarding a track. It returns fault.TrackNotFound.
func (s *Subscriber) Remove(trackID string) error { return nil }

// SetLayer asks for a layer of a video track: the best that is forwarded, the
// network permitting. It returns fault.TrackNotFound.
func (s *Subscriber) SetLayer(trackID string, l Layer) error { return nil }

// SetPaused holds a track back or lets it go on. It returns fault.TrackNotFound.
func (s *Subscriber) SetPaused(trackID string, paused bool) error { return nil }

// Answer applies the peer's answer to the outstanding offer. It returns
// fault.SDPInvalid or fault.NegotiationFailed. An answer nobody waits for is
// ignored.
func (s *Subscriber) Answer(answer webrtc.SessionDescription) error { return nil }

// AddCandidate adds a candidate of the peer; see Publisher.AddCandidate.
func (s *Subscriber) AddCandidate(webrtc.ICECandidateInit) error { return nil }

// Resend passes the outstanding offer to OnOffer again: the signalling
// connection was replaced and the offer or its answer may be lost.
func (s *Subscriber) Resend() error { return nil }

// RestartICE offers new ICE credentials. It is also done without being asked
// when the path is disconnected for 3 s or failed, and every 5 s while it stays
// so.
func (s *Subscriber) RestartICE() error { return nil }

// Send writes a text message to the data channel. It returns
// fault.SlowConsumer when the peer does not read.
func (s *Subscriber) Send(text []byte) error { return nil }

// State is the current state of the media path.
func (s *Subscriber) State() State { return StateConnecting }

// Quality judges how well the peer receives.
func (s *Subscriber) Quality() Quality { return Quality{} }

// Stats describes the connection and what is forwarded on it at this moment.
func (s *Subscriber) Stats() SubscriberStats { return SubscriberStats{} }

// Close ends the connection. No callback runs after it returned.
func (s *Subscriber) Close() error { return nil }
