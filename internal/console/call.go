// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/token"
)

// callBody is a call of the REST API.
type callBody struct {
	Method string          `json:"method"`
	Path   string          `json:"path"` // with its query
	Body   json.RawMessage `json:"body"`
}

// call makes a call of the REST API as whoever is logged in. It is answered as the
// API answers, limits, refusals and streams included: fault.ConsoleLogin without a
// login, fault.NotPermitted when it takes a right that the login does not have, and
// fault.RouteUnknown for what the console does not call.
func (c *Console) call(w http.ResponseWriter, r *http.Request) error {
	claims, _, err := c.session(r)
	if err != nil {
		return err
	}
	var in callBody
	if err := decode(w, r, &in); err != nil {
		return err
	}
	inner, err := http.NewRequest(in.Method, in.Path, bytes.NewReader(in.Body))
	if err != nil {
		return fault.FieldInvalid.New("field", "path", "want", "a path of the REST API, such as /v2/rooms")
	}
	if inner.URL.IsAbs() || inner.URL.Host != "" || path.Clean(inner.URL.Path) != inner.URL.Path {
		return fault.RouteUnknown.New("path", inner.URL.EscapedPath())
	}
	right, open := c.book.right(inner, claims.Rights)
	if right == "" {
		return fault.RouteUnknown.New("path", inner.URL.EscapedPath())
	}
	if !open {
		return fault.NotPermitted.New("grant", string(right), "claim", "rights")
	}
	claims.Type, claims.Inject = token.Management, claims.Rights.Allow(token.RightInject)
	if len(in.Body) > 0 {
		inner.Header.Set("Content-Type", "application/json")
	}
	for _, name := range []string{"X-Request-Id", "Accept", "Accept-Language", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"} {
		if values := r.Header.Values(name); len(values) > 0 {
			inner.Header[name] = values
		}
	}
	inner.RemoteAddr, inner.TLS, inner.RequestURI = r.RemoteAddr, r.TLS, inner.URL.RequestURI()
	c.cfg.Inner(r, inner)
	c.cfg.REST.ServeHTTP(w, inner.WithContext(api.Vouch(r.Context(), claims)))
	return nil
}
