// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package eventjson

import (
	"strings"

	"github.com/redial-rtc/redial/internal/event"
)

// clippedNames are the names of fields in the list of those that were clipped.
var clippedNames = [...]string{
	event.FieldAccount:     "account_id",
	event.FieldUser:        "user_id",
	event.FieldUserName:    "user_name",
	event.FieldPeer:        "peer_id",
	event.FieldRoom:        "room_id",
	event.FieldSession:     "session_id",
	event.FieldRoomName:    "room_name",
	event.FieldTemplate:    "template_id",
	event.FieldRole:        "role",
	event.FieldDomain:      "domain",
	event.FieldAction:      "action",
	event.FieldName:        "error_name",
	event.FieldMessage:     "error_message",
	event.FieldDescription: "error_description",
	event.FieldDialect:     "dialect",
	event.FieldFault:       "fault",
	event.FieldOp:          "op",
	event.FieldTrack:       "track_id",
	event.FieldStream:      "stream_id",
	event.FieldKind:        "type",
	event.FieldSource:      "source",
	event.FieldDetails:     "details",
}

// clippedName is the name of a field that was clipped: a half's begins with its
// side, as in "client.action".
func clippedName(c *event.Clip) string {
	name := c.Key
	if c.Field != event.FieldExtra {
		name = clippedNames[c.Field]
	}
	if c.Side != "" {
		return string(c.Side) + "." + name
	}
	return name
}

// clips reads a list of fields that were clipped. A name that is not ours is one
// of the further fields.
func clips(names []string) []event.Clip {
	var list []event.Clip
	for _, name := range names {
		list = append(list, clipOf(name))
	}
	return list
}

func clipOf(name string) event.Clip {
	for _, side := range []event.Source{"", event.FromClient, event.FromServer} {
		own := name
		if side != "" {
			var ok bool
			if own, ok = strings.CutPrefix(name, string(side)+"."); !ok {
				continue
			}
		}
		for field, known := range clippedNames {
			if known == own && known != "" {
				return event.Clip{Side: side, Field: event.Field(field)}
			}
		}
	}
	return event.Clip{Key: name}
}
