// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package participant

import (
	"fmt"
	"testing"
	"time"

	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/token"
)

// TestNewestTokenOfAKey: of each key the newest token that was good within 10 minutes
// is remembered, of room codes none, and of so many keys only.
func TestNewestTokenOfAKey(t *testing.T) {
	var i issuers
	at := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	good := func(key string, age time.Duration, now time.Time) {
		i.accepted(token.Claims{AccessKey: key, UserProof: token.ProofToken, IssuedAt: now.Add(-age)}, now)
	}
	age := func(key string, now time.Time) string {
		e := evidence.Token{Now: now}
		i.tell(&e, token.Claims{AccessKey: key})
		if e.KeyAge == nil {
			return "none"
		}
		return fmt.Sprint(time.Duration(*e.KeyAge) * time.Millisecond)
	}
	i.accepted(token.Claims{AccessKey: "a", UserProof: token.ProofCode, IssuedAt: at}, at)
	if got := age("a", at); got != "none" {
		t.Errorf("a token of a room code counts: %s", got)
	}
	good("a", time.Hour, at)
	good("a", time.Second, at.Add(time.Minute))
	good("a", time.Hour, at.Add(2*time.Minute)) // an old one that is still good
	if got := age("a", at.Add(3*time.Minute)); got != "1s" {
		t.Errorf("the newest is %s old", got)
	}
	if got := age("b", at); got != "none" {
		t.Errorf("another key has %s", got)
	}
	if got := age("a", at.Add(12*time.Minute)); got != "none" {
		t.Errorf("after its time it is still told: %s", got)
	}
	good("a", time.Hour, at.Add(12*time.Minute))
	if got := age("a", at.Add(13*time.Minute)); got != "1h0m0s" {
		t.Errorf("the newest of the last 10 minutes is %s old", got)
	}
	for n := range 2 * maxIssuers {
		good(fmt.Sprint("key", n), time.Second, at)
	}
	if len(i.byKey) > maxIssuers {
		t.Errorf("%d keys are kept", len(i.byKey))
	}
	good("late", time.Second, at.Add(time.Hour))
	if got := age("late", at.Add(time.Hour)); got != "1s" {
		t.Errorf("there is no room for a key after an hour: %s", got)
	}
}
