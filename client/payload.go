// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"strings"

	"github.com/pion/webrtc/v4"
)

// codecName writes a MIME type as the constants of package webrtc do; "" for
// what samples cannot be made of. Case does not matter in them (RFC 2045, 5.1).
func codecName(mime string) string {
	for _, known := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeH264, webrtc.MimeTypeAV1, webrtc.MimeTypeOpus} {
		if strings.EqualFold(mime, known) {
			return known
		}
	}
	return ""
}
