// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/testlog"
	"github.com/redial-rtc/redial/internal/token"
)

// receiver is an OTLP receiver: it decodes what comes as the protocol has it.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*otlp.Span
	raw   bytes.Buffer
	keys  []string // of the requests
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		raw, _ := io.ReadAll(q.Body)
		var in collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(raw, &in); err != nil || q.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", q.URL.Path, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw.Write(raw)
		r.keys = append(r.keys, q.Header.Get("X-Key"))
		for _, of := range in.ResourceSpans {
			for _, s := range of.ScopeSpans {
				r.spans = append(r.spans, s.Spans...)
			}
		}
		answer, _ := proto.Marshal(&collector.ExportTraceServiceResponse{})
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(r.Close)
	return r
}

// trace are the spans of the join of a peer by their names, once all of these have
// come.
func (r *receiver) trace(t *testing.T, peer string, names ...string) map[string]*otlp.Span {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		found := map[string]*otlp.Span{}
		r.mu.Lock()
		for _, root := range r.spans {
			if root.Name != "join" || attributes(root)["redial.peer.id"] != peer {
				continue
			}
			for _, s := range r.spans {
				if bytes.Equal(s.TraceId, root.TraceId) {
					found[s.Name] = s
				}
			}
		}
		r.mu.Unlock()
		missing := ""
		for _, name := range names {
			if found[name] == nil {
				missing = name
			}
		}
		if missing == "" {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("no span %q of %s; there are %v", missing, peer, found)
		}
	}
}

func attributes(s *otlp.Span) map[string]string {
	all := map[string]string{}
	for _, a := range s.Attributes {
		all[a.Key] = a.Value.GetStringValue()
	}
	return all
}

// traced is a server that follows joins, and what it logs.
func traced(t *testing.T, endpoint string, edit func(*config.TracesOTLP)) (*Server, *testlog.Buffer) {
	t.Helper()
	cfg := local(t)
	cfg.Traces.OTLP.Endpoint, cfg.Log.Level = endpoint, "debug"
	if edit != nil {
		edit(&cfg.Traces.OTLP)
	}
	if p := cfg.Problems(); len(p) > 0 {
		t.Fatal(config.Problems(p))
	}
	said := &testlog.Buffer{}
	s, err := Start(t.Context(), cfg, NewLog(io.MultiWriter(said, t.Output()), cfg.Log), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, said
}

// enter joins by the Go client.
func enter(t *testing.T, s *Server, name string) *client.Room {
	t.Helper()
	d, err := s.Demo(t.Context(), "demo", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.Join(t.Context(), client.Config{Endpoint: s.URL(), Token: d.Tokens["host"], Name: name, PeerID: "peer-" + name, AutoSubscribe: client.LayerHigh})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Leave)
	return r
}

// TestAJoinIsOneTrace, from the token to the first media, with the ids of room, peer,
// session and requests, and without anybody's name.
func TestAJoinIsOneTrace(t *testing.T) {
	t.Parallel()
	to := newReceiver(t)
	s, said := traced(t, to.URL, func(c *config.TracesOTLP) { c.Headers = []string{"x-key: open sesame"} })
	ann := enter(t, s, "ann")
	if _, err := ann.Publish(t.Context(), client.Pattern()); err != nil {
		t.Fatal(err)
	}
	bob := enter(t, s, "bob")
	steps := []string{"join", "init", "socket", "call", "path subscribe"}
	of := to.trace(t, "peer-ann", append(steps, "path publish")...)
	root := of["join"]
	says := attributes(root)
	if says["redial.room.id"] != ann.Info().ID || says["redial.role"] != "host" || says["redial.session.id"] == "" || says["redial.request.call"] == "" {
		t.Errorf("the join says %v", says)
	}
	if len(root.Events) != 1 || root.Events[0].Name != "first media from the client" || len(root.ParentSpanId) != 0 {
		t.Errorf("the join is %v", root)
	}
	for name, span := range of {
		if name != "join" && !bytes.Equal(span.ParentSpanId, root.SpanId) {
			t.Errorf("%s is no part of the join", name)
		}
		if span.EndTimeUnixNano < span.StartTimeUnixNano {
			t.Errorf("%s ends before it begins", name)
		}
	}
	if id := hex.EncodeToString(root.TraceId); !strings.Contains(said.String(), "trace="+id) {
		t.Errorf("no line of the log has trace=%s", id)
	}
	// Who only watches has a first frame as well.
	if of := to.trace(t, bob.PeerID(), steps...); len(of["join"].Events) != 1 || of["join"].Events[0].Name != "first frame to the client" {
		t.Errorf("the join of a viewer is %v", of["join"])
	}

	// One that is refused says why.
	past := time.Now().Add(-2 * time.Hour)
	expired, err := s.mint(token.Claims{Type: token.App, RoomID: ann.Info().ID, Role: "host", UserID: "host", IssuedAt: past, ExpiresAt: past.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Join(t.Context(), client.Config{Endpoint: s.URL(), Token: expired, PeerID: "peer-late"}); err == nil {
		t.Fatal("an expired token was accepted")
	}
	late := to.trace(t, "peer-late", "join", "init")
	if got := attributes(late["join"])["error.type"]; got != "token.expired" || late["join"].Status.Code != otlp.Status_STATUS_CODE_ERROR {
		t.Errorf("a refused join says %q, %v", got, late["join"].Status)
	}

	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	for _, private := range []string{"user.id", "127.0.0.1", "Private"} {
		if bytes.Contains(to.raw.Bytes(), []byte(private)) {
			t.Errorf("the collector was told %q", private)
		}
	}
	for _, k := range to.keys {
		if k != "open sesame" {
			t.Errorf("a request has the header %q", k)
		}
	}
}

func TestUsersAreTracedOnlyIfWanted(t *testing.T) {
	t.Parallel()
	to := newReceiver(t)
	s, _ := traced(t, to.URL, func(c *config.TracesOTLP) { c.UserIDs = true })
	defer s.Stop(context.Background())
	enter(t, s, "ann").Leave()
	if got := attributes(to.trace(t, "peer-ann", "join")["join"])["user.id"]; got != "host" {
		t.Errorf("the user is %q", got)
	}
}

// TestADeadCollectorCostsNothing: one that is not there, and one that does not answer.
// Joins go on, what cannot be sent is counted and said once, and stopping is quick.
func TestADeadCollectorCostsNothing(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(hang) })
	for name, endpoint := range map[string]string{"gone": "http://127.0.0.1:1", "silent": silent.URL} {
		t.Run(name, func(t *testing.T) {
			s, said := traced(t, endpoint, func(c *config.TracesOTLP) { c.Timeout = time.Second })
			for _, peer := range []string{"ann", "bob", "cem"} {
				enter(t, s, peer).Leave()
			}
			for deadline := time.Now().Add(time.Minute); !strings.Contains(said.String(), "the collector takes no traces"); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("nobody is told that the collector is away")
				}
			}
			if err := s.Stop(context.Background()); err != nil {
				t.Error(err)
			}
			if n := strings.Count(said.String(), "the collector takes no traces"); n != 1 {
				t.Errorf("it is said %d times", n)
			}
		})
	}
}
