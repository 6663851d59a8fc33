// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"iter"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/accept"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/sfu/rtpbuf"
	"github.com/redial-rtc/redial/internal/sfu/transport"
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
	Loops      *accept.Loops         // keeps the sockets' loops alive; nil: its own

	// Addresses tells ours apart in evidence; nil: they are not told apart.
	Addresses *evidence.Hasher

	// Judge says what the check of addresses at the start found of one that peers are
	// told, for evidence; nil: it is not judged.
	Judge func(netip.Addr) string
	// ProbeEvery is how often a packet of our own is sent to each of these addresses;
	// 0 is never.
	ProbeEvery time.Duration

	// AnswerWarning is how long an offer waits for its answer before OnUnanswered
	// tells of it, AnswerTimeout before OnRefused does; 0 is 30 s, and 2 minutes.
	AnswerWarning, AnswerTimeout time.Duration

	// Lite makes connections lite agents (RFC 8445, section 2.5), which answer checks and
	// send none. Clients have to reach one of the candidates by themselves.
	Lite bool

	// OwnTransport has connections be of our own transport, which batches packets, and not
	// of pion/webrtc. It is a lite agent.
	OwnTransport bool
	// UDPLoops is how many loops read each UDP address of our own transport, each a socket
	// of its own; 0 is one for each processor. There are 32 at most, and one elsewhere than
	// on Linux.
	UDPLoops int

	// UnprovenBytesPerSecond is what goes out, all connections together, to
	// addresses that were named and have sent nothing; 0 is 64 KiB.
	UnprovenBytesPerSecond int
	// Retransmits is how often one packet is sent again to one subscriber; 0 is 3.
	Retransmits int
	// RetransmitPercent is the share of a subscriber's estimated downlink that packets
	// sent again may take, 1 to 100; 0 is 50.
	RetransmitPercent int

	// UnprovenTargetBytes is the same for one host and minute; 0 is 8 KiB.
	UnprovenTargetBytes int

	// STUNPerSecond is how many Binding requests to a STUN server are answered on
	// the UDP port in a second; 0 is none, ever. STUNHostPerMinute is how many of
	// one host in a minute, and at once.
	STUNPerSecond, STUNHostPerMinute int
}

// receiveMTU is the longest packet taken in.
const receiveMTU = rtpbuf.MTU

// timing says how long a silent path is trusted and when it is mended.
type timing struct {
	disconnected time.Duration // nothing heard for this long
	failed       time.Duration // after that it has failed
	slow         time.Duration // a new path that is not up by then is told of
	secure       time.Duration // a handshake may take this long
	listen       time.Duration // after which the library gives up listening as well
	keepalive    time.Duration // how often the path is probed
	restartAfter time.Duration // a disconnected path is given this long
	restartEvery time.Duration // between two attempts
}

var usualTiming = timing{
	disconnected: 4 * time.Second, failed: 15 * time.Second, keepalive: 2 * time.Second,
	secure: 15 * time.Second, slow: 8 * time.Second,
	// As long as a client that lost its socket is held.
	listen: 75 * time.Second,
	// A browser needs some 15 s to call a path failed, and only then does its
	// user learn of it. Restarting more often would hide the failure for ever.
	restartAfter: 6 * time.Second, restartEvery: 20 * time.Second,
}

// liteSilence is for how long nothing may come to a lite agent, whose own checks keep no
// answers coming: a viewer of nothing sends a check every 4 to 6 s (RFC 7675, section 5.1).
const liteSilence = 7 * time.Second

func timingOf(cfg Config) timing {
	t := usualTiming
	if cfg.Lite {
		t.disconnected = liteSilence
	}
	return t
}

// Engine owns the media sockets and everything connections share.
type Engine struct {
	cfg   Config
	log   *slog.Logger
	socks *sockets
	cert  webrtc.Certificate
	times timing

	tlsCert tls.Certificate // the same
	mux     *transport.Mux  // nil: all connections are of pion/webrtc

	hammer  *hammer
	stun    *stunServer // nil: there is none
	census  census
	tests   census // of connections of the server's own tests
	probes  prober
	unprobe func() // ends them
	blind   bool   // packets are not counted, to measure what that costs

	mu     sync.Mutex
	pubs   map[*Publisher]struct{}
	subs   map[*Subscriber]struct{}
	closed bool

	totals counters // of connections that are gone, and events
	reg    prometheus.Collector
}

// New opens the sockets. It returns fault.ConfigInvalid for addresses that
// cannot be parsed or bound and fault.AdvertisedAddress for those nobody could
// reach.
func New(cfg Config) (*Engine, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.AnswerWarning = cmp.Or(cfg.AnswerWarning, 30*time.Second)
	cfg.AnswerTimeout = cmp.Or(cfg.AnswerTimeout, 2*time.Minute)
	cfg.Retransmits = cmp.Or(cfg.Retransmits, 3)
	cfg.RetransmitPercent = cmp.Or(cfg.RetransmitPercent, 50)
	if cfg.Loops == nil {
		cfg.Loops = accept.New(cfg.Log, nil)
	}
	// One certificate for every connection saves each of them a key.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fault.Internal.Wrap(err)
	}
	tlsCert, err := certificate(key)
	if err != nil {
		return nil, fault.Internal.Wrap(err)
	}
	stun := newSTUNServer(cfg)
	e := &Engine{
		cfg: cfg, log: cfg.Log, cert: webrtc.CertificateFromX509(key, tlsCert.Leaf), tlsCert: tlsCert, times: timingOf(cfg), hammer: newHammer(cfg), stun: stun, probes: prober{send: sendProbe},
		pubs: map[*Publisher]struct{}{}, subs: map[*Subscriber]struct{}{},
	}
	if cfg.OwnTransport {
		e.mux = e.newMux()
	}
	socks, err := openSockets(cfg, intake{stun, &e.probes, e.mux}, pionLog{cfg.Log})
	if err != nil {
		e.closeMux()
		return nil, err
	}
	e.socks = socks
	e.tell()
	if cfg.Metrics != nil {
		e.reg = collector{e}
		if err := cfg.Metrics.Register(e.reg); err != nil {
			_ = socks.Close()
			e.closeMux()
			return nil, fault.Internal.Wrap(err)
		}
	}
	e.unprobe = e.probe()
	return e, nil
}

// certificateYears is how long our certificate is valid. Peers know it by its fingerprint
// and do not look, but the library makes no connection with one that has expired, and
// what it makes itself expires after a month.
const certificateYears = 20

// certificate signs a key by itself.
func certificate(key *ecdsa.PrivateKey) (tls.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, err
	}
	at := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "WebRTC"},
		NotBefore: at.AddDate(0, 0, -1), NotAfter: at.AddDate(certificateYears, 0, 0),
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, nil
}

// UDPPort is the port that was bound.
func (e *Engine) UDPPort() int { return e.socks.udp.port }

// TCPPort is the port that was bound, 0 when TCP is off.
func (e *Engine) TCPPort() int { return e.socks.tcpPort }

// Candidates are the UDP addresses peers are told to send to.
func (e *Engine) Candidates() []netip.AddrPort { return slices.Clone(e.socks.addrs) }

// Locals are the same addresses, each with where this machine itself reaches the
// socket behind it, which is another behind NAT.
func (e *Engine) Locals() iter.Seq2[netip.AddrPort, netip.AddrPort] { return e.socks.locals() }

// Close ends every connection and closes the sockets.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	var closers []interface{ Close() error }
	for p := range e.pubs {
		closers = append(closers, p)
	}
	for s := range e.subs {
		closers = append(closers, s)
	}
	e.mu.Unlock()
	e.unprobe()
	var wg sync.WaitGroup
	errs := make([]error, len(closers))
	for i, c := range closers {
		wg.Go(func() { errs[i] = c.Close() })
	}
	wg.Wait()
	e.closeMux()
	if e.reg != nil {
		e.cfg.Metrics.Unregister(e.reg)
	}
	return errors.Join(errors.Join(errs...), e.socks.Close())
}

func (e *Engine) closeMux() {
	if e.mux != nil {
		e.mux.Close()
	}
}

// newPeer makes a peer connection that uses the shared sockets.
func (e *Engine) newPeer(c *conn, events transport.Events) (transport.Peer, error) {
	publish := events.Stream != nil
	if e.mux != nil && !c.library {
		return e.ownPeer(c, events), nil
	}
	media, err := mediaEngine(publish)
	if err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	if publish {
		if err := publishInterceptors(registry, pionLog{c.log}); err != nil {
			return nil, err
		}
	}
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(media),
		webrtc.WithInterceptorRegistry(registry),
		webrtc.WithSettingEngine(e.settings(c)),
	)
	pc, err := api.NewPeerConnection(webrtc.Configuration{
		Certificates: []webrtc.Certificate{e.cert},
		ICEServers:   e.cfg.ICEServers,
		BundlePolicy: webrtc.BundlePolicyMaxBundle,
		SDPSemantics: webrtc.SDPSemanticsUnifiedPlan,
	})
	if err != nil {
		return nil, err
	}
	return transport.Pion(pc, events), nil
}

func (e *Engine) settings(c *conn) webrtc.SettingEngine {
	s := webrtc.SettingEngine{LoggerFactory: pionLog{c.log}}
	overUDP, overTCP := &c.traffic.udp, &c.traffic.tcp
	if e.blind {
		overUDP, overTCP = nil, nil
	}
	udp, tcp := ice.UDPMux(e.socks.udp), e.socks.tcp
	if c.impairment != nil { // next to the network: what is lost there is neither seen nor counted
		udp = impairedUDP{udp, c.impairment}
		if tcp != nil {
			gate := c.impairment
			if c.tcpImpairment != nil {
				gate = c.tcpImpairment
			}
			tcp = impairedTCP{tcp, gate}
		}
	}
	udp = provingUDP{udp, c.paths, overUDP}
	if tcp != nil {
		tcp = countedTCP{tcp, overTCP}
	}
	var types []webrtc.NetworkType
	if !c.tcpOnly || tcp == nil {
		s.SetICEUDPMux(udp)
		types = append(types, webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6)
	}
	if tcp != nil {
		s.SetICETCPMux(tcp)
		types = append(types, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	s.SetNetworkTypes(types)
	s.DisableActiveTCP(true) // peers connect to us, never the other way round
	s.SetIncludeLoopbackCandidate(true)
	s.SetIPFilter(func(ip net.IP) bool {
		return slices.ContainsFunc(e.socks.tcpIPs, ip.Equal)
	})
	if len(e.cfg.Advertise) > 0 {
		rule := webrtc.ICEAddressRewriteRule{AsCandidateType: webrtc.ICECandidateTypeHost, Mode: webrtc.ICEAddressRewriteReplace}
		for _, a := range e.cfg.Advertise {
			rule.External = append(rule.External, a.Unmap().String())
		}
		_ = s.SetICEAddressRewriteRules(rule) // fails only beside the older setting of the same purpose
	}
	// A browser hides its addresses behind names that only its own network can
	// resolve; its checks reach us anyway and make a peer-reflexive candidate.
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetLite(e.cfg.Lite)
	s.SetICETimeouts(e.times.disconnected, e.times.listen, e.times.keepalive)
	// A restart that begins while the network is still away goes on checking
	// until the next is due, at five checks a second: we control the subscribe
	// side, and of a pair that has been given up no check of the peer's revives it.
	s.SetICEMaxBindingRequests(uint16(max(7, 5*e.times.restartEvery/time.Second)))
	s.SetHostAcceptanceMinWait(0)
	s.SetPrflxAcceptanceMinWait(0)
	s.SetReceiveMTU(receiveMTU)
	// A packet repeated under its own number must not be taken for a replay.
	s.SetSRTPReplayProtectionWindow(1024)
	// The DTLS server chooses how media is sealed; a browser in that role would
	// take the slower way.
	_ = s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer) // fails only for other values
	s.SetSRTPProtectionProfiles(
		dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80,
	)
	s.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(context.Background(), e.times.secure)
	})
	s.SetSCTPMaxReceiveBufferSize(256 << 10)
	s.SetFireOnTrackBeforeFirstRTP(true)
	s.SetICEBindingRequestHandler(c.sawCheck)
	if c.buffers != nil {
		s.BufferFactory = c.buffers
	}
	return s
}

// join registers a connection; it fails once the engine is closed.
func (e *Engine) join(p *Publisher, s *Subscriber) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fault.Draining.New()
	}
	if p != nil {
		e.pubs[p] = struct{}{}
	}
	if s != nil {
		e.subs[s] = struct{}{}
	}
	return nil
}

// leave forgets a connection and keeps what it had counted.
func (e *Engine) leave(p *Publisher, s *Subscriber) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p != nil {
		delete(e.pubs, p)
	}
	if s != nil {
		delete(e.subs, s)
	}
}

// epoch anchors the clock packets are stamped with: nanoseconds that only grow.
var epoch = time.Now()

func now() int64 { return int64(time.Since(epoch)) }
