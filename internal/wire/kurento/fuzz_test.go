// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"context"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

const bareSDP = `v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n`

// FuzzFrames: whatever somebody sends who is inside, the socket goes on and the
// next call is answered; nothing is a bug of ours.
func FuzzFrames(f *testing.F) {
	for _, frame := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"interval":5000}}`,
		`{"jsonrpc":"2.0","id":1,"method":"publishVideo","params":{"sdpOffer":"` + bareSDP + `","hasAudio":true,"hasVideo":true,"audioActive":true,"typeOfVideo":"CAMERA","frameRate":-1,"videoDimensions":"{}"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"prepareReceiveVideoFrom","params":{"sender":"str_CAM_x_con_y","reconnect":false}}`,
		`{"jsonrpc":"2.0","id":1,"method":"receiveVideoFrom","params":{"sender":"s","sdpAnswer":"` + bareSDP + `"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"reconnectStream","params":{"stream":"","sdpString":"v=0"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"onIceCandidate","params":{"endpointName":"ME","candidate":"candidate:1 1 udp 1 192.0.2.1 1 typ host","sdpMid":"0","sdpMLineIndex":0}}`,
		`{"jsonrpc":"2.0","id":1,"method":"sendMessage","params":{"message":"{\"to\":[\"x\"],\"type\":\"signal:a\",\"data\":\"d\"}"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"streamPropertyChanged","params":{"streamId":"s","property":"audioActive","newValue":false,"reason":"r"}}`,
		`{"jsonrpc":"2.0","id":1,"method":"streamPropertyChanged","params":{"streamId":"s","property":"videoDimensions","newValue":"{\"width\":1,\"height\":2}","reason":"r"}}`,
		`{"width":640.5,"height":480}`, `"{\"width\":640,\"height\":-1}"`,
		`{"jsonrpc":"2.0","id":1,"method":"forceDisconnect","params":{"connectionId":"c"}}`,
		`{"jsonrpc":"2.0","id":"a","result":{}}`, `{"id":{},"method":[]}`, `[]`, `null`, ``, "{\"id\":1,\"method\":\"\xff\"}",
	} {
		f.Add([]byte(frame))
	}
	s := newStation(f)
	session := s.session()
	other := s.enter(session, "PUBLISHER", "other")
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			return // package socket has frames that are too long
		}
		here := &station{t: t, sessions: s.sessions, all: s.all, hub: s.hub, web: s.web, events: s.events}
		other.t = t
		c := here.enter(session, "MODERATOR", "one")
		defer c.ws.CloseNow()
		c.outlives(raw, other)
		text := string(raw)
		if _, _, err := kurento.ReadToken(text, "s"); err != nil {
			if k := fault.From(err, fault.OpJoin).Kind; k != fault.TokenMissing && k != fault.TokenMalformed {
				t.Errorf("%q: %v", text, err)
			}
		}
		if pic, err := kurento.ReadDimensions(raw, "newValue"); err == nil && (min(pic.Width, pic.Height) < 0 || max(pic.Width, pic.Height) > 1<<14) {
			t.Errorf("%q is a picture of %+v", text, pic)
		}
		if name := kurento.NameIn(text); !utf8.ValidString(name) || len(name) > 10_000 {
			t.Errorf("%q names somebody %q", text, name)
		}
	})
}

// outlives sends a frame of a hostile client and demands that the server goes on:
// it answers that client, unless the frame was a goodbye, and others.
func (c *client) outlives(raw []byte, other *client) {
	t := c.t
	t.Helper()
	if err := c.ws.Write(context.Background(), websocket.MessageText, raw); err != nil {
		t.Fatal(err)
	}
	// After a goodbye the socket is gone.
	ch := make(chan answer, 4)
	c.mu.Lock()
	c.answers[`"after"`] = ch
	c.mu.Unlock()
	_ = c.ws.Write(context.Background(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":"after","method":"ping"}`))
	select {
	case a := <-ch:
		if a.Error != nil && (fault.Lookup(a.Error.Data.Fault) == nil || a.Error.Data.Fault == fault.Internal.ID) {
			t.Errorf("%q, and a ping is refused: %+v", raw, *a.Error)
		}
	case <-c.closed:
	case <-time.After(patience):
		t.Fatalf("%q, and a ping is not answered", raw)
	}
	other.must("ping", nil)
	_ = c.ws.Close(4102, "")
}
