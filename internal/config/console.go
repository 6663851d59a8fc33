// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/url"
	"strings"
)

// Console is the pages for those who run the server.
type Console struct {
	Enabled   bool   `yaml:"enabled" default:"false" doc:"Serve the console, on an address of its own. \"redial dev\" has it on."`
	Listen    string `yaml:"listen" default:"127.0.0.1:8090" doc:"Address of the console, as host:port. Cookies ignore ports, so where it is reached from other machines, give it a host name of its own. There it needs the TLS of http, or a proxy of http.behind_proxy."`
	PublicURL string `yaml:"public_url" doc:"How people reach the console, such as https://console.example.org, for the links that \"redial console\" prints. Empty: the address of listen, and beyond this machine the host under which the server is asked for a link."`
	Logins    int    `yaml:"logins_per_minute" default:"10" doc:"How often one address may try to log in to the console within a minute."`
	Sessions  int    `yaml:"sessions" default:"1000" doc:"Logins at once. Beyond it the one that was idle longest ends."`
}

// console checks the console against what it is reached by.
func (k *checker) console(c *Console, h *HTTP) {
	if !c.Enabled {
		return
	}
	k.address(c.Listen, "console.listen")
	k.atLeast(c.Logins, 1, "console.logins_per_minute")
	k.atLeast(c.Sessions, 1, "console.sessions")
	if !IsLoopback(c.Listen) && !h.Secured() && len(h.BehindProxy) == 0 {
		k.add("console.listen", fmt.Sprintf("%q can be reached from other machines, and there is neither TLS nor a proxy: nobody could log in", c.Listen),
			"make it 127.0.0.1:8090, or set http.acme.domains, http.tls_cert or http.behind_proxy")
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		ok := err == nil && u.Host != "" && strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == "" &&
			(u.Scheme == "https" || u.Scheme == "http" && IsLoopback(u.Host))
		k.require(ok, "console.public_url", fmt.Sprintf("%q is not an origin of https", c.PublicURL), "write scheme and host only, such as https://console.example.org")
	}
}
