// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"net/netip"
	"strings"
)

// masked stands for an address outside a candidate. It is the name browsers
// themselves put where they hide an address (the .invalid domain of RFC 2606),
// so a reader meets one spelling only.
const masked = "redacted-ip.invalid"

// Mask hides the IP addresses in a text. Inside an ICE candidate (RFC 8839,
// section 5.1) the connection address and the related address are taken out and
// the rest is left to read, as the documented events show; elsewhere an address
// becomes "redacted-ip.invalid". mDNS names (.local) say nothing about a person
// and stay, and so do versions such as Chrome_125.0.0.0 and Chrome/125.0.0.0.
func Mask(s string) string {
	var out []byte // nil until something was masked
	kept := 0      // s[:kept] is in out
	for i := 0; i < len(s); {
		if !startsAddress(s, i) {
			i++
			continue
		}
		run := i
		for run < len(s) && isAddressByte(s[run]) {
			run++
		}
		end := addressEnd(s[i:run])
		if end == 0 || (i+end < len(s) && isWord(s[i+end])) || isVersion(s, i) {
			i += afterRun(s[i:run])
			continue
		}
		from, to := i, i+end
		if to < len(s) && s[to] == '%' { // RFC 4007 zone
			for to++; to < len(s) && (isWord(s[to]) || s[to] == '.' || s[to] == '-'); to++ {
			}
		}
		word := masked
		if inCandidate(s, from, to) {
			word = ""
			if to < len(s) && s[to] == ' ' {
				to++
			}
		}
		out = append(append(out, s[kept:from]...), word...)
		kept, i = to, to
	}
	if out == nil {
		return s
	}
	return string(append(out, s[kept:]...))
}

// maxAddress is the longest text of an address, with a port: eight groups of
// which the last two are dotted, and room to spare.
const maxAddress = 64

// afterRun says where to look on in a run that is no address: at the dotted
// quad behind its groups, as in "took 12:30:10.0.0.1", else behind all of it.
func afterRun(run string) int {
	if dot := strings.IndexByte(run, '.'); dot > 0 {
		if colon := strings.LastIndexByte(run[:dot], ':'); colon >= 0 {
			return colon + 1
		}
	}
	return len(run)
}

// startsAddress tells whether an address could begin at i: at a hexadecimal
// digit or "::", where no word and no dotted name is running.
func startsAddress(s string, i int) bool {
	c := s[i]
	if !isHex(c) && (c != ':' || i+1 == len(s) || s[i+1] != ':') {
		return false
	}
	return i == 0 || !isWord(s[i-1]) && s[i-1] != '.'
}

// addressEnd returns the length of the address that begins run, or 0.
func addressEnd(run string) int {
	dots, colons := strings.Count(run, "."), strings.Count(run, ":")
	if dots < 3 && colons < 2 || len(run) > maxAddress {
		return 0
	}
	for len(run) > 2 {
		if _, err := netip.ParseAddr(run); err == nil {
			return len(run)
		}
		host, _, ok := strings.Cut(run, ":")
		if ok && dots >= 3 {
			if a, err := netip.ParseAddr(host); err == nil && a.Is4() {
				return len(host)
			}
		}
		// Punctuation of the sentence, not of the address.
		if last := run[len(run)-1]; last != '.' && last != ':' {
			return 0
		}
		run = run[:len(run)-1]
	}
	return 0 // "::" alone is punctuation more often than it is an address
}

// isVersion tells whether what begins at i is the version in "Product/1.2.3.4".
func isVersion(s string, i int) bool {
	if i < 2 || s[i-1] != '/' || !isWord(s[i-2]) {
		return false
	}
	j := i - 2
	for j >= 0 && (isWord(s[j]) || s[j] == '-') {
		j--
	}
	return j < 0 || strings.IndexByte(" (,;\"", s[j]) >= 0
}

// inCandidate tells whether s[from:to] is an address of an ICE candidate:
// followed by a port and its type, or a related address.
func inCandidate(s string, from, to int) bool {
	if strings.HasSuffix(s[:from], "raddr ") {
		return true
	}
	rest, ok := strings.CutPrefix(s[to:], " ")
	if !ok {
		return false
	}
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	return digits > 0 && strings.HasPrefix(rest[digits:], " typ ")
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

func isAddressByte(c byte) bool { return isHex(c) || c == ':' || c == '.' }
