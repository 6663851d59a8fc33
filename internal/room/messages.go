package room

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// MaxMessage is how many bytes a message may hold.
const MaxMessage = 64 * 1024

// Send delivers a message to one peer, to the peers of some roles, or to all
// but the sender, and returns it with its id and time. Fails with
// fault.PeerNotFound, RoleNotFound, MessageTooLarge.
func (r *Room) Send(ctx context.Context, by PeerID, msg Message) (Message, error) {
	return call(ctx, r, func() (Message, error) {
		if len(msg.Body)+len(msg.Type) > MaxMessage {
			return msg, fault.MessageTooLarge.New("max_bytes", MaxMessage, "bytes", len(msg.Body)+len(msg.Type))
		}
		if by != "" {
			from, err := r.member(by)
			if err != nil {
				return msg, err
			}
			msg.From = from.asPeer()
		}
		if err := r.knownRoles(msg.Roles); err != nil {
			return msg, err
		}
		msg.ID, msg.At = newID(), time.Now()
		if msg.To != "" {
			m, err := r.member(msg.To)
			if err != nil {
				return msg, err
			}
			msg.Private = true
			m.to.Notify(MessageSent{msg})
			return msg, nil
		}
		for id, m := range r.members {
			if id != by && (len(msg.Roles) == 0 || slices.Contains(msg.Roles, m.Role)) {
				m.to.Notify(MessageSent{msg})
			}
		}
		return msg, nil
	})
}
