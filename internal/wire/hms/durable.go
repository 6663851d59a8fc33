// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"errors"

	"github.com/redial-rtc/redial/fault"
)

// promise is what the answer to a call says about a restart.
type promise int

const (
	// kept: what the call changed is on the disk when it is answered. While the disk
	// cannot be written the call goes on all the same: a warning that says so comes
	// before the answer, which is then worth as much as the process's memory.
	kept promise = iota + 1
	// keptOrRefused: the same, but with a disk that cannot be written the answer is
	// the refusal, since somebody is kept out on the strength of it. The change holds
	// in memory and is written as soon as that can be done.
	keptOrRefused
)

// promises are the calls whose changes outlive the process. The others change
// nothing that does.
var promises = map[string]promise{
	"join":                kept,
	"leave":               kept,
	"peer-update":         kept,
	"role-change-request": kept,
	"role-change":         kept,
	"group-join":          kept,
	"group-leave":         kept,
	"group-add":           kept,
	"group-remove":        kept,
	"set-metadata":        kept,
	"peer-leave-request":  keptOrRefused,
	"end-room":            keptOrRefused,
}

// keep calls answer once what a call has changed is on the disk. A call that
// failed is answered at once.
func (s *session) keep(method string, f *frame, err error, answer func(error)) {
	p := promises[method]
	if err != nil || p == 0 {
		answer(err)
		return
	}
	asked := s.conn
	s.p.WhenWritten(func(err error) {
		if s.conn != asked {
			f.ID = "" // whoever asked is gone; a newer socket did not ask
		}
		if err != nil && !errors.Is(err, context.Canceled) && p == kept {
			bad := fault.From(err, ops[method].op)
			s.h.all.Count(bad)
			s.p.Log().Warn("acknowledged from memory", "method", method, "fault", bad)
			s.notify("on-warning", wordFault(bad))
			err = nil
		}
		answer(err)
	})
}
