// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/token"
)

// parted is a socket of which it is known how it ended.
type parted struct {
	queue
	end evidence.Socket
}

func (p *parted) Evidence() *evidence.Socket { return &p.end }

// TestWhoseSocketLedNowhereGivesWay joins twice with one token and ends the first
// socket. A page that has gone leaves a socket that breaks or falls silent. One that
// somebody closed is that of a second tab, which is waited for; and so is everybody
// when the server stops, also who lets the connection fall before the goodbye is
// answered.
func TestWhoseSocketLedNowhereGivesWay(t *testing.T) {
	const none = websocket.StatusCode(-1)
	for _, c := range []struct {
		by, how string
		code    websocket.StatusCode
		held    bool
	}{
		{evidence.ByServer, evidence.HowSilence, none, false},
		{evidence.ByServer, evidence.HowStuck, none, false},
		{evidence.ByRemote, evidence.HowReset, none, false},
		{evidence.ByNetwork, evidence.HowReset, none, false},
		{evidence.ByServer, evidence.HowClose, none, true},
		{evidence.ByServer, evidence.HowClose, websocket.StatusServiceRestart, true},
		{evidence.ByServer, evidence.HowSlow, none, true},
		{evidence.ByRemote, evidence.HowFIN, websocket.StatusAbnormalClosure, true},
	} {
		t.Run(c.by+" "+c.how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := newStage(t)
				first := st.twin("first", &parted{end: evidence.Socket{By: c.by, How: c.how}})
				second := st.twin("second", &parted{})
				first.Post(func() { first.Detached(first.Wire().(*session).conn, false, c.code) })
				synctest.Wait()
				snap, ok := second.Look()
				if !ok || (len(snap.Peers) == 2) != c.held {
					t.Errorf("inside are %v (the room is there: %v), want the first held: %v", snap.Peers, ok, c.held)
				}
			})
		})
	}
}

// twin brings in a peer of the one token.
func (st *stage) twin(name string, c participant.Socket) *participant.Participant {
	st.t.Helper()
	p := st.enter(name, "guest", c, func(claims *token.Claims) { claims.Digest = "of one token" })
	joined := make(chan error)
	p.Post(func() { joined <- p.Join(st.t.Context(), participant.Profile{Name: name}, nil) })
	if err := <-joined; err != nil {
		st.t.Fatal(err)
	}
	return p
}
