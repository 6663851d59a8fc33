// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package openvidu

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/redial-rtc/redial/fault"
)

// properties are what a backend says of a session when it makes it. They are
// answered as they were given. None of them changes what this server does: media
// is always routed, never transcoded or recorded, and sent in the codec in which
// it was published.
type properties struct {
	Media       string          `json:"mediaMode"`
	Recording   string          `json:"recordingMode"`
	Codec       string          `json:"forcedVideoCodec"`
	Transcoding *bool           `json:"allowTranscoding"`
	Recordings  json.RawMessage `json:"defaultRecordingProperties"`
}

// maxRecordings is how many bytes the default properties of recordings may have.
const maxRecordings = 4 << 10

// usualRecordings are the default properties of recordings where a backend gives
// none.
var usualRecordings = map[string]any{
	"name": "", "hasAudio": true, "hasVideo": true, "outputMode": "COMPOSED", "recordingLayout": "BEST_FIT",
	"resolution": "1280x720", "frameRate": 25, "shmSize": 536870912,
}

// check fails with fault.FieldInvalid for values that the API does not know.
func (p properties) check() error {
	for _, one := range []struct {
		field, value string
		known        []string
	}{
		{"mediaMode", p.Media, []string{"ROUTED", "RELAYED"}},
		{"recordingMode", p.Recording, []string{"ALWAYS", "MANUAL"}},
		{"forcedVideoCodec", p.Codec, []string{"MEDIA_SERVER_PREFERRED", "NONE", "VP8", "VP9", "H264"}},
	} {
		if one.value != "" && !slices.Contains(one.known, one.value) {
			return fault.FieldInvalid.New("field", one.field, "want", strings.Join(one.known, ", "), "got", clip(one.value))
		}
	}
	switch raw := bytes.TrimSpace(p.Recordings); {
	case len(raw) == 0 || string(raw) == "null":
	case raw[0] != '{':
		return fault.FieldInvalid.New("field", "defaultRecordingProperties", "want", "a JSON object")
	case len(raw) > maxRecordings:
		return fault.FieldInvalid.New("field", "defaultRecordingProperties", "max_bytes", maxRecordings, "bytes", len(raw))
	}
	return nil
}

// word is how the API tells them. What was left out has the value that it has on
// a server whose media server is mediasoup.
func (p properties) word() map[string]any {
	w := map[string]any{
		"mediaMode": cmp.Or(p.Media, "ROUTED"), "recordingMode": cmp.Or(p.Recording, "MANUAL"),
		"forcedVideoCodec": cmp.Or(p.Codec, "MEDIA_SERVER_PREFERRED"), "forcedVideoCodecResolved": cmp.Or(strings.TrimPrefix(p.Codec, "MEDIA_SERVER_PREFERRED"), "NONE"),
		"allowTranscoding": p.Transcoding != nil && *p.Transcoding, "defaultRecordingProperties": usualRecordings,
	}
	if raw := string(p.Recordings); raw != "" && raw != "null" {
		w["defaultRecordingProperties"] = p.Recordings
	}
	return w
}
