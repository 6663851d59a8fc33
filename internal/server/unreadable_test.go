// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/token"
)

// unreadable are ids that nobody can see or type, around a word that a search of
// everything kept would find.
var unreadable = map[string]string{
	"NUL": "trace\x00able", "a newline": "trace\nable", "a carriage return": "trace\rable", "a terminal's escape": "trace\x1b[31mable",
	"a delete": "trace\x7fable", "a control of Latin-1": "trace\u0085able", "Latin-1": "trace\xe9able", "half a surrogate": "trace\xed\xa0\x80able",
}

// Ids that cannot be read are refused by name at every way in, and leave nothing
// behind: no line of the log that is not one line of text, and nothing stored.
func TestUnreadableIDsLeaveNoTrace(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			cfg := local(t)
			cfg.Log.Format, cfg.Log.Level = format, "debug"
			cfg.Limits.JoinsBurst = 1000
			lines := &logLines{}
			s, err := Start(t.Context(), cfg, NewLog(lines, cfg.Log), Options{})
			if err != nil {
				t.Fatal(err)
			}
			d, err := s.Demo(t.Context(), "demo", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			management, err := s.mint(token.Claims{Type: token.Management})
			if err != nil {
				t.Fatal(err)
			}
			for name, id := range unreadable {
				t.Run(name, func(t *testing.T) {
					refusedAsPeer(t, s, id, d.Tokens["host"])
					refusedAtREST(t, s, id, d.ID, management)
				})
			}
			if err := s.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(strings.TrimSuffix(lines.String(), "\n"), "\n") {
				whole := strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "{") && json.Valid([]byte(line))
				if !whole || !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
					t.Errorf("a line of the log is %q", line)
				}
			}
			err = filepath.WalkDir(cfg.Data.Dir, func(path string, e os.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				b, err := os.ReadFile(path)
				for name, id := range unreadable {
					asJSON, _ := json.Marshal(id)
					for _, form := range []string{id, strings.Trim(string(asJSON), `"`), strings.ToValidUTF8(id, "\uFFFD")} {
						if bytes.Contains(b, []byte(form)) {
							t.Errorf("%s has the id with %s, as %q", path, name, form)
						}
					}
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// refusedAsPeer comes to a room with a peer id: over /init and a socket, and byte
// for byte over a connection, as no client library would.
func refusedAsPeer(t *testing.T, s *Server, id, raw string) {
	t.Helper()
	escaped := url.QueryEscape(id)
	status, body := callREST(t, s, "GET", "/init?peer_id="+escaped, raw)
	if status != http.StatusBadRequest || !strings.Contains(body, `"request.field_invalid"`) {
		t.Errorf("/init: %d %q", status, body)
	}
	c, _, err := websocket.Dial(t.Context(), strings.Replace(s.URL(), "http", "ws", 1)+"/ws?peer="+escaped+"&token="+raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if _, refusal := greeting(t, c); refusal != "request.field_invalid" {
		t.Errorf("/ws: %q", refusal)
	}
	// A request that never becomes a socket is recorded without the id.
	if status, body := callREST(t, s, "GET", "/ws?peer="+escaped+"&token="+raw, ""); status != http.StatusUpgradeRequired {
		t.Errorf("/ws without an upgrade: %d %q", status, body)
	}
	if status, body := callREST(t, s, "GET", "/"+url.PathEscape(id)+"/ws?peer="+escaped+"&token="+raw, ""); status != http.StatusBadRequest || !strings.Contains(body, `"request.route_unknown"`) {
		t.Errorf("a socket astray: %d %q", status, body)
	}

	for _, path := range []string{"/init?peer_id=" + id, "/ws?token=" + raw + "&peer=" + id} {
		status, answer := rawRequest(t, s, path, raw)
		// What breaks the line of the request itself (RFC 9112, section 3) is
		// refused before there is a path.
		refused := status == http.StatusBadRequest || status == http.StatusSwitchingProtocols && strings.Contains(answer, `"request.field_invalid"`)
		if !refused || !utf8.ValidString(answer) && status != http.StatusSwitchingProtocols || strings.Contains(answer, id) {
			t.Errorf("%q byte for byte: %d %q", path, status, answer)
		}
	}
}

// refusedAtREST puts an id into the place of each one in a path and a query.
func refusedAtREST(t *testing.T, s *Server, id, room, management string) {
	t.Helper()
	part, param := url.PathEscape(id), url.QueryEscape(id)
	for field, calls := range map[string][]string{
		"room": {
			"GET /v2/rooms/" + part, "POST /v2/rooms/" + part, "GET /v2/active-rooms/" + part, "GET /v2/active-rooms/" + part + "/peers",
			"POST /v2/active-rooms/" + part + "/send-message", "POST /v2/active-rooms/" + part + "/end-room", "GET /v2/room-codes/room/" + part,
		},
		"peer":     {"GET /v2/active-rooms/" + room + "/peers/" + part, "POST /v2/active-rooms/" + room + "/peers/" + part},
		"role":     {"POST /v2/room-codes/room/" + room + "/role/" + part, "GET /v2/templates/x/roles/" + part},
		"template": {"GET /v2/templates/" + part, "DELETE /v2/templates/" + part},
		"session":  {"GET /v2/sessions/" + part},
		"user":     {"DELETE /api/v1/users/" + part + "/events"},
		"id":       {"GET /api/v1/events/" + part, "GET /api/v1/faults/" + part},
		"path":     {"GET /v2/" + part, "PUT /api/" + part + "/x"},
	} {
		for _, call := range calls {
			method, path, _ := strings.Cut(call, " ")
			status, body := callREST(t, s, method, path, management)
			if status != http.StatusBadRequest || !strings.Contains(body, `"id":"request.field_invalid"`) || !strings.Contains(body, `"field":"`+field+`"`) {
				t.Errorf("%s: %d %q, want a refusal of %s", call, status, body, field)
			}
		}
	}
	if utf8.ValidString(id) {
		return // parameters may hold more than ids, such as the text of an error to explain
	}
	for _, path := range []string{"/v2/analytics/events?room_id=", "/v2/sessions?room_id=", "/v2/rooms?name=", "/v2/active-rooms/" + room + "/peers?user_id="} {
		if status, body := callREST(t, s, "GET", path+param, management); status != http.StatusBadRequest || !strings.Contains(body, `"request.field_invalid"`) {
			t.Errorf("%s: %d %q", path+param, status, body)
		}
	}
}

// callREST makes a request and returns its answer, which is text.
func callREST(t *testing.T, s *Server, method, path, bearer string) (int, string) {
	t.Helper()
	return sendREST(t, s, method, path, bearer, "{}")
}

// sendREST is callREST with a body.
func sendREST(t *testing.T, s *Server, method, path, bearer, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(answer) || bytes.ContainsFunc(bytes.TrimSpace(answer), unicode.IsControl) {
		t.Errorf("%s %s answers what is no text: %q", method, path, answer)
	}
	return res.StatusCode, string(answer)
}

// rawRequest sends a path as it is, with an upgrade where it is that of a socket,
// and returns the status and what came until the server was done.
func rawRequest(t *testing.T, s *Server, path, bearer string) (int, string) {
	t.Helper()
	c, err := net.Dial("tcp", s.address.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	head := "Authorization: Bearer " + bearer + "\r\nConnection: close\r\n"
	if strings.HasPrefix(path, "/ws") {
		head = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	}
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, s.address, head); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(body)
	}
	var frames []byte
	for !bytes.Contains(frames, []byte("request.field_invalid")) {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatal(err, string(frames))
		}
		frames = append(frames, b)
	}
	rest := make([]byte, r.Buffered())
	_, _ = io.ReadFull(r, rest)
	return res.StatusCode, string(frames) + string(rest)
}
