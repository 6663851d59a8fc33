// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/body"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/token"
)

// Limits of a batch.
const (
	maxBatch     = 1000    // items
	maxBatchBody = 4 << 20 // bytes
)

// What became of an item.
const (
	itemStored    = "stored"    // a new event, on disk
	itemDuplicate = "duplicate" // on disk already, from an earlier report of the same occurrence
	itemMerged    = "merged"    // on disk, as part of the event in which the server saw the same failure
	itemIgnored   = "ignored"   // understood, and nothing that is kept
	itemRefused   = "refused"
)

// batchItem is the outcome of one item.
type batchItem struct {
	Index   int        `json:"index"`
	Outcome string     `json:"outcome"`
	ID      string     `json:"id,omitempty"` // finds the event
	Fault   *itemFault `json:"fault,omitempty"`
}

// itemFault says why an item is refused, and Field where.
type itemFault struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Reason  string `json:"reason,omitempty"`
	Limit   string `json:"limit,omitempty"`       // the setting of a quota it is beyond
	Wait    int64  `json:"retry_after,omitempty"` // seconds
}

// batchBody is the answer of POST /api/v1/events.
type batchBody struct {
	Stored    int         `json:"stored"`
	Duplicate int         `json:"duplicate"`
	Merged    int         `json:"merged"`
	Ignored   int         `json:"ignored"`
	Refused   int         `json:"refused"`
	Items     []batchItem `json:"items"`
}

// batch takes many reports at once. Each stands for itself: a bad one is
// refused, and the others are on disk when the reply is written.
func (e *Events) batch(c *Call) (any, error) {
	claims, managed, err := e.batchReporter(c)
	if err != nil {
		return nil, err
	}
	raw, err := c.bytes() // an item that is not UTF-8 breaks no other
	if err != nil {
		return nil, err
	}
	items, err := split(raw, c.Request.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	reader := batchReader{e: e, c: c, claims: claims, managed: managed, rooms: map[string]event.Subject{}}
	body := batchBody{Items: make([]batchItem, len(items))}
	events := make([]event.Event, 0, len(items))
	asked := make([]int, 0, len(items)) // which items they are
	for i, raw := range items {
		item := &body.Items[i]
		found, err := reader.read(raw)
		switch {
		case err != nil && !mendable(err):
			return nil, err
		case err != nil:
			item.refuse(err)
			body.Refused++
		case found == nil:
			item.Outcome = itemIgnored
			body.Ignored++
		default:
			item.ID = found.ID
			events, asked = append(events, *found), append(asked, i)
		}
		item.Index = i
	}
	if len(events) > 0 {
		if err := e.storeInjected(events); err != nil {
			return nil, busy(err)
		}
		outcomes, err := e.cfg.Recorder.KeepReported(c.Context(), event.Reporter{Token: claims.Digest, Managed: managed}, events...)
		if err != nil {
			return nil, busy(err)
		}
		refused := 0
		for n, o := range outcomes {
			item := &body.Items[asked[n]]
			if o.State == event.Refused {
				item.ID = ""
				item.refuse(o.Err)
				body.Refused++
				refused++
				continue
			}
			body.stored(item, o.State)
		}
		if refused == len(items) {
			return nil, outcomes[0].Err // there is nothing else to tell
		}
	}
	return body, nil
}

// stored notes what became of an item that was handed to the store.
func (b *batchBody) stored(item *batchItem, state event.State) {
	switch state {
	case event.Stored:
		item.Outcome = itemStored
		b.Stored++
	case event.Duplicate:
		item.Outcome = itemDuplicate
		b.Duplicate++
	case event.Merged:
		item.Outcome = itemMerged
		b.Merged++
	}
}

// batchReporter checks who reports, with a token of either kind.
func (e *Events) batchReporter(c *Call) (claims token.Claims, managed bool, err error) {
	claims, err = e.reporter(c)
	if !errors.Is(err, fault.TokenKind) {
		return claims, false, err
	}
	claims, err = c.Verify(token.Management)
	return claims, true, err
}

// mendable tells a bad item from a server in trouble.
func mendable(err error) bool {
	for _, k := range []*fault.Kind{fault.FieldInvalid, fault.FieldMissing, fault.BodyInvalid, fault.BodyTooLarge, fault.TokenRoomMismatch} {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

func (b *batchItem) refuse(err error) {
	f := clipped(fault.From(err, fault.OpReport))
	b.Outcome = itemRefused
	b.Fault = &itemFault{ID: f.Kind.ID, Message: f.Safe()}
	b.Fault.Field, _ = f.Detail("field").(string)
	b.Fault.Reason, _ = f.Detail("reason").(string)
	b.Fault.Limit, _ = f.Detail("limit").(string)
	b.Fault.Wait, _ = f.Detail("retry_after_seconds").(int64)
}

// split takes a body apart: a JSON array, one JSON object, or one on each line.
func split(raw []byte, mediaType string) ([]json.RawMessage, error) {
	var items []json.RawMessage
	kind, _, _ := mime.ParseMediaType(mediaType)
	raw = bytes.TrimSpace(raw)
	switch {
	case kind != ndjson && bytes.HasPrefix(raw, []byte("[")):
		if err := json.Unmarshal(raw, &items); err != nil {
			return nil, fault.BodyInvalid.Wrap(err, "reason", "it is not JSON")
		}
	case kind != ndjson && json.Valid(raw):
		items = append(items, raw)
	default:
		for line := range bytes.Lines(raw) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				items = append(items, line)
			}
			if len(items) > maxBatch {
				break
			}
		}
	}
	if len(items) > maxBatch {
		return nil, fault.BodyTooLarge.New("limit_reports", maxBatch)
	}
	return items, nil
}

// batchReader reads the items of one caller.
type batchReader struct {
	e       *Events
	c       *Call
	claims  token.Claims
	managed bool
	rooms   map[string]event.Subject // what is known of the rooms that were named
}

// read gives the event of an item, or nil when it is nothing that is kept.
func (r *batchReader) read(raw json.RawMessage) (*event.Event, error) {
	if err := body.WantUTF8(raw); err != nil {
		return nil, err
	}
	var shape struct {
		Type  *json.RawMessage `json:"type"`
		Event *json.RawMessage `json:"event"`
		Peer  struct {
			RoomID string `json:"room_id"`
			UserID string `json:"user_id"`
			Role   string `json:"role"`
		} `json:"peer"`
	}
	if err := json.Unmarshal(raw, &shape); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return nil, fault.FieldInvalid.New("field", wrong.Field, "want", wanted(wrong.Type.Kind().String()))
		}
		return nil, fault.BodyInvalid.New("reason", "it is not a JSON object")
	}
	if shape.Type != nil && shape.Event == nil {
		return r.whole(raw)
	}
	subject := event.Subject{AccountID: r.claims.Account, UserID: r.claims.UserID, UserProof: r.claims.UserProof, RoomID: r.claims.RoomID, Role: r.claims.Role}
	if r.managed {
		subject.UserProof = event.ProofToken // the backend says so
		subject.UserID, subject.RoomID, subject.Role = shape.Peer.UserID, shape.Peer.RoomID, shape.Peer.Role
	}
	if err := r.describe(&subject); err != nil {
		return nil, err
	}
	role := subject.Role
	subject.Role = "" // what the report says of it is looked at
	list, err := report.HTTP(raw, r.c.Request.Header.Get("user_agent_v2"), subject)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	found := &list[0]
	found.Role = cmp.Or(found.Role, role)
	if found.Key != "" {
		found.ID = event.KeyID(found.Key, found.ClientTime)
	} else {
		found.ID = uuid.NewString()
	}
	return found, r.bind(found)
}

// bind holds the report of a client to what its token proves; a backend may say
// what it likes of its own rooms.
func (r *batchReader) bind(found *event.Event) error {
	if r.managed {
		return nil
	}
	return r.e.bind(r.c, r.claims, found)
}

// describe adds what is known of a room.
func (r *batchReader) describe(s *event.Subject) error {
	if s.RoomID == "" {
		return nil
	}
	known, ok := r.rooms[s.RoomID]
	if !ok {
		switch m, err := r.e.cfg.Registry.RoomNames(r.c.Context(), s.RoomID); {
		case err == nil:
			known.RoomName, known.TemplateID = m.Name, m.TemplateID
		case !errors.Is(err, fault.RoomNotFound) && !errors.Is(err, fault.FieldInvalid):
			return err
		}
		r.rooms[s.RoomID] = known
	}
	s.RoomName, s.TemplateID = cmp.Or(known.RoomName, s.RoomName), cmp.Or(known.TemplateID, s.TemplateID)
	return nil
}

// whole reads an event in the shape in which this API gives events. A client
// can tell of failures of its own, and of nothing that only the server knows.
func (r *batchReader) whole(raw json.RawMessage) (*event.Event, error) {
	var found event.Event
	if err := eventjson.Decode(raw, &found); err != nil {
		return nil, fault.FieldInvalid.Wrap(err, "field", "data", "reason", "cannot be read as an event")
	}
	bad := func(field, reason string) error { return fault.FieldInvalid.New("field", field, "reason", reason) }
	switch {
	case found.Type == event.Recorded || !slices.Contains(event.Types, found.Type):
		return nil, bad("type", "is not a type of event that is stored")
	case !r.managed && !found.Type.IsError():
		return nil, bad("type", "is told by the server alone")
	case found.ID != "" && uuid.Validate(found.ID) != nil:
		return nil, bad("id", "is not a UUID")
	case found.Fault != "" && fault.Lookup(found.Fault) == nil:
		return nil, bad("redial.fault", "is not a fault of the catalogue")
	}
	if found.ID == "" {
		found.ID = uuid.NewString()
	} else {
		found.Key = "event\x00" + r.claims.Account + "\x00" + found.ID
	}
	found.AccountID, found.Seq = r.claims.Account, 0
	if found.Track == nil && !found.Type.IsError() {
		return nil, bad("data.track_id", "is missing")
	}
	if r.managed {
		if found.Time.After(time.Now()) {
			return nil, bad("timestamp", "lies in the future")
		}
		switch found.Source {
		case event.FromClient, event.FromServer, event.FromBoth:
		case "":
			found.Source = event.FromClient
		default:
			return nil, bad("redial.source", "is not one of client, server, both")
		}
		if found.UserProof == "" && found.UserID != "" {
			found.UserProof = event.ProofToken
		} else if found.UserProof != "" && !slices.Contains(event.Proofs, found.UserProof) {
			return nil, bad("redial.user_id_proof", "is not one of "+strings.Join(event.Proofs, ", "))
		}
		return &found, r.describe(&found.Subject)
	}
	if found.RoomID != "" && found.RoomID != r.claims.RoomID {
		return nil, fault.TokenRoomMismatch.New("field", "data.room_id")
	}
	if found.UserID != "" && found.UserID != r.claims.UserID {
		return nil, bad("data.user_id", "is not the user of the token")
	}
	if found.ClientTime.IsZero() {
		found.ClientTime = found.Time
	}
	found.Time, found.Source, found.Fault, found.Injected = time.Time{}, event.FromClient, "", false
	found.Client, found.Server, found.Details, found.Evidence = nil, nil, nil, nil
	found.Happened, found.HappenedError = time.Time{}, 0
	found.UserProof = r.claims.UserProof
	found.RoomID, found.UserID = r.claims.RoomID, r.claims.UserID
	if err := r.describe(&found.Subject); err != nil {
		return nil, err
	}
	return &found, r.bind(&found)
}
