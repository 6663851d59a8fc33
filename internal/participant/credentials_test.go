// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// TestCredentialsNameTheirHolder: as long as a participant is here and for a moment
// after, whoever was told both halves is known by them, and memory stays bounded
// whatever clients renegotiate.
func TestCredentialsNameTheirHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Service{credentials: newCredentials()}
		join := func(name string) (*Participant, context.CancelFunc) {
			ctx, end := context.WithCancel(t.Context())
			return &Participant{ctx: ctx, key: key{"room", room.PeerID(name)}, roomRecord: RoomRecord{Account: "acme"}, claims: token.Claims{UserID: "user-" + name, UserProof: token.ProofToken}}, end
		}
		holds := func(ufrag, pwd, want string) {
			t.Helper()
			of, ok := s.Holder(ufrag, pwd)
			if ok != (want != "") || of.PeerID != want {
				t.Errorf("%s %s: %q %v, want %q", ufrag, pwd, of.PeerID, ok, want)
			}
		}
		ann, end := join("ann")
		s.credentials.add(ann, "one", "secret")
		holds("one", "secret", "ann")
		if of, _ := s.Holder("one", "secret"); of != (event.Subject{AccountID: "acme", RoomID: "room", PeerID: "ann", UserID: "user-ann", UserProof: event.ProofToken}) {
			t.Errorf("the holder is %+v", of)
		}
		holds("one", "secre", "")
		holds("one", "", "")
		holds("", "", "")
		s.credentials.add(ann, "", "")
		holds("", "", "")
		for i := range maxCredentials { // restarts of ICE
			s.credentials.add(ann, fmt.Sprint("restart", i), "secret")
		}
		holds("one", "secret", "") // too long ago
		last := fmt.Sprint("restart", maxCredentials-1)
		holds(last, "secret", "ann")

		end()
		s.credentials.ended(ann)
		holds(last, "secret", "ann") // a page that closes tells why
		s.credentials.add(ann, "late", "secret")
		holds("late", "secret", "ann")
		time.Sleep(event.PairWindow + time.Second)
		holds(last, "secret", "")
		holds("late", "secret", "")

		for i := range maxFormer {
			p, end := join(fmt.Sprint(i))
			s.credentials.add(p, fmt.Sprint("a", i), "secret")
			s.credentials.add(p, fmt.Sprint("b", i), "secret")
			end()
			s.credentials.ended(p)
		}
		if n := len(s.credentials.by); n > maxFormer || len(s.credentials.of) != 0 {
			t.Errorf("%d credentials of nobody are held", n)
		}
	})
}
