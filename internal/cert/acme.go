// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
)

// ACMEConfig is how certificates are asked for.
type ACMEConfig struct {
	Domains   []string // names that clients use; each gets a certificate
	Email     string   // where the authority writes to; may be empty
	Directory string   // URL of the authority (RFC 8555, section 7.1.1)
	RootsFile string   // PEM of who signs the authority's own certificate; "" for the system's
	Dir       string   // where account, keys and certificates are kept

	TLS  net.Addr // where the server listens with TLS: the authority may call there (RFC 8737)
	HTTP net.Addr // where it listens for plain HTTP, and may be called (RFC 8555, section 8.3); nil for nowhere

	Log     *slog.Logger
	Metrics prometheus.Registerer // nil for none

	renewCheck time.Duration // how often certificates are looked at; 0 for the library's 10 minutes
}

// ACME has the certificates of an authority. The library asks for them in the
// background, tries again for weeks, and renews them when a third of their life is
// left or the authority says so (RFC 9773).
type ACME struct {
	domains []string
	cache   *certmagic.Cache
	magic   *certmagic.Config
	issuer  *certmagic.ACMEIssuer
	log     *slog.Logger
	stop    context.CancelFunc
	closed  sync.Once

	failures *prometheus.CounterVec
	expiry   *prometheus.GaugeVec

	mu     sync.Mutex
	failed map[string]error     // the last failure by domain; of those that have a certificate, too
	ends   map[string]time.Time // when the certificate of a domain does
}

// NewACME begins to ask for certificates once [ACME.Start] is called. It fails with
// fault.ConfigInvalid.
func NewACME(cfg ACMEConfig) (*ACME, error) {
	a := &ACME{
		domains: cfg.Domains, log: cfg.Log, failed: map[string]error{}, ends: map[string]time.Time{},
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redial_certificate_failures_total", Help: "Certificates that the authority did not issue, by domain; each is tried again.",
		}, []string{"domain"}),
		expiry: newExpiry(),
	}
	if cfg.Metrics != nil {
		cfg.Metrics.MustRegister(a.failures, a.expiry)
	}
	logger := zapTo(cfg.Log)
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		RenewCheckInterval: cfg.renewCheck, Logger: logger,
	})
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: cfg.Dir}, Logger: logger, OnEvent: a.happened,
		OCSP: certmagic.OCSPConfig{DisableStapling: true}, // authorities give it up
	})
	template := certmagic.ACMEIssuer{
		CA: cfg.Directory, Email: cfg.Email, Agreed: true, Logger: logger,
		DisableHTTPChallenge: cfg.HTTP == nil, DisableDistributedSolvers: true,
	}
	template.ListenHost, template.AltTLSALPNPort = hostPort(cfg.TLS)
	if cfg.HTTP != nil {
		_, template.AltHTTPPort = hostPort(cfg.HTTP)
	}
	if cfg.RootsFile != "" {
		roots, err := readRoots(cfg.RootsFile)
		if err != nil {
			return nil, fault.ConfigInvalid.Wrap(err, "setting", "http.acme.roots_file")
		}
		template.TrustedRoots = roots
	}
	a.issuer = certmagic.NewACMEIssuer(a.magic, template)
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	return a, nil
}

func hostPort(addr net.Addr) (host string, port int) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return "", 0
	}
	if !tcp.IP.IsUnspecified() {
		host = tcp.IP.String()
	}
	return host, tcp.Port
}

func readRoots(name string) (*x509.CertPool, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", name)
	}
	return roots, nil
}

// Start loads the certificates that are there and asks for the others, once the
// server listens. It fails where the directory cannot be used.
func (a *ACME) Start() error {
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	if err := a.magic.ManageAsync(ctx, a.domains); err != nil {
		stop()
		return fault.ConfigInvalid.Wrap(err, "setting", "http.acme")
	}
	return nil
}

// happened hears from the library. What it returns would stop the library.
func (a *ACME) happened(_ context.Context, name string, data map[string]any) error {
	switch name {
	case "cert_failed":
		domain, _ := data["identifier"].(string)
		err, _ := data["error"].(error)
		a.failures.WithLabelValues(domain).Inc()
		a.mu.Lock()
		a.failed[domain] = err
		a.mu.Unlock()
		a.log.Error("no certificate was issued, trying again", "domain", domain, "renewal", data["renewal"], "err", err)
	case "cached_managed_cert":
		names, _ := data["sans"].([]string)
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, domain := range names {
			delete(a.failed, domain)
			for _, c := range a.cache.AllMatchingCertificates(domain) {
				if c.Leaf != nil && c.Leaf.NotAfter.After(a.ends[domain]) {
					a.ends[domain] = c.Leaf.NotAfter
				}
			}
			a.expiry.WithLabelValues(domain).Set(float64(a.ends[domain].Unix()))
		}
		a.log.Info("certificate in use", "domains", strings.Join(names, " "))
	}
	return nil
}

// Redirect answers the authority's calls over plain HTTP (RFC 8555, section 8.3),
// and leaves everything else to next.
func (a *ACME) Redirect(next http.Handler) http.Handler { return a.issuer.HTTPChallengeHandler(next) }

// TLS implements Source. A name that is not ours gets the certificate of the first
// domain, so that a client told by address sees which name it should use.
func (a *ACME) TLS() *tls.Config {
	c := a.magic.TLSConfig()
	get := c.GetCertificate
	c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if !slices.Contains(hello.SupportedProtos, "acme-tls/1") && !slices.Contains(a.domains, strings.ToLower(hello.ServerName)) {
			own := *hello
			own.ServerName = a.domains[0]
			hello = &own
		}
		return get(hello)
	}
	return c
}

// Reload implements Source: certificates are renewed without being told.
func (a *ACME) Reload() string { return "renewed by itself" }

// Missing implements Source.
func (a *ACME) Missing() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []error
	for _, d := range a.domains {
		switch ends, has := a.ends[d]; {
		case has && time.Now().Before(ends):
		case a.failed[d] != nil:
			all = append(all, fmt.Errorf("%s has no certificate: %w", d, a.failed[d]))
		case has:
			all = append(all, fmt.Errorf("the certificate of %s has expired", d))
		default:
			all = append(all, fmt.Errorf("%s has no certificate yet", d))
		}
	}
	return errors.Join(all...)
}

// Close implements Source.
func (a *ACME) Close() error {
	a.closed.Do(func() {
		if a.stop != nil {
			a.stop()
		}
		a.cache.Stop()
	})
	return nil
}
