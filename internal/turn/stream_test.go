// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package turn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"
)

// closes waits until the other end has closed a connection.
func closes(t *testing.T, what string, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		t.Errorf("%s: still open", what)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func (s *site) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.tcp)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestHostileStreams: a connection that is no TURN, that says it will send more than
// it may, or that makes no allocation in time is closed, also one that says a byte
// now and then; whose message has a length that overflows does not keep the server busy.
func TestHostileStreams(t *testing.T) {
	s := start(t, func(c *Config) { c.Bounds.Silence = 300 * time.Millisecond })
	allocate := s.raw(Credential{}).request(stun.MethodAllocate, transportUDP).Raw
	for what, said := range map[string][]byte{
		"silent": nil, "HTTP": []byte("GET / HTTP/1.1\r\n\r\n"), "half a message": allocate[:10], "asks and no more": allocate,
		"a length that overflows": {0, 3, 0xff, 0xec, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"a long message":          {0, 3, 0x10, 0, 0x21, 0x12, 0xa4, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"long channel data":       {0x40, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}, "zeros": make([]byte, 64),
	} {
		c := s.dial()
		if _, err := c.Write(said); err != nil {
			t.Fatal(err)
		}
		closes(t, what, c)
	}
	slow := s.dial()
	go func() {
		for _, b := range allocate {
			if _, err := slow.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	closes(t, "a byte now and then", slow)
	until(t, func() bool {
		s.s.mu.Lock()
		defer s.s.mu.Unlock()
		return len(s.s.conns) == 0 && len(s.s.count.hosts) == 0
	})
}

// TestConnectionsAreBounded: one host has as many as it may; what is beyond is closed
// at once, and another gets in when one is gone.
func TestConnectionsAreBounded(t *testing.T) {
	s := start(t, func(c *Config) { c.Bounds.HostConnections = 2; c.Bounds.Silence = patience })
	first, second := s.dial(), s.dial()
	until(t, func() bool { s.s.mu.Lock(); defer s.s.mu.Unlock(); return len(s.s.conns) == 2 })
	closes(t, "a third", s.dial())
	_ = first.Close()
	until(t, func() bool { s.s.mu.Lock(); defer s.s.mu.Unlock(); return len(s.s.conns) == 1 })
	conn := pion.NewSTUNConn(s.dial())
	if _, err := s.over(conn, s.tcp, s.issuer.Issue(s.issuer.UserOf("room", "peer"))).Allocate(); err != nil {
		t.Error(err)
	}
	_ = second.Close()
}

// TestAllocationsEndWithTheirConnection: what a client held is free when its
// connection is.
func TestAllocationsEndWithTheirConnection(t *testing.T) {
	s := start(t, nil)
	user := s.issuer.UserOf("room", "peer")
	c := s.dial()
	if _, err := s.over(pion.NewSTUNConn(c), s.tcp, s.issuer.Issue(user)).Allocate(); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	until(t, func() bool { return s.s.Evidence(user, "").Allocations == 0 && len(s.s.relays.open) == 0 })
}

// gated is a site whose TURN is on the port of HTTPS.
func gated(t *testing.T, silence time.Duration) (s *site, address string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, DNSNames: []string{"turn.test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(leaf)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"h2", "http/1.1"}}
	bounds := Bounds{Silence: silence}
	g := NewGate(l, config, true, bounds)
	s = start(t, func(c *Config) { c.Streams = append(c.Streams, g.TURN()); c.Bounds = bounds })
	go g.Run(s.s)
	web := &http.Server{TLSConfig: config, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })}
	go func() { _ = web.Serve(g.Web()) }()
	t.Cleanup(func() { _ = web.Close() })
	return s, l.Addr().String(), roots
}

// TestGate: on one port TURN clients are relayed, and clients of HTTP are served,
// whether they name their protocol or not.
func TestGate(t *testing.T) {
	s, address, roots := gated(t, patience)
	user := s.issuer.UserOf("room", "peer")
	for _, protocols := range [][]string{nil, {"stun.turn"}} {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: "turn.test", NextProtos: protocols})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		relay, err := s.over(pion.NewSTUNConn(conn), address, s.issuer.Issue(user)).Allocate()
		if err != nil {
			t.Fatal(protocols, err)
		}
		s.echoes(relay)
	}
	if e := s.s.Evidence(user, ""); len(e.Over) != 1 || e.Over[0] != "tls" {
		t.Errorf("evidence %+v", e)
	}
	for want, protocols := range map[string][]string{"HTTP/2.0": {"h2"}, "HTTP/1.1": {"http/1.1"}} {
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "turn.test", NextProtos: protocols}, ForceAttemptHTTP2: want == "HTTP/2.0",
		}}
		if got := get(t, client, address); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	nameless := &http.Client{Transport: &http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
		return tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: "turn.test"})
	}}}
	if got := get(t, nameless, address); got != "HTTP/1.1" {
		t.Errorf("without a protocol: %q", got)
	}
}

func get(t *testing.T, c *http.Client, address string) string {
	t.Helper()
	defer c.CloseIdleConnections()
	answer, err := c.Get("https://" + address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return string(body)
}

// TestGateIsBoundedInTime: who does not finish the handshake, says nothing after it,
// or half of what would tell, is closed.
func TestGateIsBoundedInTime(t *testing.T) {
	s, address, roots := gated(t, 2*time.Second)
	var open []net.Conn
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	open = append(open, c)
	for _, said := range []string{"", "\x00\x03\x00"} {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, ServerName: "turn.test"})
		if err != nil {
			t.Skip("this machine is too busy for a handshake in 2 s: ", err)
		}
		if _, err := c.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	for i, c := range open {
		closes(t, fmt.Sprint("connection ", i), c)
		_ = c.Close()
	}
	until(t, func() bool {
		e := s.s.Evidence("", "127.0.0.1")
		return e.Host != nil && e.Host.TLSFailed == 1 && e.Host.Alert == 0
	})
}

// TestAlertsAreRemembered: of who does not believe the certificate, the alert is
// known, unless the connection breaks before it arrives.
func TestAlertsAreRemembered(t *testing.T) {
	s, address, _ := gated(t, patience)
	until(t, func() bool {
		if _, err := tls.Dial("tcp", address, &tls.Config{ServerName: "turn.test"}); err == nil || !strings.Contains(err.Error(), "certificate") {
			t.Fatal("the certificate is believed:", err)
		}
		e := s.s.Evidence("", "127.0.0.1")
		return e.Host != nil && e.Host.TLSFailed > 0 && e.Host.Alert == 42 // bad_certificate
	})
}
