// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// The row of a busy hour has thousands of counts, of which a few change at a time: the
// others are copied as they stand.

// merge changes counts of a row; nil for none that are left. Of a damaged row it keeps what
// can be read. It sorts changes.
func merge(row []byte, changes []change) []byte {
	slices.SortStableFunc(changes, func(a, b change) int {
		return cmp.Or(strings.Compare(a.value, b.value), cmp.Compare(a.typ, b.typ))
	})
	m := merging{out: append(make([]byte, 0, len(row)+32*len(changes)), cellsFormat)}
	var r reading
	if len(row) > 0 && row[0] == cellsFormat {
		r.rest = row[1:]
	}
	for len(r.rest) > 0 && !r.bad {
		from := r.rest
		value := r.bytes()
		n := 0
		for n < len(changes) && !r.bad && changes[n].value < string(value) {
			n++
		}
		m.values(changes[:n])
		changes = changes[n:]
		if len(changes) > 0 && !r.bad && changes[0].value == string(value) {
			for n = 1; n < len(changes) && changes[n].value == changes[0].value; n++ {
			}
			m.value(&r, changes[:n])
			changes = changes[n:]
			continue
		}
		for n := r.number(); n > 0 && !r.bad; n-- {
			r.number()
			r.number()
			r.bytes()
		}
		if r.bad { // what of it can be read
			r = reading{rest: from}
			r.bytes()
			m.value(&r, []change{{cellKey: cellKey{value: string(value)}, of: &Cell{}}})
			break
		}
		m.out = append(m.out, from[:len(from)-len(r.rest)]...)
	}
	m.values(changes)
	if len(m.out) == 1 {
		return nil
	}
	return m.out
}

// merging is a row that is being written.
type merging struct {
	out   []byte
	cells []typed // lent
}

// typed is a count of one type.
type typed struct {
	typ int64
	packed
}

// values writes the counts of values that the row does not have.
func (m *merging) values(changes []change) {
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].value == changes[0].value {
			n++
		}
		m.value(&reading{}, changes[:n])
		changes = changes[n:]
	}
}

// value writes the counts of the value that changes are of; r is where the row has them.
func (m *merging) value(r *reading, changes []change) {
	m.cells = m.cells[:0]
	if len(r.rest) > 0 {
		for n := r.number(); n > 0 && !r.bad; n-- {
			typ, count, users := int64(r.number()), r.number(), r.bytes()
			if !r.bad {
				m.cells = append(m.cells, typed{typ, packed{int64(count), users}})
			}
		}
	}
	for i := range changes {
		m.change(&changes[i])
	}
	if len(m.cells) == 0 {
		return
	}
	m.out = binary.AppendUvarint(m.out, uint64(len(changes[0].value)))
	m.out = append(m.out, changes[0].value...)
	m.out = binary.AppendUvarint(m.out, uint64(len(m.cells)))
	for _, c := range m.cells {
		m.out = binary.AppendUvarint(m.out, uint64(c.typ))
		m.out = binary.AppendUvarint(m.out, uint64(c.n))
		m.out = binary.AppendUvarint(m.out, uint64(len(c.users)))
		m.out = append(m.out, c.users...)
	}
}

// change changes one count. One of nothing goes, and its users with it.
func (m *merging) change(ch *change) {
	i, found := slices.BinarySearchFunc(m.cells, ch.typ, func(c typed, typ int64) int { return cmp.Compare(c.typ, typ) })
	var p packed
	if found {
		p = m.cells[i].packed
	}
	p.n += ch.of.N
	if len(ch.of.Set)+len(ch.of.Unset) > 0 {
		p.users = changeUsers(p.users, ch.of.Set, ch.of.Unset)
	}
	switch {
	case p.n <= 0 && found:
		m.cells = slices.Delete(m.cells, i, i+1)
	case p.n <= 0:
	case found:
		m.cells[i].packed = p
	default:
		m.cells = slices.Insert(m.cells, i, typed{ch.typ, p})
	}
}

// changeUsers puts users in and then takes others out.
func changeUsers(b []byte, in, out []int64) []byte {
	in = slices.Compact(slices.Sorted(slices.Values(in)))
	if len(out) == 0 {
		if in = missing(b, in); len(in) == 0 {
			return b
		}
	}
	list := make([]byte, 0, len(b)+3*len(in))
	last := int64(0)
	put := func(id int64) {
		if !slices.Contains(out, id) {
			list = binary.AppendUvarint(list, uint64(id-last))
			last = id
		}
	}
	eachUser(b, func(id int64) {
		for len(in) > 0 && in[0] < id {
			put(in[0])
			in = in[1:]
		}
		if len(in) > 0 && in[0] == id {
			in = in[1:]
		}
		if id > last || len(list) == 0 {
			put(id)
		}
	})
	for _, id := range in {
		put(id)
	}
	return list
}

// missing are the users of a sorted list that a set does not have.
func missing(b []byte, list []int64) (left []int64) {
	eachUser(b, func(id int64) {
		for len(list) > 0 && list[0] < id {
			left, list = append(left, list[0]), list[1:]
		}
		if len(list) > 0 && list[0] == id {
			list = list[1:]
		}
	})
	return append(left, list...)
}
