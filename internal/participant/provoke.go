// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"errors"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/room"
)

// who is the visitor as the plan of provoked faults knows peers.
func (v Visitor) who() inject.Who {
	return inject.Who{Room: v.Claims.RoomID, Peer: string(v.ID), User: v.Claims.UserID, Role: v.Claims.Role, Token: v.Claims.ID}
}

// Idle tells that no fault is provoked, so that nobody need be identified for
// the sake of that.
func (s *Service) Idle() bool { return s.cfg.Inject.Idle() }

// Gone tells whether nobody is to answer this visitor, on purpose.
func (s *Service) Gone(v Visitor) bool { return s.cfg.Inject.Gone(v.who()) }

// InitInjected is how a visitor that was admitted is to be refused on purpose:
// with a fault, or with an answer that makes no sense.
func (s *Service) InitInjected(v Visitor) (refusal *fault.Error, rubbish *inject.Rubbish) {
	return s.cfg.Inject.Init(v.who())
}

// UpgradeInjected tells whether a visitor gets no socket, on purpose.
func (s *Service) UpgradeInjected(v Visitor) bool { return s.cfg.Inject.Upgrade(v.who()) }

// StoreInjected fails with fault.StoreUnavailable, or what else was asked for, where a
// report of a visitor is not to be stored, on purpose.
func (s *Service) StoreInjected(v Visitor) error { return s.cfg.Inject.Store(v.who()) }

// who is the peer as the plan knows it.
func (p *Participant) who() inject.Who {
	return inject.Who{
		Room: p.key.room, Peer: string(p.key.peer), User: p.claims.UserID, Name: p.name, Role: p.role, Token: p.claims.ID,
	}
}

// provoked tells whether an error was.
func provoked(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && inject.Caused(f)
}

// Stranger is implemented by wires whose clients end their session over a peer
// whose role they do not know.
type Stranger interface {
	// TellStranger announces such a peer, and takes it back.
	TellStranger(*fault.Error)
}

// provoke does to the peer what a rule asks for.
func (p *Participant) provoke(a inject.Action) {
	if p.leaving {
		return
	}
	switch a.Do {
	case inject.AtCut:
		if c := p.socket; c != nil {
			time.AfterFunc(a.Delay, c.Drop)
		}
	case inject.AtClose:
		p.closeSocket()
	case inject.AtError:
		p.End(a.Fault)
	case inject.AtToken:
		p.terminate(a.Fault)
	case inject.AtKick:
		if p.joined {
			_ = p.room.Moderation().Remove(p.ctx, "", p.key.peer, "injected")
		}
	case inject.AtSDP:
		if p.joined {
			p.media.restart(func(*Subscription) bool { return true })
		}
	case inject.AtMove:
		p.media.rebuild(MediaMoved)
	case inject.AtRestart:
		p.media.rebuild(MediaLost)
		p.closeSocket()
	case inject.AtMute:
		for _, t := range p.events.published {
			if p.joined && t.Kind == room.Video && t.Source == room.SourceRegular && !t.Mute {
				p.onUpdate(room.TrackMuteAsked{Track: t.Track, Mute: true}, nil)
			}
		}
	case inject.AtStrange:
		if w, ok := p.wire.(Stranger); ok && p.joined {
			w.TellStranger(fault.From(a.Fault, fault.OpReconnect))
		}
	}
}

// closeSocket ends the socket as a node does that restarts.
func (p *Participant) closeSocket() {
	if p.socket != nil {
		p.socket.Close(websocket.StatusServiceRestart, "injected")
	}
}
