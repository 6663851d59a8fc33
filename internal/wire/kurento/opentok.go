// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package kurento

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/policy"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/wire/jsonrpc"
)

// openTok is the clients of OpenTok apps; see docs/opentok.md. A connection
// publishes several streams, and each of them is told and received by itself.
type openTok struct{ tokens SharedTokens }

// OpenTokSDK is what the record calls the library of these clients.
const OpenTokSDK = "redial-opentok"

func (openTok) door() string  { return "opentok" }
func (openTok) several() bool { return true }

// word says a fault as these clients know it. To them joining and coming back are
// parts of connecting.
func (openTok) word(f *fault.Error) wireError {
	switch f.Op {
	case fault.OpJoin, fault.OpInit, fault.OpReconnect, fault.OpLeave:
		as := *f
		as.Op = fault.OpConnect
		f = &as
	case fault.OpUnpublish:
		as := *f
		as.Op = fault.OpPublish
		f = &as
	}
	w := wordFault(dialect.OpenTok, f)
	w.Name, w.Data.Code = w.Data.Name, w.Code
	return w
}

// Limits of signals, in bytes.
const (
	MaxSignalType = 128
	MaxSignalData = 8192
)

// maxTitle is how many characters the name of a stream, and its initials, may have.
const maxTitle = 1000

// streamOps are the methods that these clients have, or use in another way.
var streamOps = map[string]operation{
	"publishVideo":       {op: fault.OpPublish, run: typed(publishStream), cost: offers},
	"unpublishVideo":     {op: fault.OpUnpublish, run: typed(unpublishStream), cost: tells},
	"reconnectStream":    {op: fault.OpSubscribe, run: typed((*session).reconnect), cost: offers},
	"sendMessage":        {op: fault.OpMessage, run: typed(signalTo), cost: tells},
	"updateSubscription": {op: fault.OpSubscribe, run: typed(updateSubscription), cost: free},
	"forceMuteStream":    {op: fault.OpMute, run: typed(forceMuteStream), cost: tells},
	"forceMuteAll":       {op: fault.OpMute, run: typed(forceMuteAll), cost: tells},
	"disableForceMute":   {op: fault.OpMute, run: disableForceMute, cost: tells},

	"prepareReceiveVideoFrom": {op: fault.OpSubscribe, run: receives(typed((*session).prepare)), cost: free},
	"receiveVideoFrom":        {op: fault.OpSubscribe, run: receives(typed((*session).receiveFrom)), cost: free},
	"unsubscribeFromVideo":    {op: fault.OpSubscribe, run: typed(unsubscribeStream), cost: free},
}

// openTokOps is every method of these clients.
var openTokOps = func() map[string]operation {
	all := maps.Clone(ops)
	maps.Copy(all, streamOps)
	return all
}()

func (openTok) op(method string) (operation, bool) {
	o, known := openTokOps[method]
	return o, known
}

func (o openTok) read(l *line, params json.RawMessage) (application, error) {
	p, err := jsonrpc.Params[struct {
		Token   string `json:"token"`
		Version string `json:"sdkVersion"`
	}](params)
	if err != nil {
		return application{}, err
	}
	l.agent.SDK, l.agent.SDKVersion = OpenTokSDK, clip(p.Version, 32)
	return application{redeem: func(ctx context.Context) (Grant, error) { return o.tokens.Redeem(ctx, p.Token) }}, nil
}

// describe says what a connection may do, and gives it the data that its own token
// has given it.
func (openTok) describe(s *session, p room.Peer, all []view) {
	may := CapabilitiesOf(s.p.Template().Roles[p.Role], p.Mode == room.SendsOnly)
	for i := range all {
		all[i].Capabilities = &may
	}
	if strings.HasPrefix(string(p.ID), StreamsPrefix) {
		for i := range all {
			all[i].Metadata = p.Data
		}
	}
}

// Capabilities are what a client may do, as 1 or 0.
type Capabilities struct {
	Publish         int `json:"publish"`
	Subscribe       int `json:"subscribe"`
	ForceDisconnect int `json:"forceDisconnect"`
	ForceUnpublish  int `json:"forceUnpublish"`
	ForceMute       int `json:"forceMute"`
}

// CapabilitiesOf are those of a role; of one that only publishes when onlySends.
func CapabilitiesOf(r policy.Role, onlySends bool) Capabilities {
	bit := func(may bool) int {
		if may {
			return 1
		}
		return 0
	}
	return Capabilities{
		Publish: bit(RoleOf(r) != Subscriber), Subscribe: bit(!onlySends), ForceDisconnect: bit(r.Permissions.RemoveOthers),
		ForceUnpublish: bit(r.Permissions.RemoveOthers), ForceMute: bit(r.Permissions.Mute),
	}
}

func (openTok) result(s *session, snap room.Snapshot, others []connection) any {
	ice := make([]rtcServer, len(s.ice))
	for i, one := range s.ice {
		ice[i] = rtcServer{one.URL, one.Username, one.Credential}
	}
	together, at := []connection{}, map[room.PeerID]int{}
	for _, c := range others {
		if i, known := at[c.ID]; known {
			together[i].Streams = append(together[i].Streams, c.Streams...)
			continue
		}
		at[c.ID] = len(together)
		together = append(together, c)
	}
	created := s.grant.CreatedAt
	for _, p := range snap.Peers {
		if p.ID == s.p.ID() {
			created = p.JoinedAt
		}
	}
	s.hushed = snap.Hushed
	return map[string]any{
		"id": s.p.ID(), "connectionId": s.p.ID(), "role": s.grant.Role, "value": together, "session": s.grant.Session, "sessionId": s.id,
		"capabilities": CapabilitiesOf(s.p.Template().Roles[s.p.Role()], s.mode == room.SendsOnly),
		"createdAt":    created.UnixMilli(), "metadata": s.metadata, "version": version, "mediaServer": mediaServer,
		"iceServers": ice, "customIceServers": s.ice, "forceMuted": snap.Hushed,
	}
}

// reasons are how these clients say why something has ended.
var reasons = map[string]string{
	"disconnect": "clientDisconnected", "unpublish": "clientDisconnected", "networkDisconnect": "networkDisconnected",
	"forceDisconnectByUser": "forceDisconnected", "forceDisconnectByServer": "forceDisconnected", "sessionClosedByServer": "forceDisconnected",
	"forceUnpublishByUser": "forceUnpublished", "forceUnpublishByServer": "forceUnpublished", "nodeCrashed": "serverRotation",
}

// tell words why something has ended.
func (openTok) tell(_ *session, _ string, params any) (any, bool) {
	switch p := params.(type) {
	case eviction:
		p.Reason = cmp.Or(reasons[p.Reason], p.Reason)
		return p, true
	case map[string]any:
		if why, said := p["reason"].(string); said && reasons[why] != "" {
			p = maps.Clone(p)
			p["reason"] = reasons[why]
		}
		return p, true
	}
	return params, true
}

// sender finds nobody: these clients name streams, and the one is not there.
func (openTok) sender(s *session, id string) (room.PeerID, Stream, error) {
	return "", Stream{}, fault.StreamNotPublished.New("stream", clip(id, 200))
}

// again lets a client ask anew, which gives up what it has asked for before.
func (openTok) again(stage, *subscription) error { return nil }

func (o openTok) evicted(e eviction, f *fault.Error) eviction {
	w := o.word(f)
	e.Error = &w
	return e
}

func (openTok) broken(s *session, sub *subscription, f *fault.Error) {
	s.notify("mediaError", map[string]any{"connectionId": s.told.conn(sub.peer), "streamId": sub.stream.ID, "error": s.h.style.word(f)})
}

// update mutes what the client is asked to mute, and tells it.
func (openTok) update(s *session, u room.Update) {
	switch u := u.(type) {
	case room.TrackMuteAsked:
		for _, p := range s.pubs {
			if !u.Mute || p.stream.audio != u.Track.ID {
				continue
			}
			p.stream.AudioActive = false
			_ = s.tellTrack(s.p.Context(), p, u.Track.ID) // one that is gone is silent
			s.notifyReliable("muteForced", map[string]any{"active": true, "streamId": p.stream.ID})
		}
	case room.HushChanged:
		if u.Hushed != s.hushed {
			s.hushed = u.Hushed
			s.notify("muteForced", map[string]any{"active": u.Hushed})
		}
	}
}

// publishStream takes one more stream of the client.
func publishStream(s *session, ctx context.Context, _ *call, p struct {
	publishParams
	Endpoint string `json:"endpoint"`
	Name     string `json:"name"`
	Initials string `json:"initials"`
}) (any, error) {
	endpoint := room.PeerID(cmp.Or(p.Endpoint, string(s.p.ID())))
	switch {
	case !ownEndpoint.MatchString(string(endpoint)):
		return nil, fault.FieldInvalid.New("field", "endpoint", "want", "1 to 64 letters, digits, _ and -", "got", clip(p.Endpoint, 64))
	case slices.ContainsFunc(s.pubs, func(o *publication) bool { return o.endpoint == endpoint }):
		return nil, fault.StreamRefused.New("endpoint", endpoint, "reason", "another stream is published there")
	}
	for field, text := range map[string]string{"name": p.Name, "initials": p.Initials} {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxTitle {
			return nil, fault.FieldInvalid.New("field", field, "max_characters", maxTitle)
		}
	}
	return publishAs(ctx, s, p.publishParams, endpoint, room.Track{Stream: uuid.Must(uuid.NewV7()).String(), Title: p.Name, Initials: p.Initials})
}

// unpublishStream ends a stream of the client.
func unpublishStream(s *session, ctx context.Context, _ *call, p struct {
	Stream string `json:"streamId"`
	Reason string `json:"reason"`
}) (any, error) {
	mine := s.pubs.stream(p.Stream)
	switch {
	case p.Stream == "":
		return nil, missing("streamId")
	case p.Reason != "" && p.Reason != "mediaStopped":
		return nil, fault.FieldInvalid.New("field", "reason", "want", "mediaStopped, or nothing", "got", clip(p.Reason, 64))
	case mine == nil:
		return nil, fault.StreamNotPublished.New("stream", clip(p.Stream, 200))
	}
	s.withdraw(ctx, mine, p.Reason)
	return nil, nil
}

// receives keeps those who only publish from what is for others.
func receives(run func(*session, context.Context, *call) (any, error)) func(*session, context.Context, *call) (any, error) {
	return func(s *session, ctx context.Context, c *call) (any, error) {
		if s.mode == room.SendsOnly {
			return nil, fault.NotPermitted.New("role", s.grant.Role, "permission", "subscribe")
		}
		return run(s, ctx, c)
	}
}

// unsubscribeStream ends what the client receives of a stream. What it wished of it
// ends as well.
func unsubscribeStream(s *session, ctx context.Context, c *call, p senderParams) (any, error) {
	if t, known := s.told[room.PeerID(p.Sender)]; known && s.subs[room.PeerID(p.Sender)] != nil {
		_ = s.p.Media().SetSilent(t.stream.audio, false)
		_ = s.p.Media().SetLayer(t.stream.video, sfu.LayerHigh)
	}
	return s.unsubscribe(ctx, c, p)
}

// layers are those that a client can ask for.
var layers = map[string]sfu.Layer{"high": sfu.LayerHigh, "medium": sfu.LayerMedium, "low": sfu.LayerLow}

// updateSubscription takes what the client wants of a stream that it receives:
// sound, picture, and which layer of that.
func updateSubscription(s *session, _ context.Context, _ *call, p struct {
	Stream string `json:"streamId"`
	Audio  *bool  `json:"audio"`
	Video  *bool  `json:"video"`
	Layer  string `json:"layer"`
}) (any, error) {
	sub := s.subs[room.PeerID(p.Stream)]
	layer, known := layers[cmp.Or(p.Layer, "high")]
	switch {
	case p.Stream == "":
		return nil, missing("streamId")
	case !known:
		return nil, fault.FieldInvalid.New("field", "layer", "want", "high, medium or low", "got", clip(p.Layer, 64))
	case sub == nil:
		return nil, fault.StreamNotPublished.New("stream", clip(p.Stream, 200), "want", "a stream that is subscribed to")
	}
	if p.Audio != nil && sub.stream.audio != "" {
		if err := s.p.Media().SetSilent(sub.stream.audio, !*p.Audio); err != nil {
			return nil, err
		}
	}
	if (p.Video != nil || p.Layer != "") && sub.stream.video != "" {
		if off(p.Video) {
			layer = sfu.LayerNone
		}
		return nil, s.p.Media().SetLayer(sub.stream.video, layer)
	}
	return nil, nil
}

// signalType is what the type of a signal is made of.
var signalType = regexp.MustCompile(`^[A-Za-z0-9_~-]*$`)

// CheckSignal judges a signal. Fails with fault.FieldInvalid, MessageTypeTooLarge
// and MessageTooLarge.
func CheckSignal(kind, data string) error {
	switch {
	case len(kind) > MaxSignalType:
		return fault.MessageTypeTooLarge.New("max_bytes", MaxSignalType, "bytes", len(kind))
	case !signalType.MatchString(kind):
		return fault.FieldInvalid.New("field", "type", "want", "letters, digits, -, _ and ~", "got", clip(kind, 64))
	case len(data) > MaxSignalData:
		return fault.MessageTooLarge.New("max_bytes", MaxSignalData, "bytes", len(data))
	}
	return nil
}

// signalTo is signal within the limits of these clients.
func signalTo(s *session, ctx context.Context, c *call, p signalParams) (any, error) {
	if s.mode == room.SendsOnly {
		return nil, fault.NotPermitted.New("role", s.grant.Role, "permission", "signal")
	}
	m, err := p.read()
	if err != nil {
		return nil, err
	}
	if err := CheckSignal(strings.TrimPrefix(m.Type, signalPrefix), m.Data); err != nil {
		return nil, err
	}
	return s.signal(ctx, c, p)
}

// heard finds the sound of a stream, of the client or of others.
func heard(s *session, streamID string) (room.PeerID, room.TrackID, error) {
	if mine := s.pubs.stream(streamID); mine != nil {
		return s.p.ID(), mine.stream.audio, nil
	}
	key, st, err := s.publisher(streamID)
	return s.told.owner(key), st.audio, err
}

// forceMuteStream has somebody mute a stream.
func forceMuteStream(s *session, ctx context.Context, _ *call, p unpublishParams) (any, error) {
	if p.Stream == "" {
		return nil, missing("streamId")
	}
	if !s.p.Template().Roles[s.p.Role()].Permissions.Mute {
		return nil, fault.NotPermitted.New("role", s.p.Role(), "permission", string(policy.Mute))
	}
	whose, track, err := heard(s, p.Stream)
	if err != nil || track == "" {
		return nil, err
	}
	return nil, s.p.Room().Moderation().AskTrackMute(ctx, s.p.ID(), whose, track, true)
}

// forceMuteAll has everybody mute, and whoever publishes from now on.
func forceMuteAll(s *session, ctx context.Context, _ *call, p struct {
	Excluded []string `json:"excludedStreamIds"`
}) (any, error) {
	if len(p.Excluded) > maxRecipients {
		return nil, fault.FieldInvalid.New("field", "excludedStreamIds", "max", maxRecipients, "got", len(p.Excluded))
	}
	var but []room.TrackID
	for _, id := range p.Excluded {
		if _, track, err := heard(s, id); err == nil && track != "" {
			but = append(but, track)
		}
	}
	return nil, s.p.Room().Moderation().Hush(ctx, s.p.ID(), true, but)
}

func disableForceMute(s *session, ctx context.Context, _ *call) (any, error) {
	return nil, s.p.Room().Moderation().Hush(ctx, s.p.ID(), false, nil)
}
