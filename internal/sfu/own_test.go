// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"crypto/rand"
	"net"
	"strings"
	"testing"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/sfu/transport"
)

func own(c *Config) { c.OwnTransport = true }

// library is for what only connections of pion/webrtc do.
func library(c *Config) { c.OwnTransport = false }

// active has a client answer as a browser does; the library's own choice towards a lite
// agent is the other role.
func active(s *webrtc.SettingEngine, _ *webrtc.MediaEngine, _ *interceptor.Registry) {
	_ = s.SetAnsweringDTLSRole(webrtc.DTLSRoleClient)
}

// TestOwnTransportCarriesACall: a viewer on our own transport gets pictures and sound,
// messages go both ways, and all of that outlives a restart; a track that was taken off
// leaves its section to the next.
func TestOwnTransportCarriesACall(t *testing.T) {
	e := newEngine(t, own)
	s := newSender(t, e)
	_, camera := s.camera(webrtc.MimeTypeVP8, "camera")
	v := newViewer(t, e, active)
	v.start()
	picture := v.add(camera)
	readRTP(t, picture)
	until(t, "connected", func() bool { return v.sub.State() == StateConnected })
	if said := v.pc.RemoteDescription().SDP; !strings.Contains(said, "a=ice-lite\r\n") {
		t.Errorf("the offer is not of a lite agent:\n%s", said)
	}

	sock := e.socks.udp.socks[0].sock
	for way, n := range map[string]*transport.Tally{"read": &sock.Read, "sent": &sock.Sent} {
		// The viewer may have a packet before the call that sent it is counted.
		until(t, "packets "+way+" are counted", func() bool { return n.Calls.Load() > 0 && n.Packets.Load() > 0 })
	}
	heard := make(chan string, 8)
	channel := receiveFrom(t, "the data channel", v.channel)
	channel.OnMessage(func(m webrtc.DataChannelMessage) { heard <- string(m.Data) })
	until(t, "a message is taken", func() bool { return v.sub.Send([]byte("to the viewer")) == nil })
	if got := receiveFrom(t, "the message", heard); got != "to the viewer" {
		t.Errorf("the viewer heard %q", got)
	}

	if err := v.sub.RestartICE(); err != nil {
		t.Fatal(err)
	}
	until(t, "the restart", func() bool { return v.sub.Stats().Connection.Restarts == 1 && v.sub.State() == StateConnected })
	readRTP(t, picture)

	mic := s.publish(webrtc.MimeTypeOpus, "mic")
	sound := receiveFrom(t, "OnTrack", s.tracks)
	mic.pump(20e6, 1, nil)
	readRTP(t, v.add(sound))
	if pair := v.sub.Stats().Connection.Pair; pair == nil || pair.Protocol != "udp" {
		t.Errorf("the path is %+v", pair)
	}
	if err := v.sub.Remove("mic"); err != nil {
		t.Fatal(err)
	}
	until(t, "the removal is agreed", func() bool {
		v.sub.nego.turn.Lock()
		defer v.sub.nego.turn.Unlock()
		return len(v.sub.nego.freed) == 1
	})
	readRTP(t, v.add(sound))
	if n := mediaSections(v.sub); n != 2 {
		t.Errorf("%d sections for two tracks", n)
	}
}

// TestOwnTransportGoesOverTCP: a viewer whose network has no UDP.
func TestOwnTransportGoesOverTCP(t *testing.T) {
	e := newEngine(t, own, func(c *Config) { c.TCPAddr = "127.0.0.1:0" })
	s := newSender(t, e)
	_, camera := s.camera(webrtc.MimeTypeVP8, "camera")
	v := newViewer(t, e, func(s *webrtc.SettingEngine, _ *webrtc.MediaEngine, _ *interceptor.Registry) {
		s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	}).start()
	readRTP(t, v.add(camera))
	if pair := v.sub.Stats().Connection.Pair; pair == nil || pair.Protocol != "tcp" {
		t.Errorf("the path is %+v", pair)
	}
}

// TestOwnTransportShrugsOffGarbage: from a stranger, and under the viewer's own user name
// without the password, comes whatever there is; the call goes on, and nothing of it is
// kept.
func TestOwnTransportShrugsOffGarbage(t *testing.T) {
	e := newEngine(t, own)
	s := newSender(t, e)
	_, camera := s.camera(webrtc.MimeTypeVP8, "camera")
	viewer := newViewer(t, e).start()
	picture := viewer.add(camera)
	readRTP(t, picture)
	v := newVictim(t, net.IPv4(127, 0, 0, 1))
	to := net.UDPAddrFromAddrPort(e.Candidates()[0])
	user := attribute(t, viewer.pc.RemoteDescription().SDP, "ice-ufrag") + ":" + attribute(t, viewer.pc.LocalDescription().SDP, "ice-ufrag")
	forged := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(user), ice.UseCandidate(), stun.NewShortTermIntegrity("a guess"), stun.Fingerprint).Raw
	before := len(viewer.sub.conn.peer.Pairs())
	for i := range 2000 {
		b := make([]byte, 1+i%1400)
		_, _ = rand.Read(b)
		b[0] = []byte{0, 1, 22, 23, 128, 144}[i%6]
		if i%10 == 0 {
			b = forged
		}
		if _, err := v.WriteTo(b, to); err != nil {
			t.Fatal(err)
		}
	}
	if got := quiet(t, v); got != 0 {
		t.Errorf("%d bytes went to a stranger", got)
	}
	for range 3 {
		readRTP(t, picture)
	}
	if after := len(viewer.sub.conn.peer.Pairs()); after != before {
		t.Errorf("%d addresses, %d before", after, before)
	}
}
