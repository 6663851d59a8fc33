package participant

import (
	"time"

	"github.com/coder/websocket"
)

const (
	// reasonRejoined is why a peer left whose client has joined anew.
	reasonRejoined = "rejoined"
	// probePatience is more than twice the time between two pings of a client.
	probePatience = 8 * time.Second
	// probeSlack is for how long after it the end of the socket may be heard of, on
	// a busy machine.
	probeSlack = 5 * time.Second
	// noCloseCode is that of a socket which ended without a closing handshake.
	noCloseCode websocket.StatusCode = -1
)

// rejoined lets the peers of a room give way that came in with the token of one
// that has just joined: a page that crashed or was loaded again comes under a new
// id, and would be shown beside what is held of it.
func (s *Service) rejoined(by *Participant) {
	s.mu.Lock()
	for _, p := range s.peers {
		if p != by && p.key.room == by.key.room && p.belongsTo(by.claims) {
			p.Post(p.giveWay)
		}
	}
	s.mu.Unlock()
	if s.cfg.Rejoined != nil && by.claims.Digest != "" {
		s.cfg.Rejoined(by.key.room, by.key.peer, by.claims.Digest)
	}
}

// giveWay ends a peer that is away. One that is connected stays, since somebody
// may open two tabs on purpose; but it has to show soon that its socket leads
// to anybody.
func (p *Participant) giveWay() {
	switch {
	case !p.joined || p.leaving:
	case p.socket == nil:
		p.log.Info("a peer that was away has joined anew", "away", time.Since(p.awayFrom).Round(time.Millisecond))
		p.Leave(reasonRejoined)
	default:
		p.rejoinedBy = time.Now().Add(probePatience + probeSlack)
		p.socket.Probe(probePatience)
	}
}
