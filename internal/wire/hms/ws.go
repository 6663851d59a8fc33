// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/socket"
)

// ServeWS answers the WebSocket. A browser cannot tell why an upgrade failed, so
// the socket is opened first and refusals are said over it.
func (h *Handler) ServeWS(w http.ResponseWriter, r *http.Request) {
	if h.tooOften(w, r, fault.OpConnect) || h.upgradeInjected(w, r) || h.noUpgrade(w, r) {
		return
	}
	c, err := h.cfg.Sockets.Accept(w, r, h.address(r), h.socketConfig())
	if err != nil {
		h.lost(r, fault.From(fault.SignalUpgrade.Wrap(err, "reason", err.Error()), fault.OpConnect))
		return
	}
	if err := h.cfg.Sockets.Add(c); err != nil {
		f := fault.From(err, fault.OpConnect)
		h.lost(r, f)
		h.refuseSocket(c, f)
		c.Write(r.Context())
		return
	}
	defer h.cfg.Sockets.Remove(c)
	q := r.URL.Query()
	v, err := h.admit(r, q.Get("token"), q.Get("peer"))
	if f := fault.From(err, fault.OpConnect); f != nil {
		h.all.TurnAway(v, f)
		h.refuseSocket(c, f)
		return
	}
	// The request's context ends with this function; the socket is its own.
	ctx := context.WithoutCancel(r.Context())
	p, err := h.all.Enter(v, func(p *participant.Participant) participant.Wire { return newSession(h, p) })
	var s *session
	if err == nil {
		ours := false
		if s, ours = p.Wire().(*session); !ours { // it came by another wire, and resumes there
			err = fault.PeerAlreadyJoined.New("peer", v.ID)
		}
	}
	if f := fault.From(err, fault.OpConnect); f != nil {
		if f.Kind == fault.PeerAlreadyJoined {
			v.ID = "" // not theirs
		}
		h.all.TurnAway(v, f)
		h.refuseSocket(c, f)
		return
	}
	c.Silent = p.Inject().Silent
	go c.Write(ctx)
	if !p.Attach(c, v) {
		f := fault.From(fault.PeerGone.New("peer", v.ID), fault.OpReconnect)
		h.all.TurnBack(v, f)
		h.refuseSocket(c, f)
		return
	}
	code := c.Read(ctx, func(raw []byte, done func()) {
		p.Post(func() { s.receive(c, raw); done() })
	})
	// A closed tab sends no other goodbye.
	goodbye := code == websocket.StatusNormalClosure || code == websocket.StatusGoingAway
	p.Post(func() { p.Detached(c, goodbye, code) })
}

func (h *Handler) socketConfig() socket.Config {
	return socket.Config{
		MaxFrame: h.cfg.MaxFrame, FrameRate: h.cfg.FrameRate, Log: h.log,
		Refused: func(raw []byte, f *fault.Error) any {
			h.all.Count(f)
			var head struct {
				ID string `json:"id"`
			}
			if json.Unmarshal(raw, &head) != nil || head.ID == "" {
				return nil
			}
			return errorFrame{ID: clip(head.ID, maxCallID), JSONRPC: "2.0", Error: wordFault(f)}
		},
		Expected: func(raw []byte) bool {
			var head struct {
				Method string `json:"method"`
			}
			return json.Unmarshal(raw, &head) == nil && head.Method == "answer"
		},
		Slow: h.all.Count,
	}
}

// refuseSocket says a fault over an open socket and closes it. The client ends
// its session with the fault's number.
func (h *Handler) refuseSocket(c *socket.Conn, f *fault.Error) {
	c.Send(notification("on-error", wordFault(f)))
	c.Close(websocket.StatusPolicyViolation, f.Kind.ID)
}
