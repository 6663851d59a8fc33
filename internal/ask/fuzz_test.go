// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package ask_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/ask"
	"github.com/redial-rtc/redial/internal/evidence"
)

// FuzzFindings: whatever a page says, it is refused by the name of what is wrong, or
// kept within its bounds in JSON that can be read back.
func FuzzFindings(f *testing.F) {
	f.Add([]byte(`{"tries": [{"over": "udp", "state": "connected", "largest_bytes": 1100, "after_ms": 20}], "servers": [{"url": "turn:a", "found": true}], "permissions": {"camera": "denied"}, "devices": ["audioinput"], "candidates": {"host": 2}, "secure_context": true}`))
	f.Add([]byte(`{"tries": 1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		found, err := ask.ReadFindings(body)
		if err != nil {
			if !errors.Is(err, fault.FieldInvalid) && !errors.Is(err, fault.BodyInvalid) && !errors.Is(err, fault.BodyTooLarge) {
				t.Fatal(err)
			}
			return
		}
		runs := ask.NewRuns(ask.Config{Most: 1})
		defer runs.Close()
		run, err := runs.Begin(uuid.UUID{}, netip.Addr{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := run.Tell(found, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		raw := a.AppendJSON(nil)
		var back evidence.Asked
		if err := json.Unmarshal(raw, &back); err != nil || len(raw) > evidence.MaxAskedBytes || back.Clipped {
			t.Fatalf("%v: %s", err, raw)
		}
		ask.Says("en", a)
	})
}
