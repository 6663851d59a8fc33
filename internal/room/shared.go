// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package room

import "sync"

// Shared is what wires have made of an update that many members are told: a frame that
// says the same to all of them is encoded once.
type Shared struct {
	mu   sync.Mutex
	made map[any][]byte
}

// Once returns what encode gives for the first who asks with a key, and the same to all
// who ask later; nobody may change it. It fails with what encode fails with. Of a nil
// Shared everybody encodes.
func (s *Shared) Once(key any, encode func() ([]byte, error)) ([]byte, error) {
	if s == nil {
		return encode()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, known := s.made[key]; known {
		return b, nil
	}
	b, err := encode()
	if err != nil {
		return nil, err
	}
	if s.made == nil {
		s.made = map[any][]byte{}
	}
	s.made[key] = b
	return b, nil
}
