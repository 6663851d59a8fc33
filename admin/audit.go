// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"
)

// AuditFilter says which rows of the audit are wanted.
type AuditFilter struct {
	Limit int    `query:"limit"` // 1 to 1,000; 0: 100
	Start string `query:"start"` // AuditPage.Next of the page before
}

// AuditPage is one page of who did what, the newest first.
type AuditPage struct {
	Limit int    `json:"limit"`
	Audit []Deed `json:"audit"`
	Next  string `json:"next"` // the start of the next page; "" on the last one
}

// Deed is something that somebody did.
type Deed struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	By      string         `json:"by"`      // access key and jti of the token
	Address string         `json:"address"` // masked
	Action  string         `json:"action"`  // such as "peer.remove"
	Target  string         `json:"target"`  // path of the call
	Request string         `json:"request_id"`
	Outcome string         `json:"outcome"` // "done", a fault's id, or "": not known
	Details map[string]any `json:"details"` // ids that the path does not name
}

// Audit lists who did what: [fault.FieldInvalid].
func (c Tokens) Audit(ctx context.Context, f AuditFilter) (AuditPage, error) {
	return fetch[AuditPage](ctx, c, get("/api/v1/audit").where(parameters(f)))
}
