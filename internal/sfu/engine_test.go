// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

func TestConfig(t *testing.T) {
	addr := netip.MustParseAddr
	for name, test := range map[string]struct {
		cfg  Config
		want *fault.Kind
	}{
		"no port":               {Config{UDPAddr: "127.0.0.1"}, fault.ConfigInvalid},
		"port out of range":     {Config{UDPAddr: "127.0.0.1:70000"}, fault.ConfigInvalid},
		"host is a name":        {Config{UDPAddr: "example.org:0"}, fault.ConfigInvalid},
		"address of others":     {Config{UDPAddr: "192.0.2.1:0"}, fault.ConfigInvalid},
		"TCP address of theirs": {Config{UDPAddr: "127.0.0.1:0", Loopback: true, TCPAddr: "x"}, fault.ConfigInvalid},
		"advertised nothing":    {Config{UDPAddr: ":0", Advertise: []netip.Addr{addr("0.0.0.0")}}, fault.AdvertisedAddress},
		"advertised multicast":  {Config{UDPAddr: ":0", Advertise: []netip.Addr{addr("224.0.0.1")}}, fault.AdvertisedAddress},
		"advertised loopback":   {Config{UDPAddr: ":0", Advertise: []netip.Addr{addr("127.0.0.1")}}, fault.AdvertisedAddress},
	} {
		e, err := New(test.cfg)
		if !isFault(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = e.Close()
		}
	}
}

// Peers are told the advertised addresses and no other, over UDP and TCP.
func TestAdvertise(t *testing.T) {
	e, err := New(Config{UDPAddr: ":0", TCPAddr: ":0", Advertise: []netip.Addr{netip.MustParseAddr("203.0.113.7")}})
	if err != nil {
		t.Skipf("this machine has no address but loopback: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	want := netip.AddrPortFrom(netip.MustParseAddr("203.0.113.7"), uint16(e.UDPPort()))
	if got := e.Candidates(); len(got) != 1 || got[0] != want {
		t.Errorf("candidates %v", got)
	}
	offers := make(chan webrtc.SessionDescription, 1)
	s, err := e.NewSubscriber(SubscriberConfig{OnOffer: func(o webrtc.SessionDescription) { offers <- o }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	var udp, tcp int
	for line := range strings.SplitSeq(receiveFrom(t, "the offer", offers).SDP, "\r\n") {
		if !strings.HasPrefix(line, "a=candidate:") {
			continue
		}
		f := strings.Fields(line)
		if f[4] != "203.0.113.7" {
			t.Errorf("told %s", line)
		}
		if f[2] == "udp" {
			udp++
		} else {
			tcp++
		}
	}
	if udp == 0 || tcp == 0 {
		t.Errorf("%d UDP and %d TCP candidates", udp, tcp)
	}
}

// Every interface is offered when nothing is said about addresses; an address
// that is advertised works whatever interface it belongs to.
func TestAllInterfaces(t *testing.T) {
	e, err := New(Config{UDPAddr: ":0", TCPAddr: ":0"})
	if err != nil {
		t.Skipf("this machine has no address but loopback: %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	four := slices.IndexFunc(e.Candidates(), func(a netip.AddrPort) bool { return a.Addr().Is4() })
	if four < 0 {
		t.Skip("this machine has no IPv4 address but loopback")
	}
	for _, c := range e.Candidates() {
		if c.Addr().IsLoopback() || int(c.Port()) != e.UDPPort() {
			t.Errorf("candidate %v", c)
		}
	}
	own := e.Candidates()[four].Addr()
	for name, e := range map[string]*Engine{
		"all":        e,
		"advertised": newEngine(t, func(c *Config) { *c = Config{UDPAddr: "0.0.0.0:0", TCPAddr: ":0", Advertise: []netip.Addr{own}} }),
		"one":        newEngine(t, func(c *Config) { *c = Config{UDPAddr: own.String() + ":0"} }),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, e)
			_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
			v := newViewer(t, e).start()
			readRTP(t, v.add(tr))
		})
	}
	t.Run("TCP", func(t *testing.T) {
		s := newSender(t, e, func(s *webrtc.SettingEngine, _ *webrtc.MediaEngine, _ *interceptor.Registry) {
			s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
		})
		s.negotiate(nil)
		until(t, "connected", func() bool { return s.pub.State() == StateConnected })
	})
}

// What happened is counted, and stays counted when the connections are gone.
func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	e := newEngine(t, func(c *Config) { c.Metrics = reg })
	s := newSender(t, e)
	_, tr := s.camera(webrtc.MimeTypeVP8, "camera")
	v := newViewer(t, e).start()
	remote := v.add(tr)
	for range 20 {
		readRTP(t, remote)
	}
	value := func(name string, labels ...string) float64 {
		t.Helper()
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() != name {
				continue
			}
			for _, m := range f.GetMetric() {
				ok := true
				for _, l := range m.GetLabel() {
					ok = ok && slices.Contains(labels, l.GetValue())
				}
				if ok {
					return m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
		t.Fatalf("no %s %v", name, labels)
		return 0
	}
	if n := value("redial_sfu_connections", "subscribe"); n != 1 {
		t.Errorf("%v subscribers", n)
	}
	var out float64
	until(t, "enough is counted", func() bool { // states are reported a moment later
		out = value("redial_sfu_packets_total", "out")
		return out >= 20 && value("redial_sfu_packets_total", "in") >= 20 && value("redial_sfu_keyframes_total") >= 1 &&
			value("redial_sfu_ice_states_total", "connected", "false") == 2
	})
	if err := v.sub.Close(); err != nil {
		t.Error(err)
	}
	if err := s.pub.Close(); err != nil {
		t.Error(err)
	}
	if n := value("redial_sfu_packets_total", "out"); n < out {
		t.Errorf("%v packets after closing, %v before", n, out)
	}
	until(t, "the publisher's packets are kept", func() bool { return value("redial_sfu_packets_total", "in") >= 20 })
}

// TestTheCertificateDoesNotExpire: nobody is let in with one that has, and it is made
// once in the life of a server.
func TestTheCertificateDoesNotExpire(t *testing.T) {
	if until := newEngine(t).cert.Expires(); until.Before(time.Now().AddDate(10, 0, 0)) {
		t.Errorf("the certificate expires on %v", until)
	}
}
