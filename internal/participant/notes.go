// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
)

// maxNoteBytes is how much of a client's notes is kept.
const maxNoteBytes = 8 << 10

// notes are the latest remarks of a client that are no failures.
type notes struct {
	list  []evidence.Note // oldest first
	bytes int
}

func (n *notes) add(one evidence.Note) {
	size := one.Size()
	if size > maxNoteBytes {
		return
	}
	for n.bytes += size; n.bytes > maxNoteBytes || len(n.list) == evidence.MaxNotes; n.list = n.list[1:] {
		n.bytes -= n.list[0].Size()
	}
	n.list = append(n.list, one)
}

// take hands the notes over: they belong to the next record and to none after it.
func (n *notes) take() []evidence.Note {
	list := n.list
	*n = notes{}
	return list
}

// Note keeps what the client's SDK remarks for the next record of the peer.
func (e *Events) Note(n evidence.Note) {
	n.At = evidence.Millis(time.Now())
	e.notes.add(n)
}
