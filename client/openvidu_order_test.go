// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

// sequel is a server of OpenVidu's wire that has more to say right behind its
// answers: answer makes an answer and what follows it, as frames of JSON.
func sequel(t *testing.T, answer func(method string, params json.RawMessage) (result string, after []string)) client.Config {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for {
			_, raw, err := ws.Read(r.Context())
			if err != nil {
				return
			}
			var f struct {
				ID     json.RawMessage
				Method string
				Params json.RawMessage
			}
			if err := json.Unmarshal(raw, &f); err != nil || f.ID == nil {
				continue
			}
			result, after := answer(f.Method, f.Params)
			for _, frame := range append([]string{fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":%s}`, f.ID, result)}, after...) {
				if ws.Write(r.Context(), websocket.MessageText, []byte(frame)) != nil {
					return
				}
			}
		}
	}))
	t.Cleanup(web.Close)
	return client.Config{
		Dialect: client.DialectOpenVidu, Name: "Otto",
		Token: strings.Replace(web.URL, "http", "ws", 1) + "?sessionId=room&token=tok_x",
	}
}

const me = `{"id":"me","sessionId":"rpc","session":"room","role":"MODERATOR","value":[%s]}`

// TestWhatFollowsTheListOfAJoin: people and streams that a join lists, and that go
// at once, are gone, however busy the program is that joins.
func TestWhatFollowsTheListOfAJoin(t *testing.T) {
	const people = 200
	cfg := sequel(t, func(method string, _ json.RawMessage) (string, []string) {
		if method != "joinRoom" {
			return "{}", nil
		}
		var list, gone []string
		for i := range people {
			list = append(list, fmt.Sprintf(`{"id":"p%d","streams":[{"id":"s%[1]d","hasAudio":true}]}`, i))
			gone = append(gone, fmt.Sprintf(`{"jsonrpc":"2.0","method":"participantLeft","params":{"connectionId":"p%d"}}`, i))
		}
		list = append(list, `{"id":"stays","streams":[{"id":"ended","hasVideo":true}]}`)
		gone = append(gone, `{"jsonrpc":"2.0","method":"participantUnpublished","params":{"connectionId":"stays"}}`,
			`{"jsonrpc":"2.0","method":"participantJoined","params":{"id":"last"}}`)
		return fmt.Sprintf(me, strings.Join(list, ",")), gone
	})
	room, err := client.Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(room.Leave)
	until(t, "the last one", func() bool {
		return slices.ContainsFunc(room.Peers(), func(p client.Peer) bool { return p.ID == "last" })
	})
	if got := room.Peers(); len(got) != 2 {
		t.Errorf("%d people are there, want 2", len(got))
	}
	if got := room.Tracks(); len(got) != 0 {
		t.Errorf("%d tracks are there, want none", len(got))
	}
}

// TestAStreamThatIsEndedAtOnce: a stream of ours that a moderator ends right behind
// the answer to publishing it has ended, and the app is told.
func TestAStreamThatIsEndedAtOnce(t *testing.T) {
	ended := make(chan *fault.Error, 9)
	cfg := sequel(t, func(method string, params json.RawMessage) (string, []string) {
		switch method {
		case "joinRoom":
			return fmt.Sprintf(me, ""), nil
		case "publishVideo":
			return `{"id":"s","sdpAnswer":` + answerTo(t, params) + `}`,
				[]string{`{"jsonrpc":"2.0","method":"participantUnpublished","params":{"connectionId":"me","reason":"forceUnpublishByUser"}}`}
		}
		return "{}", nil
	})
	cfg.Listener = client.Listener{OnError: func(f *fault.Error) { ended <- f }}
	room, err := client.Join(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(room.Leave)
	if _, err := room.Publish(t.Context(), client.Tone()); err != nil {
		t.Fatal(err)
	}
	if f := get(t, ended, "the end of the stream"); !errors.Is(f, fault.StreamNotPublished) {
		t.Errorf("told %v", f)
	}
	// Another may be published.
	if _, err := room.Publish(t.Context(), client.Tone()); err != nil {
		t.Errorf("another stream: %v", err)
	}
}

// answerTo is a connection's answer to the offer in a call, as text of JSON.
func answerTo(t *testing.T, params json.RawMessage) string {
	var call struct{ SDPOffer string }
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Error(err)
		return `""`
	}
	t.Cleanup(func() { _ = pc.Close() })
	if err = json.Unmarshal(params, &call); err == nil {
		err = pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: call.SDPOffer})
	}
	answer, err2 := pc.CreateAnswer(nil)
	if err = errors.Join(err, err2, pc.SetLocalDescription(answer)); err != nil {
		t.Error(err)
	}
	b, _ := json.Marshal(pc.LocalDescription().SDP)
	return string(b)
}
