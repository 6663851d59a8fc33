// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"encoding/binary"
	"errors"
)

// errDamaged is what the counts of an hour or a day are refused with that merge did not
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
