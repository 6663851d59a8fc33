// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/room"
)

// elsewhere are the rows that are provoked by another test, and by which.
var elsewhere = map[string]string{
	"W016 room.already_locked": "internal/api: TestLockingARoom, over REST",
}

// evening is a session in which a row is provoked, and what was.
type evening struct {
	*party
	seen map[string]bool
}

// shows demands that an answer is a refusal in the words of a row.
func (e *evening) shows(row string, a answer) {
	e.t.Helper()
	if a.Error == nil {
		e.t.Fatalf("%s: it works: %v", row, a.Result)
	}
	for _, c := range dialect.Sceenic.Rows() {
		if slices.Contains(c.Rows, row) && c.Kind.ID == a.Error.Data.Fault {
			if a.Error.Code != c.Word.Code || a.Error.Name != c.Word.Name || a.Error.Message == "" {
				e.t.Errorf("%s: %+v, want %d %s", row, *a.Error, c.Word.Code, c.Word.Name)
			}
			e.seen[row+" "+c.Kind.ID] = true
			return
		}
	}
	e.t.Errorf("%s is not what is said: %+v", row, *a.Error)
}

// stranger is a socket that nobody has joined by.
func (e *evening) stranger() *client { return e.dialAt("/sceenic") }

// signed is a token that somebody has signed who knows the secret.
func (e *evening) signed(claims jwt.MapClaims) map[string]any {
	e.t.Helper()
	all := jwt.MapClaims{"rid": e.room, "unct": 1, "exp": time.Now().Add(time.Hour).Unix(), "wsUrl": "ws://127.0.0.1/sceenic"}
	for name, v := range claims {
		all[name] = v
	}
	raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, all).SignedString([]byte(secret))
	if err != nil {
		e.t.Fatal(err)
	}
	return map[string]any{"token": raw, "participantName": "eve"}
}

// injected makes a call while a fault is provoked, asked for by the fault's id.
func (e *evening) injected(s inject.Spec, c *client, method string, params any) answer {
	e.t.Helper()
	s.Room = e.room
	rule, err := e.plan.Add(s)
	if err != nil {
		e.t.Fatal(err)
	}
	defer func() { _, _ = e.plan.Remove(rule.ID, "", "", func(string) bool { return true }) }()
	return c.call(method, params)
}

// later makes a call and does not wait for its answer.
func (c *client) later(method string, params any) chan answer {
	c.t.Helper()
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": method, "method": method, "params": params})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(`"`+method+`"`, string(raw))
}

// soon waits for such an answer.
func (c *client) soon(ch chan answer) answer {
	c.t.Helper()
	select {
	case a := <-ch:
		return a
	case <-time.After(patience):
		c.t.Fatal("it is not answered")
	}
	panic("unreachable")
}

// rows provoke the conditions that Sceenic's document lists, by their numbers in
// dialect/testdata/errors.csv: with a real cause, unless the name says otherwise.
var rows = map[string]func(*evening){
	"W001": func(e *evening) { e.shows("W001", e.stranger().call("joinRoom", e.asking("eve", "type", "KING"))) },
	"W002": func(e *evening) { // the publisher has lost its socket, and nothing arrives of its stream
		ann, bob := e.enter("ann"), e.enter("bob")
		e.lost(ann, bob)
		p := e.all.Participant(e.room, room.PeerID(ann.id))
		_ = ann.ws.CloseNow()
		e.until("ann is away", p.Away)
		e.shows("W002", bob.call("prepareReceiveVideoFrom", map[string]any{"sender": ann.id}))
	},
	"W003": func(e *evening) { // more candidates than wait for an offer that never comes
		ann := e.enter("ann")
		c := map[string]any{"endpointName": ann.id, "candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
		for range 256 {
			ann.must("onIceCandidate", c)
		}
		e.shows("W003", ann.call("onIceCandidate", c))
	},
	"W004": func(e *evening) { e.shows("W004", e.stranger().call("sendMessage", map[string]any{"message": "{}"})) },
	"W005": func(e *evening) {
		ann := e.enter("ann")
		e.shows("W005", ann.call("sendMessage", map[string]any{"message": `{"to":["par_nobody"],"data":"x"}`}))
		e.shows("W005", ann.call("prepareReceiveVideoFrom", map[string]any{"sender": "par_nobody"}))
	},
	"W006": func(e *evening) { // the publisher leaves while its media is waited for
		ann, bob := e.enter("ann"), e.enter("bob")
		e.lost(ann, bob)
		ch := bob.later("prepareReceiveVideoFrom", map[string]any{"sender": ann.id})
		bob.must("ping", nil) // which is answered after it has begun
		ann.must("leaveRoom", nil)
		e.shows("W006", bob.soon(ch))
	},
	"W007": func(e *evening) { // the publisher leaves while the other makes its answer
		ann, bob := e.enter("ann"), e.enter("bob")
		stream := ann.publish()
		bob.hear("participantPublished", of("id", ann.id))
		bob.must("prepareReceiveVideoFrom", map[string]any{"sender": stream})
		ann.must("leaveRoom", nil)
		bob.hear("participantLeft", of("connectionId", ann.id))
		e.shows("W007", bob.call("receiveVideoFrom", map[string]any{"sender": stream, "sdpAnswer": "v=0"}))
	},
	"W008": func(e *evening) {
		e.enter("ann")
		e.shows("W008", e.stranger().call("joinRoom", e.asking("ann")))
	},
	"W009": func(e *evening) {
		e.shows("W009", e.enter("ann").call("publishVideo", map[string]any{"sdpOffer": "v=0", "hasAudio": false, "hasVideo": false}))
	},
	"W010": func(e *evening) {
		ann, bob := e.enter("ann"), e.enter("bob")
		stream := ann.publish()
		bob.hear("participantPublished", of("id", ann.id))
		e.shows("W010", bob.call("receiveVideoFrom", map[string]any{"sender": stream, "sdpAnswer": "v=0"}))
	},
	"W011": func(e *evening) {
		ann, bob := e.enter("ann"), e.enter("bob")
		e.shows("W011", bob.call("prepareReceiveVideoFrom", map[string]any{"sender": ann.id}))
		e.shows("W011", bob.call("prepareReceiveVideoFrom", map[string]any{"sender": bob.id}))
		e.shows("W011", bob.call("unpublishVideo", nil))
	},
	"W012": func(e *evening) {
		e.enter("ann")
		e.shows("W012", e.enter("bob").call("sendPlayerData", map[string]any{"data": 7}))
	},
	"W013": func(e *evening) {
		e.enter("ann")
		e.shows("W013", e.stranger().call("joinRoom", e.asking("ann", "oldParticipantSecret", "guessed")))
	},
	"W014": func(e *evening) {
		e.enter("ann")
		if err := e.registry.SetLocked(e.t.Context(), e.room, true); err != nil {
			e.t.Fatal(err)
		}
		e.shows("W014", e.stranger().call("joinRoom", e.asking("bob")))
	},
	"W015 injected": func(e *evening) { // its cause would be a bug of ours
		ann := e.enter("ann")
		e.shows("W015", e.injected(inject.Spec{Fault: fault.Invariant.ID, At: inject.AtCall, Method: "setParticipantType"}, ann,
			"setParticipantType", map[string]any{"type": "VIEWER"}))
	},
	"W017": func(e *evening) { // who ended it is inside still
		ann := e.enter("ann")
		live := e.hub.Active(e.room)
		if err := live.Join(e.t.Context(), deaf{}, room.Peer{ID: "host", Role: "host"}); err != nil {
			e.t.Fatal(err)
		}
		if err := live.Moderation().End(e.t.Context(), "host", "over", false); err != nil {
			e.t.Fatal(err)
		}
		if n := ann.hear("participantEvicted", nil); n["error"].(map[string]any)["code"] != 203.0 || n["reason"] != "sessionClosedByServer" {
			e.t.Errorf("told as %v", n)
		}
		e.shows("W017", e.stranger().call("joinRoom", e.asking("bob")))
	},
	"W018": func(e *evening) { // viewers do not count
		ann, bob, eve := e.enter("ann"), e.enter("bob", "type", "VIEWER"), e.enter("eve")
		if err := e.hub.Active(e.room).SetRules(e.t.Context(), room.Rules{MaxStreaming: 1}); err != nil {
			e.t.Fatal(err)
		}
		ann.publish()
		bob.hear("participantPublished", of("id", ann.id))
		e.shows("W018", eve.call("publishVideo", map[string]any{"sdpOffer": second(eve.offer()), "hasAudio": true, "hasVideo": true}))
		e.shows("W018", e.stranger().call("joinRoom", e.asking("cast", "type", "AV_BROADCASTER")))
	},
	"W019": func(e *evening) {
		ann, bob := e.enter("ann"), e.enter("bob")
		stream := ann.publish()
		bob.hear("participantPublished", of("id", ann.id))
		bob.subscribe(stream)
		e.shows("W019", bob.call("prepareReceiveVideoFrom", map[string]any{"sender": stream}))
	},
	"W020 W021": func(e *evening) { // nothing arrives of the stream, so the first exchange goes on, and then fails
		ann, bob := e.enter("ann"), e.enter("bob")
		e.lost(ann, bob)
		first := bob.later("prepareReceiveVideoFrom", map[string]any{"sender": ann.id})
		e.shows("W020", bob.call("prepareReceiveVideoFrom", map[string]any{"sender": ann.id}))
		e.shows("W021", bob.soon(first))
	},
	"W022 injected": func(e *evening) {
		ann := e.enter("ann")
		offer := map[string]any{"sdpOffer": second(ann.offer()), "hasAudio": true, "hasVideo": true}
		e.shows("W022", e.injected(inject.Spec{At: inject.AtEngine}, ann, "publishVideo", offer))
		e.shows("W022", e.injected(inject.Spec{At: inject.AtEngine, Delay: time.Millisecond}, ann, "publishVideo", offer))
		e.wasInjected(fault.MediaNodeUnreachable)
	},
	"W023 injected": func(e *evening) {
		ann := e.enter("ann")
		e.shows("W023", e.injected(inject.Spec{Fault: fault.MediaNodeResponse.ID}, ann, "prepareReceiveVideoFrom", map[string]any{"sender": "x"}))
		e.wasInjected(fault.MediaNodeResponse)
	},
	"W024": func(e *evening) {
		e.shows("W024", e.enter("ann").call("makeCoffee", nil))
		e.shows("W024", e.stranger().call("makeCoffee", nil))
	},
	"W025": func(e *evening) {
		ann := e.enter("ann")
		e.shows("W025", ann.call("publishVideo", map[string]any{"hasAudio": true}))
		e.shows("W025", ann.call("onIceCandidate", map[string]any{"endpointName": 7}))
	},
	"W026 injected": func(e *evening) { // its cause would be a bug of ours
		ann := e.enter("ann")
		e.shows("W026", e.injected(inject.Spec{Fault: fault.Internal.ID, At: inject.AtCall, Method: "sendMessage"}, ann, "sendMessage", map[string]any{"message": "{}"}))
	},
	"W027": func(e *evening) { // it leaves before the disk has written that it came
		slow := make(chan struct{})
		e.stall.Store(&slow)
		defer e.stall.Store(nil)
		defer close(slow)
		ann := e.stranger()
		ch := ann.later("joinRoom", e.asking("ann"))
		e.until("ann is inside", func() bool { r := e.hub.Active(e.room); return r != nil && r.Size() == 1 })
		ann.later("leaveRoom", nil)
		e.shows("W027", ann.soon(ch))
	},
	"W028": func(e *evening) { e.shows("W028", e.enter("ann").call("applyFilter", map[string]any{})) },
	"W029": func(e *evening) {
		e.shows("W029", e.stranger().call("joinRoom", map[string]any{"token": "hello", "participantName": "eve"}))
		e.shows("W029", e.stranger().call("joinRoom", map[string]any{"token": e.token[:len(e.token)-20] + strings.Repeat("A", 20), "participantName": "eve"}))
		e.seen["W029 token.refused"] = true // of the token service; see TestTheTokenService
	},
	"W030": func(e *evening) {
		e.shows("W030", e.stranger().call("joinRoom", map[string]any{"token": "e30.###.e30", "participantName": "eve"}))
	},
	"W031": func(e *evening) {
		e.shows("W031", e.stranger().call("joinRoom", map[string]any{"token": "e30.aGVsbG8.e30", "participantName": "eve"}))
	},
	"W032": func(e *evening) {
		e.shows("W032", e.stranger().call("joinRoom", e.signed(jwt.MapClaims{"wsUrl": "https://example.org"})))
	},
	"W033": func(e *evening) {
		servers := []map[string]any{{"urls": "http://example.org"}}
		e.shows("W033", e.stranger().call("joinRoom", e.signed(jwt.MapClaims{"iceServers": servers})))
	},
}

// wasInjected demands that a fault was recorded as provoked.
func (e *evening) wasInjected(k *fault.Kind) {
	e.t.Helper()
	e.events.mu.Lock()
	defer e.events.mu.Unlock()
	for _, one := range e.events.list {
		if one.Fault == k.ID && one.Injected {
			return
		}
	}
	e.t.Errorf("%s is not recorded as injected", k.ID)
}

// byHand are the rows whose faults no rule provokes on this wire: nothing a server
// does causes them, or it is said over REST alone (W016).
var byHand = []string{"W009", "W016", "W032", "W033"}

// TestEveryRowIsInjected: what a server can cause is provoked on a live room as well:
// at the door, or on the call that the rule names, and told in the words of the row.
func TestEveryRowIsInjected(t *testing.T) {
	e := &evening{newStation(t).party(""), map[string]bool{}}
	ann := e.enter("ann")
	for _, c := range dialect.Sceenic.Rows() {
		if len(c.Rows) == 0 || slices.Contains(byHand, c.Rows[0]) {
			continue
		}
		rule, err := e.plan.Add(inject.Spec{Fault: c.Kind.ID, Room: e.room})
		if err != nil {
			t.Errorf("%s: %v", c.Rows[0], err)
			continue
		}
		a := e.stranger().call("joinRoom", e.asking("eve"))
		if a.Error == nil {
			e.putOut(a.Result["participantId"].(string))
			method := rule.Method
			if rule.At == inject.AtEngine {
				method = "publishVideo"
			}
			a = ann.call(method, map[string]any{})
		}
		if a.Error == nil || a.Error.Code != c.Word.Code || a.Error.Name != c.Word.Name || a.Error.Data.Fault != c.Kind.ID {
			t.Errorf("%s: a rule at %s %s is told as %+v", c.Rows[0], rule.At, rule.Method, a.Error)
		}
		if _, err := e.plan.Remove(rule.ID, "", "", func(string) bool { return true }); err != nil {
			t.Error(err)
		}
	}
}

// putOut removes somebody.
func (e *evening) putOut(id string) {
	e.t.Helper()
	if err := e.hub.Active(e.room).Moderation().Remove(e.t.Context(), "", room.PeerID(id), "test"); err != nil {
		e.t.Fatal(err)
	}
}

// TestRows provokes each row of Sceenic's document on a running server, and holds what
// the client is told: the code, the name and the fault.
func TestRows(t *testing.T) {
	seen, ran := map[string]bool{}, 0
	for name, provoke := range rows {
		t.Run(name, func(t *testing.T) {
			ran++
			provoke(&evening{newStation(t).party(""), seen})
		})
	}
	if ran < len(rows) {
		t.Logf("%d of %d rows were chosen, so the list is not held against the document", ran, len(rows))
		return
	}
	page, err := os.ReadFile("../../../docs/sceenic.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range dialect.Sceenic.Rows() {
		for _, row := range c.Rows {
			n++
			if key := row + " " + c.Kind.ID; !seen[key] && elsewhere[key] == "" {
				t.Errorf("nothing provokes %s", key)
			}
			how := "**real cause**"
			if _, injected := rows[row+" injected"]; injected {
				how = "**injection**"
			}
			if !strings.Contains(string(page), "\n| "+row+" | "+how) {
				t.Errorf("docs/sceenic.md does not say that %s is provoked by %s", row, how)
			}
		}
	}
	if n < 33 {
		t.Errorf("only %d rows", n)
	}
}
