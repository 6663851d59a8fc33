// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package postings packs which events have what: for each reference the list of the
// places of its events, with their types, as the inverted index of a search engine has
// it (Manning, Raghavan and Schütze, Introduction to Information Retrieval, 2008, chapter
// 5). Lists are cut into blocks of some hundred bytes, in the order of their references.
package postings

import (
	"encoding/binary"
	"errors"
	"slices"
)

// ErrDamaged is that a block cannot be read.
var ErrDamaged = errors.New("a block of postings is damaged")

const (
	blockBytes = 900 // of a block, so that four rows with one fill a page of 4,096
	entryLen   = 128 // postings of one entry; a longer list is several, after one with its counts
)

// Posting is an event that has a reference.
type Posting struct{ Seq, Type int64 }

// Counts is how many events a list has of each type.
type Counts map[int64]int64

// Sum is how many events that is in all.
func (c Counts) Sum() (n int64) {
	for _, of := range c {
		n += of
	}
	return n
}

// Key is what a block begins with: a reference and the first place of an entry. Of the
// first entry of a reference the place is 0.
type Key struct{ Ref, First int64 }

// A block is entries one after the other: the reference less that of the one before, times
// two, and one more for counts; the bytes that follow; and these. Of a list they are
// places, each less the one before, and types; of counts they are types and numbers. All
// are variable-length integers (encoding/binary).

// Writer makes blocks of lists, which come in the order of their references.
type Writer struct {
	Base int64                         // no place comes before it
	Emit func(key Key, b []byte) error // takes a block, which is lent

	key   Key
	block []byte
	ref   int64 // of the last entry
	entry []byte
}

// Add takes in the postings of a reference, in the order of their places. A list that is
// longer than one entry has its counts before it, which are asked for only then.
func (w *Writer) Add(ref int64, n int, list func(yield func(Posting) bool), counts func() Counts) error {
	first := int64(0)
	if n > entryLen {
		if err := w.put(Key{ref, first}, 1, packCounts(counts())); err != nil {
			return err
		}
		first = -1
	}
	var err error
	var last int64
	held := 0
	w.entry = w.entry[:0]
	flush := func() {
		if err == nil && held > 0 {
			err = w.put(Key{ref, first}, 0, w.entry)
			w.entry, held, first = w.entry[:0], 0, -1
		}
	}
	list(func(p Posting) bool {
		if held == 0 {
			last = w.Base
			if first < 0 {
				first = p.Seq
			}
		}
		w.entry = binary.AppendUvarint(w.entry, uint64(p.Seq-last))
		w.entry = binary.AppendUvarint(w.entry, uint64(p.Type))
		last = p.Seq
		if held++; held == entryLen {
			flush()
		}
		return err == nil
	})
	flush()
	return err
}

// Copy takes in the whole list of a reference as one entry of another Writer's has it, whose
// Base was base. It is not read but for its beginning. It fails with ErrDamaged.
func (w *Writer) Copy(e Entry, base int64) error {
	distance, size := binary.Uvarint(e.body)
	if size <= 0 {
		return ErrDamaged
	}
	w.entry = binary.AppendUvarint(w.entry[:0], uint64(base+int64(distance)-w.Base))
	w.entry = append(w.entry, e.body[size:]...)
	return w.put(Key{Ref: e.Ref}, 0, w.entry)
}

// put adds an entry to the block, or to the next one.
func (w *Writer) put(key Key, kind uint64, body []byte) error {
	if len(w.block) > 0 && len(w.block)+len(body)+6 > blockBytes {
		if err := w.Close(); err != nil {
			return err
		}
	}
	if len(w.block) == 0 {
		w.key, w.ref = key, key.Ref
	}
	w.block = binary.AppendUvarint(w.block, uint64(key.Ref-w.ref)<<1|kind)
	w.block = binary.AppendUvarint(w.block, uint64(len(body)))
	w.block = append(w.block, body...)
	w.ref = key.Ref
	return nil
}

// Close hands over the last block.
func (w *Writer) Close() error {
	if len(w.block) == 0 {
		return nil
	}
	err := w.Emit(w.key, w.block)
	w.block = w.block[:0]
	return err
}

func packCounts(counts Counts) (b []byte) {
	types := make([]int64, 0, len(counts))
	for t := range counts {
		types = append(types, t)
	}
	slices.Sort(types)
	for _, t := range types {
		if counts[t] > 0 {
			b = binary.AppendUvarint(b, uint64(t))
			b = binary.AppendUvarint(b, uint64(counts[t]))
		}
	}
	return b
}

// Entry is a part of the list of a reference, or its counts.
type Entry struct {
	Ref    int64
	Counts bool // it has counts; else postings
	body   []byte
}

// Entries hands over the entries of a block that begins with a reference, until f returns
// false. They are good for as long as the block is. It fails with ErrDamaged.
func Entries(block []byte, ref int64, f func(Entry) bool) error {
	for len(block) > 0 {
		head, size := binary.Uvarint(block)
		if size <= 0 {
			return ErrDamaged
		}
		n, more := binary.Uvarint(block[size:])
		if more <= 0 || n > uint64(len(block)-size-more) {
			return ErrDamaged
		}
		ref += int64(head >> 1)
		body := block[size+more:][:n:n]
		block = block[size+more+int(n):]
		if !f(Entry{ref, head&1 == 1, body}) {
			return nil
		}
	}
	return nil
}

// Postings adds what the entry has to a list; base is that of the Writer. It fails with
// ErrDamaged.
func (e *Entry) Postings(list []Posting, base int64) ([]Posting, error) {
	err := e.pairs(func(distance, typ int64) {
		base += distance
		list = append(list, Posting{base, typ})
	})
	return list, err
}

// Add adds the counts of the entry, which are those that it has or that of its postings,
// to others. It fails with ErrDamaged.
func (e *Entry) Add(to Counts) error {
	return e.pairs(func(a, b int64) {
		if e.Counts {
			to[a] += b
		} else {
			to[b]++
		}
	})
}

// Full tells whether the list of the reference may go on after the entry.
func (e *Entry) Full() bool { return e.Counts || len(e.body) >= 2*entryLen }

func (e *Entry) pairs(f func(a, b int64)) error {
	for b := e.body; len(b) > 0; {
		x, size := binary.Uvarint(b)
		if size <= 0 {
			return ErrDamaged
		}
		y, more := binary.Uvarint(b[size:])
		if more <= 0 {
			return ErrDamaged
		}
		b = b[size+more:]
		f(int64(x), int64(y))
	}
	return nil
}
