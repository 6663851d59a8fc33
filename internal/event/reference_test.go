// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package event

import "testing"

// TestReference: the code of a subject is the one that pages show, which
// web/core/test/reference.test.mjs holds with the same values, and is read however
// people write it.
func TestReference(t *testing.T) {
	inside := Subject{RoomID: "room", UserID: "user", PeerID: "5d0e6a0b-3f7c-4d7e-9a51-0b6a0a3967d5"}
	outside := Subject{RoomID: "room", UserID: "Zoë"}
	for _, c := range []struct {
		of   Subject
		want string
	}{{inside, "64Z-1QZ"}, {outside, "76K-8TX"}} {
		if got := c.of.Reference(); got != c.want {
			t.Errorf("%+v is %s, want %s", c.of, got, c.want)
		}
		if !c.of.Called(c.want) || c.of.Called("000-000") {
			t.Errorf("%+v: not called %s", c.of, c.want)
		}
	}
	if !inside.Called((&Subject{RoomID: "room", UserID: "user"}).Reference()) {
		t.Error("somebody who was not told the peer's id is not found")
	}
	for text, want := range map[string]string{
		"K7Q-2MF": "K7Q-2MF", "k7q2mf": "K7Q-2MF", " k7q 2mf ": "K7Q-2MF", "oil-000": "011-000",
		"": "", "K7Q-2M": "", "K7Q-2MFF": "", "K7U-2MF": "", "case.json": "", "K7Q-2M\x00": "", "ÄÄÄ": "",
	} {
		if got, ok := ReadReference(text); got != want || ok != (want != "") {
			t.Errorf("%q is read as %q, %t", text, got, ok)
		}
	}
}
