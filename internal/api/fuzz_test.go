// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
)

// deaf is a member that does not listen.
type deaf struct{}

func (deaf) Notify(room.Update, *room.Shared) {}

// Whatever is posted wherever, the answer is JSON, and a body is never the
// server's fault.
func FuzzBodies(f *testing.F) {
	paths := []string{
		"/v2/rooms", "/v2/rooms/ROOM", "/v2/templates", "/v2/templates/TEMPLATE", "/v2/templates/TEMPLATE/roles/guest",
		"/v2/templates/TEMPLATE/settings", "/v2/room-codes/room/ROOM", "/v2/room-codes/code", "/v2/token", "/api/v1/tokens/revoke",
		"/v2/active-rooms/ROOM/peers/ada", "/v2/active-rooms/ROOM/send-message", "/v2/active-rooms/ROOM/remove-peers",
		"/v2/active-rooms/ROOM/end-room", "/v2/templates/TEMPLATE/roles/host/layout",
		"/api/v1/projects",
	}
	for _, body := range []string{
		``, `{}`, `null`, `[]`, `{"name":"x","size":3,"enabled":true,"recording_info":{"enabled":false}}`,
		`{"roles":{"host":{"publishParams":{"allowed":["audio"],"simulcast":{"video":{"layers":[{"rid":"f","scaleResolutionDownBy":1,"maxFramerate":30}]}}}}}}`,
		`{"roomState":{"messageInterval":5}}`, `{"code":"abc-defg-hij","enabled":true,"user_id":"u"}`, `{"jti":"x","expires_at":"2030-01-01T00:00:00Z"}`,
		`{"name":"n","metadata":"{}","role":"guest"}`, `{"message":"hi","type":"chat","role":"host"}`, `{"peer_id":"p","reason":"r"}`, `{"lock":false}`,
		`{"name":"shop","callback_url":"https://app.example.org/told"}`,
		`{"logo":{"url":"u"},"screens":{"conferencing":{"default":{"elements":{"chat":{"roles_whitelist":[]},"x":[]}}}}}`,
		`{"name":"\ud800"}`, `{"size":1e999}`, "{\"name\":\"\xff\"}",
	} {
		for i := range paths {
			f.Add(uint8(i), []byte(body))
		}
	}
	projects, err := registry.Open(f.Context(), f.TempDir(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = projects.Close() })
	fix := serve(f, func(c *api.Config) {
		c.Routes = api.ProjectRoutes(projects, 1<<30, func(string) error { return nil })
	})
	id := fix.newRoom("lobby")
	tmpl := fix.get("/v2/rooms/" + id).ok().str("template_id")
	for i, p := range paths {
		paths[i] = strings.NewReplacer("ROOM", id, "TEMPLATE", tmpl).Replace(p)
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		f := *fix
		f.t = t
		if f.hub.Active(id) == nil {
			// The template in the registry may be anything by now.
			_, err := f.hub.Join(t.Context(), room.Spec{ID: id, Template: policy.Default()}, deaf{}, room.Peer{ID: "ada", Role: "guest"})
			if err != nil && !errors.Is(err, fault.RoomEnded) && !errors.Is(err, fault.PeerRemoved) {
				t.Fatal(err)
			}
		}
		r := f.post(paths[int(which)%len(paths)], string(body))
		if r.status >= 500 {
			t.Fatalf("%s: %d %s", r.call, r.status, r.raw)
		}
		if r.status >= 400 && r.str("fault.id") == "" {
			t.Fatalf("%s: %d without a fault: %s", r.call, r.status, r.raw)
		}
	})
}
