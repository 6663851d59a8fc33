// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// victim is somebody on the network who never answers and counts what comes.
type victim struct {
	*net.UDPConn
	bytes, packets atomic.Int64
}

func newVictim(t testing.TB, host net.IP) *victim {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: host})
	if err != nil {
		t.Fatal(err)
	}
	s := &victim{UDPConn: c}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 2000)
		for {
			n, err := c.Read(b)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				s.bytes.Add(int64(n))
				s.packets.Add(1)
			}
		}
	}()
	t.Cleanup(func() { _ = c.Close(); <-ended })
	return s
}

func (s *victim) candidate() string {
	a := s.LocalAddr().(*net.UDPAddr)
	return fmt.Sprintf("candidate:1 1 udp 2130706431 %s %d typ host", a.IP, a.Port)
}

// described is a publisher that has answered the offer of a client which then
// does nothing, with what the client said.
func described(t testing.TB, e *Engine, candidates ...string) (pub *Publisher, offer, answer webrtc.SessionDescription) {
	t.Helper()
	pc := client(t)
	if _, err := pc.CreateDataChannel("api", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range candidates {
		offer.SDP += "a=" + c + "\r\n"
	}
	pub, err = e.NewPublisher(PublisherConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pub.Close() })
	if answer, err = pub.Answer(t.Context(), offer); err != nil {
		t.Fatal(err)
	}
	return pub, offer, answer
}

// quiet waits until nothing has come to any of them for a while in which the
// library would have checked a pair several times.
func quiet(t testing.TB, all ...*victim) (bytes int64) {
	t.Helper()
	total := func() (n int64) {
		for _, s := range all {
			n += s.bytes.Load()
		}
		return n
	}
	for last := int64(-1); total() != last; {
		last = total()
		time.Sleep(1500 * time.Millisecond)
	}
	return total()
}

// Whoever a client names in a candidate gets at most three times the bytes that
// it took to name them, however long they stay silent.
func TestNamedAddressesAreNotHammered(t *testing.T) {
	e := newEngine(t, library)
	var all []*victim
	var named []string
	for range 20 {
		s := newVictim(t, net.IPv4(127, 0, 0, 1))
		all = append(all, s)
		named = append(named, s.candidate())
	}
	pub, _, _ := described(t, e, named[:10]...)
	said := 0
	for _, c := range named {
		said += len("a=\r\n") + len(c)
	}
	for _, c := range named[10:] {
		said += candidateFrame
		if err := pub.AddCandidate(webrtc.ICECandidateInit{Candidate: c}); err != nil {
			t.Fatal(err)
		}
	}
	got := quiet(t, all...)
	t.Logf("%d bytes named 20 silent addresses, %d bytes went to them", said, got)
	if got == 0 || got > 3*int64(said) {
		t.Errorf("%d bytes went to addresses that %d bytes named", got, said)
	}
	if e.hammer.dropped.Load() == 0 {
		t.Error("nothing was counted")
	}
}

// Packets under a forged source, though signed with what the client knows, get
// at most three times their bytes back: the address never proves that it hears.
func TestForgedSourcesGetNoMoreThanThreeTimes(t *testing.T) {
	e := newEngine(t)
	_, offer, answer := described(t, e)
	user := attribute(t, answer.SDP, "ice-ufrag") + ":" + attribute(t, offer.SDP, "ice-ufrag")
	v := newVictim(t, net.IPv4(127, 0, 0, 1))
	to := net.UDPAddrFromAddrPort(e.Candidates()[0])
	sent := 0
	for range 40 {
		m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(user), ice.PriorityAttr(1),
			ice.AttrControlling(1), stun.NewShortTermIntegrity(attribute(t, answer.SDP, "ice-pwd")), stun.Fingerprint)
		n, err := v.WriteTo(m.Raw, to)
		if err != nil {
			t.Fatal(err)
		}
		sent += n
		time.Sleep(10 * time.Millisecond)
	}
	got := quiet(t, v)
	t.Logf("%d bytes under a forged source, %d bytes went to it", sent, got)
	if got == 0 || got > 3*int64(sent) {
		t.Errorf("%d bytes got %d", sent, got)
	}
}

// What all connections together send to the addresses of one host that was only
// named, and to all such hosts, is bounded as well.
func TestNamedHostsAreBoundedOverAllConnections(t *testing.T) {
	for name, limit := range map[string]func(*Config){
		"host":    func(c *Config) { c.UnprovenTargetBytes = 2000 },
		"process": func(c *Config) { c.UnprovenBytesPerSecond = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, library, limit)
			var all []*victim
			for range 8 {
				var named []string
				for range 8 {
					s := newVictim(t, net.IPv4(127, 0, 0, 1))
					all = append(all, s)
					named = append(named, s.candidate()+strings.Repeat(" x y", 50)) // pays for more
				}
				described(t, e, named...)
			}
			// The first of each bucket, and what trickles in while the test lasts.
			if got := quiet(t, all...); got == 0 || got > 3000 {
				t.Errorf("%d bytes went out", got)
			}
		})
	}
}

func attribute(t testing.TB, description, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(description, "a="+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	if !ok {
		t.Fatalf("no %s", name)
	}
	return value
}

// An address proves itself by the transaction id it was sent, and by no other;
// then there is no bound. Further addresses are not kept without bound.
func TestAnAddressProvesItself(t *testing.T) {
	p := newPaths(newHammer(Config{}), false)
	a, b := netip.MustParseAddrPort("192.0.2.1:5000"), netip.MustParseAddrPort("192.0.2.2:5000")
	check := func() []byte { return stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw }
	reply := func(to []byte) []byte {
		m := append([]byte(nil), to...)
		m[0], m[1] = 0x01, 0x01
		return m
	}
	if p.out(check(), a) {
		t.Fatal("an address that nobody named is sent something")
	}
	request := check()
	if !p.in(request, a) || !p.in(request, b) {
		t.Fatal("a check does not come in")
	}
	toA, toB := check(), check()
	if !p.out(toA, a) || !p.out(toB, b) {
		t.Fatal("no room for a first check")
	}
	guess := reply(toA)
	_, _ = rand.Read(guess[8:20])
	for what, packet := range map[string][]byte{"a guess": guess, "another address's id": reply(toB), "the request itself": toA, "nothing": {}} {
		p.in(packet, a)
		if p.at[a].proven {
			t.Fatalf("%s is proof", what)
		}
	}
	p.in(reply(toA), a)
	big := make([]byte, 1200)
	for range 1000 {
		if !p.out(big, a) {
			t.Fatal("a proven address is bounded")
		}
	}
	if p.out(big, b) {
		t.Error("the other address is not bounded")
	}
	refused := 0
	for i := range 2 * maxPaths {
		if !p.in(request, netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), uint16(1+i))) {
			refused++
		}
	}
	if len(p.at) != maxPaths || refused != maxPaths+2 || !p.out(big, a) {
		t.Errorf("%d addresses are kept, %d packets were refused", len(p.at), refused)
	}
	for _, e := range p.at { // a quiet minute later
		e.touched = e.touched.Add(-time.Minute)
	}
	if !p.in(request, netip.MustParseAddrPort("203.0.113.7:1")) || len(p.at) > 2 || !p.out(big, a) {
		t.Errorf("old addresses make no room, or the one in use does: %d", len(p.at))
	}
}

func BenchmarkProvenPath(b *testing.B) {
	p := newPaths(newHammer(Config{}), false)
	a := netip.MustParseAddrPort("192.0.2.1:5000")
	p.get(a).proven = true
	packet := make([]byte, 1200)
	b.ReportAllocs()
	for b.Loop() {
		if !p.in(packet, a) || !p.out(packet, a) {
			b.Fatal("bounded")
		}
	}
}
