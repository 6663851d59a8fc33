// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package poll_test

import (
	"errors"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/poll"
)

// hall is a room with a fixed crowd that notes who is told of what. What polls do
// in a real room is tested in package room.
type hall struct {
	peers []poll.Peer
	told  map[string]int
}

func (h *hall) Peers() int            { return len(h.peers) }
func (h *hall) Roles() int            { return 2 }
func (h *hall) HasRole(n string) bool { return n == "host" || n == "guest" }

func (h *hall) Tell(_ poll.Update, may func(*poll.Peer) bool) {
	for i := range h.peers {
		if may(&h.peers[i]) {
			h.told[h.peers[i].ID]++
		}
	}
}

func TestABookKeepsToWhatPeersMay(t *testing.T) {
	host := poll.Peer{ID: "host", Role: "host", Read: true, Write: true}
	guest := poll.Peer{ID: "guest", Role: "guest", Read: true}
	stranger := poll.Peer{ID: "stranger", Role: "none"}
	h := &hall{peers: []poll.Peer{host, guest, stranger}, told: map[string]int{}}
	b := poll.NewBook(h, 1<<20)
	defer b.Close()

	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused := func(err error, permission string) {
		t.Helper()
		var f *fault.Error
		if !errors.As(err, &f) || !errors.Is(err, fault.NotPermitted) || f.Detail("permission") != permission {
			t.Errorf("got %v, want NotPermitted for %q", err, permission)
		}
	}

	_, err := b.Set(&guest, poll.Setup{ID: "p", Title: "Lunch"})
	refused(err, "poll_write")
	_, err = b.Set(&host, poll.Setup{ID: "p", Title: "Lunch", VoteRoles: []string{"guest"}, ViewRoles: []string{"host"}})
	must(err)
	_, err = b.SetQuestions(nil, "p", []poll.Question{{Index: 1, Text: "Soup?", Type: poll.SingleChoice,
		Options: []poll.Option{{Index: 1, Text: "yes"}, {Index: 2, Text: "no"}}}}) // nil: the server
	must(err)
	_, err = b.Get(&guest, "p")
	refused(err, "poll_write") // a draft
	_, err = b.Start(&host, "p")
	must(err)
	if h.told["host"] != 1 || h.told["guest"] != 1 || h.told["stranger"] != 0 {
		t.Errorf("told of the start: %v", h.told)
	}

	vote := []poll.Vote{{Question: 1, Options: []int{2}}}
	_, err = b.Vote(&stranger, "p", vote)
	refused(err, "poll_read")
	_, err = b.Vote(&host, "p", vote)
	refused(err, "answer this poll")
	_, err = b.Vote(&guest, "p", vote)
	must(err)
	_, _, err = b.Responses(&guest, "p", false, 0, 10)
	refused(err, "see the answers")
	res, err := b.Result(&host, "p")
	must(err)
	if res.Voters != 1 || res.Peak != 3 || res.Questions[0].Votes[1] != 1 {
		t.Errorf("result %+v", res)
	}
}
