// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"net/http"
	"testing"
)

// Recordings and streams: an empty list, and a refusal that says which feature is
// missing, never an unknown route.
func TestWhatTheServerDoesNotMake(t *testing.T) {
	for _, kind := range []string{"recordings", "recording-assets", "live-streams", "external-streams"} {
		f, at := serve(t), "/v2/"+kind
		list := f.get(at + "?room_id=x&session_id=y&status=running&limit=20")
		list.ok()
		list.has(object{"limit": 20, "last": ""})
		f.get(at+"?limit=1000").refused(400, "request.field_invalid", "limit")
		f.get(at+"/some-id").refused(400, "feature.unsupported")
		f.get(at+"/some-id/presigned-url?presign_duration=60").refused(400, "feature.unsupported")
		for _, call := range []string{"/room/some-room/start", "/room/some-room/stop", "/some-id/stop", "/some-id/timed-metadata", "/some-id/pause-recording"} {
			f.post(at+call, object{"meeting_url": "https://app.example"}).refused(400, "feature.unsupported")
		}
		f.as("").get(at).refused(http.StatusUnauthorized, "token.missing")
	}
}
