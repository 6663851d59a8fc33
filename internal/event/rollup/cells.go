// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
)

// errDamaged is what the counts of an hour or a day are refused with that pack did not
// make.
var errDamaged = errors.New("counts are damaged")

// cellKey is one count of an hour or a day in one dimension.
type cellKey struct {
	value string
	typ   int64
}

// packed is a count with its users, by their numbers: see summary.sql.
type packed struct {
	n     int64
	users []byte
}

// cells is the counts of an hour or a day in one dimension.
type cells map[cellKey]packed

// cellsFormat is the first byte.
const cellsFormat = 1

// eachCell calls f for every count. What it is given is part of b. It fails with
// errDamaged, once it has handed over what can be read.
func eachCell(b []byte, f func(value []byte, typ int64, p packed)) error {
	if len(b) == 0 || b[0] != cellsFormat {
		return errDamaged
	}
	r := reading{rest: b[1:]}
	for len(r.rest) > 0 && !r.bad {
		value := r.bytes()
		for n := r.number(); n > 0 && !r.bad; n-- {
			typ, count, users := r.number(), r.number(), r.bytes()
			if !r.bad {
				f(value, int64(typ), packed{int64(count), users})
			}
		}
	}
	if r.bad {
		return errDamaged
	}
	return nil
}

// reading reads numbers and bytes, until something is bad.
type reading struct {
	rest []byte
	bad  bool
}

func (r *reading) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if r.bad = r.bad || size <= 0 || n > 1<<62; r.bad {
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reading) bytes() []byte {
	n := r.number()
	if r.bad = r.bad || n > uint64(len(r.rest)); r.bad {
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// unpack reads counts; of damaged ones, what can be read.
func unpack(b []byte) cells {
	all := cells{}
	if len(b) > 0 {
		_ = eachCell(b, func(value []byte, typ int64, p packed) { all[cellKey{string(value), typ}] = p })
	}
	return all
}

// pack writes counts; nil for none.
func (all cells) pack() []byte {
	if len(all) == 0 {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(all), func(a, b cellKey) int {
		if c := strings.Compare(a.value, b.value); c != 0 {
			return c
		}
		return int(a.typ - b.typ)
	})
	b := []byte{cellsFormat}
	for len(keys) > 0 {
		n := 1
		for n < len(keys) && keys[n].value == keys[0].value {
			n++
		}
		b = binary.AppendUvarint(b, uint64(len(keys[0].value)))
		b = append(b, keys[0].value...)
		b = binary.AppendUvarint(b, uint64(n))
		for _, k := range keys[:n] {
			p := all[k]
			b = binary.AppendUvarint(b, uint64(k.typ))
			b = binary.AppendUvarint(b, uint64(p.n))
			b = binary.AppendUvarint(b, uint64(len(p.users)))
			b = append(b, p.users...)
		}
		keys = keys[n:]
	}
	return b
}

// change changes a count. One of nothing goes, and its users with it.
func (all cells) change(k cellKey, of *Cell) {
	p := all[k]
	p.n += of.N
	if len(of.Set)+len(of.Unset) > 0 {
		p.users = changeUsers(p.users, of.Set, of.Unset)
	}
	if p.n <= 0 {
		delete(all, k)
		return
	}
	all[k] = p
}

// eachUser calls f for every user of a count, in order.
func eachUser(b []byte, f func(id int64)) {
	id := int64(0)
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > 1<<62-uint64(id) {
			return
		}
		b = b[size:]
		id += int64(n)
		f(id)
	}
}

// changeUsers puts users in and then takes others out.
func changeUsers(b []byte, in, out []int64) []byte {
	ids := slices.Clone(in)
	eachUser(b, func(id int64) { ids = append(ids, id) })
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(out) > 0 {
		ids = slices.DeleteFunc(ids, func(id int64) bool { return slices.Contains(out, id) })
	}
	b = make([]byte, 0, len(b)+2*len(in))
	last := int64(0)
	for _, id := range ids {
		b = binary.AppendUvarint(b, uint64(id-last))
		last = id
	}
	return b
}
