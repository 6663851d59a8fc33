// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import "testing"

func TestTheInboxBoundsOnlyUpdates(t *testing.T) {
	b := newInbox(2)
	for range 2 {
		if !b.postUpdate(func() {}) {
			t.Fatal("an update refused below the limit")
		}
	}
	if b.postUpdate(func() {}) {
		t.Fatal("an update taken above the limit")
	}
	b.post(func() {})
	n := 0
	for f, ok := b.take(); ok; f, ok = b.take() {
		f()
		n++
	}
	if n != 3 || !b.postUpdate(func() {}) {
		t.Fatalf("%d items; room again: %v", n, b.updates)
	}
}
