// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command authority is the part of the internet that a new machine needs, in a network
// of the tests' own: a name server for the names that are given, and Let's Encrypt at
// its real address, played by Pebble. A machine that believes web.pem needs no settings
// to get a certificate here; what it gets is vouched for by issued.pem.
//
//	authority ADDRESS DIR video.example.org=10.0.0.1 ...
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/redial-rtc/redial/internal/cert/certtest"
)

// host is the authority's name, and path where its directory is.
const (
	host = "acme-v02.api.letsencrypt.org"
	path = "/directory"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: authority ADDRESS DIR NAME=ADDRESS ...")
	}
	address, dir := os.Args[1], os.Args[2]
	names := map[string]net.IP{host + ".": net.ParseIP(address)}
	for _, pair := range os.Args[3:] {
		name, at, _ := strings.Cut(pair, "=")
		names[dns.Fqdn(name)] = net.ParseIP(at)
	}
	resolver := net.JoinHostPort(address, "53")
	serveNames(resolver, names)

	front, root := certtest.Handler(fatal{}, certtest.Config{TLSPort: 443, HTTPPort: 80}, resolver)
	own := selfSigned()
	write(filepath.Join(dir, "web.pem"), own.Certificate[0])
	write(filepath.Join(dir, "issued.pem"), root.Raw)
	l, err := tls.Listen("tcp", net.JoinHostPort(address, "443"), &tls.Config{Certificates: []tls.Certificate{own}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	log.Fatal(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // for tests
		if r.URL.Path == path {
			r.URL.Path = "/dir"
		}
		front.ServeHTTP(w, r)
	})))
}

type fatal struct{}

func (fatal) Fatal(args ...any) { log.Fatal(args...) }

// serveNames answers over UDP and TCP once it returns.
func serveNames(at string, names map[string]net.IP) {
	answer := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg)
		a.SetReply(q)
		ip := names[strings.ToLower(q.Question[0].Name)]
		switch {
		case ip == nil:
			a.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			a.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: ip}}
		}
		_ = w.WriteMsg(a)
	})
	for _, network := range []string{"udp", "tcp"} {
		ready := make(chan struct{})
		s := &dns.Server{Addr: at, Net: network, Handler: answer, NotifyStartedFunc: func() { close(ready) }}
		go func() { log.Fatal(s.ListenAndServe()) }()
		<-ready
	}
}

// selfSigned makes the certificate of the authority's own server.
func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		log.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func write(name string, der []byte) {
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil { //nolint:gosec // public
		log.Fatal(err)
	}
}
