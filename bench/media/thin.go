// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pion/datachannel"
	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/crypto/selfsign"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sctp"
	"github.com/pion/sdp/v3"
	"github.com/pion/srtp/v3"
	"github.com/pion/transport/v4/packetio"
)

// thin is the client's end of a connection for media: ICE, DTLS, SRTP, SCTP and the feedback
// that bandwidth is estimated by, and nothing for each track, so that a machine has room for
// a thousand. It receives, and sends nothing but what that takes.
type thin struct {
	cert     tls.Certificate
	print    string
	agent    *ice.Agent
	ufrag    string
	pwd      string
	packet   func(h *rtp.Header)                           // one has come
	message  func(c *datachannel.DataChannel, text []byte) // one has come; nil when the channel is new
	began    bool
	early    []string // candidates
	dtls     *packetio.Buffer
	feedback *twcc.Recorder

	mu    sync.Mutex
	conn  *ice.Conn
	in    *srtp.Context
	out   *srtp.Context
	assoc *sctp.Association
	ext   uint8 // of transport-wide numbers
}

// quiet is a log that nobody reads.
var quiet = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}

// How often feedback is sent while packets come, as browsers do.
const feedbackEvery = 100 * time.Millisecond

func newThin() (*thin, error) {
	cert, err := selfsign.GenerateSelfSigned()
	if err != nil {
		return nil, err
	}
	t := &thin{cert: cert, print: fingerprint(cert.Certificate[0]), dtls: packetio.NewBuffer(), feedback: twcc.NewRecorder(1)}
	t.agent, err = ice.NewAgentWithOptions(ice.WithNetworkTypes([]ice.NetworkType{ice.NetworkTypeUDP4}), ice.WithCandidateTypes([]ice.CandidateType{ice.CandidateTypeHost}),
		ice.WithIncludeLoopback(), ice.WithInterfaceFilter(func(name string) bool { return name == "lo" }), ice.WithMulticastDNSMode(ice.MulticastDNSModeDisabled),
		ice.WithLoggerFactory(quiet))
	if err != nil {
		return nil, err
	}
	if t.ufrag, t.pwd, err = t.agent.GetLocalUserCredentials(); err != nil {
		return nil, err
	}
	if err := t.agent.OnCandidate(func(ice.Candidate) {}); err != nil { // the server is told of none: it learns where we are from our checks
		return nil, err
	}
	return t, t.agent.GatherCandidates()
}

// fingerprint is that of a certificate, as descriptions have it (RFC 8122, section 5).
func fingerprint(der []byte) string {
	return "sha-256 " + strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(der)), " ", ":")
}

func (t *thin) close() {
	_ = t.agent.Close()
	_ = t.dtls.Close()
	t.mu.Lock()
	assoc := t.assoc
	t.mu.Unlock()
	if assoc != nil {
		_ = assoc.Close()
	}
}

// own are the attributes of a section of ours, in which we begin the handshake.
func (t *thin) own() []sdp.Attribute {
	return []sdp.Attribute{
		sdp.NewAttribute("ice-ufrag", t.ufrag), sdp.NewAttribute("ice-pwd", t.pwd), sdp.NewAttribute("fingerprint", t.print), sdp.NewAttribute("setup", "active"),
	}
}

// offer offers a data channel, as a client does that publishes nothing yet.
func (t *thin) offer() string {
	m := &sdp.MediaDescription{
		MediaName:             sdp.MediaName{Media: "application", Port: sdp.RangedPort{Value: 9}, Protos: []string{"UDP", "DTLS", "SCTP"}, Formats: []string{"webrtc-datachannel"}},
		ConnectionInformation: nowhere(),
		Attributes:            append(t.own(), sdp.NewAttribute("mid", "0"), sdp.NewPropertyAttribute("sendrecv"), sdp.NewAttribute("sctp-port", "5000")),
	}
	return session("0", m)
}

// answer agrees to receive all that is offered.
func (t *thin) answer(offered *sdp.SessionDescription) string {
	var mids []string
	var sections []*sdp.MediaDescription
	for _, o := range offered.MediaDescriptions {
		m := &sdp.MediaDescription{MediaName: o.MediaName, ConnectionInformation: nowhere(), Attributes: t.own()}
		for _, a := range o.Attributes {
			switch a.Key {
			case "mid":
				mids = append(mids, a.Value)
				m.Attributes = append(m.Attributes, a)
			case "sendonly", "sendrecv":
				if o.MediaName.Media != "application" {
					a.Key = "recvonly"
				}
				m.Attributes = append(m.Attributes, a)
			case "inactive", "rtcp-mux", "rtcp-rsize", "rtpmap", "fmtp", "rtcp-fb", "extmap", "sctp-port", "max-message-size":
				m.Attributes = append(m.Attributes, a)
			}
		}
		sections = append(sections, m)
	}
	return session(strings.Join(mids, " "), sections...)
}

func nowhere() *sdp.ConnectionInformation {
	return &sdp.ConnectionInformation{NetworkType: "IN", AddressType: "IP4", Address: &sdp.Address{Address: "0.0.0.0"}}
}

func session(mids string, sections ...*sdp.MediaDescription) string {
	d := sdp.SessionDescription{
		Origin:           sdp.Origin{Username: "-", SessionID: 1, SessionVersion: 2, NetworkType: "IN", AddressType: "IP4", UnicastAddress: "127.0.0.1"},
		SessionName:      "-",
		TimeDescriptions: []sdp.TimeDescription{{}}, MediaDescriptions: sections,
		Attributes: []sdp.Attribute{sdp.NewAttribute("group", "BUNDLE "+mids), sdp.NewPropertyAttribute("extmap-allow-mixed"), sdp.NewAttribute("msid-semantic", " WMS")},
	}
	b, _ := d.Marshal() // of this nothing can fail
	return string(b)
}

// attribute is one of the first section that has it, or of the session.
func attribute(d *sdp.SessionDescription, name string) string {
	for _, m := range d.MediaDescriptions {
		if v, ok := m.Attribute(name); ok {
			return v
		}
	}
	v, _ := d.Attribute(name)
	return v
}

// candidate takes one of the server's. Both are called by one goroutine.
func (t *thin) candidate(text string) {
	if !t.began {
		t.early = append(t.early, text)
		return
	}
	if c, err := ice.UnmarshalCandidate(strings.TrimPrefix(text, "candidate:")); err == nil {
		_ = t.agent.AddRemoteCandidate(c) // one that cannot be used is no loss while others can
	}
}

// begin connects to who has described itself so; done hears of the outcome. It does
// nothing the second time.
func (t *thin) begin(ctx context.Context, remote *sdp.SessionDescription, done func(error)) error {
	if t.began {
		return nil
	}
	t.began = true
	if _, lite := remote.Attribute("ice-lite"); lite {
		if err := t.agent.SetRemoteICELite(true); err != nil {
			return err
		}
	}
	for _, m := range remote.MediaDescriptions {
		for _, a := range m.Attributes {
			if a.Key == "candidate" {
				t.candidate(a.Value)
			}
			if a.Key == "extmap" && strings.HasSuffix(a.Value, sdp.TransportCCURI) {
				_, _ = fmt.Sscanf(a.Value, "%d", &t.ext)
			}
		}
	}
	for _, text := range t.early {
		t.candidate(text)
	}
	ufrag, pwd, want := attribute(remote, "ice-ufrag"), attribute(remote, "ice-pwd"), attribute(remote, "fingerprint")
	go func() { done(t.connect(ctx, ufrag, pwd, want)) }()
	return nil
}

func (t *thin) connect(ctx context.Context, ufrag, pwd, want string) error {
	conn, err := t.agent.Dial(ctx, ufrag, pwd)
	if err != nil {
		return fmt.Errorf("ICE: %w", err)
	}
	t.conn = conn
	go t.read()
	secure, err := dtls.ClientWithOptions(t, thinAddr{},
		dtls.WithCertificates(t.cert), dtls.WithSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM), dtls.WithInsecureSkipVerify(true), dtls.WithLoggerFactory(quiet),
		dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithVerifyPeerCertificate(func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || !strings.EqualFold(want, fingerprint(raw[0])) {
				return errors.New("the certificate is not the one that was told of")
			}
			return nil
		}))
	if err == nil {
		err = secure.HandshakeContext(ctx)
	}
	if err != nil {
		return fmt.Errorf("DTLS: %w", err)
	}
	state, _ := secure.ConnectionState()
	profile, _ := secure.SelectedSRTPProtectionProfile()
	keys := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := keys.ExtractSessionKeysFromDTLS(&state, true); err != nil {
		return err
	}
	in, err := srtp.CreateContext(keys.Keys.RemoteMasterKey, keys.Keys.RemoteMasterSalt, keys.Profile)
	if err != nil {
		return err
	}
	out, err := srtp.CreateContext(keys.Keys.LocalMasterKey, keys.Keys.LocalMasterSalt, keys.Profile)
	if err != nil {
		return err
	}
	t.mu.Lock()
	t.in, t.out = in, out
	t.mu.Unlock()
	go t.channels(secure)
	return nil
}

// channels reads what comes in data channels, which the server opens.
func (t *thin) channels(over net.Conn) {
	assoc, err := sctp.ClientWithOptions(sctp.WithNetConn(over), sctp.WithLoggerFactory(quiet))
	if err != nil {
		return
	}
	t.mu.Lock()
	t.assoc = assoc
	t.mu.Unlock()
	for {
		c, err := datachannel.Accept(assoc, &datachannel.Config{LoggerFactory: quiet})
		if err != nil {
			return
		}
		go func() {
			t.message(c, nil)
			b := make([]byte, 64<<10)
			for {
				n, _, err := c.ReadDataChannel(b)
				if err != nil {
					return
				}
				t.message(c, b[:n])
			}
		}()
	}
}

// read tells apart what comes (RFC 7983, section 7).
func (t *thin) read() {
	b := make([]byte, 1600)
	var last time.Time
	for {
		n, err := t.conn.Read(b)
		if err != nil {
			return
		}
		switch p := b[:n]; {
		case n > 0 && p[0] >= 20 && p[0] <= 63:
			_, _ = t.dtls.Write(p) // when full it is lost, as on a network
		case n >= 12 && p[0] >= 128 && p[0] <= 191 && (p[1] < 192 || p[1] > 223):
			last = t.received(p, last)
		}
	}
}

// received opens a packet, and sends feedback when it is due.
func (t *thin) received(p []byte, last time.Time) time.Time {
	t.mu.Lock()
	in, out := t.in, t.out
	t.mu.Unlock()
	if in == nil {
		return last
	}
	var h rtp.Header
	if _, err := in.DecryptRTP(nil, p, &h); err != nil {
		return last
	}
	t.packet(&h)
	var number rtp.TransportCCExtension
	if raw := h.GetExtension(t.ext); raw == nil || number.Unmarshal(raw) != nil {
		return last
	}
	now := time.Now()
	t.feedback.Record(h.SSRC, number.TransportSequence, now.UnixMicro())
	if now.Sub(last) < feedbackEvery {
		return last
	}
	raw, err := rtcp.Marshal(t.feedback.BuildFeedbackPacket())
	if err == nil {
		raw, err = out.EncryptRTCP(nil, raw, nil)
	}
	if err == nil {
		_, _ = t.conn.Write(raw)
	}
	return now
}

// The packets of DTLS, as net.PacketConn has them.

func (t *thin) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := t.dtls.Read(b)
	return n, thinAddr{}, err
}

func (t *thin) WriteTo(b []byte, _ net.Addr) (int, error) { return t.conn.Write(b) }
func (t *thin) Close() error                              { return nil }
func (t *thin) LocalAddr() net.Addr                       { return thinAddr{} }
func (t *thin) SetDeadline(d time.Time) error             { return t.dtls.SetReadDeadline(d) }
func (t *thin) SetReadDeadline(d time.Time) error         { return t.dtls.SetReadDeadline(d) }
func (t *thin) SetWriteDeadline(time.Time) error          { return nil }

type thinAddr struct{}

func (thinAddr) Network() string { return "ice" }
func (thinAddr) String() string  { return "server" }
