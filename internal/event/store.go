package event

import "context"

// Outcome says what became of one appended event.
type Outcome struct {
	State State
	Seq   int64  // place in the store's order
	ID    string // the stored event, which for a duplicate or a merge is an earlier one
}

// State is the kind of an [Outcome].
type State int

// The outcomes.
const (
	Stored    State = iota // a new event
	Duplicate              // its Key is known: nothing changed
	Merged                 // it told of an occurrence already stored: see [Pair]
)

// Store keeps events in the order they were appended. All methods may be
// called at once from several goroutines.
type Store interface {
	// Append stores stamped events, in order, all of them or none, and has them
	// on disk when it returns. Events whose Key or occurrence is known already
	// count once. It fails with fault.StoreUnavailable.
	Append(ctx context.Context, events []Event) ([]Outcome, error)

	// Query gives one page. It fails with fault.FieldInvalid naming "start" for
	// a cursor that is not ours, is bound to other filters or has expired, and
	// with fault.StoreUnavailable.
	Query(ctx context.Context, q Query) (Page, error)

	// Get gives the event with this id, or fault.EventNotFound.
	Get(ctx context.Context, id string) (Event, error)

	Close() error
}
