// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/token"
)

// provokedTokens lets a plan decide about tokens; nil for a server that provokes
// nothing.
func provokedTokens(plan *inject.Plan) func(token.Claims) token.Provocation {
	if plan == nil {
		return nil
	}
	return func(c token.Claims) token.Provocation {
		j := plan.Token(inject.Who{Room: c.RoomID, User: c.UserID, Role: c.Role, Token: c.ID})
		return token.Provocation{Revoked: j.Revoked, Expired: j.Expired, Early: j.Early, Skew: j.Skew, Took: j.Took}
	}
}
