package server

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/socket"
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

// client is the address of whoever asks: the last one that the forwarding
// headers name and that is not a proxy of ours. Entries before it are hearsay.
func (o outside) client(r *http.Request) netip.Addr {
	remote := addressOf(r.RemoteAddr)
	if !in(o.trusted, remote) {
		return remote
	}
	hops := forwarded(r.Header)
	for i := len(hops) - 1; i >= 0; i-- {
		hop := addressOf(hops[i].client)
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
	told := o.told(r)
	if told.scheme == "http" || told.scheme == "https" {
		u.Scheme = told.scheme
	}
	if isHost(told.host) {
		u.Host = told.host
	}
	return u
}

// told is what the outermost proxy of ours says of the request it got.
func (o outside) told(r *http.Request) hop {
	hops := forwarded(r.Header)
	for i := len(hops) - 1; i > 0; i-- {
		if !in(o.trusted, addressOf(hops[i].client)) {
			return hops[i]
		}
	}
	if len(hops) == 0 {
		return hop{}
	}
	return hops[0]
}

// socketURL is where clients open their WebSocket. It fails with
// fault.ProxyUnknown when that address cannot work for the page that asks.
//
// What a browser says of itself needs no trust, since the answer goes back to it
// alone. A page on https opens no plain ws:// (W3C Mixed Content), except to its
// own machine, and neither fetches from one: that it asks at all shows that TLS
// ends in front of us. So does Sec-Fetch-Site, which browsers send to
// trustworthy addresses only (W3C Fetch Metadata, section 2).
func (o outside) socketURL(r *http.Request) (string, error) {
	u := o.origin(r)
	page, own := pageOf(r)
	if own && page.Host != "" && o.public == nil {
		u = page // the page was served from here, under the name it shows
	}
	sealed := page.Scheme == "https" || r.Header.Get("Sec-Fetch-Site") != ""
	if sealed && u.Scheme == "http" && o.public == nil && (u.Host == page.Host || u.Host == o.told(r).host) {
		u.Scheme = "https" // a proxy passed the name on and not the scheme
	}
	inner := config.IsLoopback(u.Host) // what we are called behind a proxy, or a browser on this machine
	switch {
	case sealed && u.Scheme == "http" && !(inner && !socket.Proxied(r)),
		inner && socket.Proxied(r) && o.public == nil && o.elsewhere(r, page):
		return "", o.unknown(r, u, page)
	}
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	u.Path = "/ws"
	return u.String(), nil
}

// elsewhere tells whether whoever asks is on another machine.
func (o outside) elsewhere(r *http.Request, page url.URL) bool {
	return page.Host != "" && !config.IsLoopback(page.Host) || !o.client(r).IsLoopback()
}

// unknown refuses an address that cannot work, and names the setting to change.
func (o outside) unknown(r *http.Request, u, page url.URL) error {
	setting, fix := "http.behind_proxy", "name the proxy there and let it pass on host and scheme, or set http.public_url"
	if o.public != nil || in(o.trusted, addressOf(r.RemoteAddr)) {
		setting, fix = "http.public_url", "make it the https address that clients use"
	}
	details := []any{"setting", setting, "fix", fix, "got", "ws://" + u.Host}
	if u.Scheme == "https" {
		details[5] = "wss://" + u.Host
	}
	if page.Host != "" {
		details = append(details, "origin", page.Scheme+"://"+page.Host)
	}
	return fault.ProxyUnknown.New(details...)
}

// pageOf is the origin of the page that asks, as far as its browser tells, and
// whether the page was served from where it asks (Sec-Fetch-Site: same-origin).
// Calls to the own origin carry no Origin, but mostly a Referer.
func pageOf(r *http.Request) (page url.URL, own bool) {
	own = r.Header.Get("Sec-Fetch-Site") == "same-origin"
	said := r.Header.Get("Origin")
	if said == "" && own {
		said = r.Header.Get("Referer")
	}
	u, err := url.Parse(said)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !isHost(u.Host) {
		return url.URL{}, own
	}
	return url.URL{Scheme: u.Scheme, Host: u.Host}, own
}

// isHost tells whether a text is a host, with or without a port, and nothing
// else.
func isHost(text string) bool {
	u, err := url.Parse("//" + text)
	return err == nil && text != "" && u.Host == text && u.Hostname() != ""
}

// unnamed tells whether a proxy is in front that the settings do not name. All of
// its clients then count as one address.
func (o outside) unnamed(r *http.Request) bool {
	return socket.Proxied(r) && !in(o.trusted, addressOf(r.RemoteAddr))
}
