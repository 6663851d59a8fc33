// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"

	"github.com/redial-rtc/redial/fault"
)

// heard takes a notification, from a socket's reading goroutine or from the
// data channel's. Those of a socket that was replaced are passed over.
func (s *session) heard(l *link, method string, raw json.RawMessage) {
	s.mu.Lock()
	stale := l != s.link && l != s.coming || s.state == StateEnded
	m := s.media
	s.mu.Unlock()
	if stale {
		return
	}
	if s.ov != nil {
		s.ov.heard(method, raw)
		return
	}
	switch method {
	case "offer":
		var d wireDescription
		if json.Unmarshal(raw, &d) == nil && m != nil && m.isFrom(d.Node) {
			m.do(func() { m.offered(d) })
		}
	case "trickle":
		s.heardTrickle(m, raw)
	case "node-info":
		var n struct {
			Node string `json:"sfu_node_id"`
		}
		if json.Unmarshal(raw, &n) == nil {
			s.heardNode(l, n.Node)
		}
	case "on-error":
		var e refusal
		if json.Unmarshal(raw, &e) != nil {
			e = refusal{}
		}
		s.refusedBySocket(l, e)
	case "on-warning":
		var e refusal
		if json.Unmarshal(raw, &e) == nil {
			s.onError(ending(e.fault(fault.OpUpdate), fault.OpUpdate, false))
		}
	case "on-peer-leave-request":
		s.heardRemoved(raw)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		if f := handlers[method]; f != nil {
			f(&s.roster, l, raw)
		}
	}
}

// handlers are the notifications that change what is known; they run under the
// session's lock.
var handlers map[string]func(ro *roster, l *link, raw json.RawMessage)

func init() {
	handlers = map[string]func(ro *roster, l *link, raw json.RawMessage){
		"on-policy-change": typed((*roster).heardPolicy),
		"peer-list":        (*roster).heardList,
		"room-state":       typed((*roster).heardRoomState),
		"room-info":        typed((*roster).heardRoomInfo),
		"session-info":     typed((*roster).heardSession),
		"on-peer-join":     typed((*roster).upsert),
		"on-peer-update":   typed((*roster).heardUpdate),
		"on-peer-leave":    typed((*roster).heardLeave),
		"on-track-add":     typed((*roster).heardTracks),
		"on-track-update":  typed((*roster).heardTracks),
		"on-track-remove":  typed((*roster).heardTracksGone),
		"on-broadcast": typed(func(ro *roster, w wireMessage) {
			post(ro.s, ro.s.cfg.Listener.OnMessage, w.message())
		}),
		"on-metadata-change": typed(func(ro *roster, w struct {
			Values []wireEntry `json:"values"`
		}) {
			for _, e := range w.Values {
				post(ro.s, ro.s.cfg.Listener.OnSessionMetadata, e.entry())
			}
		}),
		"on-role-change-request": typed(func(ro *roster, w struct {
			By    string `json:"requested_by"`
			Role  string `json:"role"`
			Token string `json:"token"`
		}) {
			post(ro.s, ro.s.cfg.Listener.OnRoleRequest, RoleRequest{w.By, w.Role, w.Token})
		}),
		"on-track-update-request":            typed((*roster).heardMuteTrack),
		"on-change-track-mute-state-request": typed((*roster).heardMuteAll),
		"active-speakers": typed(func(ro *roster, w struct {
			List []struct {
				PeerID  string `json:"peer_id"`
				TrackID string `json:"track_id"`
				Level   int    `json:"level"`
			} `json:"speaker-list"`
		}) {
			list := make([]Speaker, 0, len(w.List))
			for _, s := range w.List {
				list = append(list, Speaker(s))
			}
			post(ro.s, ro.s.cfg.Listener.OnSpeakers, list)
		}),
		"on-connection-quality-update": typed(func(ro *roster, w struct {
			Peers []struct {
				ID    string `json:"peer_id"`
				Score int    `json:"downlink_score"`
			} `json:"peers"`
		}) {
			for _, p := range w.Peers {
				post(ro.s, ro.s.cfg.Listener.OnConnectionQuality, ConnectionQuality{PeerID: p.ID, Score: p.Score})
			}
		}),
	}
}

// typed decodes the params; a notification that does not fit is passed over.
func typed[T any](f func(*roster, T)) func(*roster, *link, json.RawMessage) {
	return func(ro *roster, _ *link, raw json.RawMessage) {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			ro.s.log.Warn("a notification cannot be read", "err", err)
			return
		}
		f(ro, v)
	}
}

func (ro *roster) heardMuteTrack(w struct {
	By      string `json:"requested_by"`
	TrackID string `json:"track_id"`
	Mute    bool   `json:"mute"`
}) {
	ro.muteAsked(MuteRequest{By: w.By, TrackID: w.TrackID, Mute: w.Mute}, func(i TrackInfo) bool { return i.ID == w.TrackID })
}

func (ro *roster) heardMuteAll(w struct {
	By     string `json:"requested_by"`
	Kind   string `json:"type"`
	Source string `json:"source"`
	Mute   bool   `json:"value"`
}) {
	ro.muteAsked(MuteRequest{By: w.By, Kind: w.Kind, Source: w.Source, Mute: w.Mute}, func(i TrackInfo) bool {
		return (w.Kind == "" || w.Kind == i.Kind) && (w.Source == "" || w.Source == i.Source)
	})
}

// muteAsked mutes what somebody may mute; whether to unmute is for the app.
func (ro *roster) muteAsked(q MuteRequest, which func(TrackInfo) bool) {
	if q.Mute {
		for _, p := range ro.s.pubs {
			if which(p.Info()) && !p.Muted() {
				ro.s.spawn(func() { _ = p.SetMuted(true) })
			}
		}
	}
	post(ro.s, ro.s.cfg.Listener.OnMuteRequest, q)
}
