// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
)

// known takes what it is shown as the token of a host of that name, and every room for one
// of its own.
type known struct{}

func (known) Verify(_ context.Context, raw string, _ token.Type) (token.Claims, error) {
	return token.Claims{Account: "acme", RoomID: "r1", Role: "host", UserID: raw, ID: raw, Digest: raw}, nil
}

func (known) RoomRecord(_ context.Context, id string) (RoomRecord, error) {
	return RoomRecord{Spec: room.Spec{ID: id, Name: "lobby", Template: policy.Default()}, Account: "acme", Enabled: true}, nil
}

func (known) Held(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

func (known) Former(context.Context, string, room.PeerID) (room.Peer, bool, error) {
	return room.Peer{}, false, nil
}

type deaf struct{}

func (deaf) Record(event.Event)                       {}
func (deaf) Report(event.Reporter, event.Event) error { return nil }
func (deaf) Joined(event.Subject)                     {}

// lingering is a wire that takes its time at the end, and says who has left the room.
type lingering struct {
	mute
	end  chan struct{}
	left chan room.PeerID
}

func (w lingering) Closed() { <-w.end }

func (w lingering) Update(u room.Update, _ *room.Shared) {
	if u, ok := u.(room.PeerLeft); ok {
		w.left <- u.Peer.ID
	}
}

// TestWhoHearsThatSomebodyLeftFindsTheIDFree: between the word to the others and the end of
// the participant somebody else may come in under the id, and is not refused but waits.
func TestWhoHearsThatSomebodyLeftFindsTheIDFree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := room.NewHub(room.Options{})
		defer hub.Close()
		s := New(Config{Tokens: known{}, Directory: known{}, Hub: hub, Events: deaf{}})
		join := func(id string, w Wire) *Participant {
			v, err := s.Admit(t.Context(), Request{Token: id, Peer: id})
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.Enter(v, func(*Participant) Wire { return w })
			if err != nil {
				t.Fatal(err)
			}
			joined := make(chan error, 1)
			p.Post(func() { joined <- p.Join(t.Context(), Profile{Name: id}, nil) })
			if err := <-joined; err != nil {
				t.Fatal(err)
			}
			return p
		}
		left, end := make(chan room.PeerID, 1), make(chan struct{})
		join("ann", lingering{left: left, end: end})
		late := join("late", lingering{left: make(chan room.PeerID, 1), end: end})
		late.Post(func() { late.Leave("closed") })
		if id := <-left; id != "late" {
			t.Fatalf("%s has left", id)
		}
		synctest.Wait() // nothing of it is left but the end

		v, err := s.Admit(t.Context(), Request{Token: "late", Peer: "late"})
		if err != nil || v.Peer != late {
			t.Errorf("who left and is back at once is found to be %v: %v", v.Peer, err) // and is told so by Attach
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Admit(gone, Request{Token: "another", Peer: "late"}); !errors.Is(err, fault.PeerAlreadyJoined) {
			t.Errorf("who does not wait is told %v", err)
		}
		admitted := make(chan error, 1)
		go func() {
			_, err := s.Admit(t.Context(), Request{Token: "another", Peer: "late"})
			admitted <- err
		}()
		synctest.Wait()
		select {
		case err := <-admitted:
			t.Fatalf("answered before the id was free: %v", err)
		default:
		}
		close(end)
		if err := <-admitted; err != nil {
			t.Errorf("the id is free and somebody is told %v", err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
