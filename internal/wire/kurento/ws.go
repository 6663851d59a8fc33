// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/socket"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// Close codes of this wire's clients, in the range that is left to
// applications (RFC 6455, section 7.4.2).
const (
	closeRefused = 4101 // it was not let back in
	closeLeft    = 4102 // its user has left
	closeCrashed = 4103 // it was told that the server has crashed
)

// ServeWS answers the WebSocket. A client shows a refusal only as the answer to a
// call, so nobody is refused here but for want of room; see [line].
func (h *Handler) ServeWS(w http.ResponseWriter, r *http.Request) {
	if h.rate.Take(h.address(r)) > 0 {
		h.lost(w, r, fault.RateLimited.New("limit", h.cfg.JoinRate, "per", "second", "setting", "limits.joins_per_second"))
		return
	}
	if reason := socket.NoUpgrade(r); reason != "" {
		h.lost(w, r, fault.SignalUpgrade.New("reason", reason))
		return
	}
	c, err := h.cfg.Sockets.Accept(w, r, h.address(r), h.socketConfig())
	if err != nil {
		h.lost(nil, r, fault.SignalUpgrade.Wrap(err, "reason", err.Error()))
		return
	}
	ctx := context.WithoutCancel(r.Context()) // it ends with this function, the socket by itself
	if err := h.cfg.Sockets.Add(c); err != nil {
		f := fault.From(err, fault.OpConnect)
		h.all.Count(f)
		c.Close(websocket.StatusTryAgainLater, f.Kind.ID)
		c.Write(ctx)
		return
	}
	defer h.cfg.Sockets.Remove(c)
	l := &line{
		h: h, seat: &seat{Conn: c, from: h.cfg.ClientAddr(r)}, ctx: ctx, address: h.address(r), door: h.door(r), host: r.Host,
		agent: event.ParseAgent(r.UserAgent()),
	}
	c.Silent = l.silenced
	l.idle = time.AfterFunc(h.cfg.JoinWait, func() {
		h.cfg.Sockets.Limited(h.style.door() + ".join_timeout")
		c.Close(closeRefused, "nobody has joined")
	})
	defer l.idle.Stop()
	go c.Write(ctx)
	code := c.Read(ctx, l.receive)
	if s := l.s; s != nil {
		// A closed tab says no other goodbye.
		goodbye := code == websocket.StatusNormalClosure || code == websocket.StatusGoingAway || code >= closeRefused && code <= closeCrashed ||
			h.cfg.Guests != nil // these clients never come back to a session
		s.p.Post(func() { s.p.Detached(l.seat, goodbye, code) })
	}
}

// lost refuses a request that will not become a socket; w is nil when it has
// been answered.
func (h *Handler) lost(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err, fault.OpConnect)
	h.all.Lost(r.Context(), participant.Request{Address: h.address(r), Door: h.door(r)}, f)
	if w == nil {
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if f.Kind == fault.SignalUpgrade {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Version", "13")
		w.WriteHeader(http.StatusUpgradeRequired)
	} else {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(f.Kind.Status)
	}
	_ = json.NewEncoder(w).Encode(h.style.word(f))
}

func (h *Handler) socketConfig() socket.Config {
	return socket.Config{
		MaxFrame: h.cfg.MaxFrame, FrameRate: h.cfg.FrameRate, Log: h.log,
		Refused: func(raw []byte, f *fault.Error) any {
			h.all.Count(f)
			if head, err := decodeFrame(raw); err != nil || head.ID == nil {
				return nil
			} else {
				return h.refusal(head.ID, f)
			}
		},
		Slow: h.all.Count,
	}
}

// seat is a socket as the participant knows it.
type seat struct {
	*socket.Conn
	from  netip.Addr
	hello callID // of the call that brings the socket back to its session
	anew  *call  // the join by which its client goes on as the peer it was
}

// line is a socket and what is behind it: nobody at first, then a session. It
// is used in the goroutine that reads the socket.
type line struct {
	h        *Handler
	seat     *seat
	ctx      context.Context
	address  string
	door     *evidence.Door // the request that it came of
	host     string         // under which the client reached us
	agent    event.Agent
	platform string // browser and system, in the client's words

	s      *session    // nil before it has joined or come back
	idle   *time.Timer // ends a socket that stays nobody's
	silent atomic.Pointer[func() bool]
}

func (l *line) silenced() bool {
	f := l.silent.Load()
	return f != nil && (*f)()
}

// receive takes one frame to whom it is for.
func (l *line) receive(raw []byte, done func()) {
	f, err := decodeFrame(raw)
	if s := l.s; s != nil {
		s.p.Post(func() { s.receive(l.seat, f, err); done() })
		return
	}
	defer done()
	if err != nil {
		l.refuse(f, fault.From(err, fault.OpConnect))
		return
	}
	switch f.Method {
	case "ping":
		l.answer(f, pong)
	case "joinRoom", "connect":
		l.idle.Stop()
		if f.Method == "connect" {
			l.resume(f)
		} else {
			l.join(f)
		}
		if l.s == nil {
			l.idle.Reset(l.h.cfg.JoinWait)
		}
	default:
		err := fault.NotJoined.New("method", clip(f.Method, 64))
		if _, known := l.h.style.op(f.Method); !known {
			err = fault.MethodUnknown.New("method", clip(f.Method, 64))
		}
		l.refuse(f, fault.From(err, fault.OpConnect))
	}
}

func (l *line) answer(f frame, v any) {
	if f.ID != nil {
		l.seat.Send(result(f.ID, v))
	}
}

// refuse answers a call of somebody who is not inside.
func (l *line) refuse(f frame, bad *fault.Error) {
	l.h.all.Count(bad)
	l.tell(f, bad)
}

func (l *line) tell(f frame, bad *fault.Error) {
	if f.ID != nil {
		l.seat.Send(l.h.refusal(f.ID, bad))
	}
}

// sit gives the socket to a participant.
func (l *line) sit(p *participant.Participant) bool {
	silent := p.Inject().Silent
	l.silent.Store(&silent)
	return p.Attach(l.seat, participant.Visitor{ID: p.ID(), Agent: l.agent, Address: l.address, Door: l.door})
}

// resume brings the socket back to the session that its client had on another.
// The id of the session is known to that client alone.
func (l *line) resume(f frame) {
	p, err := jsonrpc.Params[struct {
		SessionID string `json:"sessionId"`
	}](f.Params)
	if err == nil && p.SessionID == "" {
		err = missing("sessionId")
	}
	if err != nil {
		l.refuse(f, fault.From(err, fault.OpReconnect))
		return
	}
	s := l.h.session(p.SessionID)
	l.seat.hello = f.ID
	if s == nil || !l.sit(s.p) {
		l.refuse(f, fault.From(gone(s), fault.OpReconnect))
		return
	}
	l.s = s
}

// gone says why a session cannot be gone on with.
func gone(s *session) error {
	if s != nil {
		if why := s.p.Out(); why != nil {
			return why.New("peer", s.p.ID())
		}
	}
	return fault.PeerGone.New("reason", "the session is not known or was given up")
}

// iceServers are those that the client is told of. Relays are for one peer, so a
// token that everybody joins with has none; a backend that names servers for one
// connection means these alone.
func (l *line) iceServers(g Grant, p *participant.Participant) []ICEServer {
	c := l.h.cfg
	all := g.ICEServers
	switch {
	case len(all) == 0:
		all = c.ServersFor(l.host)
	case c.Shared == nil:
		return all
	}
	if c.Relays != nil {
		all = append(slices.Clone(all), c.Relays(l.host, p.RoomID(), string(p.ID()))...)
	}
	return all
}

// ServersFor are the ICE servers that a client is told of who came to a host; never
// none.
func (c Config) ServersFor(host string) []ICEServer {
	if len(c.ICEServers) > 0 {
		return c.ICEServers
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	return []ICEServer{{URL: "stun:" + net.JoinHostPort(name, strconv.Itoa(c.MediaPort))}}
}

// pong answers a ping.
var pong = map[string]string{"value": "pong"}
