// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/policy/policyjson"
)

// The shapes of requests and replies, for the test that holds the public client
// against them.
var (
	InjectionBody  = reflect.TypeFor[injectionBody]()
	InjectionsList = reflect.TypeFor[injectionsList]()
	RoomBody       = reflect.TypeFor[roomBody]()
	RoomChange     = reflect.TypeFor[roomChange]()
	TemplateBody   = reflect.TypeFor[templateBody]()
	TemplateChange = reflect.TypeFor[templateChange]()
	LayoutBody     = reflect.TypeFor[layoutBody]()
	LayoutChange   = reflect.TypeFor[policyjson.Layout]()
	CodeBody       = reflect.TypeFor[codeBody]()
	TokenBody      = reflect.TypeFor[tokenBody]()
	ActiveBody     = reflect.TypeFor[activeBody]()
	ActivePeer     = reflect.TypeFor[activePeer]()
	SessionBody    = reflect.TypeFor[sessionBody]()
	EventsPage     = reflect.TypeFor[eventsPage]()
	DiagnosesPage  = reflect.TypeFor[diagnosesPage]()
	ShareBody      = reflect.TypeFor[shareBody]()
	AttemptsPage   = reflect.TypeFor[attemptsPage]()
	TimelineBody   = reflect.TypeFor[timelineBody]()
	OutcomesBody   = reflect.TypeFor[outcomesBody]()
	CausesBody     = reflect.TypeFor[causesBody]()
	OneCauseBody   = reflect.TypeFor[oneCauseBody]()
	ChangesBody    = reflect.TypeFor[annotationsBody]()
	AuditBody      = reflect.TypeFor[auditBody]()
	LiveListBody   = reflect.TypeFor[liveListBody]()
	ConsoleOrder   = reflect.TypeFor[consoleOrder]()
	ConsoleLink    = reflect.TypeFor[consoleLink]()
	MuteBody       = reflect.TypeFor[muteBody]()
	RetentionBody  = reflect.TypeFor[retentionBody]()
	SummaryBody    = reflect.TypeFor[summaryBody]()
	DeliveryPage   = reflect.TypeFor[deliveryPage]()
)

// Patterns lists the API's own routes, for the test of the reference.
func Patterns() []string {
	var all []string
	for _, r := range (&API{}).routes() {
		all = append(all, r.Pattern)
	}
	return all
}

// ViewParameters say how events are given, not which.
var ViewParameters = viewParameters

// AtLeast is chanceOf.atLeast.
func AtLeast(with, failed, allWith, all int64) float64 {
	return chanceOf{with, failed, allWith, all}.atLeast()
}

// TimelineOf is how large a timeline of marks is as JSON, from a time on, whether it has
// all, and how many incidents it tells of.
func TimelineOf(marks []event.Mark, from time.Time) (size int, complete bool, incidents int) {
	t := timeline{kinds: map[timelineKind]int32{}, peers: map[string]int32{}}
	for i := range marks {
		t.add(&marks[i])
	}
	body := t.body(from, time.Time{})
	raw, _ := json.Marshal(body)
	return len(raw), body.Complete, len(body.Incident)
}
