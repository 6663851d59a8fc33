// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/share"
	"github.com/redial-rtc/redial/internal/token"
)

// why is the API of diagnoses over a real store.
type why struct {
	*fixture
	store *sqlite.Store
	room  string // a room of acme's, called "consult"
}

func serveWhy(t testing.TB) *why {
	t.Helper()
	w := &why{}
	var err error
	if w.store, err = sqlite.Open(t.Context(), t.TempDir(), nil, sqlite.Words(report.Vocabulary())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	w.fixture = serve(t, func(c *api.Config) {
		c.Routes = append(api.CausesRoutes(api.CausesConfig{Store: w.store, Operations: c.Registry.Operations()}), api.NewDiagnoses(api.DiagnosesConfig{
			Store: w.store, Registry: c.Registry, Links: share.NewLinks([share.KeyBytes]byte{7}),
			Origin: func(*http.Request) url.URL { return url.URL{Scheme: "https", Host: "video.example"} },
		}).Routes()...)
	})
	w.room = w.newRoom("consult")
	return w
}

// failed stores a failure that the server saw, and gives its id.
func (w *why) failed(change ...func(*event.Event)) string {
	w.t.Helper()
	e := report.Seen(event.PublishFailed, fault.From(fault.ICEFailed.New("stun_seen", false), fault.OpPublish), event.Subject{
		AccountID: "acme", RoomID: w.room, RoomName: "consult", PeerID: "mia-1", UserID: "u-17", UserProof: event.ProofToken, UserName: "Mia Lang", Role: "guest", SessionID: "s1",
	})
	e.ID, e.Time = uuid.Must(uuid.NewV7()).String(), time.Now().UTC().Add(-time.Hour)
	for _, c := range change {
		c(&e)
	}
	if _, err := w.store.Append(context.Background(), []event.Event{e}); err != nil {
		w.t.Fatal(err)
	}
	return e.ID
}

func TestAFailureIsExplained(t *testing.T) {
	w := serveWhy(t)
	id := w.failed()
	other := w.failed(func(e *event.Event) { e.Time = e.Time.Add(time.Minute) })
	r := w.get("/api/v1/events/" + id + "/diagnosis").ok().has(object{
		"failure.id": id, "failure.type": "client.publish.failed", "failure.fault": "ice.failed", "failure.room_name": "consult", "failure.user_name": "Mia Lang",
		"failure.peer_id": "mia-1", "verdict.event": id, "verdict.rules": diagnose.Version, "case": nil,
	})
	if !slices.Contains(diagnose.Confidences(), diagnose.Confidence(r.str("verdict.confidence"))) || r.str("verdict.says") == "" {
		t.Errorf("the verdict: %s", r.raw)
	}
	whole := w.get("/api/v1/events/" + id + "/diagnosis?case=true").ok().has(object{
		"case.v": 1, "case.window": true, "case.failure.id": id, "case.failure.server.details.0.name": "stun_seen", "case.near.0.id": other,
	})

	// What is exported is explained the same wherever it is brought.
	again := w.post("/api/v1/diagnoses", whole.at("case")).ok()
	if fmt.Sprint(again.at("verdict")) != fmt.Sprint(whole.at("verdict")) {
		t.Errorf("exported and brought back:\n%v\n%v", again.at("verdict"), whole.at("verdict"))
	}
}

// TestAKeptVerdictStaysBesideTheNewOne: what was said at the time is not rewritten.
func TestAKeptVerdictStaysBesideTheNewOne(t *testing.T) {
	w := serveWhy(t)
	id := w.failed()
	then := event.Diagnosis{Cause: fault.NetworkLost.ID, Confidence: "likely", Rules: "2020-01-01"}
	if err := w.store.Diagnose(t.Context(), []event.Verdict{{Seq: 1, Diagnosis: then}}, 1); err != nil {
		t.Fatal(err)
	}
	w.get("/api/v1/events/" + id + "/diagnosis").ok().has(object{
		"kept.cause": then.Cause, "kept.confidence": then.Confidence, "kept.rules": then.Rules, "verdict.rules": diagnose.Version,
	})
	w.get("/api/v1/diagnoses?diagnosis=" + then.Cause).ok().has(object{"total": 1, "diagnoses.0.kept.cause": then.Cause})
	w.get("/api/v1/diagnoses?confidence=proven").ok().has(object{"total": 0})
}

// TestWhoseDiagnoses: diagnoses are their account's, for whoever has a management
// token, and of failures only.
func TestWhoseDiagnoses(t *testing.T) {
	w := serveWhy(t)
	id := w.failed()
	path := "/api/v1/events/" + id + "/diagnosis"
	others := w.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	others.get(path).refused(http.StatusNotFound, "event.not_found")
	others.get("/api/v1/diagnoses").ok().has(object{"total": 0})
	track := report.Track(event.TrackAdded, event.Track{ID: "t"}, event.Subject{AccountID: "acme", RoomID: w.room, PeerID: "mia-1"})
	added := w.failed(func(e *event.Event) {
		at := e.Time
		*e, track.ID, track.Time = track, e.ID, at
		e.ID, e.Time = track.ID, at
	})
	w.get("/api/v1/events/"+added+"/diagnosis").refused(http.StatusNotFound, "event.not_found")
	for _, call := range []string{path, "/api/v1/diagnoses"} {
		w.as("").get(call).refused(http.StatusUnauthorized, "token.missing")
		w.as(mint(t, acme, token.Claims{Type: token.App, RoomID: w.room, Role: "host"})).get(call).refused(http.StatusUnauthorized, "token.kind")
	}
	w.as("").post("/api/v1/diagnoses", object{}).refused(http.StatusUnauthorized, "token.missing")
	if r := w.do("GET", path, nil, "Origin", "https://app.example").ok(); r.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a page may not read the reply: %v", r.header)
	}
}

func TestDiagnosesAreFoundByWhoAndWhere(t *testing.T) {
	w := serveWhy(t)
	at := func(minutes int, change ...func(*event.Event)) string {
		return w.failed(append([]func(*event.Event){func(e *event.Event) { e.Time = e.Time.Add(time.Duration(minutes) * time.Minute) }}, change...)...)
	}
	who := func(peer, user, name string) func(*event.Event) {
		return func(e *event.Event) { e.PeerID, e.UserID, e.UserName = peer, user, name }
	}
	a, b := at(0), at(1, who("mia-2", "u-18", "MIA Okafor"))
	c := at(2, who("otto-1", "u-19", "Otto"), func(e *event.Event) { e.RoomID, e.RoomName = "gone", "standup" })
	d := at(3, who("guest-1", "u-17", "somebody"), func(e *event.Event) { e.UserProof = event.ProofCode })
	began := time.Now().UTC().Add(-time.Hour - time.Second)
	stamp := func(minutes int) string {
		return began.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339Nano)
	}
	for query, want := range map[string][]string{
		"":                                {d, c, b, a},
		"order=asc":                       {a, b, c, d},
		"room=consult":                    {d, b, a},
		"room=CONSULT":                    {d, b, a},
		"room=" + w.room:                  {d, b, a},
		"room_id=" + w.room:               {d, b, a},
		"room=gone":                       {c},
		"user=mia":                        {b, a},
		"user=Mia+Lang":                   {a},
		"user=u-17":                       {d, a}, // also who only said so
		"user_id=u-17":                    {a},
		"user=mia&room=standup":           {},
		"user=nobody":                     {},
		"peer_id=otto-1":                  {c},
		"since=" + stamp(1):               {d, c, b},
		"since=" + stamp(1) + "&user=mia": {b},
		"until=" + stamp(1):               {a},
		"fault=ice.failed&type=client.join.failed": {},
		"session_id=s1&limit=2":                    {d, c},
		"user=mia&limit=1":                         {b},
		"user=mia&limit=1&order=asc":               {a},
	} {
		r := w.get("/api/v1/diagnoses?" + query).ok()
		list, _ := r.at("diagnoses").([]any)
		got := []string{}
		for i := range list {
			got = append(got, r.str(fmt.Sprintf("diagnoses.%d.failure.id", i)))
			if r.at(fmt.Sprintf("diagnoses.%d.case", i)) != nil || r.at(fmt.Sprintf("diagnoses.%d.verdict.event", i)) != got[i] {
				t.Errorf("%s: %s", query, r.raw)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d found, want %d", query, len(got), len(want))
		}
		if n := map[string]int{"session_id=s1&limit=2": 4, "user=mia": 2, "user=mia&limit=1": 1, "user=mia&limit=1&order=asc": 1}[query]; n > 0 && r.at("total") != float64(n) {
			t.Errorf("%s: total %v, want %d", query, r.at("total"), n)
		}
	}
	// People write names as they like, and some are refused before they tell theirs.
	e := at(4, who("peer-5", "u-20", "Zoë Müller"))
	f := at(5, who("peer-6", "u-mia-77", ""))
	for word, want := range map[string]any{"zoe": e, "MULLER": e, "Zoe%CC%88": e, "mia-77": f} {
		w.get("/api/v1/diagnoses?user=" + word).ok().has(object{"total": 1, "diagnoses.0.failure.id": want})
	}

	// What was told later is found at the time at which it happened.
	late := at(30, who("late-1", "u-21", "Lea Late"), func(e *event.Event) {
		e.Source, e.ClientTime = event.FromClient, e.Time.Add(-28*time.Minute)
	})
	w.get("/api/v1/diagnoses?user=lea&since=" + stamp(1) + "&until=" + stamp(3)).ok().has(object{"total": 1, "diagnoses.0.failure.id": late})
	lea := (&event.Subject{PeerID: "late-1"}).Reference()
	w.get("/api/v1/diagnoses?reference=" + strings.ToLower(lea) + "&since=" + stamp(1) + "&until=" + stamp(3)).ok().has(object{
		"total": 1, "next": "", "diagnoses.0.failure.id": late, "diagnoses.0.failure.reference": lea,
	})
	w.get("/api/v1/diagnoses?reference=" + lea + "&room=standup").ok().has(object{"total": 0})
	// Whoever was let in nowhere, or was not told their peer's id, goes by room and user.
	w.get("/api/v1/diagnoses?reference=" + (&event.Subject{RoomID: w.room, UserID: "u-21"}).Reference()).ok().has(object{"total": 1, "diagnoses.0.failure.id": late})
	w.get("/api/v1/diagnoses?user=lea&since=" + stamp(3) + "&until=" + stamp(4)).ok().has(object{"total": 0})
	for _, id := range []string{e, f, late} {
		seen, err := w.store.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := w.store.Remove(t.Context(), event.Removal{UserID: seen.UserID}); err != nil || n != 1 {
			t.Fatal(n, err)
		}
	}
	first := w.get("/api/v1/diagnoses?limit=3").ok()
	w.get("/api/v1/diagnoses?limit=3&start=" + first.str("next")).ok().has(object{"limit": 1, "total": 4, "next": "", "diagnoses.0.failure.id": a})

	for query, field := range map[string]string{
		"limit=51": "limit", "limit=0": "limit", "user=": "user", "user=a&user=b": "user", "room=a&room_id=b": "room", "user=a&user_id=b": "user",
		"user=a&start=x": "start", "start=x": "start", "error=true": "error", "halves=true": "halves", "dialect=hms": "dialect", "since=noon": "since",
		"user=" + strings.Repeat("x", 257): "user", "fault=no.such": "fault", "rooom=x": "rooom",
		"reference=K7Q-2M": "reference", "reference=": "reference", "reference=K7Q-2MF&user=a": "reference", "reference=K7Q-2MF&start=x": "start",
	} {
		w.get("/api/v1/diagnoses?"+query).refused(http.StatusBadRequest, "request.field_invalid", field)
	}
	w.get("/api/v1/events/"+a+"/diagnosis?case=maybe").refused(http.StatusBadRequest, "request.field_invalid", "case")
	w.get("/api/v1/events/"+a+"/diagnosis?halves=true").refused(http.StatusBadRequest, "request.field_invalid", "halves")
	w.get("/api/v1/events/none/diagnosis").refused(http.StatusNotFound, "event.not_found")
}

// What the Go client can ask for, the server takes.
// However few are asked for, they are the first of all, though attempts overlap: one that
// ended last may have failed first.
func TestTheFirstDiagnosesOfSomebodyAreTheFirstOfAll(t *testing.T) {
	w := serveWhy(t)
	for minute, attempt := range []int{1, 2, 3, 2, 4, 1, 5, 6, 6, 3, 7, 1, 8, 9, 4} {
		w.failed(func(e *event.Event) {
			e.Time = e.Time.Add(time.Duration(minute) * time.Minute)
			e.PeerID, e.UserID, e.UserName = fmt.Sprintf("ada-%d", attempt), "u-30", "Ada"
		})
	}
	ids := func(query string) (got []string) {
		r := w.get("/api/v1/diagnoses?user=ada" + query).ok()
		list, _ := r.at("diagnoses").([]any)
		for i := range list {
			got = append(got, r.str(fmt.Sprintf("diagnoses.%d.failure.id", i)))
		}
		return got
	}
	for _, order := range []string{"&order=asc", "&order=desc"} {
		all := ids(order + "&limit=50")
		if len(all) != 15 {
			t.Fatalf("%s: %d of 15", order, len(all))
		}
		for limit := 1; limit <= 15; limit++ {
			if got := ids(fmt.Sprintf("%s&limit=%d", order, limit)); !slices.Equal(got, all[:limit]) {
				t.Errorf("%s: the first %d are others", order, limit)
			}
		}
	}
}

func TestTheFiltersOfDiagnosesAreThoseOfTheAdminClient(t *testing.T) {
	w := serveWhy(t)
	values := map[string]string{
		"user_id_proof": "token&user_id=u", "type": "client.join.failed", "fault": "room.full", "diagnosis": "room.full", "confidence": "likely", "terminal": "true",
		"reference": "K7Q-2MF", "since": "2026-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "as_known_at": "2026-01-01T00:00:00Z", "order": "asc", "limit": "1",
	}
	for f := range reflect.TypeFor[admin.DiagnosisFilter]().Fields() {
		name := f.Tag.Get("query")
		if name == "start" {
			continue // which is no value of ours
		}
		w.get("/api/v1/diagnoses?" + name + "=" + cmp.Or(values[name], "x")).ok()
	}
}

// TestBroughtCases: a case that is no case is refused by name.
func TestBroughtCases(t *testing.T) {
	w := serveWhy(t)
	failure := object{"id": "e", "type": "join", "at": "2026-11-26T12:00:00Z"}
	for _, c := range []struct {
		body  any
		id    string
		field []string
	}{
		{"", "request.body_invalid", nil},
		{"{", "request.body_invalid", nil},
		{"[]", "request.body_invalid", nil},
		{object{}, "request.field_invalid", []string{"v"}},
		{object{"v": 1, "failure": object{}}, "request.field_invalid", []string{"failure.id"}},
		{object{"v": 1, "failure": failure, "near": slices.Repeat([]any{failure}, diagnose.MaxNear+1)}, "request.field_invalid", []string{"near"}},
		{"{\"v\":\"\xff\"}", "request.body_invalid", nil},
	} {
		w.post("/api/v1/diagnoses", c.body).refused(http.StatusBadRequest, c.id, c.field...)
	}
	w.post("/api/v1/diagnoses", `{"x":"`+strings.Repeat("x", diagnose.MaxCaseBytes)+`"}`).refused(http.StatusRequestEntityTooLarge, "request.too_large")
	w.do("POST", "/api/v1/diagnoses", `{}`, "Content-Type", "text/plain").refused(http.StatusUnsupportedMediaType, "request.media_type")
	w.post("/api/v1/diagnoses", object{"v": 1, "failure": failure}).ok().has(object{"verdict.event": "e"})
}

// FuzzDiagnoses: whatever is brought as a case or asked for, the answer is JSON, and
// never the server's fault.
func FuzzDiagnoses(f *testing.F) {
	f.Add("user=mia&limit=3", []byte(`{"v":1,"failure":{"id":"e","type":"join","at":"2026-11-26T12:00:00Z"}}`))
	f.Add("room=x&since=2026-01-01T00:00:00Z", []byte(`{"v":1,"failure":{"id":"e","type":"join","at":"2026-11-26T12:00:00Z","server":{"details":[{"name":"a","value":{"b":[1]}}]},"evidence":{"path":{"pairs":[{}]}}}}`))
	f.Add("user=mia&order=asc&outcome=failed&start=1.1&happened_since=2026-01-01T00:00:00Z", []byte(`{}`))
	f.Add("bucket=minute&happened_since=2026-01-01T00:00:00Z&happened_until=2026-01-01T01:00:00Z", []byte(`{}`))
	f.Add("since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z", []byte(`{"until":"2026-12-01T00:00:00Z"}`))
	f.Add("start=AAAA", []byte(`{"v":1e9}`))
	w := serveWhy(f)
	w.failed()
	f.Fuzz(func(t *testing.T, query string, body []byte) {
		own := *w.fixture
		own.t = t
		for _, r := range []reply{own.do("GET", "/api/v1/diagnoses?"+uncontrolled(query), nil), own.do("GET", "/api/v1/attempts?"+uncontrolled(query), nil),
			own.do("GET", "/api/v1/analytics/outcomes?"+uncontrolled(query), nil),
			own.do("GET", "/api/v1/causes?"+uncontrolled(query), nil), own.do("GET", "/api/v1/annotations?"+uncontrolled(query), nil),
			own.do("PUT", "/api/v1/causes/token.expired/mute", string(body)), own.post("/api/v1/diagnoses", string(body))} {
			if r.status >= 500 || r.status >= 400 && r.str("fault.id") == "" {
				t.Fatalf("%s: %d %s", r.call, r.status, r.raw)
			}
		}
	})
}

// uncontrolled is a query that an HTTP client will send.
func uncontrolled(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '#' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
}

// The page about diagnoses has every route.
func TestTheDiagnosesPageIsComplete(t *testing.T) {
	documented(t, "why.md", api.NewDiagnoses(api.DiagnosesConfig{}).Routes())
}

// documented wants a page of docs/ to have a section for each route, and none else.
func documented(t *testing.T, page string, of []api.Route) {
	t.Helper()
	raw, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	var sections, routes []string
	for _, m := range regexp.MustCompile("(?m)^### `([A-Z]+ /[^`]+)`").FindAllStringSubmatch(string(raw), -1) {
		sections = append(sections, m[1])
	}
	for _, r := range of {
		routes = append(routes, r.Pattern)
	}
	slices.Sort(sections)
	slices.Sort(routes)
	if !slices.Equal(sections, routes) {
		t.Errorf("%s has %q, the routes are %q", page, sections, routes)
	}
}
