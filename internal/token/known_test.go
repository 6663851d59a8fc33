// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// TestAKnownTokenIsJudgedByItsTime: what a token says is read once; whether it has expired, was
// revoked or is of the right kind is asked each time.
func TestAKnownTokenIsJudgedByItsTime(t *testing.T) {
	key := Key{Access: "key", Secret: strings.Repeat("s", 40)}
	now, revoked := time.Now(), false
	v := NewVerifier([]Key{key}, Options{
		Now:     func() time.Time { return now },
		Revoked: func(context.Context, string) (bool, error) { return revoked, nil },
	})
	raw, err := Mint(key, Claims{Type: App, RoomID: "room", Role: "host", UserID: "ada", ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	first, err := v.Verify(t.Context(), raw, App)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := v.Verify(t.Context(), raw, App); err != nil || again != first {
		t.Errorf("the second time it says %+v, %v, want %+v", again, err, first)
	}
	if _, err := v.Verify(t.Context(), raw, Management); !errors.Is(err, fault.TokenKind) {
		t.Errorf("as one for management: %v", err)
	}
	revoked = true
	if _, err := v.Verify(t.Context(), raw, App); !errors.Is(err, fault.TokenRevoked) {
		t.Errorf("when it has been revoked: %v", err)
	}
	revoked, now = false, now.Add(2*time.Hour)
	if _, err := v.Verify(t.Context(), raw, App); !errors.Is(err, fault.TokenExpired) {
		t.Errorf("an hour after its end: %v", err)
	}
}

// TestATokenLikeAKnownOneIsChecked: every byte counts, those of the signature too.
func TestATokenLikeAKnownOneIsChecked(t *testing.T) {
	key := Key{Access: "key", Secret: strings.Repeat("s", 40)}
	v := NewVerifier([]Key{key}, Options{})
	raw, err := Mint(key, Claims{Type: App, RoomID: "room", Role: "host"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), raw, App); err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) - 1 { // the last letter has bits that stand for nothing
		other := "A"
		if raw[i] == 'A' {
			other = "B"
		}
		if _, err := v.Verify(t.Context(), raw[:i]+other+raw[i+1:], App); err == nil {
			t.Errorf("it is good with another letter at %d", i)
		}
	}
}

// TestKnownTokensAreBounded: those that were not used for longest are read anew.
func TestKnownTokensAreBounded(t *testing.T) {
	key := Key{Access: "key", Secret: strings.Repeat("s", 40)}
	v := NewVerifier([]Key{key}, Options{})
	for i := range maxKnown + 10 {
		raw, err := Mint(key, Claims{Type: App, RoomID: "room", Role: "host", UserID: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		if c, err := v.Verify(t.Context(), raw, App); err != nil || c.UserID != fmt.Sprint(i) {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	if n := v.known.claims.Len(); n != maxKnown {
		t.Errorf("%d are known, want %d", n, maxKnown)
	}
	if _, err := v.Verify(t.Context(), "nonsense", App); err == nil || v.known.claims.Len() != maxKnown {
		t.Error("what is no token is known")
	}
}
