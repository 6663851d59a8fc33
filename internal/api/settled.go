// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
)

// Settled are routes of which those that read find everything that was acknowledged
// before they were called: settle waits for it.
func Settled(settle func(context.Context), routes []Route) []Route {
	routes = slices.Clone(routes)
	for i := range routes {
		if method, _, _ := strings.Cut(routes[i].Pattern, " "); method != http.MethodGet {
			continue
		}
		serve := routes[i].Serve
		routes[i].Serve = func(c *Call) (any, error) {
			settle(c.Context())
			return serve(c)
		}
	}
	return routes
}
