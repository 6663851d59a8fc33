// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rtpseq

import "testing"

func TestUnwrap(t *testing.T) {
	var u Unwrapper
	start := u.Extend(65530)
	for i, n := range []uint16{65535, 2, 1, 65534, 40000, 3} {
		got := u.Extend(n) - start + 65530
		if want := []uint64{65535, 65538, 65537, 65534, 40000, 65539}[i]; got != want {
			t.Errorf("%d became %d, want %d", n, got, want)
		}
	}
}
