// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

// inTurn is a lock that goes to whoever has waited for longest. A sync.Mutex lets those pass
// that come just then, so that who stores an event could wait for one piece of work in the
// background after the other.
type inTurn chan struct{}

func newInTurn() inTurn { return make(inTurn, 1) }

// Lock waits for all that came before. Senders of a channel go on in the order in which they
// came.
func (t inTurn) Lock() { t <- struct{}{} }

func (t inTurn) Unlock() { <-t }
