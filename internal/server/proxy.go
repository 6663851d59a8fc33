package server

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/redial-rtc/redial/internal/config"
)

// outside tells what a request looked like before it passed our own proxies:
// who asked, and under which name. Headers are believed only from a proxy that
// the settings name, since anybody can write headers.
type outside struct {
	trusted []netip.Prefix
	public  *url.URL // from the settings; nil when every request says for itself
}

func newOutside(cfg config.HTTP) outside {
	var o outside
	for _, text := range cfg.BehindProxy {
		if p, err := config.ParseNetwork(text); err == nil {
			o.trusted = append(o.trusted, p)
		}
	}
	if cfg.PublicURL != "" {
		o.public, _ = url.Parse(cfg.PublicURL)
	}
	return o
}

// client is the address of whoever asks: the last one in X-Forwarded-For that
// is not a proxy of ours. Entries before it are hearsay.
func (o outside) client(r *http.Request) netip.Addr {
	remote := addressOf(r.RemoteAddr)
	if !in(o.trusted, remote) {
		return remote
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := addressOf(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			break // nonsense: what came before it cannot be trusted either
		}
		remote = hop
		if !in(o.trusted, hop) {
			break
		}
	}
	return remote
}

// addressOf reads an address with or without a port.
func addressOf(text string) netip.Addr {
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap()
	}
	a, _ := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap()
}

// origin is scheme and host under which the client reached us.
func (o outside) origin(r *http.Request) url.URL {
	if o.public != nil {
		return url.URL{Scheme: o.public.Scheme, Host: o.public.Host}
	}
	u := url.URL{Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	if !in(o.trusted, addressOf(r.RemoteAddr)) {
		return u
	}
	if proto := first(r.Header.Get("X-Forwarded-Proto")); proto == "http" || proto == "https" {
		u.Scheme = proto
	}
	if host := first(r.Header.Get("X-Forwarded-Host")); host != "" {
		u.Host = host
	}
	return u
}

// socketURL is where clients open their WebSocket.
func (o outside) socketURL(r *http.Request) string {
	u := o.origin(r)
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	u.Path = "/ws"
	return u.String()
}

func first(list string) string {
	one, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(one)
}
