// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Config says which server to call, and how. URL is required.
type Config struct {
	// URL is where the server answers, such as https://video.example.org; a path
	// is kept.
	URL string

	// Token is a management token ("redial token management"). Every call but
	// [Tokens.Exchange] needs one; those of injections need its grant
	// "inject".
	Token string

	// TokenSource, when it is set, is asked for the token of each call in the
	// place of Token. Tokens end; a source can mint them as they are needed. Its
	// error is the call's.
	TokenSource func(context.Context) (string, error)

	// HTTP makes the requests; nil is a client of this Client's own, with
	// [http.DefaultTransport]. A timeout of it would cut streams of events off.
	HTTP *http.Client

	// Timeout bounds each attempt of a call, streams aside. 0 is 30 s.
	Timeout time.Duration

	// Attempts is how often a call is made in all where trying again is safe; see
	// the package comment. 0 and 1 are once.
	Attempts int

	// UserAgent, when it is set, is sent as User-Agent.
	UserAgent string
}

// Client calls one server. It may be used by several goroutines. What it can do is
// in its parts, one for each thing that the API is about.
type Client struct {
	*caller
	Rooms       Rooms
	RoomCodes   RoomCodes
	Tokens      Tokens
	Templates   Templates
	ActiveRooms ActiveRooms
	Sessions    Sessions
	Events      Events
	Diagnoses   Diagnoses
	Injections  Injections
	Console     Console
	Webhooks    Webhooks
	Live        Live
}

// The parts of a [Client].
type (
	Rooms       struct{ *caller } // rooms, whether somebody is in them or not
	RoomCodes   struct{ *caller } // what stands for a room and a role in a link
	Tokens      struct{ *caller } // tokens of those who join
	Templates   struct{ *caller } // roles that rooms share, and how rooms look to them
	ActiveRooms struct{ *caller } // rooms with somebody inside
	Sessions    struct{ *caller } // sessions, past ones included
	Events      struct{ *caller } // what went wrong, counted or one by one
	Diagnoses   struct{ *caller } // why it went wrong
	Injections  struct{ *caller } // faults provoked on purpose
	Webhooks    struct{ *caller } // where events are sent
	Live        struct{ *caller } // how running sessions fare at this moment
)

// New returns a client. It calls nobody. It fails with [fault.FieldInvalid] for a
// URL that is not http or https, and for negative numbers.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.URL)
	switch {
	case err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "":
		return nil, fault.FieldInvalid.New("field", "URL", "want", "an address such as https://video.example.org", "got", cfg.URL)
	case base.RawQuery != "" || base.Fragment != "":
		return nil, fault.FieldInvalid.New("field", "URL", "want", "an address without a query or a fragment")
	case cfg.Timeout < 0:
		return nil, fault.FieldInvalid.New("field", "Timeout", "want", "0 or more")
	case cfg.Attempts < 0:
		return nil, fault.FieldInvalid.New("field", "Attempts", "want", "0 or more")
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{}
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	cfg.URL = strings.TrimRight(base.String(), "/")
	c := &caller{cfg}
	return &Client{
		caller: c, Rooms: Rooms{c}, RoomCodes: RoomCodes{c}, Tokens: Tokens{c}, Templates: Templates{c},
		ActiveRooms: ActiveRooms{c}, Sessions: Sessions{c}, Events: Events{c}, Diagnoses: Diagnoses{c}, Injections: Injections{c}, Console: Console{c}, Webhooks: Webhooks{c}, Live: Live{c},
	}, nil
}

// URL is where the server is called.
func (c *Client) URL() string { return c.cfg.URL }

// Do makes any call of the REST API, for what has no method here yet: in is sent
// as JSON unless it is nil, and the reply is read into out unless that is nil. A
// *json.RawMessage takes the reply as it is. The path begins with "/" and may have
// a query.
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	if !strings.HasPrefix(path, "/") {
		return fault.FieldInvalid.New("field", "path", "want", "one that begins with /", "got", path)
	}
	return c.call(ctx, request{method: method, path: path, in: in}, out)
}

// request is one call.
type request struct {
	method string
	path   string // escaped, with a query where there is one
	in     any    // sent as JSON; nil: no body
	safe   bool   // may be made twice; GET and PUT are in any case
	header http.Header
}

func get(path string) request                { return request{method: http.MethodGet, path: path} }
func post(path string, in any) request       { return request{method: http.MethodPost, path: path, in: in} }
func remove(path string) request             { return request{method: http.MethodDelete, path: path} }
func (r request) repeatable() request        { r.safe = true; return r }
func (r request) where(v url.Values) request { r.path += asQuery(v); return r }

func asQuery(v url.Values) string {
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// service is the client or a part of it.
type service interface {
	call(ctx context.Context, r request, out any) error
}

// fetch makes a call and returns its reply.
func fetch[T any](ctx context.Context, c service, r request) (T, error) {
	var out T
	err := c.call(ctx, r, &out)
	return out, err
}

// at builds a path of words, some of them ids and names that callers gave:
// those are at the odd places. One that is empty, or that would lead to another
// route, is [fault.FieldInvalid], and the path is "".
func at(words ...string) (string, error) {
	var b strings.Builder
	for i, w := range words {
		if i%2 == 0 {
			b.WriteString(w)
			continue
		}
		if w == "" || w == "." || w == ".." {
			return "", fault.FieldInvalid.New("field", "id", "want", "an id or a name, not empty", "got", w, "path", words[0])
		}
		b.WriteString(url.PathEscape(w))
	}
	return b.String(), nil
}

// raw keeps a reply as it is.
type raw = json.RawMessage
