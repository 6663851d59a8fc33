// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net"
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
	plain   bool     // the settings let a public address do without TLS
}

func newOutside(cfg config.HTTP) outside {
	o := outside{plain: cfg.AllowPlaintext}
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
// fault.ProxyUnknown when that address cannot work for whoever asks.
//
// What a client says of itself needs no trust, since the answer goes back to it
// alone. A page on https opens no plain ws:// (W3C Mixed Content), except to its
// own machine, and neither fetches from one: that it asks at all shows that TLS
// ends in front of us. So does Sec-Fetch-Site, which browsers send to
// trustworthy addresses only (W3C Fetch Metadata, section 2). Native apps send
// neither; of them the headers of a proxy tell, or the port: see
// [outside.sealed].
func (o outside) socketURL(r *http.Request) (string, error) {
	if throughOwnDoor(r) {
		return "ws://" + r.Host + "/ws", nil
	}
	u := o.origin(r)
	page, own := pageOf(r)
	if own && page.Host != "" && o.public == nil {
		u = page // the page was served from here, under the name it shows
	}
	told := o.told(r)
	if u.Scheme == "http" && o.public == nil && o.sealed(r, u.Host, page, told) {
		u.Scheme = "https" // a proxy passed the name on and not the scheme, or is none we know
	}
	inner := config.IsLoopback(u.Host) // what we are called behind a proxy, or a client on this machine
	switch {
	case !isHost(u.Host),
		u.Scheme == "http" && onHTTPS(r, page) && !(inner && !socket.Proxied(r)),
		u.Scheme == "http" && told.scheme == "https" && !inner && o.public == nil,
		inner && socket.Proxied(r) && o.public == nil && o.elsewhere(r, page, told):
		return "", o.unknown(r, u, page)
	}
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	u.Path = "/ws"
	return u.String(), nil
}

// onHTTPS tells whether the page that asks shows that it asked over https.
func onHTTPS(r *http.Request, page url.URL) bool {
	return page.Scheme == "https" || r.Header.Get("Sec-Fetch-Site") != ""
}

// sealed tells whether TLS under this name ends in front of us, of a request that
// reached us without. A word for that is believed from anybody, unlike a name or
// an address: who lies gets an address that does not work, and gets it alone.
//
// Without a word the port tells, which clients leave out where it is their
// scheme's own (RFC 9110, section 7.2): if we listen on another, somebody is in
// front, and that with TLS unless the settings let a public address do without.
func (o outside) sealed(r *http.Request, host string, page url.URL, told hop) bool {
	port := (&url.URL{Host: host}).Port()
	named := host == page.Host || host == told.host          // it is the name that clients use
	likely := named || told.host == "" && isPublicHost(host) // or nothing says that it is another
	standard := port == "" || port == "443"
	switch {
	case told.scheme == "https":
		return likely
	case onHTTPS(r, page):
		return named || likely && standard
	case told.scheme != "", page.Host != "", port == "" && (o.plain || listensOn(r, 80)):
		return false
	}
	return likely && standard
}

// listensOn tells whether a request came to us at this port.
func listensOn(r *http.Request, port uint16) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return local != nil && local.AddrPort().Port() == port
}

// elsewhere tells whether whoever asks is on another machine, or came by a proxy
// that says nothing of them.
func (o outside) elsewhere(r *http.Request, page url.URL, told hop) bool {
	if page.Host != "" && !config.IsLoopback(page.Host) || !o.client(r).IsLoopback() {
		return true
	}
	said := addressOf(told.client)
	return said.IsValid() && !said.IsLoopback() || page.Host == "" && !r.ProtoAtLeast(1, 1)
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
	return !in(o.trusted, addressOf(r.RemoteAddr)) &&
		(socket.Proxied(r) || r.TLS == nil && o.sealed(r, r.Host, url.URL{}, hop{}))
}
