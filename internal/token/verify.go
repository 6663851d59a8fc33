// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
)

// Limits of what is looked at.
const (
	maxToken = 4096 // bytes of a token
	maxUser  = 256  // bytes of a user id
)

// Verifier checks tokens against a set of keys. It is safe for concurrent use.
type Verifier struct {
	keys   map[string]Key
	used   map[string]*atomic.Int64 // by access key: when a good token of it was last seen, Unix seconds
	opts   Options
	parser *jwt.Parser
	known  known
}

// NewVerifier returns a verifier that knows keys. A key without a name or a
// secret is left out: an empty secret would let anybody sign.
func NewVerifier(keys []Key, opts Options) *Verifier {
	v := &Verifier{keys: map[string]Key{}, used: map[string]*atomic.Int64{}, opts: opts, known: newKnown()}
	for _, k := range keys {
		if k.Access == "" || k.Secret == "" {
			continue
		}
		if k.Account == "" {
			k.Account = DefaultAccount
		}
		v.keys[k.Access], v.used[k.Access] = k, new(atomic.Int64)
	}
	if v.opts.Now == nil {
		v.opts.Now = time.Now
	}
	// One algorithm only: a token must never choose how it is checked
	// (RFC 8725, section 3.1). Claims are checked here, each with its fault.
	v.parser = jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithStrictDecoding(),
		jwt.WithJSONNumber(),
		jwt.WithoutClaimsValidation(),
	)
	return v
}

// Verify checks a token and returns what it says.
//
// It fails with fault.TokenMissing, TokenMalformed, AccessKeyUnknown,
// TokenSignature, TokenClaim (with the claim), TokenUser, TokenAuthID,
// TokenAppID, TokenCustomerID, TokenKind, TokenRevoked, TokenNotYetValid or TokenExpired, found in this order, and with
// what Options.Revoked failed with. A token that was revoked, is not yet valid or
// has expired is good in every other respect, and its claims are returned beside
// the fault: what it says is proven, and whoever holds a peer may let it resume
// whatever the clock says.
func (v *Verifier) Verify(ctx context.Context, raw string, want Type) (Claims, error) {
	c, err := v.read(raw)
	if err != nil {
		return Claims{}, err
	}
	if c.Type != want {
		return Claims{}, fault.TokenKind.New("got", string(c.Type), "want", string(want))
	}
	if v.opts.Revoked != nil {
		revoked, err := v.opts.Revoked(ctx, c.ID)
		if err != nil {
			return Claims{}, err
		}
		if revoked {
			return c, fault.TokenRevoked.New("jti", c.ID)
		}
	}
	if v.opts.Provoked != nil && c.Type == App {
		return v.provoked(c)
	}
	c, err = v.timely(c, v.opts.Now())
	if used := v.used[c.AccessKey]; used != nil && err == nil {
		used.Store(time.Now().Unix())
	}
	return c, err
}

// LastUsed gives the access keys of an account, and when a good token of each was last
// seen by this verifier: the zero time for never.
func (v *Verifier) LastUsed(account string) map[string]time.Time {
	all := map[string]time.Time{}
	for access, k := range v.keys {
		if k.Account != account {
			continue
		}
		var at time.Time
		if n := v.used[access].Load(); n > 0 {
			at = time.Unix(n, 0).UTC()
		}
		all[access] = at
	}
	return all
}

// provoked judges a token as a provocation wants it. What would have been
// refused anyway is none of its doing.
func (v *Verifier) provoked(c Claims) (Claims, error) {
	now := v.opts.Now()
	out, err := v.timely(c, now)
	do := v.opts.Provoked(c)
	if err != nil || !do.Revoked && !do.Expired && !do.Early && do.Skew == 0 {
		return out, err
	}
	switch {
	case do.Revoked:
		out, err = c, fault.TokenRevoked.New("jti", c.ID)
	case do.Expired:
		out, err = v.timely(c, c.ExpiresAt.Add(v.opts.Leeway+time.Minute))
	case do.Early:
		out, err = v.timely(c, c.IssuedAt.Add(-v.opts.Leeway-time.Minute))
	default:
		out, err = v.timely(c, now.Add(do.Skew))
	}
	if err == nil {
		return out, nil
	}
	if do.Took != nil {
		do.Took()
	}
	var f *fault.Error
	if errors.As(err, &f) {
		f.Details = append(f.Details, fault.Detail{Name: "injected", Value: true})
	}
	return out, err
}

// timely compares the token's times with the clock, leeway on both sides.
func (v *Verifier) timely(c Claims, now time.Time) (Claims, error) {
	leeway := v.opts.Leeway
	for _, start := range []struct {
		claim string
		at    time.Time
	}{{"nbf", c.NotBefore}, {"iat", c.IssuedAt}} {
		if early := start.at.Sub(now); early > leeway {
			return c, fault.TokenNotYetValid.New(
				"claim", start.claim, "valid_in_seconds", seconds(early),
				"leeway_seconds", seconds(leeway), "server_time", now.UTC().Format(time.RFC3339))
		}
	}
	if late := now.Sub(c.ExpiresAt); late >= leeway {
		return c, fault.TokenExpired.New(
			"claim", "exp", "expired_seconds_ago", seconds(late),
			"leeway_seconds", seconds(leeway), "server_time", now.UTC().Format(time.RFC3339))
	}
	return c, nil
}

// seconds rounds up, so that "0 seconds off" is never the reason of a refusal.
func seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

// read checks form, key and signature, and reads the claims.
func (v *Verifier) read(raw string) (Claims, error) {
	if raw == "" {
		return Claims{}, fault.TokenMissing.New()
	}
	if len(raw) > maxToken {
		return Claims{}, fault.TokenMalformed.New("reason", "longer than 4096 bytes")
	}
	hash := sha256.Sum256([]byte(raw))
	if c, ok := v.known.get(hash); ok {
		return c, nil
	}
	var key Key
	claims := jwt.MapClaims{}
	_, err := v.parser.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
		// No extension is understood here, so none may be critical (RFC 7515,
		// section 4.1.11).
		if _, there := t.Header["crit"]; there {
			return nil, fault.TokenMalformed.New("reason", "the header's crit names extensions that are not understood")
		}
		name, err := text(claims, "access_key")
		if err != nil {
			return nil, err
		}
		known, ok := v.keys[name]
		if !ok {
			return nil, fault.AccessKeyUnknown.New("access_key", clip(name))
		}
		key = known
		return []byte(known.Secret), nil
	})
	if err != nil {
		return Claims{}, refusal(err)
	}
	c, err := claimsOf(claims, key)
	if err == nil {
		c.Digest = digest(key.Secret, raw)
		v.known.put(hash, c)
	}
	return c, err
}

// refusal words the parser's error. What the key function said of the access
// key is inside it and comes first.
func refusal(err error) error {
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, jwt.ErrTokenMalformed):
		return fault.TokenMalformed.Wrap(err)
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return fault.TokenSignature.Wrap(err, "want", jwt.SigningMethodHS256.Alg())
	default:
		return fault.TokenMalformed.Wrap(err)
	}
}

// claimsOf takes the claims out of their map. The first that is missing or
// mistyped is named.
func claimsOf(m jwt.MapClaims, key Key) (c Claims, err error) {
	c = Claims{AccessKey: key.Access, Account: key.Account}
	kind, err := text(m, "type")
	if err != nil {
		return Claims{}, err
	}
	c.Type = Type(kind)
	if c.Type != App && c.Type != Management && c.Type != Console {
		return Claims{}, fault.TokenClaim.New("claim", "type", "want", "app, management or console")
	}
	if c.Version, err = version(m); err != nil {
		return Claims{}, err
	}
	if c.ID, err = text(m, "jti"); err != nil {
		return Claims{}, err
	}
	if c.IssuedAt, err = date(m, "iat"); err != nil {
		return Claims{}, err
	}
	if c.ExpiresAt, err = date(m, "exp"); err != nil {
		return Claims{}, err
	}
	c.NotBefore = c.IssuedAt
	if _, there := m["nbf"]; there {
		if c.NotBefore, err = date(m, "nbf"); err != nil {
			return Claims{}, err
		}
	}
	if c.Type == Management {
		if c.Inject, err = granted(m, GrantInject); err != nil {
			return Claims{}, err
		}
	}
	if c.Type == Console {
		if c.Rights, err = rights(m); err != nil {
			return Claims{}, err
		}
	}
	if c.Type == App {
		if c.RoomID, err = text(m, "room_id"); err != nil {
			return Claims{}, err
		}
		if c.Role, err = text(m, "role"); err != nil {
			return Claims{}, err
		}
		if c.UserID, err = user(m); err != nil {
			return Claims{}, err
		}
		if c.UserProof, err = proof(m, c.UserID); err != nil {
			return Claims{}, err
		}
		if err = belongs(m, key); err != nil {
			return Claims{}, err
		}
	}
	return c, nil
}

// belongs checks the claims that say whose a room token is. A token need not
// carry them, but what it says must be true of the key that signed it.
func belongs(m jwt.MapClaims, key Key) error {
	for _, one := range []struct {
		claim, want string
		kind        *fault.Kind
	}{
		{"auth_id", key.Access, fault.TokenAuthID},
		{"app_id", key.App, fault.TokenAppID},
		{"customer_id", key.Account, fault.TokenCustomerID},
	} {
		v, there := m[one.claim]
		if !there {
			continue
		}
		if got, ok := v.(string); !ok {
			return one.kind.New("reason", "not a string")
		} else if got != one.want || got == "" {
			return one.kind.New(one.claim, clip(got))
		}
	}
	return nil
}

// text reads a claim that must be a string with something in it.
func text(m jwt.MapClaims, claim string) (string, error) {
	v, there := m[claim]
	if !there {
		return "", fault.TokenClaim.New("claim", claim, "reason", "missing")
	}
	s, ok := v.(string)
	if !ok {
		return "", fault.TokenClaim.New("claim", claim, "want", "a string")
	}
	if s == "" {
		return "", fault.TokenClaim.New("claim", claim, "reason", "empty")
	}
	return s, nil
}

// version reads the claim "version", of which there is one.
func version(m jwt.MapClaims) (int, error) {
	v, there := m["version"]
	if !there {
		return 0, fault.TokenClaim.New("claim", "version", "reason", "missing")
	}
	n, ok := v.(json.Number)
	if !ok || n.String() != "2" {
		return 0, fault.TokenClaim.New("claim", "version", "want", Version)
	}
	return Version, nil
}

// date reads a NumericDate (RFC 7519, section 2): seconds, perhaps with a
// fraction.
func date(m jwt.MapClaims, claim string) (time.Time, error) {
	v, there := m[claim]
	if !there {
		return time.Time{}, fault.TokenClaim.New("claim", claim, "reason", "missing")
	}
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, fault.TokenClaim.New("claim", claim, "want", "seconds since 1970 as a number")
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > maxDate {
		return time.Time{}, fault.TokenClaim.New("claim", claim, "want", "seconds since 1970 as a number")
	}
	whole, part := math.Modf(f)
	return time.Unix(int64(whole), int64(part*1e9)), nil
}

// maxDate is the year 9999: beyond it times no longer print, and whoever wrote
// milliseconds gets told.
const maxDate = 253402300799

// user reads the user id, which may be missing.
func user(m jwt.MapClaims) (string, error) {
	v, there := m["user_id"]
	if !there {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", fault.TokenUser.New("reason", "not a string")
	}
	if why := badUser(s); why != "" {
		return "", fault.TokenUser.New("reason", why)
	}
	return s, nil
}

// proof reads where the user id is from. A value that is not known proves
// nothing, and is refused rather than taken for more than it is.
func proof(m jwt.MapClaims, user string) (string, error) {
	v, there := m["user_id_proof"]
	switch {
	case there && v != ProofToken && v != ProofCode:
		return "", fault.TokenClaim.New("claim", "user_id_proof", "want", "token or code")
	case user == "":
		return "", nil
	case there && v == ProofCode:
		return ProofCode, nil
	}
	return ProofToken, nil
}

// granted tells whether the claim "grants", which may be missing, has a name.
func granted(m jwt.MapClaims, name string) (bool, error) {
	v, there := m["grants"]
	if !there {
		return false, nil
	}
	list, ok := v.([]any)
	if !ok {
		return false, fault.TokenClaim.New("claim", "grants", "want", "a list of strings")
	}
	found := false
	for _, one := range list {
		s, ok := one.(string)
		if !ok {
			return false, fault.TokenClaim.New("claim", "grants", "want", "a list of strings")
		}
		found = found || s == name
	}
	return found, nil
}

// badUser tells what is wrong with a user id, or "".
func badUser(s string) string {
	if len(s) > maxUser {
		return "longer than 256 bytes"
	}
	if !utf8.ValidString(s) {
		return "not UTF-8"
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return "control characters"
		}
	}
	return ""
}

// clip keeps what a stranger sent short enough to be shown.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
