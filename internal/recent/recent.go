// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package recent keeps what was used last, of what would grow without bound.
package recent

// Map holds so many entries at most. For one more it forgets the one that was not
// used for longest. It is not safe for concurrent use.
type Map[K comparable, V any] struct {
	most  int
	slots []slot[K, V] // the first is the head of a circle: the latest is older than it, the oldest newer
	free  []int32
	byKey map[K]int32
}

type slot[K comparable, V any] struct {
	older, newer int32
	key          K
	value        V
}

// New returns an empty map of at most so many entries.
func New[K comparable, V any](most int) *Map[K, V] {
	return &Map[K, V]{most: most, slots: make([]slot[K, V], 1), byKey: map[K]int32{}}
}

// Len is how many entries there are.
func (m *Map[K, V]) Len() int { return len(m.byKey) }

// Get uses an entry.
func (m *Map[K, V]) Get(key K) (v V, ok bool) {
	i, ok := m.byKey[key]
	if !ok {
		return v, false
	}
	m.use(i)
	return m.slots[i].value, true
}

// Peek looks at an entry, which does not count as use.
func (m *Map[K, V]) Peek(key K) (v V, ok bool) {
	i, ok := m.byKey[key]
	if !ok {
		return v, false
	}
	return m.slots[i].value, true
}

// Put adds an entry, or replaces it, and uses it.
func (m *Map[K, V]) Put(key K, v V) {
	if i, ok := m.byKey[key]; ok {
		m.slots[i].value = v
		m.use(i)
		return
	}
	if len(m.byKey) >= m.most {
		m.Delete(m.slots[m.slots[0].newer].key)
	}
	var i int32
	if n := len(m.free); n > 0 {
		i, m.free = m.free[n-1], m.free[:n-1]
	} else {
		i = int32(len(m.slots))
		m.slots = append(m.slots, slot[K, V]{})
	}
	m.slots[i] = slot[K, V]{older: i, newer: i, key: key, value: v}
	m.byKey[key] = i
	m.use(i)
}

// Delete forgets an entry, if there is one.
func (m *Map[K, V]) Delete(key K) {
	i, ok := m.byKey[key]
	if !ok {
		return
	}
	delete(m.byKey, key)
	m.unlink(i)
	m.slots[i] = slot[K, V]{}
	m.free = append(m.free, i)
}

// use makes an entry the latest.
func (m *Map[K, V]) use(i int32) {
	m.unlink(i)
	latest := m.slots[0].older
	m.slots[i].older, m.slots[i].newer = latest, 0
	m.slots[0].older, m.slots[latest].newer = i, i
}

func (m *Map[K, V]) unlink(i int32) {
	s := &m.slots[i]
	m.slots[s.older].newer, m.slots[s.newer].older = s.newer, s.older
}
