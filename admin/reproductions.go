// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"
)

// Reproduction is a failure on a test participant of the server's own, in a room that is
// made for it and removed after, beside the record of the failure; docs/why.md says what
// each field means.
type Reproduction struct {
	ID     string    `json:"id,omitempty"` // "" before the first
	Event  string    `json:"event"`        // of the failure
	Cause  string    `json:"cause,omitempty"`
	Title  string    `json:"title,omitempty"`   // of the cause
	Way    string    `json:"way,omitempty"`     // "provoked" or "retraced"; "" where there is none
	About  string    `json:"about,omitempty"`   // what is done
	WhyNot string    `json:"why_not,omitempty"` // why there is no way
	State  string    `json:"state,omitempty"`   // "running", "done", "stopped" or "failed"; "" before the first
	Began  time.Time `json:"began,omitzero"`
	Ends   time.Time `json:"ends,omitzero"` // at the latest
	Ended  time.Time `json:"ended,omitzero"`

	Problem string           `json:"problem,omitempty"` // why it could not be made
	Steps   []ReproducedStep `json:"steps,omitempty"`   // what was done so far
	GotIn   bool             `json:"got_in,omitempty"`  // the test participant got in, and nothing failed
	Means   string           `json:"means,omitempty"`   // what the comparison tells
	Facts   []ReproducedFact `json:"facts,omitempty"`
}

// ReproducedStep is something that was done.
type ReproducedStep struct {
	At   time.Time `json:"at"`
	Says string    `json:"says"`
}

// ReproducedFact is a fact as the record of the failure has it, and as that of the test.
type ReproducedFact struct {
	From   string `json:"from"` // "verdict", "client" or "server"
	Fact   string `json:"fact"`
	Hers   string `json:"hers,omitempty"`
	Test   string `json:"test,omitempty"`
	Result string `json:"result"` // "same", "differs", "only hers" or "only the test's"
}

// Reproduce begins to reproduce a failure, for 60 s at most; where that is under way
// already nothing is begun. It takes a token that may inject, and fails with [fault.EventNotFound], [fault.InjectionImpossible], which
// says why, [fault.InjectionDisabled], [fault.NotPermitted], [fault.QueueFull] and
// [fault.Draining].
func (c Diagnoses) Reproduce(ctx context.Context, event string) (Reproduction, error) {
	path, err := at("/api/v1/events/", event, "/reproduction")
	if err != nil {
		return Reproduction{}, err
	}
	return fetch[Reproduction](ctx, c, post(path, struct{}{}).repeatable())
}

// Reproduction is the latest reproduction of a failure, or what one would be. It fails with
// [fault.EventNotFound] and [fault.InjectionDisabled].
func (c Diagnoses) Reproduction(ctx context.Context, event string) (Reproduction, error) {
	path, err := at("/api/v1/events/", event, "/reproduction")
	if err != nil {
		return Reproduction{}, err
	}
	return fetch[Reproduction](ctx, c, get(path))
}

// StopReproduction stops the reproduction of a failure, and returns when nothing of it is left. To stop
// none is no error. It fails with [fault.EventNotFound], [fault.InjectionDisabled] and
// [fault.NotPermitted].
func (c Diagnoses) StopReproduction(ctx context.Context, event string) error {
	path, err := at("/api/v1/events/", event, "/reproduction")
	if err != nil {
		return err
	}
	return c.call(ctx, remove(path).repeatable(), nil)
}
