// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/dialect"
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
		"OT_RATE_LIMIT_EXCEEDED": "call", "OT_UNEXPECTED_SERVER_RESPONSE": "nonsense", "OT_REPORT_ISSUE_FAILED": "store", "OT_INVALID_PARAMETER": "init",
	} {
		body := object{"fault": name, "room": "demo", "for": "1m"}
		if r := may.post("/api/v1/injections", body); r.status != 201 || r.str("at") != at {
			t.Errorf("%s: %d %s, want %s", name, r.status, r.raw, at)
		}
		may.do("DELETE", "/api/v1/injections", nil)
	}
}

// clientsOwn are the documented rows that no server can be the cause of: they arise in
// the page, before anything is asked of it.
var clientsOwn = strings.Fields(`
	O006 O008 O012b O012c O025 O026 O027 O028 O032 O033 O034 O035 O036 O037 O038 O039 O040 O041 O042 O043 O051 O056 O059 O061 O062 O063 O064
	O067 O068 O069 O070 O071 O072 O074 O076 O077 O078 O082 O089 O092 O093 O094 O095 O096 O100`)

// TestEveryRowOfOpenTokIsDecided: each of the 102 documented rows is provoked by its method
// and its name or code, in a call of that method, or is refused with the reason.
func TestEveryRowOfOpenTokIsDecided(t *testing.T) {
	plan := inject.New(inject.Config{Calls: kurento.Calls()})
	t.Cleanup(plan.Close)
	f := serve(t, func(c *api.Config) { c.Routes = api.InjectionRoutes(plan, c.Registry) })
	f.newRoom("demo")
	may := f.as(mint(t, acme, token.Claims{Type: token.Management, Inject: true}))
	calls := map[string]string{
		"Session.publish()": "publishVideo", "Session.subscribe()": "prepareReceiveVideoFrom", "Session.signal()": "sendMessage",
		"Session.forceDisconnect()": "forceDisconnect", "Session.forceUnpublish()": "forceUnpublish", "Session.connect()": "joinRoom",
	}
	rows := map[string]bool{} // by its number: whether it can be provoked
	for _, c := range dialect.OpenTok.Rows() {
		method, word := "", c.Word.Name
		if len(c.Methods) > 0 {
			method = c.Methods[0]
		}
		for _, row := range c.Rows {
			if word == "" {
				word = strconv.Itoa(c.Word.Code)
			}
			query := "opentok:" + word
			if method != "" {
				query = "opentok:" + method + ":" + word
			}
			r := may.post("/api/v1/injections", object{"fault": query, "room": "demo"})
			may.do("DELETE", "/api/v1/injections", nil)
			switch r.status {
			case 201:
				rows[row] = true
				if got, _ := r.at("method").(string); slices.Contains([]string{"call", "hang", "nonsense"}, r.str("at")) && calls[method] != "" && got != calls[method] {
					t.Errorf("%s, %s is provoked in %s", row, query, got)
				}
			case 422:
				if _, known := rows[row]; !known {
					rows[row] = false
				}
				if why := string(r.raw); !strings.Contains(why, "injection.impossible") || strings.Contains(why, "no call of a client is ever answered with it") {
					t.Errorf("%s, %s: %s", row, query, why)
				}
			default:
				t.Errorf("%s, %s: %d %s", row, query, r.status, r.raw)
			}
		}
	}
	if len(rows) != 102 {
		t.Errorf("%d rows were asked for", len(rows))
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		if own := slices.Contains(clientsOwn, row); own == rows[row] {
			t.Errorf("%s: provoked %v", row, rows[row])
		}
	}
	page, err := os.ReadFile("../../docs/opentok.md")
	if claim := fmt.Sprintf("%d of the %d can", len(rows)-len(clientsOwn), len(rows)); err != nil || !strings.Contains(string(page), claim) {
		t.Errorf("docs/opentok.md does not say %q: %v", claim, err)
	}
}
