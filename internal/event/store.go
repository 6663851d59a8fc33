// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"time"
)

// Outcome says what became of one appended event.
type Outcome struct {
	State State
	Seq   int64 // place in the store's order
	Err   error // of one that is refused: fault.EventQuota
}

// State is the kind of an [Outcome].
type State int

// The outcomes.
const (
	Stored    State = iota // a new event
	Duplicate              // its Key is known: nothing changed
	Merged                 // the second account of a failure already stored: see [Pairs]
	Refused                // beyond a quota, and not stored: see [Recorder.Report]
)

// Removal says which events go: those taken before a time, those about a user,
// or both at once.
type Removal struct {
	AccountID string    // empty: of every account
	Except    []string  // and these accounts keep theirs
	UserID    string    // empty: of every user
	UserProof string    // how UserID is proven; "" is ProofToken
	Before    time.Time // zero: of any age
	Oldest    bool      // the oldest of AccountID, however old, as far as a [Sized] store is asked
}

// Size is how much a store holds.
type Size struct {
	Bytes    int64            // on disk, indexes included
	Accounts map[string]int64 // of the documents of each, before they are packed
}

// Sized is a Store that can be held to a size. Its Remove takes Removal.Oldest.
type Sized interface {
	// Size fails with fault.StoreUnavailable.
	Size(ctx context.Context) (Size, error)
	// Evicted is how many events of an account went for want of room, ever. It fails
	// with fault.StoreUnavailable.
	Evicted(ctx context.Context, account string) (int64, error)
}

// UserKey is the key of the user whose events are removed.
func (r *Removal) UserKey() string { return UserKey(r.UserID, r.UserProof) }

// Store keeps events in the order they were appended. All methods may be
// called at once from several goroutines.
type Store interface {
	// Append stores events that have an id and a time, in order, all of them or
	// none, and has them on disk when it returns. An event whose Key is known,
	// or which is the second account of a stored failure, counts once. It fails
	// with fault.StoreUnavailable.
	Append(ctx context.Context, events []Event) ([]Outcome, error)

	// Query gives one page. It fails with fault.FieldInvalid naming "start" for
	// a cursor that is not ours, is bound to other filters or has expired, and
	// with fault.StoreUnavailable.
	Query(ctx context.Context, q Query) (Page, error)

	// Get gives the event with this id, or that the report with this id became
	// part of. It fails with fault.EventNotFound and fault.StoreUnavailable.
	Get(ctx context.Context, id string) (Event, error)

	// Last gives the place of the newest event, 0 when there has been none.
	Last(ctx context.Context) (int64, error)

	// Remove deletes some of the events that are to go, in one short
	// transaction, and returns how many: call it until it returns 0. Readers
	// are not held up. It fails with fault.StoreUnavailable.
	Remove(ctx context.Context, r Removal) (int, error)

	Close() error
}
