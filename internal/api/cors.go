package api

import (
	"net/http"
	"slices"
	"strings"
)

// Headers that pages of other origins send and read. Authorization must be
// named: "*" does not cover it (https://fetch.spec.whatwg.org/#http-access-control-allow-headers).
const (
	corsRequest = "Authorization, Content-Type, X-Request-Id, user_agent_v2"
	corsExposed = "Retry-After, X-Request-Id"
)

// allowOrigin lets the page that calls read the reply, errors included. No
// call is made with cookies, so any origin is as good as another; a list of
// origins only keeps others' pages from leaning on this server.
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

// mountPreflights answers the browser's question before a call to a route
// with CORS.
func (a *API) mountPreflights() {
	for path, methods := range a.cors {
		allow := strings.Join(append(methods, http.MethodOptions), ", ")
		route := Route{Pattern: "OPTIONS " + path, Access: Open, CORS: true}
		a.mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			a.serve(w, r, route, func(c *Call) (any, error) {
				h := c.Writer.Header()
				h.Set("Access-Control-Allow-Methods", allow)
				h.Set("Access-Control-Allow-Headers", corsRequest)
				h.Set("Access-Control-Max-Age", "7200")
				return nil, nil
			})
		})
	}
}
