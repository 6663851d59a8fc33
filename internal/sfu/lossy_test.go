// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net"
	"sync/atomic"
	"testing"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/webrtc/v4"
)

// lossy is a browser's network: it can lose packets in either direction.
type lossy struct {
	net.PacketConn
	in, out atomic.Pointer[func([]byte) bool] // tells whether to lose a packet
}

func (l *lossy) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, a, err := l.PacketConn.ReadFrom(b)
		if f := l.in.Load(); err == nil && f != nil && (*f)(b[:n]) {
			continue
		}
		return n, a, err
	}
}

func (l *lossy) WriteTo(b []byte, a net.Addr) (int, error) {
	if f := l.out.Load(); f != nil && (*f)(b) {
		return len(b), nil
	}
	return l.PacketConn.WriteTo(b, a)
}

func (l *lossy) cut(off bool) {
	var f *func([]byte) bool
	if off {
		all := func([]byte) bool { return true }
		f = &all
	}
	l.in.Store(f)
	l.out.Store(f)
}

// isRTP tells media from everything else (RFC 7983, RFC 5761).
func isRTP(b []byte) bool {
	return len(b) > 12 && b[0] >= 128 && b[0] < 192 && (b[1]&0x7f < 64 || b[1]&0x7f > 95)
}

// everyNth loses one media packet in n.
func everyNth(n int64) *func([]byte) bool {
	var count atomic.Int64
	f := func(b []byte) bool { return isRTP(b) && count.Add(1)%n == 0 }
	return &f
}

type clientChange = func(*webrtc.SettingEngine, *webrtc.MediaEngine, *interceptor.Registry)

func over(l *lossy) clientChange {
	return func(s *webrtc.SettingEngine, _ *webrtc.MediaEngine, _ *interceptor.Registry) {
		s.SetICEUDPMux(ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: l}))
	}
}

func newLossy(t testing.TB) *lossy {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &lossy{PacketConn: c}
}

// asks makes a browser ask for lost packets.
func asks(t testing.TB) clientChange {
	return func(_ *webrtc.SettingEngine, _ *webrtc.MediaEngine, r *interceptor.Registry) {
		f, err := nack.NewGeneratorInterceptor(nack.GeneratorInterval(20e6))
		if err != nil {
			t.Fatal(err)
		}
		r.Add(f)
	}
}

// repeats makes a browser answer for lost packets.
func repeats(t testing.TB) clientChange {
	return func(_ *webrtc.SettingEngine, _ *webrtc.MediaEngine, r *interceptor.Registry) {
		f, err := nack.NewResponderInterceptor()
		if err != nil {
			t.Fatal(err)
		}
		r.Add(f)
	}
}
