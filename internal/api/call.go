package api

import (
	"log/slog"
	"net/http"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/token"
)

// Call is one request on its way through a handler.
type Call struct {
	Request *http.Request
	Writer  http.ResponseWriter // only for handlers that return Written
	Claims  token.Claims        // of the verified token; zero on Open routes
	ID      string              // the request id, echoed in X-Request-Id and in error bodies
	Log     *slog.Logger        // carries the request id and the route
}

// Path returns a wildcard of the route's pattern.
func (c *Call) Path(name string) string { return c.Request.PathValue(name) }

// Query returns a query parameter, or "".
func (c *Call) Query(name string) string { return c.Request.URL.Query().Get(name) }

// Verify checks the bearer token of the request. Handlers of Open routes use
// it; for the others it has been done.
func (c *Call) Verify(want token.Type) (token.Claims, error) {
	return token.Claims{}, fault.TokenMissing.New()
}

// Body reads the whole body, up to the route's limit: fault.BodyTooLarge,
// fault.BodyInvalid.
func (c *Call) Body() ([]byte, error) { return nil, nil }

// Decode reads a JSON object into a struct: fault.BodyInvalid when it is not
// JSON, fault.FieldInvalid with the field's name when a type is wrong. Unknown
// fields are ignored.
func (c *Call) Decode(into any) error { return nil }
