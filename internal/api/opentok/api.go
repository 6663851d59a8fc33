// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/limit"
	core "github.com/redial-rtc/redial/internal/opentok"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Config is what an API needs.
type Config struct {
	Sessions *core.Service
	Rooms    *room.Hub
	Rate     limit.Rate // calls of one address

	ClientAddr func(*http.Request) netip.Addr
	Origin     func(*http.Request) string  // where clients find the server
	Limited    func(setting string)        // counts what a limit has held back
	Written    func(context.Context) error // returns when what was changed is on the disk; nil: nothing is kept
}

// API serves the calls of backends.
type API struct {
	cfg  Config
	rate *limit.Callers
	mux  *http.ServeMux
}

// call is one call on its way through a handler.
type call struct {
	*http.Request
	w       http.ResponseWriter
	project core.Project
	body    fields
}

// handler serves one route: what it returns is the body, nil for none.
type handler func(*call) (any, error)

// New returns the API.
func New(cfg Config) *API {
	a := &API{cfg: cfg, rate: limit.New(cfg.Rate), mux: http.NewServeMux()}
	const session = "/v2/project/{key}/session/{session}"
	for pattern, h := range map[string]handler{
		"POST /session/create":                          a.create,
		"POST " + session + "/signal":                   a.signal,
		"POST " + session + "/connection/{peer}/signal": a.signal,
		"DELETE " + session + "/connection/{peer}":      a.disconnect,
		"GET " + session + "/stream":                    a.streams,
		"PUT " + session + "/stream":                    a.setClasses,
		"GET " + session + "/stream/{stream}":           a.stream,
		"POST " + session + "/stream/{stream}/mute":     a.muteStream,
		"POST " + session + "/mute":                     a.muteAll,
		session + "/play-dtmf":                          lacks("telephony"),
		session + "/connection/{peer}/play-dtmf":        lacks("telephony"),
		"/v2/project/{key}/dial":                        lacks("telephony"),
		"/v2/project/{key}/call":                        lacks("telephony"),
		"/v2/project/{key}/archive":                     lacks("recording"),
		"/v2/project/{key}/archive/{rest...}":           lacks("recording"),
		"/v2/project/{key}/broadcast":                   lacks("broadcasting"),
		"/v2/project/{key}/broadcast/{rest...}":         lacks("broadcasting"),
		"/v2/project/{key}/render":                      lacks("rendering of web pages"),
		"/v2/project/{key}/render/{rest...}":            lacks("rendering of web pages"),
		"/v2/project/{key}/captions":                    lacks("transcription"),
		"/v2/project/{key}/captions/{rest...}":          lacks("transcription"),
		"/v2/project/{key}/connect":                     lacks("sending audio to WebSockets"),
		"/v2/project/{key}/connect/{rest...}":           lacks("sending audio to WebSockets"),
		"/v2/project/{key}/experience/{rest...}":        lacks("the experience composer"),
		"/v2/project/{key}/callback":                    lacks("callbacks that are registered over REST"),
		"GET /v2/project/{key}/callback":                noCallbacks,
		"/v2/project/{key}/callback/{rest...}":          lacks("callbacks that are registered over REST"),
	} {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.serve(w, r, h) })
	}
	return a
}

func lacks(what string) handler {
	return func(*call) (any, error) { return nil, fault.FeatureUnsupported.New("feature", what) }
}

// noCallbacks lists those that were registered: none. The Node SDK takes no refusal
// of this call, and ends its process over one.
func noCallbacks(*call) (any, error) { return []any{}, nil }

// ServeHTTP implements http.Handler. A path that is none is told so in JSON, to
// whoever is a backend.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, pattern := a.mux.Handler(r); pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := a.mux.Handler(probe); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	a.serve(w, r, func(*call) (any, error) {
		if allowed != nil {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			return nil, fault.MethodNotAllowed.New("method", r.Method, "allowed", allowed)
		}
		return nil, fault.RouteUnknown.New("path", text.Clip(r.URL.EscapedPath(), 256))
	})
}

// serve is the one way in and out of a call.
func (a *API) serve(w http.ResponseWriter, r *http.Request, h handler) {
	w.Header().Set("Cache-Control", "no-store")
	c := &call{Request: r, w: w}
	body, err := a.run(c, h)
	switch {
	case err != nil:
		f := fault.From(err, fault.OpAPI)
		status := core.Status(f)
		if as := (special{}); errors.As(err, &as) {
			status = as.status
		}
		core.Refuse(w, r, f, status, status, "") // SDKs read the status as the code, too
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		write(w, body)
	}
}

func (a *API) run(c *call, h handler) (any, error) {
	if wait := a.rate.Take(limit.Key(a.cfg.ClientAddr(c.Request))); wait > 0 {
		a.cfg.Limited("limits.api_per_second")
		return nil, fault.RateLimited.New("limit", "limits.api_per_second", "retry_after_seconds", int(wait/time.Second)+1)
	}
	raw := c.Header.Get("X-OPENTOK-AUTH")
	if raw == "" {
		raw = token.Bearer(c.Header)
	}
	var err error
	if c.project, err = a.cfg.Sessions.Backend(c.Context(), raw); err != nil {
		return nil, err
	}
	if key := c.PathValue("key"); key != "" && key != c.project.Key {
		return nil, fault.AccessKeyUnknown.New("want", c.project.Key, "got", text.Clip(key, 64))
	}
	if c.body, err = readBody(c.w, c.Request); err != nil {
		return nil, err
	}
	return h(c)
}

// special is a refusal with a status that backends know in its place.
type special struct {
	error
	status int
}

func (s special) Unwrap() error { return s.error }

// typed is a body with a type of its own.
type typed struct {
	kind string
	body any
}

func write(w http.ResponseWriter, v any) {
	kind := "application/json"
	if t, ok := v.(typed); ok {
		kind, v = t.kind, t.body
	}
	w.Header().Set("Content-Type", kind)
	if kind == "text/xml" {
		_, _ = w.Write([]byte(xml.Header))
		_ = xml.NewEncoder(w).Encode(v)
		return
	}
	_ = json.NewEncoder(w).Encode(v)
}

// named is what a backend may call a session, which the vendor has no word for.
var named = regexp.MustCompile(`^[A-Za-z0-9_~-]{1,64}$`)

// session is one as it was made.
type session struct {
	XMLName xml.Name `xml:"Session" json:"-"`
	ID      string   `xml:"session_id" json:"session_id"`
	Project string   `xml:"project_id" json:"project_id"`
	Partner string   `xml:"partner_id" json:"partner_id"`
	Created string   `xml:"create_dt" json:"create_dt"`
	Media   string   `xml:"media_server_url" json:"media_server_url"`
}

// create makes a session. A relayed one is routed as well, as every packet goes by
// this server.
func (a *API) create(c *call) (any, error) {
	texts := map[string]string{}
	for _, name := range []string{"p2p.preference", "archiveMode", "location", "name", "e2ee"} {
		raw := c.body[name]
		if name == "e2ee" && (string(raw) == "true" || string(raw) == "false") {
			texts[name] = string(raw)
			continue
		}
		s, err := c.body.text(name)
		if err != nil {
			return nil, err
		}
		if s == "null" || s == "undefined" { // what is left out in forms of @vonage/video
			s = ""
		}
		texts[name] = s
	}
	relayed, always := texts["p2p.preference"] == "enabled", texts["archiveMode"] == "always"
	switch {
	case !slices.Contains([]string{"", "enabled", "disabled"}, texts["p2p.preference"]):
		return nil, fault.FieldInvalid.New("field", "p2p.preference", "want", "enabled or disabled", "got", text.Clip(texts["p2p.preference"], 64))
	case !slices.Contains([]string{"", "manual", "always"}, texts["archiveMode"]):
		return nil, fault.FieldInvalid.New("field", "archiveMode", "want", "manual", "got", text.Clip(texts["archiveMode"], 64))
	case texts["location"] != "" && !isAddress(texts["location"]):
		return nil, fault.FieldInvalid.New("field", "location", "want", "an IPv4 address", "got", text.Clip(texts["location"], 64))
	case texts["name"] != "" && !named.MatchString(texts["name"]):
		return nil, fault.FieldInvalid.New("field", "name", "want", "1 to 64 letters, digits and -_~")
	case relayed && always:
		return nil, special{fault.FieldInvalid.New("field", "archiveMode", "reason", "a relayed session is not recorded"), http.StatusConflict}
	case always:
		return nil, fault.FeatureUnsupported.New("feature", "recording", "field", "archiveMode")
	case texts["e2ee"] == "true":
		return nil, fault.FeatureUnsupported.New("feature", "end-to-end encryption", "field", "e2ee")
	}
	id, err := a.cfg.Sessions.Create(c.Context(), c.project, texts["name"], a.cfg.Origin(c.Request))
	if err != nil {
		return nil, err
	}
	s := session{ID: id, Project: c.project.Key, Partner: c.project.Key, Created: time.Now().UTC().Format("Mon Jan 02 15:04:05 UTC 2006")}
	accept := c.Header.Get("Accept")
	if strings.Contains(accept, "json") && !strings.HasPrefix(accept, "text/xml") && !strings.HasPrefix(accept, "application/xml") {
		return []session{s}, nil
	}
	return typed{"text/xml", struct {
		XMLName  xml.Name `xml:"sessions"`
		Sessions []session
	}{Sessions: []session{s}}}, nil
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// room is the session's room, and the session in it, nil while nobody is there.
func (a *API) room(c *call) (registry.Room, *room.Room, error) {
	r, err := a.cfg.Sessions.Room(c.Context(), c.project, c.PathValue("session"))
	if err != nil {
		return r, nil, err
	}
	return r, a.cfg.Rooms.Active(r.ID), nil
}

// live is room, and fails with fault.SessionNotActive while nobody is there.
func (a *API) live(c *call) (*room.Room, error) {
	r, live, err := a.room(c)
	if err == nil && live == nil {
		err = fault.SessionNotActive.New("room_id", r.ID)
	}
	return live, err
}

// kept answers once what was changed is on the disk.
func (a *API) kept(c *call, v any) (any, error) {
	if a.cfg.Written == nil {
		return v, nil
	}
	return v, a.cfg.Written(c.Context())
}

func (a *API) signal(c *call) (any, error) {
	kind, err := c.body.text("type")
	if err != nil {
		return nil, err
	}
	data, err := c.body.text("data")
	if err != nil {
		return nil, err
	}
	if !c.body.has("type") && !c.body.has("data") {
		return nil, fault.FieldMissing.New("field", "data")
	}
	if err := kurento.CheckSignal(kind, data); err != nil {
		return nil, err
	}
	live, err := a.live(c)
	if err != nil {
		return nil, err
	}
	_, err = live.Send(c.Context(), "", room.Message{To: room.PeerID(c.PathValue("peer")), Type: kind, Body: data})
	return nil, err
}

func (a *API) disconnect(c *call) (any, error) {
	live, err := a.live(c)
	if err != nil {
		return nil, err
	}
	if err := live.Moderation().Remove(c.Context(), "", room.PeerID(c.PathValue("peer")), "forceDisconnectByServer"); err != nil {
		return nil, err
	}
	return a.kept(c, nil)
}

// stream is one as backends know it.
type stream struct {
	ID      string   `json:"id"`
	Video   string   `json:"videoType"`
	Name    string   `json:"name"`
	Classes []string `json:"layoutClassList"`

	owner room.PeerID
	audio room.TrackID
}

// all are the streams of a session.
func (a *API) all(c *call) ([]stream, *room.Room, error) {
	_, live, err := a.room(c)
	if err != nil || live == nil {
		return []stream{}, nil, err
	}
	snap, err := live.Snapshot(c.Context())
	if err != nil && !errors.Is(err, fault.SessionNotActive) {
		return nil, nil, err
	}
	found := []stream{}
	for _, p := range snap.Peers {
		for _, st := range kurento.Parts(p) {
			video := "camera"
			if st.HasVideo {
				video = strings.ToLower(st.TypeOfVideo)
			}
			found = append(found, stream{st.ID, video, st.Name, a.cfg.Sessions.Classes(st.ID, string(p.ID)), p.ID, st.Audio()})
		}
	}
	return found, live, nil
}

func (a *API) streams(c *call) (any, error) {
	all, _, err := a.all(c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"count": len(all), "items": all}, nil
}

// wellFormed is what an id of a stream is made of.
var wellFormed = regexp.MustCompile(`^[A-Za-z0-9_-]{8,200}$`)

// find is a stream of the session. Fails with fault.StreamNotPublished, and for what
// is no id as backends know it, with 408.
func (a *API) find(c *call) (stream, *room.Room, error) {
	id := c.PathValue("stream")
	all, live, err := a.all(c)
	if err != nil {
		return stream{}, nil, err
	}
	if i := slices.IndexFunc(all, func(s stream) bool { return s.ID == id }); i >= 0 {
		return all[i], live, nil
	}
	return stream{}, nil, fault.StreamNotPublished.New("stream", text.Clip(id, 200))
}

// stream answers one stream. The Node SDK reads the body as text and parses it
// itself, which fails where it is told that it is JSON; those that call with an
// application's token parse what they are told is JSON.
func (a *API) stream(c *call) (any, error) {
	if id := c.PathValue("stream"); !wellFormed.MatchString(id) {
		return nil, special{fault.FieldInvalid.New("field", "stream", "want", "the id of a stream", "got", text.Clip(id, 64)), http.StatusRequestTimeout}
	}
	s, _, err := a.find(c)
	if err != nil {
		return nil, err
	}
	if c.Header.Get("X-OPENTOK-AUTH") != "" {
		return typed{"text/json", s}, nil
	}
	return s, nil
}

// setClasses gives streams their classes: all or none.
func (a *API) setClasses(c *call) (any, error) {
	var items []struct {
		ID      string   `json:"id"`
		Classes []string `json:"layoutClassList"`
	}
	if !c.body.has("items") {
		return nil, fault.FieldMissing.New("field", "items")
	}
	if err := json.Unmarshal(c.body["items"], &items); err != nil {
		return nil, fault.FieldInvalid.New("field", "items", "want", "a list of {id, layoutClassList}", "problem", err.Error())
	}
	all, _, err := a.all(c)
	if err != nil {
		return nil, err
	}
	for _, one := range items {
		if !slices.ContainsFunc(all, func(s stream) bool { return s.ID == one.ID }) {
			return nil, fault.FieldInvalid.New("field", "items.id", "want", "the id of a stream of the session", "got", text.Clip(one.ID, 64))
		}
		if err := core.CheckClasses(one.Classes); err != nil {
			return nil, err
		}
	}
	for _, one := range items {
		if one.Classes == nil {
			one.Classes = []string{}
		}
		_ = a.cfg.Sessions.SetClasses(one.ID, one.Classes)
	}
	return a.streams(c)
}

func (a *API) muteStream(c *call) (any, error) {
	s, live, err := a.find(c)
	if err != nil {
		return nil, err
	}
	if s.audio != "" {
		err = live.Moderation().AskTrackMute(c.Context(), "", s.owner, s.audio, true)
	}
	return a.muted(c), err
}

// muted is the answer to a call that mutes: the project.
func (a *API) muted(c *call) any {
	return map[string]any{"applicationId": c.project.Key, "status": "ACTIVE"}
}

// maxExcluded is how many streams a call may except.
const maxExcluded = 1000

func (a *API) muteAll(c *call) (any, error) {
	on, err := c.body.flag("active")
	if err != nil {
		return nil, err
	}
	if !c.body.has("active") {
		return nil, fault.FieldMissing.New("field", "active", "want", "true or false")
	}
	var except []string
	for _, name := range []string{"excludedStreamIds", "excludedStreams"} {
		some, err := c.body.list(name, maxExcluded)
		if err != nil {
			return nil, err
		}
		except = append(except, some...)
	}
	all, live, err := a.all(c)
	switch {
	case err != nil:
		return nil, err
	case live == nil:
		return nil, fault.SessionNotActive.New("session", "nobody is there")
	}
	var but []room.TrackID
	for _, s := range all {
		if slices.Contains(except, s.ID) && s.audio != "" {
			but = append(but, s.audio)
		}
	}
	return a.muted(c), live.Moderation().Hush(c.Context(), "", on, but)
}
