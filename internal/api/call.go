// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/body"
	"github.com/redial-rtc/redial/internal/token"
)

// Call is one request on its way through a handler.
type Call struct {
	Request *http.Request
	Writer  http.ResponseWriter // only for handlers that return Written
	Claims  token.Claims        // of the verified token; zero on Open routes
	ID      string              // the request id, echoed in X-Request-Id and in error bodies
	Log     *slog.Logger        // carries the request id and the route

	api   *API
	route Route
	addr  netip.Addr

	concerns map[string]any // ids that the audit has beside the path
}

// Context is that of the request.
func (c *Call) Context() context.Context { return c.Request.Context() }

// Path returns a wildcard of the route's pattern.
func (c *Call) Path(name string) string { return c.Request.PathValue(name) }

// Query returns a query parameter, or "".
func (c *Call) Query(name string) string { return c.Request.URL.Query().Get(name) }

// QueryInt returns a query parameter as a number, 0 when it is missing:
// fault.FieldInvalid.
func (c *Call) QueryInt(name string) (int, error) {
	s := c.Query(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fault.FieldInvalid.New("field", name, "want", "a whole number")
	}
	return n, nil
}

// QueryBool returns a query parameter as a truth value, nil when it is
// missing: fault.FieldInvalid.
func (c *Call) QueryBool(name string) (*bool, error) {
	var v bool
	switch c.Query(name) {
	case "":
		return nil, nil
	case "true":
		v = true
	case "false":
	default:
		return nil, fault.FieldInvalid.New("field", name, "want", "true or false")
	}
	return &v, nil
}

// QueryTime returns a query parameter as a time (RFC 3339), the zero time when
// it is missing: fault.FieldInvalid.
func (c *Call) QueryTime(name string) (time.Time, error) {
	s := c.Query(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fault.FieldInvalid.New("field", name, "want", "a time such as 2026-01-31T12:00:00.000Z")
	}
	return t, nil
}

// Verify checks the bearer token of the request (RFC 6750, section 2.1) and
// counts the call against it. Handlers of Open routes use it; for the others
// it has been done. Fails as token.Verifier.Verify does, claims beside
// fault.TokenExpired included, and with fault.RateLimited.
func (c *Call) Verify(want token.Type) (token.Claims, error) {
	claims, vouched := c.Context().Value(vouchedKey{}).(token.Claims)
	var err error
	if !vouched || want != token.Management {
		claims, err = c.api.cfg.Tokens.Verify(c.Context(), token.Bearer(c.Request.Header), want)
	}
	if err != nil {
		return claims, err
	}
	if err := take(c.api.token, claims.AccessKey+"/"+claims.ID); err != nil {
		return token.Claims{}, err
	}
	return claims, nil
}

// vouchedKey is under which a request's context holds the claims of [Vouch].
type vouchedKey struct{}

// Vouch is a context for requests whose caller has proven otherwise than with a token
// of the request who they are, and what they may call, as those who log in to the
// console have: routes for management tokens take the claims as they are.
func Vouch(ctx context.Context, c token.Claims) context.Context {
	return context.WithValue(ctx, vouchedKey{}, c)
}

// Body reads the whole body, up to the route's limit, which must be UTF-8. It fails as
// body.ReadText does.
func (c *Call) Body() ([]byte, error) {
	return body.ReadText(c.Writer, c.Request, c.maxBody())
}

// bytes reads the whole body, whatever it is. It fails as body.Read does.
func (c *Call) bytes() ([]byte, error) {
	return body.Read(c.Writer, c.Request, c.maxBody())
}

func (c *Call) maxBody() int64 { return cmp.Or(c.route.MaxBody, DefaultMaxBody) }
