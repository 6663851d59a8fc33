// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import "sync/atomic"

// flight bounds the calls of one socket that were read and not handled yet, in
// number and in bytes, so that a participant that is busy holds little of what comes.
type flight struct {
	slots chan struct{} // one per call
	bytes atomic.Int64
	freed chan struct{}
}

func newFlight() *flight {
	return &flight{slots: make(chan struct{}, inFlight), freed: make(chan struct{}, 1)}
}

// enter waits until a call of n bytes may come, false when the socket has gone.
// One that is larger than the bound comes alone. Only the reader calls it.
func (f *flight) enter(n int, gone <-chan struct{}) bool {
	select {
	case f.slots <- struct{}{}:
	case <-gone:
		return false
	}
	for used := f.bytes.Load(); used > 0 && used+int64(n) > inFlightSize; used = f.bytes.Load() {
		select {
		case <-f.freed:
		case <-gone:
			return false
		}
	}
	f.bytes.Add(int64(n))
	return true
}

// leave tells that a call of n bytes was handled.
func (f *flight) leave(n int) {
	f.bytes.Add(-int64(n))
	<-f.slots
	select {
	case f.freed <- struct{}{}:
	default:
	}
}
