// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/token"
)

var (
	first  = token.Key{Access: "key-1", Secret: "first secret", App: "app-1"}
	second = token.Key{Access: "key-2", Secret: "second secret", Account: "acme"}
	now    = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

func verifier(opts token.Options) *token.Verifier {
	if opts.Now == nil {
		opts.Now = func() time.Time { return now }
	}
	return token.NewVerifier([]token.Key{first, second, {Access: "hollow"}}, opts)
}

// good is the claim set of a room token that nothing is wrong with.
func good() jwt.MapClaims {
	return jwt.MapClaims{
		"access_key": first.Access, "type": "app", "version": 2,
		"room_id": "r1", "role": "host", "user_id": "u1", "jti": "t1",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
}

func signed(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	s, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAMintedTokenSaysWhatItWasMintedWith(t *testing.T) {
	raw, err := token.Mint(second, token.Claims{
		Type: token.App, RoomID: "r1", Role: "host", UserID: "u1", ID: "t1",
		IssuedAt: now, NotBefore: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier(token.Options{}).Verify(t.Context(), raw, token.App)
	if err != nil {
		t.Fatal(err)
	}
	want := token.Claims{
		AccessKey: "key-2", Account: "acme", Type: token.App, Version: 2,
		RoomID: "r1", Role: "host", UserID: "u1", ID: "t1",
		IssuedAt: time.Unix(now.Unix(), 0), NotBefore: time.Unix(now.Unix(), 0),
		ExpiresAt: time.Unix(now.Add(time.Hour).Unix(), 0),
	}
	if got.Digest == "" || strings.Contains(raw, got.Digest) {
		t.Errorf("digest %q of %s", got.Digest, raw)
	}
	want.UserProof, want.Digest = token.ProofToken, got.Digest
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestWhatMintLeavesOpenIsFilledIn(t *testing.T) {
	raw, err := token.Mint(first, token.Claims{Type: token.Management})
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier(token.Options{Now: time.Now}).Verify(t.Context(), raw, token.Management)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID == "" || got.Account != token.DefaultAccount || got.ExpiresAt.Sub(got.NotBefore) != token.Lifetime {
		t.Errorf("got %+v", got)
	}
}

// Clients in browsers read the payload with atob, which knows plain base64 only.
func TestTheEncodedPayloadIsPlainBase64(t *testing.T) {
	awkward := []string{"?", ">", "~", "\x7f", "??>>~~", "日本語", "é", "😀", "𝄞~?", "a?b>c~d", "\u2028", "\ufffd"}
	for _, text := range awkward {
		for pad := range 3 { // move the text through the three positions of a base64 group
			role := strings.Repeat("x", pad) + text
			raw, err := token.Mint(first, token.Claims{Type: token.App, RoomID: "r", Role: role, UserID: "u"})
			if err != nil {
				t.Fatalf("%q: %v", role, err)
			}
			part := strings.Split(raw, ".")[1]
			if strings.ContainsAny(part, "-_") {
				t.Errorf("%q: %s", role, part)
			}
			plain, err := base64.RawStdEncoding.DecodeString(part)
			if err != nil {
				t.Fatalf("%q: %v", role, err)
			}
			var got struct{ Role string }
			if err := json.Unmarshal(plain, &got); err != nil || got.Role != role {
				t.Errorf("%q came back as %q (%v)", role, got.Role, err)
			}
		}
	}
}

func TestMintRefusesWhatCouldNotBeUsed(t *testing.T) {
	f := func(field string, k token.Key, c token.Claims) {
		t.Helper()
		_, err := token.Mint(k, c)
		e, ok := errors.AsType[*fault.Error](err)
		if !ok || e.Detail("field") != field {
			t.Errorf("field %s: got %v", field, err)
		}
	}
	f("access_key", token.Key{Secret: "s"}, token.Claims{Type: token.Management})
	f("secret", token.Key{Access: "a"}, token.Claims{Type: token.Management})
	f("type", first, token.Claims{})
	f("room_id", first, token.Claims{Type: token.App, Role: "host"})
	f("role", first, token.Claims{Type: token.App, RoomID: "r1"})
	f("user_id", first, token.Claims{Type: token.App, RoomID: "r1", Role: "host", UserID: "a\nb"})
	f("exp", first, token.Claims{Type: token.Management, IssuedAt: now, ExpiresAt: now})
}

func TestEachWayToBeWrongIsAFaultOfItsOwn(t *testing.T) {
	hs := func(claims jwt.MapClaims) string {
		return signed(t, jwt.SigningMethodHS256, []byte(first.Secret), claims)
	}
	with := func(name string, value any) jwt.MapClaims {
		c := maps.Clone(good())
		c[name] = value
		return c
	}
	without := func(name string) jwt.MapClaims {
		c := maps.Clone(good())
		delete(c, name)
		return c
	}
	v := verifier(token.Options{
		Revoked: func(_ context.Context, jti string) (bool, error) { return jti == "gone", nil },
	})
	f := func(name, raw string, want *fault.Kind, details ...any) {
		t.Helper()
		got, err := v.Verify(t.Context(), raw, token.App)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %s", name, err, want.ID)
			return
		}
		// What is signed and merely at the wrong time is proven all the same.
		if signed := want == fault.TokenRevoked || want == fault.TokenNotYetValid; signed != (got.UserID == "u1") || !signed && got != (token.Claims{}) {
			t.Errorf("%s: claims came with the refusal: %+v", name, got)
		}
		e, _ := errors.AsType[*fault.Error](err)
		for i := 0; i < len(details); i += 2 {
			if got := e.Detail(details[i].(string)); got != details[i+1] {
				t.Errorf("%s: detail %s is %v, want %v", name, details[i], got, details[i+1])
			}
		}
	}

	critical := func(list any) string {
		j := jwt.NewWithClaims(jwt.SigningMethodHS256, good())
		j.Header["crit"] = list
		s, err := j.SignedString([]byte(first.Secret))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	f("a critical extension", critical([]string{"exp"}), fault.TokenMalformed)
	f("a critical extension that is none", critical(nil), fault.TokenMalformed)
	f("a proof nobody knows", hs(with("user_id_proof", "passport")), fault.TokenClaim, "claim", "user_id_proof")
	f("a proof that is null", hs(with("user_id_proof", nil)), fault.TokenClaim, "claim", "user_id_proof")

	f("empty", "", fault.TokenMissing)
	f("one part", "hello", fault.TokenMalformed)
	f("four parts", "a.b.c.d", fault.TokenMalformed)
	f("not base64", "!.!.!", fault.TokenMalformed)
	f("not JSON", "aGk.aGk.aGk", fault.TokenMalformed)
	f("huge", strings.Repeat("a", 5000), fault.TokenMalformed)

	f("unsigned", signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, good()), fault.TokenSignature)
	f("HS384", signed(t, jwt.SigningMethodHS384, []byte(first.Secret), good()), fault.TokenSignature, "want", "HS256")
	f("HS512", signed(t, jwt.SigningMethodHS512, []byte(first.Secret), good()), fault.TokenSignature)
	f("another key's secret", signed(t, jwt.SigningMethodHS256, []byte(second.Secret), good()), fault.TokenSignature)
	f("signature cut", hs(good())[:60], fault.TokenMalformed)
	raw := hs(good())
	f("payload changed", strings.Replace(raw, raw[60:64], "AAAA", 1), fault.TokenMalformed)
	parts := strings.Split(raw, ".")
	other := strings.Split(hs(with("role", "guest")), ".")
	f("payload of another token", parts[0]+"."+other[1]+"."+parts[2], fault.TokenSignature)

	f("unknown key", hs(with("access_key", "nobody")), fault.AccessKeyUnknown, "access_key", "nobody")
	f("key without a secret", signed(t, jwt.SigningMethodHS256, []byte(""), with("access_key", "hollow")), fault.AccessKeyUnknown)
	f("no key", hs(without("access_key")), fault.TokenClaim, "claim", "access_key")
	f("key not a string", hs(with("access_key", 7)), fault.TokenClaim, "claim", "access_key")

	for _, claim := range []string{"type", "version", "jti", "iat", "exp", "room_id", "role"} {
		f("no "+claim, hs(without(claim)), fault.TokenClaim, "claim", claim, "reason", "missing")
		f(claim+" is a list", hs(with(claim, []int{1})), fault.TokenClaim, "claim", claim)
		f(claim+" is null", hs(with(claim, nil)), fault.TokenClaim, "claim", claim)
	}
	f("empty role", hs(with("role", "")), fault.TokenClaim, "claim", "role")
	f("nbf is text", hs(with("nbf", "now")), fault.TokenClaim, "claim", "nbf")
	f("exp in milliseconds", hs(with("exp", now.UnixMilli()*1000)), fault.TokenClaim, "claim", "exp")
	f("iat negative", hs(with("iat", -1)), fault.TokenClaim, "claim", "iat")
	f("version 1", hs(with("version", 1)), fault.TokenClaim, "claim", "version")
	f("unknown type", hs(with("type", "admin")), fault.TokenClaim, "claim", "type")
	f("user not a string", hs(with("user_id", 12)), fault.TokenUser, "reason", "not a string")
	f("user too long", hs(with("user_id", strings.Repeat("u", 257))), fault.TokenUser)
	f("user with a newline", hs(with("user_id", "a\nb")), fault.TokenUser)

	f("another key's authentication id", hs(with("auth_id", second.Access)), fault.TokenAuthID, "auth_id", second.Access)
	f("authentication id that is no text", hs(with("auth_id", nil)), fault.TokenAuthID)
	f("unknown app", hs(with("app_id", "app-2")), fault.TokenAppID, "app_id", "app-2")
	f("empty app", hs(with("app_id", "")), fault.TokenAppID)
	f("app of a key without one", signed(t, jwt.SigningMethodHS256, []byte(second.Secret), func() jwt.MapClaims {
		c := with("app_id", "app-1")
		c["access_key"] = second.Access
		return c
	}()), fault.TokenAppID)
	f("another customer", hs(with("customer_id", "acme")), fault.TokenCustomerID, "customer_id", "acme")

	f("management token", hs(with("type", "management")), fault.TokenKind, "got", "management", "want", "app")
	f("revoked", hs(with("jti", "gone")), fault.TokenRevoked, "jti", "gone")
	f("not yet valid", hs(with("nbf", now.Add(time.Minute).Unix())), fault.TokenNotYetValid, "claim", "nbf", "valid_in_seconds", int64(60))
	f("issued in the future", hs(with("iat", now.Add(time.Minute).Unix())), fault.TokenNotYetValid, "claim", "iat")
}

func TestATokenMaySayWhoseItIs(t *testing.T) {
	c := good()
	c["auth_id"], c["app_id"], c["customer_id"] = first.Access, first.App, token.DefaultAccount
	if _, err := verifier(token.Options{}).Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(first.Secret), c), token.App); err != nil {
		t.Error(err)
	}
}

func TestAUserIDMayBeMissing(t *testing.T) {
	c := good()
	delete(c, "user_id")
	got, err := verifier(token.Options{}).Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(first.Secret), c), token.App)
	if err != nil || got.UserID != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// The digest stands for the whole token: another one that says the same, with the
// same id, is another one. A claimed user is never the proven one of that name.
func TestATokenIsKnownByAllOfIt(t *testing.T) {
	v := verifier(token.Options{})
	read := func(proof string, ends time.Time) token.Claims {
		raw, err := token.Mint(first, token.Claims{
			Type: token.App, RoomID: "r1", Role: "host", UserID: "u1", UserProof: proof, ID: "t1", IssuedAt: now, ExpiresAt: ends,
		})
		if err != nil {
			t.Fatal(err)
		}
		c, err := v.Verify(t.Context(), raw, token.App)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	one, again, other, claimed := read("", now.Add(time.Hour)), read("", now.Add(time.Hour)), read("", now.Add(2*time.Hour)), read(token.ProofCode, now.Add(time.Hour))
	if !one.Owns(again.Digest) || one.Owns(other.Digest) || one.Owns("") || (token.Claims{}).Owns("") {
		t.Errorf("%+v, %+v, %+v", one, again, other)
	}
	if claimed.UserProof != token.ProofCode || one.UserProof != token.ProofToken {
		t.Errorf("proofs %q, %q", claimed.UserProof, one.UserProof)
	}
	if !one.SameUser("u1", token.ProofToken) || one.SameUser("u1", token.ProofCode) || one.SameUser("u2", token.ProofToken) ||
		claimed.SameUser("u1", token.ProofToken) || claimed.SameUser("u1", token.ProofCode) || (token.Claims{UserProof: token.ProofToken}).SameUser("", token.ProofToken) {
		t.Error("a claimed user is taken for a proven one, or nobody for somebody")
	}
}

func TestAnExpiredTokenStillSaysWhoseItIs(t *testing.T) {
	c := good()
	c["exp"] = now.Add(-90 * time.Second).Unix()
	got, err := verifier(token.Options{Leeway: 30 * time.Second}).
		Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(first.Secret), c), token.App)
	if !errors.Is(err, fault.TokenExpired) {
		t.Fatalf("got %v", err)
	}
	if got.RoomID != "r1" || got.UserID != "u1" {
		t.Errorf("got %+v", got)
	}
	e, _ := errors.AsType[*fault.Error](err)
	if e.Detail("expired_seconds_ago") != int64(90) || e.Detail("leeway_seconds") != int64(30) {
		t.Errorf("the refusal does not say how far off the clock is: %v", err)
	}
}

func TestAnExpiredTokenOfTheWrongTypeSaysNothing(t *testing.T) {
	c := good()
	c["exp"] = now.Add(-time.Hour).Unix()
	raw := signed(t, jwt.SigningMethodHS256, []byte(first.Secret), c)
	if got, err := verifier(token.Options{}).Verify(t.Context(), raw, token.Management); !errors.Is(err, fault.TokenKind) || got != (token.Claims{}) {
		t.Errorf("wrong type: %+v, %v", got, err)
	}
	all := func(context.Context, string) (bool, error) { return true, nil }
	if _, err := verifier(token.Options{Revoked: all}).Verify(t.Context(), raw, token.App); !errors.Is(err, fault.TokenRevoked) {
		t.Errorf("expired and revoked: %v", err)
	}
}

func TestLeewayForgivesClocksThatDiffer(t *testing.T) {
	v := verifier(token.Options{Leeway: 30 * time.Second})
	f := func(claim string, at time.Time, want error) {
		t.Helper()
		c := good()
		c[claim] = at.Unix()
		_, err := v.Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(first.Secret), c), token.App)
		if !errors.Is(err, want) {
			t.Errorf("%s at %+v: got %v, want %v", claim, at.Sub(now), err, want)
		}
	}
	f("nbf", now.Add(30*time.Second), nil)
	f("nbf", now.Add(31*time.Second), fault.TokenNotYetValid)
	f("exp", now.Add(-29*time.Second), nil)
	f("exp", now.Add(-30*time.Second), fault.TokenExpired)
}

func TestAFailingRevocationListRefuses(t *testing.T) {
	v := verifier(token.Options{Revoked: func(context.Context, string) (bool, error) {
		return false, fault.StoreUnavailable.New()
	}})
	_, err := v.Verify(t.Context(), signed(t, jwt.SigningMethodHS256, []byte(first.Secret), good()), token.App)
	if !errors.Is(err, fault.StoreUnavailable) {
		t.Errorf("got %v", err)
	}
}

// Whatever is sent, the answer is a fault of the catalogue, and only a token
// that one of our keys signed is let in.
func FuzzVerify(f *testing.F) {
	raw, err := token.Mint(first, token.Claims{
		Type: token.App, RoomID: "r1", Role: "host", UserID: "u1", ID: "t1", IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add("")
	f.Add("..")
	f.Add("e30.e30.")
	f.Add("eyJhbGciOiJub25lIn0.eyJhY2Nlc3Nfa2V5Ijoia2V5LTEifQ.")
	f.Add(`eyJhbGciOiJIUzI1NiJ9.bnVsbA.AAAA`)
	v := verifier(token.Options{})
	f.Fuzz(func(t *testing.T, s string) {
		_, err := v.Verify(t.Context(), s, token.App)
		if err == nil {
			if s != raw {
				t.Fatalf("a forged token was let in: %q", s)
			}
			return
		}
		if _, ok := errors.AsType[*fault.Error](err); !ok {
			t.Fatalf("%q: not a fault: %v", s, err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	raw, err := token.Mint(first, token.Claims{Type: token.App, RoomID: "r1", Role: "host", IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		b.Fatal(err)
	}
	v := verifier(token.Options{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(context.Background(), raw, token.App); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSameIsForWhatIsEqual(t *testing.T) {
	for _, c := range []struct {
		sent, secret string
		want         bool
	}{{"secret", "secret", true}, {"", "secret", false}, {"secre", "secret", false}, {"secret ", "secret", false}, {"Secret", "secret", false}} {
		if got := token.Same(c.sent, c.secret); got != c.want {
			t.Errorf("%q for %q: %v", c.sent, c.secret, got)
		}
	}
}
