// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room_test

import (
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/poll"
	"github.com/redial-rtc/redial/internal/room"
)

// Letters of scripts that take several bytes each, and emoji of several code
// points, count as the one character that people see.
var scripts = map[string]string{"Arabic": "م", "Hindi": "नि", "an emoji": "👨‍👩‍👧‍👦", "an accent": "e\u0301"}

// Whatever people write is limited in characters as they see them; a refusal says
// how many are allowed and how many came.
func TestTextsAreLimitedInCharacters(t *testing.T) {
	for script, letter := range scripts {
		of := func(n int) string { return strings.Repeat(letter, n) }
		draft := func(w *world, s poll.Setup, qs ...poll.Question) error {
			host := w.join("host", "host")
			if _, err := host.room.Polls().Set(w.Context(), host.id, s); err != nil || len(qs) == 0 {
				return err
			}
			_, err := host.room.Polls().SetQuestions(w.Context(), host.id, s.ID, qs)
			return err
		}
		for _, c := range []struct {
			field string
			most  int
			kind  *fault.Kind
			write func(w *world, text string) error
		}{
			{"title", 1024, fault.PollInvalid, func(w *world, s string) error { return draft(w, poll.Setup{ID: "p", Title: s}) }},
			{"questions[0].text", 1024, fault.PollInvalid, func(w *world, s string) error {
				q := choice(1, poll.SingleChoice, 2)
				q.Text = s
				return draft(w, poll.Setup{ID: "p", Title: "x"}, q)
			}},
			{"questions[0].options[1].text", 1024, fault.PollInvalid, func(w *world, s string) error {
				q := choice(1, poll.SingleChoice, 2)
				q.Options[1].Text = s
				return draft(w, poll.Setup{ID: "p", Title: "x"}, q)
			}},
			{"name", 256, fault.FieldInvalid, func(w *world, s string) error { return room.CheckProfile(&s, nil) }},
			{"name", 64, fault.FieldInvalid, func(w *world, s string) error {
				ann := w.join("ann", "host")
				_, err := ann.room.SetGroup(w.Context(), ann.id, ann.id, s, true)
				return err
			}},
		} {
			spec(t, script+" in "+c.field, func(w *world) {
				w.ok(c.write(w, of(c.most)))
			})
			spec(t, script+", one too many, in "+c.field, func(w *world) {
				w.refused(c.write(w, of(c.most+1)), c.kind, "field", c.field, "max_characters", c.most, "characters", c.most+1)
			})
		}
	}
	spec(t, "a message in Arabic", func(w *world) {
		ann := w.join("ann", "host")
		_, err := ann.room.Send(w.Context(), ann.id, room.Message{Body: strings.Repeat("م", room.MaxMessage)})
		w.ok(err)
		_, err = ann.room.Send(w.Context(), ann.id, room.Message{Body: strings.Repeat("x", room.MaxMessage-1) + "مم"})
		w.refused(err, fault.MessageTooLarge, "max_characters", room.MaxMessage, "characters", room.MaxMessage+1)
	})
	spec(t, "one character of any size", func(w *world) {
		name := "a" + strings.Repeat("\u0301", 8000)
		w.refused(room.CheckProfile(&name, nil), fault.FieldInvalid, "field", "name", "max_bytes", 8192, "bytes", len(name))
	})
}
