// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// TestAddressesAreProbed: a server whose addresses lead to it finds that out alone,
// over UDP and over TCP, and says so in evidence and metrics.
func TestAddressesAreProbed(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	e := newEngine(t, func(c *Config) {
		c.TCPAddr, c.ProbeEvery, c.Metrics = "127.0.0.1:0", time.Hour, reg
		c.Judge = func(netip.Addr) string { return "good" }
	})
	until(t, "all answered", func() bool {
		all := e.Reach()
		for _, r := range all {
			if r.Answered.IsZero() || r.Answered.Before(r.Probed) {
				return false
			}
		}
		return len(all) >= 2 && all[0].Protocol == "udp" && all[len(all)-1].Protocol == "tcp"
	})
	for _, r := range e.Reach() {
		if r.Judged != "good" || r.Advertised || r.Through != 0 {
			t.Errorf("%+v", r)
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if m.GetGauge().GetValue() > 1e9 {
				told[f.GetName()]++
			}
		}
	}
	if n := len(e.Reach()); told["redial_sfu_probe_sent_timestamp_seconds"] != n || told["redial_sfu_probe_answered_timestamp_seconds"] != n {
		t.Errorf("metrics of %d addresses: %v", n, told)
	}
	// What else comes in is read as ever.
	s := newSender(t, e)
	_, tr := s.camera("video/VP8", "camera")
	readRTP(t, newViewer(t, e).start().add(tr))
}

// TestAnAddressThatLeadsElsewhere: another socket gets the packet, so none arrives
// here, and that is told once a packet had its time.
func TestAnAddressThatLeadsElsewhere(t *testing.T) {
	elsewhere, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	p := &prober{send: sendProbe, told: []*told{{to: elsewhere.LocalAddr().(*net.UDPAddr).AddrPort()}}}
	p.round(t.Context())
	_ = elsewhere.SetReadDeadline(time.Now().Add(time.Minute))
	raw := make([]byte, 1500)
	n, err := elsewhere.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	// A stranger sees the shortest STUN message of a kind that nobody answers.
	m := &stun.Message{Raw: raw[:n]}
	if err := m.Decode(); err != nil || m.Type != stun.NewType(stun.MethodBinding, stun.ClassIndication) || n != probeBytes {
		t.Errorf("%x: %v, %v", raw[:n], m, err)
	}
	if probed, answered := p.seen(p.told[0]); !probed.IsZero() || !answered.IsZero() {
		t.Errorf("under way: probed %v, answered %v", probed, answered)
	}
}

// A TCP port where nobody listens was asked; a network that there is no way to was not.
func TestProbesThatFail(t *testing.T) {
	gone, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	p := &prober{send: sendProbe, told: []*told{{tcp: true, to: gone.Addr().(*net.TCPAddr).AddrPort()}}}
	p.round(t.Context())
	if p.told[0].sent.IsZero() {
		t.Error("a refused connection counts as never tried")
	}
	p.send = func(context.Context, *told, []byte) error { return errors.New("network is unreachable") }
	before := p.told[0].sent
	p.round(t.Context())
	if p.told[0].sent != before || p.told[0].awaited {
		t.Error("a packet that never left is awaited")
	}
}

// TestProbesOverTime: one packet to each address in a period, each with a name of its
// own that holds for one arrival; what arrived and what did not is told truly.
func TestProbesOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		lost := false
		var sent [][]byte
		p := &prober{told: []*told{{to: netip.MustParseAddrPort("192.0.2.1:7882")}}}
		p.send = func(_ context.Context, _ *told, packet []byte) error {
			mu.Lock()
			defer mu.Unlock()
			if sent = append(sent, packet); !lost {
				time.AfterFunc(20*time.Millisecond, func() {
					if !p.arrived(packet) || p.arrived(packet) {
						t.Error("a packet does not arrive just once")
					}
				})
			}
			return nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		go p.run(ctx, time.Minute)
		began := time.Now()
		check := func(name string, wantProbed, wantAnswered time.Duration) {
			t.Helper()
			synctest.Wait()
			age := func(at time.Time) time.Duration {
				if at.IsZero() {
					return -1
				}
				return at.Sub(began)
			}
			probed, answered := p.seen(p.told[0])
			if age(probed) != wantProbed || age(answered) != wantAnswered {
				t.Errorf("%s: probed %v, answered %v", name, age(probed), age(answered))
			}
		}
		check("under way", -1, -1)
		time.Sleep(time.Second)
		check("arrived", 0, 20*time.Millisecond)
		mu.Lock()
		lost = true
		mu.Unlock()
		time.Sleep(time.Minute)
		check("the next under way", 0, 20*time.Millisecond)
		time.Sleep(10 * time.Second)
		check("the next is lost", time.Minute, 20*time.Millisecond)
		mu.Lock()
		first := sent[0]
		mu.Unlock()
		if p.arrived(first) {
			t.Error("an old packet counts")
		}
		time.Sleep(time.Hour)
		mu.Lock()
		defer mu.Unlock()
		if len(sent) != 62 || bytes.Equal(sent[1], sent[2]) {
			t.Errorf("%d packets in 61 minutes", len(sent))
		}
		cancel()
	})
}

// TestStrangersProveNothing: nobody else can have an address count as answered, and
// nothing is sent because of what they send.
func TestStrangersProveNothing(t *testing.T) {
	e := newEngine(t, func(c *Config) { c.TCPAddr = "127.0.0.1:0" })
	a := newAsker(t, e)
	guess := stun.MustBuild(stun.TransactionID, stun.NewType(stun.MethodBinding, stun.ClassIndication)).Raw
	for range 100 {
		_, _ = rand.Read(guess[8:])
		a.send(guess)
	}
	c, err := net.Dial("tcp4", netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(e.TCPPort())).String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(append([]byte{0, byte(len(guess))}, guess...)); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := c.Read(make([]byte, 100)); n != 0 || err == nil {
		t.Errorf("a stranger is told %d bytes, %v", n, err)
	}
	for _, r := range e.Reach() {
		if !r.Answered.IsZero() || !r.Probed.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	_ = a.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := a.conn.Read(make([]byte, 100)); err == nil {
		t.Errorf("answered with %d bytes", n)
	}
}

// FuzzProbe: only the packet that was sent arrives, whatever it is cut into or comes
// behind.
func FuzzProbe(f *testing.F) {
	f.Add([]byte{0, 20, 0, 0x11}, 3)
	f.Add([]byte{}, 1)
	f.Fuzz(func(t *testing.T, head []byte, at int) {
		p := &prober{told: []*told{{}}}
		frame := append([]byte{0, probeBytes}, p.next(p.told[0])...)
		read := func(stream []byte, at int) bool {
			at = min(max(at, 0), len(stream))
			c := &probedConn{Conn: cutConn{[][]byte{stream[:at], stream[at:]}}, probes: p}
			for range 2 {
				_, _ = c.Read(make([]byte, 1500))
			}
			return !p.told[0].awaited
		}
		if len(head) > 0 && read(slices.Concat(head, frame), at) && !bytes.HasPrefix(slices.Concat(head, frame), frame) {
			t.Errorf("%x before the frame", head)
		}
		if p.told[0].awaited && !read(frame, at) {
			t.Errorf("cut at %d it does not arrive", at)
		}
	})
}

// cutConn is read in pieces.
type cutConn struct{ pieces [][]byte }

func (c cutConn) Read(b []byte) (int, error) {
	n := copy(b, c.pieces[0])
	c.pieces[0], c.pieces[1] = c.pieces[1], nil
	return n, nil
}

func (cutConn) Write(b []byte) (int, error)      { return len(b), nil }
func (cutConn) Close() error                     { return nil }
func (cutConn) LocalAddr() net.Addr              { return nil }
func (cutConn) RemoteAddr() net.Addr             { return nil }
func (cutConn) SetDeadline(time.Time) error      { return nil }
func (cutConn) SetReadDeadline(time.Time) error  { return nil }
func (cutConn) SetWriteDeadline(time.Time) error { return nil }

// BenchmarkInjectProbe measures what the server's packets to itself cost: forwarding
// by an engine that sends one to each address every 10 ms, which is 6,000 times as
// often as a server does, beside one that sends none.
func BenchmarkInjectProbe(b *testing.B) {
	quiet := newEngine(b)
	probing := newEngine(b, func(c *Config) { c.TCPAddr, c.ProbeEvery = "127.0.0.1:0", 10*time.Millisecond })
	none := func() Impairment { return nil }
	beside(b, side{quiet, none}, side{probing, none})
}

// BenchmarkPacketPastProbes is what looking for our own packets costs a packet of
// media.
func BenchmarkPacketPastProbes(b *testing.B) {
	p := &prober{told: []*told{{}}}
	packet := make([]byte, 1200)
	packet[0], packet[1] = 0x80, 96
	b.ReportAllocs()
	for b.Loop() {
		if p.arrived(packet) {
			b.Fatal("media is no probe")
		}
	}
}
