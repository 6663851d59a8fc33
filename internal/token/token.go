package token

import (
	"context"
	"time"
)

// Type says what a token opens.
type Type string

// The types of token.
const (
	App        Type = "app"        // lets one user into one room with one role
	Management Type = "management" // opens the REST API of an account
)

// Version is the claim "version" of the tokens minted and accepted here.
const Version = 2

// GrantInject, among a management token's claim "grants", lets it provoke
// faults. Grants of other names open nothing.
const GrantInject = "inject"

// DefaultAccount owns the keys that name no account, and everything made with
// them.
const DefaultAccount = "default"

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
	Inject    bool   // Management only: the grant to provoke faults
	ID        string // the claim "jti", by which a token is revoked
	IssuedAt  time.Time
	NotBefore time.Time
	ExpiresAt time.Time
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
