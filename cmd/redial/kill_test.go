// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/token"
)

var acks = flag.Int("acks", 3, "acknowledged writes of each kind before a kill, in TestAcknowledgedIsKept")

const killConfig = `
http: {address: "127.0.0.1:0"}
media: {udp: "127.0.0.1:0", tcp: ""}
access: {account_id: acme, keys: [{access: AK, secret: 0123456789abcdefghijklmnopqrstuvwxyz}]}
data: {dir: d, write_timeout: 60s} # a busy machine's disk is slow, and no acknowledgement may say less for it
limits: {joins_per_second: 10000, joins_burst: 10000, api_per_second: 10000, api_burst: 10000}
inject: {enabled: true}
`

// killed is one server of the test, from its start to its end by kill -9.
type killed struct {
	t     *testing.T
	n     int // which life
	url   string
	admin string
	ctx   context.Context
}

// write is one kind of acknowledged write: set prepares it and returns the write
// itself, which in turn returns what the next life must find.
type write struct {
	kind string
	set  func(k *killed) (func() (func(next *killed) error, error), error)
}

// TestAcknowledgedIsKept does writes of every kind at the same time and kills the
// server with -9 the moment one of them, another each time, is acknowledged. The
// next server must find every write that was acknowledged by then.
func TestAcknowledgedIsKept(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "redial.yaml"), []byte(killConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	program := programIn(t, dir)
	type promise struct {
		kind  string
		check func(*killed) error
	}
	var owed []promise
	acked, lost := map[string]int{}, map[string]int{}
	least := func() (n int) {
		n = *acks
		for _, w := range writes {
			n = min(n, acked[w.kind])
		}
		return n
	}
	began, deadline := time.Now(), time.Now().Add(2*time.Minute+time.Duration(*acks)*5*time.Second)
	lives := 0
	for ; least() < *acks || len(owed) > 0; lives++ {
		if time.Now().After(deadline) {
			t.Errorf("after %s and %d lives not every kind was acknowledged %d times", time.Since(began).Round(time.Second), lives, *acks)
			break
		}
		b, k := live(t, program, lives)
		for _, p := range owed {
			if err := p.check(k); err != nil {
				lost[p.kind]++
				t.Errorf("life %d: %s was acknowledged and is lost: %v", lives, p.kind, err)
			}
		}
		owed = nil
		if least() < *acks {
			var ready []func() (func(*killed) error, error)
			for _, w := range writes {
				do, err := w.set(k)
				if err != nil {
					t.Fatalf("preparing %s: %v", w.kind, err)
				}
				ready = append(ready, do)
			}
			target := writes[lives/2%len(writes)].kind
			if lives%2 == 1 { // a slow one would seldom come before the kill
				target = slices.MinFunc(writes, func(a, b write) int { return acked[a.kind] - acked[b.kind] }).kind
			}
			var mu sync.Mutex
			var going sync.WaitGroup
			dead := false
			for i, w := range writes {
				going.Go(func() {
					check, err := ready[i]()
					mu.Lock()
					defer mu.Unlock()
					if dead {
						return // what came with the kill is nobody's acknowledgement
					}
					if err != nil {
						t.Errorf("life %d: %s: %v", lives, w.kind, err)
						return
					}
					owed = append(owed, promise{w.kind, check})
					acked[w.kind]++
					if w.kind == target {
						_ = b.cmd.Process.Kill()
						dead = true
					}
				})
			}
			going.Wait()
		}
		_ = b.cmd.Process.Kill()
		<-b.ended
	}
	for _, w := range writes {
		t.Logf("%-28s acknowledged %3d, lost %d", w.kind, acked[w.kind], lost[w.kind])
	}
	t.Logf("%d lives in %s", lives, time.Since(began).Round(time.Second))
}

// live starts a server with the settings beside the program.
func live(t *testing.T, program string, n int) (*child, *killed) {
	t.Helper()
	cmd := exec.Command(program, "serve", "-config", "redial.yaml")
	cmd.Dir = filepath.Dir(program)
	return ready(t, cmd, n, io.Discard)
}

// ready starts a server and waits until it is ready.
func ready(t *testing.T, cmd *exec.Cmd, n int, said io.Writer) (*child, *killed) {
	t.Helper()
	b, err := start(cmd, said, said)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	facts, err := b.up(regexp.MustCompile("msg=ready"))
	if err != nil {
		t.Fatal(err)
	}
	return b, newKilled(t, n, facts["URL"])
}

func newKilled(t *testing.T, n int, address string) *killed {
	k := &killed{t: t, n: n, url: address, ctx: t.Context()}
	k.admin = k.mint(token.Claims{Type: token.Management})
	return k
}

func (k *killed) mint(c token.Claims) string {
	c.ExpiresAt = time.Now().Add(time.Hour)
	raw, err := token.Mint(token.Key{Access: "AK", Secret: "0123456789abcdefghijklmnopqrstuvwxyz", Account: "acme"}, c)
	if err != nil {
		k.t.Fatal(err)
	}
	return raw
}

// call asks the REST API and fails with anything but 2xx.
func (k *killed) call(method, path, bearer, body string) (map[string]any, error) {
	r, err := http.NewRequestWithContext(k.ctx, method, k.url+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, raw)
	}
	said := map[string]any{}
	if len(raw) > 0 {
		err = json.Unmarshal(raw, &said)
	}
	return said, err
}

// finds is a check that a path says these words.
func finds(path string, words ...string) func(*killed) error {
	return func(k *killed) error {
		said, err := k.call("GET", path, k.admin, "")
		if err != nil {
			return err
		}
		raw, err := json.Marshal(said)
		for _, w := range words {
			if !bytes.Contains(raw, []byte(w)) {
				err = errors.Join(err, fmt.Errorf("%s says %s, without %s", path, raw, w))
			}
		}
		return err
	}
}

// room makes a room and returns its id.
func (k *killed) room(name string) (string, error) {
	said, err := k.call("POST", "/v2/rooms", k.admin, fmt.Sprintf(`{"name":"%s-%d"}`, name, k.n))
	id, _ := said["id"].(string)
	return id, err
}

// person is a peer with its socket.
type person struct {
	room, id, token string
	ws              *websocket.Conn
	last            int
}

// person opens the socket of somebody who may join a room.
func (k *killed) person(room, name, role string) (*person, error) {
	p := &person{room: room, id: fmt.Sprintf("%s-%d", name, k.n), token: k.mint(token.Claims{Type: token.App, RoomID: room, Role: role, UserID: name})}
	return p, p.dial(k)
}

func (p *person) dial(k *killed) (err error) {
	p.ws, _, err = websocket.Dial(k.ctx, strings.Replace(k.url, "http", "ws", 1)+"/ws?peer="+p.id+"&token="+url.QueryEscape(p.token), nil)
	if err == nil {
		p.ws.SetReadLimit(1 << 20)
		k.t.Cleanup(func() { _ = p.ws.CloseNow() })
	}
	return err
}

// ask makes a call on the socket and waits for its answer.
func (p *person) ask(k *killed, method, params string) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(k.ctx, time.Minute)
	defer cancel()
	p.last++
	id := fmt.Sprint(method, p.last)
	if err := p.ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"id":%q,"jsonrpc":"2.0","method":%q,"params":%s}`, id, method, params)); err != nil {
		return nil, err
	}
	for {
		_, raw, err := p.ws.Read(ctx)
		if err != nil {
			return nil, err
		}
		var m struct {
			ID, Method    string
			Result, Error json.RawMessage
		}
		switch err := json.Unmarshal(raw, &m); {
		case err != nil:
			return nil, err
		case m.Method == "on-warning", m.Method == "on-error":
			return nil, fmt.Errorf("%s: %s", method, raw)
		case m.ID == id && m.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, m.Error)
		case m.ID == id:
			return m.Result, nil
		}
	}
}

// inside makes a room with a host and a guest in it.
func (k *killed) inside(name string) (host, guest *person, err error) {
	room, err := k.room(name)
	if err != nil {
		return nil, nil, err
	}
	host, err = k.person(room, name+"-host", "host")
	if err == nil {
		_, err = host.ask(k, "join", `{"name":"host"}`)
	}
	if err == nil {
		guest, err = k.person(room, name+"-guest", "guest")
	}
	if err == nil {
		_, err = guest.ask(k, "join", `{"name":"guest"}`)
	}
	return host, guest, err
}

// resumes is a check that a peer is still inside, and is as these words say.
func (p *person) resumes(words ...string) func(*killed) error {
	return func(k *killed) error {
		if err := p.dial(k); err != nil {
			return err
		}
		raw, err := p.ask(k, "get-peer", fmt.Sprintf(`{"peer_id":%q}`, p.id))
		for _, w := range words {
			if !bytes.Contains(raw, []byte(w)) {
				err = errors.Join(err, fmt.Errorf("the peer is %s, without %s", raw, w))
			}
		}
		return err
	}
}

// isOut is a check that a peer is inside no more.
func (p *person) isOut(k *killed) error {
	if err := p.dial(k); err != nil {
		return err
	}
	if raw, err := p.ask(k, "get-peer", fmt.Sprintf(`{"peer_id":%q}`, p.id)); err == nil {
		return fmt.Errorf("the peer is still inside: %s", raw)
	}
	return nil
}

// isKeptOut is isOut, and that it may not join again either.
func (p *person) isKeptOut(host *person) func(*killed) error {
	return func(k *killed) error {
		if err := host.dial(k); err != nil { // the session goes on
			return err
		}
		if err := p.dial(k); err != nil {
			return err
		}
		if _, err := p.ask(k, "join", `{"name":"again"}`); err == nil {
			return errors.New("the peer that was put out has joined again")
		}
		return nil
	}
}

// refused is a check that a token does not open the door, for a reason.
func refused(raw, reason string) func(*killed) error {
	return func(k *killed) error {
		_, err := k.call("GET", "/init?peer_id=newcomer", raw, "")
		if err == nil || !strings.Contains(err.Error(), reason) {
			return fmt.Errorf("at the door: %v, want %s", err, reason)
		}
		return nil
	}
}

// onTheWire is a write by a call of somebody inside.
func onTheWire(kind, method string, params func(host, guest *person) string, byHost bool, check func(host, guest *person) func(*killed) error) write {
	return write{kind, func(k *killed) (func() (func(*killed) error, error), error) {
		host, guest, err := k.inside(strings.ReplaceAll(kind, " ", "-"))
		return func() (func(*killed) error, error) {
			who := guest
			if byHost {
				who = host
			}
			_, err := who.ask(k, method, params(host, guest))
			return check(host, guest), err
		}, err
	}}
}

// overREST is a write by a management token in a room with a host and a guest.
func overREST(kind, method string, path, body func(host, guest *person) string, check func(host, guest *person) func(*killed) error) write {
	return write{kind, func(k *killed) (func() (func(*killed) error, error), error) {
		host, guest, err := k.inside(strings.ReplaceAll(kind, " ", "-"))
		return func() (func(*killed) error, error) {
			_, err := k.call(method, path(host, guest), k.admin, body(host, guest))
			return check(host, guest), err
		}, err
	}}
}

func always(text string) func(_, _ *person) string { return func(_, _ *person) string { return text } }

// writes are all kinds.
var writes = []write{
	{"join", func(k *killed) (func() (func(*killed) error, error), error) {
		room, err := k.room("join")
		if err != nil {
			return nil, err
		}
		p, err := k.person(room, "join", "guest")
		return func() (func(*killed) error, error) {
			_, err := p.ask(k, "join", `{"name":"Ann","data":"{\"a\":1}"}`)
			return p.resumes(`"Ann"`), err
		}, err
	}},
	onTheWire("leave", "leave", always(`{}`), false, func(_, g *person) func(*killed) error { return g.isOut }),
	onTheWire("name and metadata", "peer-update", always(`{"name":"Zoe","data":"new data"}`), false,
		func(_, g *person) func(*killed) error { return g.resumes(`"Zoe"`, `new data`) }),
	onTheWire("group", "group-join", always(`{"name":"_handraise"}`), false,
		func(_, g *person) func(*killed) error { return g.resumes(`_handraise`) }),
	onTheWire("session metadata", "set-metadata", always(`{"key":"page","data":{"n":7}}`), false,
		func(_, g *person) func(*killed) error {
			return func(k *killed) error {
				if err := g.resumes()(k); err != nil {
					return err
				}
				raw, err := g.ask(k, "get-metadata", `{"key":"page"}`)
				if err == nil && !bytes.Contains(raw, []byte(`{"n":7}`)) {
					err = fmt.Errorf("the session shares %s", raw)
				}
				return err
			}
		}),
	onTheWire("role", "role-change-request", func(_, g *person) string {
		return fmt.Sprintf(`{"requested_for":%q,"role":"host","force":true}`, g.id)
	}, true, func(_, g *person) func(*killed) error { return g.resumes(`"role":"host"`) }),
	onTheWire("removal", "peer-leave-request", func(_, g *person) string {
		return fmt.Sprintf(`{"requested_for":%q,"reason":"out"}`, g.id)
	}, true, func(h, g *person) func(*killed) error { return g.isKeptOut(h) }),
	onTheWire("end with lock", "end-room", always(`{"lock":true,"reason":"over"}`), true,
		func(_, g *person) func(*killed) error { return refused(g.token, "locked") }),

	overREST("REST peer", "POST", func(_, g *person) string { return "/v2/active-rooms/" + g.room + "/peers/" + g.id },
		always(`{"name":"Max","role":"host"}`), func(_, g *person) func(*killed) error { return g.resumes(`"Max"`, `"role":"host"`) }),
	overREST("REST removal", "POST", func(_, g *person) string { return "/v2/active-rooms/" + g.room + "/remove-peers" },
		func(_, g *person) string { return fmt.Sprintf(`{"peer_id":%q}`, g.id) }, func(h, g *person) func(*killed) error { return g.isKeptOut(h) }),
	overREST("REST end with lock", "POST", func(_, g *person) string { return "/v2/active-rooms/" + g.room + "/end-room" },
		always(`{"lock":true}`), func(_, g *person) func(*killed) error { return refused(g.token, "locked") }),
	overREST("REST room disabled", "POST", func(_, g *person) string { return "/v2/rooms/" + g.room },
		always(`{"enabled":false}`), func(h, _ *person) func(*killed) error { return finds("/v2/rooms/"+h.room, `"enabled":false`) }),
	overREST("REST revocation", "POST", always("/api/v1/tokens/revoke"),
		func(h, _ *person) string { return fmt.Sprintf(`{"token":%q}`, h.token) },
		func(h, _ *person) func(*killed) error { return refused(h.token, "revoked") }),

	{"REST room", func(k *killed) (func() (func(*killed) error, error), error) {
		return func() (func(*killed) error, error) {
			id, err := k.room("made")
			return finds("/v2/rooms/"+id, id), err
		}, nil
	}},
	{"REST template", func(k *killed) (func() (func(*killed) error, error), error) {
		return func() (func(*killed) error, error) {
			said, err := k.call("POST", "/v2/templates", k.admin, fmt.Sprintf(`{"name":"t-%d","roles":{"host":{"name":"host"}}}`, k.n))
			return finds(fmt.Sprint("/v2/templates/", said["id"]), fmt.Sprintf(`"t-%d"`, k.n)), err
		}, nil
	}},
	{"REST codes", func(k *killed) (func() (func(*killed) error, error), error) {
		room, err := k.room("codes")
		return func() (func(*killed) error, error) {
			said, err := k.call("POST", "/v2/room-codes/room/"+room+"/role/host", k.admin, "")
			return finds("/v2/room-codes/room/"+room, fmt.Sprint(said["code"])), err
		}, err
	}},
	{"REST code disabled", func(k *killed) (func() (func(*killed) error, error), error) {
		room, err := k.room("disabled-code")
		if err != nil {
			return nil, err
		}
		said, err := k.call("POST", "/v2/room-codes/room/"+room+"/role/host", k.admin, "")
		return func() (func(*killed) error, error) {
			_, err := k.call("POST", "/v2/room-codes/code", k.admin, fmt.Sprintf(`{"code":%q,"enabled":false}`, said["code"]))
			return finds("/v2/room-codes/room/"+room, fmt.Sprint(said["code"]), `"enabled":false`), err
		}, err
	}},
	{"REST retention", func(k *killed) (func() (func(*killed) error, error), error) {
		days := 1 + k.n%3650
		return func() (func(*killed) error, error) {
			_, err := k.call("PUT", "/api/v1/events/retention", k.admin, fmt.Sprintf(`{"days":%d}`, days))
			return finds("/api/v1/events/retention", fmt.Sprintf(`"days":%d,`, days)), err
		}, nil
	}},
	{"event", func(k *killed) (func() (func(*killed) error, error), error) {
		return func() (func(*killed) error, error) {
			id := fmt.Sprintf("11111111-1111-4111-8111-%012d", k.n)
			said, err := k.call("POST", "/api/v1/events", k.admin, fmt.Sprintf(`[{"version":"2.0","id":%q,"timestamp":%q,"type":"client.join.failed",
				"data":{"user_id":"u","room_id":"r","is_terminal":true,"action":"JOIN","error_code":401,"error_name":"N","error_message":"M"}}]`,
				id, time.Now().UTC().Format(time.RFC3339)))
			if n, _ := said["stored"].(float64); err == nil && n != 1 {
				err = fmt.Errorf("not stored: %v", said)
			}
			return finds("/api/v1/events/"+id, id), err
		}, nil
	}},
}
