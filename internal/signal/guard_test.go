package signal

import (
	"context"
	"testing"
)

// TestABugCostsOnePeerItsPlace puts a method that panics into the table, as a
// bug would.
func TestABugCostsOnePeerItsPlace(t *testing.T) {
	h := New(Config{})
	s := &seat{h: h, key: seatKey{"r", "p"}, in: newInbox(10), log: h.log}
	s.ctx, s.end = context.WithCancel(context.Background())
	h.sit(s)
	done := make(chan struct{})
	go func() { s.run(); close(done) }()
	s.in.post(func() { panic("a bug") })
	<-done // the goroutine ended; the process did not
	if h.Peers() != 0 {
		t.Error("the seat is still taken")
	}
}
