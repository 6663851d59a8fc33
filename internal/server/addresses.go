// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/evidence"
)

// The commonest reason why a call has signalling but no media is a media
// address that clients cannot reach, and nothing says so until the first call.
// So it is said when the server starts.

// finding is what the self-check has against one media address.
type finding struct {
	Address netip.Addr
	Word    string // what is wrong, as evidence has it
	Why     string
	Certain bool // it cannot be right, as opposed to: it may well be
}

// checkAddresses looks at the addresses clients will be told. Advertised ones
// come from the settings; without any, the candidates are those of the
// interfaces, and one good one among them is enough.
func checkAddresses(cfg config.Config, candidates []netip.Addr, here []netInterface) []finding {
	if !isPublic(cfg) {
		return nil // everybody is on this machine
	}
	if len(cfg.Media.Advertise) > 0 {
		var found []finding
		for _, text := range cfg.Media.Advertise {
			address, err := netip.ParseAddr(text)
			if err != nil {
				continue // config has refused it
			}
			if f := judge(address.Unmap(), cfg, here); f.Why != "" {
				found = append(found, f)
			}
		}
		return found
	}
	if config.IsLoopback(cfg.Media.UDP) {
		host, _, _ := net.SplitHostPort(cfg.Media.UDP)
		address, _ := netip.ParseAddr(host)
		return []finding{{address, evidence.JudgedLoopback, "media.udp listens on this machine only, while http.address is public", true}}
	}
	var found []finding
	for _, address := range candidates {
		f := judge(address.Unmap(), cfg, here)
		if f.Why == "" {
			return nil
		}
		found = append(found, f)
	}
	if len(found) == 0 {
		return []finding{{netip.Addr{}, evidence.JudgedUnusable, "this machine has no address that another could reach", true}}
	}
	return found
}

// isPublic tells whether clients come from other machines.
func isPublic(cfg config.Config) bool {
	if cfg.HTTP.PublicURL != "" {
		u, err := url.Parse(cfg.HTTP.PublicURL)
		return err == nil && !config.IsLoopback(u.Hostname())
	}
	return !config.IsLoopback(cfg.HTTP.Address) || len(cfg.HTTP.BehindProxy) > 0
}

// examples are networks for documentation (RFC 5737, RFC 3849, RFC 9637):
// somebody copied a sample.
var examples = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("3fff::/20"),
}

// reserved are networks nothing is reached in (RFC 6890), but for a carrier's
// shared one, which is judged apart.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("100::/64"),
}

var carrierShared = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// containerBridges are names of interfaces that join containers or virtual
// machines of one host.
var containerBridges = []string{"docker", "br-", "virbr", "cni", "podman", "lxcbr", "lxdbr", "veth"}

// judge says what speaks against an address; [evidence.JudgedGood] is nothing.
func judge(address netip.Addr, cfg config.Config, here []netInterface) finding {
	on := interfaceOf(address, here)
	certain := func(word, why string) finding { return finding{address, word, why, true} }
	doubt := func(word, why string) finding { return finding{address, word, why, false} }
	switch {
	case address.IsUnspecified(), address.IsMulticast(), in(reserved, address):
		return certain(evidence.JudgedUnusable, "nobody can send to it")
	case address.IsLoopback():
		return certain(evidence.JudgedLoopback, "it reaches this machine only, while clients are elsewhere")
	case address.IsLinkLocalUnicast():
		return certain(evidence.JudgedLink, "it is link-local and holds on one cable only")
	case in(examples, address) && on == "": // some laboratories do use them
		return certain(evidence.JudgedExample, "it is from a network reserved for examples")
	case on != "" && hasPrefix(on, containerBridges):
		return certain(evidence.JudgedBridge, fmt.Sprintf("it belongs to %s, which joins containers of this machine", on))
	case boundElsewhere(cfg.Media.UDP, address):
		return certain(evidence.JudgedFamily, fmt.Sprintf("media.udp listens on %s, of the other address family", cfg.Media.UDP))
	case carrierShared.Contains(address):
		return doubt(evidence.JudgedShared, "it is a carrier's shared address; clients outside that network cannot reach it")
	case address.IsPrivate() && on == "":
		return doubt(evidence.JudgedForeign, "it is private and not an address of this machine; clients reach it only if something forwards it")
	case address.IsPrivate() && hasPublicName(cfg.HTTP.PublicURL):
		return doubt(evidence.JudgedPrivate, "it is private; clients outside this network cannot reach it, name the public address in media.advertise")
	}
	return finding{Address: address, Word: evidence.JudgedGood}
}

// judged says in a word what the self-check has against each address; "" where it
// looks at none.
func judged(cfg config.Config) func(netip.Addr) string {
	here := interfaces()
	return func(a netip.Addr) string {
		if !isPublic(cfg) {
			return ""
		}
		return judge(a.Unmap(), cfg, here).Word
	}
}

// interfaceOf names the local interface that has the address, or "".
func interfaceOf(address netip.Addr, here []netInterface) string {
	for _, i := range here {
		for _, p := range i.Addresses {
			if p.Addr().Unmap() == address {
				return i.Name
			}
		}
	}
	return ""
}

// boundElsewhere tells whether the media socket is of one address family and
// the advertised address of the other.
func boundElsewhere(udp string, address netip.Addr) bool {
	host, _, _ := net.SplitHostPort(udp)
	bound, err := netip.ParseAddr(host)
	return err == nil && !bound.IsUnspecified() && bound.Unmap().Is4() != address.Is4()
}

// hasPublicName tells whether clients come over the Internet, as far as a URL
// can tell.
func hasPublicName(publicURL string) bool {
	u, err := url.Parse(publicURL)
	return err == nil && isPublicHost(u.Host)
}

// isPublicHost tells whether a host, with or without a port, is a public address,
// or a name with a dot that is no name of local networks (RFC 6762, RFC 8375).
func isPublicHost(host string) bool {
	host = (&url.URL{Host: host}).Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast()
	}
	for _, local := range []string{".local", ".internal", ".home.arpa", ".lan", ".localhost"} {
		if strings.HasSuffix(host, local) {
			return false
		}
	}
	return strings.Contains(host, ".")
}

// refuse turns findings into the error that keeps the server from starting, if
// one of them is certain.
func refuse(found []finding, here []netInterface) error {
	var all []error
	for _, f := range found {
		if f.Certain {
			all = append(all, f.fault(here))
		}
	}
	return errors.Join(all...)
}

// AddressProblems says of settings what the server, started with them on this
// machine, would refuse their media addresses for.
func AddressProblems(cfg *config.Config) (problems []config.Problem) {
	if cfg.Media.AllowOddAddresses {
		return nil
	}
	for _, d := range settled(cfg) {
		if d.Certain {
			problems = append(problems, d.problem(cfg))
		}
	}
	return problems
}

// AddressDoubts says of settings what the server, started with them on this
// machine, would warn of.
func AddressDoubts(cfg *config.Config) (doubts []config.Problem) {
	for _, d := range settled(cfg) {
		if !d.Certain || cfg.Media.AllowOddAddresses {
			doubts = append(doubts, d.problem(cfg))
		}
	}
	return doubts
}

// settled is what there is against addresses that are in the settings, and not
// taken from whatever interfaces a machine happens to have.
func settled(cfg *config.Config) []finding {
	if len(cfg.Media.Advertise) == 0 && !config.IsLoopback(cfg.Media.UDP) {
		return nil
	}
	return checkAddresses(*cfg, nil, interfaces())
}

func (f finding) problem(cfg *config.Config) config.Problem {
	if len(cfg.Media.Advertise) == 0 {
		return config.Problem{Field: "media.udp", What: f.Why, Fix: "listen on :7882, or on an address that clients reach"}
	}
	return config.Problem{Field: "media.advertise", What: f.Address.String() + ": " + f.Why,
		Fix: "write the address that clients reach, or set media.allow_odd_addresses if this one is meant"}
}

func (f finding) fault(here []netInterface) error {
	address := "none"
	if f.Address.IsValid() {
		address = f.Address.String()
	}
	return fault.AdvertisedAddress.New("address", address, "reason", f.Why, "interfaces", describe(here), "override", "media.allow_odd_addresses")
}

func in(networks []netip.Prefix, address netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(address) {
			return true
		}
	}
	return false
}

func hasPrefix(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
