// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
	chars "github.com/redial-rtc/redial/internal/text"
)

// What is kept of one event, in bytes. Whatever is longer is shortened, or
// left out where half a value would mean nothing, and it is listed in
// Clipped: a report is worth more short than refused.
const (
	maxID          = 256      // ids, names, actions, codes in words
	maxMessage     = 1024     // message of a failure
	maxDescription = 4 << 10  // description of a failure
	maxExtraKey    = 64       //
	maxExtraValue  = 8 << 10  // one of the further fields
	maxExtra       = 16 << 10 // all of them together
	sizeOfEvent    = 512      // what an event costs beside its text, roughly
)

// userName is how much is kept of a name, as long as those that rooms let in.
var userName = chars.Of(256)

// prepare makes an event fit to be stored: known type, an id, bounded fields,
// addresses masked. It fails with fault.FieldInvalid.
func (e *Event) prepare(account string, keepAddresses bool) error {
	if _, known := typeNames[e.Type]; !known {
		return fault.FieldInvalid.New("field", "type", "value", clip(string(e.Type), 64))
	}
	if e.AccountID == "" {
		e.AccountID = account
	}
	if e.Source == "" {
		e.Source = FromServer
	}
	if err := e.identify(); err != nil {
		return err
	}
	e.Diagnosis = nil // nobody brings a verdict along
	e.ownHalves()
	if !keepAddresses {
		e.mask()
	}
	e.limit()
	details, clipped := keepDetails(e.Details, keepAddresses)
	if e.Details = details; e.Server != nil {
		e.Server.Details = details
	}
	if clipped {
		e.Clipped = append(slices.Clone(e.Clipped), Clip{Field: FieldDetails})
	}
	return nil
}

// ownHalves gives the event halves of its own, since the caller's stay as they
// are, and none where it is not from both sides.
func (e *Event) ownHalves() {
	if e.Source != FromBoth || e.Client == nil || e.Server == nil {
		e.Client, e.Server = nil, nil
		return
	}
	c, s := *e.Client, *e.Server
	e.Client, e.Server = &c, &s
	e.Details, e.Evidence = s.Details, cmp.Or(s.Evidence, e.Evidence)
}

// identify gives the event an id: the one its Key stands for, or a new one.
func (e *Event) identify() error {
	if e.ID != "" {
		if uuid.Validate(e.ID) != nil {
			return fault.FieldInvalid.New("field", "id", "reason", "is not a UUID")
		}
		return nil
	}
	if e.Key != "" {
		e.ID = KeyID(e.Key, e.ClientTime)
		return nil
	}
	id, err := uuid.NewV7() // in order of time, so a store's index stays compact
	if err != nil {
		return fault.Internal.Wrap(err)
	}
	e.ID = id.String()
	return nil
}

// mask hides addresses in whatever a client or an error text can put them.
// The agent is left alone: no client puts an address there, and versions look
// like addresses.
func (e *Event) mask() {
	e.Failure.mask()
	e.Action = Mask(e.Action)
	e.Domain = Mask(e.Domain)
	if e.Client != nil {
		e.Client.Failure.mask()
		e.Client.Action = Mask(e.Client.Action)
		e.Server.Failure.mask()
		e.Server.Action = Mask(e.Server.Action)
	}
	var changed map[string]json.RawMessage // the caller's map stays as it is
	for k, v := range e.Extra {
		if !bytes.ContainsAny(v, ".:") {
			continue
		}
		if m := Mask(string(v)); m != string(v) {
			if changed == nil {
				changed = maps.Clone(e.Extra)
			}
			changed[k] = json.RawMessage(m)
		}
	}
	if changed != nil {
		e.Extra = changed
	}
}

func (f *Failure) mask() {
	f.Message = Mask(f.Message)
	f.Description = Mask(f.Description)
	f.Name = Mask(f.Name)
}

func (e *Event) limit() {
	var over []Clip
	shorten := func(side Source, field Field, s *string, max int) {
		if len(*s) > max {
			over = append(over, Clip{Side: side, Field: field})
		} else if utf8.ValidString(*s) {
			return
		}
		*s = clip(*s, max)
	}
	cut := func(field Field, s *string, max int) { shorten("", field, s, max) }
	cut(FieldAccount, &e.AccountID, maxID)
	cut(FieldUser, &e.UserID, maxID)
	if name := userName.Clip(e.UserName); name != e.UserName {
		if len(name) < len(e.UserName) {
			over = append(over, Clip{Field: FieldUserName})
		}
		e.UserName = name
	}
	cut(FieldPeer, &e.PeerID, maxID)
	cut(FieldRoom, &e.RoomID, maxID)
	cut(FieldSession, &e.SessionID, maxID)
	cut(FieldRoomName, &e.RoomName, maxID)
	cut(FieldTemplate, &e.TemplateID, maxID)
	cut(FieldRole, &e.Role, maxID)
	cut(FieldDomain, &e.Domain, maxID)
	words := func(side Source, f *Failure, action *string) {
		shorten(side, FieldAction, action, maxID)
		shorten(side, FieldName, &f.Name, maxID)
		shorten(side, FieldMessage, &f.Message, maxMessage)
		shorten(side, FieldDescription, &f.Description, maxDescription)
	}
	words("", &e.Failure, &e.Action)
	cut(FieldDialect, &e.Dialect, maxID)
	if c, s := e.Client, e.Server; c != nil {
		words(FromClient, &c.Failure, &c.Action)
		shorten(FromClient, FieldDialect, &c.Dialect, maxID)
		shorten(FromClient, FieldFault, &c.Fault, maxID)
		shorten(FromClient, FieldOp, (*string)(&c.Op), maxID)
		words(FromServer, &s.Failure, &s.Action)
		shorten(FromServer, FieldFault, &s.Fault, maxID)
		shorten(FromServer, FieldOp, (*string)(&s.Op), maxID)
	}
	if t := e.Track; t != nil {
		own := *t
		cut(FieldTrack, &own.ID, maxID)
		cut(FieldStream, &own.StreamID, maxID)
		cut(FieldKind, &own.Kind, maxID)
		cut(FieldSource, &own.Source, maxID)
		e.Track = &own
	}
	e.limitExtra(&over)
	if len(over) > 0 {
		e.Clipped = append(slices.Clone(e.Clipped), over...)
	}
}

// limitExtra leaves out what is too large, and whatever is not JSON.
func (e *Event) limitExtra(over *[]Clip) {
	total, bad := 0, false
	for k, v := range e.Extra {
		total += len(k) + len(v)
		bad = bad || len(v) > maxExtraValue || len(k) > maxExtraKey || len(v) == 0
	}
	if total <= maxExtra && !bad {
		return
	}
	kept, size := make(map[string]json.RawMessage, len(e.Extra)), 0
	for _, k := range slices.Sorted(maps.Keys(e.Extra)) {
		v := e.Extra[k]
		if len(k) > maxExtraKey || len(v) == 0 || len(v) > maxExtraValue || size+len(k)+len(v) > maxExtra {
			*over = append(*over, Clip{Key: clip(k, maxExtraKey)})
			continue
		}
		kept[k], size = v, size+len(k)+len(v)
	}
	e.Extra = kept
	if len(*over) > 20 {
		*over = (*over)[:20]
	}
}

// size is what the event costs while it waits, roughly, in bytes.
func (e *Event) size() int {
	n := sizeOfEvent + len(e.Failure.Message) + len(e.Failure.Description) + len(e.Agent.String) + len(e.UserName)
	for k, v := range e.Extra {
		n += len(k) + len(v)
	}
	if c, s := e.Client, e.Server; c != nil {
		n += len(c.Failure.Message) + len(c.Failure.Description) + len(s.Failure.Message) + len(s.Failure.Description)
	}
	if e.Evidence != nil {
		n += evidence.MaxBytes
		for i := range e.Evidence.Notes { // all of them until the record is encoded
			n += e.Evidence.Notes[i].Size()
		}
	}
	for i := range e.Details {
		n += len(e.Details[i].Name) + 2*16
	}
	return n
}

// typeNames holds the types that can be stored.
var typeNames = func() map[Type]bool {
	m := make(map[Type]bool, len(Types))
	for _, t := range Types {
		if t != Recorded {
			m[t] = true
		}
	}
	return m
}()
