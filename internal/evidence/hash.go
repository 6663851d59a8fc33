// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// KeyBytes is how long the key of a Hasher is.
const KeyBytes = 32

// Hasher tells addresses apart without telling them: equal addresses have equal
// hashes within one store, and nobody without its key can find the address behind
// one by trying them all. The nil Hasher hashes nothing.
type Hasher struct{ key [KeyBytes]byte }

// NewHasher takes the key of a store.
func NewHasher(key [KeyBytes]byte) *Hasher { return &Hasher{key} }

// Hash is 16 hexadecimal digits, or "" for no address.
func (h *Hasher) Hash(a netip.Addr) string {
	if h == nil || !a.IsValid() {
		return ""
	}
	mac := hmac.New(sha256.New, h.key[:])
	raw := a.Unmap().As16()
	mac.Write(raw[:])
	return hex.EncodeToString(mac.Sum(nil)[:8])
}
