// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// TURN is how clients are relayed.
type TURN struct {
	Enabled bool   `yaml:"enabled" default:"false" doc:"Serve TURN on the addresses below and hand each client credentials of its own for it, which expire."`
	UDP     string `yaml:"udp" default:":3478" doc:"UDP address of TURN, as host:port. Empty: none."`
	TCP     string `yaml:"tcp" default:":3478" doc:"TCP address of TURN. Empty: none."`
	TLS     string `yaml:"tls" doc:"Address of TURN over TLS, with the certificate of HTTPS, such as :5349. Empty: none."`
	HTTPS   bool   `yaml:"https" default:"true" doc:"Serve TURN over TLS on http.address as well, beside HTTPS, where the server itself speaks TLS. With http.address on port 443, clients get through that may reach nothing else."`
	Host    string `yaml:"host" doc:"Name or address by which clients reach these ports. Empty: the host of http.public_url, or the one that a client itself came to."`
	Realm   string `yaml:"realm" default:"redial" doc:"What the server calls itself to TURN clients (RFC 8489, section 9.2)."`

	CredentialLife time.Duration `yaml:"credential_life" default:"24h" doc:"How long a client may make relays with what it was handed; a relay that is in use goes on. No shorter than calls are long: a client that changes its network makes a new one. A 100ms client is handed a new credential each time it connects."`
	Peers          []string      `yaml:"peers" doc:"Networks that relays may reach, such as 203.0.113.0/24, beside the media addresses of this server. Loopback, link-local, multicast and unspecified addresses are never reached, whatever is written here."`
	External       []SharedTURN  `yaml:"external" doc:"Other TURN servers, with which this one shares a secret (coturn: use-auth-secret). Clients are handed credentials for these as well, whether enabled or not."`

	Allocations     int `yaml:"allocations" default:"2000" doc:"Relays at once; each takes a UDP port and a file descriptor. More are refused with error 486."`
	UserAllocations int `yaml:"user_allocations" default:"100" doc:"Relays at once of one peer. A browser makes one for each connection, network and way to get here."`
	Permissions     int `yaml:"permissions" default:"32" doc:"Addresses that one relay may send to at once, and channels it may have. More are refused with error 403."`
	Bytes           int `yaml:"bytes_per_second" default:"125000000" doc:"Bytes relayed in a second, both ways together. What is beyond is dropped."`
	UserBytes       int `yaml:"user_bytes_per_second" default:"2500000" doc:"The same for one peer."`
	Connections     int `yaml:"connections" default:"4000" doc:"TCP and TLS connections at once. More are closed at once."`
	HostConnections int `yaml:"host_connections" default:"400" doc:"The same of one host: an IPv4 address or a /64 of IPv6."`
	Requests        int `yaml:"requests_per_second" default:"2000" doc:"Requests answered in a second."`
	HostRequests    int `yaml:"host_requests_per_minute" default:"3000" doc:"Requests of one host answered in a minute. The source of a request over UDP may be forged, and an answer to it is longer."`
}

// SharedTURN is a TURN server of somebody else.
type SharedTURN struct {
	URLs   []string `yaml:"urls" doc:"Such as turn:turn.example.org:3478 or turns:turn.example.org:443?transport=tcp (RFC 7065)."`
	Secret string   `yaml:"secret" secret:"true" doc:"Its shared secret. It is not handed out; what is made with it expires after credential_life."`
}

// Networks are those of peers; what cannot be read is left out.
func (t *TURN) Networks() []netip.Prefix {
	var all []netip.Prefix
	for _, text := range t.Peers {
		if p, err := ParseNetwork(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func (k *checker) turn(t *TURN, h *HTTP) {
	for _, one := range []struct{ value, field string }{{t.UDP, "udp"}, {t.TCP, "tcp"}, {t.TLS, "tls"}} {
		if one.value != "" {
			k.address(one.value, "media.turn."+one.field)
		}
	}
	if t.Enabled {
		k.require(t.UDP != "" || t.TCP != "" || t.TLS != "" || t.HTTPS && h.Secured(), "media.turn.enabled", "there is no address to serve TURN on", "set media.turn.udp to :3478")
		k.require(t.TLS == "" || h.Secured(), "media.turn.tls", "there is no certificate", "set http.tls_cert and http.tls_key, or http.acme.domains")
	}
	k.require(!strings.ContainsAny(t.Host, " /@") && (!strings.Contains(t.Host, ":") || isAddress(t.Host)), "media.turn.host",
		fmt.Sprintf("%q is not a host", t.Host), "write a name or an address, without a scheme and a port")
	k.require(t.Realm != "" && len(t.Realm) <= maxRealm && !strings.ContainsFunc(t.Realm, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == ':' }), "media.turn.realm",
		fmt.Sprintf("%q is no realm", t.Realm), fmt.Sprintf("write a name of ASCII letters, such as that of the host, of at most %d", maxRealm))
	k.require(t.CredentialLife >= time.Minute && t.CredentialLife <= 30*24*time.Hour, "media.turn.credential_life", "is "+formatDuration(t.CredentialLife), "make it between 1m and 720h")
	for _, network := range t.Peers {
		if _, err := ParseNetwork(network); err != nil {
			k.add("media.turn.peers", fmt.Sprintf("%q is neither an address nor a network", network), "write 203.0.113.7 or 203.0.113.0/24")
		}
	}
	for i, one := range t.External {
		field := fmt.Sprintf("media.turn.external[%d]", i)
		k.require(len(one.URLs) > 0, field+".urls", "is empty", "name at least one, such as turn:turn.example.org:3478")
		k.require(one.Secret != "", field+".secret", "is empty", "set it to the server's shared secret; one with a fixed password belongs in media.ice_servers")
		for _, u := range one.URLs {
			scheme, rest, _ := strings.Cut(u, ":")
			k.require(slices.Contains([]string{"turn", "turns"}, scheme) && rest != "", field+".urls",
				fmt.Sprintf("%q is not a TURN address", u), "write it like turn:turn.example.org:3478 (RFC 7065)")
		}
	}
	k.atLeast(t.Allocations, 1, "media.turn.allocations")
	k.atLeast(t.UserAllocations, 1, "media.turn.user_allocations")
	k.atLeast(t.Permissions, 1, "media.turn.permissions")
	k.atLeast(t.UserBytes, 10_000, "media.turn.user_bytes_per_second")
	k.atLeast(t.Bytes, t.UserBytes, "media.turn.bytes_per_second")
	k.atLeast(t.Connections, 1, "media.turn.connections")
	k.atLeast(t.HostConnections, 1, "media.turn.host_connections")
	k.atLeast(t.Requests, 1, "media.turn.requests_per_second")
	k.atLeast(t.HostRequests, 1, "media.turn.host_requests_per_minute")
}

// maxRealm keeps the first answer to a stranger short.
const maxRealm = 64

func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
