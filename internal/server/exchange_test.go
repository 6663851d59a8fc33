// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/internal/config"
)

// raw opens a connection and writes the beginning of a request.
func raw(t *testing.T, address, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// slowly is a request whose body never comes whole.
func slowly(method, path string, headers ...string) string {
	return strings.Join(append([]string{method + " " + path + " HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: 2000"}, headers...), "\n") + "\n\n{"
}

// TestABodyThatDoesNotComeEndsTheConnection asks every kind of route, those
// included that refuse before they read.
func TestABodyThatDoesNotComeEndsTheConnection(t *testing.T) {
	cfg := local(t)
	cfg.Limits.BodyTimeout = 300 * time.Millisecond
	const secret = "0123456789abcdefghijklmnopqrstuvwxyz"
	cfg.OpenVidu.Secret = secret
	cfg.OpenTok.Enabled, cfg.OpenTok.Projects = true, []config.Project{{Key: "42", Secret: secret}}
	cfg.Console.Enabled, cfg.Console.Listen = true, "127.0.0.1:0"
	s := startLocal(t, cfg)
	openVidu := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("OPENVIDUAPP:"+secret))
	openTok, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": "42", "ist": "project", "exp": time.Now().Add(time.Minute).Unix()}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ method, path, header, want string }{
		{"POST", "/v2/token", "", "request.body_timeout"},
		{"POST", "/v2/client/report", "", "token.missing"},
		{"POST", "/v2/rooms", "", "token.missing"}, // refused before its body is read
		{"POST", "/openvidu/api/sessions", openVidu, "request.body_timeout"},
		{"POST", "/openvidu/api/sessions", "", "token.refused"},
		{"POST", "/opentok/v1/issues", "", "request.body_timeout"},
		{"POST", "/session/create", "X-OPENTOK-AUTH: " + openTok, "request.body_timeout"},
		{"POST", "/session/create", "", "token.missing"},
		{"POST", "/console/api/login", "Sec-Fetch-Site: same-origin", "request.body_timeout"},
		{"POST", "/nowhere", "", ""},
		{"GET", "/healthz", "", ""},
		{"GET", "/init", "", ""},
	} {
		t.Run(c.method+" "+c.path+" "+c.want, func(t *testing.T) {
			t.Parallel()
			var headers []string
			if c.header != "" {
				headers = append(headers, c.header)
			}
			address := s.address.String()
			if strings.HasPrefix(c.path, "/console/") {
				address = s.console.listener.Addr().String()
			}
			conn := raw(t, address, slowly(c.method, c.path, headers...))
			reply, err := io.ReadAll(conn) // to the end of the connection
			if err != nil && !strings.Contains(err.Error(), "reset") {
				t.Fatalf("the connection is still open: %v", err)
			}
			if !strings.Contains(string(reply), c.want) {
				t.Errorf("the reply does not say %s: %s", c.want, reply)
			}
		})
	}
}

// TestABodyThatComesSlowlyIsTaken as long as it is there in time, and the
// connection is good for another request.
func TestABodyThatComesSlowlyIsTaken(t *testing.T) {
	s := startLocal(t, local(t))
	conn := raw(t, s.address.String(), "POST /v2/token HTTP/1.1\nHost: here\nContent-Type: application/json\nContent-Length: 18\n\n")
	for _, b := range []byte(`{"code": "no-code"`)[:17] {
		if _, err := conn.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	_, _ = conn.Write([]byte("}"))
	r := bufio.NewReader(conn)
	for _, want := range []int{400, 200} {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		if res.StatusCode != want && !(want == 400 && res.StatusCode == 404) {
			t.Errorf("status %d, want %d", res.StatusCode, want)
		}
		_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n")
	}
}

// TestSlowClientsDoNotDelayTheStop leaves bodies half sent and a reply unread.
func TestSlowClientsDoNotDelayTheStop(t *testing.T) {
	cfg := local(t)
	cfg.Shutdown.Timeout = 40 * time.Second
	s, err := Start(t.Context(), cfg, NewLog(t.Output(), cfg.Log), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 8 {
		raw(t, s.address.String(), slowly("POST", "/v2/token"))
	}
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		s.web.mu.Lock()
		n := len(s.web.underway)
		s.web.mu.Unlock()
		if n == 8 {
			break
		}
		if time.Since(start) > 10*time.Second {
			t.Fatalf("%d requests under way", n)
		}
	}
	began := time.Now()
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
}

// TestAReplyNobodyReadsDoesNotDelayTheStop writes without end to somebody who
// takes nothing.
func TestAReplyNobodyReadsDoesNotDelayTheStop(t *testing.T) {
	cfg := config.Default()
	ended := make(chan error, 1)
	w := newWeb(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				ended <- err
				return
			}
		}
	}), cfg, NewLog(t.Output(), cfg.Log))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = w.Serve(l) }()
	conn := raw(t, l.Addr().String(), "GET / HTTP/1.1\nHost: here\n\n")
	if _, err := fmt.Fscanf(conn, "HTTP/1.1 200"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	began := time.Now()
	if err := w.stop(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("stopping took %v", took)
	}
	<-ended
}
