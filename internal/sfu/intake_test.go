// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net"
	"net/netip"
	"testing"

	"github.com/pion/webrtc/v4"
)

func loops(n int) func(*Config) { return func(c *Config) { c.OwnTransport, c.UDPLoops = true, n } }

// TestLoopsOfOneAddress: peers of every kind meet though each is read by a loop that chance
// picks, connections of pion/webrtc among them, and the port is free once it is closed.
func TestLoopsOfOneAddress(t *testing.T) {
	e := newEngine(t, loops(4))
	socks := e.socks.udp.socks
	if n := len(socks[0].sock.Inboxes()); n != 4 {
		t.Fatalf("%d sockets of an address", n)
	}
	s := newSender(t, e)
	_, camera := s.camera(webrtc.MimeTypeVP8, "camera")
	for range 8 {
		readRTP(t, newViewer(t, e).start().add(camera))
	}
	other := newSender(t, e)
	pub, err := e.NewPublisher(PublisherConfig{OnTrack: func(tr *Track) { other.tracks <- tr }, OnChannel: func(*webrtc.DataChannel) {}})
	if err != nil {
		t.Fatal(err)
	}
	other.pub = pub
	_, camera = other.camera(webrtc.MimeTypeVP8, "other")
	readRTP(t, newViewer(t, e).start().add(camera))
	at := e.Candidates()[0]
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// TestWhatNobodyTakesIsBounded: packets of strangers wait for pion/webrtc, which is slow,
// and take no more than their share.
func TestWhatNobodyTakesIsBounded(t *testing.T) {
	u := &loopedUDP{left: make(chan *leftover, maxLeft), done: make(chan struct{})}
	from := netip.MustParseAddrPort("192.0.2.1:9")
	for i := range 3 * maxLeft {
		u.leave([]byte{byte(i), byte(i >> 8)}, from)
	}
	b := make([]byte, 100)
	for i := range maxLeft {
		n, at, err := u.ReadFromAddrPort(b)
		if err != nil || n != 2 || int(b[0])|int(b[1])<<8 != i || at != from {
			t.Fatalf("packet %d: %v from %v, %v", i, b[:n], at, err)
		}
	}
	close(u.done)
	if _, _, err := u.ReadFromAddrPort(b); err == nil {
		t.Error("more waited")
	}
}
