// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// FuzzProxy: the address of a caller is the caller's own unless a proxy of ours
// speaks, and the socket's address is always one.
func FuzzProxy(f *testing.F) {
	f.Add("203.0.113.9:1", "198.51.100.7, 10.0.0.1", "https", "a.example", "for=1.2.3.4;proto=https", "https://a.example", "same-origin")
	f.Add("10.0.0.2:1", "x, ,[::1]:7,10.0.0.3", "ftp", "a b", "", "null", "")
	f.Add("10.0.0.2:1", "::ffff:10.0.0.1", "https,http", "a.example, b", `host="x";for="[::1]:7", for=_y`, "http://[::1", "cross-site")
	f.Add("[fe80::1%eth0]:1", "fe80::1%x", "HTTPS", "/", ";;", "https://localhost/p?q", "same-origin")
	f.Add("203.0.113.9:1", "198.51.100.7", "https", "", "", "", "")
	o := newOutside(config.HTTP{BehindProxy: []string{"10.0.0.0/8"}})
	f.Fuzz(func(t *testing.T, remote, forwardedFor, proto, host, forwarded, origin, site string) {
		r := httptest.NewRequest("GET", "/init", nil)
		r.RemoteAddr, r.Host = remote, "video.example:8080"
		for name, value := range map[string]string{
			"X-Forwarded-For": forwardedFor, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "Forwarded": forwarded,
			"Origin": origin, "Referer": origin, "Sec-Fetch-Site": site,
		} {
			r.Header.Set(name, value)
		}
		trusted, addr := in(o.trusted, addressOf(remote)), o.client(r)
		if !trusted && addr != addressOf(remote) {
			t.Errorf("%q from %q is taken for %s", forwardedFor, remote, addr)
		}
		at, err := o.socketURL(r)
		if err != nil {
			if !errors.Is(err, fault.ProxyUnknown) {
				t.Error(err)
			}
			return
		}
		u, err := url.Parse(at)
		if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Path != "/ws" {
			t.Errorf("%q is no address of a socket: %v", at, err)
			return
		}
		if page, _ := pageOf(r); !trusted && u.Host != r.Host && u.Host != page.Host {
			t.Errorf("%q from %q leads to %s", host, remote, u)
		}
	})
}
