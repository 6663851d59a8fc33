// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/ask"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/share"
	"github.com/redial-rtc/redial/internal/token"
)

// serveAsks is serveWhy with pages that ask a browser.
func serveAsks(t *testing.T) *why {
	t.Helper()
	engine, err := sfu.New(sfu.Config{UDPAddr: "127.0.0.1:0", TCPAddr: "127.0.0.1:0", Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	runs := ask.NewRuns(ask.Config{Engine: engine, Most: 8})
	t.Cleanup(func() { runs.Close(); _ = engine.Close() })
	w := &why{}
	if w.store, err = sqlite.Open(t.Context(), t.TempDir(), nil, sqlite.Words(report.Vocabulary())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	w.fixture = serve(t, func(c *api.Config) {
		c.Routes = api.NewDiagnoses(api.DiagnosesConfig{
			Store: w.store, Registry: c.Registry, Links: share.NewLinks([share.KeyBytes]byte{7}), Asks: runs, Addresses: evidence.NewHasher([evidence.KeyBytes]byte{3}),
			Origin: func(*http.Request) url.URL { return url.URL{Scheme: "https", Host: "video.example"} },
			ICE: func(*http.Request, string, string) []api.ICEURL {
				return []api.ICEURL{{URL: "turn:127.0.0.1:9", Username: "u", Credential: "p"}}
			},
		}).Routes()
	})
	w.room = w.newRoom("consult")
	return w
}

// blockedAlone stores the failure of somebody of whom nothing came while nobody else
// tried, from another address than that of this test.
func (w *why) blockedAlone() string {
	return w.failed(func(e *event.Event) {
		at := e.Time
		e.Evidence = &evidence.Record{
			V: 1, At: at,
			Path: &evidence.Path{Side: "publish", State: "failed", Candidates: evidence.Candidates{Host: 2}, Traffic: []evidence.Traffic{{Protocol: "udp", Class: "stun", Out: &evidence.Way{Packets: 20}}},
				Changes: []evidence.Change{{What: "ice", State: "checking", At: at.Add(-8 * time.Second)}}},
			Socket: &evidence.Socket{Opened: at.Add(-time.Minute), In: at, Door: &evidence.Door{Client: "ipv4 public", ClientHash: "00000000000000a1", Local: "ipv4 public", LocalHash: "5e"}},
			Reach:  []evidence.Reach{{Protocol: "udp", Address: "ipv4 public", Hash: "5e"}},
			Self:   &evidence.Self{Started: at.Add(-time.Hour)},
		}
	})
}

// link asks about a failure, and gives the path of the page.
func (w *why) link(id string) string {
	w.t.Helper()
	return strings.TrimPrefix(w.post("/api/v1/probes", object{"event": id}).ok().str("url"), "https://video.example")
}

// connect makes one connection over UDP, as the page does.
func (w *why) connect(runs string) {
	w.t.Helper()
	var setting webrtc.SettingEngine
	setting.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(setting)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = pc.Close() })
	up := make(chan struct{})
	channel, err := pc.CreateDataChannel("echo", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	channel.OnOpen(func() { close(up) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := pc.SetLocalDescription(offer); err != nil {
		w.t.Fatal(err)
	}
	answer := w.post(runs+"/offer", object{"over": "udp", "sdp": offer.SDP}).ok().str("sdp")
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		w.t.Fatal(err)
	}
	select {
	case <-up:
	case <-time.After(time.Minute):
		w.t.Fatal("no connection came up")
	}
}

// TestABrowserIsAsked: what it finds hangs on that failure, the verdict moves, and what
// it was before is told beside it.
func TestABrowserIsAsked(t *testing.T) {
	w := serveAsks(t)
	id := w.blockedAlone()
	diagnosis := "/api/v1/events/" + id + "/diagnosis"
	w.get(diagnosis).ok().has(object{"verdict.cause": "network.media_blocked", "verdict.confidence": "possible", "asked": nil, "before": nil})
	link := w.link(id)
	open := w.as("")
	status, header, page := w.open("https://video.example"+link, "Accept-Language", "de")
	if status != http.StatusOK || !strings.Contains(page, "Ihre Verbindung wird geprüft") || header.Get("Content-Security-Policy") != ask.Policy || strings.Contains(page, "Mia") || strings.Contains(page, id) {
		t.Errorf("%d %v\n%s", status, header, page)
	}
	asked := &why{fixture: open, store: w.store, room: w.room}
	// Another address than that of the failure is no other network, as providers change
	// them: it is one where she says so.
	unsure := link + "/runs/" + open.post(link+"/runs", object{}).ok().str("run")
	asked.connect(unsure)
	open.post(unsure+"/findings", object{}).ok()
	w.get(diagnosis).ok().has(object{"verdict.confidence": "possible", "asked.0.same_network": nil, "asked.0.tries.0.up": true})
	begun := open.post(link+"/runs", object{}).ok().has(object{"ice_servers.0.urls": "turn:127.0.0.1:9", "ice_servers.0.username": "u"})
	run := link + "/runs/" + begun.str("run")
	asked.connect(run)
	ws, _, err := websocket.Dial(t.Context(), w.url+run+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	open.post(run+"/findings", object{"network": "office"}).refused(400, fault.FieldInvalid.ID)
	told := open.post(run+"/findings", object{"network": "other", "tries": []object{{"over": "udp", "largest_bytes": 1100, "state": "connected"}}}).ok()
	if says := string(told.raw); !strings.Contains(says, "another network") || !strings.Contains(says, "UDP") {
		t.Errorf("it says %s", says)
	}
	w.get(diagnosis).ok().has(object{
		"verdict.cause": "network.media_blocked", "verdict.confidence": "likely", "asked.1.same_network": "no", "asked.1.tries.0.up": true,
		"before.cause": "network.media_blocked", "before.confidence": "possible",
	})
	// As known before, nobody had been asked.
	then := w.get(diagnosis).ok().str("told.0.at")
	w.get(diagnosis + "?as_known_at=" + url.QueryEscape(then)).ok().has(object{"verdict.confidence": "possible", "asked": nil, "as_known_at": then})
	w.get(diagnosis+"?as_known_at=2020-01-01T00:00:00Z").refused(400, fault.FieldInvalid.ID)

	// A run is told once, and is one of this failure.
	open.post(run+"/findings", object{}).refused(http.StatusGone, fault.FieldInvalid.ID)
	other := w.link(w.blockedAlone())
	second := open.post(link+"/runs", object{}).ok().str("run")
	open.post(other+"/runs/"+second+"/findings", object{}).refused(http.StatusGone, fault.FieldInvalid.ID)
	open.post(link+"/runs/"+second+"/findings", strings.Repeat(" ", ask.MaxFindings+1)).refused(413, fault.BodyTooLarge.ID)

	// However often it is told, the last ones stay.
	open.post(link+"/runs/"+second+"/findings", object{}).ok()
	for range evidence.MaxAsked - 1 {
		run := open.post(link+"/runs", object{}).ok().str("run")
		open.post(link+"/runs/"+run+"/findings", object{}).ok()
	}
	if all, _ := w.get(diagnosis).ok().at("asked").([]any); len(all) != evidence.MaxAsked {
		t.Errorf("%d findings are kept", len(all))
	}
	limited := false
	for range 10 {
		limited = limited || open.post(link+"/runs", object{}).status == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("a link opens any number of runs")
	}

	// The link is taken back.
	if r := w.do(http.MethodDelete, "/api/v1/probes/"+strings.TrimPrefix(link, "/p/"), nil); r.status != http.StatusNoContent {
		t.Errorf("to take a link back: %d %s", r.status, r.raw)
	}
	open.post(link+"/runs", object{}).refused(http.StatusGone, fault.EventNotFound.ID)
	if status, _, page := w.open("https://video.example" + link); status != http.StatusGone || !strings.Contains(page, "ended") {
		t.Errorf("a link that was taken back: %d", status)
	}
}

// TestASocketThatNeverOpened: what asks for one and is none, as behind a proxy that takes
// the upgrade out, has not held.
func TestASocketThatNeverOpened(t *testing.T) {
	w := serveAsks(t)
	open := w.as("")
	link := w.link(w.failed())
	run := link + "/runs/" + open.post(link+"/runs", object{}).ok().str("run")
	if status, _, _ := w.open(w.url + run + "/socket"); status < 400 {
		t.Errorf("no socket, and the answer is %d", status)
	}
	if says := string(open.post(run+"/findings?lang=en", object{}).ok().raw); strings.Contains(says, "held") || !strings.Contains(says, "was cut") {
		t.Errorf("it says %s", says)
	}
}

// TestLinksThatAskNobody: forged ones, those of another kind, and failures of others.
func TestLinksThatAskNobody(t *testing.T) {
	w := serveAsks(t)
	id := w.failed()
	shared := w.post("/api/v1/events/"+id+"/share", nil).ok().str("url")
	forged := "/p/" + shared[strings.LastIndexByte(shared, '/')+1:]
	open := w.as("")
	open.post(forged+"/runs", object{}).refused(http.StatusNotFound, fault.EventNotFound.ID)
	open.post("/p/AAAA/runs", object{}).refused(http.StatusNotFound, fault.EventNotFound.ID)
	asking := w.link(id)
	if status, _, _ := w.open("https://video.example/why/" + strings.TrimPrefix(asking, "/p/")); status != http.StatusNotFound {
		t.Errorf("a link that asks opens the page about the failure: %d", status)
	}
	open.post(asking+"/runs/none/offer", object{"over": "udp", "sdp": ""}).refused(http.StatusGone, fault.FieldInvalid.ID)

	others := w.as(mint(t, umbrella, token.Claims{Type: token.Management}))
	others.post("/api/v1/probes", object{"event": id}).refused(404, fault.EventNotFound.ID)
	others.do(http.MethodDelete, "/api/v1/probes/"+strings.TrimPrefix(asking, "/p/"), nil).refused(404, fault.EventNotFound.ID)
	w.post("/api/v1/probes", object{}).refused(400, fault.FieldMissing.ID)
	w.post("/api/v1/probes", object{"event": id, "hours": 1000}).refused(400, fault.FieldInvalid.ID)
	open.post("/api/v1/probes", object{"event": id}).refused(401, fault.TokenMissing.ID)
	if _, err := ask.ReadFindings([]byte(`{"tries": {}}`)); !errors.Is(err, fault.FieldInvalid) {
		t.Error(err)
	}
}
