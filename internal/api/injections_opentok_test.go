// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"testing"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// TestOpenTokNamesAreProvoked: each name that a server can be the cause of, by the
// way in which it comes about.
func TestOpenTokNamesAreProvoked(t *testing.T) {
	plan := inject.New(inject.Config{Calls: kurento.Calls()})
	t.Cleanup(plan.Close)
	f := serve(t, func(c *api.Config) { c.Routes = api.InjectionRoutes(plan, c.Registry) })
	f.newRoom("demo")
	may := f.as(mint(t, acme, token.Claims{Type: token.Management, Inject: true}))
	for name, at := range map[string]string{
		"OT_AUTHENTICATION_ERROR": "init", "OT_INVALID_SESSION_ID": "init", "OT_TERMS_OF_SERVICE_FAILURE": "init", "OT_INVALID_HTTP_STATUS": "init",
		"OT_CONNECT_FAILED": "unreachable", "OT_XDOMAIN_OR_PARSING_ERROR": "rubbish", "OT_EMPTY_RESPONSE_BODY": "rubbish", "OT_BADLY_FORMED_RESPONSE": "rubbish",
		"OT_PERMISSION_DENIED": "call", "OT_TIMEOUT": "call", "OT_STREAM_CREATE_FAILED": "call", "OT_STREAM_DESTROYED": "call", "OT_STREAM_NOT_FOUND": "call",
		"OT_CREATE_PEER_CONNECTION_FAILED": "call", "OT_NOT_FOUND": "call", "OT_SET_REMOTE_DESCRIPTION_FAILED": "half-sdp", "OT_ICE_WORKFLOW_FAILED": "blackhole",
		"OT_RATE_LIMIT_EXCEEDED": "init", "OT_INVALID_PARAMETER": "init",
	} {
		body := object{"fault": name, "room": "demo", "for": "1m"}
		if r := may.post("/api/v1/injections", body); r.status != 201 || r.str("at") != at {
			t.Errorf("%s: %d %s, want %s", name, r.status, r.raw, at)
		}
		may.do("DELETE", "/api/v1/injections", nil)
	}
}
