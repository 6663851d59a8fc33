// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/sha256"
	"sync"

	"github.com/redial-rtc/redial/internal/recent"
)

// maxKnown is of how many tokens the claims are kept: at some 3 kB for the longest token
// there can be, 6 MB. Only who has a key can have one kept.
const maxKnown = 2048

// known has what the tokens say that were found good last, by their SHA-256: a client calls
// many times with the same one. Neither what a token says nor whether its signature is good
// changes while the keys are the same, and a verifier's are. Whether it is timely and not
// revoked is not among it.
type known struct {
	mu     sync.Mutex
	claims *recent.Map[[sha256.Size]byte, Claims]
}

func newKnown() known {
	return known{claims: recent.New[[sha256.Size]byte, Claims](maxKnown)}
}

func (k *known) get(hash [sha256.Size]byte) (Claims, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.claims.Get(hash)
}

func (k *known) put(hash [sha256.Size]byte, c Claims) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.claims.Put(hash, c)
}
