// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"cmp"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/logging"
	pion "github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/evidence"
)

// Route is a media address that clients are told, and where this process reaches
// it: behind 1:1 NAT the two differ.
type Route struct {
	Told  netip.AddrPort
	Local netip.AddrPort
}

// Config says what a Server serves, and to whom.
type Config struct {
	Packets []net.PacketConn // UDP sockets; closed with the server
	Streams []net.Listener   // TCP; closed with the server

	Realm  string
	Issuer *Issuer // of the credentials that are accepted
	Routes []Route // relays go to these
	Also   []netip.Prefix
	// RelayIPs are told to clients as the addresses of relays, one for a family;
	// without one of a family it is where its route is local.
	RelayIPs []netip.Addr

	Bounds  Bounds
	Metrics prometheus.Registerer // nil: none
	Now     func() time.Time      // that expiries are compared with; nil: time.Now
}

// Bounds are what strangers and users may take. Fields left at 0 take the defaults
// named here.
type Bounds struct {
	Allocations     int // at once; 2000
	UserAllocations int // of one user; 100
	Permissions     int // and channels, of one allocation; 32
	Bytes           int // relayed in a second, both ways together; 125,000,000
	UserBytes       int // of one user; 2,500,000
	Connections     int // TCP and TLS, at once; 4000
	HostConnections int // of one host; 400
	Requests        int // in a second of those who have no allocation; 2000
	HostRequests    int // in a minute of one such host; 3000

	// Silence is how long a connection may be open without an allocation, and how
	// long TLS may take; 10 s.
	Silence time.Duration
}

func (b Bounds) withDefaults() Bounds {
	b.Allocations = cmp.Or(b.Allocations, 2000)
	b.UserAllocations = cmp.Or(b.UserAllocations, 100)
	b.Permissions = cmp.Or(b.Permissions, 32)
	b.Bytes = cmp.Or(b.Bytes, 125_000_000)
	b.UserBytes = cmp.Or(b.UserBytes, 2_500_000)
	b.Connections = cmp.Or(b.Connections, 4000)
	b.HostConnections = cmp.Or(b.HostConnections, 400)
	b.Requests = cmp.Or(b.Requests, 2000)
	b.HostRequests = cmp.Or(b.HostRequests, 3000)
	b.Silence = cmp.Or(b.Silence, 10*time.Second)
	return b
}

const (
	allocationLife = 10 * time.Minute // unless the client asks for another, an hour at most
	// idleLife is how long a connection with an allocation may be silent: clients
	// refresh what they hold more often.
	idleLife      = allocationLife + time.Minute
	writePatience = 10 * time.Second // of a connection whose client does not read
)

// Server is a TURN server, running.
type Server struct {
	cfg    Config
	relays *relays
	table  *table
	met    *metrics
	inner  *pion.Server

	mu     sync.Mutex
	conns  map[*stream]struct{}
	count  counts // of conns
	closed bool
}

// New serves the sockets it is given until Close, and owns them if it succeeds.
func New(cfg Config) (*Server, error) {
	cfg.Bounds = cfg.Bounds.withDefaults()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, conns: map[*stream]struct{}{}, count: newCounts(cfg.Bounds), met: newMetrics(cfg.Metrics)}
	s.table = newTable(cfg.Bounds, s.met)
	s.table.register(cfg.Metrics)
	s.relays = newRelays(cfg, s.table, s.met)
	config := pion.ServerConfig{
		Realm: cfg.Realm, AuthHandler: s.authenticate, QuotaHandler: s.mayAllocate, EventHandler: s.events(),
		LoggerFactory: silent{}, AllocationLifetime: allocationLife, InboundMTU: maxFrame + 1,
		// A client that reaches TURN over IPv6 is after media over IPv4 all the same.
		StrictAddressFamily: s.relays.has(netip.IPv4Unspecified()),
	}
	for _, c := range cfg.Packets {
		config.PacketConnConfigs = append(config.PacketConnConfigs, pion.PacketConnConfig{
			PacketConn: &packets{PacketConn: c, s: s}, RelayAddressGenerator: s.relays, PermissionHandler: s.mayReach,
		})
	}
	for _, l := range cfg.Streams {
		config.ListenerConfigs = append(config.ListenerConfigs, pion.ListenerConfig{
			Listener: &streams{Listener: l, s: s}, RelayAddressGenerator: s.relays, PermissionHandler: s.mayReach,
		})
	}
	inner, err := pion.NewServer(config)
	if err != nil {
		return nil, err
	}
	s.inner = inner
	return s, nil
}

// Close ends every allocation and closes the sockets.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	open := make([]*stream, 0, len(s.conns))
	for c := range s.conns {
		open = append(open, c)
	}
	s.mu.Unlock()
	err := s.inner.Close()
	for _, c := range open {
		_ = c.Close()
	}
	s.relays.close()
	return err
}

// authenticate knows the key of a user name. An allocation may be made until the
// name expires; one that there is, is kept up for as long as its client likes.
func (s *Server) authenticate(r *pion.RequestAttributes) (string, []byte, bool) {
	expiry, user, ok := parseUsername(r.Username)
	if !ok || r.Realm != s.cfg.Realm {
		return "", nil, false
	}
	if s.cfg.Now().After(expiry) && (r.Method == methodAllocate || !s.table.active(user)) {
		s.met.expired.Inc()
		return "", nil, false
	}
	return user, pion.GenerateAuthKey(r.Username, r.Realm, s.cfg.Issuer.password(r.Username)), true
}

// mayAllocate is asked before an allocation is made; false becomes 486. What comes
// in at the same moment is held to the bounds by [relays.AllocatePacketConn].
func (s *Server) mayAllocate(user, _ string, _ net.Addr) bool {
	if s.table.full(user) {
		s.table.refused(user, 486)
		return false
	}
	return true
}

// mayReach tells whether an allocation may send to an address; false becomes 403.
func (s *Server) mayReach(client net.Addr, peer net.IP) bool {
	ip, ok := netip.AddrFromSlice(peer)
	return ok && s.relays.allowsIP(ip.Unmap()) && s.table.room(addrPort(client))
}

// events keep the table of clients.
func (s *Server) events() pion.EventHandler {
	return pion.EventHandler{
		OnAuth: func(from, _ net.Addr, _, name, _, _ string, ok bool) {
			if !ok {
				s.table.forged(addrPort(from).Addr())
			}
		},
		OnAllocationCreated: func(from, _ net.Addr, _, user, _ string, _ net.Addr, _ int) {
			s.table.allocated(addrPort(from), user, s.streamOf(from))
		},
		OnAllocationDeleted: func(from, _ net.Addr, _, _, _ string) { s.table.deleted(addrPort(from)) },
		OnPermissionCreated: func(from, _ net.Addr, _, _, _ string, _ net.Addr, _ net.IP) {
			s.table.permitted(addrPort(from), 1, 0)
		},
		OnPermissionDeleted: func(from, _ net.Addr, _, _, _ string, _ net.Addr, _ net.IP) {
			s.table.permitted(addrPort(from), -1, 0)
		},
		OnChannelCreated: func(from, _ net.Addr, _, _, _ string, _, _ net.Addr, _ uint16) {
			s.table.permitted(addrPort(from), 0, 1)
		},
		OnChannelDeleted: func(from, _ net.Addr, _, _, _ string, _, _ net.Addr, _ uint16) {
			s.table.permitted(addrPort(from), 0, -1)
		},
	}
}

// streamOf is the connection of a client, nil for one over UDP.
func (s *Server) streamOf(from net.Addr) *stream {
	if _, tcp := from.(*net.TCPAddr); !tcp {
		return nil
	}
	at := addrPort(from)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.from == at {
			return c
		}
	}
	return nil
}

// Evidence is what is known of a user, and of strangers at its host, as
// [limit.Key] has it.
func (s *Server) Evidence(user, host string) *evidence.Turn {
	return s.table.evidence(user, host)
}

// addrPort is an address of Pion's, 4 bytes of it for IPv4.
func addrPort(a net.Addr) netip.AddrPort {
	var at netip.AddrPort
	switch a := a.(type) {
	case *net.UDPAddr:
		at = a.AddrPort()
	case *net.TCPAddr:
		at = a.AddrPort()
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// silent drops what Pion says of strangers' packets: what matters is counted.
type silent struct{}

func (silent) NewLogger(string) logging.LeveledLogger { return silent{} }

func (silent) Trace(string)          {}
func (silent) Tracef(string, ...any) {}
func (silent) Debug(string)          {}
func (silent) Debugf(string, ...any) {}
func (silent) Info(string)           {}
func (silent) Infof(string, ...any)  {}
func (silent) Warn(string)           {}
func (silent) Warnf(string, ...any)  {}
func (silent) Error(string)          {}
func (silent) Errorf(string, ...any) {}
