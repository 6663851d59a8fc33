// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// CausesFilter says of which time causes are listed; the zero value is the last 24
// whole hours.
type CausesFilter struct {
	Since time.Time `query:"since"`
	Until time.Time `query:"until"`
}

// Causes is what failed within a time, by cause.
type Causes struct {
	Since   time.Time   `json:"since"` // on a whole hour, as told to the server
	Until   time.Time   `json:"until"`
	Bucket  string      `json:"bucket"` // of the trends: "hour" or "day"
	Causes  []Cause     `json:"causes"` // the one with most failures first, up to 100
	Unknown CauseCounts `json:"not_known"`
}

// Cause is what is known of the failures of one cause.
type Cause struct {
	Cause    string        `json:"cause"` // id in the catalogue
	Title    string        `json:"title"`
	FixedBy  []fault.Party `json:"fixed_by"`
	Failures int64         `json:"failures"`
	Users    int64         `json:"users"`
	Before   int64         `json:"before"`     // failures of as long a time before
	New      bool          `json:"new"`        // the record has none from before
	Rising   bool          `json:"rising"`     // there are more than chance would explain
	First    time.Time     `json:"first_seen"` // of all that is on record; zero: none is
	Last     time.Time     `json:"last_seen"`
	Trend    []int64       `json:"trend"` // failures of each bucket
	Muted    *CauseMute    `json:"muted"` // nil: it is not
}

// OneCause is what is known of one cause: [Cause], by which versions it has befallen, and
// what sets its failures apart.
type OneCause struct {
	Since  time.Time `json:"since"` // as in [Causes]
	Until  time.Time `json:"until"`
	Bucket string    `json:"bucket"`
	Cause
	Versions []ShareOfTries `json:"versions"` // of SDKs, those with most failures first, up to 20
	Apart    CauseApart     `json:"apart"`
}

// CauseApart compares the tries that failed for a cause with all tries to be in a room.
type CauseApart struct {
	Since    time.Time      `json:"since"`      // later than that of the cause where only the latest 1,000 failures are compared
	Failures int64          `json:"failures"`   // that are compared
	Provoked int64          `json:"provoked"`   // that are left out, as they were provoked
	Failed   int64          `json:"failed"`     // tries of those failures
	Tries    int64          `json:"tries"`      // all
	Values   []ShareOfTries `json:"stands_out"` // more than chance explains, the most striking first; none: nothing stands out
}

// ShareOfTries is how many tries have a value.
type ShareOfTries struct {
	By     string `json:"by"` // "sdk_version", "browser", "os", "role", "template" or "room"
	Value  string `json:"value"`
	Failed int64  `json:"failed"` // tries that failed for the cause
	Tries  int64  `json:"tries"`  // of all tries
}

// CauseCounts is the failures whose verdict names no cause.
type CauseCounts struct {
	Failures int64 `json:"failures"`
	Users    int64 `json:"users"`
}

// CauseMute is a mute that lasts.
type CauseMute struct {
	Until *time.Time `json:"until"` // nil: until Above
	Above int64      `json:"above"` // failures within 24 hours that end it; 0: until Until
	SetAt time.Time  `json:"set_at"`
	SetBy string     `json:"set_by"` // access key and jti of the token
}

// Annotations is what was changed within a time.
type Annotations struct {
	Since       time.Time    `json:"since"`
	Until       time.Time    `json:"until"`
	Annotations []Annotation `json:"annotations"` // the oldest first, the latest 1,000
}

// Annotation is something that was changed, which may explain what came after.
type Annotation struct {
	At   time.Time      `json:"at"`
	Kind string         `json:"kind"` // "start", "settings" or "injection"
	Data map[string]any `json:"data"`
}

// Causes lists causes. It fails with [fault.FieldInvalid].
func (c Diagnoses) Causes(ctx context.Context, f CausesFilter) (Causes, error) {
	return fetch[Causes](ctx, c, get("/api/v1/causes").where(parameters(f)))
}

// Cause tells of one cause. It fails with [fault.CatalogueUnknown] and
// [fault.FieldInvalid].
func (c Diagnoses) Cause(ctx context.Context, cause string, f CausesFilter) (OneCause, error) {
	path, err := at("/api/v1/causes/", cause)
	if err != nil {
		return OneCause{}, err
	}
	return fetch[OneCause](ctx, c, get(path).where(parameters(f)))
}

// MuteCause mutes a cause until a time, or, for the zero time, until its failures of 24
// hours are twice those of now: [fault.CatalogueUnknown], [fault.FieldInvalid].
func (c Diagnoses) MuteCause(ctx context.Context, cause string, until time.Time) (CauseMute, error) {
	path, err := at("/api/v1/causes/", cause, "/mute")
	if err != nil {
		return CauseMute{}, err
	}
	in := struct {
		Until   time.Time `json:"until,omitzero"`
		Doubles bool      `json:"until_doubles,omitempty"`
	}{until, until.IsZero()}
	return fetch[CauseMute](ctx, c, request{method: http.MethodPut, path: path, in: in})
}

// UnmuteCause ends a mute. To end none is no error. It fails with
// [fault.CatalogueUnknown].
func (c Diagnoses) UnmuteCause(ctx context.Context, cause string) error {
	path, err := at("/api/v1/causes/", cause, "/mute")
	if err != nil {
		return err
	}
	return c.call(ctx, remove(path).repeatable(), nil)
}

// Annotations lists what was changed: starts of the server with their version, settings,
// injections. It fails with [fault.FieldInvalid].
func (c Diagnoses) Annotations(ctx context.Context, f CausesFilter) (Annotations, error) {
	return fetch[Annotations](ctx, c, get("/api/v1/annotations").where(parameters(f)))
}
