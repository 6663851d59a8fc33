// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"
)

// Type says what a token opens.
type Type string

// The types of token.
const (
	App        Type = "app"        // lets one user into one room with one role
	Management Type = "management" // opens the REST API of an account
	Console    Type = "console"    // opens the console, for what its rights allow; no other door takes it
)

// Version is the claim "version" of the tokens minted and accepted here.
const Version = 2

// GrantInject, among a management token's claim "grants", lets it provoke
// faults. Grants of other names open nothing.
const GrantInject = "inject"

// DefaultAccount owns the keys that name no account, and everything made with
// them.
const DefaultAccount = "default"

// How a token's user id is proven: the claim "user_id_proof". A token without
// the claim was minted by an app's backend, whose signature proves the id; a
// token made from a room code carries the id that somebody with the code gave.
const (
	ProofToken = "token" // whoever holds the secret of the access key says so
	ProofCode  = "code"  // claimed by somebody who held a room code
	ProofNone  = "none"  // read from a token that nobody signed; never in a token
)

// Key is one access key and its secret.
type Key struct {
	Access  string
	Secret  string
	Account string // whose rooms it opens; several keys may share one; "" = DefaultAccount
	App     string // the app id that its room tokens may name; "" = none
}

// Claims is what a token says.
type Claims struct {
	AccessKey string
	Account   string // not in the token: the account of the access key, filled in by Verify
	Type      Type
	Version   int
	RoomID    string // App only
	Role      string // App only
	UserID    string // App only
	UserProof string // App only: ProofToken or ProofCode; "" without a user id
	Inject    bool   // Management only: the grant to provoke faults
	Rights    Rights // Console only: what may be done there, at least one
	ID        string // the claim "jti", by which a token is revoked
	IssuedAt  time.Time
	NotBefore time.Time
	ExpiresAt time.Time

	// Digest stands for the token as a whole: a digest of all of its bytes keyed
	// with the secret it is signed with, filled in by Verify. Two tokens that say
	// the same have different digests, whatever their ids are.
	Digest string
}

// Owns tells whether the token of these claims is the one that a digest is of.
func (c Claims) Owns(digest string) bool {
	return digest != "" && subtle.ConstantTimeCompare([]byte(c.Digest), []byte(digest)) == 1
}

// Same compares what somebody sent with a secret, without telling by its time how
// much of it is right, nor how long the secret is.
func Same(sent, secret string) bool {
	a, b := sha256.Sum256([]byte(sent)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// SameUser tells whether a user is for certain that of the token: both ids are
// proven, and they are equal. Nobody is the same as somebody without an id.
func (c Claims) SameUser(user, proof string) bool {
	return c.UserID != "" && c.UserProof == ProofToken && proof == ProofToken && c.UserID == user
}

// Options configure a Verifier.
type Options struct {
	// Leeway is how far the clocks of the issuer and of this server may differ.
	Leeway time.Duration
	// Revoked tells whether a token id has been revoked; nil means none is.
	Revoked func(ctx context.Context, jti string) (bool, error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Provoked is asked about each room token that is good but for its time; nil
	// provokes nothing.
	Provoked func(Claims) Provocation
}

// Provocation makes a good token fail on purpose, by the ordinary checks. The
// fault carries the detail "injected".
type Provocation struct {
	Revoked bool
	Expired bool          // judged as if it were a minute past its end
	Early   bool          // judged as if it were a minute before its start
	Skew    time.Duration // judged by a clock that is so far ahead
	Took    func()        // called when the token was refused for it; may be nil
}
