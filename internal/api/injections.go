// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// InjectionRoutes are the rows of provoked faults; give them to Config. A nil
// plan refuses every call with fault.InjectionDisabled. They want a management
// token with token.GrantInject; the list is also for whoever reads in the console,
// so that nobody takes what is provoked for real.
func InjectionRoutes(plan *inject.Plan, rooms *registry.Registry) []Route {
	i := injections{plan, rooms}
	return []Route{
		{Pattern: "POST /api/v1/injections", MaxBody: 16 << 10, Serve: i.allowed(i.add)},
		{Pattern: "POST /api/v1/injections/check", MaxBody: 256 << 10, Serve: i.allowed(i.check)},
		{Pattern: "GET /api/v1/injections", Serve: i.readable(i.list)},
		{Pattern: "DELETE /api/v1/injections/{id}", Serve: i.allowed(i.remove)},
		{Pattern: "DELETE /api/v1/injections", Serve: i.allowed(i.clear)},
	}
}

type injections struct {
	plan  *inject.Plan
	rooms *registry.Registry
}

// allowed lets those in who may provoke faults: fault.InjectionDisabled,
// fault.NotPermitted.
func (i injections) allowed(h Handler) Handler {
	return func(c *Call) (any, error) {
		if err := mayProvoke(c, i.plan != nil); err != nil {
			return nil, err
		}
		return h(c)
	}
}

// mayProvoke says why a call may not provoke faults, nil where it may:
// fault.InjectionDisabled, fault.NotPermitted.
func mayProvoke(c *Call, enabled bool) error {
	if enabled && !c.Claims.Inject {
		return fault.NotPermitted.New("grant", token.GrantInject, "claim", "grants")
	}
	return canProvoke(enabled)
}

// canProvoke says that no faults are provoked here, where they are not:
// fault.InjectionDisabled.
func canProvoke(enabled bool) error {
	if !enabled {
		return fault.InjectionDisabled.New("setting", "inject.enabled")
	}
	return nil
}

// readable lets those in as well who may read in the console; no other token has rights.
func (i injections) readable(h Handler) Handler {
	return func(c *Call) (any, error) {
		if c.Claims.Rights.Allow(token.RightSupport) {
			return i.enabled(h, c)
		}
		return i.allowed(h)(c)
	}
}

// enabled answers where faults may be provoked at all: fault.InjectionDisabled.
func (i injections) enabled(h Handler, c *Call) (any, error) {
	if err := canProvoke(i.plan != nil); err != nil {
		return nil, err
	}
	return h(c)
}

// injectionBody asks for a fault.
type injectionBody struct {
	Cause       string   `json:"cause"`
	Fault       string   `json:"fault"`
	At          string   `json:"at"`
	Code        int      `json:"code"`
	Room        string   `json:"room"`
	Peer        string   `json:"peer"`
	User        string   `json:"user"`
	Role        string   `json:"role"`
	For         string   `json:"for"`
	After       string   `json:"after"`
	Count       *int     `json:"count"`
	Probability *float64 `json:"probability"`
	Method      string   `json:"method"`
	Delay       string   `json:"delay"`
	Rate        int      `json:"rate_kbps"`
	Direction   string   `json:"direction"`
	Side        string   `json:"side"`
	Packets     string   `json:"packets"`
	Network     string   `json:"network"`
	Skew        string   `json:"skew"`
}

// add starts an injection. It fails with fault.FieldMissing, FieldInvalid,
// RoomNotFound, PeerNotFound, CatalogueUnknown, InjectionImpossible and
// InjectionConflict.
func (i injections) add(c *Call) (any, error) {
	var sent injectionBody
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	s, err := i.spec(c, sent)
	if err != nil {
		return nil, err
	}
	rule, err := i.plan.Add(s)
	if err != nil {
		return nil, err
	}
	c.concern("injection", rule.ID)
	c.concern("room_id", rule.Room)
	if err := i.rooms.Operations().Annotate(c.Context(), registry.Annotation{Account: c.Claims.Account, At: time.Now(), Kind: "injection", Data: map[string]any{
		"id": rule.ID, "fault": rule.Fault, "at": rule.At, "room_id": rule.Room, "begins": rule.Begins, "ends": rule.Ends,
	}}); err != nil {
		c.Log.Warn("it is not kept that a fault was provoked", "injection", rule.ID, "err", err)
	}
	return Reply{http.StatusCreated, rule}, nil
}

// check tells whether injections could be started now, one after the other, and
// what they would be, and starts none. "after" may be what will have passed by
// then. It fails like add; the detail "index" says at which of them.
func (i injections) check(c *Call) (any, error) {
	var sent struct {
		Injections []injectionBody `json:"injections"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	if len(sent.Injections) == 0 || len(sent.Injections) > inject.MaxRules {
		return nil, fault.FieldInvalid.New("field", "injections", "want", "1 to "+strconv.Itoa(inject.MaxRules)+" of them")
	}
	specs := make([]inject.Spec, len(sent.Injections))
	for n, one := range sent.Injections {
		var err error
		if specs[n], err = i.spec(c, one); err != nil {
			return nil, numberedAt(err, n)
		}
	}
	rules, n, err := i.plan.Check(specs)
	if err != nil {
		return nil, numberedAt(err, n)
	}
	return map[string]any{"injections": rules}, nil
}

// numberedAt says which of a list a refusal is about.
func numberedAt(err error, n int) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	one := *f
	one.Details = append(slices.Clone(f.Details), fault.Detail{Name: "index", Value: n})
	return &one
}

// spec reads what is asked for and looks up what it names.
func (i injections) spec(c *Call, sent injectionBody) (inject.Spec, error) {
	var none inject.Spec
	s := inject.Spec{
		Cause: sent.Cause, At: sent.At, Code: sent.Code, Peer: sent.Peer, User: sent.User, Role: sent.Role,
		Method: sent.Method, Rate: sent.Rate, Direction: sent.Direction,
		Side: sent.Side, Packets: sent.Packets, Network: sent.Network, By: c.Claims.AccessKey + "/" + c.Claims.ID,
	}
	if sent.Count != nil {
		if s.Count = *sent.Count; s.Count == 0 {
			return none, fault.FieldInvalid.New("field", "count", "want", "1 to 1000000")
		}
	}
	if sent.Probability != nil {
		if s.Probability = *sent.Probability; s.Probability == 0 {
			return none, fault.FieldInvalid.New("field", "probability", "want", "more than 0 and up to 1")
		}
	}
	for _, d := range []struct {
		field, text string
		into        *time.Duration
	}{{"for", sent.For, &s.For}, {"after", sent.After, &s.After}, {"delay", sent.Delay, &s.Delay}, {"skew", sent.Skew, &s.Skew}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.into, err = time.ParseDuration(d.text); err != nil || *d.into == 0 || *d.into < 0 && d.field != "skew" {
			return none, fault.FieldInvalid.New("field", d.field, "want", "a duration such as 10s", "got", clip(d.text))
		}
	}
	if sent.Fault == "" && sent.At == "" && sent.Cause == "" {
		return none, fault.FieldMissing.New("field", "fault", "want", "a fault id, a vendor's code or name, or a mechanism; or a cause")
	}
	if err := resolve(sent.Fault, &s); err != nil {
		return none, err
	}
	if sent.Room == "" {
		return none, fault.FieldMissing.New("field", "room", "want", "the id or name of a room")
	}
	m, err := i.room(c, sent.Room)
	if err != nil {
		return none, err
	}
	s.Room = m.ID
	if s.Role != "" {
		t, err := i.rooms.Template(c.Context(), m.TemplateID)
		if err != nil {
			return none, err
		}
		if _, ok := t.Roles[s.Role]; !ok {
			return none, fault.RoleNotFound.New("field", "role", "role", clip(s.Role), "possible", slices.Sorted(maps.Keys(t.Roles)))
		}
	}
	return s, nil
}

// room finds a room of the caller's by id or name: fault.RoomNotFound.
func (i injections) room(c *Call, word string) (registry.Room, error) {
	m, err := i.rooms.Room(c.Context(), word)
	if err != nil {
		m, err = i.rooms.RoomByName(c.Context(), c.Claims.Account, word)
	}
	if errors.Is(err, fault.RoomNotFound) || errors.Is(err, fault.FieldInvalid) || err == nil && m.CustomerID != c.Claims.Account {
		return registry.Room{}, fault.RoomNotFound.New("field", "room", "room", clip(word))
	}
	return m, err
}

// usual says which condition is provoked by a number that many share.
var usual = map[int]*fault.Kind{
	1000: fault.SignalUpgrade, 1003: fault.SignalLost, 4004: fault.SDPSetRemote, 4005: fault.ICEFailed, 4006: fault.ICEDisconnected,
	401: fault.TokenRefused, 403: fault.RoomLocked, 410: fault.PeerGone, 421: fault.NodeMoved, 429: fault.RateLimited,
	500: fault.Internal, 503: fault.Draining,
}

// resolve finds what a word asks for: a mechanism's name, a fault's id, or a
// vendor's code or name. Of the conditions behind a vendor's word the likeliest
// is taken that can be provoked; a number of HTTP's that stands for none is told
// as it is. It fails with fault.CatalogueUnknown and InjectionImpossible.
func resolve(word string, s *inject.Spec) error {
	if word == "" {
		return nil
	}
	for _, m := range inject.Mechanisms() {
		if m.Name == word && (s.At == "" || s.At == word) {
			s.At = word
			return nil
		}
	}
	if fault.Lookup(word) != nil {
		s.Fault = word
		return nil
	}
	n, _ := strconv.Atoi(word[strings.LastIndexByte(word, ':')+1:])
	http := n >= 400 && n < 600
	if k := usual[n]; k != nil && word == strconv.Itoa(n) {
		s.Fault = k.ID
		if ways, _ := inject.Ways(k); http && s.Code == 0 && slices.Contains(ways, inject.AtInit) {
			s.Code = numbered(s.At, n)
		}
		return nil
	}
	a, err := dialect.Explain(word)
	if err != nil && !http {
		if errors.Is(err, fault.CatalogueUnknown) {
			return err
		}
		return fault.FieldInvalid.Wrap(err, "field", "fault", "want", "a fault id, a vendor's code or name, or a mechanism")
	}
	var first *fault.Kind
	var named fault.Op // the operation of the method that the word names
	if parts := strings.Split(word, ":"); len(parts) == 3 {
		if d := dialect.ByName(parts[0]); d != nil {
			named, _ = d.Op(parts[1])
		}
	}
	for _, m := range slices.Concat(a.Matches, a.Fallbacks) {
		if first == nil {
			first = m.Kind
		}
		op := cmp.Or(opOf(m), named)
		if named != "" && op != named {
			continue
		}
		if ways, _ := inject.WaysIn(m.Kind, op); len(ways) > 0 && (s.At == "" || slices.Contains(ways, s.At)) {
			s.Fault, s.Op = m.Kind.ID, op
			if s.At == "" {
				s.At = ways[0]
			}
			if s.Side == "" && s.At == inject.AtBlackhole && strings.Contains(word, ":") { // the method says which
				s.Side = map[fault.Op]string{fault.OpPublish: "publish", fault.OpSubscribe: "subscribe"}[op]
			}
			if http && s.Code == 0 && slices.Contains([]string{inject.AtInit, inject.AtCall, inject.AtRoom}, ways[0]) {
				s.Code = numbered(s.At, n)
			}
			return nil
		}
	}
	if http {
		s.Fault, s.Code = fault.ResponseStatus.ID, n
		return nil
	}
	if first == nil {
		return fault.CatalogueUnknown.New("query", clip(word))
	}
	s.Fault = first.ID // which the plan refuses, saying why
	s.Op = named
	return nil
}

// opOf is the operation in which a vendor's word means a condition; "" where it may be
// any.
func opOf(m dialect.Match) fault.Op {
	for _, f := range m.Found {
		if len(f.Ops) == 1 {
			return f.Ops[0]
		}
	}
	return ""
}

// numbered keeps a number for the mechanisms that tell one.
func numbered(at string, n int) int {
	switch at {
	case "", inject.AtInit, inject.AtCall, inject.AtError, inject.AtRoom:
		return n
	}
	return 0
}

// injectionsList is what runs and what could.
type injectionsList struct {
	Injections []inject.Rule   `json:"injections"`
	Mechanisms []mechanismBody `json:"mechanisms"`
	Faults     []possibleFault `json:"faults"`
	Causes     []possibleCause `json:"causes"`
}

type possibleCause struct {
	ID     string `json:"id"`
	About  string `json:"about"`
	Inside bool   `json:"inside,omitempty"`
}

type mechanismBody struct {
	Name  string `json:"name"`
	About string `json:"about"`
	For   string `json:"for"` // unless said otherwise
}

type possibleFault struct {
	ID   string   `json:"id"`
	Ways []string `json:"at"` // the usual mechanism first
}

// list answers what is running, and what is possible.
func (i injections) list(c *Call) (any, error) {
	out := injectionsList{Injections: i.plan.List(i.mine(c))}
	for _, m := range inject.Mechanisms() {
		out.Mechanisms = append(out.Mechanisms, mechanismBody{m.Name, m.About, m.For.String()})
	}
	for _, k := range fault.All() {
		if ways, _ := inject.Ways(k); len(ways) > 0 {
			out.Faults = append(out.Faults, possibleFault{k.ID, ways})
		}
	}
	for _, cause := range inject.Causes() {
		out.Causes = append(out.Causes, possibleCause{cause.ID, cause.About, cause.Inside})
	}
	return out, nil
}

// mine tells which rooms are the caller's.
func (i injections) mine(c *Call) func(string) bool {
	known := map[string]bool{} // looked up before the plan is locked
	for _, id := range i.plan.Rooms() {
		m, err := i.rooms.Room(c.Context(), id)
		known[id] = err == nil && m.CustomerID == c.Claims.Account
	}
	return func(id string) bool { return known[id] }
}

// remove ends one injection: fault.InjectionNotFound.
func (i injections) remove(c *Call) (any, error) {
	n, err := i.plan.Remove(c.Path("id"), "", c.Claims.AccessKey+"/"+c.Claims.ID, i.mine(c))
	if err != nil {
		return nil, err
	}
	return map[string]int{"removed": n}, nil
}

// clear ends all injections, or those of ?room=.
func (i injections) clear(c *Call) (any, error) {
	id := ""
	if word := c.Query("room"); word != "" {
		m, err := i.room(c, word)
		if err != nil {
			return nil, err
		}
		id = m.ID
	}
	n, err := i.plan.Remove("", id, c.Claims.AccessKey+"/"+c.Claims.ID, i.mine(c))
	if err != nil {
		return nil, err
	}
	return map[string]int{"removed": n}, nil
}
