// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/redial-rtc/redial/internal/cert/certtest"
)

const domain = "video.example.test"

// patience is how long something may take that takes a second.
const patience = 2 * time.Minute

// logged is a log that may be read while it is written.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// site serves TLS, and plain HTTP, with certificates of an authority.
type site struct {
	*ACME
	t       *testing.T
	l       net.Listener
	log     *logged
	metrics *prometheus.Registry
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

func serve(t *testing.T, l net.Listener, a *certtest.Authority, change func(*ACMEConfig)) *site {
	t.Helper()
	s := &site{t: t, l: l, log: &logged{}, metrics: prometheus.NewRegistry()}
	cfg := ACMEConfig{
		Domains: []string{domain}, Directory: a.Directory, RootsFile: a.RootsFile, Dir: t.TempDir(), TLS: l.Addr(),
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Metrics: s.metrics, renewCheck: 100 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if s.ACME, err = NewACME(cfg); err != nil {
		t.Fatal(err)
	}
	web := &http.Server{TLSConfig: s.TLS(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.Proto))
	})}
	go func() { _ = web.ServeTLS(l, "", "") }()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = web.Close(); _ = s.Close() })
	return s
}

// until waits for something.
func (s *site) until(what string, is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("never: %s; missing: %v; log:\n%s", what, s.Missing(), s.log)
		}
	}
}

// serial is that of the certificate served to who asks by a name, and believed.
func (s *site) serial(a *certtest.Authority, name string) string {
	c, err := tls.Dial("tcp", s.l.Addr().String(), &tls.Config{RootCAs: a.Roots, ServerName: name})
	if err != nil {
		return ""
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// TestCertificateIsIssuedAndKept: the authority calls the port that serves, and
// what it issued outlives the process and the authority.
func TestCertificateIsIssuedAndKept(t *testing.T) {
	l := listen(t)
	a := certtest.Start(t, certtest.Config{TLSPort: port(l)})
	dir := t.TempDir()
	s := serve(t, l, a, func(c *ACMEConfig) { c.Dir = dir })
	s.until("there is a certificate", func() bool { return s.Missing() == nil })
	first := s.serial(a, domain)
	if first == "" {
		t.Fatalf("it is not served:\n%s", s.log)
	}
	if !strings.Contains(s.log.String(), `msg="certificate in use" domains=`+domain) {
		t.Errorf("not logged:\n%s", s.log)
	}
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: a.Roots, ServerName: domain}}}
	res, err := client.Get("https://" + l.Addr().String())
	if err != nil || res.ProtoMajor != 2 {
		t.Errorf("%v %v", res, err)
	} else {
		_ = res.Body.Close()
	}
	// Who calls by address sees which name would do.
	c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ConnectionState().PeerCertificates[0].DNSNames[0]; got != domain {
		t.Errorf("by address: %s", got)
	}
	_ = c.Close()
	for name, want := range map[string]os.FileMode{"dir": os.ModeDir | 0o700, "key": 0o600} {
		err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
			if err == nil && path != dir && (name == "dir") == info.IsDir() && info.Mode() != want && !strings.HasSuffix(path, ".lock") {
				t.Errorf("%s: mode %v", path, info.Mode())
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}

	a.Stop()
	_ = s.Close()
	again := serve(t, listen(t), a, func(c *ACMEConfig) { c.Dir = dir })
	again.until("it is there again", func() bool { return again.Missing() == nil })
	if got := again.serial(a, domain); got != first {
		t.Errorf("served is %q after a restart, and was %q", got, first)
	}
}

// TestCertificateIsRenewed before it ends, while the server serves.
func TestCertificateIsRenewed(t *testing.T) {
	l := listen(t)
	a := certtest.Start(t, certtest.Config{TLSPort: port(l), Seconds: 60})
	s := serve(t, l, a, nil)
	s.until("there is a certificate", func() bool { return s.Missing() == nil })
	first := s.serial(a, domain)
	s.until("another one is served", func() bool { got := s.serial(a, domain); return got != "" && got != first })
}

// TestAuthorityCallsOverHTTP where TLS is out of its reach.
func TestAuthorityCallsOverHTTP(t *testing.T) {
	l, plain := listen(t), listen(t)
	a := certtest.Start(t, certtest.Config{TLSPort: 1, HTTPPort: port(plain)})
	s := serve(t, l, a, func(c *ACMEConfig) { c.HTTP = plain.Addr() })
	web := &http.Server{Handler: s.Redirect(http.NotFoundHandler())}
	go func() { _ = web.Serve(plain) }()
	t.Cleanup(func() { _ = web.Close() })
	s.until("there is a certificate", func() bool { return s.Missing() == nil })
}

// TestAuthorityRefuses: what it says is logged, counted and told.
func TestAuthorityRefuses(t *testing.T) {
	l := listen(t)
	a := certtest.Start(t, certtest.Config{TLSPort: port(l), Blocked: domain})
	s := serve(t, l, a, nil)
	s.until("it is told", func() bool { return strings.Contains(s.log.String(), "no certificate was issued, trying again") })
	if err := s.Missing(); err == nil || !strings.Contains(err.Error(), "rejectedIdentifier") {
		t.Errorf("missing: %v", err)
	}
	if n := testutil.ToFloat64(s.failures.WithLabelValues(domain)); n < 1 {
		t.Errorf("%v failures are counted", n)
	}
	if got := s.serial(a, domain); got != "" {
		t.Errorf("something is served: %s", got)
	}
}
