// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/evidence"
)

// CaseVersion is the version of [Case] that this program writes.
const CaseVersion = 1

// Limits of a case.
const (
	MaxNear      = 32        // other failures of the same peer
	MaxAround    = 32        // failures of other peers
	MaxFacts     = 64        // facts of a client in one half
	MaxDetails   = 64        // details in one half
	MaxCaseBytes = 512 << 10 // of JSON
)

// How far from the failure its neighbours may be, either way.
const (
	NearWithin   = 2 * time.Minute  // of the same peer
	AroundWithin = 10 * time.Second // of other peers
)

// Case is a failure and what is near it: all that a verdict rests on.
type Case struct {
	V       int       `json:"v"`
	At      time.Time `json:"at,omitzero"` // when it was put together
	Failure Failure   `json:"failure"`
	Near    []Failure `json:"near,omitempty"`   // of the same peer, by time; at most [MaxNear]
	Around  []Failure `json:"around,omitempty"` // of other peers of the server, by time; at most [MaxAround]
	Window  bool      `json:"window"`           // [NearWithin] has passed since the failure, so that both halves had their time
}

// Failure is one failure as it is recorded.
type Failure struct {
	ID       string    `json:"id"`
	Fault    string    `json:"fault,omitempty"` // canonical id; "" when nothing in the catalogue fits
	Op       fault.Op  `json:"op,omitempty"`
	Type     string    `json:"type"`              // "connect", "join", "publish", "subscribe" or "disconnect"
	At       time.Time `json:"at"`                // when the server took it
	Happened time.Time `json:"happened,omitzero"` // when it happened, as well as that is known; zero for At

	// Whom it is about. The texts are compared and never read.
	Peer    string `json:"peer,omitempty"`
	User    string `json:"user,omitempty"`
	Claimed bool   `json:"user_claimed,omitempty"` // nobody but the client says that it is this user
	Room    string `json:"room,omitempty"`
	Session string `json:"session,omitempty"`

	Terminal bool             `json:"terminal,omitempty"` // the client gave up
	Injected bool             `json:"injected,omitempty"` // provoked on purpose
	Client   *Half            `json:"client,omitempty"`   // nil: it said nothing
	Server   *Half            `json:"server,omitempty"`   // the same
	Evidence *evidence.Record `json:"evidence,omitempty"` // what the server knew

	Asked []evidence.Asked `json:"asked,omitempty"` // what browsers found that were asked later, the oldest first; at most [evidence.MaxAsked]
}

// Half is what one side told of a failure.
type Half struct {
	Fault    string         `json:"fault,omitempty"` // canonical id
	Op       fault.Op       `json:"op,omitempty"`
	Terminal bool           `json:"terminal,omitempty"`
	At       time.Time      `json:"at,omitzero"`   // when this side says it happened
	Told     time.Time      `json:"told,omitzero"` // when the server took it; zero for the time of the failure
	Details  []fault.Detail `json:"details,omitempty"`

	// Facts are what a client knew, by their documented names. The server has
	// none: what it knew is the evidence.
	Facts map[string]json.RawMessage `json:"facts,omitempty"`
}

// Spoke tells whether a side told of the failure itself: not so a client of which only
// its device told what it knew.
func (h *Half) Spoke() bool {
	if h == nil {
		return false
	}
	_, device := h.Facts["witness"]
	return !device || len(h.Facts) > 1 || h.Fault != "" || h.Op != ""
}

// When is when the failure happened.
func (f *Failure) When() time.Time {
	if f.Happened.IsZero() {
		return f.At
	}
	return f.Happened
}

// Read reads a case that somebody exported. Members that this program does not
// know are passed over. It fails with fault.BodyTooLarge, fault.BodyInvalid and
// fault.FieldInvalid, which name the limit or the member.
func Read(data []byte) (*Case, error) {
	if len(data) > MaxCaseBytes {
		return nil, fault.BodyTooLarge.New("limit_bytes", MaxCaseBytes)
	}
	var c Case
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fault.BodyInvalid.Wrap(err, "reason", "it is not the JSON of a case")
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return &c, nil
}

func (c *Case) check() error {
	switch {
	case c.V < 1:
		return fault.FieldInvalid.New("field", "v", "want", "1 or more: is this an exported case?")
	case c.V > CaseVersion:
		return fault.FieldInvalid.New("field", "v", "value", c.V, "want", "at most 1: a newer program wrote this case")
	case len(c.Near) > MaxNear:
		return fault.FieldInvalid.New("field", "near", "max_items", MaxNear)
	case len(c.Around) > MaxAround:
		return fault.FieldInvalid.New("field", "around", "max_items", MaxAround)
	}
	if err := c.Failure.check("failure"); err != nil {
		return err
	}
	for i := range c.Near {
		if err := c.Near[i].check("near"); err != nil {
			return err
		}
	}
	for i := range c.Around {
		if err := c.Around[i].check("around"); err != nil {
			return err
		}
	}
	return nil
}

// types of failures.
var types = []string{"connect", "join", "publish", "subscribe", "disconnect"}

func (f *Failure) check(where string) error {
	switch {
	case f.ID == "":
		return fault.FieldInvalid.New("field", where+".id", "want", "the id of the event")
	case !slices.Contains(types, f.Type):
		return fault.FieldInvalid.New("field", where+".type", "want", types)
	case f.At.IsZero():
		return fault.FieldInvalid.New("field", where+".at", "want", "the time of the event")
	}
	for name, h := range map[string]*Half{"client": f.Client, "server": f.Server} {
		switch {
		case h == nil:
		case len(h.Details) > MaxDetails:
			return fault.FieldInvalid.New("field", where+"."+name+".details", "max_items", MaxDetails)
		case len(h.Facts) > MaxFacts:
			return fault.FieldInvalid.New("field", where+"."+name+".facts", "max_items", MaxFacts)
		}
	}
	if len(f.Asked) > evidence.MaxAsked {
		return fault.FieldInvalid.New("field", where+".asked", "max_items", evidence.MaxAsked)
	}
	for i := range f.Asked {
		if len(f.Asked[i].Servers) > evidence.MaxAskedServers {
			return fault.FieldInvalid.New("field", where+".asked.servers", "max_items", evidence.MaxAskedServers)
		}
	}
	if r := f.Evidence; r != nil {
		for _, list := range []struct {
			name string
			n    int
			max  int
		}{
			{"notes", len(r.Notes), evidence.MaxNotes}, {"same_user", len(r.Same), evidence.MaxSeats}, {"reach", len(r.Reach), evidence.MaxReach},
		} {
			if list.n > list.max {
				return fault.FieldInvalid.New("field", where+".evidence."+list.name, "max_items", list.max)
			}
		}
	}
	return nil
}
