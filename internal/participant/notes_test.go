// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/evidence"
)

// TestNotesAreBounded: of a client that never stops remarking the latest are kept,
// within both bounds, and they are handed over once.
func TestNotesAreBounded(t *testing.T) {
	for _, size := range []int{1, 90, 900, 20_000} {
		var n notes
		for i := range 1000 {
			n.add(evidence.Note{Name: fmt.Sprint(i), Info: map[string]json.RawMessage{"v": json.RawMessage(strings.Repeat("1", size))}})
			held := 0
			for i := range n.list {
				held += n.list[i].Size()
			}
			if held != n.bytes || held > maxNoteBytes || len(n.list) > evidence.MaxNotes {
				t.Fatalf("%d notes of %d bytes are held as %d", len(n.list), held, n.bytes)
			}
		}
		list := n.take()
		if size < maxNoteBytes && (len(list) == 0 || list[len(list)-1].Name != "999") || size > maxNoteBytes && len(list) != 0 {
			t.Errorf("of notes of %d bytes %d are kept", size, len(list))
		}
		if len(n.take()) != 0 {
			t.Error("handed over twice")
		}
	}
}
