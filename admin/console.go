// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"
)

// Console lets people in to the console, the pages for those who run a server.
type Console struct{ *caller }

// ConsoleRight is something that may be done in the console.
type ConsoleRight string

// The rights, of which each but the last holds those before it.
const (
	ConsoleSupport ConsoleRight = "support" // find people, read why they failed, share it
	ConsoleRead    ConsoleRight = "read"    // read everything: events, rooms, figures
	ConsoleOperate ConsoleRight = "operate" // act in running rooms, mute causes
	ConsoleInject  ConsoleRight = "inject"  // provoke faults
)

// ConsoleOrder is what somebody shall be allowed who follows a link.
type ConsoleOrder struct {
	Rights []ConsoleRight `json:"rights,omitempty"` // none: all that the client's token has
}

// ConsoleLink is a link that logs somebody in.
type ConsoleLink struct {
	URL       string         `json:"url"`        // works once
	ExpiresAt time.Time      `json:"expires_at"` // a minute later
	Rights    []ConsoleRight `json:"rights"`
}

// Link makes a link to log in with. The token of the client is a management token or
// one of the console ("redial token console"). It fails with [fault.FieldInvalid],
// [fault.NotPermitted] for rights that the token does not have, and
// [fault.FeatureUnsupported] where no console is served.
func (c Console) Link(ctx context.Context, o ConsoleOrder) (ConsoleLink, error) {
	return fetch[ConsoleLink](ctx, c, post("/api/v1/console/links", o))
}
