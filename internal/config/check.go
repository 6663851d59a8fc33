// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MinSecretBytes is the shortest secret accepted: HS256 wants a key at least as
// long as its hash (RFC 7518, section 3.2).
const MinSecretBytes = 32

// minSecretVariety is how many different characters a secret needs, so that
// thirty-two times the same letter is not one.
const minSecretVariety = 8

// Problems checks every setting and returns what makes the configuration
// unusable. What only deserves a second look is in [Config.Doubts].
func (c *Config) Problems() []Problem {
	k := checker{}
	k.http(&c.HTTP)
	k.media(&c.Media)
	k.oneOf(c.Media.ICE, "media.ice", "full", "lite")
	k.oneOf(c.Media.Transport, "media.transport", "pion", "own")
	k.require(c.Media.ICE != "full" || c.Media.Transport != "own", "media.ice", "is full, and the server's own transport is a lite agent", "make it lite, or media.transport pion")
	k.turn(&c.Media.TURN, &c.HTTP)
	k.access(&c.Access)
	k.require(c.Data.Dir != "", "data.dir", "is empty", "name a directory, such as data")
	k.limits(&c.Limits)
	k.require(c.Reconnect.Hold >= 0, "reconnect.hold", "is negative", "make it 75s")
	k.require(c.Reconnect.Hold <= time.Hour, "reconnect.hold", "is longer than an hour", "make it 75s; lost peers keep their place and their memory")
	k.require(c.Reconnect.Linger > 0, "reconnect.linger", "is not positive", "make it 15s")
	k.require(c.Events.Retention >= 0, "events.retention", "is negative", "make it 0 to keep events for ever")
	k.atLeast(c.Events.Queue, 1, "events.queue")
	k.eventStore(&c.Events)
	k.quotas(&c.Events.Quotas)
	k.require(c.Events.PeopleBytes == 0 || c.Events.PeopleBytes >= 1<<20, "events.people_bytes", "is less than 1048576", "make it 0 for no bound, or some hundred MiB")
	k.require(c.Events.MaxBytes == 0 || c.Events.MaxBytes >= 1<<20, "events.max_bytes", "is less than 1048576", "make it 0 for no bound, or some GiB")
	k.webhooks(&c.Webhooks)
	k.otlp(&c.OTLP)
	k.traces(&c.Traces.OTLP)
	k.require(c.OpenVidu.Secret == "" || len(c.OpenVidu.Secret) >= MinSecretBytes, "openvidu.secret", fmt.Sprintf("is shorter than %d bytes", MinSecretBytes),
		"make one with \"redial token key\" and take its secret half")
	k.atLeast(c.Kurento.Rooms, 0, "kurento.rooms")
	k.require(c.Kurento.JoinTimeout > 0, "kurento.join_timeout", "is not positive", "make it 60s")
	k.atLeast(c.OpenVidu.Pending, 1, "openvidu.pending")
	k.require(c.OpenVidu.JoinTimeout > 0, "openvidu.join_timeout", "is not positive", "make it 60s")
	k.sceenic(&c.Sceenic)
	k.openTok(&c.OpenTok)
	k.console(&c.Console, &c.HTTP)
	k.oneOf(c.Log.Format, "log.format", "text", "json")
	k.oneOf(c.Log.Level, "log.level", "debug", "info", "warn", "error")
	if c.Metrics.Address != "" {
		k.address(c.Metrics.Address, "metrics.address")
	}
	k.require(c.Data.WriteTimeout > 0, "data.write_timeout", "is not positive", "make it 5s")
	k.atLeast(c.Data.UnwrittenBytes, 1<<20, "data.unwritten_bytes")
	k.require(c.Shutdown.Delay >= 0, "shutdown.delay", "is negative", "make it 0s or more")
	k.require(c.Shutdown.Timeout > 0, "shutdown.timeout", "is not positive", "make it 10s")
	return k.problems
}

// Doubts are settings that work and are probably not meant.
func (c *Config) Doubts() []Problem {
	k := checker{}
	k.require(c.Reconnect.Hold >= 60*time.Second, "reconnect.hold", "is shorter than the 60 s that clients keep trying",
		"lost calls that could be saved will not be; make it 75s")
	k.reach(&c.HTTP)
	if c.Access.KeyFile != "" {
		if info, err := os.Stat(c.Access.KeyFile); err == nil && info.Mode().Perm()&0o004 != 0 {
			k.add("access.key_file", "can be read by every user of this machine", "chmod 640 "+c.Access.KeyFile)
		}
	}
	at := c.Metrics.Address
	k.require(c.Metrics.Token != "" || at == "" || IsLoopback(at), "metrics.token",
		"is empty, so everybody who reaches "+at+" can read /metrics", "set it, or let metrics.address be a loopback address")
	k.require(c.Limits.FrameBytes >= c.Limits.SDPBytes, "limits.frame_bytes", "is less than limits.sdp_bytes",
		"a session description that long cannot arrive")
	k.require(c.Limits.SDPBytes >= sdpBase+sdpTrack*c.Limits.PeerTracks, "limits.sdp_bytes",
		fmt.Sprintf("is less than what a browser needs to publish limits.peer_tracks (%d) tracks", c.Limits.PeerTracks),
		fmt.Sprintf("make it %d, or lower limits.peer_tracks", sdpBase+sdpTrack*c.Limits.PeerTracks))
	return k.problems
}

// reach doubts how clients get here.
func (k *checker) reach(h *HTTP) {
	public, _ := url.Parse(h.PublicURL) // Problems has judged it
	if public == nil {
		public = &url.URL{}
	}
	here, proxied, secured := IsLoopback(h.Address), len(h.BehindProxy) > 0, h.Secured()
	switch {
	case secured || proxied:
		k.callable(h)
		k.require(public.Scheme != "http" || IsLoopback(public.Host), "http.public_url",
			"is plain http, so pages of https cannot call this server, and browsers give no camera to its own", "make it the https address that clients use")
	case public.Scheme == "https":
		k.add("http.behind_proxy", "is empty, while http.public_url is https and there is neither http.tls_cert nor http.acme: a proxy does TLS and is not believed, so all clients count as one address",
			"name the proxy's address, such as [127.0.0.1]")
	case !here:
		k.add("http.allow_plaintext", "tokens cross the network in the clear, and browsers give no camera to pages of plain http",
			"name the domain in http.acme.domains, or set http.tls_cert and http.tls_key; or, if a proxy does TLS, name it in http.behind_proxy and the https address of clients in http.public_url")
	case h.PublicURL == "":
		k.add("http.address", fmt.Sprintf("%q is for clients on this machine, and no proxy is named that brings others", h.Address),
			"if one does, name it in http.behind_proxy, such as [127.0.0.1], and the https address of clients in http.public_url; if none does and others are to come, listen on :443 with http.acme.domains, or with http.tls_cert and http.tls_key")
	}
}

// callable doubts that the authority of http.acme gets here.
func (k *checker) callable(h *HTTP) {
	if len(h.ACME.Domains) == 0 {
		return
	}
	_, port, _ := net.SplitHostPort(h.Address)
	_, plain, _ := net.SplitHostPort(h.Redirect)
	k.require(port == "443" || plain == "80", "http.acme.domains", "is set, and neither http.address is port 443 nor http.redirect_address port 80: unless one is forwarded here, the authority cannot call",
		"listen on :443, or set http.redirect_address: :80")
}

// What a browser's offer takes, as measured, and for each track with every codec
// and three layers.
const (
	sdpBase  = 2 << 10
	sdpTrack = 8 << 10
)

// sceenic checks the door for Sceenic apps.
func (k *checker) sceenic(s *Sceenic) {
	k.require((s.Key == "") == (s.Secret == ""), "sceenic.key", "key and secret go together", "set both or neither")
	k.require(s.Secret == "" || len(s.Secret) >= MinSecretBytes, "sceenic.secret", fmt.Sprintf("is shorter than %d bytes", MinSecretBytes),
		"make a pair with \"redial token key\"")
	k.require(s.TokenLife >= 10*time.Minute, "sceenic.token_life", "is shorter than 10 minutes", "make it 24h")
	k.require(s.JoinTimeout > 0, "sceenic.join_timeout", "is not positive", "make it 60s")
}

// ProjectKey is how a project may be called.
var ProjectKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// openTok checks the door for OpenTok apps.
func (k *checker) openTok(o *OpenTok) {
	seen := map[string]bool{}
	for i, p := range o.Projects {
		field := fmt.Sprintf("opentok.projects[%d]", i)
		k.require(ProjectKey.MatchString(p.Key), field+".key", fmt.Sprintf("%q is not 1 to 64 letters, digits, _ and -", p.Key), "make a pair with \"redial token key\"")
		k.require((p.Secret == "") != (p.PublicKey == ""), field, "has to have one of secret and public_key", "set one of them")
		k.require(p.Secret == "" || len(p.Secret) >= MinSecretBytes, field+".secret", fmt.Sprintf("is shorter than %d bytes", MinSecretBytes), "make a pair with \"redial token key\"")
		block, _ := pem.Decode([]byte(p.PublicKey))
		k.require(p.PublicKey == "" || block != nil, field+".public_key", "is not PEM", "write the public key of the application, from -----BEGIN PUBLIC KEY----- on")
		k.require(!seen[p.Key], field+".key", fmt.Sprintf("%q is there twice", p.Key), "remove one")
		seen[p.Key] = true
		if p.CallbackURL != "" {
			k.receiver(p.CallbackURL, field+".callback_url", "https://app.example.org/hooks/sessions")
		}
		k.require(p.CallbackSecret == "" || len(p.CallbackSecret) >= MinSecretBytes, field+".callback_secret", fmt.Sprintf("is shorter than %d bytes", MinSecretBytes), "make it longer, or leave it out")
	}
	k.require(o.CallbackBytes >= 64<<10, "opentok.callback_bytes", "is less than 64 KiB", "make it 16777216")
	k.require(o.CallbackKeep > 0, "opentok.callback_keep", "is not positive", "make it 72h")
	for _, network := range o.DeniedNetworks {
		if _, err := ParseNetwork(network); err != nil {
			k.add("opentok.denied_networks", fmt.Sprintf("%q is neither an address nor a network", network), "write 192.0.2.1 or 192.0.2.0/24")
		}
	}
	k.atLeast(o.MaxProjects, 0, "opentok.max_projects")
	k.atLeast(o.Issues, 1, "opentok.issues_per_minute")
	k.require(o.JoinTimeout > 0, "opentok.join_timeout", "is not positive", "make it 60s")
}

// checker collects problems.
type checker struct{ problems []Problem }

func (k *checker) add(field, what, fix string) {
	k.problems = append(k.problems, Problem{Field: field, What: what, Fix: fix})
}

func (k *checker) require(ok bool, field, what, fix string) {
	if !ok {
		k.add(field, what, fix)
	}
}

func (k *checker) atLeast(n, least int, field string) {
	k.require(n >= least, field, fmt.Sprintf("is %d", n), fmt.Sprintf("make it at least %d", least))
}

func (k *checker) oneOf(s, field string, choices ...string) {
	k.require(slices.Contains(choices, s), field, fmt.Sprintf("is %q", s), "make it one of "+strings.Join(choices, ", "))
}

// acme checks how certificates are got.
func (k *checker) acme(h *HTTP) {
	if h.Redirect != "" {
		k.address(h.Redirect, "http.redirect_address")
		k.require(h.Secured(), "http.redirect_address", "is set, and there is no TLS to send browsers to", "name the domain in http.acme.domains, or set http.tls_cert and http.tls_key")
	}
	a := &h.ACME
	if len(a.Domains) == 0 {
		return
	}
	k.require(h.TLSCert == "", "http.acme.domains", "is set beside http.tls_cert", "keep one of them")
	for _, d := range a.Domains {
		if why := notDomain(d); why != "" {
			k.add("http.acme.domains", fmt.Sprintf("%q %s", d, why), "write the name that clients use, such as video.example.org")
		}
	}
	u, err := url.Parse(a.Directory)
	k.require(err == nil && u.Scheme == "https" && u.Host != "", "http.acme.directory", fmt.Sprintf("%q is not an https address", a.Directory),
		"write https://acme-v02.api.letsencrypt.org/directory, or that of your authority")
	if a.Email != "" {
		_, err := mail.ParseAddress(a.Email)
		k.require(err == nil, "http.acme.email", fmt.Sprintf("%q is no address of mail", a.Email), "write ops@example.org, or leave it out")
	}
}

// notDomain says why an authority gives no certificate for a name; "" if it may.
func notDomain(name string) string {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return "is an address and not a name"
	}
	if strings.HasPrefix(name, "*.") {
		return "is a wildcard, which takes a challenge over DNS"
	}
	labels := strings.Split(name, ".")
	for _, l := range labels {
		ok := len(l) > 0 && len(l) <= 63 && l[0] != '-' && l[len(l)-1] != '-'
		for _, c := range []byte(l) {
			ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
		}
		if !ok {
			return "is no name in lower case of letters, digits, hyphens and dots"
		}
	}
	if len(labels) < 2 || len(name) > 253 {
		return "is no full name"
	}
	return ""
}

func (k *checker) http(h *HTTP) {
	k.address(h.Address, "http.address")
	k.require((h.TLSCert == "") == (h.TLSKey == ""), "http.tls_cert", "tls_cert and tls_key go together", "set both or neither")
	for _, proxy := range h.BehindProxy {
		if _, err := ParseNetwork(proxy); err != nil {
			k.add("http.behind_proxy", fmt.Sprintf("%q is neither an address nor a network", proxy), "write 10.0.0.1 or 10.0.0.0/8")
		}
	}
	k.acme(h)
	if !IsLoopback(h.Address) && !h.Secured() && len(h.BehindProxy) == 0 && !h.AllowPlaintext {
		k.add("http.address", fmt.Sprintf("%q can be reached from other machines and there is no TLS", h.Address),
			"name the domain in http.acme.domains, or set http.tls_cert and http.tls_key, or http.behind_proxy when a proxy does TLS, or listen on 127.0.0.1, or say http.allow_plaintext: true")
	}
	if h.PublicURL != "" {
		u, err := url.Parse(h.PublicURL)
		ok := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
		k.require(ok, "http.public_url", fmt.Sprintf("%q is not an origin", h.PublicURL), "write scheme and host only, such as https://video.example.org; clients look for /init at its root")
	}
	for _, origin := range h.AllowedOrigins {
		u, err := url.Parse(origin)
		ok := origin == "*" || err == nil && u.Scheme != "" && u.Host != "" && u.Path == ""
		k.require(ok, "http.allowed_origins", fmt.Sprintf("%q is not an origin", origin), "write \"*\" or scheme and host, such as https://app.example.org")
	}
	k.require(len(h.AllowedOrigins) > 0, "http.allowed_origins", "is empty, so no page may call", "write [\"*\"] or name origins")
}

func (k *checker) media(m *Media) {
	k.address(m.UDP, "media.udp")
	if m.TCP != "" {
		k.address(m.TCP, "media.tcp")
	}
	for _, a := range m.Advertise {
		ip, err := netip.ParseAddr(a)
		switch {
		case err != nil:
			k.add("media.advertise", fmt.Sprintf("%q is not an IP address", a), "write addresses such as 203.0.113.7, without a port; names are not resolved")
		case ip.IsUnspecified():
			k.add("media.advertise", fmt.Sprintf("%q means any address, which nobody can send to", a), "write the address clients reach")
		case ip.IsMulticast():
			k.add("media.advertise", fmt.Sprintf("%q is a multicast address", a), "write the address clients reach")
		}
	}
	k.require(m.ProbeEvery == 0 || m.ProbeEvery >= 10*time.Second, "media.probe_every", "is "+formatDuration(m.ProbeEvery), "make it 0s, or 10s at least")
	for i, s := range m.ICEServers {
		field := fmt.Sprintf("media.ice_servers[%d].urls", i)
		k.require(len(s.URLs) > 0, field, "is empty", "name at least one, such as stun:stun.example.org:3478")
		for _, u := range s.URLs {
			scheme, rest, _ := strings.Cut(u, ":")
			k.require(slices.Contains([]string{"stun", "stuns", "turn", "turns"}, scheme) && rest != "", field,
				fmt.Sprintf("%q is not a STUN or TURN address", u), "write it like turn:turn.example.org:3478 (RFC 7064, RFC 7065)")
			if strings.HasPrefix(scheme, "turn") && (s.Username == "" || s.Credential == "") {
				k.add(fmt.Sprintf("media.ice_servers[%d].credential", i), "a TURN server needs a username and a credential", "set both")
			}
		}
	}
}

func (k *checker) access(a *Access) {
	k.require(a.AccountID != "", "access.account_id", "is empty", "name the account, such as redial")
	k.require(a.TokenLeeway >= 0 && a.TokenLeeway <= 10*time.Minute, "access.token_leeway", "is "+formatDuration(a.TokenLeeway), "make it between 0s and 10m")
	k.require(len(a.Keys) > 0, "access.keys", "there is no key, so no token could be accepted",
		"make one with \"redial token key\" and put it in access.keys, in a file named by access.key_file, or in REDIAL_KEYS")
	seen := map[string]bool{}
	for i, key := range a.Keys {
		field := fmt.Sprintf("access.keys[%d]", i)
		if why := WeakKey(key); why != "" {
			k.add(field, why, "make one with \"redial token key\"")
		}
		k.require(!seen[key.Access], field, fmt.Sprintf("the access key %q is there twice", key.Access), "remove one")
		seen[key.Access] = true
	}
}

// WeakKey says why a key must not be used, or "".
func WeakKey(key Key) string {
	variety := map[rune]bool{}
	for _, r := range key.Secret {
		variety[r] = true
	}
	switch {
	case key.Access == "":
		return "the access half is empty"
	case strings.ContainsAny(key.Access, ":, \t\"\\"):
		return fmt.Sprintf("the access half %q holds a character that cannot be in one", key.Access)
	case len(key.Secret) < MinSecretBytes:
		return fmt.Sprintf("the secret of %q has %d bytes, fewer than %d, and could be guessed", key.Access, len(key.Secret), MinSecretBytes)
	case len(variety) < minSecretVariety:
		return fmt.Sprintf("the secret of %q repeats %d characters and could be guessed", key.Access, len(variety))
	}
	return ""
}

func (k *checker) limits(l *Limits) {
	k.atLeast(l.SDPBytes, 4096, "limits.sdp_bytes")
	k.atLeast(l.FrameBytes, 8192, "limits.frame_bytes")
	k.atLeast(l.FramesPerSecond, 5, "limits.frames_per_second")
	k.require(l.JoinsPerSecond > 0, "limits.joins_per_second", "is not positive", "make it 20")
	k.atLeast(l.JoinsBurst, 1, "limits.joins_burst")
	k.atLeast(l.Unproven, 1, "limits.unproven_per_minute")
	k.atLeast(l.Witness, 1, "limits.witness_per_minute")
	k.atLeast(l.Sockets, 1, "limits.sockets")
	k.atLeast(l.AddressSockets, 1, "limits.address_sockets")
	k.atLeast(l.LiveWatchers, 1, "limits.live_watchers")
	k.atLeast(l.AskedBrowsers, 1, "limits.asked_browsers")
	k.require(l.APIPerSecond > 0, "limits.api_per_second", "is not positive", "make it 200")
	k.atLeast(l.APIBurst, 1, "limits.api_burst")
	k.atLeast(l.Rooms, 1, "limits.rooms")
	k.atLeast(l.RoomPeers, 1, "limits.room_peers")
	k.atLeast(l.Peers, 0, "limits.peers")
	k.atLeast(l.Tracks, 0, "limits.tracks")
	k.require(l.MemoryBytes == 0 || l.MemoryBytes >= 64<<20, "limits.memory_bytes", "is less than a server at rest needs", "make it 0, or 67108864 at least")
	k.require(l.CPUPercent >= 0 && l.CPUPercent <= 100, "limits.cpu_percent", fmt.Sprintf("is %d", l.CPUPercent), "make it between 0 and 100")
	k.atLeast(l.PeerTracks, 1, "limits.peer_tracks")
	k.atLeast(l.SocketQueue, 64<<10, "limits.socket_queue_bytes")
	k.atLeast(l.Queues, l.SocketQueue, "limits.queue_bytes")
	k.atLeast(l.AwayBytes, 0, "limits.away_bytes")
	k.atLeast(l.KeptBytes, max(l.AwayBytes, 1<<10), "limits.kept_bytes")
	k.atLeast(l.SocketRate, 16<<10, "limits.socket_bytes_per_second")
	k.atLeast(l.TellRate, 1<<10, "limits.tell_bytes_per_second")
	k.atLeast(l.FanoutRate, 64<<10, "limits.fanout_bytes_per_second")
	k.atLeast(l.AnswerRate, 16<<10, "limits.answer_bytes_per_second")
	k.atLeast(l.OffersPerSecond, 1, "limits.offers_per_second")
	k.atLeast(l.EarlyOffers, 8, "limits.early_offers")
	k.atLeast(l.RoomMetadata, 1<<10, "limits.room_metadata_bytes")
	k.atLeast(l.RoomPolls, 64<<10, "limits.room_poll_bytes")
	k.atLeast(l.LayoutBytes, 1<<10, "limits.layout_bytes")
	k.require(l.BodyTimeout > 0, "limits.body_timeout", "is not positive", "make it 20s")
	k.require(l.AnswerWarning > 0, "limits.answer_warning", "is not positive", "make it 30s")
	k.require(l.AnswerTimeout >= l.AnswerWarning, "limits.answer_timeout", "is shorter than limits.answer_warning", "make it 2m")
	k.atLeast(l.UnprovenRate, 1, "limits.unproven_bytes_per_second")
	k.atLeast(l.UnprovenTarget, 1, "limits.unproven_target_bytes")
	k.atLeast(l.STUNRate, 0, "limits.stun_per_second")
	k.atLeast(l.STUNHostRate, 1, "limits.stun_host_per_minute")
	k.require(l.Retransmits >= 1 && l.Retransmits <= 10, "limits.retransmits", fmt.Sprintf("is %d", l.Retransmits), "make it between 1 and 10")
	k.require(l.RetransmitShare >= 1 && l.RetransmitShare <= 100, "limits.retransmit_percent", fmt.Sprintf("is %d", l.RetransmitShare), "make it between 1 and 100")
	k.atLeast(l.ReceivedTracks, 2, "limits.received_tracks")
	k.atLeast(l.OfferedVideos, 1, "limits.offered_videos")
	k.require(l.HandshakeTimeout > 0, "limits.handshake_timeout", "is not positive", "make it 10s")
}

func (k *checker) address(addr, field string) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		k.add(field, fmt.Sprintf("%q is not host:port", addr), "write :8080, 127.0.0.1:8080 or [::1]:8080")
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		k.add(field, fmt.Sprintf("%q is not a port", port), "write a number from 0 to 65535")
	}
	k.require(!strings.ContainsAny(host, " /"), field, fmt.Sprintf("%q is not a host", host), "write a name or an address, without a scheme")
}

// ParseNetwork reads an address (a network of one) or a network in CIDR form.
func ParseNetwork(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// IsLoopback tells whether an address, as host:port, can be reached from this
// machine only. A name other than localhost counts as reachable from outside.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
