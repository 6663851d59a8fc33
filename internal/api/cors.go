// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"slices"
)

// Headers that pages of other origins send and read. Authorization must be
// named: "*" does not cover it (https://fetch.spec.whatwg.org/#http-access-control-allow-headers).
const (
	corsRequest = "Authorization, Content-Type, X-Request-Id, X-Api-Key, user_agent_v2"
	corsMethods = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
	corsExposed = "Allow, Retry-After, X-Request-Id"
)

// allowOrigin lets the page that calls read the answer, whatever it is: a refusal
// that a page cannot read looks to it like a server that is not there. No call is
// made with cookies, so any origin is as good as another, and what may be done is
// what the token says; a list of origins only keeps others' pages from leaning on
// this server.
func (a *API) allowOrigin(h http.Header, r *http.Request) {
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return
	}
	switch {
	case a.cfg.Origins == nil || slices.Contains(a.cfg.Origins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(a.cfg.Origins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		return
	}
	h.Set("Access-Control-Expose-Headers", corsExposed)
}

// preflight stands for the browser's question before a call.
var preflight = Route{Pattern: "OPTIONS", Access: Open}

// answerPreflight says yes to whatever a page means to call. Where there is no such
// route, the call itself is refused, in words that the page can read.
func answerPreflight(c *Call) (any, error) {
	h := c.Writer.Header()
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsRequest)
	h.Set("Access-Control-Max-Age", "7200")
	return nil, nil
}
