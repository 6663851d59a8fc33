// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// soon is how long before its end a certificate is warned of.
const soon = 14 * 24 * time.Hour

// certificate judges a chain as a browser that was told name would.
func (r *Report) certificate(name string, chain []*x509.Certificate, roots *x509.CertPool, now time.Time) {
	const check = "certificate"
	if len(chain) == 0 {
		r.fail(check, "set http.tls_cert, http.tls_key or http.acme.domains", "there is none for %s", name)
		return
	}
	leaf := chain[0]
	left := leaf.NotAfter.Sub(now)
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: strings.Trim(name, "[]"), Roots: roots, Intermediates: between, CurrentTime: now})
	var wrongName x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case left < 0:
		r.fail(check, "renew it: with http.acme see the log of the server, with files put new ones in place and send SIGHUP", "that of %s has expired, on %s", name, leaf.NotAfter.UTC().Format(time.DateTime))
	case now.Before(leaf.NotBefore):
		r.fail(check, "look at the clocks of this machine and of the authority", "that of %s holds from %s on only", name, leaf.NotBefore.UTC().Format(time.DateTime))
	case errors.As(err, &wrongName):
		r.fail(check, "get one for this name, or have clients use the name that it is for", "it is for %s and not for %s", strings.Join(leaf.DNSNames, ", "), name)
	case errors.As(err, &unknown) && len(chain) == 1 && leaf.Issuer.String() != leaf.Subject.String():
		r.fail(check, "put the authority's intermediate certificates behind it in http.tls_cert (fullchain.pem)", "the chain of %s is incomplete", name)
	case err != nil:
		r.fail(check, "get one from an authority that browsers know, such as with http.acme; browsers refuse this one unless somebody installed its authority", "that of %s is not believed: %v", name, err)
	case left < soon:
		r.warn(check, "renew it; with http.acme the log of the server says why it was not", "that of %s ends in %d days", name, int(left/(24*time.Hour)))
	default:
		r.ok(check, "for %s, by %s, until %s", name, leaf.Issuer.CommonName, leaf.NotAfter.UTC().Format(time.DateOnly))
	}
}

// served is the chain that is served at an address to clients that were told name.
func served(ctx context.Context, address, name string) ([]*x509.Certificate, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	d := tls.Dialer{NetDialer: &net.Dialer{}, Config: &tls.Config{ServerName: name, InsecureSkipVerify: true}} //nolint:gosec // it is judged by certificate
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	secured, is := c.(*tls.Conn)
	if !is {
		return nil, fmt.Errorf("no TLS")
	}
	return secured.ConnectionState().PeerCertificates, nil
}
