package hms

import "github.com/redial-rtc/redial/internal/room"

// GiveUp ends a peer and holds up the tidying until the returned function is
// called.
func (h *Handler) GiveUp(roomID, peer string) (tidy func()) {
	hold, held := make(chan struct{}), make(chan struct{})
	p := h.all.Participant(roomID, room.PeerID(peer))
	p.Post(func() { p.Leave("given up"); close(held); <-hold })
	<-held
	return func() { close(hold) }
}
