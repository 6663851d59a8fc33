// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"context"
	"sync"
)

// unacked remembers what went into a socket and must not be missed, until the
// other end has shown that it got it. A socket that leads nowhere takes frames
// for as long as nobody notices; what it took goes to the next one.
//
// A WebSocket ping (RFC 6455, section 5.5.2) behind a frame is answered only by
// who has read that frame, in whatever browser. Where nothing stands between the
// client and us, the acknowledgements of TCP tell as much, even of a client that
// is too busy to answer.
type unacked struct {
	most int // bytes; set before the first frame is added
	keep func(by keeper, n int)

	mu      sync.Mutex
	frames  []unackedFrame // not confirmed, oldest first
	bytes   int            // of these
	next    uint64         // number of the next frame
	written uint64         // number of the last one written
	asked   uint64         // number of the last one asked about
	asking  bool           // a ping is on its way, or failed: then there is no point in another
}

// MaxUnacked is how many frames that must not be missed are remembered for one
// client.
const MaxUnacked = 200

type unackedFrame struct {
	n   uint64
	b   []byte // nil: dropped for want of room
	end uint64 // where it ends in the byte stream; 0: unknown
	too int    // how many before it were dropped as well, of which nothing else is known
}

// add takes a frame in and numbers it, from 1. Beyond what would be kept for a
// peer that is away it is dropped, and those that wait in a row are remembered as one.
func (k *unacked) add(b []byte) uint64 {
	k.mu.Lock()
	k.next++
	n, more := k.next, 0
	switch last := len(k.frames) - 1; {
	case len(k.frames) < MaxUnacked && k.bytes+len(b) <= k.most:
		k.frames = append(k.frames, unackedFrame{n: n, b: b})
		k.bytes += len(b)
		more = len(b)
	case last >= 0 && k.frames[last].b == nil && (k.frames[last].end == 0 || last >= 2*MaxUnacked):
		k.frames[last] = unackedFrame{n: n, too: k.frames[last].too + 1}
	default:
		k.frames = append(k.frames, unackedFrame{n: n})
	}
	k.mu.Unlock()
	k.keep(k, more)
	return n
}

// wrote notes that frame n is in the socket, ending at a place of its stream,
// and tells whether the other end should be asked about it.
func (k *unacked) wrote(n, end uint64) (ask bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.frames {
		if k.frames[i].n == n {
			k.frames[i].end = end
		}
	}
	k.written = n
	ask = !k.asking
	k.asking = true
	return ask
}

// ask tells how far to ask the other end now; 0 is not at all.
func (k *unacked) ask() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked == k.written {
		k.asking = false
		return 0
	}
	k.asked = k.written
	return k.asked
}

// confirmed forgets what was asked about.
func (k *unacked) confirmed() {
	k.mu.Lock()
	freed := 0
	for len(k.frames) > 0 && k.frames[0].n <= k.asked {
		freed += len(k.frames[0].b)
		k.frames[0].b = nil
		k.frames = k.frames[1:]
	}
	k.bytes -= freed
	k.mu.Unlock()
	k.keep(k, -freed)
}

// missed is what the other end cannot be known to have got, given how much of the
// byte stream has arrived, and how many frames of that were dropped.
func (k *unacked) missed(arrived uint64) (frames [][]byte, lost int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, f := range k.frames {
		switch {
		case f.end != 0 && f.end <= arrived:
		case f.b == nil:
			lost += 1 + f.too
		default:
			frames = append(frames, f.b)
		}
	}
	return frames, lost
}

// release forgets everything.
func (k *unacked) release() {
	k.mu.Lock()
	freed := k.bytes
	k.frames, k.bytes = nil, 0
	k.mu.Unlock()
	k.keep(k, -freed)
}

// shrink implements keeper. What is dropped may have arrived all the same.
func (k *unacked) shrink(to int) (n int) {
	k.mu.Lock()
	freed := 0
	for i := range k.frames {
		if k.bytes-freed <= to {
			break
		}
		if f := &k.frames[i]; f.b != nil {
			freed += len(f.b)
			f.b = nil
			n++
		}
	}
	k.bytes -= freed
	k.mu.Unlock()
	k.keep(k, -freed)
	return n
}

// confirm asks the other end whether it has read everything, until it has. Its
// answers go to the keeper as they are read; see Accept.
func (c *Conn) confirm(ctx context.Context) {
	for c.unacked.ask() != 0 {
		ctx, cancel := context.WithTimeout(ctx, silence)
		err := c.ws.Ping(ctx)
		cancel()
		if err != nil {
			return // the socket is about to be given up
		}
	}
}
