// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// TestARevokedTokenIsNeverInside lets a join and the revocation of its token run
// at once, the revocation a little later in each round, so that it meets the join
// at every step of the way. Once it is acknowledged, its holder is put out and
// does not come back.
func TestARevokedTokenIsNeverInside(t *testing.T) {
	s, one := startCall(t, local(t))
	management, err := s.mint(token.Claims{Type: token.Management})
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 60
	var took time.Duration // of a join that nobody disturbs
	acknowledged := 0
	for round := range rounds {
		jti := uuid.NewString()
		v := &victim{t: t, s: s, room: one.ID, id: uuid.NewString(), role: "host"}
		v.raw = v.token("host", "mallory", jti)
		joined := make(chan *websocket.Conn, 1)
		began := time.Now()
		go func() { joined <- v.race() }()
		if round == 0 {
			c := <-joined
			took = time.Since(began)
			joined <- c
		}
		time.Sleep(took * time.Duration(round) * 3 / 2 / rounds) // nothing rests on it but where the two meet
		if status, body := sendREST(t, s, "POST", "/api/v1/tokens/revoke", management, `{"token":"`+v.raw+`"}`); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		if c := <-joined; c != nil {
			acknowledged++
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			for err := error(nil); err == nil; {
				_, _, err = c.Read(ctx)
			}
			if ctx.Err() != nil {
				t.Fatalf("round %d: the socket outlasts the revocation", round)
			}
			cancel()
		}
		if v.race() != nil {
			t.Fatalf("round %d: the token is taken after the revocation", round)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			status, body := callREST(t, s, "GET", "/v2/active-rooms/"+one.ID+"/peers/"+v.id, management)
			if status == http.StatusNotFound && s.participants.Participant(one.ID, room.PeerID(v.id)) == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("round %d: inside after the revocation: %d %s", round, status, body)
			}
		}
	}
	t.Logf("%d of %d joins were acknowledged all the same, and ended", acknowledged, rounds)
}

// race joins, unless somebody is faster: the socket of a join that was
// acknowledged, else nil.
func (v *victim) race() *websocket.Conn {
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(v.s.URL(), "http", "ws", 1)+"/ws?peer="+v.id+"&token="+v.raw, nil)
	if err != nil {
		v.t.Error(err)
		return nil
	}
	v.t.Cleanup(func() { _ = c.CloseNow() })
	c.SetReadLimit(1 << 20)
	if role, _ := greeting(v.t, c); role == "" {
		return nil
	}
	if c.Write(ctx, websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":"j","method":"join","params":{"name":"m","data":""}}`)) != nil {
		return nil
	}
	for {
		_, raw, err := c.Read(ctx)
		if err != nil {
			return nil
		}
		var m message
		if json.Unmarshal(raw, &m) == nil && m.ID == "j" {
			if m.Error != nil {
				return nil
			}
			return c
		}
	}
}
