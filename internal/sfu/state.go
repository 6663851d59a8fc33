// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

// State is the state of a connection's media path.
type State string

// The states.
const (
	StateConnecting   State = "connecting"
	StateConnected    State = "connected"
	StateDisconnected State = "disconnected" // may come back by itself
	StateFailed       State = "failed"       // needs an ICE restart
	StateClosed       State = "closed"
)
