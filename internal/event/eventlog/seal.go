// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventlog

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/docpack"
)

// Documents that lie one by one are sealed into blocks when nothing will change them any
// more: their second half has come by then, or never will. A flood is sealed sooner. What
// changes later all the same lies beside its block.
const (
	sealedTo   = "documents.sealed"               // meta: place up to which documents have been sealed
	sealAfter  = event.PairWindow + 1*time.Minute // since an event was taken
	sealBeyond = 20_000                           // events behind the newest
	sealBatch  = 16 * docpack.BlockDocs           // documents that are read and packed at a time
	sealBlocks = 64                               // blocks that are read for one
	sealEvery  = 30 * time.Second                 // how often documents are looked for that are due
	sealPause  = 5 * time.Millisecond             // between two transactions, so that writers are not held up
)

// sealer is the sealing of documents in the background.
type sealer struct {
	active  bool    // documents are being packed; guarded by Log.mu like touched
	touched []int64 // places whose documents have changed meanwhile

	written int           // since it was last woken; guarded by Log.mu
	due     chan struct{} // holds one
	done    chan struct{} // closed when it has ended; nil when it never began
}

// touch tells that the document at a place changes.
func (s *sealer) touch(seq int64) {
	if s.active {
		s.touched = append(s.touched, seq)
	}
}

// wrote tells that documents were written one by one.
func (s *sealer) wrote(n int) {
	if s.written += n; s.written < sealBatch {
		return
	}
	s.written = 0
	select {
	case s.due <- struct{}{}:
	default:
	}
}

func (l *Log) startSeals() {
	l.docs.seals.due, l.docs.seals.done = make(chan struct{}, 1), make(chan struct{})
	go l.runSeals()
}

// stopSeals returns when the sealing has ended, if it ever began.
func (l *Log) stopSeals() {
	if l.docs.seals.done != nil {
		<-l.docs.seals.done
	}
}

// runSeals seals documents until the log is closed.
func (l *Log) runSeals() {
	background.Thread()
	defer close(l.docs.seals.done)
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-l.docs.seals.due:
		case <-l.stopping:
			return
		}
		for {
			more, err := l.Seal(context.Background(), time.Now().Add(-sealAfter), sealBeyond)
			if err != nil {
				select {
				case <-l.stopping:
				default:
					l.log.Warn("documents of events could not be packed into blocks; they stay as they are", "error", err)
				}
			}
			if err != nil || !more {
				break
			}
			select {
			case <-time.After(upgradePause):
			case <-l.stopping:
				return
			}
		}
	}
}

// sealing is what is made of documents.
type sealing struct {
	from   int64   // the first place
	upto   int64   // the last place
	docs   []int64 // that lie one by one and become part of blocks
	old    []block // that are written anew
	blocks []block
}

// Seal packs the next documents that were taken before a time, or are so many events
// behind the newest, into blocks, and tells whether there are more. A log does so by
// itself with what is old. It fails with fault.StoreUnavailable.
func (l *Log) Seal(ctx context.Context, before time.Time, beyond int64) (more bool, err error) {
	l.mu.Lock()
	l.docs.seals.active, l.docs.seals.touched = true, nil
	last := l.last
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		l.docs.seals.active, l.docs.seals.touched = false, nil
		l.mu.Unlock()
	}()
	var s sealing
	err = l.Read(ctx, func(c *Conn) error {
		from, _, err := c.Meta(ctx, sealedTo)
		if err != nil {
			return err
		}
		s, err = sealable(ctx, c, from, before.UnixNano(), last-beyond)
		s.from = from + 1
		return err
	})
	if err != nil || len(s.docs) == 0 {
		return false, err
	}
	more = len(s.docs) >= sealBatch
	for len(s.docs) > 0 {
		part := s.part()
		err := l.Rearrange(ctx, part.write)
		if errors.Is(err, ErrChanged) {
			return true, nil // and then as it is now
		}
		if err != nil {
			return false, err
		}
		select {
		case <-time.After(sealPause):
		case <-l.stopping:
			return false, nil
		}
	}
	return more, nil
}

// part takes off what can be written by one transaction, which whoever stores an event has
// to wait for: the next block, and those after it that the same old ones become part of.
func (s *sealing) part() sealing {
	n, old := 0, 0 // blocks of it
	for more := true; more; n++ {
		for old < len(s.old) && s.old[old].first <= s.blocks[n].last {
			old++
		}
		more = n+1 < len(s.blocks) && old > 0 && s.old[old-1].last > s.blocks[n].last
	}
	if n == len(s.blocks) {
		all := *s
		*s = sealing{}
		return all
	}
	p := sealing{from: s.from, upto: s.blocks[n-1].last, old: s.old[:old], blocks: s.blocks[:n]}
	docs, _ := slices.BinarySearch(s.docs, p.upto+1)
	p.docs = s.docs[:docs]
	s.from, s.docs, s.old, s.blocks = p.upto+1, s.docs[docs:], s.old[old:], s.blocks[n:]
	return p
}

// write writes blocks in place of what they are made of. It fails with ErrChanged.
func (s *sealing) write(ctx context.Context, tx Tx) error {
	from := s.from
	if len(s.old) > 0 {
		from = min(from, s.old[0].first)
	}
	for _, seq := range tx.log.docs.seals.touched {
		if seq >= from && seq <= s.upto {
			return ErrChanged
		}
	}
	for _, seq := range s.docs {
		if _, err := tx.Exec(ctx, "DELETE FROM docs WHERE seq = ?", seq); err != nil {
			return err
		}
	}
	for _, b := range s.old {
		if _, err := tx.Exec(ctx, "DELETE FROM doc_blocks WHERE first = ?", b.first); err != nil {
			return err
		}
	}
	if err := tx.log.docs.insertBlocks(ctx, s.blocks); err != nil {
		return err
	}
	return tx.SetMeta(ctx, sealedTo, s.upto)
}

// single is a document that lies by itself.
type single struct {
	seq    int64
	packed []byte
}

func singles(ctx context.Context, c *Conn, above, upto int64, n int, due func(seq, at int64) bool) (list []single, err error) {
	stop := errors.New("the first that is not due")
	err = c.Each(ctx, "SELECT docs.seq, docs.doc, events.time FROM docs JOIN events ON events.seq = docs.seq WHERE docs.seq > ? AND docs.seq <= ? ORDER BY docs.seq LIMIT ?", func(row Scanner) error {
		var s single
		var at int64
		if err := row.Scan(&s.seq, &s.packed, &at); err != nil {
			return err
		}
		if !due(s.seq, at) {
			return stop
		}
		list = append(list, s)
		return nil
	}, above, upto, n)
	if errors.Is(err, stop) {
		err = nil
	}
	return list, err
}

// sealable finds the next documents to be sealed, and packs them.
func sealable(ctx context.Context, c *Conn, from, before, upto int64) (s sealing, err error) {
	list, err := singles(ctx, c, from, math.MaxInt64, sealBatch, func(seq, at int64) bool { return at < before || seq <= upto })
	if err != nil || len(list) < docpack.BlockDocs {
		return s, err
	}
	s.upto = list[len(list)-1].seq
	var old []block
	err = c.Each(ctx, `SELECT first, last, n, docs FROM doc_blocks WHERE first >= coalesce((SELECT max(first) FROM doc_blocks WHERE first <= ?1), 0) AND first <= ?2
		ORDER BY first LIMIT ?3`, func(row Scanner) error {
		var b block
		err := row.Scan(&b.first, &b.last, &b.n, &b.packed)
		old = append(old, b)
		return err
	}, list[0].seq, s.upto, sealBlocks)
	if err != nil {
		return s, err
	}
	if len(old) == sealBlocks { // what lies beyond is for the next time
		s.upto = max(old[sealBlocks-1].last, list[0].seq)
		list = slices.DeleteFunc(list, func(one single) bool { return one.seq > s.upto })
	}
	if n := len(old); n > 0 && old[n-1].last > s.upto { // all of what lies beside the last one
		rest, err := singles(ctx, c, s.upto, old[n-1].last, math.MaxInt32, func(int64, int64) bool { return true })
		if err != nil {
			return s, err
		}
		list, s.upto = append(list, rest...), old[n-1].last
	}
	s.pack(c.packer, list, old)
	return s, nil
}

// pack makes blocks of single documents and of the blocks among them that are small or
// have a document that has changed. What is damaged stays where it is.
func (s *sealing) pack(p *docpack.Packer, list []single, old []block) {
	var group []docpack.Doc
	done := func() {
		s.blocks = append(s.blocks, packBlocks(p, group)...)
		group = nil
	}
	take := func(one single) {
		text, err := p.Unpack(one.packed)
		if err != nil {
			return
		}
		s.docs = append(s.docs, one.seq)
		i, found := slices.BinarySearchFunc(group, one.seq, func(doc docpack.Doc, seq int64) int { return int(doc.Seq - seq) })
		if found {
			group[i].Text = text
		} else {
			group = slices.Insert(group, i, docpack.Doc{Seq: one.seq, Text: text})
		}
	}
	for _, b := range old {
		for len(list) > 0 && list[0].seq < b.first {
			take(list[0])
			list = list[1:]
		}
		n := 0 // documents of it that have changed
		for n < len(list) && list[n].seq <= b.last {
			n++
		}
		changed := list[:n]
		list = list[n:]
		if n == 0 && (len(group) == 0 || len(group) >= blockFrom) {
			done()
			continue
		}
		docs, err := p.UnpackBlock(b.packed, b.first)
		if err != nil {
			done()
			continue
		}
		s.old, group = append(s.old, b), append(group, docs...)
		for _, one := range changed {
			take(one)
		}
	}
	for _, one := range list {
		take(one)
	}
	done()
}
