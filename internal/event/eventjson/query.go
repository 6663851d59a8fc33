// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// ParseQuery reads a query from URL parameters: the documented room_id,
// session_id, peer_id, user_id, beam_id, type (may be repeated), error, limit
// and start, and our additions fault, error_code, diagnosis and confidence (may
// be repeated), terminal, sdk, os, since, until, happened_since, happened_until and order. A parameter that is unknown,
// empty, malformed or given twice is fault.FieldInvalid, which names it: a
// filter that is quietly ignored would answer another question.
func ParseQuery(v url.Values) (event.Query, error) {
	q := event.Query{Limit: event.DefaultLimit}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		values := v[name]
		read, known := parameters[name]
		if !known {
			return event.Query{}, invalid(name, "is not a parameter of this call")
		}
		if name == "start" && len(values) == 1 && values[0] == "" {
			continue // the first turn of a paging loop
		}
		if len(values) != 1 && !read.many {
			return event.Query{}, invalid(name, "is given more than once")
		}
		for _, value := range values {
			if value == "" {
				return event.Query{}, invalid(name, "is empty")
			}
			if len(value) > maxParameter {
				return event.Query{}, invalid(name, "is too long")
			}
			if why := read.set(&q, value); why != "" {
				return event.Query{}, invalid(name, why)
			}
		}
	}
	if q.UserProof != "" && q.UserID == "" {
		return event.Query{}, invalid("user_id_proof", "is about the user_id, which is missing")
	}
	if !q.Since.IsZero() && !q.Until.IsZero() && !q.Since.Before(q.Until) {
		return event.Query{}, invalid("until", "is not after since")
	}
	if !q.HappenedSince.IsZero() && !q.HappenedUntil.IsZero() && !q.HappenedSince.Before(q.HappenedUntil) {
		return event.Query{}, invalid("happened_until", "is not after happened_since")
	}
	return q, nil
}

// NotByHappened is the refusal of a query by when events happened.
func NotByHappened(q *event.Query, why string) error {
	if q.HappenedSince.IsZero() {
		return invalid("happened_until", why)
	}
	return invalid("happened_since", why)
}

// maxParameter is the longest value of a parameter, in bytes.
const maxParameter = 1024

func invalid(name, why string) error { return fault.FieldInvalid.New("field", name, "reason", why) }

// parameter reads one value; set returns why it cannot, or "".
type parameter struct {
	many bool // may be given several times
	set  func(q *event.Query, value string) string
}

var parameters = map[string]parameter{
	"room_id":    text(func(q *event.Query) *string { return &q.RoomID }),
	"session_id": text(func(q *event.Query) *string { return &q.SessionID }),
	"peer_id":    text(func(q *event.Query) *string { return &q.PeerID }),
	"user_id":    text(func(q *event.Query) *string { return &q.UserID }),
	"user_id_proof": {set: func(q *event.Query, value string) string {
		if !slices.Contains(event.Proofs, value) {
			return "is not one of " + strings.Join(event.Proofs, ", ")
		}
		q.UserProof = value
		return ""
	}},
	"beam_id":        text(func(q *event.Query) *string { return &q.BeamID }),
	"sdk":            text(func(q *event.Query) *string { return &q.SDK }),
	"os":             text(func(q *event.Query) *string { return &q.OS }),
	"start":          text(func(q *event.Query) *string { return &q.Start }),
	"since":          instant(func(q *event.Query) *time.Time { return &q.Since }),
	"until":          instant(func(q *event.Query) *time.Time { return &q.Until }),
	"happened_since": instant(func(q *event.Query) *time.Time { return &q.HappenedSince }),
	"happened_until": instant(func(q *event.Query) *time.Time { return &q.HappenedUntil }),
	"type": {many: true, set: func(q *event.Query, value string) string {
		if hasOutputPrefix(value) {
			value = string(event.Recorded) // documented elsewhere, never produced here
		}
		if !slices.Contains(event.Types, event.Type(value)) {
			return "is not one of " + typeNames()
		}
		q.Types = append(q.Types, event.Type(value))
		return ""
	}},
	"error": {set: func(q *event.Query, value string) string {
		on, why := truth(value)
		q.Errors = on
		return why
	}},
	"terminal": {set: func(q *event.Query, value string) string {
		on, why := truth(value)
		q.Terminal = &on
		return why
	}},
	"fault": {many: true, set: func(q *event.Query, value string) string {
		if fault.Lookup(value) == nil {
			return "is not a fault of the catalogue"
		}
		q.Faults = append(q.Faults, value)
		return ""
	}},
	"error_code": {many: true, set: func(q *event.Query, value string) string {
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return "is not a number"
		}
		q.Codes = append(q.Codes, int(n))
		return ""
	}},
	"diagnosis": {many: true, set: func(q *event.Query, value string) string {
		if fault.Lookup(value) == nil {
			return "is not a fault of the catalogue; what nobody knows the cause of has confidence \"not known\""
		}
		q.Diagnoses = append(q.Diagnoses, value)
		return ""
	}},
	"confidence": {many: true, set: func(q *event.Query, value string) string {
		word := strings.ReplaceAll(value, "_", " ")
		if !slices.Contains(event.Confidences, word) {
			return "is not one of " + strings.Join(event.Confidences, ", ")
		}
		q.Confidences = append(q.Confidences, word)
		return ""
	}},
	"limit": {set: func(q *event.Query, value string) string {
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > event.MaxLimit {
			return "is not a number from 1 to " + strconv.Itoa(event.MaxLimit)
		}
		q.Limit = n
		return ""
	}},
	"order": {set: func(q *event.Query, value string) string {
		if value != "asc" && value != "desc" {
			return "is neither asc nor desc"
		}
		q.Desc = value == "desc"
		return ""
	}},
}

// hasOutputPrefix tells the types of recordings and streams, as the 100ms server
// API names them, from those of calls.
func hasOutputPrefix(value string) bool {
	return slices.ContainsFunc([]string{"beam.", "recording.", "hls.", "rtmp."}, func(p string) bool { return strings.HasPrefix(value, p) })
}

func text(field func(*event.Query) *string) parameter {
	return parameter{set: func(q *event.Query, value string) string {
		*field(q) = value
		return ""
	}}
}

func instant(field func(*event.Query) *time.Time) parameter {
	return parameter{set: func(q *event.Query, value string) string {
		t, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return "is not a time of RFC 3339, such as 2026-01-31T12:00:00Z"
		}
		*field(q) = t
		return ""
	}}
}

func truth(value string) (on bool, why string) {
	on, err := strconv.ParseBool(value)
	if err != nil {
		return false, "is neither true nor false"
	}
	return on, ""
}

// filters is the query's filters in one canonical text: what a cursor is bound
// to.
func filters(q *event.Query) string {
	v := url.Values{}
	put := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	put("account", q.AccountID)
	put("room_id", q.RoomID)
	put("session_id", q.SessionID)
	put("peer_id", q.PeerID)
	put("user_id", q.UserKey())
	put("beam_id", q.BeamID)
	put("sdk", q.SDK)
	put("os", q.OS)
	var words []string
	for _, t := range q.WantedTypes() {
		words = append(words, string(t))
	}
	put("type", strings.Join(words, " "))
	put("fault", strings.Join(slices.Sorted(slices.Values(q.Faults)), " "))
	for _, c := range slices.Sorted(slices.Values(q.Codes)) {
		v.Add("error_code", strconv.Itoa(c))
	}
	if q.Terminal != nil {
		put("terminal", strconv.FormatBool(*q.Terminal))
	}
	put("diagnosis", strings.Join(slices.Sorted(slices.Values(q.Diagnoses)), " "))
	put("confidence", strings.Join(slices.Sorted(slices.Values(q.Confidences)), ","))
	if q.Diagnosed {
		put("diagnosed", "true")
	}
	for name, t := range map[string]time.Time{"since": q.Since, "until": q.Until, "happened_since": q.HappenedSince, "happened_until": q.HappenedUntil} {
		if !t.IsZero() {
			put(name, strconv.FormatInt(t.UnixNano(), 10))
		}
	}
	if q.Desc {
		put("order", "desc")
	}
	return v.Encode()
}

// Parameters lists the URL parameters that ParseQuery knows.
func Parameters() []string { return slices.Sorted(maps.Keys(parameters)) }
