// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/evidence"
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, s := range texts {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

// TestJudgedInAWord: evidence has what the self-check found as a word for each address,
// and none on a server for this machine only.
func TestJudgedInAWord(t *testing.T) {
	here := []netInterface{{"eth0", prefixes("10.1.2.3/16")}, {"docker0", prefixes("172.17.0.1/16")}}
	cfg := config.Default()
	cfg.HTTP.PublicURL = "https://v.example.org"
	for address, want := range map[string]string{
		"93.184.216.34": evidence.JudgedGood, "10.1.2.3": evidence.JudgedPrivate, "192.168.7.7": evidence.JudgedForeign, "100.64.1.1": evidence.JudgedShared,
		"172.17.0.1": evidence.JudgedBridge, "192.0.2.1": evidence.JudgedExample, "fe80::1": evidence.JudgedLink, "127.0.0.1": evidence.JudgedLoopback, "0.0.0.0": evidence.JudgedUnusable,
	} {
		if f := judge(netip.MustParseAddr(address), cfg, here); f.Word != want || (f.Why == "") != (want == evidence.JudgedGood) {
			t.Errorf("%s is judged %+v, want %s", address, f, want)
		}
	}
	if word := judged(cfg)(netip.MustParseAddr("127.0.0.1")); word != evidence.JudgedLoopback {
		t.Errorf("judged %q", word)
	}
	cfg = config.Default()
	cfg.HTTP.Address = "127.0.0.1:8080"
	if word := judged(cfg)(netip.MustParseAddr("127.0.0.1")); word != "" {
		t.Errorf("on this machine only: %q", word)
	}
}

func TestSelfCheck(t *testing.T) {
	here := []netInterface{
		{"lo", prefixes("127.0.0.1/8", "::1/128")},
		{"eth0", prefixes("10.1.2.3/16", "fe80::1/64")},
		{"docker0", prefixes("172.17.0.1/16")},
		{"lab0", prefixes("198.51.100.9/24")},
	}
	const (
		fine    = ""
		doubt   = "doubt: "
		certain = "certain: "
	)
	for _, c := range []struct {
		name       string
		http, url  string
		udp        string
		advertise  []string
		candidates []string
		want       string // how it starts; "" finds nothing
	}{
		{name: "everything on this machine", http: "127.0.0.1:8080", udp: "127.0.0.1:0", advertise: []string{"127.0.0.1"}, want: fine},
		{name: "advertised and local", advertise: []string{"10.1.2.3"}, want: fine},
		{name: "advertised, public, NAT", advertise: []string{"93.184.216.34"}, want: fine},
		{name: "advertised IPv6", advertise: []string{"2606:2800:220:1::1"}, want: fine},
		{name: "loopback", advertise: []string{"127.0.0.1"}, want: certain + "it reaches this machine only"},
		{name: "loopback behind a proxy", http: "127.0.0.1:8080", url: "https://v.example.org", advertise: []string{"127.0.0.1"}, want: certain + "it reaches this machine only"},
		{name: "link-local", advertise: []string{"169.254.1.1"}, want: certain + "it is link-local"},
		{name: "link-local IPv6", advertise: []string{"fe80::1"}, want: certain + "it is link-local"},
		{name: "container bridge", advertise: []string{"172.17.0.1"}, want: certain + "it belongs to docker0"},
		{name: "copied sample", advertise: []string{"203.0.113.7"}, want: certain + "it is from a network reserved for examples"},
		{name: "an example network in use", advertise: []string{"198.51.100.9"}, want: fine},
		{name: "class E", advertise: []string{"250.1.1.1"}, want: certain + "nobody can send to it"},
		{name: "other family", udp: "10.1.2.3:7882", advertise: []string{"2606:2800:220:1::1"}, want: certain + "media.udp listens on 10.1.2.3:7882"},
		{name: "mapped IPv4 is IPv4", advertise: []string{"::ffff:127.0.0.1"}, want: certain + "it reaches this machine only"},
		{name: "private, elsewhere", advertise: []string{"192.168.7.7"}, want: doubt + "it is private and not an address of this machine"},
		{name: "carrier NAT", advertise: []string{"100.64.1.1"}, want: doubt + "it is a carrier's shared address"},
		{name: "private, for the Internet", url: "https://v.example.org", advertise: []string{"10.1.2.3"}, want: doubt + "it is private; clients outside"},
		{name: "private, for the office", url: "http://media.lan", advertise: []string{"10.1.2.3"}, want: fine},
		{name: "one of two is wrong", advertise: []string{"10.1.2.3", "127.0.0.1"}, want: certain + "it reaches this machine only"},

		{name: "found by itself", candidates: []string{"172.17.0.1", "10.1.2.3"}, want: fine},
		{name: "found by itself, only a bridge", candidates: []string{"172.17.0.1"}, want: certain + "it belongs to docker0"},
		{name: "found by itself, for the Internet", url: "https://v.example.org", candidates: []string{"10.1.2.3"}, want: doubt + "it is private"},
		{name: "nothing found", want: certain + "this machine has no address"},
		{name: "media on loopback, web public", udp: "127.0.0.1:7882", candidates: []string{"127.0.0.1"}, want: certain + "media.udp listens on this machine only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config.Default()
			if c.http != "" {
				cfg.HTTP.Address = c.http
			}
			if c.udp != "" {
				cfg.Media.UDP = c.udp
			}
			cfg.HTTP.PublicURL, cfg.Media.Advertise = c.url, c.advertise
			var candidates []netip.Addr
			for _, s := range c.candidates {
				candidates = append(candidates, netip.MustParseAddr(s))
			}
			found := checkAddresses(cfg, candidates, here)
			got := ""
			for _, f := range found {
				if f.Certain {
					got = certain + f.Why
				} else if got == "" {
					got = doubt + f.Why
				}
			}
			if (c.want == "") != (got == "") || !strings.HasPrefix(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
			err := refuse(found, here)
			if refused := err != nil; refused != strings.HasPrefix(c.want, certain) {
				t.Errorf("refused: %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "eth0 10.1.2.3") {
				t.Errorf("the refusal does not name the interfaces: %v", err)
			}
		})
	}
}
