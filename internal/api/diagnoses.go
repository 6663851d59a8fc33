// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/ask"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/explain"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/repro"
	"github.com/redial-rtc/redial/internal/share"
	"github.com/redial-rtc/redial/internal/verdict"
)

// DiagnosesConfig is what the routes of diagnoses are built from.
type DiagnosesConfig struct {
	Store    event.Store
	Registry *registry.Registry // knows rooms by their names

	Links  *share.Links                // seals links to pages about failures
	Origin func(*http.Request) url.URL // under which the caller reaches this server

	Tests *repro.Runs // reproduces failures; nil where nothing is provoked

	Asks      *ask.Runs                                         // openings of pages that ask a browser; nil: none is asked
	Addresses *evidence.Hasher                                  // by which failures and openings are compared
	ICE       func(r *http.Request, room, peer string) []ICEURL // servers that such a page tries
}

// ICEURL is one address of an ICE server.
type ICEURL struct{ URL, Username, Credential string }

// Diagnoses serves why calls failed.
type Diagnoses struct {
	cfg       DiagnosesConfig
	searching turns // searches for people that run

	asks    *share.Links   // seals links that ask a browser
	askRate *limit.Callers // openings of the pages about one failure
	asking  sync.Mutex     // while findings are added to a failure
}

// NewDiagnoses returns the diagnoses' side of the API; give its Routes to Config.
func NewDiagnoses(cfg DiagnosesConfig) *Diagnoses {
	d := &Diagnoses{cfg: cfg, searching: make(turns, searchesAtOnce), askRate: limit.New(Rate{PerSecond: 1.0 / 60, Burst: 6})}
	if cfg.Links != nil {
		d.asks = cfg.Links.For("ask")
	}
	return d
}

// Routes are the rows.
func (d *Diagnoses) Routes() []Route {
	return append([]Route{
		{Pattern: "GET /api/v1/diagnoses", Serve: d.list},
		{Pattern: "POST /api/v1/diagnoses", MaxBody: diagnose.MaxCaseBytes, Serve: d.explain},
		{Pattern: "POST /api/v1/search", MaxBody: 8 << 10, Rate: Rate{PerSecond: 10, Burst: 40}, Serve: d.people},
		{Pattern: "GET /api/v1/attempts", Rate: Rate{PerSecond: 10, Burst: 40}, Serve: d.attempts},
		{Pattern: "GET /api/v1/analytics/outcomes", Rate: Rate{PerSecond: 5, Burst: 20}, Serve: d.outcomes},
		{Pattern: "GET /api/v1/events/{id}/diagnosis", Serve: d.get},
		{Pattern: "GET /api/v1/sessions/{session}/timeline", Rate: Rate{PerSecond: 5, Burst: 20}, Serve: d.timeline},
		{Pattern: "POST /api/v1/events/{id}/share", Serve: d.share},
		{Pattern: "DELETE /api/v1/shares/{link}", Serve: d.unshare},
		{Pattern: "GET /why/{link}", Access: Open, Rate: Rate{PerSecond: 5, Burst: 30}, Serve: d.shared},
	}, append(d.askRoutes(), d.reproRoutes()...)...)
}

// maxDiagnoses is how many failures are explained in one reply: each takes
// several looks into the store.
const maxDiagnoses = 50

// failureBody is a failure as somebody knows it who was there: who, where and when.
type failureBody struct {
	ID       string       `json:"id"`
	At       time.Time    `json:"at"`       // when the server took it
	Happened time.Time    `json:"happened"` // when it happened
	Type     event.Type   `json:"type"`
	Fault    string       `json:"fault,omitempty"`
	Op       fault.Op     `json:"op,omitempty"`
	Source   event.Source `json:"source"`
	Terminal bool         `json:"terminal"`
	Injected bool         `json:"injected"`
	Room     string       `json:"room_id,omitempty"`
	RoomName string       `json:"room_name,omitempty"`
	Session  string       `json:"session_id,omitempty"`
	Peer     string       `json:"peer_id,omitempty"`
	User     string       `json:"user_id,omitempty"`
	UserName string       `json:"user_name,omitempty"`
	Role     string       `json:"role,omitempty"`
	Short    string       `json:"reference"` // what the person's page may have shown: see event.Subject.Reference
}

// diagnosisBody is why one failure happened.
type diagnosisBody struct {
	Failure failureBody       `json:"failure"`
	Verdict diagnose.Verdict  `json:"verdict"`              // by the rules of now
	Kept    *keptBody         `json:"kept,omitempty"`       // that was given when both sides had had their time
	Asked   []askedBody       `json:"asked,omitempty"`      // what browsers found that were asked afterwards, the oldest first
	Before  *beforeBody       `json:"before,omitempty"`     // the verdict without that
	Told    []diagnose.Moment `json:"told,omitempty"`       // when what is known came to be on record
	Then    time.Time         `json:"as_known_at,omitzero"` // the moment of which this is, where one was asked for
	Case    *diagnose.Case    `json:"case,omitempty"`       // what it was told from, where that is asked for
}

// keptBody is the verdict that is kept with a failure, by the rules of its time.
type keptBody struct {
	Cause      string `json:"cause,omitempty"`
	Confidence string `json:"confidence"`
	Rules      string `json:"rules"`
}

// diagnosesPage is one page of a list.
type diagnosesPage struct {
	Limit     int             `json:"limit"` // failures of this page
	Total     int             `json:"total"` // failures that match
	Next      string          `json:"next"`  // the start of the next page; "" on the last one
	Diagnoses []diagnosisBody `json:"diagnoses"`
}

// get explains one failure: fault.EventNotFound, also for what is no failure.
func (d *Diagnoses) get(c *Call) (any, error) {
	values, err := queryOf(c)
	if err != nil {
		return nil, err
	}
	whole, err := c.QueryBool("case")
	if err != nil {
		return nil, err
	}
	then, err := c.QueryTime("as_known_at")
	if err != nil {
		return nil, err
	}
	values.Del("case")
	values.Del("as_known_at")
	for name := range values {
		return nil, fault.FieldInvalid.New("field", name, "reason", "is not a parameter of this call")
	}
	e, err := d.failure(c)
	if err != nil {
		return nil, err
	}
	body, known, err := d.diagnosisAt(c.Context(), &e, then)
	if err == nil && !known {
		err = fault.FieldInvalid.New("field", "as_known_at", "reason", "the failure was not on record yet", "min", body.Told[0].At)
	}
	if whole == nil || !*whole {
		body.Case = nil
	}
	return body, err
}

// failure is the failure that the path names, of the caller's account.
func (d *Diagnoses) failure(c *Call) (event.Event, error) { return d.failureAt(c, c.Path("id")) }

// failureAt is the failure with an id, of the caller's account.
func (d *Diagnoses) failureAt(c *Call, id string) (event.Event, error) {
	e, err := d.cfg.Store.Get(c.Context(), id)
	if err != nil {
		return e, err
	}
	if e.AccountID != c.Claims.Account || !e.Type.IsError() {
		return e, fault.EventNotFound.New() // as if there were none
	}
	return e, nil
}

// diagnosis explains a failure from what the record has about it now.
func (d *Diagnoses) diagnosis(ctx context.Context, e *event.Event) (diagnosisBody, error) {
	body, _, err := d.diagnosisAt(ctx, e, time.Time{})
	return body, err
}

// diagnosisAt explains a failure from what the record had about it at a moment, zero for
// now. Before the failure was on record it is not known; then only Told is given.
func (d *Diagnoses) diagnosisAt(ctx context.Context, e *event.Event, then time.Time) (body diagnosisBody, known bool, err error) {
	found, err := explain.Case(ctx, d.cfg.Store, e)
	if err != nil {
		return body, false, err
	}
	told := found.Moments()
	if !then.IsZero() {
		if found = found.AsKnownAt(then); found == nil {
			return diagnosisBody{Told: told}, false, nil
		}
	}
	var kept *keptBody
	if k := e.Diagnosis; k != nil && (then.IsZero() || then.Sub(e.Time) >= verdict.After) {
		kept = &keptBody{k.Cause, k.Confidence, k.Rules}
	}
	failure := failureOf(e, found.Failure.When())
	if failure.UserName == "" {
		failure.UserName = d.nameOf(ctx, e)
	}
	body = diagnosisBody{Kept: kept, Failure: failure, Verdict: diagnose.Explain(found), Case: found, Told: told, Then: then}
	body.Asked, body.Before = askedOf(found)
	return body, true, nil
}

// nameOf is the name of who was there, where the report has none: apps tell of a camera
// that fails before anybody is in. Without an index of people nobody is known by name.
func (d *Diagnoses) nameOf(ctx context.Context, e *event.Event) string {
	people, ok := d.cfg.Store.(event.PeopleFinder)
	if !ok || e.PeerID == "" {
		return ""
	}
	who, err := people.FindPeople(ctx, event.PeopleQuery{AccountID: e.AccountID, Name: e.PeerID})
	if err != nil {
		return "" // the failure is explained all the same
	}
	for _, a := range who.Attempts {
		if a.PeerID == e.PeerID && a.UserName != "" {
			return a.UserName
		}
	}
	return ""
}

func failureOf(e *event.Event, happened time.Time) failureBody {
	return failureBody{
		ID: e.ID, At: e.Time, Happened: happened, Type: e.Type, Fault: e.Fault, Op: e.Op, Source: e.Source,
		Terminal: e.Failure.Terminal, Injected: e.Injected, Room: e.RoomID, RoomName: e.RoomName, Session: e.SessionID,
		Peer: e.PeerID, User: e.UserID, UserName: e.UserName, Role: e.Role, Short: e.Reference(),
	}
}

// explain explains a case that was exported, here or elsewhere.
func (d *Diagnoses) explain(c *Call) (any, error) {
	raw, err := c.Body()
	if err != nil {
		return nil, err
	}
	if kind := c.Request.Header.Get("Content-Type"); !isJSON(kind) {
		return nil, fault.MediaTypeUnsupported.New("got", kind, "want", "application/json")
	}
	found, err := diagnose.Read(raw)
	if err != nil {
		return nil, err
	}
	return map[string]any{"verdict": diagnose.Explain(found)}, nil
}

// diagnosesQuery is what a list is asked for.
type diagnosesQuery struct {
	event.Query
	room string    // by name or id
	user string    // by id, or by the display name or a part of it
	code string    // of somebody, as pages show it: see event.Subject.Reference
	then time.Time // as the record was then; zero for now
}

// list explains the failures that match, the newest first.
func (d *Diagnoses) list(c *Call) (any, error) {
	q, err := parseDiagnoses(c)
	if err != nil {
		return nil, err
	}
	if q.room != "" {
		if q.RoomID, err = d.roomID(c.Context(), q.AccountID, q.room); err != nil {
			return nil, err
		}
	}
	found, err := d.find(c.Context(), q)
	if err != nil {
		return nil, err
	}
	page := diagnosesPage{Limit: len(found.Events), Total: found.Total, Next: found.Next, Diagnoses: make([]diagnosisBody, 0, len(found.Events))}
	for i := range found.Events {
		body, known, err := d.diagnosisAt(c.Context(), &found.Events[i], q.then)
		if err != nil {
			return nil, err
		}
		if body.Case, body.Told = nil, nil; known {
			page.Diagnoses = append(page.Diagnoses, body)
		}
	}
	return page, nil
}

// parseDiagnoses reads the filters of the events that make sense of failures, and
// "room", "user" and "reference" beside them. It fails with fault.FieldInvalid.
func parseDiagnoses(c *Call) (diagnosesQuery, error) {
	values, err := queryOf(c)
	if err != nil {
		return diagnosesQuery{}, err
	}
	q := diagnosesQuery{}
	for name, into := range map[string]*string{"room": &q.room, "user": &q.user, "reference": &q.code} {
		if *into, err = takeText(values, name); err != nil {
			return q, err
		}
	}
	if q.then, err = c.QueryTime("as_known_at"); err != nil {
		return q, err
	}
	values.Del("as_known_at")
	code, isCode := event.ReadReference(q.code)
	switch {
	case q.code != "" && !isCode:
		err = fault.FieldInvalid.New("field", "reference", "want", "six letters and digits, as K7Q-2MF")
	case q.code != "" && q.user != "":
		err = fault.FieldInvalid.New("field", "reference", "reason", "is given beside user")
	case q.code != "" && values.Has("start"):
		err = fault.FieldInvalid.New("field", "start", "reason", "is not for a search by reference; until asks for older failures")
	case q.room != "" && values.Has("room_id"):
		err = fault.FieldInvalid.New("field", "room", "reason", "is given beside room_id")
	case q.user != "" && values.Has("user_id"):
		err = fault.FieldInvalid.New("field", "user", "reason", "is given beside user_id")
	case q.user != "" && values.Has("start"):
		err = fault.FieldInvalid.New("field", "start", "reason", "is not for a search by user; until asks for older failures")
	case values.Has("error"):
		err = fault.FieldInvalid.New("field", "error", "reason", "is not a parameter of this call")
	}
	if err != nil {
		return q, err
	}
	if !values.Has("order") {
		values.Set("order", "desc")
	}
	if q.Query, err = eventjson.ParseQuery(values); err != nil {
		return q, err
	}
	if q.Limit > maxDiagnoses {
		return q, fault.FieldInvalid.New("field", "limit", "reason", "is not a number from 1 to "+strconv.Itoa(maxDiagnoses))
	}
	q.AccountID, q.Errors, q.code = c.Claims.Account, true, code
	if after := q.then.Add(time.Millisecond); !q.then.IsZero() && (q.Until.IsZero() || q.Until.After(after)) {
		q.Until = after
	}
	return q, nil
}

// takeText takes a parameter out of a query, "" when it is not there.
func takeText(values url.Values, name string) (string, error) {
	given, ok := values[name]
	delete(values, name)
	switch {
	case !ok:
		return "", nil
	case len(given) != 1:
		return "", fault.FieldInvalid.New("field", name, "reason", "is given more than once")
	case given[0] == "":
		return "", fault.FieldInvalid.New("field", name, "reason", "is empty")
	case len(given[0]) > 256:
		return "", fault.FieldInvalid.New("field", name, "reason", "is too long")
	}
	return given[0], nil
}

// roomID gives the id of the account's room that a name stands for. What no room
// is called is taken as an id: a room may be gone, and its failures still there.
func (d *Diagnoses) roomID(ctx context.Context, account, word string) (string, error) {
	r, err := d.cfg.Registry.RoomByName(ctx, account, word)
	switch {
	case err == nil:
		return r.ID, nil
	case errors.Is(err, fault.RoomNotFound):
		return word, nil
	}
	return "", err
}
