// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/turn"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// relays are the TURN servers that clients are told of: this process's own and
// those that share a secret with it.
type relays struct {
	cfg    config.TURN
	issuer *turn.Issuer // of our own
	server *turn.Server // nil: there is none
	gate   *turn.Gate   // of the port of HTTPS; nil: that is for HTTPS alone
	own    []ownTURN
	others []otherTURN
	public string // host of http.public_url
}

// ownTURN is one of our ports as an address has it (RFC 7065).
type ownTURN struct {
	scheme, transport string
	port              int
}

type otherTURN struct {
	urls   []string
	issuer *turn.Issuer
}

// iceServer is what a client is told, in the words of no wire.
type iceServer struct {
	urls                 []string
	username, credential string
}

// startTURN opens the ports of TURN. web is the listener of HTTPS; what it returns
// is to be served in its place.
func (s *Server) startTURN(ctx context.Context, engine *sfu.Engine, web net.Listener, metrics prometheus.Registerer) (*relays, net.Listener, error) {
	cfg := s.cfg.Media.TURN
	r := &relays{cfg: cfg, public: hostOf(strings.TrimPrefix(strings.TrimPrefix(s.cfg.HTTP.PublicURL, "https://"), "http://"))}
	for _, one := range cfg.External {
		r.others = append(r.others, otherTURN{one.URLs, turn.NewIssuer(one.Secret, cfg.CredentialLife)})
	}
	if !cfg.Enabled {
		return r, web, nil
	}
	r.issuer = turn.NewIssuer(turn.DeriveSecret(s.cfg.Access.Keys[0].Secret), cfg.CredentialLife)
	bounds := turn.Bounds{
		Allocations: cfg.Allocations, UserAllocations: cfg.UserAllocations, Permissions: cfg.Permissions,
		Bytes: cfg.Bytes, UserBytes: cfg.UserBytes, Connections: cfg.Connections, HostConnections: cfg.HostConnections,
		Requests: cfg.Requests, HostRequests: cfg.HostRequests, Silence: s.cfg.Limits.HandshakeTimeout,
	}
	to := turn.Config{
		Realm: cfg.Realm, Issuer: r.issuer, Also: cfg.Networks(), Bounds: bounds, Metrics: metrics,
		Routes: mediaRoutes(engine),
	}
	for _, text := range s.cfg.Media.Advertise {
		if ip, err := netip.ParseAddr(text); err == nil {
			to.RelayIPs = append(to.RelayIPs, ip.Unmap())
		}
	}
	slices.Reverse(to.RelayIPs) // the first of a family is the one that is told
	var gates []*turn.Gate
	open := func(l net.Listener) {
		to.Streams = append(to.Streams, l)
		s.onClose("turn listener", func(context.Context) error { return ignoreClosed(l.Close()) })
	}
	if cfg.UDP != "" {
		sockets, port, err := s.listenTURN(ctx, cfg.UDP)
		if err != nil {
			return nil, nil, err
		}
		to.Packets = sockets
		r.own = append(r.own, ownTURN{"turn", "udp", port})
	}
	if cfg.TCP != "" {
		l, err := listen(ctx, "media.turn.tcp", cfg.TCP)
		if err != nil {
			return nil, nil, err
		}
		open(s.loops.Listener("media.turn.tcp", l))
		r.own = append(r.own, ownTURN{"turn", "tcp", portOf(l.Addr())})
	}
	if cfg.TLS != "" {
		l, err := listen(ctx, "media.turn.tls", cfg.TLS)
		if err != nil {
			return nil, nil, err
		}
		g := turn.NewGate(s.loops.Listener("media.turn.tls", l), s.cert.TLS(), false, bounds)
		gates = append(gates, g)
		open(g.TURN())
		r.own = append(r.own, ownTURN{"turns", "tcp", portOf(l.Addr())})
	}
	if cfg.HTTPS && s.cert != nil {
		r.gate = turn.NewGate(web, s.webTLS(), true, bounds)
		gates = append(gates, r.gate)
		open(r.gate.TURN())
		r.own = append(r.own, ownTURN{"turns", "tcp", portOf(web.Addr())})
		web = r.gate.Web()
	}
	server, err := turn.New(to)
	if err != nil {
		return nil, nil, err
	}
	r.server = server
	s.onClose("turn", func(context.Context) error { return ignoreClosed(server.Close()) })
	for _, g := range gates {
		go g.Run(server)
	}
	return r, web, nil
}

// webTLS names the protocols of HTTP, as net/http does for listeners of its own.
func (s *Server) webTLS() *tls.Config {
	secured := s.cert.TLS().Clone()
	for _, protocol := range []string{"http/1.1", "h2"} {
		if !slices.Contains(secured.NextProtos, protocol) {
			secured.NextProtos = append([]string{protocol}, secured.NextProtos...)
		}
	}
	return secured
}

// listenTURN opens a UDP address, each family by itself where it names no host.
func (s *Server) listenTURN(ctx context.Context, address string) (all []net.PacketConn, port int, err error) {
	host, text, _ := net.SplitHostPort(address)
	networks := []string{"udp"}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		networks = []string{"udp4", "udp6"}
		if err == nil && ip.Is4() {
			networks = networks[:1]
		}
		host = ""
	}
	for _, network := range networks {
		c, err := (&net.ListenConfig{}).ListenPacket(ctx, network, net.JoinHostPort(host, text))
		if err != nil && len(all) > 0 {
			break // this machine has no IPv6
		}
		if err != nil {
			return nil, 0, listenFailed(err, "media.turn.udp", address)
		}
		udp := c.(*net.UDPConn)
		_ = udp.SetReadBuffer(4 << 20) // asked for; the kernel may give less
		_ = udp.SetWriteBuffer(4 << 20)
		socket := s.loops.UDP("media.turn.udp", udp)
		s.onClose("turn socket", func(context.Context) error { return ignoreClosed(socket.Close()) })
		all, port = append(all, socket), portOf(c.LocalAddr())
		text = strconv.Itoa(port)
	}
	return all, port, nil
}

// mediaRoutes are the addresses that relays go to: what clients are told, each with
// where it leads to here.
func mediaRoutes(engine *sfu.Engine) []turn.Route {
	var all []turn.Route
	for told, local := range engine.Locals() {
		all = append(all, turn.Route{Told: told, Local: local})
	}
	return all
}

// For is what a client is told that came to a host.
func (r *relays) For(host, room, peer string) []iceServer {
	var all []iceServer
	add := func(urls []string, i *turn.Issuer) {
		c := i.Issue(i.UserOf(room, peer))
		all = append(all, iceServer{urls, c.Username, c.Password})
	}
	if r.server != nil {
		name := cmp.Or(strings.Trim(r.cfg.Host, "[]"), r.public, hostOf(host))
		var urls []string
		for _, one := range r.own {
			urls = append(urls, one.scheme+":"+net.JoinHostPort(name, strconv.Itoa(one.port))+"?transport="+one.transport)
		}
		add(urls, r.issuer)
	}
	for _, one := range r.others {
		add(one.urls, one.issuer)
	}
	return all
}

// Evidence is what the listeners saw of a peer; nil where there are none.
func (r *relays) Evidence(room, peer, host string) *evidence.Turn {
	if r.server == nil {
		return nil
	}
	return r.server.Evidence(r.issuer.UserOf(room, peer), host)
}

// webServers are the ICE servers as RTCIceServer has them.
func (r *relays) webServers(host, room, peer string) []map[string]any {
	var all []map[string]any
	for _, one := range r.For(host, room, peer) {
		all = append(all, map[string]any{"urls": one.urls, "username": one.username, "credential": one.credential})
	}
	return all
}

// flatServers lists every address by itself.
func (r *relays) flatServers(host, room, peer string) []kurento.ICEServer {
	var all []kurento.ICEServer
	for _, one := range r.For(host, room, peer) {
		for _, u := range one.urls {
			all = append(all, kurento.ICEServer{URL: u, Username: one.username, Credential: one.credential})
		}
	}
	return all
}

func portOf(a net.Addr) int {
	_, text, _ := net.SplitHostPort(a.String())
	port, _ := strconv.Atoi(text)
	return port
}

// hostOf is the host of HOST or HOST:PORT, without brackets.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(strings.Trim(address, "/"))
	if err != nil {
		host = strings.Trim(address, "/")
	}
	return strings.Trim(host, "[]")
}

// sniffed marks requests of connections that named no protocol in their handshake:
// they are over TLS all the same.
func sniffed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(sniffedKey{}).(*turn.Sniffed); ok && r.TLS == nil {
			state := c.ConnectionState()
			r.TLS = &state
		}
		next.ServeHTTP(w, r)
	})
}

type sniffedKey struct{}
