// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"sync"
	"time"

	"github.com/pion/rtp"
)

// BatchWriter is what a Writer may be as well: one whose packets wait for others.
type BatchWriter interface {
	WriteBatched(batch *Batch, header *rtp.Header, payload []byte) (int, error)
}

// Batch gathers sealed packets of one fan-out, so that one system call sends those for
// many peers, and one message of it several packets for the same (UDP GSO). The zero
// value is empty. It is used by one goroutine; the timer that empties one that is
// forgotten is its own.
type Batch struct {
	mu    sync.Mutex
	space *space // nil: it is empty
	hint  int    // in the order of the last packet: the message of the next
	timer *time.Timer
	since time.Time
}

const (
	// maxSegments is how many packets go out in one message: one picture of a usual size.
	maxSegments = 16
	// segmentBytes is the most that one message may have, by UDP.
	segmentBytes = 60 << 10
	blockBytes   = 64 << 10
	maxBlocks    = 16  // then what there is is sent
	maxMessages  = 512 // the same
	// maxWait is how long a packet waits for the rest of its picture.
	maxWait = 2 * time.Millisecond
)

// space is the memory of a batch, lent while there is something in it.
type space struct {
	blocks   []*[blockBytes]byte
	used     int // of the last block
	messages []message
	sys      systemSpace
}

// message is one or more packets for one peer.
type message struct {
	to    *path
	parts [maxSegments][]byte
	count int
	size  int // of each part; the last may be shorter
	total int
	done  bool // the last part was shorter
}

var (
	spaces = sync.Pool{New: func() any { return &space{messages: make([]message, 0, 64)} }}
	blocks = sync.Pool{New: func() any { return new([blockBytes]byte) }}
)

// add seals a packet into the batch; an empty one is left out.
func (b *Batch) add(to *path, seal func(room []byte) ([]byte, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.space
	if s == nil {
		s = spaces.Get().(*space)
		b.space, b.hint, b.since = s, 0, time.Now()
		if b.timer == nil {
			b.timer = time.AfterFunc(maxWait, b.Flush)
		} else {
			b.timer.Reset(maxWait)
		}
	}
	const room = MaxPacket + sealing
	if len(s.blocks) == 0 || s.used+room > blockBytes {
		if len(s.blocks) == maxBlocks {
			s.send()
			b.hint = 0
		}
		s.blocks = append(s.blocks, blocks.Get().(*[blockBytes]byte))
		s.used = 0
	}
	block := s.blocks[len(s.blocks)-1]
	sealed, err := seal(block[s.used : s.used+room : s.used+room])
	if err != nil || len(sealed) == 0 {
		return err
	}
	s.used += len(sealed)
	b.place(s, to, sealed)
	return nil
}

// place finds the message that a packet goes into.
func (b *Batch) place(s *space, to *path, packet []byte) {
	open := func(m *message) bool { return m.to == to && !m.done }
	i := b.hint
	if i >= len(s.messages) || !open(&s.messages[i]) { // the order of receivers changed
		i = -1
		for k := range s.messages {
			if open(&s.messages[k]) {
				i = k
				break
			}
		}
	}
	if i >= 0 {
		m := &s.messages[i]
		if m.count < maxSegments && to.sock.segments() && !to.plain.Load() && len(packet) <= m.size && m.total+len(packet) <= segmentBytes {
			m.parts[m.count] = packet
			m.count++
			m.total += len(packet)
			m.done = len(packet) < m.size
			b.hint = i + 1
			return
		}
		m.done = true // a receiver has one that is open at most, so that order is kept
	}
	if len(s.messages) == maxMessages {
		s.transmit()
	}
	s.messages = append(s.messages, message{})
	m := &s.messages[len(s.messages)-1]
	m.to, m.count, m.size, m.total, m.done = to, 1, len(packet), len(packet), false
	m.parts[0] = packet
	if b.hint = len(s.messages); i >= 0 {
		b.hint = i + 1 // those that are open stand in order after the one that was
	}
}

// End tells that a packet has been given to all receivers. whole is that its picture is
// complete, so that nothing is worth waiting for.
func (b *Batch) End(whole bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.space == nil {
		return
	}
	if whole || time.Since(b.since) >= maxWait {
		b.flush()
		return
	}
	b.hint = 0
}

// Flush sends what there is.
func (b *Batch) Flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flush()
}

func (b *Batch) flush() {
	s := b.space
	if s == nil {
		return
	}
	b.space = nil
	b.timer.Stop()
	s.send()
	spaces.Put(s)
}

// send sends all messages and gives the blocks back.
func (s *space) send() {
	s.transmit()
	for i, block := range s.blocks {
		blocks.Put(block)
		s.blocks[i] = nil
	}
	s.blocks, s.used = s.blocks[:0], 0
}

// transmit sends all messages, those of one socket together.
func (s *space) transmit() {
	all := s.messages
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].to.sock == all[from].to.sock {
			to++
		}
		all[from].to.sock.transmit(&s.sys, all[from:to])
		from = to
	}
	clear(all)
	s.messages = all[:0]
}

// one sends each packet of a message by itself.
func (m *message) one() {
	for _, part := range m.parts[:m.count] {
		_, _ = m.to.sock.WriteToAddrPort(part, m.to.to) // as good as lost
	}
}
