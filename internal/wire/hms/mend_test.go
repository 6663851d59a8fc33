// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"regexp"
	"testing"
	"time"
)

var iceName = regexp.MustCompile(`a=ice-ufrag:(\S+)`)

// A client that hears nothing of us can only say so: we hear it, and would
// notice nothing.
func TestAClientThatHearsNothingIsOfferedAnotherPath(t *testing.T) {
	s := newStation(t, nil)
	bob := s.joined("guest", "bob")
	name := func() string {
		t.Helper()
		sdp, _ := bob.expect("offer")["sdp"].(string)
		m := iceName.FindStringSubmatch(sdp)
		if m == nil {
			t.Fatalf("no ICE user name in %q", sdp)
		}
		return m[1]
	}
	first := name()
	<-bob.opened // the first offer has been answered
	_ = bob.write(map[string]any{"method": "analytics", "params": map[string]any{
		"name": "subscribe.failed", "timestamp": time.Now().UnixMilli(),
		"info": map[string]any{
			"error_name": "ICEDisconnected", "error_code": 4006, "error_message": "[SUBSCRIBE]: Ice connection state DISCONNECTED",
			"action": "SUBSCRIBE", "is_terminal": false, "timestamp": time.Now().UnixMilli(),
		},
	}})
	if next := name(); next == first {
		t.Error("the offer restarts nothing")
	}
}
