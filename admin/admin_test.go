// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

// srv is a real server for all tests here.
var srv *redialtest.Server

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if srv, err = redialtest.Open(context.Background(), redialtest.Config{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() {
			if err := srv.Close(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
		return m.Run()
	}())
}

func live(t *testing.T) *admin.Client {
	t.Helper()
	return connect(t, admin.Config{URL: srv.URL, Token: srv.ManagementToken})
}

func connect(t *testing.T, cfg admin.Config) *admin.Client {
	t.Helper()
	c, err := admin.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// may fails the test when a call did.
func may[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestRooms(t *testing.T) {
	c, ctx := live(t), t.Context()
	room := may[admin.Room](t)
	name := fmt.Sprint("rooms-", time.Now().UnixNano(), "-") // the server stays
	made := room(c.Rooms.Create(ctx, admin.NewRoom{Name: name + "a", Description: "d", Size: 7, MaxDuration: 600, LargeRoom: true}))
	if made.ID == "" || !made.Enabled || made.Size != 7 || made.MaxDuration != 600 || !made.LargeRoom || made.CreatedAt.IsZero() {
		t.Errorf("made %+v", made)
	}
	if again := room(c.Rooms.Create(ctx, admin.NewRoom{Name: strings.ToUpper(name + "a")})); again.ID != made.ID || again.Size != 7 {
		t.Errorf("the same name gave %+v", again)
	}
	changed := room(c.Rooms.Update(ctx, name+"a", admin.RoomChange{Enabled: new(false), Size: new(0), Description: new("")}))
	if changed.Enabled || changed.Size != 0 || changed.Description != "" || changed.MaxDuration != 600 {
		t.Errorf("changed to %+v", changed)
	}
	if got := room(c.Rooms.Get(ctx, made.ID)); got != changed {
		t.Errorf("there is %+v", got)
	}
	for n := range 5 {
		room(c.Rooms.Create(ctx, admin.NewRoom{Name: fmt.Sprint(name, n)}))
	}
	var names []string
	for r, err := range c.Rooms.All(ctx, admin.RoomFilter{Enabled: new(true), Limit: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := strings.CutPrefix(r.Name, name); ok {
			names = append(names, n)
		}
	}
	if want := []string{"4", "3", "2", "1", "0"}; !slices.Equal(names, want) {
		t.Errorf("page by page: %v, want %v", names, want)
	}
}

func TestTemplatesAndRoles(t *testing.T) {
	c, ctx := live(t), t.Context()
	made := may[admin.Template](t)(c.Templates.Create(ctx, admin.TemplateChange{Name: "class", Roles: map[string]admin.Role{
		"teacher": {Permissions: &admin.Permissions{EndRoom: true}},
		"student": {Publish: admin.Publish{Allowed: []string{}}, MaxPeers: new(2), Subscribe: admin.Subscribe{ToRoles: []string{"teacher"}}},
	}}))
	teacher, student := made.Roles["teacher"], made.Roles["student"]
	if teacher.Priority != 1 || len(teacher.Publish.Allowed) != 3 || !teacher.Permissions.EndRoom || teacher.Permissions.PollRead {
		t.Errorf("teacher: %+v %+v", teacher, teacher.Permissions)
	}
	if student.Publish.Allowed == nil || len(student.Publish.Allowed) != 0 || *student.MaxPeers != 2 || !slices.Equal(student.Subscribe.ToRoles, []string{"teacher"}) {
		t.Errorf("student: %+v", student)
	}
	role := may[admin.Role](t)
	if r := role(c.Templates.SetRole(ctx, made.ID, "student", admin.Role{Name: "pupil", MaxPeers: new(0)})); r.Name != "pupil" || *r.MaxPeers != 0 || len(r.Publish.Allowed) != 0 {
		t.Errorf("renamed to %+v", r)
	}
	role(c.Templates.Role(ctx, made.ID, "pupil"))
	layout := may[admin.Layout](t)
	logo := json.RawMessage(`{"url":"https://example.org/logo.png"}`)
	standard := layout(c.Templates.Layout(ctx, made.ID, "pupil"))
	if l := layout(c.Templates.SetLayout(ctx, made.ID, "pupil", admin.LayoutChange{Logo: logo})); string(l.Logo) != string(logo) || string(l.Screens) != string(standard.Screens) || l.Role != "pupil" {
		t.Errorf("layout %+v", l)
	}
	if l := layout(c.Templates.ResetLayout(ctx, made.ID, "pupil")); l.Logo != nil || len(l.Screens) < 100 {
		t.Errorf("back to %+v", l)
	}
	if _, err := c.Templates.SetLayout(ctx, made.ID, "pupil", admin.LayoutChange{Screens: json.RawMessage(`{}`)}); !errors.Is(err, fault.FieldMissing) {
		t.Errorf("screens without a call: %v", err)
	}
	if err := c.Templates.DeleteRole(ctx, made.ID, "pupil"); err != nil {
		t.Error(err)
	}
	changed := may[admin.Template](t)(c.Templates.Update(ctx, made.ID, admin.TemplateChange{Description: new("for lessons"), Settings: &admin.Settings{Region: "eu"}}))
	if changed.Description != "for lessons" || changed.Settings.Region != "eu" || len(changed.Roles) != 1 {
		t.Errorf("changed to %+v", changed)
	}
	seen := 0
	for one, err := range c.Templates.All(ctx, admin.TemplateFilter{Limit: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		if one.ID == made.ID || one.Default {
			seen++
		}
	}
	if seen != 2 {
		t.Errorf("of the default template and this one %d are listed", seen)
	}
	if err := c.Templates.Delete(ctx, made.ID); err != nil {
		t.Error(err)
	}
	if _, err := c.Templates.Get(ctx, made.ID); !errors.Is(err, fault.TemplateNotFound) {
		t.Errorf("after it was deleted: %v", err)
	}
}

// TestACall: somebody comes in by a code, is seen, changed and removed, and is on
// record; all by way of the client.
func TestACall(t *testing.T) {
	c, ctx := live(t), t.Context()
	room := may[admin.Room](t)(c.Rooms.Create(ctx, admin.NewRoom{}))
	codes := may[[]admin.RoomCode](t)(c.RoomCodes.CreateAll(ctx, room.ID))
	if len(codes) != 3 {
		t.Errorf("codes %+v", codes)
	}
	guest := may[admin.RoomCode](t)(c.RoomCodes.Create(ctx, room.ID, "guest"))
	may[admin.RoomCode](t)(c.RoomCodes.Disable(ctx, guest.Code))
	if _, err := c.Tokens.Exchange(ctx, admin.CodeExchange{Code: guest.Code}); !errors.Is(err, fault.CodeDisabled) {
		t.Errorf("a code that is switched off: %v", err)
	}
	may[admin.RoomCode](t)(c.RoomCodes.Enable(ctx, guest.Code))
	anybody := connect(t, admin.Config{URL: srv.URL}) // without a token of its own
	token := may[admin.RoomToken](t)(anybody.Tokens.Exchange(ctx, admin.CodeExchange{Code: guest.Code, UserID: "ada", RoomID: room.ID}))
	if _, err := c.ActiveRooms.Get(ctx, room.ID); !errors.Is(err, fault.SessionNotActive) {
		t.Errorf("a room with nobody in it: %v", err)
	}
	joined, err := client.Join(ctx, client.Config{Endpoint: srv.URL, Token: token.Token, Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer joined.Leave()

	active := may[admin.ActiveRoom](t)(c.ActiveRooms.Get(ctx, room.ID))
	if len(active.Session.Peers) != 1 {
		t.Fatalf("active %+v", active)
	}
	id := active.Session.Peers[0]
	if p := may[map[string]admin.Peer](t)(c.ActiveRooms.Peers(ctx, room.ID, admin.PeerFilter{Role: "guest"}))[id]; p.UserID != "ada" || p.Name != "Ada" {
		t.Errorf("peer %+v", p)
	}
	if p := may[admin.Peer](t)(c.ActiveRooms.UpdatePeer(ctx, room.ID, id, admin.PeerChange{Name: new("Ada L.")})); p.Name != "Ada L." || p.Role != "guest" {
		t.Errorf("changed to %+v", p)
	}
	if said := may[string](t)(c.ActiveRooms.SendMessage(ctx, room.ID, admin.Message{Message: "five minutes left"})); said == "" {
		t.Error("a message has no id")
	}
	if _, err := c.ActiveRooms.Peer(ctx, room.ID, "nobody"); !errors.Is(err, fault.PeerNotFound) {
		t.Errorf("a peer who is not there: %v", err)
	}
	if err := c.ActiveRooms.RemovePeer(ctx, room.ID, id, "enough"); err != nil {
		t.Error(err)
	}
	select {
	case <-joined.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the peer is still there")
	}
	for s, err := range c.Sessions.All(ctx, admin.SessionFilter{RoomID: room.ID}) {
		if err != nil || s.ID != active.Session.ID || s.Peers[id].UserID != "ada" {
			t.Errorf("session %+v, %v", s, err)
		}
	}
	one := may[admin.Session](t)(c.Sessions.Get(ctx, active.Session.ID))
	if one.RoomName != room.Name {
		t.Errorf("session %+v", one)
	}
	if err := c.Tokens.Revoke(ctx, admin.Revocation{Token: token.Token}); err != nil {
		t.Error(err)
	}
	if _, err := client.Join(ctx, client.Config{Endpoint: srv.URL, Token: token.Token}); !errors.Is(err, fault.TokenRevoked) {
		t.Errorf("joining with a revoked token: %v", err)
	}
	e := srv.WaitForEvent(t, redialtest.Filter{Room: room.ID, Fault: "token.revoked"})
	if again := may[admin.Event](t)(c.Events.Get(ctx, e.ID)); again.Data.User != "ada" || string(again.Raw) == "" {
		t.Errorf("event %v", again)
	}
	if n := may[int](t)(c.Events.EraseUser(ctx, admin.UserKey{ID: "ada", Proof: "code"})); n < 1 {
		t.Errorf("%d events of the user were removed", n)
	}
}

// provoke makes failures in a room, each of a user of its own, and waits until
// they are on record.
func provoke(t *testing.T, c *admin.Client, room admin.Room, from, n int) {
	t.Helper()
	for i := range n {
		user := fmt.Sprint("u", from+i)
		_, _ = client.Join(t.Context(), client.Config{Endpoint: srv.URL, Token: srv.Token(t, redialtest.Token{Room: room.ID, User: user, Role: "pope"})})
		srv.WaitForEvent(t, redialtest.Filter{Room: room.ID, User: user})
	}
}

func TestEventsByPageAndAsTheyCome(t *testing.T) {
	c, ctx := live(t), t.Context()
	room := may[admin.Room](t)(c.Rooms.Create(ctx, admin.NewRoom{}))
	f := admin.EventFilter{RoomID: room.ID, Types: []string{admin.ConnectFailed, admin.JoinFailed}, Errors: true, Since: time.Now().Add(-time.Hour), Terminal: new(true)}
	provoke(t, c, room, 0, 3)

	page := may[admin.EventPage](t)(c.Events.List(ctx, f))
	if page.Total != 3 || len(page.Events) != 3 || page.Next != "" {
		t.Errorf("a page of %d, total %d, next %q", len(page.Events), page.Total, page.Next)
	}
	for _, d := range dialect.All() {
		told := f
		told.Dialect, told.Halves = d.Name, true
		for e, err := range c.Events.All(ctx, told) {
			if err != nil {
				t.Fatal(err)
			}
			op, kind := fault.Op(e.Redial.Op), fault.Lookup(e.Redial.Fault)
			if w := d.Word(op, kind); e.Redial.Server == nil || e.Data.Code != w.Code || e.Data.Name != w.Name || e.Redial.Server.Words.Code != w.Code {
				t.Errorf("%s: %s is %d %q with the server's half %+v, want %+v", d.Name, kind.ID, e.Data.Code, e.Data.Name, e.Redial.Server, w)
			}
		}
	}
	two := f
	two.Limit, two.Order = 2, admin.NewestFirst
	var users []string
	for e, err := range c.Events.All(ctx, two) {
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, e.Data.User)
	}
	if !slices.Equal(users, []string{"u2", "u1", "u0"}) {
		t.Errorf("newest first, two a page: %v", users)
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	users = nil
	more := make(chan struct{})
	var provoking sync.WaitGroup
	provoking.Go(func() {
		<-more
		provoke(t, c, room, 3, 2)
	})
	for e, err := range c.Events.Follow(ctx, f, admin.FollowOptions{Past: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		if users = append(users, e.Data.User); len(users) == 2 {
			close(more)
		}
		if len(users) == 4 {
			stop() // which ends it without an error
		}
	}
	provoking.Wait()
	if !slices.Equal(users, []string{"u1", "u2", "u3", "u4"}) {
		t.Errorf("two of the past, and what comes: %v", users)
	}
	if s := may[admin.Summary](t)(c.Events.Summary(t.Context(), admin.SummaryFilter{By: "room", Compare: "day"})); s.Total.Events < 5 || s.Compare == nil || len(s.Buckets) == 0 {
		t.Errorf("summary %+v", s)
	}
}

func TestRetention(t *testing.T) {
	c, ctx := live(t), t.Context()
	if r := may[admin.Retention](t)(c.Events.SetRetention(ctx, 30)); r.Days != 30 || !r.Own || r.UpdatedAt == nil {
		t.Errorf("%+v", r)
	}
	if _, err := c.Events.SetRetention(ctx, -1); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("-1 days: %v", err)
	}
	if err := c.Events.ClearRetention(ctx); err != nil {
		t.Error(err)
	}
	if r := may[admin.Retention](t)(c.Events.Retention(ctx)); r.Own || r.Days != r.DefaultDays {
		t.Errorf("%+v", r)
	}
}

func TestInjections(t *testing.T) {
	c, ctx := live(t), t.Context()
	room := may[admin.Room](t)(c.Rooms.Create(ctx, admin.NewRoom{}))
	rule := may[admin.InjectionRule](t)(c.Injections.Create(ctx, admin.Injection{
		At: "delay", Room: room.Name, Packets: admin.PacketsAudio, Network: admin.UDP, Direction: admin.In, Side: admin.SidePublish,
		Delay: 150 * time.Millisecond, For: time.Minute, After: time.Hour, User: "ada",
	}))
	if rule.At != "delay" || rule.Delay != 150*time.Millisecond || rule.Packets != admin.PacketsAudio || rule.Network != admin.UDP ||
		rule.State != "waiting" || rule.Ends.Sub(rule.Begins) != time.Minute {
		t.Errorf("%+v", rule)
	}
	clock := may[admin.InjectionRule](t)(c.Injections.Create(ctx, admin.Injection{At: "clock", Room: room.ID, User: "bob", Skew: -2 * time.Hour}))
	if clock.Skew != -2*time.Hour {
		t.Errorf("%+v", clock)
	}
	list := may[admin.InjectionList](t)(c.Injections.List(ctx))
	if !slices.ContainsFunc(list.Injections, func(r admin.InjectionRule) bool { return r.ID == rule.ID }) || len(list.Mechanisms) < 10 || len(list.Faults) < 20 {
		t.Errorf("listed: %d, %d mechanisms, %d faults", len(list.Injections), len(list.Mechanisms), len(list.Faults))
	}
	_, err := c.Injections.Check(ctx, []admin.Injection{{Fault: "4005", Room: room.ID}, {Fault: "4005", Room: "nowhere"}})
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.RoomNotFound || f.Detail("index") != 1 {
		t.Errorf("checked: %v, index %v", err, f.Detail("index"))
	}
	if err := c.Injections.Remove(ctx, rule.ID); err != nil {
		t.Error(err)
	}
	if err := c.Injections.Remove(ctx, rule.ID); !errors.Is(err, fault.InjectionNotFound) {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := c.Injections.Clear(ctx, ""); !errors.Is(err, fault.FieldMissing) {
		t.Errorf("the injections of no room: %v", err)
	}
	if n := may[int](t)(c.Injections.Clear(ctx, room.ID)); n != 1 {
		t.Errorf("%d were left", n)
	}
}

func TestWebhooks(t *testing.T) {
	c, ctx := live(t), t.Context()
	if hooks := may[[]admin.Webhook](t)(c.Webhooks.List(ctx)); len(hooks) != 0 {
		t.Errorf("%+v", hooks)
	}
	for d, err := range c.Webhooks.AllDeliveries(ctx, admin.DeliveryFilter{}) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := c.Webhooks.Replay(ctx, admin.ReplayOrder{Hook: "nobody", Since: time.Now().Add(-time.Hour)}); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("a hook that is not there: %v", err)
	}
	if err := c.Webhooks.Resume(ctx, "nobody", admin.ResumeOptions{}); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("a hook that is not there: %v", err)
	}
}

func TestRefusalsAreTyped(t *testing.T) {
	_, err := live(t).Rooms.Get(t.Context(), "nowhere")
	var refused *admin.Error
	var f *fault.Error
	if !errors.As(err, &refused) || !errors.As(err, &f) || !errors.Is(err, fault.RoomNotFound) {
		t.Fatalf("%v", err)
	}
	if refused.Status != 404 || refused.RequestID == "" || err.Error() != "The room does not exist (room: nowhere)" || f.Detail("room") != "nowhere" || f.Op != fault.OpAPI {
		t.Errorf("%+v, %+v", refused, f)
	}
	if _, err := connect(t, admin.Config{URL: srv.URL, Token: "x"}).Rooms.Get(t.Context(), "x"); !errors.Is(err, fault.TokenMalformed) {
		t.Errorf("a token that is none: %v", err)
	}
}

// answering is a server that answers each call by the next of its answers, the
// last one from then on.
func answering(t *testing.T, answers ...http.HandlerFunc) (url string, calls *atomic.Int32) {
	calls = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1))
		answers[min(n, len(answers))-1](w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

func status(code int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// TestAFaultOfANewerServerKeepsItsIDAndWords, and what the server advises.
func TestAFaultOfANewerServerKeepsItsIDAndWords(t *testing.T) {
	url, _ := answering(t, status(409, `{"code":409,"message":"The room is haunted (ghosts: 2, big: 12345678901234567)","details":["ghosts: 2","big: 12345678901234567"],
		"fault":{"id":"room.haunted","op":"api","retry":"after backoff","terminal":true,"do":"Call somebody.","details":{"big":12345678901234567,"ghosts":2}},"request_id":"r1"}`))
	_, err := connect(t, admin.Config{URL: url}).Rooms.Get(t.Context(), "x")
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatal(err)
	}
	k := f.Kind
	if k.ID != "room.haunted" || k.Title != "The room is haunted" || !k.CanRetry() || !k.Terminal || k.Do != "Call somebody." || k.Status != 409 ||
		f.Safe() != err.Error() || f.Detail("ghosts") != 2 || f.Detail("big") != 12345678901234567 {
		t.Errorf("%+v %s", k, f.Safe())
	}
	if !errors.Is(err, fault.Unlisted("room.haunted", "")) {
		t.Error("it cannot be asked for by its id")
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	within := func(timeout time.Duration, what string, answer http.HandlerFunc, want *fault.Kind, words string) {
		t.Helper()
		url, _ := answering(t, answer)
		_, err := connect(t, admin.Config{URL: url, Timeout: timeout}).Rooms.Get(t.Context(), "x")
		if !errors.Is(err, want) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", what, err)
		}
	}
	f := func(what string, answer http.HandlerFunc, want *fault.Kind, words string) {
		t.Helper()
		within(time.Minute, what, answer, want, words)
	}
	f("a proxy's page", status(502, "<html>"), fault.ResponseStatus, "502 Bad Gateway")
	f("a page for a reply", status(200, "<html>"), fault.ResponseMalformed, "")
	f("a field of another type", status(200, `{"id":7}`), fault.ResponseMalformed, "")
	within(2*time.Second, "nothing", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, fault.EndpointUnreachable, "")
	f("half a reply", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"id":`)
	}, fault.EndpointUnreachable, "")
	f("an endless reply", func(w http.ResponseWriter, _ *http.Request) {
		for line := []byte(strings.Repeat("x", 1<<20)); ; {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}, fault.ResponseMalformed, "bytes")
}

func TestACallersEndIsTold(t *testing.T) {
	url, _ := answering(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := connect(t, admin.Config{URL: url, Attempts: 5}).Rooms.Get(ctx, "x")
	if !errors.Is(err, fault.RequestCancelled) || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestWhatIsTriedAgain: by default nothing; then only what can be.
func TestWhatIsTriedAgain(t *testing.T) {
	limited := status(429, `{"code":429,"message":"Too many","fault":{"id":"rate.limited"}}`, "Retry-After", "3")
	busy, lost := status(503, ""), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	good := status(200, `{"id":"r1","message_id":"m1"}`)
	read := func(ctx context.Context, c *admin.Client) error { _, err := c.Rooms.Get(ctx, "x"); return err }
	named := func(ctx context.Context, c *admin.Client) error {
		_, err := c.Rooms.Create(ctx, admin.NewRoom{Name: "x"})
		return err
	}
	unnamed := func(ctx context.Context, c *admin.Client) error {
		_, err := c.Rooms.Create(ctx, admin.NewRoom{})
		return err
	}
	say := func(ctx context.Context, c *admin.Client) error {
		_, err := c.ActiveRooms.SendMessage(ctx, "x", admin.Message{Message: "hi"})
		return err
	}
	f := func(what string, attempts int, call func(context.Context, *admin.Client) error, first http.HandlerFunc, calls int, atLeast time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			made := 0
			c := connect(t, admin.Config{URL: "http://server", Attempts: attempts, HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				made++
				answer := good
				if made == 1 {
					answer = first
				}
				return record(answer, r)
			})}})
			began := time.Now()
			err := call(t.Context(), c)
			if took := time.Since(began); made != calls || (err == nil) != (calls > 1) || took < atLeast || atLeast == 0 && took > time.Second {
				t.Errorf("%s: %d calls, want %d, after %v: %v", what, made, calls, took, err)
			}
		})
	}
	f("limited, and nothing was said of trying again", 0, read, limited, 1, 0)
	f("limited", 2, read, limited, 2, 3*time.Second)
	f("limited, what cannot be done twice", 2, say, limited, 2, 3*time.Second)
	f("busy, reading", 2, read, busy, 2, 0)
	f("busy, a room with a name", 2, named, busy, 2, 0)
	f("busy, a room without", 2, unnamed, busy, 1, 0)
	f("busy, a message", 2, say, busy, 1, 0)
	f("lost, reading", 2, read, lost, 2, 0)
	f("lost, a message", 2, say, lost, 1, 0)
	f("refused", 2, read, status(404, `{"message":"No","fault":{"id":"room.not_found"}}`), 1, 0)
}

// TestAPauseDoesNotOutlastTheDeadline: where waiting is in vain, the refusal comes
// at once.
func TestAPauseDoesNotOutlastTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, admin.Config{URL: "http://server", Attempts: 3, HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			return record(status(429, `{"message":"Too many","fault":{"id":"rate.limited"}}`, "Retry-After", "3600"), r)
		})}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := c.Rooms.Get(ctx, "x")
		var refused *admin.Error
		if !errors.As(err, &refused) || !errors.Is(err, fault.RateLimited) || refused.RetryAfter != time.Hour || time.Since(began) > time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

func record(answer http.HandlerFunc, r *http.Request) (res *http.Response, err error) {
	defer func() {
		if recover() != nil {
			err = net.ErrClosed
		}
	}()
	w := httptest.NewRecorder()
	answer(w, r)
	res = w.Result()
	res.Request = r
	return res, nil
}

// TestArgumentsThatWouldAskForSomethingElse are refused before anything is sent:
// an id that is empty would address everything.
func TestArgumentsThatWouldAskForSomethingElse(t *testing.T) {
	url, calls := answering(t, status(200, `{}`))
	c, ctx := connect(t, admin.Config{URL: url}), t.Context()
	for _, id := range []string{"", ".", ".."} {
		_, err := c.Rooms.Get(ctx, id)
		for what, err := range map[string]error{
			"Rooms.Get": err, "Injections.Remove": c.Injections.Remove(ctx, id), "Templates.Delete": c.Templates.Delete(ctx, id), "Templates.DeleteRole": c.Templates.DeleteRole(ctx, "t", id),
		} {
			if !errors.Is(err, fault.FieldInvalid) {
				t.Errorf("%s(%q): %v", what, id, err)
			}
		}
	}
	if err := c.ActiveRooms.RemovePeer(ctx, "r", "", ""); !errors.Is(err, fault.FieldMissing) {
		t.Errorf("RemovePeer: %v", err)
	}
	if calls.Load() != 0 {
		t.Errorf("%d calls were made", calls.Load())
	}
	var path string
	odd, _ := answering(t, func(w http.ResponseWriter, r *http.Request) { path = r.URL.EscapedPath(); fmt.Fprint(w, "{}") })
	if _, err := connect(t, admin.Config{URL: odd + "/redial/"}).Rooms.Get(ctx, "a/b?c#d"); err != nil || path != "/redial/v2/rooms/a%2Fb%3Fc%23d" {
		t.Errorf("%s, %v", path, err)
	}
	for _, bad := range []string{"", "video.example.org", "ftp://x", "http://", "http://x?a=b", "http://x#y", "http://x\n"} {
		if _, err := admin.New(admin.Config{URL: bad}); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("URL %q: %v", bad, err)
		}
	}
}

// TestAStreamThatFallsSilentIsOpenedAgain where it was.
func TestAStreamThatFallsSilentIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		c := connect(t, admin.Config{URL: "http://server", HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, r.Header.Get("Last-Event-ID"))
			n := len(asked)
			in, out := io.Pipe()
			context.AfterFunc(r.Context(), func() { out.CloseWithError(r.Context().Err()) })
			go fmt.Fprintf(out, ": hello\nid: %d\n\nid: %d\ndata: {\"id\":\"e%d\"}\n\n", n*10, n*10+1, n)
			return &http.Response{StatusCode: 200, Body: in, Request: r}, nil
		})}})
		var got []string
		lost := 0
		began := time.Now()
		for e, err := range c.Events.Follow(t.Context(), admin.EventFilter{}, admin.FollowOptions{OnLost: func(error, time.Duration) { lost++ }}) {
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, e.ID); len(got) == 3 {
				break
			}
		}
		if !slices.Equal(got, []string{"e1", "e2", "e3"}) || !slices.Equal(asked, []string{"", "11", "21"}) || lost != 2 {
			t.Errorf("got %v, asked %q, lost %d times", got, asked, lost)
		}
		if took := time.Since(began); took != 2*(time.Minute+time.Second) {
			t.Errorf("after %v", took)
		}
	})
}

func TestTokensAreFetchedForEachCall(t *testing.T) {
	n := 0
	c := connect(t, admin.Config{URL: srv.URL, TokenSource: func(context.Context) (string, error) {
		if n++; n > 1 {
			return "", io.ErrUnexpectedEOF
		}
		return srv.ManagementToken, nil
	}})
	if _, err := c.Rooms.List(t.Context(), admin.RoomFilter{}); err != nil {
		t.Error(err)
	}
	if _, err := c.Rooms.List(t.Context(), admin.RoomFilter{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a source that fails: %v", err)
	}
}

func TestAReplyAsItIs(t *testing.T) {
	var raw json.RawMessage
	if err := live(t).Do(t.Context(), "GET", "/v2/rooms?limit=1", nil, &raw); err != nil || !strings.HasPrefix(string(raw), `{"limit":1,`) {
		t.Errorf("%s, %v", raw, err)
	}
	if err := live(t).Do(t.Context(), "GET", "v2/rooms", nil, nil); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("a path without a slash: %v", err)
	}
}
