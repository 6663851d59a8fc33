// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/token"
)

// ConsoleDesk lets people in to the console.
type ConsoleDesk interface {
	// ConsoleLink makes a link that logs somebody in once, as the token of the claims,
	// and tells until when.
	ConsoleLink(*http.Request, token.Claims) (link string, ends time.Time)
}

// ConsoleRoutes are the rows of the console's logins; nil where there is no console.
// Give them to Config.
func ConsoleRoutes(desk ConsoleDesk) []Route {
	c := consoleLogins{desk}
	return []Route{{Pattern: "POST /api/v1/console/links", Access: Open, MaxBody: 4 << 10, Serve: c.link}}
}

type consoleLogins struct{ desk ConsoleDesk }

// consoleOrder is what somebody shall be allowed who follows a link.
type consoleOrder struct {
	Rights []string `json:"rights"` // none: all that the token has
}

// consoleLink is a link that works once.
type consoleLink struct {
	URL       string        `json:"url"`
	ExpiresAt time.Time     `json:"expires_at"`
	Rights    []token.Right `json:"rights"`
}

// link makes a link to log in with, for a management token or one of the console:
// fault.FeatureUnsupported without a console, fault.FieldInvalid,
// fault.NotPermitted for rights that the token does not have.
func (l consoleLogins) link(c *Call) (any, error) {
	claims, err := c.Verify(token.Management)
	if err == nil {
		claims.Rights = token.RightsOf(token.RightOperate)
		if claims.Inject {
			claims.Rights |= token.RightsOf(token.RightInject)
		}
	} else if errors.Is(err, fault.TokenKind) {
		claims, err = c.Verify(token.Console)
	}
	if err != nil {
		return nil, err
	}
	if l.desk == nil {
		return nil, fault.FeatureUnsupported.New("feature", "the console (console.enabled)")
	}
	var in consoleOrder
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	if len(in.Rights) > 0 {
		asked, err := token.ParseRights(in.Rights)
		if err != nil {
			return nil, err
		}
		if !asked.Within(claims.Rights) {
			return nil, fault.NotPermitted.New("grant", in.Rights, "claim", "rights")
		}
		claims.Rights = asked
	}
	link, ends := l.desk.ConsoleLink(c.Request, claims)
	return consoleLink{URL: link, ExpiresAt: ends.UTC().Truncate(time.Second), Rights: claims.Rights.Named()}, nil
}
