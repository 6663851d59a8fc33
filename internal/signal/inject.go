package signal

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// who is the visitor as the plan of provoked faults knows peers.
func (v visitor) who() inject.Who {
	return inject.Who{Room: v.claims.RoomID, Peer: string(v.peer), User: v.claims.UserID, Role: v.claims.Role, Token: v.claims.ID}
}

// who is the peer of a seat.
func (s *seat) who() inject.Who {
	return inject.Who{
		Room: s.key.room, Peer: string(s.key.peer), User: s.claims.UserID, Name: s.name, Role: s.role, Token: s.claims.ID,
	}
}

// initInjected answers /init in the plan's stead.
func (h *Handler) initInjected(w http.ResponseWriter, v visitor) bool {
	h.goneInjected(v)
	f, rubbish := h.cfg.Inject.Init(v.who())
	switch {
	case rubbish:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<html><body>This answer was injected; it is not JSON.</body></html>\n"))
	case f != nil:
		f = fault.From(f, fault.OpInit)
		h.turnAway(v, f)
		h.refuseInit(w, f)
	default:
		return false
	}
	return true
}

// upgradeInjected refuses to open a socket. Who asks is found out only while
// there is a rule.
func (h *Handler) upgradeInjected(w http.ResponseWriter, r *http.Request) bool {
	if h.cfg.Inject.Idle() {
		return false
	}
	q := r.URL.Query()
	v, err := h.admit(r.Context(), r, q.Get("token"), q.Get("peer"))
	if err != nil {
		return false
	}
	h.goneInjected(v)
	if !h.cfg.Inject.Upgrade(v.who()) {
		return false
	}
	http.Error(w, "This refusal was injected.", http.StatusServiceUnavailable)
	return true
}

// goneInjected ends the connection of a request without an answer while the
// plan has it that nobody listens here.
func (h *Handler) goneInjected(v visitor) {
	if h.cfg.Inject.Gone(v.who()) {
		panic(http.ErrAbortHandler) // how net/http is told so
	}
}

// provoked tells whether an error was.
func provoked(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && inject.Caused(f)
}

// seen is report.Seen for faults that may have been provoked, with a number of
// their own.
func seen(t event.Type, action string, f *fault.Error, s event.Subject) event.Event {
	e := report.Seen(t, action, f, s)
	e.Injected = inject.Caused(f)
	if n := inject.Code(f); n != 0 {
		e.Failure.Code = n
	}
	return e
}

// gates are what the plan puts before the two connections of a peer, over UDP
// and over TCP.
func gates(p *inject.Peer) (pub, sub, pubTCP, subTCP sfu.Gate) {
	if p == nil {
		return nil, nil, nil, nil // typed nil pointers would be gates
	}
	a, b := p.Wires()
	c, d := p.TCPWires()
	return a, b, c, d
}

// provoke does to the peer what a rule asks for.
func (s *seat) provoke(a inject.Action) {
	if s.leaving {
		return
	}
	switch a.Do {
	case inject.AtCut:
		if s.conn != nil {
			s.conn.drop()
		}
	case inject.AtClose:
		if s.conn != nil {
			s.conn.close(statusServiceRestart, "injected")
		}
	case inject.AtError:
		s.bye(a.Fault)
	case inject.AtToken:
		s.putOut(a.Fault)
	case inject.AtKick:
		if s.joined {
			_ = s.room.Remove(s.ctx, "", s.key.peer, "injected")
		}
	case inject.AtSDP:
		if s.joined && s.media.sub != nil {
			_ = s.media.sub.RestartICE()
		}
	case inject.AtMove:
		if s.move("m") {
			s.tell("node-info", map[string]string{"sfu_node_id": s.node})
		}
	case inject.AtRestart:
		s.move("r")
		if s.conn != nil {
			s.conn.close(statusServiceRestart, "injected")
		}
	case inject.AtMute:
		for _, t := range s.media.tracks {
			if s.joined && t.Kind == room.Video && t.Source == room.SourceRegular && !t.Mute {
				s.hear(room.TrackMuteAsked{Track: t.Track, Mute: true})
			}
		}
	case inject.AtStrange:
		s.tellStranger(a.Fault)
	}
}

// bye tells the client a fault that ends its session, which SDKs do not report,
// and records it.
func (s *seat) bye(f *fault.Error) {
	f = fault.From(f, fault.OpReconnect)
	s.record(event.Disconnected, "RECONNECT_SIGNAL", f)
	s.tell("on-error", wordFault(f))
}

// tellStranger announces a peer of a role that is in no policy, and then the
// policy: clients that look the role up end their session.
func (s *seat) tellStranger(f *fault.Error) {
	if !s.joined {
		return
	}
	s.record(event.Disconnected, "VALIDATION", fault.From(f, fault.OpReconnect))
	stranger := room.Peer{ID: room.PeerID(uuid.NewString()), Name: "Injected", Role: "injected-unknown-role", JoinedAt: time.Now()}
	s.tell("on-peer-join", fullPeerOnWire(stranger))
	s.tell("on-policy-change", policyOnWire(s.role, s.place.Facts.Template))
	s.tell("on-peer-leave", peerOnWire(stranger))
}

// move ends the peer's connections, so that its client must build them anew: as
// it does once it knows this process by another id. False when there are none.
func (s *seat) move(suffix string) bool {
	if !s.joined || s.media.pub == nil {
		return false
	}
	s.closeMedia()
	if done, err := s.room.Publish(s.ctx, s.key.peer, []room.Track{}); err == nil {
		s.recordTracks(done)
	}
	s.node += suffix
	s.listed = false
	return true
}
