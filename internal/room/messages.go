// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import (
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/text"
)

// MaxMessage is how many characters a message may hold, as people see them.
const MaxMessage = 64 * 1024

var messageLimit = text.Limit{Chars: MaxMessage, Bytes: 2 * MaxMessage}

// Send delivers a message to one peer, to the peers of some roles, or to all
// but the sender, and returns it with its id and time. Fails with
// fault.PeerNotFound, RoleNotFound, MessageTooLarge.
func (r *Room) Send(ctx context.Context, by PeerID, msg Message) (Message, error) {
	return call(ctx, r, func() (Message, error) {
		if over := messageLimit.Over(msg.Type + msg.Body); over != nil {
			return msg, fault.MessageTooLarge.New(over...)
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
		tell(r, MessageSent{msg}, func(m *member) bool {
			return m.ID != by && (len(msg.Roles) == 0 || slices.Contains(msg.Roles, m.Role))
		})
		return msg, nil
	})
}
