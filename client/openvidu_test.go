// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
)

const officeSecret = "the secret of the backends, 32 bytes"

// office is a site with a session of OpenVidu apps that is the demo room.
type office struct{ *site }

func newOffice(t testing.TB) office {
	o := office{newSite(t, func(c *config.Config) { c.OpenVidu.Secret = officeSecret })}
	o.api("POST", "/sessions", `{"customSessionId":"`+o.demo.Name+`"}`)
	return o
}

// api makes a call of a backend that has to work.
func (o office) api(method, path, body string) map[string]any {
	o.t.Helper()
	r, err := http.NewRequest(method, o.s.URL()+"/openvidu/api"+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	r.SetBasicAuth("OPENVIDUAPP", officeSecret)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	var got map[string]any
	if _ = json.Unmarshal(b, &got); res.StatusCode >= 300 {
		o.t.Fatalf("%s %s: %s %s", method, path, res.Status, b)
	}
	return got
}

// seat is what somebody joins with who comes by OpenVidu's wire.
func (o office) seat(role, name string) client.Config {
	o.t.Helper()
	made := o.api("POST", "/sessions/"+o.demo.Name+"/connection", `{"role":"`+role+`"}`)
	return client.Config{Dialect: client.DialectOpenVidu, Token: made["token"].(string), Name: name}
}

// TestTheOtherWire: people of both wires are in one room, hear, see and write to
// each other, and what is refused has the words of each.
func TestTheOtherWire(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	messages, ends := make(chan client.Message, 9), make(chan *fault.Error, 1)
	mutes := make(chan *client.RemoteTrack, 9)
	cfg := o.seat("MODERATOR", "Otto")
	cfg.Listener = client.Listener{OnMessage: func(m client.Message) { messages <- m }}
	otto := o.join(cfg)
	hcfg := o.config("guest", "Hana")
	hcfg.AutoSubscribe = client.LayerHigh
	hcfg.Listener = client.Listener{OnTrackUpdate: func(t *client.RemoteTrack) { mutes <- t }, OnEnd: func(f *fault.Error) { ends <- f }}
	hana := o.join(hcfg)
	until(t, "each knows the other's name", func() bool {
		a, b := otto.Peers(), hana.Peers()
		return len(a) == 1 && a[0].Name == "Hana" && a[0].ID == hana.PeerID() && len(b) == 1 && b[0].Name == "Otto" && b[0].ID == otto.PeerID()
	})
	tone, err := otto.Publish(ctx, client.Tone())
	if err != nil {
		t.Fatal(err)
	}
	// A stream of this wire has its tracks from the start; with another it begins anew.
	if _, err := otto.Publish(ctx, client.Pattern()); err != nil {
		t.Fatal(err)
	}
	if _, err := otto.Publish(ctx, client.Pattern()); !errors.Is(err, fault.TrackLimit) {
		t.Errorf("a second picture: %v", err)
	}
	for _, tr := range []*client.Player{client.Tone(), client.Pattern()} {
		if _, err := hana.Publish(ctx, tr); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []*client.Room{otto, hana} {
		until(t, "two tracks", func() bool { return len(r.Tracks()) == 2 })
		for _, tr := range r.Tracks() {
			flows(t, tr)
		}
	}
	if err := tone.SetMuted(true); err != nil {
		t.Fatal(err)
	}
	for tr := get(t, mutes, "the mute"); tr.Info().Kind != "audio" || !tr.Info().Muted; tr = get(t, mutes, "the mute") {
	}

	if _, err := hana.SendMessage(ctx, client.NewMessage{Body: "hello"}); err != nil {
		t.Fatal(err)
	}
	if m := get(t, messages, "the message"); m.Body != "hello" || m.From != hana.PeerID() || m.Type != "chat" {
		t.Errorf("heard %+v", m)
	}
	if _, err := otto.SendMessage(ctx, client.NewMessage{Body: "x", PeerID: "nobody"}); !errors.Is(err, fault.PeerNotFound) || says(err) != 601 {
		t.Errorf("a message to nobody: %v", err)
	}
	if err := otto.RaiseHand(ctx); !errors.Is(err, fault.FeatureUnsupported) {
		t.Errorf("a hand: %v", err)
	}
	if err := otto.RemovePeer(ctx, hana.PeerID(), ""); err != nil {
		t.Fatal(err)
	}
	if f := get(t, ends, "the end"); !errors.Is(f, fault.PeerRemoved) {
		t.Errorf("hana's session ends with %v", f)
	}

	// A token is good once, and must be one.
	if _, err := client.Join(ctx, cfg); !errors.Is(err, fault.TokenSpent) || says(err) != 401 {
		t.Errorf("a token for the second time: %v", err)
	}
	for _, bad := range []string{"x", "wss://host", "https://host?sessionId=a&token=b"} {
		if _, err := client.Join(ctx, client.Config{Dialect: client.DialectOpenVidu, Token: bad}); !errors.Is(err, fault.TokenMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := client.Join(ctx, client.Config{Dialect: "esperanto", Endpoint: o.s.URL(), Token: "x"}); !errors.Is(err, fault.ArgumentInvalid) {
		t.Errorf("an unknown dialect: %v", err)
	}
}

// says is the number of an error in OpenVidu's words.
func says(err error) int {
	f := &fault.Error{}
	if !errors.As(err, &f) {
		return 0
	}
	return dialect.OpenVidu.Speak(f).Code
}

// TestTheOtherWireComesBack: a socket that drops is continued, media goes on, and
// what was said meanwhile arrives.
func TestTheOtherWireComesBack(t *testing.T) {
	o := newOffice(t)
	way := newRelay(t, o.s.URL())
	messages, back := make(chan client.Message, 9), make(chan struct{}, 9)
	cfg := o.seat("PUBLISHER", "Otto")
	cfg.Endpoint = way.URL()
	cfg.Listener = client.Listener{OnMessage: func(m client.Message) { messages <- m }, OnReconnected: func() { back <- struct{}{} }}
	otto := o.join(cfg)
	hana := o.join(o.config("host", "Hana"))
	if _, err := hana.Publish(t.Context(), client.Tone()); err != nil {
		t.Fatal(err)
	}
	until(t, "a track", func() bool { return len(otto.Tracks()) == 1 })
	tr := otto.Tracks()[0]
	flows(t, tr)
	way.set("refuse")
	until(t, "otto to notice", func() bool { return otto.State() == client.StateReconnecting })
	if _, err := hana.SendMessage(t.Context(), client.NewMessage{Body: "are you there"}); err != nil {
		t.Fatal(err)
	}
	flows(t, tr)
	way.set("")
	get(t, back, "otto")
	if m := get(t, messages, "the message"); m.Body != "are you there" {
		t.Errorf("heard %+v", m)
	}
	if otto.Tracks()[0] != tr {
		t.Error("the track is another one")
	}
	flows(t, tr)
}
