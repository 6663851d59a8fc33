// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strings"
	"testing"
)

// What people write over REST is limited in characters as they see them.
func TestRESTTextsAreLimitedInCharacters(t *testing.T) {
	f := serve(t)
	id := f.newRoom("lobby")
	for _, letter := range []string{"x", "م", "👨‍👩‍👧‍👦"} {
		most, over := strings.Repeat(letter, 1024), strings.Repeat(letter, 1025)
		f.post("/v2/rooms/"+id, object{"description": most}).ok().has(object{"description": most})
		r := f.post("/v2/rooms/"+id, object{"description": over})
		r.refused(400, "request.field_invalid", "description")
		r.has(object{"fault.details.max_characters": 1024, "fault.details.characters": 1025})
		f.post("/v2/templates", object{"name": "t-" + string('a'+rune(len(letter)%26)), "description": most, "roles": oneRole()}).ok()
		r = f.post("/v2/templates", object{"name": "u", "description": over, "roles": oneRole()})
		r.refused(400, "request.field_invalid", "description")
		r.has(object{"fault.details.max_characters": 1024, "fault.details.characters": 1025})
	}
	r := f.post("/v2/rooms", object{"name": strings.Repeat("x", 129)})
	r.refused(400, "request.field_invalid", "name")
	r.has(object{"fault.details.max_characters": 128, "fault.details.characters": 129})
}
