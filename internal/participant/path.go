package participant

import (
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/sfu"
)

// path is what is known of a connection's way through the network.
type path struct {
	op     fault.Op
	failed event.Type // what is recorded when it fails
	cut    bool       // it failed and that was recorded
	lost   bool       // it was lost and is not back
}

// pathChanged hears how a media path is. A path that failed is recorded once
// until it works again: the client may be unable to say so itself.
func (p *Participant) pathChanged(at *path, st sfu.State, err error) {
	p.log.Debug("media path", "op", string(at.op), "state", string(st), "err", err)
	switch st {
	case sfu.StateConnected:
		at.cut, at.lost = false, false
		// The client mends its publish side by itself and soon after the network
		// is back; that is the moment to mend the other side, too.
		if at.op == fault.OpPublish {
			for _, s := range p.media.subs {
				if s.lost {
					_ = s.RestartICE()
				}
			}
		}
	case sfu.StateDisconnected:
		at.lost = true
	case sfu.StateFailed:
		if err == nil {
			err = fault.ICEFailed.New()
		}
		if !at.cut && p.joined && !p.leaving {
			at.cut = true
			p.recordTry(at.failed, fault.From(err, at.op))
		}
		at.lost = true
		if sfu.Unanswered(err) {
			p.overTCP()
		}
	}
}

// overTCP lets the client build its connections anew, without UDP: its packets
// pass only as long as they are small. Done once; TCP cuts packets to size.
func (p *Participant) overTCP() {
	if p.media.tcpOnly || p.leaving || p.s.cfg.Media.TCPPort() == 0 {
		return
	}
	p.media.tcpOnly = true
	if p.rebuild(MediaMoved) {
		p.log.Info("media goes on over TCP")
	}
}

// Mend restarts the receiving connections, which only we can, when the client
// shows that its media path is lost.
func (p *Participant) Mend() {
	for _, s := range p.media.subs {
		if s.started {
			_ = s.Mend()
		}
	}
}

// resendOffers repeats offers a lost socket may have swallowed.
func (p *Participant) resendOffers() {
	for _, s := range p.media.subs {
		_ = s.Resend()
	}
}

// judge says every few seconds how well the peer receives: as well as on its
// worst connection.
func (p *Participant) judge() {
	if !p.joined || p.leaving {
		return
	}
	score := -1
	for _, s := range p.media.subs {
		if q := s.Quality(); q.Score >= 0 && (score < 0 || q.Score < score) { // negative: nothing to judge by yet
			score = q.Score
		}
	}
	if score >= 0 {
		p.room.SetQuality(p.ctx, p.key.peer, score)
	}
	p.rater = p.After(rateEvery, p.judge)
}
