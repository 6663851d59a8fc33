// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package token

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/golang-jwt/jwt/v5"

	"github.com/redial-rtc/redial/fault"
)

// Signed checks who signed a JWT of another kind than ours, by one algorithm only (RFC
// 8725, section 3.1), and decodes its payload. What the claims say is the caller's to
// judge. Fails with fault.TokenMalformed, TokenSignature, TokenClaim and
// TokenPayloadJSON.
func Signed(raw string, payload []byte, method jwt.SigningMethod, key, claims any) error {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{method.Alg()}), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	_, err := parser.Parse(raw, func(*jwt.Token) (any, error) { return key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return fault.TokenMalformed.Wrap(err)
	case err != nil:
		return fault.TokenSignature.Wrap(err, "want", method.Alg())
	}
	var wrong *json.UnmarshalTypeError
	if err := json.NewDecoder(bytes.NewReader(payload)).Decode(claims); errors.As(err, &wrong) {
		return fault.TokenClaim.New("claim", wrong.Field, "got", wrong.Value)
	} else if err != nil {
		return fault.TokenPayloadJSON.Wrap(err)
	}
	return nil
}
