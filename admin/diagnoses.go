// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"time"
)

// Diagnosis is one failure and why it happened; docs/why.md says what each field
// means.
type Diagnosis struct {
	Failure Failure `json:"failure"`
	Verdict Verdict `json:"verdict"` // by the rules of now

	// Kept is the verdict that was given when both sides had had their time, by the
	// rules of then; nil where none was.
	Kept *EventDiagnosis `json:"kept,omitempty"`

	// Asked is what browsers found that were asked afterwards, the oldest first, and
	// Before the verdict without it: see [Diagnoses.Ask].
	Asked  []Asked        `json:"asked,omitempty"`
	Before *VerdictBefore `json:"before,omitempty"`

	// Told is when what is known came to be on record, of one failure; AsKnownAt is the
	// moment that was asked for.
	Told      []Moment  `json:"told,omitempty"`
	AsKnownAt time.Time `json:"as_known_at,omitzero"`

	// Case is what the verdict was told from, of [Diagnoses.Export] only.
	Case json.RawMessage `json:"case,omitempty"`
}

// Failure is a failure as somebody knows it who was there: who, where and when.
type Failure struct {
	ID       string      `json:"id"`       // of the event
	At       time.Time   `json:"at"`       // when the server took it
	Happened time.Time   `json:"happened"` // when it happened
	Type     string      `json:"type"`     // see EventTypes
	Fault    string      `json:"fault,omitempty"`
	Op       string      `json:"op,omitempty"`
	Source   EventSource `json:"source"` // who told of it
	Terminal bool        `json:"terminal"`
	Injected bool        `json:"injected"` // provoked on purpose
	Room     string      `json:"room_id,omitempty"`
	RoomName string      `json:"room_name,omitempty"`
	Session  string      `json:"session_id,omitempty"`
	Peer     string      `json:"peer_id,omitempty"`
	User     string      `json:"user_id,omitempty"` // the app's own id
	UserName string      `json:"user_name,omitempty"`
	Role     string      `json:"role,omitempty"`
	Short    string      `json:"reference"` // what the person's page may have shown, as "K7Q-2MF"
}

// Confidence is how sure a verdict is.
type Confidence string

// The words of confidence, the surest first.
const (
	Proven   Confidence = "proven"    // everything it needs holds, and nothing else can be
	Likely   Confidence = "likely"    // nothing speaks against it, but something is not known
	Possible Confidence = "possible"  // several causes fit: see Verdict.Rivals
	NotKnown Confidence = "not known" // no cause fits what is known: see Verdict.Missing
)

// Verdict is why a failure happened.
type Verdict struct {
	Event      string     `json:"event"`           // the failure
	Cause      string     `json:"cause,omitempty"` // id in the catalogue; "" for one that is not known
	Confidence Confidence `json:"confidence"`
	Rules      string     `json:"rules"` // version of the rules
	Says       string     `json:"says"`  // a sentence or two

	Because   []VerdictFact     `json:"because,omitempty"`    // what it rests on
	Not       []VerdictExcluded `json:"not,omitempty"`        // causes that were excluded
	RefutedBy []string          `json:"refuted_by,omitempty"` // what would show it to be wrong
	Missing   []VerdictMissing  `json:"missing,omitempty"`    // what was not known and would decide
	Rivals    []VerdictRival    `json:"rivals,omitempty"`     // other causes that fit
	Do        []VerdictAdvice   `json:"do,omitempty"`
	Follows   []string          `json:"follows,omitempty"` // failures that are consequences of this one
	Leads     string            `json:"leads,omitempty"`   // the failure that this one is a consequence of
	Injected  bool              `json:"injected,omitempty"`
}

// VerdictFact is something that is known.
type VerdictFact struct {
	Fact  string    `json:"fact"`           // its name
	Value any       `json:"value"`          // a text, a number or a truth
	From  string    `json:"from"`           // who says so: "server" or "client"
	At    time.Time `json:"at,omitzero"`    // when it was so
	Says  string    `json:"says,omitempty"` // the same in words
}

// VerdictExcluded is a cause that cannot be.
type VerdictExcluded struct {
	Cause   string `json:"cause"`
	Because string `json:"because"`
}

// VerdictMissing is a fact that is not known.
type VerdictMissing struct {
	Fact string `json:"fact"`
	How  string `json:"how"` // how to have it next time
}

// VerdictRival is another cause that fits as well.
type VerdictRival struct {
	Cause   string `json:"cause"`
	Says    string `json:"says"`
	Decides string `json:"decides,omitempty"` // what would tell it from the first
}

// VerdictAdvice is what one party can do.
type VerdictAdvice struct {
	Who  string `json:"who"` // "user", "app", "operator" or "vendor"
	Text string `json:"text"`
}

// DiagnosisFilter chooses failures. Everything that is set must match.
type DiagnosisFilter struct {
	Room      string    `query:"room"`          // by its name, or its id
	RoomID    string    `query:"room_id"`       // in the place of Room
	User      string    `query:"user"`          // by id, or by the display name or a part of it
	UserID    string    `query:"user_id"`       // in the place of User
	UserProof string    `query:"user_id_proof"` // of UserID: token, code or none; "" is token
	Reference string    `query:"reference"`     // what the person's page showed; not with User
	PeerID    string    `query:"peer_id"`
	SessionID string    `query:"session_id"`
	Types     []string  `query:"type"`       // see EventTypes
	Faults    []string  `query:"fault"`      // ids in the catalogue
	Causes    []string  `query:"diagnosis"`  // of the verdicts that are kept: ids in the catalogue
	Confident []string  `query:"confidence"` // how sure these are: see EventDiagnosis
	Terminal  *bool     `query:"terminal"`
	Since     time.Time `query:"since"`       // taken at or after
	Until     time.Time `query:"until"`       // taken before
	AsKnownAt time.Time `query:"as_known_at"` // as the record was then: without what was told later
	Order     Order     `query:"order"`       // "" is NewestFirst here
	Limit     int       `query:"limit"`       // of a page, 1 to 50; 0: 10
	Start     string    `query:"start"`       // Next of the page before; not with User and Reference
}

// DiagnosisPage is one page of the failures that matched when the first page was
// asked for. With [DiagnosisFilter].User or Reference it is the only one, and Total is
// of the failures that were looked at.
type DiagnosisPage struct {
	Limit     int         `json:"limit"` // failures of this page
	Total     int         `json:"total"` // failures of all pages
	Next      string      `json:"next"`  // Start of the next page; "" on the last one
	Diagnoses []Diagnosis `json:"diagnoses"`
}

// maxDiagnoses is the largest page of diagnoses.
const maxDiagnoses = 50

// List explains the failures of a filter, the newest first: [fault.FieldInvalid].
func (c Diagnoses) List(ctx context.Context, f DiagnosisFilter) (DiagnosisPage, error) {
	return fetch[DiagnosisPage](ctx, c, get("/api/v1/diagnoses").where(parameters(f)))
}

// All yields every failure of a filter, explained, page by page, until the first
// error.
func (c Diagnoses) All(ctx context.Context, f DiagnosisFilter) iter.Seq2[Diagnosis, error] {
	if f.Limit == 0 {
		f.Limit = maxDiagnoses
	}
	return all(ctx, f.Start, func(ctx context.Context, start string) ([]Diagnosis, string, error) {
		f.Start = start
		p, err := c.List(ctx, f)
		return p.Diagnoses, p.Next, err
	})
}

// Get explains the failure with this id: [fault.EventNotFound].
func (c Diagnoses) Get(ctx context.Context, event string) (Diagnosis, error) {
	return c.diagnosis(ctx, event, "")
}

// Export is Get with the case: what the verdict was told from, which
// [Diagnoses.Explain] and "redial why FILE" read: [fault.EventNotFound].
func (c Diagnoses) Export(ctx context.Context, event string) (Diagnosis, error) {
	return c.diagnosis(ctx, event, "?case=true")
}

func (c Diagnoses) diagnosis(ctx context.Context, event, query string) (Diagnosis, error) {
	path, err := at("/api/v1/events/", event, "/diagnosis")
	if err != nil {
		return Diagnosis{}, err
	}
	return fetch[Diagnosis](ctx, c, get(path+query))
}

// AsKnownAt is Get as the record was at a moment: without what was told later. It fails
// with [fault.EventNotFound], and with [fault.FieldInvalid] for a moment at which the
// failure was not on record.
func (c Diagnoses) AsKnownAt(ctx context.Context, event string, at time.Time) (Diagnosis, error) {
	return c.diagnosis(ctx, event, "?as_known_at="+at.UTC().Format(time.RFC3339Nano))
}

// Explain gives the verdict on a case that was exported, here or elsewhere. Safe to
// repeat. It fails with [fault.BodyInvalid], [fault.FieldInvalid] and
// [fault.BodyTooLarge].
func (c Diagnoses) Explain(ctx context.Context, exported json.RawMessage) (Verdict, error) {
	reply, err := fetch[struct {
		Verdict Verdict `json:"verdict"`
	}](ctx, c, post("/api/v1/diagnoses", exported).repeatable())
	return reply.Verdict, err
}

// Share is a link to the page about a failure: in plain language, without ids and
// addresses, for whoever has the link.
type Share struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Share makes a link to the page about a failure, good for a number of days, 1 to 90;
// 0 is 7. It cannot be taken back but with the failure itself. It fails with
// [fault.EventNotFound] and [fault.FieldInvalid].
func (c Diagnoses) Share(ctx context.Context, event string, days int) (Share, error) {
	path, err := at("/api/v1/events/", event, "/share")
	if err != nil {
		return Share{}, err
	}
	in := map[string]int{}
	if days != 0 {
		in["days"] = days
	}
	return fetch[Share](ctx, c, post(path, in).repeatable())
}

// EndShare takes a link back before its time, by its address. To take one back twice is
// no error. It fails with [fault.EventNotFound] for what is no link of the account.
func (c Diagnoses) EndShare(ctx context.Context, url string) error {
	path, err := at("/api/v1/shares/", url[strings.LastIndexByte(url, '/')+1:])
	if err != nil {
		return err
	}
	return c.call(ctx, remove(path).repeatable(), nil)
}
