// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// FuzzOpenViduFrames: whatever a server of OpenVidu's wire sends, the session goes
// on or ends with a fault, and leaving it is quick; and a text is a token or is
// refused as one.
func FuzzOpenViduFrames(f *testing.F) {
	const stream = `{"id":"p","metadata":"{\"clientData\":\"n\"}%/%d","streams":[{"id":"s","hasAudio":true,"hasVideo":true,"audioActive":true}]}`
	for method, params := range map[string]string{
		"participantJoined": `{"id":"q"}`, "participantPublished": stream, "participantLeft": `{"connectionId":"p"}`,
		"participantUnpublished": `{"connectionId":"p"}`, "participantEvicted": `{"reason":"sessionClosedByServer"}`,
		"streamPropertyChanged":       `{"connectionId":"p","streamId":"s","property":"audioActive","newValue":"false"}`,
		"connectionPropertyChanged":   `{"property":"role","newValue":"SUBSCRIBER"}`,
		"sendMessage":                 `{"type":"signal:chat","data":"x","from":"p"}`,
		"iceCandidate":                `{"senderConnectionId":"p","candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host","sdpMid":"0","sdpMLineIndex":0}`,
		"forciblyReconnectSubscriber": `{"streamId":"s","sdpOffer":"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"}`,
		"joinRoom":                    `{"id":"me","sessionId":"r","value":[{"id":"q","streams":[{"id":"t","hasAudio":true}]}],"customIceServers":[{"url":"stun:192.0.2.1"}]}`,
		"":                            `[]`,
	} {
		f.Add(method, []byte(params))
	}
	f.Fuzz(func(t *testing.T, method string, params []byte) {
		if _, _, err := streamToken(string(params)); err != nil {
			if k := fault.From(err, fault.OpJoin).Kind; k != fault.TokenMissing && k != fault.TokenMalformed {
				t.Errorf("%q: %v", params, err)
			}
		}
		s, err := newSession(Config{
			Dialect: DialectOpenVidu, Token: "ws://127.0.0.1:9?sessionId=a&token=b", CallTimeout: time.Millisecond, ReconnectWindow: time.Millisecond,
			Listener: Listener{OnMessage: func(Message) {}, OnError: func(*fault.Error) {}, OnEnd: func(*fault.Error) {}, OnTrack: func(*RemoteTrack) {}},
		}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		s.heard(nil, "participantPublished", json.RawMessage(stream))
		var list ovJoined
		if method == "joinRoom" && json.Unmarshal(params, &list) == nil {
			_ = s.ov.joined(list)
		}
		s.heard(nil, method, params)
		began := time.Now()
		s.shutdown(nil, false)
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s %q: leaving took %v", method, params, took)
		}
	})
}
