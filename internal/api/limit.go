// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"net/netip"

	"github.com/redial-rtc/redial/internal/limit"
)

// Rate is how often something may be done.
type Rate = limit.Rate

// take counts one call of a caller: fault.RateLimited with the seconds to wait.
func take(l *limit.Callers, key string) error {
	if wait := l.Take(key); wait > 0 {
		return rateLimited(wait)
	}
	return nil
}

// connectionAddr is the other end of the connection.
func connectionAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr()
}
