package redialtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// Server is a running server. Its methods may be called from several goroutines;
// Stop, Kill and Restart may not, nor while others are called.
type Server struct {
	URL             string // such as http://127.0.0.1:40123; client.Config.Endpoint
	InitEndpoint    string // what an app on the 100ms web SDK passes as initEndpoint
	ManagementToken string // opens the REST API, injections included
	AccessKey       string // with Secret, for an app whose backend mints tokens itself
	Secret          string

	proc *process // nil for one that was not started here
}

// calls leaves no connection behind that a test could take for a leak of its own.
var calls = &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}

// callTimeout bounds a call whose context does not.
const callTimeout = 30 * time.Second

// Call makes any call of the REST API, with the management token: in is sent as
// JSON unless it is nil, and out is read from the reply unless it is nil. A
// refusal is a *fault.Error: errors.Is(err, fault.RoomNotFound).
func (s *Server) Call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	res, err := s.send(ctx, method, path, body, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("%s %s: the reply cannot be read: %w", method, path, err)
	}
	return nil
}

// send makes a call and returns a reply that is no refusal.
func (s *Server) send(ctx context.Context, method, path string, body io.Reader, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(s.URL, "/")+path, body)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Authorization", "Bearer "+s.ManagementToken)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := calls.Do(req)
	if err != nil {
		return nil, s.unreachable(err)
	}
	if res.StatusCode < 300 {
		return res, nil
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %s, cut off: %w", method, path, res.Status, err)
	}
	return nil, fmt.Errorf("%s %s: %w", method, path, refusal(res.Status, raw))
}

// unreachable says more of a call that got no answer when the server has died.
func (s *Server) unreachable(err error) error {
	if s.proc != nil && s.proc.died() {
		return fmt.Errorf("%w: the server has ended: %s", err, s.proc.end())
	}
	return err
}

// refusal is the fault that a refusal of the REST API names.
func refusal(status string, raw []byte) error {
	var said struct {
		Message string `json:"message"`
		Fault   struct {
			ID      string         `json:"id"`
			Details map[string]any `json:"details"`
		} `json:"fault"`
	}
	if json.Unmarshal(raw, &said) != nil || said.Message == "" {
		return fmt.Errorf("%s: %.200q", status, raw)
	}
	kind := fault.Lookup(said.Fault.ID)
	if kind == nil { // of a newer server, perhaps
		return errors.New(said.Message)
	}
	occurrence := &fault.Error{Kind: kind, Op: fault.OpAPI}
	for _, name := range slices.Sorted(maps.Keys(said.Fault.Details)) {
		occurrence.Details = append(occurrence.Details, fault.Detail{Name: name, Value: said.Fault.Details[name]})
	}
	return occurrence
}

// must makes a call that the test cannot do without.
func (s *Server) must(t testing.TB, what, method, path string, in, out any) {
	t.Helper()
	if err := s.Call(t.Context(), method, path, in, out); err != nil {
		t.Fatalf("redialtest: %s: %v", what, err)
	}
}
