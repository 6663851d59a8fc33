// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"encoding/binary"
	"flag"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"
)

var soak = flag.Duration("soak", time.Second, "how long TestRelayingKeepsNothing relays")

// bound is a client with a channel to the media address, and a packet for it.
func (s *site) bound(conn net.Conn) (packet []byte, c *raw) {
	s.t.Helper()
	c = &raw{t: s.t, conn: conn, c: s.issuer.Issue(s.issuer.UserOf("room", "peer"))}
	if code := c.ask(stun.MethodAllocate, transportUDP); code != 0 {
		s.t.Fatal("allocate:", code)
	}
	if code := c.ask(stun.MethodChannelBind, channel(0x4000), peer(s.media.Addr(), int(s.media.Port()))); code != 0 {
		s.t.Fatal("channel:", code)
	}
	_ = conn.SetReadDeadline(time.Time{})
	packet = make([]byte, channelHeader+1200)
	binary.BigEndian.PutUint16(packet, 0x4000)
	binary.BigEndian.PutUint16(packet[2:], 1200)
	return packet, c
}

func open(c *Config) { c.Bounds.UserBytes, c.Bounds.Bytes = 1<<30, 1<<30 }

// BenchmarkRelay is one packet there and one back, through the client's socket and
// that of the media address.
func BenchmarkRelay(b *testing.B) {
	for _, over := range []string{"udp", "tcp"} {
		b.Run(over, func(b *testing.B) {
			s := start(b, open)
			var conn net.Conn
			var err error
			if over == "udp" {
				conn, err = net.Dial("udp4", s.udp.String())
			} else {
				conn, err = net.Dial("tcp4", s.tcp)
			}
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			packet, _ := s.bound(conn)
			got := make([]byte, 2000)
			b.ReportAllocs()
			b.SetBytes(2 * 1200)
			for b.Loop() {
				if _, err := conn.Write(packet); err != nil {
					b.Fatal(err)
				}
				for n := 0; n < len(packet); {
					m, err := conn.Read(got)
					if err != nil {
						b.Fatal(err)
					}
					n += m
				}
			}
		})
	}
}

// BenchmarkRelaySocket is the part of it that is ours: a packet from the client to
// the media address and one back, without the library.
func BenchmarkRelaySocket(b *testing.B) {
	s := start(b, open)
	conn, _, err := s.s.relays.AllocatePacketConn(pion.AllocateListenerConfig{Network: "udp4", UserID: "user"})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	packet, got, to := make([]byte, 1200), make([]byte, 2000), net.UDPAddrFromAddrPort(s.media)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := conn.WriteTo(packet, to); err != nil {
			b.Fatal(err)
		}
		if _, _, err := conn.ReadFrom(got); err != nil {
			b.Fatal(err)
		}
	}
}

// asleep is how long what a client holds is left alone: less than any of it lives.
const asleep = 3 * time.Minute

// TestRelayingKeepsNothing: of what is relayed nothing stays in memory. With
// -soak 30m it is 1,000 packets a second for that long.
func TestRelayingKeepsNothing(t *testing.T) {
	s := start(t, open)
	conn, err := net.Dial("udp4", s.udp.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	packet, c := s.bound(conn)
	go func() {
		b := make([]byte, 2000)
		for {
			if _, err := conn.Read(b); err != nil {
				return
			}
		}
	}()
	kept := time.Now()
	keep := func() { // as clients do; the answers are read with everything else
		kept = time.Now()
		for _, m := range []*stun.Message{
			c.request(stun.MethodRefresh), c.request(stun.MethodChannelBind, channel(0x4000), peer(s.media.Addr(), int(s.media.Port()))),
		} {
			_, _ = conn.Write(m.Raw)
		}
	}
	relay := func(d time.Duration) (packets int) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(d); time.Now().Before(end); <-tick.C {
			if time.Since(kept) > asleep {
				keep()
			}
			for range 10 {
				if _, err := conn.Write(packet); err != nil {
					t.Fatal(err)
				}
				packets++
			}
		}
		return packets
	}
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	relay(*soak / 10)
	before := used()
	began := time.Now()
	packets := relay(*soak)
	after := used()
	t.Logf("%d packets in %v, %d bytes in use before and %d after", packets, time.Since(began).Round(time.Second), before, after)
	if after > before+4<<20 {
		t.Errorf("%d bytes are in use after %d packets, %d before", after, packets, before)
	}
	if e := s.s.Evidence(s.issuer.UserOf("room", "peer"), ""); e.In < uint64(packets)/2*1200 {
		t.Errorf("%d bytes of %d packets were relayed", e.In, packets)
	}
}
