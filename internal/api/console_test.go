// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"testing"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
)

// TestTheConsolePageIsComplete: docs/console.md has every route.
func TestTheConsolePageIsComplete(t *testing.T) {
	documented(t, "console.md", api.ConsoleRoutes(nil))
}

// TestNoConsole: a server without one says so, to whoever may ask.
func TestNoConsole(t *testing.T) {
	f := serve(t, func(c *api.Config) { c.Routes = api.ConsoleRoutes(nil) })
	f.post("/api/v1/console/links", object{}).refused(400, fault.FeatureUnsupported.ID)
}
