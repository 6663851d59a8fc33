// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/accept"
	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/sfu/transport"
)

// sockets are the UDP and TCP listeners all connections share (RFC 8445 over a
// single port: peers are told apart by the user name of their checks).
type sockets struct {
	udp     *udpMux
	tcp     ice.TCPMux
	tcpPort int
	addrs   []netip.AddrPort // what peers are told
	tcpIPs  []net.IP         // local addresses TCP candidates are made of

	advertise []netip.Addr
}

const (
	udpBuffer = 4 << 20 // asked for; the kernel may give less
	portTries = 20      // a free port must be free on every address
	tcpBuffer = 1 << 20 // per connection; what does not fit is dropped, as a network would

	// A peer learns our ICE user names after we have begun to listen for them and
	// sends a binding as soon as it is connected. A TCP connection without one, or
	// with a name nobody here has, is a stranger's or one of a call that has just
	// ended. It may hold up Close for as long as it is kept.
	tcpFirstBinding = 5 * time.Second
	tcpUnclaimed    = time.Second
)

func openSockets(cfg Config, in intake, log logging.LoggerFactory) (*sockets, error) {
	host, port, err := splitAddr(cfg.UDPAddr)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err, "field", "udp address")
	}
	if err := checkAdvertised(cfg); err != nil {
		return nil, err
	}
	ips, err := listenIPs(cfg, host)
	if err != nil {
		return nil, err
	}
	udp, err := listenUDP(ips, cfg, port, in, log)
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err, "field", "udp address", "value", cfg.UDPAddr)
	}
	s := &sockets{udp: udp, addrs: udp.told, tcpIPs: ips, advertise: cfg.Advertise}
	if cfg.TCPAddr == "" {
		return s, nil
	}
	if err := s.listenTCP(cfg, in.probes, log); err != nil {
		_ = s.Close()
		return nil, fault.ConfigInvalid.Wrap(err, "field", "tcp address", "value", cfg.TCPAddr)
	}
	return s, nil
}

func (s *sockets) Close() error {
	err := s.udp.Close()
	if s.tcp != nil {
		err = errors.Join(err, s.tcp.Close())
	}
	return err
}

func splitAddr(addr string) (host string, port int, err error) {
	if addr == "" {
		return "", 0, nil
	}
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("port %q is not a number from 0 to 65535", p)
	}
	return host, port, nil
}

// checkAdvertised refuses addresses that no peer could ever send to.
func checkAdvertised(cfg Config) error {
	for _, a := range cfg.Advertise {
		switch {
		case !a.IsValid(), a.IsUnspecified(), a.IsMulticast(), a.IsLinkLocalUnicast():
			return fault.AdvertisedAddress.New("address", a.String())
		case a.IsLoopback() && !cfg.Loopback:
			return fault.AdvertisedAddress.New("address", a.String(), "reason", "loopback reaches only this machine")
		}
	}
	return nil
}

// listenIPs are the local addresses to bind. With advertised addresses the
// socket is bound to all of them at once: a forwarded packet may come in on any.
func listenIPs(cfg Config, host string) ([]net.IP, error) {
	if cfg.Loopback {
		ips := []net.IP{net.IPv4(127, 0, 0, 1)}
		if c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback}); err == nil {
			_ = c.Close()
			ips = append(ips, net.IPv6loopback)
		}
		return ips, nil
	}
	if host != "" {
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return nil, fault.ConfigInvalid.Wrap(err, "field", "udp address")
		}
		if !ip.IsUnspecified() {
			return []net.IP{ip.AsSlice()}, nil
		}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fault.ConfigInvalid.Wrap(err, "field", "udp address")
	}
	var ips []net.IP
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() || n.IP.IsMulticast() {
			continue
		}
		if len(cfg.Advertise) > 0 && !slices.ContainsFunc(cfg.Advertise, func(a netip.Addr) bool {
			return a.Unmap().Is4() == (n.IP.To4() != nil)
		}) {
			continue // nobody will be told to use this family
		}
		ips = append(ips, n.IP)
	}
	if len(ips) == 0 {
		return nil, fault.ConfigInvalid.New("field", "udp address", "reason", "this machine has no address but loopback")
	}
	return ips, nil
}

// listenUDP binds one port on every address, or on the wildcard of each family
// when other addresses are advertised.
func listenUDP(ips []net.IP, cfg Config, port int, in intake, log logging.LoggerFactory) (*udpMux, error) {
	binds := ips
	if len(cfg.Advertise) > 0 && len(ips) > 1 {
		binds = wildcards(ips)
	}
	for try := 0; ; try++ {
		m, err := listenUDPOnce(binds, cfg, port, in, log)
		if err == nil {
			return m, nil
		}
		if port != 0 || try == portTries {
			return nil, err
		}
	}
}

// wildcards gives the unspecified address of every family in ips.
func wildcards(ips []net.IP) []net.IP {
	var v4, v6 bool
	for _, ip := range ips {
		if ip.To4() != nil {
			v4 = true
		} else {
			v6 = true
		}
	}
	var out []net.IP
	if v4 {
		out = append(out, net.IPv4zero)
	}
	if v6 {
		out = append(out, net.IPv6unspecified)
	}
	return out
}

// maxLoops bounds what the loops of one address take: each has room for 32 packets.
const maxLoops = 32

// loopsOf is how many sockets the kernel is to have of an address.
func loopsOf(cfg Config) int {
	if !cfg.OwnTransport {
		return 1
	}
	return min(cmp.Or(cfg.UDPLoops, background.Processors()), maxLoops)
}

func listenUDPOnce(binds []net.IP, cfg Config, port int, in intake, log logging.LoggerFactory) (*udpMux, error) {
	m := &udpMux{}
	for _, ip := range binds {
		network := "udp6"
		if ip.To4() != nil {
			network = "udp4"
		}
		conns, err := transport.ListenUDP(network, &net.UDPAddr{IP: ip, Port: port}, loopsOf(cfg))
		if err != nil {
			_ = m.Close()
			return nil, err
		}
		bound := conns[0].LocalAddr()
		port = bound.(*net.UDPAddr).Port
		sock, err := transport.NewSocket(conns...)
		var udp []*accept.UDP
		for _, c := range conns {
			_ = c.SetReadBuffer(udpBuffer)
			_ = c.SetWriteBuffer(udpBuffer)
			udp = append(udp, cfg.Loops.UDP("media.udp", c))
		}
		if err != nil {
			for _, c := range udp {
				err = errors.Join(err, c.Close())
			}
			_ = m.Close()
			return nil, err
		}
		var read net.PacketConn = mediaUDP{udp[0], in, sock}
		if in.own != nil {
			read = loop(in, sock, udp)
		}
		inner := ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: log.NewLogger("ice"), UDPConn: read})
		m.socks = append(m.socks, udpSock{mux: inner, sock: sock, v4: ip.To4() != nil, addr: bound})
	}
	m.port = port
	m.tell(cfg.Advertise)
	if len(m.told) == 0 {
		_ = m.Close()
		return nil, errors.New("no advertised address is of a family that can be bound")
	}
	return m, nil
}

// udpMux joins the sockets into one mux that lists the addresses peers are told
// rather than those that were bound.
type udpMux struct {
	socks []udpSock
	port  int
	told  []netip.AddrPort
	via   map[string]udpSock // by told address
}

type udpSock struct {
	mux  *ice.UDPMuxDefault
	sock *transport.Socket
	v4   bool
	addr net.Addr
}

func (m *udpMux) tell(advertise []netip.Addr) {
	m.via = map[string]udpSock{}
	add := func(ap netip.AddrPort, s udpSock) {
		if _, dup := m.via[ap.String()]; !dup {
			m.told = append(m.told, ap)
			m.via[ap.String()] = s
		}
	}
	for _, s := range m.socks {
		if len(advertise) == 0 {
			ip, _ := netip.AddrFromSlice(s.addr.(*net.UDPAddr).IP)
			add(netip.AddrPortFrom(ip.Unmap(), uint16(m.port)), s)
			continue
		}
		for _, a := range advertise {
			if a.Unmap().Is4() == s.v4 {
				add(netip.AddrPortFrom(a.Unmap(), uint16(m.port)), s)
			}
		}
	}
}

// GetListenAddresses lists what peers are told.
func (m *udpMux) GetListenAddresses() []net.Addr {
	out := make([]net.Addr, len(m.told))
	for i, ap := range m.told {
		out[i] = net.UDPAddrFromAddrPort(ap)
	}
	return out
}

// GetConn gives the packets of one ICE user name on the socket behind addr.
func (m *udpMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	s, ok := m.via[addr.String()]
	if !ok {
		return nil, fmt.Errorf("no socket behind %s", addr)
	}
	return s.mux.GetConn(ufrag, s.addr)
}

// RemoveConnByUfrag forgets a user name on every socket.
func (m *udpMux) RemoveConnByUfrag(ufrag string) {
	for _, s := range m.socks {
		s.mux.RemoveConnByUfrag(ufrag)
	}
}

// Close closes the sockets.
func (m *udpMux) Close() error {
	var err error
	for _, s := range m.socks {
		err = errors.Join(err, s.mux.Close())
	}
	return err
}

func (s *sockets) listenTCP(cfg Config, probes *prober, log logging.LoggerFactory) error {
	host, port, err := splitAddr(cfg.TCPAddr)
	if err != nil {
		return err
	}
	if len(cfg.Advertise) > 0 && len(s.tcpIPs) > 1 {
		// Candidates are made per local address and those that look alike are
		// dropped, so only the address that packets leave from may remain.
		s.tcpIPs = outboundIPs(s.tcpIPs)
	}
	var binds []net.IP
	switch ip := net.ParseIP(host); {
	case cfg.Loopback:
		binds = s.tcpIPs
	case ip != nil && !ip.IsUnspecified():
		binds, s.tcpIPs = []net.IP{ip}, []net.IP{ip}
	default:
		binds = s.tcpIPs
	}
	var muxes []ice.TCPMux
	for _, ip := range binds {
		l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: ip, Port: port})
		if err != nil {
			for _, m := range muxes {
				_ = m.Close()
			}
			return err
		}
		if port == 0 {
			port = l.Addr().(*net.TCPAddr).Port
		}
		muxes = append(muxes, ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: probedListener{cfg.Loops.Listener("media.tcp", l), probes}, Logger: log.NewLogger("ice"), ReadBufferSize: 64, WriteBufferSize: tcpBuffer,
			FirstStunBindTimeout: tcpFirstBinding, AliveDurationForConnFromStun: tcpUnclaimed,
		}))
	}
	s.tcpPort = port
	s.tcp = &tcpMux{muxes: muxes, ips: binds}
	return nil
}

// tcpMux picks the listener by local address: the library's own multi mux asks
// all of them for every address.
type tcpMux struct {
	muxes []ice.TCPMux
	ips   []net.IP
}

// GetConnByUfrag gives the connections of one ICE user name on a local address.
func (m *tcpMux) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	for i, ip := range m.ips {
		if ip.Equal(local) {
			return m.muxes[i].GetConnByUfrag(ufrag, isIPv6, local)
		}
	}
	return nil, fmt.Errorf("no TCP listener on %s", local)
}

// RemoveConnByUfrag forgets a user name on every listener.
func (m *tcpMux) RemoveConnByUfrag(ufrag string) {
	for _, x := range m.muxes {
		x.RemoveConnByUfrag(ufrag)
	}
}

// Close closes the listeners.
func (m *tcpMux) Close() error {
	var err error
	for _, x := range m.muxes {
		err = errors.Join(err, x.Close())
	}
	return err
}

// outboundIPs keeps, per family, the address that packets to the internet would
// leave from. No packet is sent to find out.
func outboundIPs(ips []net.IP) []net.IP {
	var out []net.IP
	for _, far := range []string{"192.0.2.1:9", "[2001:db8::1]:9"} { // RFC 5737, RFC 3849
		c, err := net.Dial("udp", far)
		if err != nil {
			continue
		}
		local := c.LocalAddr().(*net.UDPAddr).IP
		_ = c.Close()
		for _, ip := range ips {
			if ip.Equal(local) {
				out = append(out, ip)
			}
		}
	}
	if len(out) == 0 {
		out = ips[:1]
	}
	return out
}

// locals are the addresses that peers are told, each with where this machine itself
// reaches the same socket.
func (s *sockets) locals() iter.Seq2[netip.AddrPort, netip.AddrPort] {
	return func(yield func(told, local netip.AddrPort) bool) {
		for _, told := range s.addrs {
			sock := s.udp.via[told.String()]
			local, _ := netip.AddrFromSlice(sock.addr.(*net.UDPAddr).IP)
			local = local.Unmap()
			if local.IsUnspecified() { // told apart by family
				for _, ip := range s.tcpIPs {
					if a, _ := netip.AddrFromSlice(ip); a.Unmap().Is4() == sock.v4 {
						local = a.Unmap()
						break
					}
				}
			}
			if !yield(told, netip.AddrPortFrom(local, uint16(s.udp.port))) {
				return
			}
		}
	}
}

func joinHostPort(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
