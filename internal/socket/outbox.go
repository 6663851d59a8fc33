// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/redial-rtc/redial/internal/limit"
)

// outbox is what waits to be written to one socket, bounded in bytes. A frame
// that is larger than the bound passes when nothing else waits.
type outbox struct {
	mu     sync.Mutex
	frames []outgoing
	bytes  int // of frames, and of the one being written
	closed bool
	most   int
	all    *limit.Bytes // what waits for every socket
	ready  chan struct{}
}

// outgoing is a frame on its way out.
type outgoing struct {
	b    []byte
	kept uint64 // its number, if it must not be missed; see keeper
}

// frameCost is what a frame costs beside its bytes.
const frameCost = 64

func (f outgoing) cost() int { return len(f.b) + frameCost }

func newOutbox(most int, all *limit.Bytes) *outbox {
	return &outbox{most: most, all: all, ready: make(chan struct{}, 1)}
}

// put queues a frame and tells whether it fitted. After close it goes nowhere.
func (o *outbox) put(f outgoing) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return true
	}
	if o.bytes > 0 && o.bytes+f.cost() > o.most {
		return false
	}
	o.frames = append(o.frames, f)
	o.bytes += f.cost()
	o.all.Take(f.cost())
	select {
	case o.ready <- struct{}{}:
	default:
	}
	return true
}

// take removes the oldest frame; sent tells that it is gone.
func (o *outbox) take() (outgoing, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) == 0 {
		return outgoing{}, false
	}
	f := o.frames[0]
	o.frames[0] = outgoing{}
	o.frames = o.frames[1:]
	return f, true
}

// sent gives back what a frame that was taken has cost.
func (o *outbox) sent(f outgoing) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.give(f.cost())
	}
}

// close drops what waits and all that comes.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.frames = true, nil
	o.give(o.bytes)
}

func (o *outbox) give(n int) {
	o.bytes -= n
	o.all.Give(n)
}

// waiting is how many bytes wait.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes
}

// Encode writes a frame. What looks like HTML stays as it is: nobody embeds a
// frame in a page, and an escaped "<" is six bytes for one.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
