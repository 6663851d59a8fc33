// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import "cmp"

// Bounds are what sockets may make the server hold and read, in bytes. What is
// left at 0 takes the default named here.
type Bounds struct {
	Queue  int // waiting to be written to one socket; 4 MiB
	Queues int // ... to all of them; 64 MiB
	Away   int // remembered for one client until it has got it; 256 KiB
	Kept   int // ... for all of them; 64 MiB
	Read   int // read from one socket in a second, four times that at once; 1 MiB
}

func (b Bounds) withDefaults() Bounds {
	b.Queue = cmp.Or(b.Queue, 4<<20)
	b.Queues = cmp.Or(b.Queues, 64<<20)
	b.Away = cmp.Or(b.Away, 256<<10)
	b.Kept = cmp.Or(b.Kept, 64<<20)
	b.Read = cmp.Or(b.Read, 1<<20)
	return b
}

// readBurst is how many seconds' worth of bytes may be read at once.
const readBurst = 4
