// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"testing"
)

// TestOneSilentPeerHidesNobody: when the time for a look at a room is over, those who had
// answered are measured and the others are not.
func TestOneSilentPeerHidesNobody(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // select chooses among what is ready by chance
		answered := make(chan connections, 1)
		answered <- connections{}
		if _, ok := said(over, answered); !ok {
			t.Fatal("an answer that was there is not heard")
		}
	}
	if _, ok := said(over, make(chan connections, 1)); ok {
		t.Error("an answer that never came is heard")
	}
	if _, ok := said(over, nil); ok {
		t.Error("somebody who has left answers")
	}
}
