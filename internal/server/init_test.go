// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

// What /init answers to a browser, by what stands in between. "refused" names the
// setting that the refusal must name.
func TestSocketURLIsOneThatThePageCanOpen(t *testing.T) {
	const app, stranger, ours = "https://app.example.org", "203.0.113.9:5", "10.0.0.1:5"
	for _, c := range []struct {
		name, public, remote, host, proto string
		tls                               bool
		headers                           string // "Name: value | Name: value"
		want, refused                     string
	}{
		{name: "a page on http", remote: stranger, host: "v.example.org:8080", headers: "Origin: http://app.example.org", want: "ws://v.example.org:8080/ws"},
		{name: "a page on http, by a proxy on port 80", remote: stranger, host: "v.example.org", headers: "Origin: http://app.example.org", want: "ws://v.example.org/ws"},
		{name: "a native app", remote: stranger, host: "v.example.org:8080", want: "ws://v.example.org:8080/ws"},
		{name: "our own TLS", tls: true, remote: stranger, host: "v.example.org", headers: "Origin: " + app + " | Sec-Fetch-Site: same-site", want: "wss://v.example.org/ws"},
		{name: "the browser is here", remote: "127.0.0.1:5", host: "localhost:8080", headers: "Origin: " + app + " | Sec-Fetch-Site: cross-site", want: "ws://localhost:8080/ws"},
		{name: "the demo page, here", remote: "127.0.0.1:5", host: "localhost:8080", headers: "Sec-Fetch-Site: same-origin", want: "ws://localhost:8080/ws"},

		{name: "an unknown proxy that passes the name on, a page elsewhere", remote: stranger, host: "v.example.org", headers: "Origin: " + app, want: "wss://v.example.org/ws"},
		{name: "an unknown proxy that hides the name, a page elsewhere", remote: stranger, host: "v.example.org:8080", headers: "Origin: " + app, refused: "http.behind_proxy"},
		{name: "an unknown proxy that passes the name on, its own page", remote: stranger, host: "v.example.org", headers: "Origin: https://v.example.org | Sec-Fetch-Site: same-origin", want: "wss://v.example.org/ws"},
		{name: "an unknown proxy that hides the name, its own page", remote: "127.0.0.1:5", host: "127.0.0.1:8080", headers: "Referer: https://v.example.org/room | Sec-Fetch-Site: same-origin", want: "wss://v.example.org/ws"},
		{name: "an unknown proxy, a page that tells nothing", remote: stranger, host: "v.example.org", headers: "Sec-Fetch-Site: same-origin", want: "wss://v.example.org/ws"},
		{name: "an unknown proxy in a cluster, a page that tells nothing", remote: stranger, host: "redial.default.svc.cluster.local", headers: "Sec-Fetch-Site: same-origin", refused: "http.behind_proxy"},
		{name: "nginx as it comes", remote: "127.0.0.1:5", host: "127.0.0.1:8080", proto: "HTTP/1.0", headers: "Origin: " + app + " | Sec-Fetch-Site: cross-site", refused: "http.behind_proxy"},
		{name: "nginx as it comes, by a name of its own", remote: "127.0.0.1:5", host: "redial", proto: "HTTP/1.0", headers: "Origin: " + app, refused: "http.behind_proxy"},
		{name: "Caddy as it comes", remote: "127.0.0.1:5", host: "v.example.org", headers: "Origin: " + app + " | X-Forwarded-For: 203.0.113.7 | X-Forwarded-Proto: https | X-Forwarded-Host: v.example.org", want: "wss://v.example.org/ws"},
		{name: "headers of a stranger", remote: stranger, host: "here.example:8080", headers: "X-Forwarded-Proto: https | X-Forwarded-Host: evil.example", refused: "http.behind_proxy"},
		{name: "headers of a stranger, a page", remote: stranger, host: "here.example:8080", headers: "Origin: " + app + " | X-Forwarded-Proto: https | X-Forwarded-Host: evil.example", refused: "http.behind_proxy"},

		{name: "our proxy", remote: ours, host: "redial:8080", headers: "Origin: " + app + " | X-Forwarded-Proto: https | X-Forwarded-Host: v.example.org", want: "wss://v.example.org/ws"},
		{name: "our proxy, by RFC 7239", remote: ours, host: "redial:8080", headers: `Origin: ` + app + ` | Forwarded: for=203.0.113.7;proto=https;host="v.example.org:8443"`, want: "wss://v.example.org:8443/ws"},
		{name: "two of our proxies, by RFC 7239", remote: ours, host: "redial:8080", headers: `Forwarded: for=1.1.1.1;proto=http;host=evil.example, for=203.0.113.7;proto=https;host=v.example.org, for=10.0.0.2;proto=http;host=inner`, want: "wss://v.example.org/ws"},
		{name: "our proxy tells no scheme", remote: ours, host: "v.example.org", headers: "Origin: " + app + " | X-Forwarded-For: 203.0.113.7", want: "wss://v.example.org/ws"},
		{name: "our proxy tells neither scheme nor name", remote: ours, host: "redial:8080", headers: "Origin: " + app + " | X-Forwarded-For: 203.0.113.7", refused: "http.public_url"},
		{name: "our proxy hides the name", remote: ours, host: "127.0.0.1:8080", headers: "Origin: " + app + " | X-Forwarded-For: 203.0.113.7 | X-Forwarded-Proto: https", refused: "http.public_url"},
		{name: "our proxy hides the name from a native app", remote: ours, host: "127.0.0.1:8080", headers: "X-Forwarded-For: 203.0.113.7 | X-Forwarded-Proto: https", refused: "http.public_url"},
		{name: "our proxy, an odd host", remote: ours, host: "v.example.org", headers: "X-Forwarded-Proto: https | X-Forwarded-Host: a/b@c", want: "wss://v.example.org/ws"},

		{name: "told", public: "https://v.example.org", remote: stranger, host: "redial", headers: "Origin: " + app, want: "wss://v.example.org/ws"},
		{name: "told wrongly", public: "http://v.example.org", remote: stranger, host: "redial", headers: "Origin: " + app, refused: "http.public_url"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOutside(config.HTTP{PublicURL: c.public, BehindProxy: []string{"10.0.0.0/8"}})
			r := httptest.NewRequest("GET", "/init", nil)
			r.RemoteAddr, r.Host = c.remote, c.host
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if c.proto == "HTTP/1.0" {
				r.Proto, r.ProtoMajor, r.ProtoMinor = c.proto, 1, 0
			}
			checkSocketURL(t, o, r, c.headers, c.want, c.refused)
		})
	}
}

// What /init answers to clients that send no Origin: the SDKs of iOS and Android,
// programs. A proxy that nobody named shows in its headers, or in the port.
func TestSocketURLOfNativeClients(t *testing.T) {
	const near, far, ours = "127.0.0.1:5", "172.17.0.1:5", "10.0.0.1:5"
	for _, c := range []struct {
		name, remote, host string
		port               int  // that we listen on; 8080
		plain              bool // http.allow_plaintext
		http10             bool // HTTP/1.0
		headers            string
		want, refused      string
	}{
		{name: "nobody in between", remote: far, host: "v.example.org:8080", want: "ws://v.example.org:8080/ws"},
		{name: "nobody in between, on port 80", remote: far, host: "v.example.org", port: 80, want: "ws://v.example.org/ws"},
		{name: "on this machine", remote: near, host: "127.0.0.1:8080", want: "ws://127.0.0.1:8080/ws"},
		{name: "in the local network", remote: far, host: "192.168.1.5:8080", want: "ws://192.168.1.5:8080/ws"},
		{name: "a name of the local network, a proxy on port 80", remote: far, host: "mediabox", want: "ws://mediabox/ws"},

		{name: "nginx with the name passed on and nothing else", remote: near, host: "v.example.org", want: "wss://v.example.org/ws"},
		{name: "the same, by a public address", remote: near, host: "203.0.113.7", want: "wss://203.0.113.7/ws"},
		{name: "the port is that of https", remote: near, host: "v.example.org:443", want: "wss://v.example.org:443/ws"},
		{name: "the same where plain http is allowed", remote: near, host: "v.example.org:443", plain: true, want: "wss://v.example.org:443/ws"},
		{name: "port 80 of a container's host, plain http is allowed", remote: far, host: "v.example.org", plain: true, want: "ws://v.example.org/ws"},
		{name: "the port is that of http", remote: far, host: "v.example.org:80", want: "ws://v.example.org:80/ws"},
		{name: "our proxy tells the client alone", remote: ours, host: "v.example.org", headers: "X-Forwarded-For: 203.0.113.7", want: "wss://v.example.org/ws"},

		{name: "Caddy or a balancer that nobody named", remote: far, host: "v.example.org", headers: "X-Forwarded-For: 203.0.113.7 | X-Forwarded-Proto: https", want: "wss://v.example.org/ws"},
		{name: "the same where plain http is allowed", remote: far, host: "v.example.org", plain: true, headers: "X-Forwarded-Proto: https", want: "wss://v.example.org/ws"},
		{name: "the same in front of port 80", remote: far, host: "v.example.org", port: 80, headers: "X-Forwarded-Proto: https", want: "wss://v.example.org/ws"},
		{name: "the same on a port of its own", remote: far, host: "v.example.org:8443", headers: "X-Forwarded-Proto: https | X-Forwarded-Host: v.example.org:8443", want: "wss://v.example.org:8443/ws"},
		{name: "the same with a name of the local network", remote: far, host: "mediabox", headers: "X-Forwarded-Proto: https | X-Forwarded-Host: mediabox", want: "wss://mediabox/ws"},
		{name: "it shouts", remote: far, host: "v.example.org", headers: "X-Forwarded-Proto: HTTPS", want: "wss://v.example.org/ws"},
		{name: "by RFC 7239", remote: far, host: "v.example.org", headers: "Forwarded: for=203.0.113.7;proto=https", want: "wss://v.example.org/ws"},
		{name: "it says http", remote: far, host: "v.example.org", headers: "X-Forwarded-Proto: http", want: "ws://v.example.org/ws"},
		{name: "it says nonsense", remote: far, host: "v.example.org:8080", headers: "X-Forwarded-Proto: gopher", want: "ws://v.example.org:8080/ws"},

		{name: "it hides the name", remote: far, host: "redial:8080", headers: "X-Forwarded-Proto: https", refused: "http.behind_proxy"},
		{name: "it hides the name and tells it", remote: far, host: "redial.internal", headers: "X-Forwarded-Proto: https | X-Forwarded-Host: v.example.org", refused: "http.behind_proxy"},
		{name: "it hides the name, on this machine", remote: near, host: "127.0.0.1:8080", headers: "X-Forwarded-For: 203.0.113.7 | X-Forwarded-Proto: https", refused: "http.behind_proxy"},
		{name: "nginx as it comes", remote: near, host: "127.0.0.1:8080", http10: true, refused: "http.behind_proxy"},
		{name: "a development server on this machine", remote: near, host: "localhost:8080", headers: "X-Forwarded-For: ::1 | X-Forwarded-Proto: https", want: "ws://localhost:8080/ws"},
		{name: "no Host at all", remote: far, http10: true, refused: "http.behind_proxy"},
		{name: "a name that somebody wrote is nobody's", remote: far, host: "v.example.org", headers: "X-Forwarded-Proto: https | X-Forwarded-Host: evil.example", refused: "http.behind_proxy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOutside(config.HTTP{BehindProxy: []string{"10.0.0.0/8"}, AllowPlaintext: c.plain})
			r := httptest.NewRequest("GET", "/init", nil)
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: cmp.Or(c.port, 8080)}))
			if r.RemoteAddr, r.Host = c.remote, c.host; c.http10 {
				r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0
			}
			checkSocketURL(t, o, r, c.headers, c.want, c.refused)
		})
	}
}

// checkSocketURL sends headers ("Name: value | Name: value") and wants a URL, or
// a refusal that names a setting.
func checkSocketURL(t *testing.T, o outside, r *http.Request, headers, want, refused string) {
	t.Helper()
	for line := range strings.SplitSeq(headers, " | ") {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	got, err := o.socketURL(r)
	if got != want {
		t.Errorf("%q (%v), want %q", got, err, want)
	}
	if f := fault.From(err, fault.OpInit); refused != "" && (!errors.Is(err, fault.ProxyUnknown) || f.Detail("setting") != refused) {
		t.Errorf("%v, want a refusal that names %s", err, refused)
	}
}

func TestClientByForwarded(t *testing.T) {
	o := newOutside(config.HTTP{BehindProxy: []string{"10.0.0.0/8", "fd00::1"}})
	for _, c := range []struct{ remote, header, want string }{
		{"203.0.113.9:5", "for=1.1.1.1", "203.0.113.9"}, // a stranger writes headers
		{"10.0.0.1:5", "for=203.0.113.9", "203.0.113.9"},
		{"10.0.0.1:5", `For="203.0.113.9:4444";proto=https`, "203.0.113.9"},
		{"10.0.0.1:5", `for="[2001:db8::5]:4444"`, "2001:db8::5"},
		{"10.0.0.1:5", `for="[2001:db8::5]";by=x, for=10.0.0.2`, "2001:db8::5"},
		{"10.0.0.1:5", "for=1.1.1.1, for=203.0.113.9, for=10.0.0.2", "203.0.113.9"},
		{"10.0.0.1:5", "for=unknown", "10.0.0.1"},
		{"10.0.0.1:5", "for=_hidden, for=10.0.0.2", "10.0.0.2"},
		{"10.0.0.1:5", `for="a,b;c\"`, "10.0.0.1"},
		{"10.0.0.1:5", ",,;;=", "10.0.0.1"},
	} {
		r := httptest.NewRequest("GET", "/init", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("Forwarded", c.header)
		if got := o.client(r).String(); got != c.want {
			t.Errorf("from %s, %q: %s, want %s", c.remote, c.header, got, c.want)
		}
	}
}

func FuzzForwarded(f *testing.F) {
	f.Add(`for="[2001:db8::5]:1";proto=https;host=a, for=10.0.0.1`, "1.1.1.1, 10.0.0.2", "https", "a.example", "https://b.example")
	o := newOutside(config.HTTP{BehindProxy: []string{"10.0.0.0/8"}})
	f.Fuzz(func(t *testing.T, forwarded, xff, proto, host, origin string) {
		for _, remote := range []string{"10.0.0.1:5", "203.0.113.9:5"} {
			r := httptest.NewRequest("GET", "/init", nil)
			r.RemoteAddr = remote
			for name, value := range map[string]string{"Forwarded": forwarded, "X-Forwarded-For": xff, "X-Forwarded-Proto": proto, "X-Forwarded-Host": host, "Origin": origin} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if remote == "203.0.113.9:5" && o.client(r).String() != "203.0.113.9" {
				t.Fatal("a stranger's headers are believed")
			}
			url, err := o.socketURL(r)
			if (err == nil) != (strings.HasPrefix(url, "ws://") || strings.HasPrefix(url, "wss://")) {
				t.Fatalf("%q, %v", url, err)
			}
			if err == nil && strings.HasPrefix(origin, "https://") && strings.HasPrefix(url, "ws://") && !config.IsLoopback(r.Host) && strings.Count(origin, "/") == 2 && isHost(origin[8:]) {
				t.Fatalf("%q for the page %q", url, origin)
			}
		}
	})
}
