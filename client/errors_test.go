// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/token"
)

// fails demands that joining fails in time, with a kind and its words.
func fails(t *testing.T, cfg client.Config, want *fault.Kind, code int, retry bool, within time.Duration) {
	t.Helper()
	began := time.Now()
	r, err := client.Join(t.Context(), cfg)
	took := time.Since(began)
	if err == nil {
		r.Leave()
		t.Fatalf("joined, want %s", want.ID)
	}
	if took > within {
		t.Errorf("failed after %v, want within %v", took, within)
	}
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("%T is no *fault.Error: %v", err, err)
	}
	d := client.Describe(err)
	if f.Kind != want || d.Code != code {
		t.Fatalf("%s (%d %s), want %s (%d): %v", d.Fault, d.Code, d.Name, want.ID, code, err)
	}
	if !d.Terminal {
		t.Error("a failed join is not terminal")
	}
	if d.CanRetry != retry {
		t.Errorf("CanRetry is %v, want %v", d.CanRetry, retry)
	}
	if d.User == "" || d.Description == "" || d.Name == "" || d.Category == "" {
		t.Errorf("something is not worded: %+v", d)
	}
}

const quick = 2 * time.Second // for what needs no waiting, on a busy machine

// anyToken is a token that can be read here; the server will refuse it.
const anyToken = "e30.eyJyb29tX2lkIjoiciJ9.x"

func TestBadInput(t *testing.T) {
	for _, endpoint := range []string{"", "video.example.org", "ftp://example.org", "http://", "https:///path", "http://user:secret@host", "http://a b", "http://[::1"} {
		t.Run("endpoint "+endpoint, func(t *testing.T) {
			fails(t, client.Config{Endpoint: endpoint, Token: anyToken}, fault.EndpointInvalid, 2002, false, quick)
		})
	}
	for _, c := range []struct {
		token string
		want  *fault.Kind
	}{
		{"", fault.TokenMissing},
		{"not-a-jwt", fault.TokenMalformed},
		{"a.b", fault.TokenMalformed},
		{"a.b.c.d", fault.TokenMalformed},
		{"a.%%%.c", fault.TokenPayload},
		{"a.bm90IGpzb24.c", fault.TokenPayloadJSON},
		{"a.WyJhcnJheSJd.c", fault.TokenPayloadJSON},
	} {
		t.Run("token "+c.token, func(t *testing.T) {
			fails(t, client.Config{Endpoint: "http://127.0.0.1:1", Token: c.token}, c.want, 2004, false, quick)
		})
	}
}

// rawServer answers every connection with f.
func rawServer(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-ended })
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			go f(c)
		}
	}()
	return "http://" + l.Addr().String()
}

func TestEndpointThatDoesNotServe(t *testing.T) {
	const step = 400 * time.Millisecond
	closed := rawServer(t, func(c net.Conn) { _ = c.Close() })
	reply := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	read := func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }
	for _, c := range []struct {
		name     string
		endpoint string
		want     *fault.Kind
		code     int
		retry    bool
	}{
		{"refuses", "http://127.0.0.1:1", fault.EndpointUnreachable, 2003, true},
		{"has no name", "https://no-such-host.invalid", fault.EndpointUnreachable, 2003, true},
		{"hangs up", closed, fault.EndpointUnreachable, 2003, true},
		{"says nothing", rawServer(t, func(net.Conn) {}), fault.EndpointUnreachable, 2003, true},
		{"says half an answer", rawServer(t, func(c net.Conn) { read(c); _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Le")) }), fault.EndpointUnreachable, 2003, true},
		{"breaks off in the body", rawServer(t, func(c net.Conn) {
			read(c)
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))
			_ = c.Close()
		}), fault.EndpointUnreachable, 2003, true},
		{"never ends its body", rawServer(t, func(c net.Conn) { read(c); _, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")) }), fault.EndpointUnreachable, 2003, true},
		{"speaks another protocol", rawServer(t, func(c net.Conn) { read(c); _, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.9\r\n\r\n")) }), fault.ResponseMalformed, 500, true},
		{"is no TLS server", strings.Replace(reply(200, "{}"), "http://", "https://", 1), fault.TLSFailed, 2003, false},
		{"is a web site", reply(200, "<html>hello</html>"), fault.ResponseNotJSON, 200, true},
		{"answers with nothing", reply(200, ""), fault.ResponseEmpty, 200, true},
		{"has no such address", reply(404, "not found"), fault.EndpointUnreachable, 2003, true},
		{"fails", reply(500, "oops"), fault.ResponseStatus, 502, true},
		{"redirects", reply(302, ""), fault.ResponseStatus, 502, true},
		{"forgets the socket", reply(200, "{}"), fault.InitConfigMissing, 2002, true},
		{"names a strange socket", reply(200, `{"endpoint":"gopher://x"}`), fault.InitConfigMissing, 2002, true},
		{"answers with a list", reply(200, `[1,2]`), fault.ResponseNotJSON, 200, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			code := c.code
			if code == 500 || code == 502 { // whatever the list says of such an answer
				code = client.Describe(c.want).Code
			}
			fails(t, client.Config{Endpoint: c.endpoint, Token: anyToken, StepTimeout: step, JoinTimeout: 8 * step}, c.want, code, c.retry, 10*step+quick)
		})
	}
}

const policyFrame = `{"method":"on-policy-change","params":{"name":"host","known_roles":{"host":{"name":"host"}},"template_id":"t"}}`

func TestSocketThatDoesNotServe(t *testing.T) {
	const step = 400 * time.Millisecond
	type talk = func(ctx context.Context, ws *websocket.Conn)
	say := func(ctx context.Context, ws *websocket.Conn, text string) {
		_ = ws.Write(ctx, websocket.MessageText, []byte(text))
	}
	// answer replies to join, whatever its id, with a result or an error.
	answer := func(ctx context.Context, ws *websocket.Conn, rest string) {
		say(ctx, ws, policyFrame)
		for {
			_, raw, err := ws.Read(ctx)
			if err != nil {
				return
			}
			if _, after, ok := strings.Cut(string(raw), `"id":"`); ok && strings.Contains(string(raw), `"method":"join"`) {
				say(ctx, ws, fmt.Sprintf(`{"id":%q,%s}`, after[:36], rest))
			}
		}
	}
	hold := func(ctx context.Context, ws *websocket.Conn) { _, _, _ = ws.Read(ctx); <-ctx.Done() }
	for _, c := range []struct {
		name string
		talk talk // nil refuses the upgrade
		want *fault.Kind
		code int
	}{
		{"refuses the upgrade", nil, fault.SignalUpgrade, 1000},
		{"says nothing", hold, fault.SignalSilent, 1003},
		{"closes at once", func(_ context.Context, ws *websocket.Conn) { _ = ws.Close(websocket.StatusInternalError, "") }, fault.SignalLost, 1003},
		{"breaks off", func(_ context.Context, ws *websocket.Conn) { _ = ws.CloseNow() }, fault.SignalLost, 1003},
		{"says rubbish", func(ctx context.Context, ws *websocket.Conn) { say(ctx, ws, "}{"); hold(ctx, ws) }, fault.ResponseMalformed, 0},
		{"says what is no frame", func(ctx context.Context, ws *websocket.Conn) { say(ctx, ws, `{"hello":1}`); hold(ctx, ws) }, fault.ResponseMalformed, 0},
		{"says half a frame", func(ctx context.Context, ws *websocket.Conn) {
			w, err := ws.Writer(ctx, websocket.MessageText)
			if err == nil {
				_, _ = w.Write([]byte(policyFrame[:40]))
			}
			hold(ctx, ws)
		}, fault.SignalSilent, 1003},
		{"ends it", func(ctx context.Context, ws *websocket.Conn) {
			say(ctx, ws, `{"method":"on-error","params":{"code":40100,"message":"no","fault":"token.revoked"}}`)
			hold(ctx, ws)
		}, fault.TokenRevoked, 40100},
		{"never answers join", func(ctx context.Context, ws *websocket.Conn) { say(ctx, ws, policyFrame); hold(ctx, ws) }, fault.SignalSilent, 1003},
		{"refuses join", func(ctx context.Context, ws *websocket.Conn) {
			answer(ctx, ws, `"error":{"code":403,"message":"The room is locked","fault":"room.locked"}`)
		}, fault.RoomLocked, 403},
		{"refuses join without words of ours", func(ctx context.Context, ws *websocket.Conn) { answer(ctx, ws, `"error":{"code":40108,"message":"x"}`) }, fault.TokenRole, 40108},
		{"answers join with rubbish", func(ctx context.Context, ws *websocket.Conn) { answer(ctx, ws, `"result":[1]`) }, fault.ResponseMalformed, 0},
		{"answers join with bad SDP", func(ctx context.Context, ws *websocket.Conn) {
			answer(ctx, ws, `"result":{"type":"answer","sdp":"v=0","sfu_node_id":"n"}`)
		}, fault.SDPSetRemote, 4004},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			web := httptest.NewServer(mux)
			ctx, cancel := context.WithCancel(context.Background())
			t.Cleanup(func() { cancel(); web.Close() })
			mux.HandleFunc("/init", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, `{"endpoint":"ws://%s/ws","config":{}}`, r.Host)
			})
			mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
				if c.talk == nil {
					w.WriteHeader(502)
					return
				}
				ws, err := websocket.Accept(w, r, nil)
				if err != nil {
					return
				}
				defer ws.CloseNow()
				c.talk(ctx, ws)
			})
			d := client.Describe(c.want)
			code := c.code
			if code == 0 {
				code = d.Code
			}
			fails(t, client.Config{Endpoint: web.URL, Token: anyToken, StepTimeout: step, JoinTimeout: 8 * step}, c.want, code, d.CanRetry, 10*step+quick)
		})
	}
}

// forged is a token of the demo room with something changed.
func (s *site) forged(edit func(*token.Key, *token.Claims)) string {
	s.t.Helper()
	k := token.Key{Access: s.cfg.Access.Keys[0].Access, Secret: s.cfg.Access.Keys[0].Secret}
	now := time.Now()
	c := token.Claims{
		Type: token.App, RoomID: s.demo.ID, Role: "guest", UserID: "u", ID: "jti-" + s.t.Name(),
		IssuedAt: now.Add(-time.Minute), NotBefore: now.Add(-time.Minute), ExpiresAt: now.Add(time.Hour),
	}
	edit(&k, &c)
	c.AccessKey = k.Access
	raw, err := token.Mint(k, c)
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// resigned is a token that nobody would mint, rightly signed: nil takes a claim
// away.
func (s *site) resigned(set map[string]any) string {
	s.t.Helper()
	good := s.forged(func(*token.Key, *token.Claims) {})
	parts := strings.Split(good, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		s.t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(raw, &claims); err != nil {
		s.t.Fatal(err)
	}
	for k, v := range set {
		claims[k] = v
		if v == nil {
			delete(claims, k)
		}
	}
	if raw, err = json.Marshal(claims); err != nil {
		s.t.Fatal(err)
	}
	signed := parts[0] + "." + base64.RawURLEncoding.EncodeToString(raw)
	mac := hmac.New(sha256.New, []byte(s.cfg.Access.Keys[0].Secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestTokenFaults(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		name string
		edit func(*token.Key, *token.Claims)
		want *fault.Kind
		code int
	}{
		{"expired", func(_ *token.Key, c *token.Claims) {
			c.IssuedAt, c.NotBefore, c.ExpiresAt = time.Now().Add(-2*time.Hour), time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
		}, fault.TokenExpired, 40100},
		{"not yet valid", func(_ *token.Key, c *token.Claims) {
			c.NotBefore = time.Now().Add(time.Hour)
			c.ExpiresAt = time.Now().Add(2 * time.Hour)
		}, fault.TokenNotYetValid, 40100},
		{"unknown key", func(k *token.Key, _ *token.Claims) { k.Access = "other" }, fault.AccessKeyUnknown, 40101},
		{"wrong secret", func(k *token.Key, _ *token.Claims) { k.Secret = "another secret of at least thirty-two bytes" }, fault.TokenSignature, 40109},
		{"unknown room", func(_ *token.Key, c *token.Claims) { c.RoomID = "no-such-room" }, fault.TokenRoomUnknown, 40102},
		{"unknown role", func(_ *token.Key, c *token.Claims) { c.Role = "captain" }, fault.TokenRole, 40108},
		{"management token", func(_ *token.Key, c *token.Claims) { c.Type, c.RoomID, c.Role = token.Management, "", "" }, fault.TokenKind, 40100},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := s.config("guest", "x")
			cfg.Token = s.forged(c.edit)
			fails(t, cfg, c.want, c.code, client.Describe(c.want).CanRetry, quick)
		})
	}
	for _, c := range []struct {
		name string
		set  map[string]any
		want *fault.Kind
		code int
	}{
		{"no role", map[string]any{"role": nil}, fault.TokenClaim, client.Describe(fault.TokenClaim).Code},
		{"expiry in words", map[string]any{"exp": "tomorrow"}, fault.TokenClaim, client.Describe(fault.TokenClaim).Code},
		{"user that is a number", map[string]any{"user_id": 7}, fault.TokenUser, client.Describe(fault.TokenUser).Code},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := s.config("guest", "x")
			cfg.Token = s.resigned(c.set)
			fails(t, cfg, c.want, c.code, client.Describe(c.want).CanRetry, quick)
		})
	}
	t.Run("code disabled", func(t *testing.T) {
		cfg := s.config("guest", "x")
		cfg.Token, cfg.RoomCode = "", s.demo.Codes["guest"]
		s.rest("POST", "/v2/room-codes/code", `{"code":"`+cfg.RoomCode+`","enabled":false}`)
		fails(t, cfg, fault.CodeDisabled, client.Describe(fault.CodeDisabled).Code, false, quick)
	})
	t.Run("revoked", func(t *testing.T) {
		cfg := s.config("guest", "x")
		cfg.Token = s.forged(func(_ *token.Key, c *token.Claims) { c.ID = "withdrawn" })
		s.rest("POST", "/api/v1/tokens/revoke", `{"jti":"withdrawn"}`)
		fails(t, cfg, fault.TokenRevoked, 40100, false, quick)
	})
}

func TestRoomThatDoesNotTakeMore(t *testing.T) {
	s := newSite(t, func(c *config.Config) { c.Limits.RoomPeers = 1 })
	host := s.join(s.config("host", "host"))
	d := client.Describe(fault.RoomFull)
	fails(t, s.config("guest", "late"), fault.RoomFull, d.Code, d.CanRetry, quick)
	if err := host.EndRoom(t.Context(), client.EndOptions{Reason: "enough", Lock: true}); err != nil {
		t.Fatal(err)
	}
	fails(t, s.config("guest", "late"), fault.RoomLocked, 403, false, quick)
}

// TestRoleRefusals makes every call that a role may not make and demands that
// it is refused by name and changes nothing.
func TestRoleRefusals(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	pub, err := host.Publish(t.Context(), client.Pattern())
	if err != nil {
		t.Fatal(err)
	}
	errs := make(chan *fault.Error, 10)
	cfg := s.config("viewer", "viewer")
	cfg.Listener.OnError = func(e *fault.Error) { errs <- e }
	viewer := s.join(cfg)
	guest := s.join(s.config("guest", "guest"))
	ctx := t.Context()
	if err := host.RaiseHand(ctx); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"lower hand":  guest.LowerPeerHand(ctx, host.PeerID()),
		"end room":    guest.EndRoom(ctx, client.EndOptions{}),
		"remove":      guest.RemovePeer(ctx, host.PeerID(), ""),
		"change role": guest.ChangeRole(ctx, host.PeerID(), "viewer"),
		"mute":        guest.MuteTrack(ctx, pub.Info()),
		"mute all":    guest.MuteTracks(ctx, client.TrackFilter{}),
	} {
		if !errors.Is(err, fault.NotPermitted) {
			t.Errorf("%s: %v, want permission.denied", name, err)
		}
		if d := client.Describe(err); d.Terminal || d.CanRetry || d.Category != fault.Permission || d.Code != 403 {
			t.Errorf("%s is worded %+v", name, d)
		}
	}
	for name, src := range map[string]func() (*client.Publication, error){
		"video":  func() (*client.Publication, error) { return viewer.Publish(ctx, client.Pattern()) },
		"audio":  func() (*client.Publication, error) { return viewer.Publish(ctx, client.Tone()) },
		"screen": func() (*client.Publication, error) { return viewer.Publish(ctx, client.Pattern(), client.AsScreen()) },
	} {
		if _, err := src(); !errors.Is(err, fault.PublishNotAllowed) {
			t.Errorf("publishing %s: %v, want permission.publish", name, err)
		}
	}
	var raised []string
	for p, err := range guest.FindPeers(ctx, client.PeerFilter{Group: client.GroupHandRaised}) {
		if err != nil {
			t.Error(err)
		}
		raised = append(raised, p.ID)
	}
	if !slices.Equal(raised, []string{host.PeerID()}) {
		t.Errorf("raised hands after it: %v", raised)
	}
	if host.State() != client.StateJoined || host.Role().Name != "host" || pub.Muted() || len(host.Peers()) != 2 || len(viewer.Publications()) != 0 {
		t.Errorf("a refused call changed something: %s %s %v %d", host.State(), host.Role().Name, pub.Muted(), len(host.Peers()))
	}
	select {
	case e := <-errs:
		t.Errorf("a refused call was told to OnError as well: %v", e)
	default:
	}
}

func TestSentAway(t *testing.T) {
	s := newSite(t)
	host := s.join(s.config("host", "host"))
	for _, c := range []struct {
		name string
		do   func(guest *client.Room) error
		want *fault.Kind
	}{
		{"removed", func(g *client.Room) error { return host.RemovePeer(t.Context(), g.PeerID(), "noise") }, fault.PeerRemoved},
		{"room ended", func(*client.Room) error { return host.EndRoom(t.Context(), client.EndOptions{Reason: "over"}) }, fault.RoomEnded},
	} {
		t.Run(c.name, func(t *testing.T) {
			var order []string
			ended := make(chan *fault.Error, 1)
			cfg := s.config("guest", "guest")
			cfg.Listener.OnError = func(*fault.Error) { order = append(order, "error") }
			cfg.Listener.OnEnd = func(e *fault.Error) { order = append(order, "end"); ended <- e }
			g := s.join(cfg)
			if err := c.do(g); err != nil {
				t.Fatal(err)
			}
			select {
			case e := <-ended:
				d := client.Describe(e)
				if !errors.Is(e, c.want) || !d.Terminal || d.CanRetry {
					t.Errorf("ended with %v %+v", e, d)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("the session did not end")
			}
			<-g.Done()
			if !errors.Is(g.Err(), c.want) || strings.Join(order, " ") != "error end" {
				t.Errorf("Err %v, callbacks %v", g.Err(), order)
			}
			if _, err := g.SendMessage(t.Context(), client.NewMessage{Body: "x"}); !errors.Is(err, fault.ClientNotConnected) {
				t.Errorf("a call after the end: %v", err)
			}
		})
	}
}

func TestJoinIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	_, err := client.Join(ctx, client.Config{Endpoint: rawServer(t, func(net.Conn) {}), Token: anyToken})
	if !errors.Is(err, fault.RequestCancelled) || time.Since(began) > quick {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}
