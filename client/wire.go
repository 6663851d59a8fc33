// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"time"
)

// The shapes of the wire. Times are milliseconds since the epoch.
type (
	wireFrame struct {
		ID     string          `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
		Result json.RawMessage `json:"result"`
		Error  *refusal        `json:"error"`
	}
	wireCall struct {
		ID      string `json:"id,omitempty"`
		JSONRPC string `json:"jsonrpc,omitempty"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}
	wireSDP struct {
		Type string `json:"type"`
		SDP  string `json:"sdp"`
	}
	wireDescription struct {
		wireSDP
		Node string `json:"sfu_node_id"`
	}
	wireTrack struct {
		ID          string `json:"track_id"`
		StreamID    string `json:"stream_id"`
		Kind        string `json:"type"`
		Source      string `json:"source"`
		Mute        bool   `json:"mute"`
		Description string `json:"description"`
	}
	wirePeer struct {
		ID       string   `json:"peer_id"`
		Role     string   `json:"role"`
		Groups   []string `json:"groups"`
		JoinedAt int64    `json:"joined_at"`
		Info     struct {
			Name   string `json:"name"`
			Data   string `json:"data"`
			UserID string `json:"user_id"`
		} `json:"info"`
		Tracks map[string]wireTrack `json:"tracks"`
	}
	wirePeerTracks struct {
		Peer   wirePeer             `json:"peer"`
		Tracks map[string]wireTrack `json:"tracks"`
	}
	wirePeerList struct {
		Peers map[string]wirePeer `json:"peers"`
		Room  struct {
			Name      string `json:"name"`
			SessionID string `json:"session_id"`
			StartedAt int64  `json:"started_at"`
		} `json:"room"`
	}
	wirePolicy struct {
		Name       string          `json:"name"`
		KnownRoles map[string]Role `json:"known_roles"`
		TemplateID string          `json:"template_id"`
	}
	wireInit struct {
		Endpoint string `json:"endpoint"`
		RTC      struct {
			Servers []struct {
				URLs       wireStrings `json:"urls"`
				Username   string      `json:"username"`
				Credential string      `json:"credential"`
			} `json:"ice_servers"`
		} `json:"rtcConfiguration"`
	}
	wireMessage struct {
		Peer      *wirePeer `json:"peer"`
		ID        string    `json:"message_id"`
		Timestamp int64     `json:"timestamp"`
		Private   bool      `json:"private"`
		Roles     []string  `json:"roles"`
		Info      struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"info"`
	}
	wireEntry struct {
		Key       string          `json:"key"`
		Data      json.RawMessage `json:"data"`
		Version   int64           `json:"change_version"`
		UpdatedAt int64           `json:"updated_at"`
		UpdatedBy string          `json:"updated_by"`
	}
)

// wireStrings is one text or a list of them, as in RTCIceServer.urls.
type wireStrings []string

func (s *wireStrings) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*s = []string{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

func millis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

func (m wireMessage) message() Message {
	out := Message{ID: m.ID, At: millis(m.Timestamp), Private: m.Private, Roles: m.Roles, Type: m.Info.Type, Body: m.Info.Message}
	if m.Peer != nil {
		out.From = m.Peer.ID
	}
	return out
}

func (e wireEntry) entry() MetadataEntry {
	return MetadataEntry{Key: e.Key, Data: e.Data, Version: e.Version, UpdatedAt: millis(e.UpdatedAt), UpdatedBy: e.UpdatedBy}
}
