// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/opentok"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// studio is a session of OpenTok clients.
type studio struct {
	*station
	tokens  *opentok.Service
	project opentok.Project
	session string
}

func newStudio(t testing.TB, change ...func(*kurento.Config)) *studio {
	u := &studio{project: opentok.Project{Key: "1000001", Secret: secret + secret, Account: key.Account}}
	u.station = newStation(t)
	nobody := func(*http.Request) netip.Addr { return netip.MustParseAddr("127.0.0.1") }
	cfg := u.cfg
	cfg.Tokens = nil
	for _, f := range change {
		f(&cfg)
	}
	u.tokens = opentok.New(opentok.Config{
		Projects: opentok.NewProjects([]opentok.Project{u.project}, u.registry), Account: key.Account, RoomKey: key, Registry: u.registry,
		Rate: limit.Rate{PerSecond: 1e6, Burst: 1e6}, ClientAddr: nobody, Limited: func(string) {},
		SocketURL:  func(r *http.Request) (string, error) { return "ws://" + r.Host + "/opentok", nil },
		ICEServers: func(r *http.Request) []kurento.ICEServer { return cfg.ServersFor(r.Host) },
	})
	cfg.Streams = u.tokens
	u.mux.HandleFunc("/opentok", kurento.New(cfg).ServeWS)
	var err error
	if u.session, err = u.tokens.Create(t.Context(), u.project, "", u.web.URL); err != nil {
		t.Fatal(err)
	}
	return u
}

// word asks for what opens the wire to somebody of a role.
func (u *studio) word(role string) string {
	u.t.Helper()
	raw, err := u.tokens.Mint(u.project, u.session, role, time.Hour)
	if err != nil {
		u.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /opentok/v1/sessions/{session}", u.tokens.ServeInfo)
	r := httptest.NewRequest("GET", "/opentok/v1/sessions/"+u.session, nil)
	r.Header.Set("X-Api-Key", u.project.Key)
	r.Header.Set("Authorization", "Bearer "+raw)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	var got struct{ Token string }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Token == "" {
		u.t.Fatalf("%d %s", w.Code, w.Body)
	}
	return got.Token
}

// connect joins as somebody of a role.
func (u *studio) connect(role string) *client {
	u.t.Helper()
	c := u.dialAt("/opentok")
	got := c.must("joinRoom", map[string]any{"token": u.word(role)})
	c.id, c.rpc = got["connectionId"].(string), got["sessionId"].(string)
	return c
}

// stream publishes a microphone and a camera of a name, and returns the stream's id.
func (c *client) stream(name string) string {
	c.t.Helper()
	pc := c.connection()
	var tracks []*webrtc.TrackLocalStaticRTP
	for _, mime := range []string{webrtc.MimeTypeOpus, webrtc.MimeTypeVP8} {
		track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, mime[:5]+name+c.id, name+c.id)
		if err == nil {
			_, err = pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		}
		if err != nil {
			c.t.Fatal(err)
		}
		tracks = append(tracks, track)
	}
	d, err := pc.CreateOffer(nil)
	offer := c.described(pc, d, err)
	got := c.must("publishVideo", map[string]any{"sdpOffer": offer, "endpoint": name, "hasAudio": true, "hasVideo": true, "typeOfVideo": "CAMERA", "name": name, "initials": name[:1]})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got["sdpAnswer"].(string)}); err != nil {
		c.t.Fatal(err)
	}
	pump(c.t, tracks)
	return got["id"].(string)
}

// take subscribes to a stream of this wire and answers its offer.
func (c *client) take(stream string) {
	c.t.Helper()
	got := c.must("prepareReceiveVideoFrom", map[string]any{"sender": stream})
	pc := c.connection()
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: got["sdpOffer"].(string)}); err != nil {
		c.t.Fatal(err)
	}
	d, err := pc.CreateAnswer(nil)
	c.must("receiveVideoFrom", map[string]any{"sender": stream, "sdpAnswer": c.described(pc, d, err)})
}

// streamOf is the one stream that a participantPublished brings.
func streamOf(p map[string]any) map[string]any { return p["streams"].([]any)[0].(map[string]any) }

// TestSeveralStreamsOfAConnection are told, received and ended each by itself.
func TestSeveralStreamsOfAConnection(t *testing.T) {
	u := newStudio(t)
	ann, bob := u.connect(opentok.Publisher), u.connect(opentok.Subscriber)
	ann.hear("participantJoined", of("id", bob.id))
	one, two := ann.stream("one"), ann.stream("two")
	if got := bob.hear("participantPublished", of("id", ann.id)); streamOf(got)["id"] != one || streamOf(got)["name"] != "one" || streamOf(got)["initials"] != "o" {
		t.Errorf("bob hears %v", got)
	}
	if got := bob.hear("participantPublished", of("id", ann.id)); streamOf(got)["id"] != two {
		t.Errorf("bob hears %v", got)
	}
	bob.take(one)
	bob.take(two)
	bob.must("updateSubscription", map[string]any{"streamId": one, "audio": false, "video": false})
	bob.must("updateSubscription", map[string]any{"streamId": one, "audio": true, "video": true, "layer": "low"})
	bob.refused("updateSubscription", map[string]any{"streamId": one, "layer": "best"}, 1011, fault.FieldInvalid)

	carl := u.dialAt("/opentok")
	got := carl.must("joinRoom", map[string]any{"token": u.word(opentok.Moderator)})
	for _, c := range got["value"].([]any) {
		if c := c.(map[string]any); c["id"] == ann.id && len(c["streams"].([]any)) != 2 {
			t.Errorf("carl is told %v", c)
		}
	}
	ann.must("streamPropertyChanged", map[string]any{"streamId": two, "property": "audioActive", "newValue": false, "reason": "publishAudio"})
	bob.hear("streamPropertyChanged", of("streamId", two))
	ann.must("unpublishVideo", map[string]any{"streamId": one, "reason": "mediaStopped"})
	if got := bob.hear("participantUnpublished", of("streamId", one)); got["reason"] != "mediaStopped" || got["connectionId"] != ann.id {
		t.Errorf("bob hears %v", got)
	}
	bob.refused("prepareReceiveVideoFrom", map[string]any{"sender": one}, 1600, fault.StreamNotPublished)
	ann.must("leaveRoom", map[string]any{})
	if got := bob.hear("participantUnpublished", of("streamId", two)); got["reason"] != "clientDisconnected" {
		t.Errorf("bob hears %v", got)
	}
	if got := bob.hear("participantLeft", of("connectionId", ann.id)); got["reason"] != "clientDisconnected" {
		t.Errorf("bob hears %v", got)
	}
}

// TestTheServerDecidesRoles, whatever a client asks for: rows O007, O009, O010, O012a
// and O099.
func TestTheServerDecidesRoles(t *testing.T) {
	u := newStudio(t)
	mod, pub, sub, only := u.connect(opentok.Moderator), u.connect(opentok.Publisher), u.connect(opentok.Subscriber), u.connect(opentok.PublisherOnly)
	stream := pub.stream("s")
	mod.hear("participantPublished", of("id", pub.id))
	_, _, offer := sub.offer()
	sub.refused("publishVideo", map[string]any{"sdpOffer": offer, "hasAudio": true, "hasVideo": true}, 1500, fault.PublishNotAllowed)
	only.stream("x")
	only.refused("prepareReceiveVideoFrom", map[string]any{"sender": stream}, 0, fault.NotPermitted)
	only.refused("sendMessage", map[string]any{"message": `{"data":"x"}`}, 0, fault.NotPermitted)
	for _, c := range []*client{pub, sub, only} {
		c.refused("forceDisconnect", map[string]any{"connectionId": mod.id}, 1520, fault.NotPermitted)
		c.refused("forceUnpublish", map[string]any{"streamId": stream}, 1530, fault.NotPermitted)
		c.call("forceMuteStream", map[string]any{"streamId": stream})
		if a := c.call("forceMuteAll", map[string]any{}); a.Error == nil || a.Error.Data.Fault != fault.NotPermitted.ID {
			t.Errorf("a %v mutes all", c.id)
		}
	}
	mod.refused("forceUnpublish", map[string]any{"streamId": "nothing"}, 1535, fault.StreamNotPublished)
	mod.refused("forceUnpublish", map[string]any{}, 1011, fault.FieldMissing)
	mod.refused("forceDisconnect", map[string]any{"connectionId": "nobody"}, 1011, fault.PeerNotFound)
	mod.refused("prepareReceiveVideoFrom", map[string]any{"sender": "nothing"}, 1600, fault.StreamNotPublished)

	mod.must("forceUnpublish", map[string]any{"streamId": stream})
	if got := pub.hear("participantUnpublished", of("streamId", stream)); got["connectionId"] != pub.id || got["reason"] != "forceUnpublished" {
		t.Errorf("the publisher hears %v", got)
	}
	if got := sub.hear("participantUnpublished", of("streamId", stream)); got["reason"] != "forceUnpublished" {
		t.Errorf("the others hear %v", got)
	}
	mod.must("forceDisconnect", map[string]any{"connectionId": pub.id})
	if got := pub.hear("participantEvicted", nil); got["reason"] != "forceDisconnected" {
		t.Errorf("who is put out hears %v", got)
	}
	if got := sub.hear("participantLeft", of("connectionId", pub.id)); got["reason"] != "forceDisconnected" {
		t.Errorf("the others hear %v", got)
	}
}

// TestSignals go to one or to all, their sender too, within their limits: rows O016
// to O018.
func TestSignals(t *testing.T) {
	u := newStudio(t)
	ann, bob, carl := u.connect(opentok.Publisher), u.connect(opentok.Subscriber), u.connect(opentok.Publisher)
	say := func(v map[string]any) map[string]any {
		raw, _ := json.Marshal(v)
		return map[string]any{"message": string(raw)}
	}
	for _, c := range []*client{ann, bob} {
		c.hear("participantJoined", of("id", carl.id))
	}
	ann.must("sendMessage", say(map[string]any{"type": "chat", "data": "hello"}))
	for _, c := range []*client{ann, bob, carl} {
		if got := c.hear("sendMessage", nil); got["type"] != "signal:chat" || got["data"] != "hello" || got["from"] != ann.id {
			t.Errorf("%s hears %v", c.id, got)
		}
	}
	bob.must("sendMessage", say(map[string]any{"to": []string{carl.id}, "data": strings.Repeat("ä", kurento.MaxSignalData/2)}))
	carl.hear("sendMessage", of("from", bob.id))
	ann.refused("sendMessage", say(map[string]any{"to": []string{"nobody"}}), 404, fault.PeerNotFound)
	ann.refused("sendMessage", say(map[string]any{"type": "a b"}), 400, fault.FieldInvalid)
	ann.refused("sendMessage", map[string]any{"message": "{"}, 400, fault.FieldInvalid)
	ann.refused("sendMessage", map[string]any{}, 400, fault.FieldMissing)
	ann.refused("sendMessage", say(map[string]any{"type": strings.Repeat("a", kurento.MaxSignalType+1)}), 413, fault.MessageTypeTooLarge)
	ann.refused("sendMessage", say(map[string]any{"data": strings.Repeat("ä", kurento.MaxSignalData/2+1)}), 413, fault.MessageTooLarge)
	limited := false
	for range 2000 { // row O087
		if a := ann.call("sendMessage", say(map[string]any{"data": strings.Repeat("a", kurento.MaxSignalData)})); a.Error != nil {
			limited = a.Error.Code == 429 && a.Error.Data.Fault == fault.RateLimited.ID
			break
		}
	}
	if !limited {
		t.Error("nobody is told that it signals too often")
	}
}

// TestMutesByForce: a stream, all but some, and whoever publishes meanwhile.
func TestMutesByForce(t *testing.T) {
	u := newStudio(t)
	mod, ann, bob := u.connect(opentok.Moderator), u.connect(opentok.Publisher), u.connect(opentok.Publisher)
	one, two := ann.stream("one"), bob.stream("two")
	for _, id := range []string{ann.id, bob.id} {
		mod.hear("participantPublished", of("id", id))
	}
	mod.must("forceMuteStream", map[string]any{"streamId": one})
	if got := ann.hear("muteForced", of("streamId", one)); got["active"] != true {
		t.Errorf("ann hears %v", got)
	}
	if got := bob.hear("streamPropertyChanged", of("streamId", one)); got["property"] != "audioActive" || got["newValue"] != "false" {
		t.Errorf("bob hears %v", got)
	}
	three := ann.stream("three")
	mod.hear("participantPublished", of("id", ann.id))
	mod.must("forceMuteAll", map[string]any{"excludedStreamIds": []string{two}})
	ann.hear("muteForced", of("streamId", three))
	bob.hear("muteForced", func(p map[string]any) bool { return p["streamId"] == nil && p["active"] == true })
	four := bob.stream("four")
	bob.hear("muteForced", of("streamId", four))
	late := u.dialAt("/opentok")
	if got := late.must("joinRoom", map[string]any{"token": u.word(opentok.Publisher)}); got["forceMuted"] != true {
		t.Errorf("who comes later is told %v", got)
	}
	mod.must("disableForceMute", map[string]any{})
	bob.hear("muteForced", func(p map[string]any) bool { return p["streamId"] == nil && p["active"] == false })
	bob.mu.Lock()
	for _, n := range bob.news {
		if n.method == "muteForced" && n.params["streamId"] == two {
			t.Error("a stream that was excepted is muted")
		}
	}
	bob.mu.Unlock()
}

// TestConnectionsSayWhatTheyMayDo, whether they were there or come later.
func TestConnectionsSayWhatTheyMayDo(t *testing.T) {
	u := newStudio(t)
	ann := u.connect(opentok.Moderator)
	bob := u.dialAt("/opentok")
	there := bob.must("joinRoom", map[string]any{"token": u.word(opentok.Subscriber)})
	may := func(c any) map[string]any { return c.(map[string]any)["capabilities"].(map[string]any) }
	if got := may(ann.hear("participantJoined", of("id", there["id"].(string)))); got["publish"] != 0. || got["subscribe"] != 1. {
		t.Errorf("ann hears of bob: %v", got)
	}
	if got := may(there["value"].([]any)[0]); got["publish"] != 1. || got["forceDisconnect"] != 1. {
		t.Errorf("bob finds of ann: %v", got)
	}
}

// TestATrackIsSentOnce in streams of one connection, and an endpoint is of one.
func TestATrackIsSentOnce(t *testing.T) {
	u := newStudio(t)
	ann := u.connect(opentok.Publisher)
	_, _, offer := ann.offer()
	params := map[string]any{"sdpOffer": offer, "endpoint": "a", "hasAudio": true, "hasVideo": true}
	ann.must("publishVideo", params)
	ann.refused("publishVideo", params, 1500, fault.StreamRefused)
	params["endpoint"] = "b"
	ann.refused("publishVideo", params, 1500, fault.StreamRefused)
	params["endpoint"] = "a b"
	ann.refused("publishVideo", params, 1011, fault.FieldInvalid)
	params["endpoint"], params["name"] = "b", strings.Repeat("n", 1001)
	ann.refused("publishVideo", params, 1011, fault.FieldInvalid)
	params["name"], params["initials"] = "", strings.Repeat("n", 1001)
	ann.refused("publishVideo", params, 1011, fault.FieldInvalid)
	ann.refused("unpublishVideo", map[string]any{"streamId": "nothing"}, 1600, fault.StreamNotPublished)
	ann.refused("subscribeToSpeechToText", map[string]any{}, 2000, fault.FeatureUnsupported)
}

// TestAClientComesBack in the time that its place is held, as who it was.
func TestAClientComesBack(t *testing.T) {
	u := newStudio(t)
	ann, bob := u.connect(opentok.Publisher), u.connect(opentok.Publisher)
	stream := ann.stream("s")
	bob.hear("participantPublished", of("id", ann.id))
	_ = bob.ws.CloseNow()
	again := u.dialAt("/opentok")
	again.must("connect", map[string]any{"sessionId": bob.rpc})
	ann.must("streamPropertyChanged", map[string]any{"streamId": stream, "property": "videoActive", "newValue": false})
	again.hear("streamPropertyChanged", of("streamId", stream))
	stranger := u.dialAt("/opentok")
	stranger.refused("connect", map[string]any{"sessionId": "guess"}, 1006, fault.PeerGone)
	stranger.refused("joinRoom", map[string]any{"token": ""}, 1004, fault.TokenMissing)
	stranger.refused("joinRoom", map[string]any{"token": "guess"}, 1004, fault.TokenMalformed)
	stranger.refused("publishVideo", map[string]any{}, 1010, fault.NotJoined)
}

// TestAStreamThatGetsAPicture: a peer of another wire sends its microphone, then its
// camera beside it. To these clients that is another stream, and the one before has ended.
func TestAStreamThatGetsAPicture(t *testing.T) {
	u := newStudio(t)
	bob := u.connect(opentok.Subscriber)
	r, err := u.tokens.Room(t.Context(), u.project, u.session)
	if err != nil {
		t.Fatal(err)
	}
	live := u.hub.Active(r.ID)
	if err := live.Join(t.Context(), deaf{}, room.Peer{ID: "ann", Name: "Ann", Role: "host"}); err != nil {
		t.Fatal(err)
	}
	bob.hear("participantJoined", of("id", "ann"))
	mic, cam := room.Track{ID: "mic", Kind: room.Audio, Source: room.SourceRegular}, room.Track{ID: "cam", Kind: room.Video, Source: room.SourceRegular}
	var last string
	for i, tracks := range [][]room.Track{{mic}, {mic, cam}} {
		if _, err := live.Publish(t.Context(), "ann", tracks); err != nil {
			t.Fatal(err)
		}
		st := streamOf(bob.hear("participantPublished", of("id", "ann")))
		if i > 0 {
			bob.mu.Lock()
			came := slices.ContainsFunc(bob.news, func(n news) bool { return n.method == "participantUnpublished" && n.params["streamId"] == last })
			bob.mu.Unlock()
			if !came {
				t.Errorf("bob does not hear that %s has ended before %v begins", last, st["id"])
			}
		}
		if st["hasVideo"] != (i > 0) || st["id"] == last {
			t.Errorf("bob hears of %v", st)
		}
		last = st["id"].(string)
	}
}
