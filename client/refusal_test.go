// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"testing"

	"github.com/redial-rtc/redial/fault"
)

// TestARefusalOfANewerServer: an id that this program does not know is kept with
// the server's words, where its number says nothing either.
func TestARefusalOfANewerServer(t *testing.T) {
	var r refusal
	if err := json.Unmarshal([]byte(`{"code":99999,"message":"The room is haunted","fault":"room.haunted"}`), &r); err != nil {
		t.Fatal(err)
	}
	f := r.fault(fault.OpJoin)
	if f.Kind.ID != "room.haunted" || f.Kind.Listed() || f.Safe() != "The room is haunted" || f.Op != fault.OpJoin {
		t.Errorf("%s %s", f.Kind.ID, f.Safe())
	}
	if p := Describe(f); p.Fault != "room.haunted" || p.Title != "The room is haunted" || p.User == "" {
		t.Errorf("%+v", p)
	}
}

func TestWhatIsRepeatedIsCutBetweenCharacters(t *testing.T) {
	for in, want := range map[string]string{"short": "short", "abcdefgh": "abcdef…", "abcdeä": "abcde…", "日本語": "日本…", "\x80\x80\x80\x80\x80\x80\x80": "…"} {
		if got := clip(in, 6); got != want {
			t.Errorf("clip(%q) is %q, want %q", in, got, want)
		}
	}
}
