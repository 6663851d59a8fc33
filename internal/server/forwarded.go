// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"strings"
)

// hop is what one proxy says of the request it got.
type hop struct{ client, scheme, host string }

// forwarded reads what proxies have added to a request, the nearest one last:
// X-Forwarded-For, -Proto and -Host, else Forwarded (RFC 7239). Proxies that know
// one kind pass the other on as the client wrote it, and nearly all know the
// first.
func forwarded(h http.Header) []hop {
	clients := list(h, "X-Forwarded-For")
	first := hop{scheme: strings.ToLower(firstOf(h, "X-Forwarded-Proto")), host: firstOf(h, "X-Forwarded-Host")}
	if len(clients) == 0 && first == (hop{}) {
		return standard(h)
	}
	// The scheme and the host are of the first proxy, and set anew by most.
	hops := make([]hop, max(1, len(clients)))
	for i := range hops {
		hops[i] = first
		if i < len(clients) {
			hops[i].client = clients[i]
		}
	}
	return hops
}

// list is a header's elements, in all its lines.
func list(h http.Header, name string) []string {
	lines := h.Values(name)
	if len(lines) == 0 {
		return nil
	}
	all := strings.Split(strings.Join(lines, ","), ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

func firstOf(h http.Header, name string) string {
	one, _, _ := strings.Cut(h.Get(name), ",")
	return strings.TrimSpace(one)
}

// standard reads Forwarded (RFC 7239, section 4). An element that is not well
// formed says nothing.
func standard(h http.Header) []hop {
	var hops []hop
	for _, element := range split(strings.Join(h.Values("Forwarded"), ","), ',') {
		var one hop
		for _, pair := range split(element, ';') {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = unquote(value)
			switch strings.ToLower(name) {
			case "for":
				one.client = value
			case "proto":
				one.scheme = strings.ToLower(value)
			case "host":
				one.host = value
			}
		}
		hops = append(hops, one)
	}
	return hops
}

// split cuts at a separator that stands outside of quotes; nothing has no parts.
func split(text string, sep byte) []string {
	if text == "" {
		return nil
	}
	var parts []string
	quoted, from := false, 0
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && text[i] == sep:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	return append(parts, text[from:])
}

// unquote reads a quoted string (RFC 9110, section 5.6.4), or a token as it is.
func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	var b strings.Builder
	for value = value[1 : len(value)-1]; value != ""; value = value[1:] {
		if value[0] == '\\' && len(value) > 1 {
			value = value[1:]
		}
		b.WriteByte(value[0])
	}
	return b.String()
}
