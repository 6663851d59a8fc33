// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package clickhouse

import (
	"errors"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// TestWhenEventsHappenedIsRefused: a filter that this store cannot answer is refused by
// name before anything is asked, and not left out.
func TestWhenEventsHappenedIsRefused(t *testing.T) {
	now := time.Now()
	for field, q := range map[string]event.Query{
		"happened_since": {HappenedSince: now},
		"happened_until": {HappenedUntil: now, Tail: true},
	} {
		var f *fault.Error
		if _, err := (&Store{}).Query(t.Context(), q); !errors.As(err, &f) || f.Kind != fault.FieldInvalid || f.Detail("field") != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
