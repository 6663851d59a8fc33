// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strings"
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/token"
)

// TestProjects are an account's own, told with their secret once, and so many.
func TestProjects(t *testing.T) {
	reg, err := registry.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reg.Close() })
	check := func(pem string) error {
		if !strings.HasPrefix(pem, "-----BEGIN") {
			return fault.FieldInvalid.New("field", "public_key")
		}
		return nil
	}
	f := serve(t, func(c *api.Config) { c.Routes = api.ProjectRoutes(reg, 2, check) })
	other := f.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	const path = "/api/v1/projects"

	made := f.post(path, object{"name": "shop"}).has(object{"name": "shop"})
	if made.status != 201 || len(made.str("secret")) != 40 || len(made.str("key")) != 10 {
		t.Errorf("%d %s", made.status, made.raw)
	}
	app := f.post(path, object{"public_key": "-----BEGIN PUBLIC KEY-----"})
	if app.status != 201 || strings.Contains(string(app.raw), "secret") {
		t.Errorf("%d %s", app.status, app.raw)
	}
	f.post(path, object{}).refused(503, "server.overloaded")
	f.post(path, object{"public_key": "x"}).refused(400, "request.field_invalid", "public_key")
	f.post(path, object{"callback_url": "https://" + strings.Repeat("a", 2048)}).refused(400, "request.field_invalid", "callback_url")
	f.post(path, object{"name": strings.Repeat("a", 257)}).refused(400, "request.field_invalid", "name")
	if got := f.get(path).ok(); len(got.at("data").([]any)) != 2 || strings.Contains(string(got.raw), made.str("secret")) {
		t.Errorf("%s", got.raw)
	}
	if got := other.get(path).ok(); len(got.at("data").([]any)) != 0 {
		t.Errorf("another account is told %s", got.raw)
	}
	at := path + "/" + made.str("key")
	told := f.do("PATCH", at, object{"callback_url": "https://app.example.org/told"}).has(object{"callback_url": "https://app.example.org/told"})
	if len(told.str("callback_secret")) != 40 || strings.Contains(string(told.raw), made.str("secret")) {
		t.Errorf("%s", told.raw)
	}
	if got := f.get(path).ok(); strings.Contains(string(got.raw), told.str("callback_secret")) || !strings.Contains(string(got.raw), "app.example.org/told") {
		t.Errorf("%s", got.raw)
	}
	f.do("PATCH", at, object{"callback_url": "//app"}).refused(400, "request.field_invalid", "callback_url")
	f.do("PATCH", at, object{}).refused(400, "request.field_missing", "callback_url")
	other.do("PATCH", at, object{"callback_url": ""}).refused(404, "token.access_key")
	if got := f.do("PATCH", at, object{"callback_url": ""}); strings.Contains(string(got.raw), "callback") {
		t.Errorf("%s", got.raw)
	}
	other.do("DELETE", path+"/"+made.str("key"), nil).refused(404, "token.access_key")
	if r := f.do("DELETE", path+"/"+made.str("key"), nil); r.status != 204 {
		t.Errorf("%d", r.status)
	}
	f.do("DELETE", path+"/"+made.str("key"), nil).refused(404, "token.access_key")
}
