// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
)

// secure is DTLS-SRTP (RFC 5764) of one peer.
type secure struct {
	peer *peer

	mu     sync.Mutex
	pipe   *pipe // of DTLS, nil before it begins
	conn   *dtls.Conn
	cancel context.CancelFunc
	ended  bool

	sealMu sync.Mutex
	out    *srtp.Context // nil before the handshake is over
	header rtp.Header    // scratch
	up     atomic.Bool

	openMu  sync.Mutex
	in      *srtp.Context
	head    rtcp.Header // scratch
	scratch [MaxPacket]byte
	receiving

	started sync.WaitGroup
}

// sealing is what SRTP adds to a packet at most.
const sealing = 16 + 4 + 12

// print is a fingerprint of a certificate (RFC 8122, section 5).
type print struct{ hash, value string }

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return spellPrint(sum[:])
}

func spellPrint(sum []byte) string {
	s := make([]string, len(sum))
	for i, b := range sum {
		s[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return strings.Join(s, ":")
}

// proves tells whether a certificate is the one of the fingerprint.
func (p print) proves(der []byte) bool {
	var h hash.Hash
	switch strings.ToLower(p.hash) {
	case "sha-256":
		h = sha256.New()
	case "sha-384":
		h = sha512.New384()
	case "sha-512":
		h = sha512.New()
	default:
		return false
	}
	h.Write(der)
	return subtle.ConstantTimeCompare([]byte(spellPrint(h.Sum(nil))), []byte(strings.ToUpper(p.value))) == 1
}

// pipe is how DTLS sees the connection: packets that were told apart come in, and what
// it writes goes where the path leads.
type pipe struct {
	*packetio.Buffer
	peer *peer
}

// maxWaiting bounds what waits for DTLS, in bytes.
const maxWaiting = 128 << 10

func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := p.Buffer.Read(b)
	return n, pipeAddr{}, err
}

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	if err := p.peer.write(b); err != nil && !errors.Is(err, errClosed) {
		return 0, err
	}
	return len(b), nil // it is as good as lost, and comes again
}

func (p *pipe) LocalAddr() net.Addr              { return pipeAddr{} }
func (p *pipe) SetDeadline(t time.Time) error    { return p.Buffer.SetReadDeadline(t) }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }

// pipeAddr is the one address there is.
type pipeAddr struct{}

func (pipeAddr) Network() string { return "dtls" }
func (pipeAddr) String() string  { return "peer" }

// handshake takes a packet of DTLS. One that comes too early comes again.
func (s *secure) handshake(b []byte) {
	s.mu.Lock()
	p := s.pipe
	s.mu.Unlock()
	if p != nil {
		_, _ = p.Buffer.Write(b) // when full it is lost, as on a network
	}
}

// start begins the handshake.
func (s *secure) start() {
	buffer := packetio.NewBuffer()
	buffer.SetLimitSize(maxWaiting)
	ctx, cancel := context.WithTimeout(context.Background(), s.peer.mux.cfg.Handshake)
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		cancel()
		return
	}
	s.pipe, s.cancel = &pipe{buffer, s.peer}, cancel
	s.started.Add(1)
	s.mu.Unlock()
	s.peer.change(func() {
		if !s.peer.closed {
			s.peer.dtls = webrtc.DTLSTransportStateConnecting
		}
	})
	go func() {
		defer s.started.Done()
		defer cancel()
		err := s.connect(ctx)
		s.peer.change(func() {
			switch {
			case s.peer.closed:
			case err != nil:
				s.peer.dtls = webrtc.DTLSTransportStateFailed
			default:
				s.peer.dtls = webrtc.DTLSTransportStateConnected
			}
		})
		if err != nil {
			s.peer.mux.cfg.Log.NewLogger("dtls").Debugf("no handshake: %v", err)
			return
		}
		s.peer.channelStart(s.conn)
	}()
}

// profiles are the ways of sealing media, the cheapest first: the server chooses.
var profiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80}

func (s *secure) connect(ctx context.Context) error {
	p, cfg := s.peer, &s.peer.mux.cfg
	p.mu.Lock()
	want, passive := p.print, p.passive
	p.mu.Unlock()
	shared := []dtls.Option{
		dtls.WithCertificates(cfg.Certificate), dtls.WithSRTPProtectionProfiles(profiles...), dtls.WithInsecureSkipVerify(true),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret), dtls.WithLoggerFactory(cfg.Log),
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || !want.proves(raw[0]) {
				return errors.New("the certificate is not the one that was told of")
			}
			return nil
		}),
	}
	var conn *dtls.Conn
	var err error
	if passive {
		var options []dtls.ClientOption
		for _, o := range shared {
			options = append(options, o)
		}
		conn, err = dtls.ClientWithOptions(s.pipe, pipeAddr{}, options...)
	} else {
		options := []dtls.ServerOption{dtls.WithClientAuth(dtls.RequireAnyClientCert), dtls.WithInsecureSkipVerifyHello(true)}
		for _, o := range shared {
			options = append(options, o)
		}
		conn, err = dtls.ServerWithOptions(s.pipe, pipeAddr{}, options...)
	}
	if err != nil {
		return err
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return err
	}
	if err := s.keys(conn, passive); err != nil {
		_ = conn.Close()
		return err
	}
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	return nil
}

// keys makes the contexts of SRTP.
func (s *secure) keys(conn *dtls.Conn, client bool) error {
	profile, ok := conn.SelectedSRTPProtectionProfile()
	if !ok {
		return errors.New("no profile of SRTP was agreed upon")
	}
	state, ok := conn.ConnectionState()
	if !ok {
		return errors.New("no state of DTLS")
	}
	cfg := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := cfg.ExtractSessionKeysFromDTLS(&state, client); err != nil {
		return err
	}
	out, err := srtp.CreateContext(cfg.Keys.LocalMasterKey, cfg.Keys.LocalMasterSalt, cfg.Profile)
	if err != nil {
		return err
	}
	s.openMu.Lock()
	s.keying = cfg
	s.in, err = s.inward()
	s.openMu.Unlock()
	if err != nil {
		return err
	}
	s.sealMu.Lock()
	s.out = out
	s.sealMu.Unlock()
	s.up.Store(true)
	return nil
}

// inward is a context for what comes. A packet that is repeated under its own number comes
// late, and is no replay.
func (s *secure) inward() (*srtp.Context, error) {
	k := s.keying
	return srtp.CreateContext(k.Keys.RemoteMasterKey, k.Keys.RemoteMasterSalt, k.Profile, srtp.SRTCPReplayProtection(64), srtp.SRTPReplayProtection(1024))
}

// seal writes a packet of RTP to the front of room, which has MaxPacket+sealing bytes
// and no more, and returns what is sent.
func (s *secure) seal(room []byte, h *rtp.Header, payload []byte) ([]byte, error) {
	s.sealMu.Lock()
	defer s.sealMu.Unlock()
	if s.out == nil {
		return nil, errClosed
	}
	size := h.MarshalSize() + len(payload)
	if size > MaxPacket {
		return nil, fmt.Errorf("a packet of %d bytes", size)
	}
	n, err := h.MarshalTo(room)
	if err != nil {
		return nil, err
	}
	copy(room[n:], payload)
	return s.out.EncryptRTP(room[:0:MaxPacket+sealing], room[:size], &s.header)
}

// writeRTCP sends a compound.
func (s *secure) writeRTCP(b []byte) error {
	s.sealMu.Lock()
	if s.out == nil {
		s.sealMu.Unlock()
		return errClosed
	}
	sealed, err := s.out.EncryptRTCP(make([]byte, 0, len(b)+sealing), b, nil)
	s.sealMu.Unlock()
	if err != nil {
		return err
	}
	return s.peer.write(sealed)
}

// receiveRTCP opens a compound and passes it on once for each stream it is about.
func (s *secure) receiveRTCP(b []byte) {
	if len(b) > MaxPacket {
		return
	}
	s.openMu.Lock()
	defer s.openMu.Unlock()
	if s.in == nil {
		return
	}
	plain, err := s.in.DecryptRTCP(s.scratch[:0], b, &s.head)
	if err != nil {
		return
	}
	at := time.Now()
	s.peer.alive(at)
	s.reported(plain, at)
	if s.peer.cfg.RTCP == nil {
		return
	}
	var room [maxAbout]uint32
	for _, ssrc := range about(plain, room[:0]) {
		s.peer.cfg.RTCP(ssrc, plain)
	}
}

// maxAbout is of how many streams a compound may speak; further ones are not heard.
const maxAbout = 64

// about lists the streams of ours that a compound of RTCP speaks of, each once (RFC
// 3550, section 6.4; RFC 4585, section 6.1; RFC 5104, section 4.3.1; REMB).
func about(b []byte, list []uint32) []uint32 {
	add := func(at []byte) {
		ssrc := binary.BigEndian.Uint32(at)
		for _, one := range list {
			if one == ssrc {
				return
			}
		}
		if len(list) < maxAbout {
			list = append(list, ssrc)
		}
	}
	for len(b) >= 4 {
		size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if size > len(b) {
			return list
		}
		count, kind, body := int(b[0]&0x1f), b[1], b[4:size]
		b = b[size:]
		switch kind {
		case 200, 201: // sender and receiver reports
			skip := 4
			if kind == 200 {
				skip = 24
			}
			for i := range count {
				if at := skip + 24*i; at+24 <= len(body) {
					add(body[at:])
				}
			}
		case 205, 206:
			if len(body) < 8 {
				continue
			}
			rest := body[8:]
			switch {
			case kind == 206 && count == 4: // full intra request
				for ; len(rest) >= 8; rest = rest[8:] {
					add(rest)
				}
			case kind == 206 && count == 15 && len(rest) >= 8 && string(rest[:4]) == "REMB":
				for n, rest := int(rest[4]), rest[8:]; n > 0 && len(rest) >= 4; n, rest = n-1, rest[4:] {
					add(rest)
				}
			default:
				add(body[4:])
			}
		}
	}
	return list
}

// close ends DTLS, and tells the peer.
func (s *secure) close() {
	s.up.Store(false)
	s.mu.Lock()
	s.ended = true
	conn, cancel, p := s.conn, s.cancel, s.pipe
	s.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	s.peer.channelStop()
	if conn != nil {
		_ = conn.Close()
	}
	if p != nil {
		_ = p.Buffer.Close()
	}
	s.started.Wait()
	s.mu.Lock()
	late := s.conn // the handshake was over just then
	s.mu.Unlock()
	if late != nil && late != conn {
		_ = late.Close()
	}
	s.sealMu.Lock()
	s.out = nil
	s.sealMu.Unlock()
	s.openMu.Lock()
	s.in = nil
	for _, r := range s.routes {
		if r.stream != nil && !r.repair {
			s.endStream(r.stream)
		}
	}
	s.openMu.Unlock()
}
