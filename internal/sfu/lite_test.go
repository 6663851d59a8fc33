// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

func lite(c *Config) { c.Lite = true }

// TestALiteCall: media goes both ways, through restarts of both sides, while the server
// sends one check for proof to each address, and otherwise none.
func TestALiteCall(t *testing.T) {
	e := newEngine(t, lite)
	s := newSender(t, e)
	_, camera := s.camera(webrtc.MimeTypeVP8, "camera")
	if said := s.pc.RemoteDescription().SDP; !strings.Contains(said, "a=ice-lite\r\n") {
		t.Fatalf("the answer is not of a lite agent:\n%s", said)
	}
	v := newViewer(t, e).start()
	remote := v.add(camera)
	readRTP(t, remote)
	if err := v.sub.RestartICE(); err != nil {
		t.Fatal(err)
	}
	until(t, "the restart", func() bool { return v.sub.Stats().Connection.Restarts == 1 && v.sub.State() == StateConnected })
	readRTP(t, remote)
	for name, c := range map[string]*conn{"publisher": s.pub.conn, "viewer": v.sub.conn} {
		proven := 0
		c.paths.mu.Lock()
		for addr, one := range c.paths.at {
			if one.proven {
				proven++
			}
			if len(one.checks) > 3 {
				t.Errorf("%s: %s was sent %d checks", name, addr, len(one.checks))
			}
		}
		c.paths.mu.Unlock()
		if proven == 0 {
			t.Errorf("no address of the %s is proven", name)
		}
	}
}

// TestALiteAgentAimsMediaAtNobody: who knows the credentials of a call nominates an
// address that is not theirs. Media of that call goes on to nobody but whom it went to,
// or stops; the address gets three times what came from it, and no more.
func TestALiteAgentAimsMediaAtNobody(t *testing.T) {
	for name, agent := range map[string]func(*Config){"pion": lite, "own transport": own} {
		t.Run(name, func(t *testing.T) { aimsMediaAtNobody(t, newEngine(t, agent)) })
	}
}

func aimsMediaAtNobody(t *testing.T, e *Engine) {
	t.Helper()
	s := newSender(t, e)
	_, camera := s.camera(webrtc.MimeTypeVP8, "camera")
	viewer := newViewer(t, e).start()
	readRTP(t, viewer.add(camera))
	theirs, ours := viewer.pc.LocalDescription().SDP, viewer.pc.RemoteDescription().SDP
	user := attribute(t, ours, "ice-ufrag") + ":" + attribute(t, theirs, "ice-ufrag")
	v := newVictim(t, net.IPv4(127, 0, 0, 1))
	to, sent := net.UDPAddrFromAddrPort(e.Candidates()[0]), 0
	for range 20 {
		m := stun.MustBuild(stun.TransactionID, stun.BindingRequest, stun.NewUsername(user), ice.PriorityAttr(0x7fffffff), ice.UseCandidate(),
			ice.AttrControlling(1<<62), stun.NewShortTermIntegrity(attribute(t, ours, "ice-pwd")), stun.Fingerprint)
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

// TestAProofIsSignedForItsPeer: checks for proof are what a full agent answers.
func TestAProofIsSignedForItsPeer(t *testing.T) {
	e := newEngine(t, lite)
	s := newSender(t, e)
	s.camera(webrtc.MimeTypeVP8, "camera")
	p := s.pub.conn.paths
	from := newVictim(t, net.IPv4(127, 0, 0, 1)).LocalAddr().(*net.UDPAddr).AddrPort()
	if p.proof(from, "ours") != nil {
		t.Error("an address that sent nothing is sent a check")
	}
	p.in([]byte{0, 1, 2}, from)
	check := &stun.Message{Raw: p.proof(from, "ours")}
	if err := check.Decode(); err != nil {
		t.Fatal(err)
	}
	said := s.pc.LocalDescription().SDP
	var user stun.Username
	if err := user.GetFrom(check); err != nil || user.String() != attribute(t, said, "ice-ufrag")+":ours" {
		t.Errorf("user name %q, %v", user, err)
	}
	if err := stun.NewShortTermIntegrity(attribute(t, said, "ice-pwd")).Check(check); err != nil {
		t.Error(err)
	}
	if p.proof(from, "ours") != nil {
		t.Error("a second check at once")
	}
}

// TestChromiumWithALiteAgent: a browser meets a lite agent and gets its pictures.
func TestChromiumWithALiteAgent(t *testing.T) {
	e := newEngine(t, lite)
	b := openBrowser(t, e, "", PublisherConfig{})
	b.subscribe()
	b.await("pictures", func() bool { return b.inbound("video").FramesDecoded > 20 })
	b.await("both connected", func() bool { return b.pub.State() == StateConnected && b.sub.State() == StateConnected })
}
