// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package ask

import "testing"

// TestNoAddressIsTold: whatever ends the lines of a description, by which a reader of
// descriptions takes more than one character for the end of a line.
func TestNoAddressIsTold(t *testing.T) {
	const candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host"
	for _, sdp := range []string{"v=0\r\n" + candidate + "\r\n", "v=0\n" + candidate, "v=0\n\r" + candidate + "\n", "v=0\r\n\r\r" + candidate + "\r\n"} {
		if left := without(sdp, func(string) bool { return true }); len(left) > len("v=0\r\n") {
			t.Errorf("of %q %q is left", sdp, left)
		}
	}
}
