// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/stun/v4"
)

// asker is a socket that asks a media port where it is seen to be.
type asker struct {
	t    testing.TB
	conn *net.UDPConn
}

func newAsker(t testing.TB, e *Engine) asker {
	c, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: e.UDPPort()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return asker{t, c}
}

func (a asker) send(raw []byte) {
	a.t.Helper()
	if _, err := a.conn.Write(raw); err != nil {
		a.t.Fatal(err)
	}
}

// hear returns the next answer.
func (a asker) hear() *stun.Message {
	a.t.Helper()
	_ = a.conn.SetReadDeadline(time.Now().Add(time.Minute))
	raw := make([]byte, 1500)
	n, err := a.conn.Read(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	m := &stun.Message{Raw: raw[:n]}
	if err := m.Decode(); err != nil {
		a.t.Fatal(err)
	}
	return m
}

func stunEngine(t testing.TB, perSecond, perHost int) *Engine {
	e, err := New(Config{UDPAddr: "127.0.0.1:0", Loopback: true, STUNPerSecond: perSecond, STUNHostPerMinute: perHost})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// TestTheMediaPortIsASTUNServer: whoever asks is told the address it came from, in
// the shortest answer there is, and a check of ICE is not taken for a question.
func TestTheMediaPortIsASTUNServer(t *testing.T) {
	a := newAsker(t, stunEngine(t, 1000, 1000))
	check := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("nobody:here"))
	plain := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	printed := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewSoftware("a client"), stun.Fingerprint)
	a.send(check.Raw)
	for _, asked := range []*stun.Message{plain, printed} {
		a.send(asked.Raw)
		got := a.hear()
		var seen stun.XORMappedAddress
		if got.TransactionID != asked.TransactionID || got.Type != stun.BindingSuccess || seen.GetFrom(got) != nil {
			t.Fatalf("asked %v, told %v", asked, got)
		}
		if me := a.conn.LocalAddr().(*net.UDPAddr); !seen.IP.Equal(me.IP) || seen.Port != me.Port {
			t.Errorf("told %v, is %v", seen, me)
		}
		if len(got.Raw) != 32 {
			t.Errorf("an answer of %d bytes", len(got.Raw))
		}
	}
}

// TestNoSTUNServer: a port that is not to answer takes a question for noise.
func TestNoSTUNServer(t *testing.T) {
	if e := stunEngine(t, 0, 1); e.stun != nil {
		t.Error("it answers")
	}
}

// TestSTUNIsBounded: one host spends its own share and not that of others, and all
// together no more than their bound.
func TestSTUNIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSTUNServer(Config{STUNPerSecond: 10, STUNHostPerMinute: 6})
		ask := stun.MustBuild(stun.TransactionID, stun.BindingRequest).Raw
		answered := func(n int, from string) (got int) {
			for range n {
				if s.answer(ask, netip.MustParseAddrPort(from)) != nil {
					got++
				}
			}
			return got
		}
		if n := answered(100, "192.0.2.1:5000"); n != 6 {
			t.Errorf("one host is answered %d times", n)
		}
		if n := answered(100, "192.0.2.2:5000"); n != 4 {
			t.Errorf("the second host is answered %d times of the 4 that are left", n)
		}
		if s.sent.Load() != 10 || s.held.Load() != 190 {
			t.Errorf("counted %d and %d", s.sent.Load(), s.held.Load())
		}
		time.Sleep(time.Second)
		if n := answered(100, "[2001:db8::1]:5000") + answered(100, "[2001:db8::2]:5000"); n != 6 { // one customer
			t.Errorf("a /64 is answered %d times", n)
		}
		time.Sleep(10 * time.Second)
		if n := answered(100, "192.0.2.1:5000"); n != 1 {
			t.Errorf("after ten seconds a host is answered %d times", n)
		}
	})
}

// FuzzSTUN: what is answered is a whole Binding request without a user name, and
// the answer is at most 24 bytes longer.
func FuzzSTUN(f *testing.F) {
	for _, m := range []*stun.Message{
		stun.MustBuild(stun.TransactionID, stun.BindingRequest), stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername("a:b")),
		stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewSoftware("s"), stun.Fingerprint), stun.MustBuild(stun.TransactionID, stun.BindingSuccess),
	} {
		f.Add(m.Raw)
	}
	f.Add([]byte{0x80, 96, 0, 0})
	f.Add([]byte("\x00\x01\x00\x10\x21\x12\xa4\x42000000000000\x80\x30\xff\xff\xff\x30\x00\x00\x80\x30\x00\x040000")) // a length near its end
	s := newSTUNServer(Config{STUNPerSecond: 1 << 30, STUNHostPerMinute: 1 << 30})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !plainBinding(raw) {
			return
		}
		m := &stun.Message{Raw: raw}
		if err := m.Decode(); err != nil || m.Type != stun.BindingRequest || m.Contains(stun.AttrUsername) {
			t.Fatalf("%x: %v, %v", raw, m, err)
		}
		if a := s.answer(raw, netip.MustParseAddrPort("[2001:db8::1]:1")); len(a) > len(raw)+24 {
			t.Errorf("%d bytes are answered by %d", len(raw), len(a))
		}
	})
}

// BenchmarkPacketPastSTUN is what the STUN server costs a packet of media.
func BenchmarkPacketPastSTUN(b *testing.B) {
	packet := make([]byte, 1200)
	packet[0], packet[1] = 0x80, 96
	b.ReportAllocs()
	for b.Loop() {
		if plainBinding(packet) {
			b.Fatal("media is no question")
		}
	}
}
