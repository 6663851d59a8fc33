// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"encoding/json"
	"strings"

	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Callback is what a project's backend is told of a connection or a stream, in the
// vendor's JSON (https://tokbox.com/developer/guides/session-monitoring/).
type Callback struct {
	Project string
	Event   string // such as connectionCreated
	Body    []byte

	// Opens is the id of what has begun, and EndEvent and EndBody what is told of it
	// where the server goes before it does; Closes is the id of what has ended.
	Opens, Closes string
	EndEvent      string
	EndBody       []byte
}

// callbackBody is the body of a callback. Times are milliseconds since the epoch.
type callbackBody struct {
	Session    string              `json:"sessionId"`
	Project    string              `json:"projectId"`
	Event      string              `json:"event"`
	Reason     string              `json:"reason,omitempty"`
	Timestamp  int64               `json:"timestamp"`
	Connection *callbackConnection `json:"connection,omitempty"`
	Stream     *callbackStream     `json:"stream,omitempty"`
}

type callbackConnection struct {
	ID        room.PeerID `json:"id"`
	CreatedAt int64       `json:"createdAt"`
	Data      string      `json:"data"`
}

type callbackStream struct {
	ID         string             `json:"id"`
	Connection callbackConnection `json:"connection"`
	CreatedAt  int64              `json:"createdAt"`
	Name       string             `json:"name"`
	VideoType  string             `json:"videoType,omitempty"`
}

// ends is how the end of what an event has begun is called.
var ends = map[string]string{
	kurento.ConnectionCreated: kurento.ConnectionDestroyed, kurento.StreamCreated: kurento.StreamDestroyed,
}

// callbackOf words what has happened in a session of a project.
func callbackOf(project, session string, h kurento.Happening) Callback {
	b := callbackBody{Session: session, Project: project, Event: h.Event, Reason: h.Reason, Timestamp: h.At.UnixMilli()}
	id, whose := string(h.Connection), callbackConnection{h.Connection, h.Since.UnixMilli(), h.Data}
	if st := h.Stream; st != nil {
		id = st.ID
		b.Stream = &callbackStream{ID: st.ID, Connection: whose, CreatedAt: st.CreatedAt, Name: st.Name}
		if st.HasVideo {
			b.Stream.VideoType = strings.ToLower(st.TypeOfVideo)
		}
	} else {
		b.Connection = &whose
	}
	c := Callback{Project: project, Event: h.Event, Closes: id}
	c.Body, _ = json.Marshal(b) // it is text and numbers
	if end := ends[h.Event]; end != "" {
		b.Event, b.Reason = end, "networkDisconnected"
		c.Opens, c.Closes, c.EndEvent = id, "", end
		c.EndBody, _ = json.Marshal(b)
	}
	return c
}
