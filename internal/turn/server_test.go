// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"
)

// patience is how long a test waits for what has to come.
const patience = time.Minute

const realm = "redial"

// site is a server with one media address, which echoes.
type site struct {
	t      testing.TB
	s      *Server
	issuer *Issuer
	udp    *net.UDPAddr
	tcp    string
	media  netip.AddrPort // as it is told
}

// told is the address that clients of these tests are told: not one of this
// machine, as behind 1:1 NAT.
var told = netip.MustParseAddr("203.0.113.7")

func start(t testing.TB, change func(*Config)) *site {
	t.Helper()
	echo := packetConn(t).(*net.UDPConn)
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := echo.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = echo.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	local := echo.LocalAddr().(*net.UDPAddr).AddrPort()
	udp := packetConn(t)
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	one := &site{t: t, issuer: NewIssuer("a secret of the tests", time.Hour), udp: udp.LocalAddr().(*net.UDPAddr), tcp: tcp.Addr().String(), media: netip.AddrPortFrom(told, local.Port())}
	cfg := Config{
		Packets: []net.PacketConn{udp}, Streams: []net.Listener{tcp}, Realm: realm, Issuer: one.issuer,
		Routes: []Route{{Told: one.media, Local: local}}, RelayIPs: []netip.Addr{told},
	}
	if change != nil {
		change(&cfg)
	}
	if one.s, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = one.s.Close() })
	return one
}

func packetConn(t testing.TB) net.PacketConn {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// client is a TURN client over UDP with a credential.
func (s *site) client(c Credential) *pion.Client {
	s.t.Helper()
	return s.over(packetConn(s.t), s.udp.String(), c)
}

func (s *site) over(conn net.PacketConn, server string, c Credential) *pion.Client {
	s.t.Helper()
	client, err := pion.NewClient(&pion.ClientConfig{
		STUNServerAddr: server, TURNServerAddr: server, Conn: conn, Username: c.Username, Password: c.Password, Realm: realm,
		LoggerFactory: silent{},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.Close)
	if err := client.Listen(); err != nil {
		s.t.Fatal(err)
	}
	return client
}

// echoes fails unless a packet to the media address comes back from there.
func (s *site) echoes(relay net.PacketConn) {
	s.t.Helper()
	want := []byte("a packet")
	got := make([]byte, 2000)
	deadline := time.Now().Add(patience)
	for {
		if _, err := relay.WriteTo(want, net.UDPAddrFromAddrPort(s.media)); err != nil {
			s.t.Fatal(err)
		}
		_ = relay.SetReadDeadline(time.Now().Add(time.Second))
		n, from, err := relay.ReadFrom(got)
		for err == nil && !bytes.Equal(got[:n], want) { // of what was sent before
			n, from, err = relay.ReadFrom(got)
		}
		if err == nil {
			if addrPort(from) != s.media {
				s.t.Fatalf("it comes from %v", from)
			}
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatal("nothing came back:", err)
		}
	}
}

// code is the error code that a client was answered with.
func code(err error) int {
	var n int
	if err != nil {
		for _, word := range strings.Fields(strings.NewReplacer("(error ", "", ":", " ", ")", " ").Replace(err.Error())) {
			if _, bad := fmt.Sscanf(word, "%d", &n); bad == nil && n >= 300 && n < 700 {
				return n
			}
		}
	}
	return 0
}

// TestRelayedOverUDPAndTCP: what a client sends to the address that it was told
// arrives at the socket behind it, and answers seem to come from that address.
func TestRelayedOverUDPAndTCP(t *testing.T) {
	s := start(t, nil)
	user := s.issuer.UserOf("room", "peer")
	for _, over := range []string{"udp", "tcp"} {
		conn := packetConn(t)
		server := s.udp.String()
		if over == "tcp" {
			c, err := net.Dial("tcp", s.tcp)
			if err != nil {
				t.Fatal(err)
			}
			conn, server = pion.NewSTUNConn(c), s.tcp
		}
		relay, err := s.over(conn, server, s.issuer.Issue(user)).Allocate()
		if err != nil {
			t.Fatal(over, err)
		}
		if at := addrPort(relay.LocalAddr()); at.Addr() != told {
			t.Errorf("%s: the relay is said to be at %v", over, at)
		}
		s.echoes(relay)
	}
	e := s.s.Evidence(user, "127.0.0.1")
	if e.Allocations != 2 || e.Made != 2 || strings.Join(e.Over, " ") != "udp tcp" || e.In < 16 || e.Out < 16 || e.Permissions < 2 {
		t.Errorf("evidence %+v", e)
	}
	if e.Host == nil || len(e.Host.Refused) != 1 || e.Host.Refused[0].Code != 401 {
		t.Errorf("of the address %+v", e.Host)
	}
	if e := s.s.Evidence("nobody", ""); e.Made != 0 || e.Host != nil {
		t.Errorf("of nobody %+v", e)
	}
}

// TestRelaysReachMediaOnly: an allocation gets no permission for any address that is
// no media address, however it is written, and another port of the media address
// gets nothing.
func TestRelaysReachMediaOnly(t *testing.T) {
	s := start(t, nil)
	client := s.client(s.issuer.Issue(s.issuer.UserOf("room", "peer")))
	relay, err := client.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"169.254.169.254", "127.0.0.1", "127.8.8.8", "10.0.0.1", "10.255.0.9", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "255.255.255.255",
		"224.0.0.1", "8.8.8.8", "203.0.113.8",
	} {
		err := client.CreatePermission(&net.UDPAddr{IP: net.ParseIP(address), Port: s.udp.Port})
		if got := code(err); got != 403 {
			t.Errorf("%s: %v", address, err)
		}
	}
	victim := packetConn(t) // at the address behind the one that is told, on another port
	other := net.UDPAddrFromAddrPort(netip.AddrPortFrom(told, addrPort(victim.LocalAddr()).Port()))
	if _, err := relay.WriteTo([]byte("x"), other); err != nil {
		t.Fatal(err)
	}
	s.echoes(relay) // what was sent before has been dealt with
	_ = victim.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, _, err := victim.ReadFrom(make([]byte, 10)); err == nil {
		t.Errorf("another port got %d bytes", n)
	}
}

// TestAddressesThatRelaysReach: IPv4 in the clothes of IPv6 is IPv4, and what is
// never reached is not reached by a setting either.
func TestAddressesThatRelaysReach(t *testing.T) {
	media := netip.MustParseAddrPort("127.0.0.1:7882")
	r := newRelays(Config{
		Routes: []Route{{Told: media, Local: media}},
		Also:   []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")},
	}, nil, nil)
	s := &Server{relays: r, table: newTable(Bounds{}.withDefaults(), newMetrics(nil))}
	at := netip.MustParseAddrPort("192.0.2.1:9")
	s.table.allocated(at, "user", nil)
	for address, want := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "127.0.0.2": false, "::ffff:127.0.0.2": false, "::1": false, "8.8.8.8": true, "10.1.1.1": true,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "fe80::1": false, "0.0.0.0": false, "::": false, "::ffff:0.0.0.0": false,
		"224.0.0.1": false, "ff02::1": false, "255.255.255.255": false, "2001:db8::1": true,
	} {
		if got := s.mayReach(net.UDPAddrFromAddrPort(at), net.ParseIP(address)); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// TestCredentials: what was not made here, has expired, or is for another realm makes
// no allocation; one that there is, is refreshed after its credential has expired.
func TestCredentials(t *testing.T) {
	var later atomic.Int64
	s := start(t, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) } })
	user := s.issuer.UserOf("room", "peer")
	good := s.issuer.Issue(user)
	long := Credential{Username: strings.Replace(good.Username, ":", "0:", 1), Password: good.Password}
	old := (&Issuer{secret: s.issuer.secret, life: -time.Minute, now: time.Now}).Issue(user)
	for name, c := range map[string]Credential{
		"no password": {good.Username, "guess"}, "a longer life": long, "expired": old, "another secret": NewIssuer("another", time.Hour).Issue(user),
		"no expiry": {user, good.Password}, "no user": {"99999999999", "x"}, "a plain name": s.issuer.Issue("peer"),
	} {
		if _, err := s.client(c).Allocate(); err == nil {
			t.Errorf("%s: allocated", name)
		}
	}
	if e := s.s.Evidence(user, "127.0.0.1"); e.Made != 0 || e.Host.Forged != 3 {
		t.Errorf("evidence %+v, of the address %+v", e, e.Host)
	}
	if _, _, ok := s.s.authenticate(&pion.RequestAttributes{Username: good.Username, Realm: "another"}); ok {
		t.Error("the realm is not looked at")
	}
	if _, err := s.client(good).Allocate(); err != nil {
		t.Fatal(err)
	}
	later.Store(int64(2 * time.Hour))
	for method, want := range map[stun.Method]bool{stun.MethodAllocate: false, stun.MethodRefresh: true, stun.MethodCreatePermission: true, stun.MethodChannelBind: true} {
		if _, _, ok := s.s.authenticate(&pion.RequestAttributes{Username: good.Username, Realm: realm, Method: method}); ok != want {
			t.Errorf("%v: %v", method, ok)
		}
	}
}

// TestQuotas: a user, and all together, get as many allocations as they may, and
// another when one is given back.
func TestQuotas(t *testing.T) {
	s := start(t, func(c *Config) { c.Bounds.UserAllocations, c.Bounds.Allocations = 2, 3 })
	a, b := s.issuer.Issue(s.issuer.UserOf("room", "a")), s.issuer.Issue(s.issuer.UserOf("room", "b"))
	var first net.PacketConn
	for i, want := range []int{0, 0, 486} {
		relay, err := s.client(a).Allocate()
		if got := code(err); got != want {
			t.Fatalf("allocation %d: %v", i, err)
		}
		if i == 0 {
			first = relay
		}
	}
	for i, want := range []int{0, 486} {
		if _, err := s.client(b).Allocate(); code(err) != want {
			t.Fatalf("allocation %d of another: %v", i, err)
		}
	}
	if e := s.s.Evidence(s.issuer.UserOf("room", "a"), ""); len(e.Refused) != 1 || e.Refused[0].Code != 486 || e.Refused[0].Times != 1 {
		t.Errorf("evidence %+v", e)
	}
	_ = first.Close()
	until(t, func() bool { _, err := s.client(b).Allocate(); return err == nil })
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// TestChannelSpam: an allocation has a few channels and permissions, whatever its
// client asks for.
func TestChannelSpam(t *testing.T) {
	s := start(t, func(c *Config) { c.Bounds.Permissions = 4 })
	c := s.raw(s.issuer.Issue(s.issuer.UserOf("room", "peer")))
	c.ask(stun.MethodAllocate, transportUDP)
	codes := map[int]int{}
	for i := range 40 {
		codes[c.ask(stun.MethodChannelBind, channel(0x4000+i), peer(s.media.Addr(), 1000+i))]++
	}
	if codes[0] != 4 || codes[401] != 36 { // the library's word for 403 here
		t.Errorf("channels: %v", codes)
	}
}

// TestBandwidth: what a user sends beyond its share is dropped.
func TestBandwidth(t *testing.T) {
	s := start(t, func(c *Config) { c.Bounds.UserBytes = 10_000 })
	user := s.issuer.UserOf("room", "peer")
	relay, err := s.client(s.issuer.Issue(user)).Allocate()
	if err != nil {
		t.Fatal(err)
	}
	s.echoes(relay)
	began := time.Now()
	for range 100 {
		_, _ = relay.WriteTo(make([]byte, 1000), net.UDPAddrFromAddrPort(s.media))
	}
	s.echoes(relay)
	e := s.s.Evidence(user, "")
	if most := 10_000 * (1 + time.Since(began).Seconds()); float64(e.In+e.Out) > most+1000 {
		t.Errorf("%d and %d bytes in %v", e.In, e.Out, time.Since(began))
	}
}

// raw is a client that sends what it likes.
type raw struct {
	t     testing.TB
	conn  net.Conn
	c     Credential
	nonce string
}

func (s *site) raw(c Credential) *raw {
	s.t.Helper()
	conn, err := net.Dial("udp4", s.udp.String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return &raw{t: s.t, conn: conn, c: c}
}

type attribute struct {
	t stun.AttrType
	v []byte
}

func (a attribute) AddTo(m *stun.Message) error { m.Add(a.t, a.v); return nil }

var transportUDP = attribute{stun.AttrRequestedTransport, []byte{17, 0, 0, 0}}

func channel(n int) attribute {
	return attribute{stun.AttrChannelNumber, []byte{byte(n >> 8), byte(n), 0, 0}}
}

func peer(a netip.Addr, port int) attribute {
	v := []byte{0, 1, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(v[2:], uint16(port)^(stunCookie>>16))
	ip := a.As4()
	binary.BigEndian.PutUint32(v[4:], binary.BigEndian.Uint32(ip[:])^stunCookie)
	return attribute{stun.AttrXORPeerAddress, v}
}

// ask sends a request until it is answered and returns the code, 0 for success. Who
// is told a nonce asks again with it.
func (r *raw) ask(method stun.Method, with ...stun.Setter) int {
	r.t.Helper()
	answer := r.answer(method, with...)
	got := errorCode(answer.Raw)
	if r.nonce == "" && got == 401 {
		var nonce stun.Nonce
		if err := nonce.GetFrom(answer); err != nil {
			r.t.Fatal(err)
		}
		r.nonce = nonce.String()
		return r.ask(method, with...)
	}
	return got
}

func (r *raw) answer(method stun.Method, with ...stun.Setter) *stun.Message {
	r.t.Helper()
	m := r.request(method, with...)
	b := make([]byte, 2000)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if _, err := r.conn.Write(m.Raw); err != nil {
			r.t.Fatal(err)
		}
		_ = r.conn.SetReadDeadline(time.Now().Add(time.Second))
		for {
			n, err := r.conn.Read(b)
			if err != nil {
				break
			}
			answer := &stun.Message{Raw: b[:n]}
			if answer.Decode() == nil && answer.TransactionID == m.TransactionID {
				return answer
			}
		}
	}
	r.t.Fatal("no answer")
	return nil
}

func (r *raw) request(method stun.Method, with ...stun.Setter) *stun.Message {
	all := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, with...)
	if r.nonce != "" {
		all = append(all, stun.NewUsername(r.c.Username), stun.NewRealm(realm), stun.NewNonce(r.nonce),
			stun.NewLongTermIntegrity(r.c.Username, realm, r.c.Password))
	}
	m, err := stun.Build(all...)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// TestStrangersAreAnsweredShortlyAndSeldom: the answer to who has no credential is
// short, comes a bounded number of times to one host, and leaves nothing behind.
func TestStrangersAreAnsweredShortlyAndSeldom(t *testing.T) {
	s := start(t, func(c *Config) { c.Bounds.HostRequests = 20 })
	c := s.raw(Credential{})
	for range 200 {
		if _, err := c.conn.Write(c.request(stun.MethodAllocate, transportUDP).Raw); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
	}
	answers, b := 0, make([]byte, 2000)
	for {
		_ = c.conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
		n, err := c.conn.Read(b)
		if err != nil {
			break
		}
		if answers++; n > 120 {
			t.Fatalf("an answer of %d bytes", n)
		}
	}
	if answers == 0 || answers > 25 {
		t.Errorf("%d answers to 200 requests", answers)
	}
	if n := s.s.inner.AllocationCount(); n != 0 {
		t.Errorf("%d allocations", n)
	}
}
