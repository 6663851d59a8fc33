package signal

import (
	"net/http"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
)

// who is the visitor as the plan of provoked faults knows peers.
func (v visitor) who() inject.Who {
	return inject.Who{Room: v.claims.RoomID, Peer: string(v.peer), User: v.claims.UserID, Role: v.claims.Role}
}

// initInjected answers /init in the plan's stead.
func (h *Handler) initInjected(w http.ResponseWriter, v visitor) bool {
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
	if err != nil || !h.cfg.Inject.Upgrade(v.who()) {
		return false
	}
	http.Error(w, "This refusal was injected.", http.StatusServiceUnavailable)
	return true
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

// gates are what the plan puts before the two connections of a peer.
func gates(p *inject.Peer) (pub, sub sfu.Gate) {
	if p == nil {
		return nil, nil // typed nil pointers would be gates
	}
	a, b := p.Wires()
	return a, b
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
		s.tell("on-error", wordFault(fault.From(a.Fault, fault.OpReconnect)))
	case inject.AtKick:
		if s.joined {
			_ = s.room.Remove(s.ctx, "", s.key.peer, "injected")
		}
	case inject.AtSDP:
		if s.joined && s.media.sub != nil {
			_ = s.media.sub.RestartICE()
		}
	case inject.AtMove:
		s.move()
	}
}

// move makes the client build its connections anew, as one does that was told
// that its node is another one now. The id only has to differ.
func (s *seat) move() {
	if !s.joined || s.media.pub == nil {
		return
	}
	s.closeMedia()
	if done, err := s.room.Publish(s.ctx, s.key.peer, []room.Track{}); err == nil {
		s.recordTracks(done)
	}
	s.node += "m"
	s.listed = false
	s.tell("node-info", map[string]string{"sfu_node_id": s.node})
}
