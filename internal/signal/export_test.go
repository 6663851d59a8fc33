package signal

import "github.com/redial-rtc/redial/internal/room"

// GiveUp ends a peer's seat and holds up the tidying until the returned
// function is called.
func (h *Handler) GiveUp(roomID, peer string) (tidy func()) {
	hold, held := make(chan struct{}), make(chan struct{})
	s := h.seat(seatKey{roomID, room.PeerID(peer)})
	s.in.post(func() { close(held); <-hold })
	<-held
	s.end()
	return func() { close(hold) }
}
