// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"net/http"
	"strings"
)

// Upgrades tells whether a request asks to become a WebSocket.
func Upgrades(r *http.Request) bool { return hasToken(r.Header, "Upgrade", "websocket") }

// NoUpgrade says why a request cannot become a WebSocket (RFC 6455, section
// 4.2.1), "" when it can. Mostly a proxy has dropped what is missing.
func NoUpgrade(r *http.Request) (reason string) {
	switch {
	case r.Method != http.MethodGet:
		return "the method is not GET"
	case !r.ProtoAtLeast(1, 1):
		return "it came as HTTP/1.0; a proxy must speak HTTP/1.1 to the server"
	case !Upgrades(r):
		return "it has no header \"Upgrade: websocket\"; a proxy must pass it on"
	case !hasToken(r.Header, "Connection", "upgrade"):
		return "it has no header \"Connection: Upgrade\"; a proxy must pass it on"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "Sec-WebSocket-Version is not 13"
	}
	return ""
}

// hasToken tells whether a header lists a word (RFC 9110, section 5.6.1).
func hasToken(head http.Header, name, word string) bool {
	for _, line := range head.Values(name) {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(one), word) {
				return true
			}
		}
	}
	return false
}
