// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// TestAudit: who did what is kept, also what was refused, of the own account alone.
func TestAudit(t *testing.T) {
	f := serve(t)
	id := f.newRoom("consult")
	f.join(id, "ada-1", "host")
	f.post("/v2/rooms/consult/lock", nil).ok()
	f.post("/v2/rooms/consult/lock", nil).refused(409, fault.RoomAlreadyLocked.ID)
	f.post("/v2/active-rooms/consult/remove-peers", object{"peer_id": "ada-1", "reason": "Ada Lovelace"}).ok()
	f.get("/v2/rooms/consult").ok() // nothing to be kept
	r := f.get("/api/v1/audit").ok()
	r.has(object{
		"audit.0.action": "peer.remove", "audit.0.outcome": "done", "audit.0.details.peer_id": "ada-1", "audit.0.details.reason": nil, "audit.0.target": "/v2/active-rooms/consult/remove-peers",
		"audit.1.action": "room.lock", "audit.1.outcome": fault.RoomAlreadyLocked.ID, "audit.2.action": "room.lock", "audit.2.outcome": "done", "audit.3": nil, "next": "",
	})
	if r.str("audit.0.by") == "" || r.str("audit.0.address") == "127.0.0.1" {
		t.Errorf("by whom, from where: %s", r.raw)
	}
	page := f.get("/api/v1/audit?limit=2").ok()
	f.get("/api/v1/audit?limit=2&start=" + page.str("next")).ok().has(object{"audit.0.action": "room.lock", "audit.0.outcome": "done", "audit.1": nil, "next": ""})
	f.as(mint(t, umbrella, token.Claims{Type: token.Management})).get("/api/v1/audit").ok().has(object{"audit": []any{}})
	for query, field := range map[string]string{"limit=x": "limit", "limit=1001": "limit", "start=-1": "start", "start=x": "start"} {
		f.get("/api/v1/audit?"+query).refused(400, fault.FieldInvalid.ID, field)
	}
}

// TestNothingUnauditedAtTheConsole: what cannot be kept is not done by somebody at the
// console; a backend's call is.
func TestNothingUnauditedAtTheConsole(t *testing.T) {
	dir := t.TempDir()
	rooms, err := registry.Open(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rooms.Close() })
	f := serve(t, func(c *api.Config) { c.Registry = rooms })
	id := f.newRoom("consult")
	f.join(id, "ada-1", "host")
	const removal = `{"peer_id": "ada-1"}`
	call := func() int {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/v2/active-rooms/"+id+"/remove-peers", strings.NewReader(removal))
		r.Header.Set("Content-Type", "application/json")
		r = r.WithContext(api.Vouch(t.Context(), token.Claims{Type: token.Management, Account: "acme", AccessKey: "acme-key", ID: "kim"}))
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		return w.Code
	}
	file, err := sql.Open("sqlite", filepath.Join(dir, registry.File))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Exec("DROP TABLE audit"); err != nil { // nothing can be kept from now on
		t.Fatal(err)
	}
	if code := call(); code != 503 {
		t.Errorf("at the console: %d", code)
	}
	if _, err := f.hub.Active(id).Peer(t.Context(), "ada-1"); err != nil {
		t.Errorf("it was done all the same: %v", err)
	}
	f.post("/v2/active-rooms/"+id+"/remove-peers", removal).ok()
}
