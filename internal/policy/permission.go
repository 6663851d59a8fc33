// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package policy

// Permission names one of [Permissions].
type Permission string

// The permissions that a call can be refused for.
const (
	ChangeRole   Permission = "change_role"
	EndRoom      Permission = "end_room"
	RemoveOthers Permission = "remove_others"
	Mute         Permission = "mute"
	Unmute       Permission = "unmute"
	PollRead     Permission = "poll_read"
	PollWrite    Permission = "poll_write"
)

// Has tells whether a permission is given.
func (p Permissions) Has(one Permission) bool {
	switch one {
	case ChangeRole:
		return p.ChangeRole
	case EndRoom:
		return p.EndRoom
	case RemoveOthers:
		return p.RemoveOthers
	case Mute:
		return p.Mute
	case Unmute:
		return p.Unmute
	case PollRead:
		return p.PollRead
	case PollWrite:
		return p.PollWrite
	}
	return false
}
