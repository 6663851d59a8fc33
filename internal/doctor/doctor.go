// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package doctor examines a server: on its own machine by its settings ([Here]), and
// from another one as a client sees it ([From]). What it finds comes with the reason
// and the remedy. It sends to addresses of the settings, and to those that the
// server tells its clients; nothing is added to the server for it, so there is
// nothing that a stranger could have send elsewhere.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Status is how bad a finding is.
type Status string

// The statuses, from good to bad.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Finding is one thing that was looked at.
type Finding struct {
	Check  string `json:"check"` // what was looked at, such as "udp" or "disk"
	Status Status `json:"status"`
	Says   string `json:"says"`          // what was seen
	Fix    string `json:"fix,omitempty"` // what to do; "" where nothing is to be done
}

// Report is what one examination found, in the order in which it was looked at.
type Report struct {
	Of       string    `json:"of"`   // the server: a URL, or the file of its settings
	From     string    `json:"from"` // "here" or "outside"
	At       time.Time `json:"at"`
	Findings []Finding `json:"findings"`
}

// Worst is the worst status in the report.
func (r *Report) Worst() Status {
	for _, s := range []Status{Fail, Warn} {
		if slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Status == s }) {
			return s
		}
	}
	return OK
}

func (r *Report) ok(check, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{check, OK, fmt.Sprintf(format, args...), ""})
}

func (r *Report) warn(check, fix, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{check, Warn, fmt.Sprintf(format, args...), fix})
}

func (r *Report) fail(check, fix, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{check, Fail, fmt.Sprintf(format, args...), fix})
}

// patience is how long one look may take.
const patience = 10 * time.Second

// mediaPatience is how long two peers may take to join and to hear each other.
const mediaPatience = 15 * time.Second

// within bounds one look.
func within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, patience)
}
