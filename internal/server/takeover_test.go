// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// victim is a peer in a call whose place others want.
type victim struct {
	t    *testing.T
	s    *Server
	room string
	id   string
	user string
	raw  string // the token it joined with
	role string // which it has now
	conn *websocket.Conn
}

// credentials are what somebody may hold who wants to be a peer whose ids are
// known, as they are to everybody in the room.
var credentials = []struct {
	name string
	make func(v *victim, role string) string
	mine bool // the peer's own token
}{
	{"same token", func(v *victim, _ string) string { return v.raw }, true},
	{"other token of the user", func(v *victim, role string) string { return v.token(role, v.user, "") }, false},
	{"other token with the same jti", func(v *victim, role string) string {
		return v.mint(token.Claims{Role: role, UserID: v.user, ID: "jti of " + v.id, ExpiresAt: time.Now().Add(3 * time.Hour)})
	}, false},
	{"other user's token", func(v *victim, role string) string { return v.token(role, "mallory", "") }, false},
	{"code with the user's id", func(v *victim, role string) string { return v.exchange(role) }, false},
	{"token without a user", func(v *victim, role string) string { return v.token(role, "", "") }, false},
	{"unsigned", func(v *victim, _ string) string {
		parts := strings.Split(v.raw, ".")
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	}, false},
	{"expired", func(v *victim, role string) string {
		return v.mint(token.Claims{Role: role, UserID: v.user, IssuedAt: time.Now().Add(-2 * time.Hour), ExpiresAt: time.Now().Add(-time.Hour)})
	}, false},
	{"revoked", func(v *victim, role string) string {
		id := uuid.NewString()
		raw := v.mint(token.Claims{Role: role, UserID: v.user, ID: id})
		if err := v.s.registry.Revoke(v.t.Context(), id, time.Time{}); err != nil {
			v.t.Fatal(err)
		}
		return raw
	}, false},
}

func (v *victim) mint(c token.Claims) string {
	v.t.Helper()
	c.Type, c.RoomID = token.App, v.room
	raw, err := v.s.mint(c)
	if err != nil {
		v.t.Fatal(err)
	}
	return raw
}

func (v *victim) token(role, user, jti string) string {
	return v.mint(token.Claims{Role: role, UserID: user, ID: jti})
}

// exchange gives a code's token in which the peer's user id is claimed.
func (v *victim) exchange(role string) string {
	v.t.Helper()
	codes, err := v.s.registry.CreateCodes(v.t.Context(), v.room, role)
	if err != nil {
		v.t.Fatal(err)
	}
	body, _ := json.Marshal(map[string]string{"code": codes[0].Code, "user_id": v.user})
	res, err := http.Post(v.s.URL()+"/v2/token", "application/json", bytes.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	var got struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || got.Token == "" {
		v.t.Fatal(res.Status, err)
	}
	return got.Token
}

// knock comes as the peer with a token: the role it is let in with, or the
// fault, and whether /init would have it.
func (v *victim) knock(raw string) (c *websocket.Conn, role, refusal string, init int) {
	v.t.Helper()
	req, _ := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.s.URL()+"/init?peer_id="+v.id, nil)
	req.Header.Set("Authorization", "Bearer "+raw)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	c = dial(v.t, v.s, raw, v.id)
	role, refusal = greeting(v.t, c)
	return c, role, refusal, res.StatusCode
}

// greeting is what a socket is told first.
func greeting(t *testing.T, c *websocket.Conn) (role, refusal string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		_, raw, err := c.Read(ctx)
		if err != nil {
			return "", err.Error()
		}
		var m struct {
			Method string
			Params struct{ Name, Fault string }
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			t.Fatal(err)
		}
		switch m.Method {
		case "on-policy-change":
			return m.Params.Name, ""
		case "on-error":
			return "", m.Params.Fault
		}
	}
}

// works tells whether a socket is answered.
func works(t *testing.T, c *websocket.Conn) bool {
	id := uuid.NewString()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if c.Write(ctx, websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":"`+id+`","method":"ping","params":{}}`)) != nil {
		return false
	}
	for {
		_, raw, err := c.Read(ctx)
		if err != nil {
			return false
		}
		var m message
		if json.Unmarshal(raw, &m) == nil && m.ID == id {
			return m.Error == nil
		}
	}
}

// join opens the peer's own socket and joins.
func (v *victim) join() {
	v.t.Helper()
	v.conn = dial(v.t, v.s, v.raw, v.id)
	if role, refusal := greeting(v.t, v.conn); role != v.role {
		v.t.Fatalf("let in as %q, %s", role, refusal)
	}
	err := v.conn.Write(v.t.Context(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":"j","method":"join","params":{"name":"the victim","data":""}}`))
	if err != nil {
		v.t.Fatal(err)
	}
	if m := until(v.t, v.conn, func(m message) bool { return m.ID == "j" }); m.Error != nil {
		v.t.Fatalf("join: %+v", m.Error)
	}
}

// drop loses the socket without a goodbye, and waits until that is noticed.
func (v *victim) drop() {
	v.t.Helper()
	held := metric(v.t, v.s, "redial_signal_peers_held")
	_ = v.conn.CloseNow()
	for deadline := time.Now().Add(20 * time.Second); metric(v.t, v.s, "redial_signal_peers_held") <= held; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			v.t.Fatal("the lost socket is never noticed")
		}
	}
}

func metric(t *testing.T, s *Server, name string) (value float64) {
	t.Helper()
	res, err := http.Get(s.URL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		if n, _ := fmt.Sscanf(line, name+" %g", &value); n == 1 {
			return value
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// changeRole gives the peer another role, as the server does when a host asks.
func (v *victim) changeRole(role string) {
	v.t.Helper()
	live := v.s.rooms.Active(v.room)
	if _, err := live.Update(v.t.Context(), room.PeerID(v.id), room.Change{Role: &role}); err != nil {
		v.t.Fatal(err)
	}
	v.role = role
}

// states are where a peer may be when somebody else comes as it. The restart is
// of the server that holds it.
var states = []struct {
	name    string
	away    bool
	changed bool
	restart bool
}{
	{name: "connected"},
	{name: "away", away: true},
	{name: "connected after a role change", changed: true},
	{name: "away after a role change", changed: true, away: true},
	{name: "held after a restart", restart: true},
	{name: "held after a role change and a restart", changed: true, restart: true},
}

// TestNobodyTakesOverAPeer comes as a peer, whose ids everybody in the room knows,
// with every kind of credential but the peer's own token, at every moment: in
// vain, and without the peer noticing. With its own token the peer comes back in
// the role it has by then.
func TestNobodyTakesOverAPeer(t *testing.T) {
	combinations, takeovers := 0, 0
	for _, state := range states {
		cfg := local(t)
		s, one := startCall(t, cfg)
		all := map[string]*victim{}
		each := func(f func(t *testing.T, name, role, attacker string, v *victim, c int)) {
			for _, role := range []string{"viewer", "host"} {
				for _, attacker := range []string{"viewer", "host"} {
					for i, c := range credentials {
						name := fmt.Sprintf("%s/%s/%s/as %s", state.name, role, c.name, attacker)
						f(t, name, role, attacker, all[name], i)
					}
				}
			}
		}
		each(func(t *testing.T, name, role, _ string, _ *victim, _ int) {
			v := &victim{t: t, s: s, room: one.ID, id: uuid.NewString(), user: "user-" + uuid.NewString(), role: role}
			v.raw = v.token(role, v.user, "jti of "+v.id)
			v.join()
			if state.changed {
				v.changeRole(map[string]string{"host": "viewer", "viewer": "host"}[role])
			}
			if state.away {
				v.drop()
			}
			all[name] = v
		})
		if state.restart {
			if err := s.Stop(context.Background()); err != nil {
				t.Fatal(err)
			}
			s, _ = startCall(t, cfg)
		}
		each(func(t *testing.T, name, _, attacker string, v *victim, i int) {
			combinations++
			t.Run(name, func(t *testing.T) {
				v.t, v.s = t, s
				c := credentials[i]
				_, role, refusal, init := v.knock(c.make(v, attacker))
				if c.mine {
					if role != v.role || init != http.StatusOK {
						t.Fatalf("the peer itself is let in as %q, not %q: %s, init %d", role, v.role, refusal, init)
					}
					return
				}
				if role != "" || init == http.StatusOK {
					takeovers++
					t.Errorf("taken over as %q, init %d", role, init)
				}
				if !state.away && !state.restart && !works(t, v.conn) {
					t.Error("the peer's socket is gone")
				}
				if _, role, refusal, _ := v.knock(v.raw); role != v.role {
					t.Errorf("the peer comes back as %q, not %q: %s", role, v.role, refusal)
				}
				if p, err := s.rooms.Active(v.room).Peer(t.Context(), room.PeerID(v.id)); err != nil || p.UserID != v.user || p.Name != "the victim" || p.Role != v.role {
					t.Errorf("the peer is now %+v, %v", p, err)
				}
			})
		})
	}
	t.Logf("%d combinations, %d takeovers", combinations, takeovers)
}

// TestRacingSocketsNeverShareAPlace lets sockets of two tokens come with one new
// id at once. Whichever is first has it, for its own token only and in the role
// of that.
func TestRacingSocketsNeverShareAPlace(t *testing.T) {
	s, one := startCall(t, local(t))
	for _, c := range credentials {
		if c.mine {
			continue
		}
		for _, role := range []string{"viewer", "host"} {
			for _, attacker := range []string{"viewer", "host"} {
				t.Run(fmt.Sprintf("%s/%s/as %s", role, c.name, attacker), func(t *testing.T) {
					v := &victim{t: t, s: s, room: one.ID, id: uuid.NewString(), user: "user-" + uuid.NewString(), role: role}
					v.raw = v.token(role, v.user, "jti of "+v.id)
					tokens := []string{v.raw, c.make(v, attacker)}
					roles := []string{role, attacker}
					const each = 4
					var in [2][each]string
					var racing sync.WaitGroup
					start := make(chan struct{})
					for k := range each * 2 {
						racing.Go(func() {
							<-start
							in[k%2][k/2], _ = greeting(t, dial(t, s, tokens[k%2], v.id))
						})
					}
					close(start)
					racing.Wait()
					inside := [2]int{}
					for who := range in {
						for _, got := range in[who] {
							if got != "" {
								inside[who]++
							}
							if got != "" && got != roles[who] {
								t.Errorf("a token for %s let in as %s", roles[who], got)
							}
						}
					}
					if inside[0] > 0 && inside[1] > 0 {
						t.Errorf("one place for two tokens: %v", inside)
					}
				})
			}
		}
	}
}

// startCall starts a server that keeps its rooms in the configured directory,
// and finds or makes the room of these tests.
func startCall(t *testing.T, cfg config.Config) (*Server, registry.Room) {
	t.Helper()
	cfg.Limits.JoinsPerSecond, cfg.Limits.JoinsBurst = 10_000, 10_000 // all of it comes from one address
	s := startLocal(t, cfg)
	one, _, err := s.registry.CreateRoom(t.Context(), registry.Room{Name: "the-call", CustomerID: cfg.Access.AccountID, Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	return s, one
}
