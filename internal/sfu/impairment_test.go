// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"bytes"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// opinion is an impairment that does the same to every packet.
type opinion struct {
	drop, damage bool
	late         time.Duration
}

func (o opinion) Pass(bool, []byte) (bool, bool, time.Duration) { return o.drop, o.damage, o.late }

// pair is an impaired socket and a bare one that talk to each other.
func pair(t testing.TB, g Impairment) (here net.PacketConn, there *net.UDPConn) {
	t.Helper()
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		return c
	}
	a, b := open(), open()
	here = impaired(a, g)
	t.Cleanup(func() { _ = here.Close() })
	return here, b
}

func TestImpairmentOut(t *testing.T) {
	sent := bytes.Repeat([]byte{7}, 200)
	f := func(o opinion, want []byte) {
		t.Helper()
		here, there := pair(t, o)
		from := time.Now()
		if n, err := here.WriteTo(sent, there.LocalAddr()); n != len(sent) || err != nil {
			t.Errorf("%+v: wrote %d: %v", o, n, err)
		}
		// Something that certainly passes, to know when to stop waiting.
		_, _ = here.(*impairedConn).PacketConn.WriteTo([]byte("end"), there.LocalAddr())
		b := make([]byte, 1500)
		for range 2 {
			n, _, err := there.ReadFrom(b)
			if err != nil {
				t.Fatal(err)
			}
			if string(b[:n]) == "end" {
				if want == nil {
					return
				}
				continue
			}
			if !bytes.Equal(b[:n], want) || time.Since(from) < o.late {
				t.Errorf("%+v: got % x after %v", o, b[:n], time.Since(from))
			}
			return
		}
	}
	damaged := bytes.Clone(sent)
	spoil(damaged)
	f(opinion{}, sent)
	f(opinion{drop: true}, nil)
	f(opinion{damage: true}, damaged)
	f(opinion{late: 50 * time.Millisecond}, sent)
	if sent[150] != 7 || bytes.Equal(sent, damaged) {
		t.Error("the sender's own memory was changed, or nothing was")
	}
}

// changing is an impairment whose opinion can be changed.
type changing struct{ p atomic.Pointer[opinion] }

func (c *changing) Pass(out bool, b []byte) (bool, bool, time.Duration) {
	return c.p.Load().Pass(out, b)
}

func TestImpairmentInKeepsOrderWhileItIsLateAndAfterwards(t *testing.T) {
	g := &changing{}
	g.p.Store(&opinion{late: 80 * time.Millisecond})
	here, there := pair(t, g)
	from := time.Now()
	b := make([]byte, 1500)
	for i := range 3 {
		_, _ = there.WriteTo([]byte{byte(i)}, here.LocalAddr())
	}
	for i := range 3 {
		n, _, err := here.ReadFrom(b)
		if err != nil || n != 1 || int(b[0]) != i {
			t.Fatalf("packet %d: % x %v", i, b[:n], err)
		}
	}
	if took := time.Since(from); took < 80*time.Millisecond || took > 2*time.Second {
		t.Errorf("three packets at once took %v", took)
	}
	g.p.Store(&opinion{})
	_, _ = there.WriteTo([]byte{9}, here.LocalAddr())
	if _, _, err := here.ReadFrom(b); err != nil || b[0] != 9 {
		t.Errorf("afterwards: %d %v", b[0], err)
	}
	if here.(*impairedConn).pump.Load() != nil {
		t.Error("packets still go the long way")
	}
	g.p.Store(&opinion{drop: true})
	_, _ = there.WriteTo([]byte{10}, here.LocalAddr())
	time.AfterFunc(50*time.Millisecond, func() { _ = here.Close() })
	if n, _, err := here.ReadFrom(b); err == nil {
		t.Errorf("a dropped packet came in: % x", b[:n])
	}
}

// BenchmarkImpairment sends packets as ICE does: through the shared socket without a
// impairment, and with one that lets everything pass.
func BenchmarkImpairment(b *testing.B) {
	e, err := New(Config{UDPAddr: "127.0.0.1:0", Loopback: true})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer sink.Close()
	to := sink.LocalAddr().(*net.UDPAddr).AddrPort()
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	bare, err := e.socks.udp.GetConn("bench", e.socks.udp.GetListenAddresses()[0])
	if err != nil {
		b.Fatal(err)
	}
	idle := &changing{}
	idle.p.Store(&opinion{})
	packet := make([]byte, 1200)
	for _, c := range []struct {
		name string
		conn net.PacketConn
	}{{"bare", bare}, {"gated", impaired(bare, idle)}} {
		b.Run(c.name, func(b *testing.B) {
			fast, ok := c.conn.(ice.AddrPortReaderWriter)
			b.ReportAllocs()
			for b.Loop() {
				if ok {
					_, err = fast.WriteToAddrPort(packet, to)
				} else {
					_, err = c.conn.WriteTo(packet, net.UDPAddrFromAddrPort(to))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// suspect is an impairment that lets all pass and says that it tampers.
type suspect struct{ opinion }

func (suspect) Tampered() bool { return true }

// TestTamperedConnectionsAreCountedApart: the states of a connection whose
// failures are provoked are no part of how the others do.
func TestTamperedConnectionsAreCountedApart(t *testing.T) {
	e := newEngine(t)
	newViewerBehind(t, e, suspect{}).start()
	connected := webrtc.ICEConnectionStateConnected
	until(t, "connected", func() bool { return e.totals.injected.iceStates[connected].Load() == 1 })
	if n := e.totals.iceStates[connected].Load(); n != 0 {
		t.Errorf("%d are counted as nobody's doing", n)
	}
}
