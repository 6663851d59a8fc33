// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"

	"github.com/redial-rtc/redial/internal/config"
)

func TestClientBehindProxies(t *testing.T) {
	o := newOutside(config.HTTP{BehindProxy: []string{"10.0.0.0/8", "fd00::1"}})
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.9:5", "", "203.0.113.9"},
		{"203.0.113.9:5", "1.1.1.1", "203.0.113.9"}, // a stranger writes headers
		{"10.0.0.1:5", "203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:5", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"}, // the first is hearsay
		{"10.0.0.1:5", "203.0.113.9:4444", "203.0.113.9"},
		{"10.0.0.1:5", "2001:db8::5", "2001:db8::5"},
		{"10.0.0.1:5", "[2001:db8::5]:443", "2001:db8::5"},
		{"10.0.0.1:5", "garbage", "10.0.0.1"},
		{"10.0.0.1:5", "1.1.1.1, garbage", "10.0.0.1"},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"[fd00::1]:5", "203.0.113.9", "203.0.113.9"},
		{"[::ffff:10.0.0.1]:5", "203.0.113.9", "203.0.113.9"},
	} {
		r := httptest.NewRequest("GET", "/init", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := o.client(r).String(); got != c.want {
			t.Errorf("from %s, forwarded for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestSocketURL(t *testing.T) {
	for _, c := range []struct {
		name, public, remote, proto, host string
		tls                               bool
		want                              string
	}{
		{name: "plain", remote: "203.0.113.9:5", want: "ws://here.example:8080/ws"},
		{name: "TLS", remote: "203.0.113.9:5", tls: true, want: "wss://here.example:8080/ws"},
		{name: "told", public: "https://v.example.org", remote: "203.0.113.9:5", want: "wss://v.example.org/ws"},
		{name: "proxy", remote: "10.0.0.1:5", proto: "https", host: "v.example.org", want: "wss://v.example.org/ws"},
		{name: "stranger", remote: "203.0.113.9:5", proto: "http", host: "evil.example", want: "ws://here.example:8080/ws"},
		{name: "odd scheme", remote: "10.0.0.1:5", proto: "gopher", want: "ws://here.example:8080/ws"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOutside(config.HTTP{PublicURL: c.public, BehindProxy: []string{"10.0.0.0/8"}})
			r := httptest.NewRequest("GET", "http://here.example:8080/init", nil)
			r.RemoteAddr = c.remote
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			} else {
				r.TLS = nil
			}
			r.Header.Set("X-Forwarded-Proto", c.proto)
			r.Header.Set("X-Forwarded-Host", c.host)
			if got, err := o.socketURL(r); err != nil || got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
