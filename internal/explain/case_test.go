// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"encoding/json"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// TestDeviceOfASilentClient: what a device knew is part of a case also where the
// client's SDK said nothing, and does not pass for its account of the failure.
func TestDeviceOfASilentClient(t *testing.T) {
	e := event.Event{ID: "1", Type: event.PublishFailed, Source: event.FromServer, Fault: fault.ICEFailed.ID}
	if f := Failure(&e); f.Client != nil {
		t.Errorf("a client that said nothing: %+v", f.Client)
	}
	e.Extra = map[string]json.RawMessage{event.WitnessField: json.RawMessage(`{"online":false}`)}
	f := Failure(&e)
	if f.Client == nil || string(f.Client.Facts[event.WitnessField]) != `{"online":false}` || f.Client.Spoke() || f.Server == nil {
		t.Errorf("the device: %+v", f.Client)
	}
	e.Source = event.FromClient
	if f := Failure(&e); !f.Client.Spoke() || len(f.Client.Facts) != 1 {
		t.Errorf("the client's own account: %+v", f.Client)
	}
}
