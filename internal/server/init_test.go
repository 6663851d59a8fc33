package server

import (
	"crypto/tls"
	"errors"
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
		{name: "a native app", remote: stranger, host: "v.example.org:8080", want: "ws://v.example.org:8080/ws"},
		{name: "our own TLS", tls: true, remote: stranger, host: "v.example.org", headers: "Origin: " + app + " | Sec-Fetch-Site: same-site", want: "wss://v.example.org/ws"},
		{name: "the browser is here", remote: "127.0.0.1:5", host: "localhost:8080", headers: "Origin: " + app + " | Sec-Fetch-Site: cross-site", want: "ws://localhost:8080/ws"},
		{name: "the demo page, here", remote: "127.0.0.1:5", host: "localhost:8080", headers: "Sec-Fetch-Site: same-origin", want: "ws://localhost:8080/ws"},

		{name: "an unknown proxy, its page elsewhere", remote: stranger, host: "v.example.org", headers: "Origin: " + app, refused: "http.behind_proxy"},
		{name: "an unknown proxy that passes the name on, its own page", remote: stranger, host: "v.example.org", headers: "Origin: https://v.example.org | Sec-Fetch-Site: same-origin", want: "wss://v.example.org/ws"},
		{name: "an unknown proxy that hides the name, its own page", remote: "127.0.0.1:5", host: "127.0.0.1:8080", headers: "Referer: https://v.example.org/room | Sec-Fetch-Site: same-origin", want: "wss://v.example.org/ws"},
		{name: "an unknown proxy, a page that tells nothing", remote: stranger, host: "v.example.org", headers: "Sec-Fetch-Site: same-origin", refused: "http.behind_proxy"},
		{name: "nginx as it comes", remote: "127.0.0.1:5", host: "127.0.0.1:8080", proto: "HTTP/1.0", headers: "Origin: " + app + " | Sec-Fetch-Site: cross-site", refused: "http.behind_proxy"},
		{name: "nginx as it comes, by a name of its own", remote: "127.0.0.1:5", host: "redial", proto: "HTTP/1.0", headers: "Origin: " + app, refused: "http.behind_proxy"},
		{name: "Caddy as it comes", remote: "127.0.0.1:5", host: "v.example.org", headers: "Origin: " + app + " | X-Forwarded-For: 203.0.113.7 | X-Forwarded-Proto: https | X-Forwarded-Host: v.example.org", want: "wss://v.example.org/ws"},
		{name: "headers of a stranger", remote: stranger, host: "here.example:8080", headers: "X-Forwarded-Proto: https | X-Forwarded-Host: evil.example", want: "ws://here.example:8080/ws"},
		{name: "headers of a stranger, a page", remote: stranger, host: "here.example:8080", headers: "Origin: " + app + " | X-Forwarded-Proto: https | X-Forwarded-Host: evil.example", refused: "http.behind_proxy"},

		{name: "our proxy", remote: ours, host: "redial:8080", headers: "Origin: " + app + " | X-Forwarded-Proto: https | X-Forwarded-Host: v.example.org", want: "wss://v.example.org/ws"},
		{name: "our proxy, by RFC 7239", remote: ours, host: "redial:8080", headers: `Origin: ` + app + ` | Forwarded: for=203.0.113.7;proto=https;host="v.example.org:8443"`, want: "wss://v.example.org:8443/ws"},
		{name: "two of our proxies, by RFC 7239", remote: ours, host: "redial:8080", headers: `Forwarded: for=1.1.1.1;proto=http;host=evil.example, for=203.0.113.7;proto=https;host=v.example.org, for=10.0.0.2;proto=http;host=inner`, want: "wss://v.example.org/ws"},
		{name: "our proxy tells no scheme", remote: ours, host: "v.example.org", headers: "Origin: " + app + " | X-Forwarded-For: 203.0.113.7", refused: "http.public_url"},
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
			for line := range strings.SplitSeq(c.headers, " | ") {
				name, value, _ := strings.Cut(line, ": ")
				r.Header.Set(name, value)
			}
			got, err := o.socketURL(r)
			if got != c.want {
				t.Errorf("%q (%v), want %q", got, err, c.want)
			}
			if f := fault.From(err, fault.OpInit); c.refused != "" && (!errors.Is(err, fault.ProxyUnknown) || f.Detail("setting") != c.refused) {
				t.Errorf("%v, want a refusal that names %s", err, c.refused)
			}
		})
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
