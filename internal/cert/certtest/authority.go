// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package certtest runs an authority that issues certificates (RFC 8555) for tests:
// Pebble, the one that Let's Encrypt tests clients with, and a DNS of its own in
// which every name is this machine.
package certtest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// Config is how the authority is.
type Config struct {
	TLSPort, HTTPPort int    // where it calls, in place of 443 and 80
	Seconds           uint64 // for how long a certificate is good; 0 for years
	Blocked           string // a domain that it refuses
}

// Authority is an authority that runs.
type Authority struct {
	Directory string // its URL
	RootsFile string // that vouches for its own server
	Roots     *x509.CertPool

	server *httptest.Server
}

// Start runs an authority until the test ends. The test cannot be parallel.
func Start(t *testing.T, cfg Config) *Authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	front, root := Handler(t, cfg, names(t))
	server := httptest.NewTLSServer(front)
	t.Cleanup(server.Close)

	a := &Authority{
		Directory: server.URL + wfe.DirectoryPath, RootsFile: filepath.Join(t.TempDir(), "authority.pem"), Roots: x509.NewCertPool(), server: server,
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(a.RootsFile, own, 0o600); err != nil {
		t.Fatal(err)
	}
	a.Roots.AddCert(root)
	return a
}

// Fataler is what Handler reports to: a test, or a program that is one's authority.
type Fataler interface{ Fatal(args ...any) }

// Handler is the authority as a web server answers for it, and the root of what it
// issues. It looks names up at the DNS server of an address. The environment variable
// PEBBLE_VA_NOSLEEP spares seconds of waiting.
func Handler(t Fataler, cfg Config, resolver string) (http.Handler, *x509.Certificate) {
	logger := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	if cfg.Blocked != "" {
		if err := store.AddBlockedDomain(cfg.Blocked); err != nil {
			t.Fatal(err)
		}
	}
	issuer := ca.New(logger, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {ValidityPeriod: cfg.Seconds}})
	validator := va.New(logger, cfg.HTTPPort, cfg.TLSPort, false, resolver, store)
	front := wfe.New(logger, store, validator, issuer, []string{"authority.test"}, false, false, 0, 0)
	return front.Handler(), issuer.GetRootCert(0).Cert
}

// Stop makes it unreachable.
func (a *Authority) Stop() { a.server.Close() }

// names serves a DNS in which every name is this machine, and returns its address.
func names(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	server := &dns.Server{Listener: l, NotifyStartedFunc: func() { close(ready) }, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg)
		a.SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			a.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(a)
	})}
	go func() { _ = server.ActivateAndServe() }()
	<-ready
	t.Cleanup(func() { _ = server.Shutdown() })
	return l.Addr().String()
}
