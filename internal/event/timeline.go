// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// TimelineQuery says whose marks are wanted.
type TimelineQuery struct {
	AccountID string // whose; never empty
	SessionID string // of this session; never empty
	PeerID    string // only of this peer; empty: of all
	Limit     int    // how many marks are looked at; at least 1
}

// Mark is an event as a timeline has it: by what a store finds it.
type Mark struct {
	ID       uuid.UUID // of failures only
	Time     time.Time // when the server took it
	Happened time.Time // when it happened, as far as that is known
	Type     Type
	Source   Source
	PeerID   string
	Fault    string
	Terminal bool
	Verdict  Diagnosis // that is kept; Confidence is empty where there is none
}

// Timeliner is a Store that tells of a session without reading documents.
type Timeliner interface {
	// Timeline hands over the marks of a session, failures first, each type in the order
	// of the store; a mark is lent for the call. It fails with fault.StoreUnavailable.
	Timeline(ctx context.Context, q TimelineQuery, each func(*Mark)) error
}
