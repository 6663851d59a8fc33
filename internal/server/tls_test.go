// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/cert/certtest"
	"github.com/redial-rtc/redial/internal/config"
)

// TestCertificateByItself: a server with a domain and nothing else serves https,
// says that it is ready once it has a certificate, and sends browsers there.
func TestCertificateByItself(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plain := freeAddress(t)
	_, plainPort, _ := net.SplitHostPort(plain)
	httpPort, _ := strconv.Atoi(plainPort)
	authority := certtest.Start(t, certtest.Config{TLSPort: l.Addr().(*net.TCPAddr).Port, HTTPPort: httpPort})
	cfg := local(t)
	cfg.HTTP.ACME = config.ACME{Domains: []string{"video.example.test"}, Directory: authority.Directory, RootsFile: authority.RootsFile}
	cfg.HTTP.Redirect = plain
	s := startWith(t, cfg, Options{Listener: l})
	dial := func(name string) *http.Client {
		return &http.Client{
			Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Roots, ServerName: name}},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	client := dial("video.example.test")
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		res, err := client.Get(s.URL() + "/readyz")
		if err == nil {
			said, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK && strings.Contains(string(said), `"certificate":"ok"`) {
				break
			}
			err = errors.New(string(said))
		}
		if time.Now().After(deadline) {
			t.Fatal(err, s.cert.Missing())
		}
	}

	_, port, _ := net.SplitHostPort(l.Addr().String())
	ask := func(method, url string, change func(*http.Request)) *http.Response {
		t.Helper()
		req := httptest.NewRequest(method, url, nil)
		req.RequestURI = ""
		if change != nil {
			change(req)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res
	}
	for host, want := range map[string]string{
		"video.example.test": "https://video.example.test:" + port + "/a?b=c", "elsewhere.test": "https://video.example.test:" + port + "/a?b=c",
	} {
		res := ask("GET", "http://"+plain+"/a?b=c", func(r *http.Request) { r.Host = host })
		if got := res.Header.Get("Location"); res.StatusCode != http.StatusPermanentRedirect || got != want {
			t.Errorf("%s: %s to %s", host, res.Status, got)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"a token": func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") },
		"a post":  func(r *http.Request) { r.Method = "POST" },
	} {
		if res := ask("GET", "http://"+plain+"/v2/rooms", change); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s in the clear: %s", name, res.Status)
		}
	}
}

// TestPublicHost: browsers are sent where clients are told to go.
func TestPublicHost(t *testing.T) {
	for _, c := range []struct {
		name, asked, want string
		http              config.HTTP
		port              int
	}{
		{"the usual port", "v.example.org:80", "v.example.org", config.HTTP{}, 443},
		{"another port", "v.example.org", "v.example.org:8443", config.HTTP{}, 8443},
		{"a public address", "10.0.0.1", "v.example.org", config.HTTP{PublicURL: "https://v.example.org/"}, 8443},
		{"a name that is not ours", "10.0.0.1", "v.example.org", config.HTTP{ACME: config.ACME{Domains: []string{"v.example.org"}}}, 443},
		{"IPv6", "[2001:db8::1]:80", "[2001:db8::1]:8443", config.HTTP{}, 8443},
	} {
		s := &Server{cfg: config.Config{HTTP: c.http}, address: &net.TCPAddr{Port: c.port}}
		if got := s.publicHost()(c.asked); got != c.want {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
