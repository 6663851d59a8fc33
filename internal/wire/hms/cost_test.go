// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/wire/hms"
)

// free are the calls that cost their caller nothing beyond their frame, and what
// bounds them all the same.
var free = map[string]string{
	"ping":      "the answer is as short as the call; limits.frames_per_second",
	"join":      "once for a socket; limits.joins_per_second. What others are told is charged",
	"leave":     "ends the session",
	"end-room":  "ends the session of everybody; whoever may not do it tells nobody",
	"analytics": "events.quotas",
	"answer":    "only to an offer of ours; limits.frames_per_second",
	"trickle":   "256 candidates of 2 KiB before their connection is there; limits.frames_per_second",
}

func TestEveryCallHasACostOrAReason(t *testing.T) {
	for method, cost := range hms.Costs() {
		if is := cost == (participant.Cost{}); is != (free[method] != "") {
			t.Errorf("%s costs %+v; what else bounds it: %q", method, cost, free[method])
		}
	}
	for method := range free {
		if _, known := hms.Costs()[method]; !known {
			t.Errorf("%s is no method", method)
		}
	}
}

const charged = "redial_signal_fanout_bytes_total"

// company is a host and three guests who have much to say of themselves, and
// observe a key.
func company(t *testing.T, edit func(*config)) (s *station, host *peer, guests []*peer) {
	s = newStation(t, edit)
	host = s.joined("host", "host")
	for i := range 3 {
		g := s.joined("guest", fmt.Sprint("guest", i))
		g.must("peer-update", map[string]any{"data": strings.Repeat("d", much)})
		g.must("listen-metadata-change", map[string]any{"keys": []string{"k"}})
		guests = append(guests, g)
	}
	return s, host, guests
}

const much = 8 << 10 // bytes

// TestACallIsChargedForWhatItTells has every method that others hear of called
// once, and wants what they hear charged: bytes times recipients. What tells
// nobody is charged nothing.
func TestACallIsChargedForWhatItTells(t *testing.T) {
	words := strings.Repeat("w", much)
	questions := map[string]any{"poll_id": "x", "questions": []any{map[string]any{
		"question": map[string]any{"index": 1, "text": "q", "type": "single-choice"}, "options": []any{map[string]any{"index": 1, "text": "o"}, map[string]any{"index": 2, "text": "p"}},
	}}}
	poll := map[string]any{"poll_id": "x"}
	draft := func(h *peer, _ []*peer) {
		h.must("poll-info-set", map[string]any{"poll_id": "x", "title": strings.Repeat("t", 900), "type": "poll", "vote": []string{"host"}, "responses": []string{"guest"}})
		h.must("poll-questions-set", questions)
	}
	running := func(h *peer, g []*peer) { draft(h, g); h.must("poll-start", poll) }
	none := func(*peer, []*peer) {}
	var track, token string
	told := map[string]struct {
		least  int
		before func(h *peer, g []*peer)
		params func(g []*peer) any // of the host's call; nil: see below
	}{
		"broadcast":    {3 * much, none, func([]*peer) any { return map[string]any{"info": map[string]any{"message": words}} }},
		"set-metadata": {3 * much, none, func([]*peer) any { return map[string]any{"key": "k", "data": words} }},
		"peer-update":  {4 * much, none, func([]*peer) any { return map[string]any{"data": words} }},
		"group-join":   {4 * 128, none, func([]*peer) any { return map[string]any{"name": "g"} }},
		"group-leave":  {4 * 128, none, func([]*peer) any { return map[string]any{"name": "g"} }},
		"group-add":    {4 * much, none, func(g []*peer) any { return map[string]any{"name": "g", "peer_id": g[0].id} }},
		"group-remove": {4 * much, none, func(g []*peer) any { return map[string]any{"name": "g", "peer_id": g[0].id} }},
		"role-change-request": {3 * 3 * much, none, func([]*peer) any {
			return map[string]any{"roles": []string{"guest"}, "role": "viewer", "force": true}
		}},
		"role-change": {3 * much, func(h *peer, g []*peer) {
			h.must("role-change-request", map[string]any{"requested_for": g[0].id, "role": "viewer"})
			token = g[0].expect("on-role-change-request")["token"].(string)
		}, nil},
		"peer-leave-request": {3 * much, none, func(g []*peer) any { return map[string]any{"requested_for": g[0].id} }},
		"offer":              {3 * 128, none, nil},
		"track-update": {3 * 128, func(h *peer, _ []*peer) { track = h.publish("audio") }, func([]*peer) any {
			return map[string]any{"tracks": map[string]any{track: map[string]any{"track_id": track, "type": "audio", "mute": true}}}
		}},
		"track-update-request": {128, func(_ *peer, g []*peer) { track = g[0].publish("audio") }, func(g []*peer) any {
			return map[string]any{"requested_for": g[0].id, "track_id": track, "mute": true}
		}},
		"change-track-mute-state-request": {3 * 128, none, func([]*peer) any { return map[string]any{"value": true} }},
		"poll-start":                      {4 * 900, draft, func([]*peer) any { return poll }},
		"poll-stop":                       {4 * 900, running, func([]*peer) any { return poll }},
		"poll-response": {3 * 128, running, func([]*peer) any {
			return map[string]any{"poll_id": "x", "responses": []any{map[string]any{"question": 1, "option": 1}}}
		}},
	}
	for _, method := range slices.Sorted(maps.Keys(hms.Costs())) {
		cost := hms.Costs()[method]
		c, tells := told[method]
		if tells != (cost.Tells || cost.Offer) {
			t.Errorf("%s costs %+v, and is tested as telling others: %v", method, cost, tells)
		}
		if !tells {
			continue
		}
		t.Run(method, func(t *testing.T) {
			s, host, guests := company(t, unhurried)
			c.before(host, guests)
			from := s.value(charged)
			switch method {
			case "offer":
				host.publish("audio")
			case "role-change":
				guests[0].must(method, map[string]any{"role": "viewer", "token": token})
			default:
				host.must(method, c.params(guests))
			}
			if got := s.value(charged) - from; got < float64(c.least) || got > float64(4*c.least+16<<10) {
				t.Errorf("%v bytes are charged, want about %d", got, c.least)
			}
		})
	}
	t.Run("the others", func(t *testing.T) {
		s, host, guests := company(t, unhurried)
		running(host, guests)
		for method := range hms.Costs() {
			switch _, tells := told[method]; {
			case tells, method == "join", method == "leave", method == "end-room":
				continue
			}
			from := s.value(charged)
			host.call(method, json.RawMessage(strings.ReplaceAll(seeds[method], `"p"`, `"`+guests[0].id+`"`)))
			if got := s.value(charged) - from; got != 0 {
				t.Errorf("%s costs %+v, and others are told %v bytes", method, hms.Costs()[method], got)
			}
		}
	})
}

// TestWhoMakesTheServerSendMuchHasToWait calls what is short itself and long for
// everybody else.
func TestWhoMakesTheServerSendMuchHasToWait(t *testing.T) {
	for method, params := range map[string]func(g []*peer, i int) any{
		"group-add": func(g []*peer, i int) any { return map[string]any{"name": fmt.Sprint("g", i%20), "peer_id": g[0].id} },
		"role-change-request": func(g []*peer, i int) any {
			return map[string]any{"requested_for": g[0].id, "role": []string{"guest", "viewer"}[i%2], "force": true}
		},
	} {
		t.Run(method, func(t *testing.T) {
			s, host, guests := company(t, func(c *config) { unhurried(c); c.Bounds.Fanout = 8 * much })
			refused := 0
			for i := range 40 { // 24 KiB or more each, of 512 KiB
				_, _, f := host.call(method, params(guests, i))
				if f == "rate.limited" {
					refused++
				} else if f != "" {
					t.Fatalf("refused as %s", f)
				}
			}
			if refused == 0 || s.limited("limits.fanout_bytes_per_second") != float64(refused) {
				t.Errorf("%d refused, %v counted", refused, s.limited("limits.fanout_bytes_per_second"))
			}
			guests[1].must("broadcast", map[string]any{"info": map[string]any{"message": "others go on"}})
			host.must("ping", map[string]any{"timestamp": 1})
		})
	}
}
