// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/turn"
)

// Local is what there is to examine on the server's own machine.
type Local struct {
	File   string // of the settings; "" for defaults and environment
	Config config.Config

	Problems []config.Problem // that keep a server from starting with these settings
	Doubts   []config.Problem // of which it would warn

	NTP  string // a time server to compare the clock with, HOST or HOST:PORT; "" for none
	Unit string // of systemd; "" for none
}

// Here examines a server on its own machine, running or not.
func Here(ctx context.Context, l Local) *Report {
	r := &Report{Of: cmp.Or(l.File, "the defaults"), From: "here", At: time.Now()}
	h := &here{Report: r, Local: l, cfg: &l.Config}
	h.settings()
	h.ask(ctx)
	h.ports(ctx)
	h.addresses()
	h.names(ctx)
	h.certificates(ctx)
	h.turns(ctx)
	h.disk()
	h.files()
	h.kernel()
	h.time(ctx)
	h.service(ctx)
	return r
}

type here struct {
	*Report
	Local
	cfg     *config.Config
	running bool
	numbers map[string]float64 // of its /metrics, as they are written there
}

func (h *here) settings() {
	for _, p := range h.Problems {
		h.fail("settings", p.Fix, "%s %s", p.Field, p.What)
	}
	for _, p := range h.Doubts {
		h.warn("settings", p.Fix, "%s %s", p.Field, p.What)
	}
	if len(h.Problems)+len(h.Doubts) == 0 {
		h.ok("settings", "nothing is wrong with them")
	}
}

// ask asks the server of these settings, if it runs, how it is.
func (h *here) ask(ctx context.Context) {
	ctx, cancel := within(ctx)
	defer cancel()
	get := func(base, path string) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
		if err != nil {
			return nil, err
		}
		if h.cfg.Metrics.Token != "" && path == "/metrics" {
			req.Header.Set("Authorization", "Bearer "+h.cfg.Metrics.Token)
		}
		// The certificate is looked at apart; it is for another name than localhost.
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // as said
		return client.Do(req)
	}
	base := h.cfg.HTTP.OwnURL(h.cfg.HTTP.Address)
	res, err := get(base, "/readyz")
	if err != nil {
		h.warn("ready", "start it, and run this again: then it is looked at whether its ports are reached", "no server answers at %s", base)
		return
	}
	defer res.Body.Close()
	checks := readyChecks(res.Body)
	if checks == nil {
		h.fail("ready", "stop it, or choose another http.address", "what answers at %s is no Redial server", base)
		return
	}
	h.running = true
	h.ready(checks)
	if h.cfg.Metrics.Address != "" {
		base = (&config.HTTP{}).OwnURL(h.cfg.Metrics.Address)
	}
	if res, err := get(base, "/metrics"); err == nil {
		defer res.Body.Close()
		h.numbers = numbers(res.Body)
	}
}

// ports looks whether something listens on each port of the settings: the server if
// it runs, and nobody else if not.
func (h *here) ports(ctx context.Context) {
	t := h.cfg.Media.TURN
	for _, p := range []struct {
		network, setting, address string
		wanted                    bool
	}{
		{"tcp", "http.address", h.cfg.HTTP.Address, true},
		{"tcp", "http.redirect_address", h.cfg.HTTP.Redirect, true},
		{"tcp", "metrics.address", h.cfg.Metrics.Address, true},
		{"udp", "media.udp", h.cfg.Media.UDP, true},
		{"tcp", "media.tcp", h.cfg.Media.TCP, true},
		{"udp", "media.turn.udp", t.UDP, t.Enabled},
		{"tcp", "media.turn.tcp", t.TCP, t.Enabled},
		{"tcp", "media.turn.tls", t.TLS, t.Enabled},
	} {
		if _, port, err := net.SplitHostPort(p.address); err == nil && p.wanted && port != "0" {
			h.port(ctx, p.network, p.setting, p.address)
		}
	}
}

func (h *here) port(ctx context.Context, network, setting, address string) {
	const check = "ports"
	var err error
	if network == "udp" {
		var c net.PacketConn
		if c, err = (&net.ListenConfig{}).ListenPacket(ctx, "udp", address); err == nil {
			_ = c.Close()
		}
	} else {
		var l net.Listener
		if l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", address); err == nil {
			_ = l.Close()
		}
	}
	switch taken := errors.Is(err, syscall.EADDRINUSE); {
	case taken && h.running:
		h.ok(check, "%s listens on %s (%s)", setting, address, network)
	case taken:
		h.fail(check, "find it with \"ss -lnp\" and stop it, or choose another port", "another program has %s/%s (%s)", address, network, setting)
	case errors.Is(err, fs.ErrPermission) && !h.running:
		h.warn(check, "run it by its unit, which grants CAP_NET_BIND_SERVICE, or choose a port from 1024 on", "this user may not open %s/%s (%s)", address, network, setting)
	case errors.Is(err, fs.ErrPermission):
		h.warn(check, "run the doctor as root", "whether %s listens on %s cannot be seen by this user", setting, address)
	case err != nil:
		h.fail(check, "write an address of this machine, or none but the port", "%s cannot be %s: %v", setting, address, err)
	case h.running:
		h.fail(check, "restart the server with these settings", "nothing listens on %s/%s (%s), though a server runs", address, network, setting)
	default:
		h.ok(check, "%s/%s is free for %s", address, network, setting)
	}
}

// addresses tells what clients are told, and whether a packet of the server's own
// comes back from there.
func (h *here) addresses() {
	const check = "addresses"
	if !h.running {
		if len(h.cfg.Media.Advertise) > 0 {
			h.ok(check, "clients will be told %s", strings.Join(h.cfg.Media.Advertise, ", "))
		}
		return
	}
	const sent, answered = "redial_sfu_probe_sent_timestamp_seconds", "redial_sfu_probe_answered_timestamp_seconds"
	any := false
	for name, at := range h.numbers {
		labels, is := strings.CutPrefix(name, sent)
		if !is {
			continue
		}
		any = true
		back := h.numbers[answered+labels]
		address := label(labels, "address") + "/" + label(labels, "protocol")
		if back < at {
			h.warn(check, "look from outside: redial doctor -from, on another machine. Behind a router that does not lead back inside this is usual; otherwise media.advertise is wrong or a firewall is in the way", "packets of the server itself do not come back from %s, which clients are told", address)
		} else {
			h.ok(check, "%s, which clients are told, leads here", address)
		}
	}
	if !any {
		h.warn(check, "set metrics.token in these settings as on the server, leave media.probe_every on, and wait a minute after the start", "the server does not say whether its media addresses lead here")
	}
}

// domains are the names by which clients come.
func (h *here) domains() []string {
	all := slices.Clone(h.cfg.HTTP.ACME.Domains)
	if u, err := url.Parse(h.cfg.HTTP.PublicURL); err == nil && u.Hostname() != "" {
		all = append(all, u.Hostname())
	}
	if h.cfg.Media.TURN.Host != "" {
		all = append(all, h.cfg.Media.TURN.Host)
	}
	all = slices.DeleteFunc(all, func(n string) bool { return net.ParseIP(n) != nil })
	slices.Sort(all)
	return slices.Compact(all)
}

// names looks whether each name leads to an address of this machine, or to one that
// clients are told.
func (h *here) names(ctx context.Context) {
	ctx, cancel := within(ctx)
	defer cancel()
	own := slices.Clone(h.cfg.Media.Advertise)
	if all, err := net.InterfaceAddrs(); err == nil {
		for _, a := range all {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				own = append(own, p.Addr().String())
			}
		}
	}
	for _, name := range h.domains() {
		all, err := net.DefaultResolver.LookupHost(ctx, name)
		switch {
		case err != nil:
			h.fail("dns", "make an A record, and an AAAA record if the server has IPv6", "%s leads nowhere: %v", name, err)
		case slices.ContainsFunc(all, func(a string) bool { return slices.Contains(own, a) }):
			h.ok("dns", "%s is %s", name, strings.Join(all, ", "))
		case len(h.cfg.HTTP.BehindProxy) > 0:
			h.ok("dns", "%s is %s, a proxy's", name, strings.Join(all, ", "))
		default:
			h.warn("dns", "make it lead to this server, unless a router or proxy at that address does", "%s is %s, which is no address of this machine and not in media.advertise", name, strings.Join(all, ", "))
		}
	}
}

// certificates looks at what is served, or would be.
func (h *here) certificates(ctx context.Context) {
	cfg := h.cfg.HTTP
	if !cfg.Secured() {
		if !config.IsLoopback(cfg.Address) && len(cfg.BehindProxy) == 0 {
			h.warn("certificate", "set http.acme.domains, or put a proxy with TLS in front (docs/operation.md)", "there is none, and browsers give no camera to a page without https")
		}
		return
	}
	names := h.domains()
	if cfg.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			h.fail("certificate", "put a certificate and its key there, both PEM", "http.tls_cert cannot be used: %v", err)
			return
		}
		if len(names) == 0 && len(pair.Leaf.DNSNames) > 0 {
			names = pair.Leaf.DNSNames[:1]
		}
		if !h.running {
			for _, name := range names {
				h.certificate(name, parsed(pair), nil, time.Now())
			}
			return
		}
	}
	if !h.running {
		return
	}
	own, err := url.Parse(cfg.OwnURL(cfg.Address))
	if err != nil {
		return
	}
	for _, name := range names {
		chain, err := served(ctx, own.Host, name)
		if err != nil {
			h.fail("certificate", "see the log of the server", "none is served for %s: %v", name, cause(err))
			continue
		}
		h.certificate(name, chain, nil, time.Now())
	}
}

// turns makes a relay at each TURN server that clients are handed.
func (h *here) turns(ctx context.Context) {
	t := h.cfg.Media.TURN
	try := func(urls []string, i *turn.Issuer) {
		c := i.Issue(i.UserOf("redial-doctor", "redial-doctor"))
		for _, u := range urls {
			h.turn(ctx, u, c.Username, c.Password)
		}
	}
	if t.Enabled && h.running && len(h.cfg.Access.Keys) > 0 {
		own := turn.NewIssuer(turn.DeriveSecret(h.cfg.Access.Keys[0].Secret), t.CredentialLife)
		for _, one := range []struct{ scheme, transport, address string }{{"turn", "udp", t.UDP}, {"turn", "tcp", t.TCP}, {"turns", "tcp", t.TLS}} {
			if host, port, err := net.SplitHostPort(one.address); err == nil && port != "0" {
				if ip, err := netip.ParseAddr(host); err != nil || ip.IsUnspecified() {
					host = "127.0.0.1"
				}
				try([]string{one.scheme + ":" + net.JoinHostPort(host, port) + "?transport=" + one.transport}, own)
			}
		}
	}
	for _, other := range t.External {
		try(other.URLs, turn.NewIssuer(other.Secret, t.CredentialLife))
	}
	for _, s := range h.cfg.Media.ICEServers {
		for _, u := range s.URLs {
			h.turn(ctx, u, s.Username, s.Credential)
		}
	}
}

// Bounds of the disk.
const (
	littleBytes = 100 << 20
	littleShare = 0.02
	someShare   = 0.1
	slowSync    = 100 * time.Millisecond
	syncs       = 10
)

// disk looks at the room in the data directory and at how long a write takes.
func (h *here) disk() {
	dir := h.cfg.Data.Dir
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		h.ok("disk", "%s is made at the first start", dir)
		dir = filepath.Dir(filepath.Clean(dir))
	}
	if free, size, ok := datafile.Space(dir); ok {
		share := float64(free) / float64(max(size, 1))
		text := fmt.Sprintf("%.0f MB of %.0f MB are free for %s", float64(free)/1e6, float64(size)/1e6, h.cfg.Data.Dir)
		switch {
		case free < littleBytes || share < littleShare:
			h.fail("disk", "make room, or move data.dir", "%s", text)
		case share < someShare:
			h.warn("disk", "make room, lower events.max_bytes, or move data.dir", "%s", text)
		default:
			h.ok("disk", "%s", text)
		}
	}
	worst, err := syncTime(dir)
	switch {
	case err != nil:
		f := datafile.Fault(dir, err)
		h.fail("disk", "chown -R it to the user of the server, and see that it is mounted for writing", "%s cannot be written: %v", dir, f)
	case worst > h.cfg.Data.WriteTimeout && h.cfg.Data.WriteTimeout > 0:
		h.fail("disk", "use another disk; this one makes acknowledgements wait beyond data.write_timeout", "a flush to it takes up to %v", worst.Round(time.Millisecond))
	case worst > slowSync:
		h.warn("disk", "use an SSD, or a disk that others do not load: every acknowledgement waits for it", "a flush to it takes up to %v", worst.Round(time.Millisecond))
	default:
		h.ok("disk", "a flush to it takes at most %v", worst.Round(10*time.Microsecond))
	}
}

// syncTime is how long the slowest of some small writes took, flush included.
func syncTime(dir string) (worst time.Duration, err error) {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	for range syncs {
		began := time.Now()
		if _, err = f.Write(make([]byte, 4096)); err == nil {
			err = f.Sync()
		}
		if err != nil {
			return 0, err
		}
		worst = max(worst, time.Since(began))
	}
	return worst, nil
}

// enoughFiles are what a server of some hundred people may need: sockets, media over
// TCP, relays, databases.
const enoughFiles = 16_384

// files looks at how many files the server may open.
func (h *here) files() {
	most, whose := maxFiles(), "a program that is started like this one"
	if n := h.numbers["process_max_fds"]; h.running && n > 0 {
		most, whose = uint64(n), "the server"
	}
	const fix = "set LimitNOFILE=1048576 in its unit, --ulimit nofile for a container, or ulimit -n in its shell"
	switch {
	case most == 0:
	case most <= 1024:
		h.fail("files", fix, "%s may open %d files, which is fewer than a few hundred people take", whose, most)
	case most < enoughFiles:
		h.warn("files", fix, "%s may open %d files", whose, most)
	default:
		h.ok("files", "%s may open %d", whose, most)
	}
	if open := h.numbers["process_open_fds"]; h.running && most > 0 && open > 0.8*float64(most) {
		h.fail("files", fix, "%.0f of %d are open", open, most)
	}
}

// service looks at the unit of systemd.
func (h *here) service(ctx context.Context) {
	if _, err := os.Stat("/run/systemd/system"); err != nil || h.Unit == "" {
		return
	}
	ctx, cancel := within(ctx)
	defer cancel()
	out, err := exec.CommandContext(ctx, "systemctl", "show", h.Unit, "-p", "LoadState,ActiveState,SubState,NRestarts,Result").Output()
	if err != nil {
		return
	}
	says := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		says[name] = value
	}
	switch restarts, _ := strconv.Atoi(says["NRestarts"]); {
	case says["LoadState"] != "loaded":
		h.ok("systemd", "there is no unit %s", h.Unit)
	case says["ActiveState"] == "failed":
		h.fail("systemd", "journalctl -u "+h.Unit+" has the reason", "%s has failed (%s)", h.Unit, says["Result"])
	case says["ActiveState"] != "active":
		h.warn("systemd", "systemctl enable --now "+h.Unit, "%s is %s", h.Unit, says["ActiveState"])
	case restarts > 0:
		h.warn("systemd", "journalctl -u "+h.Unit+" has the reason", "%s was restarted %d times since it was started by hand", h.Unit, restarts)
	default:
		h.ok("systemd", "%s is active", h.Unit)
	}
}
