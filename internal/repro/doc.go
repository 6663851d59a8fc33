// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package repro reproduces a failure on a test participant of the server's own: a real
// client, over a real socket and real media, in a room that is made for it and removed
// after. What cannot be reached so is said, with the reason.
//
// Rooms of tests belong to an account of their own, [Account], so that nothing of a test is
// among an account's people, sessions and figures. What the record of the test says is then
// held against that of the failure, fact by fact.
package repro

// Account is whose the rooms of tests are. No setting can name it.
const Account = "redial tests"

// Way is how a failure is reproduced.
type Way string

// The ways.
const (
	Provoked Way = "provoked" // the fault is injected on the test participant
	Retraced Way = "retraced" // the test participant tries the same, and nothing is injected
)

// State is how far a reproduction has come.
type State string

// The states.
const (
	Running State = "running"
	Done    State = "done"
	Stopped State = "stopped" // by somebody, or with the server
	Failed  State = "failed"  // it could not be made: see View.Problem
)
