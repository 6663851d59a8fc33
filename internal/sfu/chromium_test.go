// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

//go:embed testdata/call.html
var callPage []byte

// browser is a headless Chromium on one page that publishes to and subscribes
// from an engine.
type browser struct {
	t      *testing.T
	pub    *Publisher
	sub    *Subscriber
	tracks chan *Track
	next   chan any // what the page is to do

	mu    sync.Mutex
	stats pageStats
}

type pageStats struct {
	Pub, Sub          string
	SRTP              []string
	Inbound, Outbound []rtpStats
}

type rtpStats struct {
	Kind, Codec, RID               string
	FramesDecoded, FramesDropped   int
	FrameWidth                     int
	PacketsReceived, PacketsLost   int
	NackCount, PliCount, FirCount  int
	RetransmittedPacketsReceived   int
	FreezeCount                    int
	PacketsSent, KeyFramesDecoded  int
	FramesEncoded, FramesReceived  int
	ConcealedSamples, TotalSamples float64
}

func chromium(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium on this machine")
	return ""
}

func openBrowser(t *testing.T, e *Engine, query string, cfg PublisherConfig, impairment ...Impairment) *browser {
	t.Helper()
	path := chromium(t)
	b := &browser{t: t, tracks: make(chan *Track, 8), next: make(chan any, 256)}
	cfg.OnTrack = func(tr *Track) { b.tracks <- tr }
	var err error
	if b.pub, err = e.NewPublisher(cfg); err != nil {
		t.Fatal(err)
	}
	receiving := SubscriberConfig{
		Label:       "api",
		OnOffer:     func(o webrtc.SessionDescription) { b.next <- map[string]any{"offer": o} },
		OnCandidate: func(c webrtc.ICECandidateInit) { b.next <- map[string]any{"candidate": c} },
	}
	for _, i := range impairment {
		receiving.Impairment = i
	}
	b.sub, err = e.NewSubscriber(receiving)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(b.handler())
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithCancel(context.Background())
	dir, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, "--headless=new", "--no-sandbox", "--disable-gpu",
		"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--mute-audio",
		"--autoplay-policy=no-user-gesture-required", "--user-data-dir="+filepath.Join(dir, "profile"),
		srv.URL+"/?"+query)
	cmd.WaitDelay = 5 * time.Second
	if os.Getenv("SFU_LOG") != "" {
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("Chromium does not start: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir) // its helpers may still be writing
		_ = b.pub.Close()
		_ = b.sub.Close()
	})
	if err := b.sub.Start(); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) handler() http.Handler {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(callPage) })
	mux.HandleFunc("POST /log", func(w http.ResponseWriter, r *http.Request) {
		var s string
		_ = json.NewDecoder(r.Body).Decode(&s)
		b.t.Log("page:", s)
		reply(w, "")
	})
	mux.HandleFunc("POST /publish", func(w http.ResponseWriter, r *http.Request) {
		var offer webrtc.SessionDescription
		if err := json.NewDecoder(r.Body).Decode(&offer); err != nil {
			b.t.Error(err)
		}
		answer, err := b.pub.Answer(r.Context(), offer)
		if err != nil {
			b.t.Errorf("offer refused: %v", err)
		}
		if os.Getenv("SFU_SDP") != "" {
			b.t.Log(offer.SDP, answer.SDP)
		}
		reply(w, answer)
	})
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		var answer webrtc.SessionDescription
		if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
			b.t.Error(err)
		}
		if os.Getenv("SFU_SDP") != "" {
			b.t.Log(answer.SDP)
		}
		if err := b.sub.Answer(answer); err != nil {
			b.t.Errorf("answer refused: %v", err)
		}
		reply(w, "")
	})
	mux.HandleFunc("POST /candidate", func(w http.ResponseWriter, r *http.Request) {
		var c webrtc.ICECandidateInit
		_ = json.NewDecoder(r.Body).Decode(&c)
		add := b.pub.AddCandidate
		if r.URL.Query().Get("target") == "1" {
			add = b.sub.AddCandidate
		}
		if err := add(c); err != nil {
			b.t.Errorf("candidate refused: %v", err)
		}
		reply(w, "")
	})
	mux.HandleFunc("GET /next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case m := <-b.next:
			reply(w, m)
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
			reply(w, map[string]any{})
		}
	})
	mux.HandleFunc("POST /stats", func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.stats = pageStats{}
		_ = json.NewDecoder(r.Body).Decode(&b.stats)
		b.mu.Unlock()
		reply(w, "")
	})
	return mux
}

func (b *browser) run(js string) { b.next <- map[string]any{"run": js} }

func (b *browser) inbound(kind string) rtpStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return statsOf(b.stats.Inbound, kind)
}

func (b *browser) outbound(kind string) rtpStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return statsOf(b.stats.Outbound, kind)
}

func statsOf(list []rtpStats, kind string) rtpStats {
	for _, s := range list {
		if s.Kind == kind {
			return s
		}
	}
	return rtpStats{}
}

func (b *browser) await(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	b.mu.Lock()
	page, _ := json.MarshalIndent(b.stats, "", " ")
	b.mu.Unlock()
	ours, _ := json.MarshalIndent([]any{b.pub.Stats(), b.sub.Stats()}, "", " ")
	b.t.Fatalf("never: %s\npage: %s\nserver: %s", what, page, ours)
}

// subscribe takes both tracks and waits for pictures and sound.
func (b *browser) subscribe() (audio, video *Track) {
	b.t.Helper()
	for range 2 {
		tr := receiveFrom(b.t, "a track of the page", b.tracks)
		if tr.Kind() == webrtc.RTPCodecTypeAudio {
			audio = tr
		} else {
			video = tr
		}
		if err := b.sub.Add(tr, AddOptions{}); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := b.sub.SetLayer(video.ID(), LayerHigh); err != nil {
		b.t.Fatal(err)
	}
	b.await("pictures and sound", func() bool {
		return b.inbound("video").FramesDecoded > 20 && b.inbound("audio").PacketsReceived > 50
	})
	return audio, video
}

// A browser sees itself through the server, in every codec it can encode.
func TestChromiumCodecs(t *testing.T) {
	for _, codec := range []string{"vp8", "vp9", "h264", "av1"} {
		t.Run(codec, func(t *testing.T) {
			e := newEngine(t)
			b := openBrowser(t, e, "", PublisherConfig{VideoCodecs: []string{codec}})
			_, video := b.subscribe()
			if got := codecName(video.Codec().MimeType); got != codec {
				t.Errorf("the page sends %s", got)
			}
			v := b.inbound("video")
			if !strings.EqualFold(v.Codec, "video/"+codec) || v.PacketsLost > 0 {
				t.Errorf("the page received %+v", v)
			}
			b.mu.Lock()
			srtp := b.stats.SRTP
			b.mu.Unlock()
			for _, cipher := range srtp {
				if !strings.Contains(cipher, "GCM") {
					t.Errorf("sealed with %q", srtp)
				}
			}
			if len(srtp) != 2 {
				t.Errorf("sealed with %q", srtp)
			}
		})
	}
}

// Layers change with no frozen or broken picture.
func TestChromiumSimulcast(t *testing.T) {
	// Browsers send three layers only of a picture that is large enough.
	for rids, width := range map[string]int{"f,h,q": 960, "f,q": 640} {
		t.Run(rids, func(t *testing.T) {
			e := newEngine(t)
			b := openBrowser(t, e, fmt.Sprintf("rids=%s&width=%d", rids, width), PublisherConfig{})
			_, video := b.subscribe()
			b.await("all layers", func() bool { return len(video.Layers()) == len(strings.Split(rids, ",")) })
			for _, step := range []struct {
				layer Layer
				width int
			}{{LayerHigh, width}, {LayerLow, width / 4}, {LayerHigh, width}, {LayerLow, width / 4}} {
				if err := b.sub.SetLayer(video.ID(), step.layer); err != nil {
					t.Fatal(err)
				}
				b.await("width of "+string(step.layer), func() bool { return b.inbound("video").FrameWidth == step.width })
			}
			// A busy machine loses a packet now and then; what each change must not
			// cost is exact in TestSwitchingIsSeamless.
			v := b.inbound("video")
			if v.PacketsLost > 5 || v.NackCount > 20 || v.PliCount > 3 {
				t.Errorf("the viewer noticed: %+v", v)
			}
			t.Logf("%+v", v)
		})
	}
}

// thinned loses two of three packets of media that leave, while it is on.
type thinned struct{ on atomic.Bool }

func (i *thinned) Pass(out bool, packet []byte) (drop, damage bool, late time.Duration) {
	return out && i.on.Load() && isRTP(packet) && rand.IntN(3) > 0, false, 0
}

// A browser reports on trains: where packets were lost for a while, the layer of before is
// back only when a train of padding has arrived, and the browser notices nothing of it.
func TestChromiumTrain(t *testing.T) {
	someModes(t, false)
	e := newEngine(t)
	gate := &thinned{}
	b := openBrowser(t, e, "rids=f,h,q&width=960", PublisherConfig{}, gate)
	_, video := b.subscribe()
	b.await("the widest layer", func() bool { return b.inbound("video").FrameWidth == 960 })
	if c := b.sub.estimate.Carried(now()); !math.IsInf(c, 1) {
		t.Errorf("the path is known to carry no more than %.0f", c)
	}
	gate.on.Store(true)
	d, err := b.sub.find(video.ID())
	if err != nil {
		t.Fatal(err)
	}
	b.await("a lower layer", func() bool { return d.currentLayer() == LayerLow })
	gate.on.Store(false)
	b.await("pictures again", func() bool { return b.inbound("video").FrameWidth == 240 })
	before := b.inbound("video")
	b.await("the widest layer again", func() bool { return b.inbound("video").FrameWidth == 960 })
	after := b.inbound("video")
	carried := b.sub.estimate.Carried(now())
	if math.IsInf(carried, 1) {
		t.Error("it does not report on trains")
	}
	t.Logf("carries %.0f kbit/s, %d packets of padding: %+v", carried/1e3, d.rtx.seq.Load()-uint32(d.rtx.repeated.Load()), after)
	if after.PacketsLost > before.PacketsLost+5 {
		t.Errorf("%d packets lost on the way up", after.PacketsLost-before.PacketsLost)
	}
}

// someModes leaves out all but some of the codecs and modes, unless SFU_MODES=all: each
// takes a browser 15 to 35 s.
func someModes(t *testing.T, usual bool) {
	if !usual && os.Getenv("SFU_MODES") != "all" {
		t.Skip("with SFU_MODES=all")
	}
}

// Of a stream that has several layers itself a viewer gets those that were asked for, with
// a key frame only where the mode has no other way.
func TestChromiumSVC(t *testing.T) {
	const width = 960
	for _, test := range []struct {
		codec, mode string
		down        bool // going down needs a key frame
	}{{"vp9", "L3T3", false}, {"vp9", "L3T3_KEY", true}, {"av1", "L3T3", false}, {"av1", "L3T3_KEY", true}} {
		t.Run(test.codec+" "+test.mode, func(t *testing.T) {
			someModes(t, test.codec == "av1" == (test.mode == "L3T3_KEY"))
			e := newEngine(t)
			b := openBrowser(t, e, fmt.Sprintf("mode=%s&width=%d", test.mode, width), PublisherConfig{VideoCodecs: []string{test.codec}})
			_, video := b.subscribe()
			if got := codecName(video.Codec().MimeType); got != test.codec {
				t.Fatalf("the page sends %s", got)
			}
			b.await("all layers", func() bool { return len(video.Layers()) == 3 && b.inbound("video").FrameWidth == width })
			for _, step := range []struct {
				layer Layer
				width int
				key   bool
			}{
				{LayerLow, width / 4, test.down}, {LayerHigh, width, true}, {LayerMedium, width / 2, test.down},
				{LayerLow, width / 4, test.down}, {LayerMedium, width / 2, true}, {LayerHigh, width, true},
			} {
				before, asked := b.inbound("video"), keyframeAsks(video)
				if err := b.sub.SetLayer(video.ID(), step.layer); err != nil {
					t.Fatal(err)
				}
				b.await("width of "+string(step.layer), func() bool { return b.inbound("video").FrameWidth == step.width })
				at := b.inbound("video")
				// A browser that is short of time leaves out the widest layer for a moment.
				var after rtpStats
				b.await("frames of "+string(step.layer), func() bool {
					d := b.sub.Stats().Tracks
					after = b.inbound("video")
					return after.FramesDecoded > at.FramesDecoded+15 && after.FrameWidth == step.width && d[len(d)-1].Current == step.layer
				})
				if n := keyframeAsks(video) - asked; n > 0 && !step.key && after.PliCount == before.PliCount {
					t.Errorf("%s: %d key frames were asked for", step.layer, n)
				}
				t.Logf("%s: %+v", step.layer, after)
			}
			if v := b.inbound("video"); v.PacketsLost > 5 || v.NackCount > 20 || v.PliCount > 1 {
				t.Errorf("the viewer noticed: %+v", v)
			}
		})
	}
}

// keyframeAsks is how many key frames a publisher was asked for.
func keyframeAsks(t *Track) (n uint64) {
	for _, l := range t.stats().Layers {
		n += l.KeyframeAsks
	}
	return n
}

// narrow leaves a viewer half of what the highest temporal layer costs, and all below it,
// until it is ended: repairs are taken to need the rest of the link.
func (b *browser) narrow(audio, video *Track) (end func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	repairs := b.sub.repairs
	go func() {
		defer close(ended)
		for every := time.Tick(50 * time.Millisecond); ; <-every {
			select {
			case <-stop:
				repairs.recent.Store(0)
				return
			default:
			}
			at := now()
			all := video.options(LayerHigh.rank(), at)
			if len(all) < 3 {
				continue
			}
			left := (all[1].rate+all[2].rate)/2 + float64(audio.pick(LayerHigh.rank(), at).bitrate(at))
			repairs.recent.Store(uint64(max(b.sub.estimate.Estimate()*0.95-left, 0)))
			repairs.at.Store(at)
		}
	}()
	return func() { close(stop); <-ended }
}

// A link that is too narrow costs the frame rate of a stream of temporal layers, and no
// key frame; on a wide one it is back.
func TestChromiumSVCNarrow(t *testing.T) {
	for _, codec := range []string{"vp9", "av1"} {
		t.Run(codec, func(t *testing.T) {
			someModes(t, false) // what a busy machine leaves of 30 frames a second proves little
			e := newEngine(t, func(c *Config) { c.RetransmitPercent = 100 })
			b := openBrowser(t, e, "mode=L1T3&width=640", PublisherConfig{VideoCodecs: []string{codec}})
			audio, video := b.subscribe()
			b.await("three choices", func() bool {
				return len(video.options(LayerHigh.rank(), now())) == 3 && b.inbound("video").FramesDecoded > 60
			})
			if layers := video.Layers(); len(layers) != 1 || layers[0] != LayerHigh {
				t.Errorf("layers %v", layers)
			}
			d, err := b.sub.find(video.ID())
			if err != nil {
				t.Fatal(err)
			}
			// rate is how many of the frames arrive that the page sends.
			rate := func() float64 {
				in, sent := b.inbound("video").FramesReceived, b.outbound("video").FramesEncoded
				time.Sleep(4 * time.Second)
				return float64(b.inbound("video").FramesReceived-in) / float64(b.outbound("video").FramesEncoded-sent)
			}
			before, asked := b.inbound("video"), keyframeAsks(video)
			end := b.narrow(audio, video)
			b.await("fewer frames", func() bool { return d.now().temporal() == 1 })
			if r := rate(); r < 0.35 || r > 0.65 {
				t.Errorf("%.2f of the frames arrive on a narrow link", r)
			}
			end()
			b.await("all frames", func() bool { return d.now().temporal() == 2 })
			if r := rate(); r < 0.85 {
				t.Errorf("%.2f of the frames arrive on a wide link", r)
			}
			v := b.inbound("video")
			if n := keyframeAsks(video) - asked; n > 0 || v.PacketsLost > 5 {
				t.Errorf("%d key frames were asked for: before %+v, after %+v", n, before, v)
			}
		})
	}
}

// Redundant audio passes through.
func TestChromiumRED(t *testing.T) {
	e := newEngine(t)
	b := openBrowser(t, e, "", PublisherConfig{AudioCodecs: []string{"red"}})
	audio, _ := b.subscribe()
	if got := codecName(audio.Codec().MimeType); got != "red" {
		t.Errorf("the page sends %s", got)
	}
	b.await("a voice", func() bool { return audio.Level() < 127 })
}

// A browser recovers from ICE restarts of both sides, and from an offer that is
// sent twice.
func TestChromiumRestart(t *testing.T) {
	e := newEngine(t)
	b := openBrowser(t, e, "", PublisherConfig{})
	b.subscribe()
	more := func(what string) {
		t.Helper()
		before := b.inbound("video").FramesDecoded
		b.await(what, func() bool { return b.inbound("video").FramesDecoded > before+20 })
	}
	b.run("await negotiate({iceRestart: true})")
	b.await("the publisher's restart", func() bool { return b.pub.Stats().Connection.Restarts == 1 })
	more("pictures after the publisher's restart")
	if err := b.sub.RestartICE(); err != nil {
		t.Fatal(err)
	}
	if err := b.sub.Resend(); err != nil {
		t.Fatal(err)
	}
	more("pictures after the subscriber's restart")
	b.await("both connected", func() bool {
		return b.pub.State() == StateConnected && b.sub.State() == StateConnected
	})
}

// Tracks that come and go leave a browser with working sections.
func TestChromiumRenegotiation(t *testing.T) {
	e := newEngine(t)
	b := openBrowser(t, e, "", PublisherConfig{})
	_, video := b.subscribe()
	for range 3 {
		if err := b.sub.Remove(video.ID()); err != nil {
			t.Fatal(err)
		}
		b.await("the removal is agreed", func() bool {
			b.sub.nego.turn.Lock()
			defer b.sub.nego.turn.Unlock()
			return len(b.sub.nego.freed) == 1
		})
		if err := b.sub.Add(video, AddOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := b.sub.SetLayer(video.ID(), LayerHigh); err != nil {
			t.Fatal(err)
		}
		before := b.inbound("video").FramesDecoded
		b.await("pictures", func() bool {
			n := b.inbound("video").FramesDecoded
			return n > 20 && n != before
		})
	}
	if n := mediaSections(b.sub); n != 2 {
		t.Errorf("%d sections for two tracks", n)
	}
}
