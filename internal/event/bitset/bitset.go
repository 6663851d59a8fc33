// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package bitset keeps sets of up to 4096 small numbers, and packs them so that a
// database can hold many: those that are sparse take two bytes for each number.
package bitset

import (
	"encoding/binary"
	"math/bits"
)

// Size is how many numbers there are.
const Size = 4096

// Set is a set of numbers from 0 and below [Size]: number 8*i + b is bit b of byte i.
// The zero value is empty.
type Set [Size / 8]byte

// Put adds a number or takes it out, and tells whether that changed anything.
func (b *Set) Put(id int64, in bool) bool {
	i, bit := id/8, byte(1)<<(id%8)
	if b[i]&bit != 0 == in {
		return false
	}
	b[i] ^= bit
	return true
}

// Has tells whether a number is in the set.
func (b *Set) Has(id int64) bool { return b[id/8]&(1<<(id%8)) != 0 }

// Or adds the numbers of a packed set.
func (b *Set) Or(packed []byte) {
	if len(packed) < 2 {
		return
	}
	at := int(binary.BigEndian.Uint16(packed))
	if at == listed {
		for packed = packed[2:]; len(packed) >= 2; packed = packed[2:] {
			if n := binary.BigEndian.Uint16(packed); n < Size {
				b[n/8] |= 1 << (n % 8)
			}
		}
		return
	}
	if at >= len(b) {
		return
	}
	own, other := b[at:], packed[2:]
	n := min(len(own), len(other))
	i := 0
	for ; i+8 <= n; i += 8 {
		binary.LittleEndian.PutUint64(own[i:], binary.LittleEndian.Uint64(own[i:])|binary.LittleEndian.Uint64(other[i:]))
	}
	for ; i < n; i++ {
		own[i] |= other[i]
	}
}

// listed stands in place of the first byte's number in a set that has few,
// which follow one by one, 2 bytes each.
const listed = 0xffff

// Pack leaves out the empty ends, or lists the numbers where that is shorter; nil
// is the empty set.
func (b *Set) Pack() []byte {
	first, last := 0, len(b)
	for first < last && b[first] == 0 {
		first++
	}
	for last > first && b[last-1] == 0 {
		last--
	}
	if first == last {
		return nil
	}
	if n := b.Len(); 2*n < last-first {
		out := binary.BigEndian.AppendUint16(make([]byte, 0, 2+2*n), listed)
		b.Each(false, func(id int64) { out = binary.BigEndian.AppendUint16(out, uint16(id)) })
		return out
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(first)), b[first:last]...)
}

// words is how many numbers of 64 bits a set is looked at as: bit b of word i is number
// 64*i + b.
const words = Size / 64

func (b *Set) word(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }

func (b *Set) setWord(i int, w uint64) { binary.LittleEndian.PutUint64(b[8*i:], w) }

// Len is how many there are.
func (b *Set) Len() (n int) {
	for i := range words {
		n += bits.OnesCount64(b.word(i))
	}
	return n
}

// And keeps what both have.
func (b *Set) And(other *Set) {
	for i := range words {
		b.setWord(i, b.word(i)&other.word(i))
	}
}

// Add adds what another set has.
func (b *Set) Add(other *Set) {
	for i := range words {
		b.setWord(i, b.word(i)|other.word(i))
	}
}

// Clip keeps the numbers from first to last.
func (b *Set) Clip(first, last int64) {
	if first <= 0 && last >= Size-1 {
		return
	}
	for i := range b {
		at := int64(i) * 8
		switch {
		case at+7 < first || at > last:
			b[i] = 0
		case at < first || at+7 > last:
			for bit := range int64(8) {
				if at+bit < first || at+bit > last {
					b[i] &^= 1 << bit
				}
			}
		}
	}
}

// Each calls f for every number, in order.
func (b *Set) Each(desc bool, f func(n int64)) {
	for i := range words {
		if desc {
			i = words - 1 - i
		}
		for w := b.word(i); w != 0; {
			bit := bits.TrailingZeros64(w)
			if desc {
				bit = 63 - bits.LeadingZeros64(w)
			}
			w &^= 1 << bit
			f(int64(64*i + bit))
		}
	}
}

// Fill adds the numbers from first to last.
func (b *Set) Fill(first, last int64) {
	for at := first; at <= last; {
		if at%8 == 0 && at+7 <= last {
			b[at/8] = 0xff
			at += 8
			continue
		}
		b[at/8] |= 1 << (at % 8)
		at++
	}
}
