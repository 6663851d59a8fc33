// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// What is read of a reply at most, in bytes.
const (
	maxReply   = 64 << 20
	maxRefusal = 1 << 20
)

// The pauses between attempts where the server names none: they double from the
// first to the longest, and each is shortened by up to a half, so that clients
// that failed together do not come back together.
const (
	firstPause   = 200 * time.Millisecond
	longestPause = 5 * time.Second
)

// caller makes the calls of a Client.
type caller struct{ cfg Config }

// call makes a call as often as the configuration says and reads the reply into
// out.
func (c *caller) call(ctx context.Context, r request, out any) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := c.attempt(ctx, r, out)
		wait, again := c.again(err, r, pause)
		if !again || n >= c.cfg.Attempts {
			return err
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
			return err // the pause would be in vain
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
		}
		pause = min(2*pause, longestPause)
	}
}

// again tells whether a call may be made once more, and after which pause.
func (c *caller) again(err error, r request, pause time.Duration) (time.Duration, bool) {
	pause -= rand.N(pause / 2)
	refused, ok := errors.AsType[*Error](err)
	if ok && refused.Status == http.StatusTooManyRequests {
		return max(pause, refused.RetryAfter), true
	}
	if !r.safe && r.method != http.MethodGet && r.method != http.MethodPut {
		return 0, false
	}
	if ok {
		switch refused.Status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return max(pause, refused.RetryAfter), true
		}
		return 0, false
	}
	return pause, errors.Is(err, fault.EndpointUnreachable)
}

// attempt makes a call once.
func (c *caller) attempt(ctx context.Context, r request, out any) error {
	limited, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	res, err := c.send(limited, r)
	if err != nil {
		return c.ended(ctx, err)
	}
	defer res.Body.Close()
	if out == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxRefusal)) // so that the connection can be used again
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxReply+1))
	switch {
	case err != nil:
		return c.ended(ctx, fault.EndpointUnreachable.Wrap(err, "url", c.cfg.URL, "stage", "answer"))
	case len(data) > maxReply:
		return fault.ResponseMalformed.New("url", c.cfg.URL, "reason", "more than "+strconv.Itoa(maxReply)+" bytes")
	}
	if whole, ok := out.(*raw); ok {
		*whole = bytes.TrimSpace(data)
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fault.ResponseMalformed.Wrap(err, "url", c.cfg.URL, "path", r.path)
	}
	return nil
}

// ended names the caller's own end where that is why a call failed.
func (c *caller) ended(ctx context.Context, err error) error {
	if ctx.Err() == nil || !errors.Is(err, fault.EndpointUnreachable) {
		return err
	}
	return fault.RequestCancelled.Wrap(fmt.Errorf("%w: %w", ctx.Err(), err), "url", c.cfg.URL)
}

// send makes a request and returns a reply that is no refusal, its body unread.
func (c *caller) send(ctx context.Context, r request) (*http.Response, error) {
	var body io.Reader
	if r.in != nil {
		data, err := json.Marshal(r.in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, c.cfg.URL+r.path, body)
	if err != nil {
		return nil, fault.FieldInvalid.Wrap(err, "field", "path")
	}
	maps.Copy(req.Header, r.header)
	token := c.cfg.Token
	if c.cfg.TokenSource != nil {
		if token, err = c.cfg.TokenSource(ctx); err != nil {
			return nil, fmt.Errorf("the token of a call: %w", err)
		}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.cfg.UserAgent != "" {
		req.Header.Set("User-Agent", c.cfg.UserAgent)
	}
	res, err := c.cfg.HTTP.Do(req)
	if err != nil {
		return nil, fault.EndpointUnreachable.Wrap(err, "url", c.cfg.URL)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	if err != nil {
		return nil, fault.EndpointUnreachable.Wrap(err, "url", c.cfg.URL, "status", res.StatusCode, "stage", "answer")
	}
	return nil, refusal(res, data)
}

// Error is a refusal: what the server answered in the place of doing what it was
// asked.
type Error struct {
	Status     int           // HTTP status
	Message    string        // in the server's words
	Fault      *fault.Error  // what they stand for; never nil
	RequestID  string        // names the call in the server's log; "" when the server did not say
	RetryAfter time.Duration // how long to wait before the next call; 0 when the server did not say
}

// Error is the message of the server.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the fault to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Fault }

// refusal reads a reply that is one. One that does not read as this API words
// them, of a proxy perhaps, is fault.ResponseStatus.
func refusal(res *http.Response, data []byte) *Error {
	e := &Error{Status: res.StatusCode, RequestID: res.Header.Get("X-Request-Id")}
	if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 { // RFC 9110, section 10.2.3
		e.RetryAfter = time.Duration(min(s, 24*3600)) * time.Second
	}
	var said struct {
		Message string   `json:"message"`
		Details []string `json:"details"`
		Fault   struct {
			ID       string         `json:"id"`
			Op       fault.Op       `json:"op"`
			Retry    fault.Retry    `json:"retry"`
			Do       string         `json:"do"`
			Terminal bool           `json:"terminal"`
			Details  map[string]any `json:"details"`
		} `json:"fault"`
		RequestID string `json:"request_id"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // large numbers are ids
	if d.Decode(&said) != nil || said.Message == "" || said.Fault.ID == "" {
		e.Fault = &fault.Error{Kind: fault.ResponseStatus, Op: fault.OpAPI, Details: []fault.Detail{{Name: "status", Value: res.StatusCode}}}
		if e.Message = said.Message; e.Message == "" {
			e.Message = fmt.Sprintf("the server answers %s", res.Status)
		}
		return e
	}
	title := said.Message // which ends with the details, in brackets
	if len(said.Details) > 0 {
		title, _, _ = strings.Cut(title, " ("+said.Details[0])
	}
	kind := fault.Unlisted(said.Fault.ID, title)
	if !kind.Listed() { // what the server says of it is all that is known
		kind.Retry, kind.Terminal, kind.Status = said.Fault.Retry, said.Fault.Terminal, res.StatusCode
		if said.Fault.Do != "" {
			kind.Do = said.Fault.Do
		}
	}
	e.Message = said.Message
	if said.RequestID != "" {
		e.RequestID = said.RequestID
	}
	e.Fault = &fault.Error{Kind: kind, Op: said.Fault.Op, Details: inOrder(said.Fault.Details, said.Details)}
	return e
}

// inOrder lists details in the order in which the server said them, where that is
// known, and by name otherwise.
func inOrder(details map[string]any, said []string) []fault.Detail {
	var out []fault.Detail
	add := func(name string) {
		if v, ok := details[name]; ok {
			out = append(out, fault.Detail{Name: name, Value: plain(v)})
			delete(details, name)
		}
	}
	for _, line := range said {
		name, _, _ := strings.Cut(line, ": ")
		add(name)
	}
	for _, name := range slices.Sorted(maps.Keys(details)) {
		add(name)
	}
	return out
}

// plain turns decoded numbers into int where they are whole, else into float64.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return int(i)
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plain(v[name])
		}
	}
	return v
}
