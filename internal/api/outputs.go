// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// outputs are what the v2 API makes of a call: recordings and streams. This server
// makes none, so their lists are empty, and all else is refused in words.
var outputs = []struct{ path, feature string }{
	{"/v2/recordings", "recording"},
	{"/v2/recording-assets", "recording"},
	{"/v2/live-streams", "HLS streaming"},
	{"/v2/external-streams", "RTMP streaming"},
}

func (a *API) outputRoutes() []Route {
	var routes []Route
	for _, o := range outputs {
		routes = append(routes,
			Route{Pattern: "GET " + o.path, Serve: emptyList},
			Route{Pattern: "GET " + o.path + "/{call...}", Serve: noOutput(o.feature)},
			Route{Pattern: "POST " + o.path, Serve: noOutput(o.feature)}, // else the mux redirects it to the one below
			Route{Pattern: "POST " + o.path + "/{call...}", Serve: noOutput(o.feature)},
		)
	}
	return routes
}

func emptyList(c *Call) (any, error) {
	n, err := c.limit()
	if err != nil {
		return nil, err
	}
	if n < 0 || n > 100 {
		return nil, fault.FieldInvalid.New("field", "limit", "want", "1 to 100")
	}
	if n == 0 {
		n = 10
	}
	return listBody[struct{}]{Limit: n, Data: []struct{}{}}, nil
}

func noOutput(feature string) Handler {
	return func(c *Call) (any, error) {
		return nil, fault.FeatureUnsupported.New("feature", feature, "call", strings.TrimSuffix(c.Path("call"), "/"))
	}
}
