// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/verdict"
)

// Limits of one timeline.
const (
	maxMarks       = 100_000 // that are given
	maxMarksLooked = 300_000 // of a session; failures are looked at first
	maxIncidents   = 1000    // that are told of
)

// timelineBody is what happened in a session, as columns: element i of each is about
// mark i, in the order of time.
type timelineBody struct {
	Session  string `json:"session_id"`
	Total    int    `json:"total"`    // marks of the session, or of the peer, whatever the window
	Complete bool   `json:"complete"` // false: there were more than can be given or looked at

	Origin   time.Time       `json:"origin"`   // what times begin with
	Times    []int64         `json:"times"`    // when it happened: milliseconds since the mark before, the first since origin
	Lanes    string          `json:"lanes"`    // a letter for each: who told it, s server, c client, b both
	Kinds    []int32         `json:"kinds"`    // place in kind
	Peers    []int32         `json:"peers"`    // place in peer
	Told     []toldLate      `json:"told"`     // those that were told later than they happened
	Incident []incidentMarks `json:"incident"` // by the time of their first mark

	Incidents int            `json:"incidents"` // how many there are, also of those that are not told of
	Kind      []timelineKind `json:"kind"`
	Peer      []string       `json:"peer"` // ids; "" where somebody had none
}

// timelineKind is what kind of thing happened.
type timelineKind struct {
	Type  event.Type `json:"type"`
	Fault string     `json:"fault,omitempty"`
}

// toldLate is a mark that was told late.
type toldLate struct {
	Mark  int   `json:"mark"`
	After int64 `json:"after_ms"`
}

// incidentMarks is an incident: failures of one peer that are one trouble. It is given
// whole, also where the window cuts it.
type incidentMarks struct {
	ID         string    `json:"id"` // of the event that it began with
	Peer       int32     `json:"peer"`
	Began      time.Time `json:"began"`
	Ended      time.Time `json:"ended"` // the last failure
	Marks      []int     `json:"marks"` // the first is the event's
	Cause      string    `json:"cause,omitempty"`
	Title      string    `json:"title,omitempty"`
	Confidence string    `json:"confidence,omitempty"` // of the kept verdict; none: there is no verdict yet
}

// timeline gives what happened in a session. It fails with fault.FieldInvalid,
// SessionNotFound and FeatureUnsupported.
func (d *Diagnoses) timeline(c *Call) (any, error) {
	q, from, to, then, err := timelineQuery(c)
	if err != nil {
		return nil, err
	}
	store, ok := d.cfg.Store.(event.Timeliner)
	if !ok {
		return nil, fault.FeatureUnsupported.New("feature", "timelines in this store of events")
	}
	done, err := d.searching.take(c.Context())
	if err != nil {
		return nil, err
	}
	defer done()
	t := timeline{kinds: map[timelineKind]int32{}, peers: map[string]int32{}, then: then}
	if err := store.Timeline(c.Context(), q, t.add); err != nil {
		return nil, err
	}
	if len(t.marks) == 0 && !t.later { // of a session without events, or of none
		s, err := d.cfg.Registry.Session(c.Context(), q.SessionID)
		if err == nil && s.CustomerID != q.AccountID {
			err = fault.SessionNotFound.New("session_id", q.SessionID)
		}
		if err != nil {
			return nil, err
		}
	}
	body := t.body(from, to)
	body.Session, body.Complete = q.SessionID, body.Complete && len(t.marks) < q.Limit
	return body, nil
}

// timelineQuery reads the parameters. It fails with fault.FieldInvalid.
func timelineQuery(c *Call) (q event.TimelineQuery, from, to, then time.Time, err error) {
	values, err := queryOf(c)
	if err != nil {
		return q, from, to, then, err
	}
	q = event.TimelineQuery{AccountID: c.Claims.Account, SessionID: c.Path("session"), Limit: maxMarksLooked}
	if q.PeerID, err = takeText(values, "peer"); err != nil {
		return q, from, to, then, err
	}
	times := map[string]*time.Time{"from": &from, "to": &to, "as_known_at": &then}
	for name := range values {
		into := times[name]
		if into == nil {
			return q, from, to, then, fault.FieldInvalid.New("field", name, "reason", "is not a parameter of this call")
		}
		if *into, err = c.QueryTime(name); err != nil {
			return q, from, to, then, err
		}
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		err = fault.FieldInvalid.New("field", "to", "reason", "is not after from")
	}
	return q, from, to, then, err
}

// timeline is one being made.
type timeline struct {
	marks    []mark
	failures []markedFailure // of the marks that have one
	kind     []timelineKind
	peer     []string
	kinds    map[timelineKind]int32
	peers    map[string]int32
	then     time.Time // as the record was at this moment; zero for now
	later    bool      // something was told after that
}

// mark is one of a timeline. It has no pointers, since there may be very many.
type mark struct {
	at, late            int64 // milliseconds
	kind, peer, failure int32 // places; noFailure for what is none
	lane                byte
}

const noFailure = -1

// markedFailure is what incidents are told from.
type markedFailure struct {
	id       uuid.UUID
	verdict  event.Diagnosis
	incident *foundIncident
}

// foundIncident is an incident that was found.
type foundIncident struct {
	first       *mark
	n           int // failures
	began, last int64
	given       *incidentMarks // nil while it is not
}

var laneLetters = map[event.Source]byte{event.FromServer: 's', event.FromClient: 'c', event.FromBoth: 'b'}

// add takes in a mark, if it was on record at the moment of which the timeline is.
func (t *timeline) add(m *event.Mark) {
	if !t.then.IsZero() && m.Time.After(t.then) {
		t.later = true
		return
	}
	at := m.Happened.UnixMilli()
	is := mark{
		at: at, late: m.Time.UnixMilli() - at, lane: laneLetters[m.Source],
		kind: number(t.kinds, &t.kind, timelineKind{m.Type, m.Fault}), peer: number(t.peers, &t.peer, m.PeerID), failure: noFailure,
	}
	if m.Type.IsError() {
		failure := markedFailure{id: m.ID}
		if t.then.IsZero() || t.then.Sub(m.Time) >= verdict.After {
			failure.verdict = m.Verdict
		}
		is.failure, t.failures = int32(len(t.failures)), append(t.failures, failure)
	}
	if len(t.marks) == cap(t.marks) { // append alone would copy a long list four times as often
		t.marks = slices.Grow(t.marks, max(1024, len(t.marks)))
	}
	t.marks = append(t.marks, is)
}

// failure is what a mark is of, nil for what is none.
func (t *timeline) failure(m *mark) *markedFailure {
	if m.failure == noFailure {
		return nil
	}
	return &t.failures[m.failure]
}

// number is the place of something in a list, to which it is added.
func number[T comparable](known map[T]int32, list *[]T, of T) int32 {
	n, is := known[of]
	if !is {
		n = int32(len(*list))
		known[of], *list = n, append(*list, of)
	}
	return n
}

// toldLater is how much later than it happened something is told that says so.
const toldLater = 2 * time.Minute

// body gives what of it lies within a window, and whole incidents.
func (t *timeline) body(from, to time.Time) timelineBody {
	slices.SortStableFunc(t.marks, func(a, b mark) int { return cmp.Compare(a.at, b.at) })
	found := t.incidents()
	body := timelineBody{
		Total: len(t.marks), Complete: true, Incidents: len(found), Times: []int64{}, Kinds: []int32{}, Peers: []int32{}, Told: []toldLate{}, Incident: []incidentMarks{},
		Kind: t.kind, Peer: t.peer,
	}
	within := func(first, last int64) bool {
		return (from.IsZero() || last >= from.UnixMilli()) && (to.IsZero() || first < to.UnixMilli())
	}
	told := make([]incidentMarks, 0, min(len(found), maxIncidents))
	var lanes []byte
	var before int64
	for i := range t.marks {
		m := &t.marks[i]
		f := t.failure(m)
		if !within(m.at, m.at) && (f == nil || !within(f.incident.began, f.incident.last)) {
			continue
		}
		if len(lanes) == maxMarks {
			body.Complete = false
			break
		}
		if len(lanes) == 0 {
			body.Origin, before = time.UnixMilli(m.at).UTC(), m.at
		}
		if m.late >= toldLater.Milliseconds() {
			body.Told = append(body.Told, toldLate{len(lanes), m.late})
		}
		if f != nil {
			if f.incident.given == nil && len(told) < cap(told) {
				told = append(told, t.tell(f.incident))
				f.incident.given = &told[len(told)-1]
			}
			if f.incident.given != nil {
				f.incident.given.Marks = append(f.incident.given.Marks, len(lanes))
			}
		}
		body.Times, before = append(body.Times, m.at-before), m.at
		body.Kinds, body.Peers, lanes = append(body.Kinds, m.kind), append(body.Peers, m.peer), append(lanes, m.lane)
	}
	body.Lanes, body.Incident = string(lanes), append(body.Incident, told...)
	if body.Kind == nil {
		body.Kind, body.Peer = []timelineKind{}, []string{}
	}
	return body
}

// incidents finds which failures are one trouble of one peer, as the diagnosis does:
// of one kind, and each close behind the one before.
func (t *timeline) incidents() (list []*foundIncident) {
	type of struct {
		peer    int32
		trouble string
	}
	open := map[of]*foundIncident{}
	for i := range t.marks {
		m := &t.marks[i]
		f := t.failure(m)
		if f == nil {
			continue
		}
		key := of{m.peer, diagnose.Trouble(t.kind[m.kind].Fault)}
		in := open[key]
		if in == nil || m.at-in.last > diagnose.Apart.Milliseconds() || t.peer[m.peer] == "" {
			in = &foundIncident{first: m, began: m.at}
			open[key], list = in, append(list, in)
		}
		in.last, f.incident = m.at, in
		in.n++
	}
	return list
}

// tell words an incident.
func (t *timeline) tell(in *foundIncident) incidentMarks {
	first := in.first
	failure := t.failure(first)
	v := failure.verdict
	one := incidentMarks{
		ID: failure.id.String(), Peer: first.peer, Began: time.UnixMilli(in.began).UTC(), Ended: time.UnixMilli(in.last).UTC(), Marks: make([]int, 0, in.n),
		Cause: v.Cause, Confidence: v.Confidence,
	}
	if k := fault.Lookup(v.Cause); k != nil {
		one.Title = k.Title
	}
	return one
}
