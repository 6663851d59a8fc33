// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"net/url"
	"testing"
)

// A filter for what this server never makes is a question with an empty answer.
func TestTypesOfRecordingsAndStreamsMatchNothing(t *testing.T) {
	for _, word := range []string{"beam.recording.success", "beam.started.success", "hls.started.success", "rtmp.stopped.success", "recording.success"} {
		q, err := ParseQuery(url.Values{"type": {word}})
		if err != nil || len(q.WantedTypes()) != 0 {
			t.Errorf("%s: %v, %v", word, q.WantedTypes(), err)
		}
	}
	if _, err := ParseQuery(url.Values{"type": {"nonsense"}}); err == nil {
		t.Error("nonsense is taken")
	}
}
