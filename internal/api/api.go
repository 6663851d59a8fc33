package api

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// Config is what the API is built from. Registry and Tokens are required.
type Config struct {
	Registry *registry.Registry
	Tokens   *token.Verifier
	Keys     []token.Key // with which tokens for room codes are minted
	Routes   []Route     // routes that others bring along, such as events and faults

	Log     *slog.Logger          // nil discards
	Metrics prometheus.Registerer // nil counts nothing
}

// Access says who may call a route.
type Access int

// Who may call a route.
const (
	// Management: whoever holds a management token. Call.Claims is its content.
	Management Access = iota
	// Room: whoever holds a room token. Call.Claims is its content.
	Room
	// Open: anyone. The handler may look at a token itself with Call.Verify.
	Open
)

// Route is one row of the API.
type Route struct {
	Pattern string   // of net/http.ServeMux, method included: "GET /v2/rooms/{id}"
	Access  Access   // who may call it
	Op      fault.Op // named by faults that do not name one; "" = fault.OpAPI
	MaxBody int64    // bytes; 0 = DefaultMaxBody
	CORS    bool     // may be called by pages of any origin
	Serve   Handler
}

// Handler answers one call. It returns what is written as JSON, or an error
// for the one error writer; nil and nil answers 204. To say another status,
// return a Reply; having written to Call.Writer itself, return Written.
type Handler func(*Call) (any, error)

// Reply is a reply with a status of its own.
type Reply struct {
	Status int
	Body   any // nil writes no body
}

// Written says that the handler has written the reply itself.
type Written struct{}

// DefaultMaxBody is the largest request body unless a route says otherwise.
const DefaultMaxBody = 256 << 10

// New returns the handler of the whole API.
func New(cfg Config) http.Handler {
	return http.NotFoundHandler()
}
