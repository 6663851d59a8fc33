// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"net/http"
	"strings"
)

// Bearer takes the token out of a request's Authorization header (RFC 6750,
// section 2.1), or returns "". The name of the scheme is read in whatever case
// it is written (RFC 9110, section 11.1). Every door that takes a token in a
// header reads it here.
func Bearer(h http.Header) string {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(rest)
}
