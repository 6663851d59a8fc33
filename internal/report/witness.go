// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/text"
)

// Limits of a report of a witness.
const (
	MaxWitnessBody  = 16 << 10 // bytes
	MaxWitnessPaths = 16       // credentials that one report shows
)

// Credential is the ICE user name and password that a client was told for the
// server's end of a media connection (RFC 8839, section 5.4).
type Credential struct {
	Ufrag string `json:"ufrag"`
	Pwd   string `json:"pwd"`
}

// witnessBody is the body of POST /api/v1/witness. Times are milliseconds since 1970
// by the client's clock. The members of facts are those of evidence.Witness.
type witnessBody struct {
	Sent        float64      `json:"sent"`
	By          string       `json:"by"`
	Credentials []Credential `json:"credentials"`
	Facts       *struct {
		Page        string            `json:"page"`
		Loaded      float64           `json:"loaded"`
		Secure      *bool             `json:"secure_context"`
		Framed      *bool             `json:"framed"`
		Policy      map[string]bool   `json:"policy"`
		Permissions map[string]string `json:"permissions"`
		Online      *bool             `json:"online"`
		Network     string            `json:"network"`
		Visibility  string            `json:"visibility"`
		Lifecycle   []witnessMoment   `json:"lifecycle"`
		Live        *evidence.Live    `json:"live"`
		Captures    []witnessCapture  `json:"captures"`
		Paths       []witnessPath     `json:"paths"`
	} `json:"facts"`
}

type witnessCapture struct {
	Kind  string  `json:"kind"`
	Error string  `json:"error"`
	Text  string  `json:"text"`
	After float64 `json:"after_ms"`
	At    float64 `json:"at"`
}

type witnessPath struct {
	State    string            `json:"state"`
	ICE      string            `json:"ice"`
	Protocol string            `json:"protocol"`
	Relay    string            `json:"relay"`
	Local    string            `json:"local"`
	Found    *evidence.Found   `json:"found"`
	Servers  *evidence.Servers `json:"servers"`
	Errors   []witnessError    `json:"errors"`
	Changes  []witnessMoment   `json:"changes"`
}

type witnessError struct {
	URL   string  `json:"url"`
	Code  int     `json:"code"`
	Text  string  `json:"text"`
	Count int     `json:"count"`
	At    float64 `json:"at"`
}

type witnessMoment struct {
	What string  `json:"what"`
	At   float64 `json:"at"`
}

// What is kept of one text, in bytes.
const (
	maxWitnessWord = 32 // a state, a kind, a name
	maxWitnessText = 120
	maxWitnessURL  = 100

	maxWitnessAfter = 3_600_000 // milliseconds
)

// Witness reads what a client's own device tells, at the time it came: the
// credentials that it shows, and the facts, bounded, without addresses and with
// times by the server's clock. Of lists that are too long the latest are kept. It fails
// with fault.BodyTooLarge, fault.BodyInvalid, fault.FieldMissing and
// fault.FieldInvalid.
func Witness(body []byte, now time.Time) ([]Credential, evidence.Witness, error) {
	none := evidence.Witness{}
	if len(body) > MaxWitnessBody {
		return nil, none, fault.BodyTooLarge.New("limit_bytes", MaxWitnessBody)
	}
	var b witnessBody
	if err := json.Unmarshal(body, &b); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			if wrong.Field == "" {
				return nil, none, fault.BodyInvalid.New("reason", "it is not a JSON object")
			}
			return nil, none, fault.FieldInvalid.New("field", wrong.Field, "reason", "is of another type than is documented")
		}
		return nil, none, fault.BodyInvalid.Wrap(err, "reason", "it is not JSON")
	}
	switch {
	case len(b.Credentials) == 0:
		return nil, none, fault.FieldMissing.New("field", "credentials")
	case len(b.Credentials) > MaxWitnessPaths:
		return nil, none, fault.FieldInvalid.New("field", "credentials", "max_items", MaxWitnessPaths)
	case b.Facts == nil:
		return nil, none, fault.FieldMissing.New("field", "facts")
	case !inRange(int64(b.Sent)):
		return nil, none, fault.FieldInvalid.New("field", "sent", "reason", "is not a time in milliseconds")
	}
	return b.Credentials, b.witness(now), nil
}

// latest converts the last of a list.
func latest[F, T any](list []F, most int, convert func(*F) T) []T {
	list = list[max(0, len(list)-most):]
	if len(list) == 0 {
		return nil
	}
	kept := make([]T, len(list))
	for i := range list {
		kept[i] = convert(&list[i])
	}
	return kept
}

// short is a text of a client's that fits, without addresses.
func short(s string, most int) string { return event.Mask(text.Clip(s, most)) }

func word(s string) string { return short(s, maxWitnessWord) }

// witnessClock converts times of a client's clock to those of ours.
type witnessClock struct{ offset int64 }

func (c witnessClock) time(ms float64) time.Time {
	if !inRange(int64(ms)) || !inRange(int64(ms)+c.offset) {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms) + c.offset).UTC()
}

func (c witnessClock) moment(m *witnessMoment) evidence.Moment {
	return evidence.Moment{What: word(m.What), At: c.time(m.At)}
}

func (c witnessClock) capture(f *witnessCapture) evidence.Capture {
	return evidence.Capture{Kind: word(f.Kind), Error: word(f.Error), Text: short(f.Text, maxWitnessText), After: int64(min(max(f.After, 0), maxWitnessAfter)), At: c.time(f.At)}
}

func (c witnessClock) failed(e *witnessError) evidence.CandidateError {
	return evidence.CandidateError{URL: short(e.URL, maxWitnessURL), Code: e.Code, Text: short(e.Text, maxWitnessText), Count: e.Count, At: c.time(e.At)}
}

func (c witnessClock) path(p *witnessPath) evidence.WitnessPath {
	return evidence.WitnessPath{
		State: word(p.State), ICE: word(p.ICE), Protocol: word(p.Protocol), Relay: word(p.Relay), Local: word(p.Local), Found: p.Found, Servers: p.Servers,
		Errors:  latest(p.Errors, evidence.MaxCandidateErrors, c.failed),
		Changes: latest(p.Changes, evidence.MaxPathChanges, c.moment),
	}
}

func (b *witnessBody) witness(now time.Time) evidence.Witness {
	c := witnessClock{now.UnixMilli() - int64(b.Sent)}
	f := b.Facts
	w := evidence.Witness{
		V: evidence.WitnessVersion, At: evidence.Millis(now), By: word(b.By), Page: word(f.Page), Loaded: c.time(f.Loaded), Offset: &c.offset,
		Secure: f.Secure, Framed: f.Framed, Online: f.Online, Network: word(f.Network), Visibility: word(f.Visibility), Live: f.Live,
		Lifecycle: latest(f.Lifecycle, evidence.MaxLifecycle, c.moment),
		Captures:  latest(f.Captures, evidence.MaxCaptures, c.capture),
		Paths:     latest(f.Paths, evidence.MaxWitnessPaths, c.path),
	}
	for _, name := range []string{"camera", "microphone", "display-capture"} {
		if allowed, ok := f.Policy[name]; ok {
			if w.Policy == nil {
				w.Policy = map[string]bool{}
			}
			w.Policy[name] = allowed
		}
		if state, ok := f.Permissions[name]; ok {
			if w.Permissions == nil {
				w.Permissions = map[string]string{}
			}
			w.Permissions[name] = word(state)
		}
	}
	return w
}
