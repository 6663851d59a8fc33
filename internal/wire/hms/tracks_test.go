// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"errors"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// TestAFieldOfATrackThatIsTooLong is refused by its own name.
func TestAFieldOfATrackThatIsTooLong(t *testing.T) {
	for field, w := range map[string]wireTrack{
		"track_id":  {ID: strings.Repeat("x", maxTrackID+1), Kind: "video"},
		"stream_id": {ID: "one", StreamID: strings.Repeat("x", maxTrackID+1), Kind: "video"},
		"source":    {ID: "one", Source: strings.Repeat("x", maxSource+1), Kind: "video"},
	} {
		_, err := readTracks(map[string]wireTrack{"one": w})
		if !errors.Is(err, fault.FieldInvalid) || !strings.Contains(err.Error(), "tracks[one]."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
