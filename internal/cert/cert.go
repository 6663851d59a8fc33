// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package cert is where the server's certificate comes from: files, an authority
// that issues it by itself (ACME, RFC 8555), or, on a developer's machine, the
// server.
package cert

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/prometheus/client_golang/prometheus"
)

// Source has the certificate, and renews it without a restart.
type Source interface {
	// TLS is what a listener serves it with. Protocols to negotiate are for the
	// caller to add before those that are in it.
	TLS() *tls.Config

	// Reload looks for a new certificate now and tells what came of it.
	Reload() string

	// Missing says why there is no certificate that could be served at present,
	// and nil when there is.
	Missing() error

	// Close ends what renews the certificate.
	Close() error
}

// newExpiry makes the gauge of when certificates end.
func newExpiry() *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "redial_certificate_expiry_seconds", Help: "When the certificate of a domain ends, in seconds since 1970.",
	}, []string{"domain"})
}

// namesOf are whom a certificate is for: names, and addresses where it has none.
func namesOf(leaf *x509.Certificate) []string {
	names := leaf.DNSNames
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{leaf.Subject.CommonName}
	}
	return names
}
