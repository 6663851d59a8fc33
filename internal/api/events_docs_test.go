// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
	"github.com/redial-rtc/redial/internal/event/sqlite"
)

// The page about events has every route, every parameter and every type.
func TestTheEventsPageIsComplete(t *testing.T) {
	raw, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	var documented, routes []string
	for _, m := range regexp.MustCompile("(?m)^### `([A-Z]+ /[^`]+)`").FindAllStringSubmatch(page, -1) {
		documented = append(documented, m[1])
	}
	for _, r := range api.NewEvents(api.EventsConfig{}).Routes() {
		routes = append(routes, r.Pattern)
	}
	slices.Sort(documented)
	slices.Sort(routes)
	if !slices.Equal(documented, routes) {
		t.Errorf("documented %q\nroutes     %q", documented, routes)
	}
	must := append(eventjson.Parameters(), sqlite.File)
	for _, typ := range event.Types {
		if typ != event.Recorded {
			must = append(must, string(typ))
		}
	}
	for _, word := range must {
		if !strings.Contains(page, "`"+word+"`") {
			t.Errorf("the page does not mention `%s`", word)
		}
	}
}
