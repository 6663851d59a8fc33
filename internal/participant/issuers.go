// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"sync"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/token"
)

const (
	issuersWindow = 10 * time.Minute
	maxIssuers    = 1024 // keys that are remembered
)

// issuers remembers, of each access key, the newest token that was good lately: an
// issuer whose clock is right makes tokens that are seconds old. Its methods may be
// called from anywhere.
type issuers struct {
	mu    sync.Mutex
	byKey map[string]newest
}

// newest is the newest token of a key when it came.
type newest struct {
	at  time.Time
	age time.Duration // negative where the issuer's clock is ahead
}

// accepted hears of a token that was good. Those that this server made of room codes
// say nothing of an app's clock.
func (i *issuers) accepted(c token.Claims, now time.Time) {
	if c.UserProof == token.ProofCode || c.AccessKey == "" || c.IssuedAt.IsZero() {
		return
	}
	n := newest{now, now.Sub(c.IssuedAt)}
	i.mu.Lock()
	defer i.mu.Unlock()
	old, known := i.byKey[c.AccessKey]
	if known && now.Sub(old.at) < issuersWindow && old.age <= n.age {
		return
	}
	if !known && len(i.byKey) >= maxIssuers {
		for k, other := range i.byKey {
			if now.Sub(other.at) >= issuersWindow {
				delete(i.byKey, k)
			}
		}
		if len(i.byKey) >= maxIssuers {
			return
		}
	}
	if i.byKey == nil {
		i.byKey = map[string]newest{}
	}
	i.byKey[c.AccessKey] = n
}

// tell puts what is known of the key of a token beside the token's own times.
func (i *issuers) tell(t *evidence.Token, c token.Claims) {
	i.mu.Lock()
	defer i.mu.Unlock()
	n, ok := i.byKey[c.AccessKey]
	if !ok || t.Now.Sub(n.at) >= issuersWindow {
		return
	}
	age := n.age.Milliseconds()
	t.KeyAt, t.KeyAge = evidence.Millis(n.at), &age
}
