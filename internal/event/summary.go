// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Dimension is what a summary can be grouped by.
type Dimension string

// The dimensions. ByNothing has one group, of everything.
const (
	ByNothing  Dimension = ""
	ByType     Dimension = "type"
	ByFault    Dimension = "fault"
	ByCode     Dimension = "code"
	BySDK      Dimension = "sdk"
	ByVersion  Dimension = "sdk_version" // "web 0.15.2"
	ByOS       Dimension = "os"
	ByBrowser  Dimension = "browser" // "Chromium 156": name and major version
	ByRole     Dimension = "role"
	ByTemplate Dimension = "template"
	ByRoom     Dimension = "room"

	// ByDiagnosis is by the cause of the kept verdict, "" for one that is not known.
	// What has no verdict has no place in it.
	ByDiagnosis Dimension = "diagnosis"
)

// Dimensions lists what a summary can be grouped by.
var Dimensions = []Dimension{ByType, ByFault, ByCode, BySDK, ByVersion, ByOS, ByBrowser, ByRole, ByTemplate, ByRoom, ByDiagnosis}

// Value is where an event stands in a dimension, "" when that is not known. Not
// every event has a place in every dimension: a track has no fault and no code.
func (d Dimension) Value(e *Event) (value string, has bool) {
	switch d {
	case ByNothing:
		return "", true
	case ByType:
		return string(e.Type), true
	case ByFault:
		return e.Fault, e.Type.IsError()
	case ByCode:
		return strconv.Itoa(e.Failure.Code), e.Type.IsError()
	case ByDiagnosis:
		if e.Diagnosis == nil {
			return "", false
		}
		return e.Diagnosis.Cause, true
	}
	return d.OfSubject(&e.Subject)
}

// OfSubject is Value for the dimensions of whom an event is about, which a
// successful join has too.
func (d Dimension) OfSubject(s *Subject) (value string, has bool) {
	switch d {
	case ByNothing:
		return "", true
	case BySDK:
		return s.Agent.SDK, true
	case ByVersion:
		if s.Agent.SDKVersion == "" {
			return s.Agent.SDK, true
		}
		return s.Agent.SDK + " " + s.Agent.SDKVersion, true
	case ByOS:
		return s.Agent.OS, true
	case ByBrowser:
		return s.Agent.Browser(), true
	case ByRole:
		return s.Role, true
	case ByTemplate:
		return s.TemplateID, true
	case ByRoom:
		return s.RoomID, true
	}
	return "", false
}

// OfJoins tells whether successful joins are counted in a dimension, so that
// its groups have failure rates of their own.
func (d Dimension) OfJoins() bool {
	_, has := d.OfSubject(&Subject{})
	return has
}

// Browser is the browser's name and major version, which a web SDK says as its
// device, such as "Chromium_156.0.8078.79", and a mobile browser after the
// device, "Apple_mobile/Safari_18.1". Without it, it is "".
func (a *Agent) Browser() string {
	device := a.DeviceModel[strings.LastIndexByte(a.DeviceModel, '/')+1:]
	name, version, ok := cutLast(device, "_")
	if !ok || !strings.HasPrefix(a.OS, "web") && a.SDK != "web" {
		return ""
	}
	major, _, _ := strings.Cut(version, ".")
	return strings.TrimSpace(name + " " + major)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// FailsJoin tells whether an event ended an attempt to join: the client gave up
// connecting or entering.
func (e *Event) FailsJoin() bool {
	return e.Failure.Terminal && (e.Type == ConnectFailed || e.Type == JoinFailed)
}

// Join is an attempt to join that succeeded. It is counted and not kept.
type Join struct {
	Time time.Time
	Subject
}

// SummaryQuery says what is to be counted.
type SummaryQuery struct {
	AccountID string // whose events; empty: everybody's
	By        Dimension
	Types     []Type        // which events; joins are counted besides. None: no event
	Since     time.Time     // on a whole hour
	Until     time.Time     // on a whole hour, exclusive
	Bucket    time.Duration // time.Hour or Day; 0 makes no series
	Top       int           // groups, those with most events first; 0: all of Values
	Values    []string      // only these groups; nil: any
	Users     bool          // count affected users
}

// Day is a day of UTC.
const Day = 24 * time.Hour

// Counts is what is counted.
type Counts struct {
	Events      int64 `json:"events"`
	Users       int64 `json:"users"`        // distinct users with a failure among the events
	Joins       int64 `json:"joins"`        // attempts to join that succeeded
	FailedJoins int64 `json:"failed_joins"` // attempts to join that failed for good
}

// Attempts is how often somebody tried to join.
func (c *Counts) Attempts() int64 { return c.Joins + c.FailedJoins }

// Group is what is counted of one value of a dimension.
type Group struct {
	Value  string
	Counts Counts
	Series []Counts // one for each bucket, without users; nil when none was asked for
}

// Summary is the answer to a SummaryQuery.
type Summary struct {
	Total  Group
	Groups []Group   // by events, then by value
	Values int       // how many groups there are in all
	Oldest time.Time // the first hour anything is known of; zero when nothing is
}

// Buckets lists the beginnings of a query's buckets. They lie on whole hours or
// days of UTC; the first and the last may reach beyond the window, of which
// only the part inside is counted.
func (q *SummaryQuery) Buckets() []time.Time {
	var list []time.Time
	for t := q.Since.Truncate(q.Bucket); q.Bucket > 0 && t.Before(q.Until); t = t.Add(q.Bucket) {
		list = append(list, t.UTC())
	}
	return list
}

// SortGroups puts groups in the order of a Summary.
func SortGroups(groups []Group) {
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Counts.Events, a.Counts.Events), cmp.Compare(b.Counts.FailedJoins, a.Counts.FailedJoins), cmp.Compare(a.Value, b.Value))
	})
}

// Summarizer is a Store that can count. What it counts is true of the events it
// has: those that are removed are no longer counted.
//
// A failed join is one peer that has ended an attempt (FailsJoin), however many
// events tell of it, counted where the first of them stands; an event without a
// peer counts by itself. Counts of events are exact at any time. A user whose
// last event of an hour or day was removed by its age, or joined to another
// event, may still be counted there until the last event of that hour or day is
// gone; one that was erased is not.
type Summarizer interface {
	// Summarize counts. It fails with fault.StoreUnavailable.
	Summarize(ctx context.Context, q SummaryQuery) (Summary, error)

	// CountJoins adds successful joins, and has them on disk when it returns. It
	// fails with fault.StoreUnavailable.
	CountJoins(ctx context.Context, joins []Join) error
}

// AgentRead is the event with no more of its agent than its text tells: what is
// read back from a store.
func (e *Event) AgentRead() *Event {
	if e.Agent.String != "" || e.Agent == (Agent{}) {
		return e
	}
	read := *e
	read.Agent = Agent{}
	return &read
}
