// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package inject

import (
	"testing"
)

// FuzzPayloads: payload types are learnt from any description.
func FuzzPayloads(f *testing.F) {
	f.Add("v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97 127\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", byte(96))
	f.Add("m=video \nm=video 1 2 128 -1 x", byte(255))
	f.Fuzz(func(t *testing.T, sdp string, n byte) {
		var p payloads
		p.learn(sdp)
		if n >= 128 && p.has(n) {
			t.Errorf("%q has payload type %d", sdp, n)
		}
	})
}
