// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package transport is what package sfu needs of a WebRTC peer connection, and what
// provides it. Nothing above knows what seals packets and sends them.
//
// Plain values (descriptions, codecs, states) are those of pion/webrtc, whose names are
// the W3C's.
package transport

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// Peer is one peer connection. Descriptions are set by one goroutine at a time; all
// else may be called by any.
type Peer interface {
	// Offer makes a new offer the local description; restart gives it new ICE
	// credentials (RFC 8829, section 5.2.3.3).
	Offer(restart bool) error
	// Answer answers the offer that was set last.
	Answer() error
	// Local is the local description with the candidates that have been found.
	Local() webrtc.SessionDescription
	// SetRemote sets an offer, or the answer to the last Offer.
	SetRemote(webrtc.SessionDescription) error
	// Stable tells that no offer waits for its answer.
	Stable() bool
	// AddCandidate adds a candidate of the peer; SetRemote has to come first.
	AddCandidate(webrtc.ICECandidateInit) error

	// Send gives a source a section. With reuse it is one of its kind that was stopped,
	// as the same Sender as before.
	Send(src Source, reuse bool) (Sender, error)
	// Receivers are the sections in which the peer may send.
	Receivers() []Receiver
	// OpenChannel makes an ordered data channel; it is called before the first offer.
	OpenChannel(label string, events ChannelEvents) (Channel, error)
	WriteRTCP([]rtcp.Packet) error

	State() webrtc.PeerConnectionState
	// Pairs are the pairs of candidates that are known; none once it is closed.
	Pairs() []Pair
	Close() error
}

// Events are what a Peer tells its owner, from whichever goroutine it happens on. None
// may block.
type Events struct {
	// Candidate tells of a local candidate; nil is that there are no more.
	Candidate func(*webrtc.ICECandidate)
	ICE       func(webrtc.ICEConnectionState)
	DTLS      func(webrtc.DTLSTransportState)
	// Connection tells that State has another value now.
	Connection func(webrtc.PeerConnectionState)
	// Selected tells which pair of candidates is used now.
	Selected func(*webrtc.ICECandidatePair)
	// Stream tells of media that the peer sends; nil where it has no business to.
	Stream func(Stream)
	// Channel tells of a data channel that the peer opens; nil leaves them alone. A Peer
	// for viewers has none.
	Channel func(*webrtc.DataChannel)
}

// Source is what a section sends.
type Source interface {
	ID() string       // of the track (RFC 8830)
	StreamID() string // of its stream
	Kind() webrtc.RTPCodecType
	// Bind hands over what the peer has agreed to, and where to write. It returns the
	// format that is sent, and is called again when that is negotiated anew.
	Bind(Binding) webrtc.RTPCodecParameters
	// Unbind ends what Bind began.
	Unbind()
}

// Binding is what a negotiation gives a Source.
type Binding struct {
	Mid        string // empty: it is not known yet
	Writer     Writer
	SSRC       uint32
	RTXSSRC    uint32 // of the retransmission stream (RFC 4588); 0: there is none
	Codecs     []webrtc.RTPCodecParameters
	Extensions []webrtc.RTPHeaderExtensionParameter
}

// Writer sends packets. Neither header nor payload is kept.
type Writer interface {
	// WriteRTP returns how many bytes the packet has before it is sealed.
	WriteRTP(header *rtp.Header, payload []byte) (int, error)
}

// Sender is a section in which we send.
type Sender interface {
	Kind() webrtc.RTPCodecType
	Mid() string // empty before the first offer
	// SetCodecs says which codecs the next offer lists, best first.
	SetCodecs([]webrtc.RTPCodecParameters) error
	// Rebind has the source bound anew with the formats agreed upon last.
	Rebind() error
	// Stop takes the source off; the section may be used again.
	Stop() error
}

// Receiver is a section in which the peer may send.
type Receiver interface {
	Mid() string
	Kind() webrtc.RTPCodecType
	// Codecs are those agreed upon, best first.
	Codecs() []webrtc.RTPCodecParameters
	// SetCodecs says which the next answer lists, best first.
	SetCodecs([]webrtc.RTPCodecParameters) error
}

// Stream is one stream of media of the peer: that of a section, or one simulcast
// encoding.
type Stream interface {
	Mid() string // empty: its section is gone
	ID() string  // of the track
	RID() string // of the simulcast encoding
	SSRC() uint32
	Kind() webrtc.RTPCodecType
	// Codec is the one of a payload type that was agreed upon; false: there is none.
	Codec(pt uint8) (webrtc.RTPCodecParameters, bool)
	Extensions() []webrtc.RTPHeaderExtensionParameter
	// Deliver has what comes go to a sink, from now until the end. It is called once.
	Deliver(Sink)
}

// Sink takes what a Stream receives. Its methods are called one after the other, but for
// RTCP, which may come beside the others.
type Sink interface {
	// Room is where the next packet goes: MaxPacket bytes, which are the transport's until
	// RTP is called.
	Room() []byte
	// RTP takes a packet of n bytes that was put there, padding and all. One that came as a
	// retransmission (RFC 4588) is as it was the first time.
	RTP(n int)
	// Bad tells of a packet that cannot be read.
	Bad()
	// RTCP takes a compound in which the sender of the stream reports. It is not kept.
	RTCP(compound []byte)
	// End is that nothing comes any more.
	End()
}

// MaxPacket is the longest packet that is sent or taken, in bytes.
const MaxPacket = 1600

// Channel is a data channel.
type Channel interface {
	Open() bool
	// Buffered is how many bytes wait for the peer.
	Buffered() uint64
	SendText(string) error
}

// ChannelEvents are what a Channel tells.
type ChannelEvents struct {
	Open    func()
	Message func([]byte) // while it runs no other comes
}

// Pair is a pair of candidates and when something last happened on it; a zero time is
// never.
type Pair struct {
	Local, Remote   webrtc.ICECandidate
	State           webrtc.StatsICECandidatePairState
	Asked, Answered time.Time // a check of the peer came; one of ours was answered
	In, Out         time.Time // packets
}
