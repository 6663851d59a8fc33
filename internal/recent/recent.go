// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package recent keeps what was used last, of what would grow without bound.
package recent

import "container/list"

// Map holds so many entries at most. For one more it forgets the one that was not
// used for longest. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	most  int
	order *list.List // of *entry, the latest in front
	byKey map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

// New returns an empty map of at most so many entries.
func New[K comparable, V any](most int) *Map[K, V] {
	return &Map[K, V]{most: most, order: list.New(), byKey: map[K]*list.Element{}}
}

// Len is how many entries there are.
func (m *Map[K, V]) Len() int { return len(m.byKey) }

// Get uses an entry.
func (m *Map[K, V]) Get(key K) (v V, ok bool) {
	e, ok := m.byKey[key]
	if !ok {
		return v, false
	}
	m.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

// Peek looks at an entry, which does not count as use.
func (m *Map[K, V]) Peek(key K) (v V, ok bool) {
	e, ok := m.byKey[key]
	if !ok {
		return v, false
	}
	return e.Value.(*entry[K, V]).value, true
}

// Put adds an entry, or replaces it, and uses it.
func (m *Map[K, V]) Put(key K, v V) {
	if e, ok := m.byKey[key]; ok {
		e.Value.(*entry[K, V]).value = v
		m.order.MoveToFront(e)
		return
	}
	if m.order.Len() >= m.most {
		oldest := m.order.Remove(m.order.Back()).(*entry[K, V])
		delete(m.byKey, oldest.key)
	}
	m.byKey[key] = m.order.PushFront(&entry[K, V]{key, v})
}

// Delete forgets an entry, if there is one.
func (m *Map[K, V]) Delete(key K) {
	if e, ok := m.byKey[key]; ok {
		m.order.Remove(e)
		delete(m.byKey, key)
	}
}
