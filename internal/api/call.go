// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
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

// Body reads the whole body, up to the route's limit, and takes nothing but UTF-8
// (RFC 8259, section 8.1): fault.BodyTooLarge, fault.BodyInvalid.
func (c *Call) Body() ([]byte, error) {
	raw, err := c.bytes()
	if err == nil {
		err = wantUTF8(raw)
	}
	return raw, err
}

// wantUTF8 fails with fault.BodyInvalid, which says where a text is not UTF-8.
func wantUTF8(raw []byte) error {
	at, field := text.NotUTF8(raw)
	switch {
	case at < 0:
		return nil
	case field == "":
		return fault.BodyInvalid.New("reason", notUTF8, "offset", at)
	}
	return fault.BodyInvalid.New("field", field, "reason", notUTF8, "offset", at)
}

const notUTF8 = "not UTF-8"

// believed is up to how many bytes there is room for a body of which nothing has come, since it
// says how long it is. Once they have come it is believed the rest.
const believed = 16 << 10

// readAll reads all of what says that it is so long, -1 where it does not say.
func readAll(r io.Reader, long int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(long, 0), believed)) + bytes.MinRead) // which is never used, and without which it would grow
	if long > believed {
		n, err := b.ReadFrom(io.LimitReader(r, believed))
		if err != nil || n < believed {
			return b.Bytes(), err
		}
		b.Grow(int(long-believed) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// bytes reads the whole body, whatever it is.
func (c *Call) bytes() ([]byte, error) {
	most := c.route.MaxBody
	if most == 0 {
		most = DefaultMaxBody
	}
	if c.Request.ContentLength > most {
		return nil, fault.BodyTooLarge.New("max_bytes", most, "bytes", c.Request.ContentLength)
	}
	raw, err := readAll(http.MaxBytesReader(c.Writer, c.Request.Body, most), c.Request.ContentLength)
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, fault.BodyTooLarge.New("max_bytes", most)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fault.BodyTimeout.Wrap(err, "limit", "limits.body_timeout", "bytes", len(raw))
	}
	if err != nil {
		if c.Context().Err() != nil {
			return nil, c.Context().Err()
		}
		return nil, fault.BodyInvalid.Wrap(err, "reason", "the body did not arrive whole")
	}
	return raw, nil
}
