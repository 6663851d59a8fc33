// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/room"
)

// mute is a wire that says nothing.
type mute struct{}

func (mute) Greet(Socket)                     {}
func (mute) Parted()                          {}
func (mute) Closed()                          {}
func (mute) Update(room.Update, *room.Shared) {}
func (mute) End(*fault.Error)                 {}
func (mute) CloseMedia(MediaEnd)              {}

// TestABugCostsOnePeerItsPlace posts what panics, as a bug would.
func TestABugCostsOnePeerItsPlace(t *testing.T) {
	s := New(Config{})
	p, err := s.Enter(Visitor{ID: "p"}, func(*Participant) Wire { return mute{} })
	if err != nil {
		t.Fatal(err)
	}
	p.Post(func() { panic("a bug") })
	s.wg.Wait() // the goroutine ended; the process did not
	if s.Peers() != 0 {
		t.Error("the participant is still there")
	}
}
