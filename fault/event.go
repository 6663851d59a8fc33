// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package fault

// Stored events.
var (
	// EventNotFound: no such event.
	EventNotFound = declare(Kind{
		ID: "event.not_found", Title: "No such event", Area: AreaServer, Category: API, Status: 404,
		What:  "No stored event has the id that was asked for.",
		Why:   "The id was mistyped, the event is older than the retention, or it was erased on request.",
		Sign:  "Other events of the same room are found.",
		Do:    "Look the event up through its room, user or peer in the events API; events past the retention cannot be brought back.",
		User:  "This error report is no longer available.",
		Retry: RetryNever, Terminal: false, Ops: []Op{OpAPI}, FixedBy: []Party{ByApp},
		See:   []string{"session.not_found", "server.events_dropped"},
		Links: []string{rfc(9110, "15.5.5")},
	})
)
