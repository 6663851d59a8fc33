// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package openvidu

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/body"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/room"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// user is the user name of every backend.
const user = "OPENVIDUAPP"

// maxBody is how many bytes the body of a call may have: the longest data, with
// room for what we pass over.
const maxBody = 64 << 10

func (s *Service) routes() {
	const sessions = "/openvidu/api/sessions"
	s.mux = http.NewServeMux()
	for path, h := range map[string]handler{
		"POST " + sessions:                                          s.postSession,
		"GET " + sessions:                                           s.getSessions,
		"GET " + sessions + "/{session}":                            s.getSession,
		"DELETE " + sessions + "/{session}":                         s.deleteSession,
		"POST " + sessions + "/{session}/connection":                s.postConnection,
		"GET " + sessions + "/{session}/connection":                 s.getConnections,
		"GET " + sessions + "/{session}/connection/{connection}":    s.getConnection,
		"DELETE " + sessions + "/{session}/connection/{connection}": s.deleteConnection,
		"PATCH " + sessions + "/{session}/connection/{connection}":  s.patchConnection,
		"DELETE " + sessions + "/{session}/stream/{stream}":         s.deleteStream,
		"POST /openvidu/api/tokens":                                 s.postToken,
		"POST /openvidu/api/signal":                                 s.postSignal,
		"/openvidu/api/recordings":                                  lacks("recording"),
		"/openvidu/api/recordings/":                                 lacks("recording"),
		"/openvidu/api/broadcast/":                                  lacks("broadcasting"),
		"/openvidu/":                                                unknown,
	} {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, h) })
	}
}

// call is a request that is being answered.
type call struct {
	*http.Request
	w http.ResponseWriter
}

// handler serves one route: what it returns is the body, nil for none.
type handler func(r call) (any, error)

func lacks(what string) handler {
	return func(call) (any, error) { return nil, fault.FeatureUnsupported.New("feature", what) }
}

func unknown(r call) (any, error) {
	return nil, fault.RouteUnknown.New("path", clip(r.URL.Path))
}

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// serve is the one way in and out of a call.
func (s *Service) serve(w http.ResponseWriter, r *http.Request, h handler) {
	if wait := s.rate.Take(limit.Key(s.cfg.ClientAddr(r))); wait > 0 {
		s.cfg.Limited("limits.api_per_second")
		refuse(w, fault.RateLimited.New("limit", "limits.api_per_second", "retry_after_seconds", int(wait/time.Second)+1))
		return
	}
	name, secret, ok := r.BasicAuth()
	if !ok || !token.Same(name, user) || !token.Same(secret, s.cfg.Secret) {
		w.Header().Set("WWW-Authenticate", `Basic realm="openvidu"`)
		refuse(w, fault.TokenRefused.New("want", "basic authentication of "+user+" with the secret of the server"))
		return
	}
	answer, err := h(call{r, w})
	switch {
	case err != nil:
		refuse(w, err)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		write(w, http.StatusOK, answer)
	}
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse words a fault as the API does, with the fault beside it.
func refuse(w http.ResponseWriter, err error) {
	f := fault.From(err, fault.OpAPI)
	status := f.Kind.Status
	switch f.Kind {
	case fault.FeatureUnsupported:
		status = http.StatusNotImplemented // as its documents have it for what is not enabled
	case fault.NameTaken:
		status = http.StatusConflict
	case fault.SessionNotActive:
		status = http.StatusNotAcceptable
	}
	w.Header().Set("X-Redial-Fault", f.Kind.ID)
	write(w, status, map[string]any{
		"timestamp": time.Now().UnixMilli(), "status": status, "error": http.StatusText(status), "message": f.Safe(), "fault": f.Kind.ID,
	})
}

// decode reads the body of a call. One that is empty is an empty object. It fails with
// fault.FieldInvalid and fault.BodyInvalid, and as body.ReadText does.
func decode(r call, v any) error {
	raw, err := body.ReadText(r.w, r.Request, maxBody)
	if err != nil || len(bytes.TrimSpace(raw)) == 0 {
		return err
	}
	err = json.Unmarshal(raw, v)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fault.FieldInvalid.New("field", wrong.Field, "want", wrong.Type.String(), "got", wrong.Value)
	case err != nil:
		return fault.BodyInvalid.New("want", "a JSON object", "problem", err.Error())
	}
	return nil
}

func (s *Service) postSession(r call) (any, error) {
	var sent struct {
		Custom string `json:"customSessionId"`
		properties
	}
	if err := decode(r, &sent); err != nil {
		return nil, err
	}
	if err := sent.check(); err != nil {
		return nil, err
	}
	n, err := s.create(r.Context(), sent.Custom, sent.properties)
	if err != nil {
		return nil, err
	}
	return s.word(r, n, true)
}

func (s *Service) getSessions(r call) (any, error) {
	all := []any{}
	for _, n := range s.list() {
		one, err := s.word(r, n, r.URL.Query().Get("pendingConnections") == "true")
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return page(all), nil
}

func page(all []any) any { return map[string]any{"numberOfElements": len(all), "content": all} }

func (s *Service) getSession(r call) (any, error) {
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	return s.word(r, n, r.URL.Query().Get("pendingConnections") == "true")
}

func (s *Service) deleteSession(r call) (any, error) {
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	return nil, s.close(r.Context(), n)
}

type connectionBody struct {
	Session    string              `json:"session"` // of a token, as older backends ask for it
	Type       string              `json:"type"`
	Role       string              `json:"role"`
	Data       string              `json:"data"`
	Record     *bool               `json:"record"`
	Kurento    json.RawMessage     `json:"kurentoOptions"`
	ICEServers []kurento.ICEServer `json:"customIceServers"`
}

// wanted is what a body asks a connection to be.
func (b connectionBody) wanted() wanted {
	w := wanted{role: b.Role, data: b.Data, record: b.Record == nil || *b.Record, ice: b.ICEServers}
	if string(b.Kurento) != "null" {
		w.kurento = b.Kurento
	}
	return w
}

func (s *Service) postConnection(r call) (any, error) {
	var sent connectionBody
	if err := decode(r, &sent); err != nil {
		return nil, err
	}
	if sent.Type != "" && sent.Type != "WEBRTC" {
		return nil, fault.FeatureUnsupported.New("feature", "connections of type "+clip(sent.Type))
	}
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	c, err := s.offer(r.Context(), n, sent.wanted(), s.cfg.Origin(r.Request))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return wordPending(c), nil
}

func (s *Service) postToken(r call) (any, error) {
	var sent connectionBody
	if err := decode(r, &sent); err != nil {
		return nil, err
	}
	n, err := s.find(sent.Session)
	if err != nil {
		return nil, err
	}
	c, err := s.offer(r.Context(), n, sent.wanted(), s.cfg.Origin(r.Request))
	if err != nil {
		return nil, err
	}
	return map[string]any{"id": c.url, "token": c.url, "session": n.id, "role": c.role, "data": c.data, "connectionId": c.id, "createdAt": c.createdAt.UnixMilli()}, nil
}

func (s *Service) getConnections(r call) (any, error) {
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	// Unlike for sessions, those that nobody has taken are listed unless it says no.
	all, err := s.connections(r, n, r.URL.Query().Get("pendingConnections") != "false")
	if err != nil {
		return nil, err
	}
	return page(all), nil
}

func (s *Service) getConnection(r call) (any, error) {
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	return s.connection(r, n, r.PathValue("connection"))
}

func (s *Service) patchConnection(r call) (any, error) {
	var sent struct {
		Role   *string `json:"role"`
		Record *bool   `json:"record"`
		Data   *string `json:"data"`
	}
	if err := decode(r, &sent); err != nil {
		return nil, err
	}
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	id := r.PathValue("connection")
	if err := s.modify(r.Context(), n, id, change{sent.Role, sent.Data, sent.Record}); err != nil {
		return nil, err
	}
	return s.connection(r, n, id)
}

func (s *Service) deleteConnection(r call) (any, error) {
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	return nil, s.remove(r.Context(), n, r.PathValue("connection"))
}

func (s *Service) deleteStream(r call) (any, error) {
	n, err := s.find(r.PathValue("session"))
	if err != nil {
		return nil, err
	}
	id := r.PathValue("stream")
	peers, err := s.peers(r, n)
	if err != nil {
		return nil, err
	}
	for _, p := range peers {
		for _, st := range kurento.Streams(p) {
			if st.ID == id {
				return nil, s.Wire.Unpublish(r.Context(), n.roomID, p.ID, id)
			}
		}
	}
	return nil, fault.StreamNotPublished.New("stream", clip(id))
}

func (s *Service) postSignal(r call) (any, error) {
	var sent struct {
		Session string        `json:"session"`
		To      []room.PeerID `json:"to"`
		Type    string        `json:"type"`
		Data    string        `json:"data"`
	}
	if err := decode(r, &sent); err != nil {
		return nil, err
	}
	n, err := s.find(sent.Session)
	if err != nil {
		return nil, err
	}
	live := s.cfg.Rooms.Active(n.roomID)
	if live == nil {
		return nil, fault.SessionNotActive.New("room_id", n.roomID)
	}
	to := sent.To
	if len(to) == 0 {
		to = []room.PeerID{""} // everybody
	}
	for _, id := range to {
		if _, err := live.Send(r.Context(), "", room.Message{To: id, Type: strings.TrimPrefix(sent.Type, "signal:"), Body: sent.Data}); err != nil {
			return nil, err
		}
	}
	return map[string]any{}, nil
}

// word is a session as the API has it.
func (s *Service) word(r call, n *session, pending bool) (any, error) {
	all, err := s.connections(r, n, pending)
	if err != nil {
		return nil, err
	}
	w := n.properties.word()
	for k, v := range map[string]any{
		"id": n.id, "sessionId": n.id, "object": "session", "customSessionId": n.custom, "createdAt": n.createdAt.UnixMilli(),
		"recording": false, "broadcasting": false, "connections": page(all),
	} {
		w[k] = v
	}
	return w, nil
}
