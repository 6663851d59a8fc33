// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package recent

import "iter"

// Queue holds values in the order in which they came, and finds those of a key. What it
// holds it holds in one piece of memory, which grows and shrinks: where V and K have no
// pointers, a garbage collector has nothing to follow. Its owner drops the oldest, so that it
// stays bounded. It is not safe for concurrent use. The zero Queue is empty.
type Queue[K comparable, V any] struct {
	ring        []queued[K, V] // as many as a power of two
	first, next int64          // those at the places from first up to next are in the ring
	ends        map[K]ends
}

type queued[K comparable, V any] struct {
	key           K
	before, after int64 // places of the same key, 0 for none
	removed       bool
	value         V
}

// ends are the places of the oldest and of the latest value of a key.
type ends struct{ oldest, latest int64 }

// leastRing is how many values there is room for at least.
const leastRing = 16

// Len is how many values were added and not dropped, with those that were removed.
func (q *Queue[K, V]) Len() int { return int(q.next - q.first) }

// Add adds a value, the latest of its key and of all.
func (q *Queue[K, V]) Add(key K, v V) {
	if q.ends == nil {
		q.ends, q.first, q.next = map[K]ends{}, 1, 1
	}
	if q.Len() == len(q.ring) {
		q.resize(max(leastRing, 2*len(q.ring)))
	}
	place := q.next
	q.next++
	of, more := q.ends[key]
	if more {
		q.at(of.latest).after = place
	} else {
		of.oldest = place
	}
	*q.at(place) = queued[K, V]{key: key, before: of.latest, value: v}
	of.latest = place
	q.ends[key] = of
}

// Of gives the values of a key that were not removed, the oldest first, with their places.
// Values may be removed meanwhile, and nothing else done.
func (q *Queue[K, V]) Of(key K) iter.Seq2[int64, *V] {
	return func(yield func(int64, *V) bool) {
		for place := q.ends[key].oldest; place != 0; {
			e := q.at(place)
			after := e.after
			if !yield(place, &e.value) {
				return
			}
			place = after
		}
	}
}

// Remove takes out the value at a place that Of gave.
func (q *Queue[K, V]) Remove(place int64) {
	e := q.at(place)
	of := q.ends[e.key]
	if e.before != 0 {
		q.at(e.before).after = e.after
	} else {
		of.oldest = e.after
	}
	if e.after != 0 {
		q.at(e.after).before = e.before
	} else {
		of.latest = e.before
	}
	if of.oldest == 0 {
		delete(q.ends, e.key)
	} else {
		q.ends[e.key] = of
	}
	*e = queued[K, V]{removed: true, value: e.value}
}

// Oldest gives the value that was added first of all that were not dropped, removed or not,
// or nil.
func (q *Queue[K, V]) Oldest() *V {
	if q.Len() == 0 {
		return nil
	}
	return &q.at(q.first).value
}

// Drop takes out the value that Oldest gives, and tells whether it had not been removed.
func (q *Queue[K, V]) Drop() (held bool) {
	e := q.at(q.first)
	held = !e.removed
	if held {
		q.Remove(q.first)
	}
	*e = queued[K, V]{}
	q.first++
	if n := len(q.ring); n > leastRing && q.Len() < n/4 {
		q.resize(n / 2)
	}
	return held
}

func (q *Queue[K, V]) at(place int64) *queued[K, V] { return &q.ring[place&int64(len(q.ring)-1)] }

// resize moves what is held into a ring of another size.
func (q *Queue[K, V]) resize(n int) {
	was := *q
	q.ring = make([]queued[K, V], n)
	for place := q.first; place < q.next; place++ {
		*q.at(place) = *was.at(place)
	}
}
