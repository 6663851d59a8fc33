// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package ask_test

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/ask"
	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/sfu"
)

func serve(t *testing.T, most int) *ask.Runs {
	t.Helper()
	runs, _ := serveOver(t, most, "127.0.0.1:0")
	return runs
}

// serveOver is serve with an address for TCP, "" for none.
func serveOver(t *testing.T, most int, tcp string) (*ask.Runs, *sfu.Engine) {
	t.Helper()
	engine, err := sfu.New(sfu.Config{UDPAddr: "127.0.0.1:0", TCPAddr: tcp, Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	runs := ask.NewRuns(ask.Config{Engine: engine, Most: most})
	t.Cleanup(func() { runs.Close(); _ = engine.Close() })
	return runs, engine
}

func begin(t *testing.T, runs *ask.Runs, event uuid.UUID, urls ...string) *ask.Run {
	t.Helper()
	run, err := runs.Begin(event, netip.MustParseAddr("127.0.0.1"), urls)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// connect does what the page does over one protocol, and gives the largest message that
// came back.
func connect(t *testing.T, run *ask.Run, over string) int {
	t.Helper()
	var setting webrtc.SettingEngine
	setting.SetIncludeLoopbackCandidate(true)
	setting.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	setting.SetNetworkTypes([]webrtc.NetworkType{map[string]webrtc.NetworkType{"udp": webrtc.NetworkTypeUDP4, "tcp": webrtc.NetworkTypeTCP4}[over]})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(setting)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	channel, err := pc.CreateDataChannel("echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	back := make(chan int, 8)
	channel.OnMessage(func(m webrtc.DataChannelMessage) { back <- len(m.Data) })
	channel.OnOpen(func() { _ = channel.Send(make([]byte, diagnose.LargeMessage)) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	answer, err := run.Offer(t.Context(), over, pc.LocalDescription().SDP)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(answer) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "a=candidate:") && !strings.EqualFold(fields[2], over) {
			t.Errorf("over %s it is told %s", over, line)
		}
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-back:
		return n
	case <-t.Context().Done():
		return 0
	case <-time.After(time.Minute):
		t.Fatalf("over %s nothing came back", over)
		return 0
	}
}

func read(t *testing.T, body string) *ask.Findings {
	t.Helper()
	f, err := ask.ReadFindings([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestARun: what the server saw of each connection stands beside what the page found, and
// a page is told once.
func TestARun(t *testing.T) {
	runs, event := serve(t, 4), uuid.New()
	run := begin(t, runs, event)
	if found, err := runs.Find(event, run.ID); err != nil || found != run {
		t.Fatal(found, err)
	}
	for _, over := range []string{"udp", "tcp"} {
		if n := connect(t, run, over); n != diagnose.LargeMessage {
			t.Errorf("over %s %d bytes came back", over, n)
		}
		if _, err := run.Offer(t.Context(), over, "v=0"); !errors.Is(err, fault.FieldInvalid) {
			t.Errorf("a second connection over %s: %v", over, err)
		}
	}
	release, ok := run.Hold()
	if _, again := run.Hold(); !ok || again {
		t.Error("a run has one socket")
	}
	release(3*time.Second, true)
	a, err := run.Tell(read(t, `{"tries": [{"over": "udp", "largest_bytes": 1100, "state": "connected", "after_ms": 300}],
		"permissions": {"camera": "denied", "geolocation": "granted"}, "devices": ["videoinput", "toaster"], "candidates": {"host": -4}}`), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, over := range []string{"udp", "tcp"} {
		if try := a.Try(over); try == nil || try.Came == 0 || !try.Up {
			t.Errorf("over %s: %+v", over, try)
		}
	}
	if a.Try("udp").Largest != 1100 || *a.Held != 3000 || !a.Cut || a.Permissions["camera"] != "denied" || len(a.Permissions) != 1 || len(a.Devices) != 1 || a.Found.Host != 0 {
		t.Errorf("found %+v", a)
	}
	if _, err := run.Tell(read(t, `{}`), time.Now()); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("told twice: %v", err)
	}
	if _, err := runs.Find(event, run.ID); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("a run that was told: %v", err)
	}
}

// TestOnlyOverUDP: where there is no port for TCP nothing is said of it, and who is asked
// is no witness of how others fare.
func TestOnlyOverUDP(t *testing.T) {
	runs, engine := serveOver(t, 1, "")
	run := begin(t, runs, uuid.New())
	connect(t, run, "udp")
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	if _, err := pc.CreateDataChannel("echo", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := run.Offer(t.Context(), "tcp", offer.SDP); err != nil || strings.Contains(answer, "a=candidate:") {
		t.Errorf("%v\n%s", err, answer)
	}
	a, err := run.Tell(read(t, `{}`), time.Now())
	if err != nil || a.Try("udp") == nil || a.Try("tcp") != nil {
		t.Errorf("%+v, %v", a, err)
	}
	for _, r := range engine.Reach() {
		if r.Through != 0 || r.Failed != 0 {
			t.Errorf("%+v", r)
		}
	}
}

// TestWhatAPageCannotSay: of a connection that never came up nothing came back, one that
// was not made is not known, and servers that it was not given are none. A socket that is
// open still has held.
func TestWhatAPageCannotSay(t *testing.T) {
	run := begin(t, serve(t, 4), uuid.New())
	if _, ok := run.Hold(); !ok {
		t.Error("it has no socket")
	}
	a, err := run.Tell(read(t, `{"tries": [{"over": "udp", "largest_bytes": 1100, "state": "connected"}], "servers": [{"url": "turn:mine.example", "found": true}]}`), time.Now())
	if err != nil || len(a.Tries) != 0 || len(a.Servers) != 0 || a.Network != "" || a.Held == nil || a.Cut {
		t.Errorf("%+v, %v", a, err)
	}
	for _, body := range []string{`[]`, `{"tries": 1}`, `{"tries": [{}, {}, {}]}`, `{"servers": [{"code": 70000}]}`, `{"servers": [{"waited_ms": -1}]}`, `{"network": "office"}`, `{"tries": [{"after_ms": -1}]}`, `{`, strings.Repeat(" ", ask.MaxFindings+1)} {
		if _, err := ask.ReadFindings([]byte(body)); err == nil || !errors.Is(err, fault.FieldInvalid) && !errors.Is(err, fault.BodyInvalid) && !errors.Is(err, fault.BodyTooLarge) {
			t.Errorf("%.40s: %v", body, err)
		}
	}
}

// TestRunsAreBounded: of all, and of one failure; another's failure opens none.
func TestRunsAreBounded(t *testing.T) {
	runs, event := serve(t, 3), uuid.New()
	first := begin(t, runs, event)
	begin(t, runs, event)
	if _, err := runs.Begin(event, netip.Addr{}, nil); !errors.Is(err, fault.RateLimited) {
		t.Errorf("a third one of a failure: %v", err)
	}
	begin(t, runs, uuid.New())
	if _, err := runs.Begin(uuid.New(), netip.Addr{}, nil); !errors.Is(err, fault.RateLimited) {
		t.Errorf("one more than there may be: %v", err)
	}
	if _, err := runs.Find(uuid.New(), first.ID); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("a run of another failure: %v", err)
	}
	if _, err := first.Offer(t.Context(), "udp", strings.Repeat("a", ask.MaxOffer+1)); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("a long offer: %v", err)
	}
	if _, err := first.Offer(t.Context(), "sctp", "v=0"); !errors.Is(err, fault.FieldInvalid) {
		t.Errorf("another protocol: %v", err)
	}
	runs.Close()
	if _, err := first.Offer(t.Context(), "udp", "v=0"); err == nil {
		t.Error("a run goes on after the server has closed")
	}
	if _, err := runs.Begin(event, netip.Addr{}, nil); !errors.Is(err, fault.Draining) {
		t.Errorf("after the end: %v", err)
	}
}

// TestWhetherAServerAnswers: an ICE server is asked by this server as well, over UDP.
func TestWhetherAServerAnswers(t *testing.T) {
	there, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := there.ReadFrom(buf)
			if err != nil {
				return
			}
			asked := &stun.Message{Raw: buf[:n]}
			if asked.Decode() == nil {
				_, _ = there.WriteTo(stun.MustBuild(asked, stun.BindingSuccess).Raw, from)
			}
		}
	}()
	run := begin(t, serve(t, 1), uuid.New(), "stun:"+there.LocalAddr().String(), "stun:127.0.0.1:1", "turns:127.0.0.1:9?transport=tcp", "stun:nobody.invalid")
	a, err := run.Tell(read(t, `{"servers": [{"url": "stun:127.0.0.1:1", "code": 701, "waited_ms": 6000}]}`), time.Now())
	if err != nil || len(a.Servers) != 4 || !a.Servers[0].Own || a.Servers[1].Code != 701 || a.Servers[2].Answers != nil {
		t.Fatalf("%+v, %v", a, err)
	}
	for i, want := range []bool{true, false} {
		if got := a.Servers[i].Answers; got == nil || *got != want {
			t.Errorf("%s answers %v", a.Servers[i].URL, got)
		}
	}
}

// TestThePageInWords: in each language of the catalogue, whatever was found.
func TestThePageInWords(t *testing.T) {
	held := int64(12_000)
	for _, lang := range fault.Languages() {
		page := string(ask.Render(lang, time.Now()))
		if !strings.Contains(page, `<html lang="`+lang+`">`) || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%s: %.300s", lang, page)
		}
		for _, a := range []evidence.Asked{
			{Network: evidence.SameNetwork, Held: &held, Tries: []evidence.Try{{Over: "udp"}, {Over: "tcp", Up: true, Largest: 600}}, Servers: []evidence.AskedServer{{Found: true}}, Devices: []string{"audiooutput"}},
			{Network: evidence.OtherNetwork, Held: &held, Cut: true, Tries: []evidence.Try{{Over: "udp", Up: true, Largest: 1100}, {Over: "tcp"}}, Servers: []evidence.AskedServer{{Waited: 6000}}},
		} {
			says := ask.Says(lang, &a)
			if len(says) < 5 {
				t.Errorf("%s: %q", lang, says)
			}
			for _, s := range says {
				if s == "" {
					t.Errorf("%s has no words for something of %+v", lang, a)
				}
			}
		}
	}
}
