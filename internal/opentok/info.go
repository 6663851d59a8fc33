// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package opentok

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/body"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/text"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/wire/kurento"
)

// Limits of signals, and of what clients report.
const (
	maxIssue       = 64 << 10 // bytes of a report
	publishTimeout = 15 * time.Second
)

// info is what a client is told before it opens a socket.
type info struct {
	URL          string               `json:"url"`
	Token        string               `json:"token"`
	Role         string               `json:"role"`
	Capabilities kurento.Capabilities `json:"capabilities"`
	Data         string               `json:"connection_data"`
	ICEServers   []rtcServer          `json:"ice_servers"`
	Limits       map[string]int64     `json:"limits"`
	MediaMode    string               `json:"media_mode"`
}

// rtcServer is an ICE server as browsers take it
// (https://www.w3.org/TR/webrtc/#rtciceserver-dictionary).
type rtcServer struct {
	URLs       string `json:"urls"`
	Username   string `json:"username,omitempty"`
	Credential string `json:"credential,omitempty"`
}

// ServeInfo answers GET /opentok/v1/sessions/{session}.
func (s *Service) ServeInfo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if id, err := s.readSessionID(r.PathValue("session")); err == nil && s.cfg.Gone != nil && s.cfg.Gone(id.room) {
		panic(http.ErrAbortHandler) // how net/http is told so
	}
	e, v, err := s.info(r)
	if err == nil && s.cfg.Injected != nil {
		refusal, kind, body := s.cfg.Injected(e.Room, e.Role)
		if kind != "" {
			w.Header().Set("Content-Type", kind)
			_, _ = io.WriteString(w, body)
			return
		}
		if refusal != nil {
			err = refusal
		}
	}
	if err != nil {
		f := fault.From(err, fault.OpConnect)
		if s.cfg.Refused != nil {
			s.cfg.Refused(r, e.Room, f)
		}
		refuse(w, r, f)
		return
	}
	write(w, http.StatusOK, v)
}

// admitted fails for who is not served, or asks too often: fault.TermsViolation and
// fault.RateLimited.
func (s *Service) admitted(r *http.Request, rate *limit.Callers, setting string) error {
	from := s.cfg.ClientAddr(r)
	for _, network := range s.cfg.Denied {
		if network.Contains(from) {
			return fault.TermsViolation.New("setting", "opentok.denied_networks")
		}
	}
	if wait := rate.Take(limit.Key(from)); wait > 0 {
		s.cfg.Limited(setting)
		return fault.RateLimited.New("limit", setting, "retry_after_seconds", int(wait/time.Second)+1)
	}
	return nil
}

func (s *Service) info(r *http.Request) (entry, info, error) {
	if err := s.admitted(r, s.rate, "limits.joins_per_second"); err != nil {
		return entry{}, info{}, err
	}
	e, in, err := s.enter(r.Context(), r.Header.Get("X-Api-Key"), r.PathValue("session"), token.Bearer(r.Header))
	if err != nil {
		return e, info{}, err
	}
	_, role, err := s.role(r.Context(), in, e.Role)
	if err != nil {
		return e, info{}, err
	}
	v := info{
		Role: e.Role, Data: e.Data, MediaMode: "routed", Capabilities: kurento.CapabilitiesOf(role, e.Role == PublisherOnly),
		Limits: map[string]int64{
			"signal_type_bytes": kurento.MaxSignalType, "signal_data_bytes": kurento.MaxSignalData, "publish_timeout_ms": publishTimeout.Milliseconds(),
		},
	}
	if v.URL, err = s.cfg.SocketURL(r); err != nil {
		return e, v, err
	}
	for _, one := range s.cfg.ICEServers(r) {
		v.ICEServers = append(v.ICEServers, rtcServer{one.URL, one.Username, one.Credential})
	}
	v.Token, err = s.sign(e)
	return e, v, err
}

// Issue is what a client has reported of a call.
type Issue struct {
	ID         string
	Project    string
	Room       string // its id
	Connection string
	Details    string // JSON, as the client wrote it
}

// ServeIssue answers POST /opentok/v1/issues.
func (s *Service) ServeIssue(w http.ResponseWriter, r *http.Request) {
	i, err := s.issue(w, r)
	if err == nil && s.cfg.ReportInjected != nil {
		err = s.cfg.ReportInjected(i.Room, i.Connection)
	}
	if err == nil && s.cfg.Reported != nil {
		err = s.cfg.Reported(r, i)
	}
	if err != nil {
		f := fault.From(err, fault.OpReport)
		word := dialect.OpenTok.Speak(fault.From(fault.ReportFailed.New(), fault.OpReport)) // whatever the reason
		Refuse(w, r, f, Status(f), word.Code, word.Name)
		return
	}
	write(w, http.StatusOK, map[string]string{"id": i.ID})
}

func (s *Service) issue(w http.ResponseWriter, r *http.Request) (i Issue, err error) {
	if err := s.admitted(r, s.issues, "opentok.issues_per_minute"); err != nil {
		return i, err
	}
	raw, err := body.Read(w, r, maxIssue)
	if err != nil {
		return i, err
	}
	var sent struct {
		Session    string          `json:"sessionId"`
		Connection string          `json:"connectionId"`
		Details    json.RawMessage `json:"details"`
	}
	if err := json.Unmarshal(raw, &sent); err != nil {
		return i, fault.BodyInvalid.New("want", "an object with sessionId, connectionId and details", "problem", err.Error())
	}
	// Who is inside for longer than its token is good has something to report, too.
	e, _, err := s.enter(r.Context(), r.Header.Get("X-Api-Key"), sent.Session, token.Bearer(r.Header))
	if err != nil && !errors.Is(err, fault.TokenExpired) {
		return i, err
	}
	return Issue{uuid.NewString(), e.Project, e.Room, text.Clip(sent.Connection, 128), strings.ToValidUTF8(string(sent.Details), "\uFFFD")}, nil
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Status is the status of a refusal: what these clients and backends know of those
// of the catalogue.
func Status(f *fault.Error) int {
	switch {
	case f.Kind.Status == http.StatusUnauthorized, f.Kind == fault.AccessKeyUnknown, f.Kind == fault.TokenRoomMismatch:
		return http.StatusForbidden // their one answer to a key, a token or a session that are not of one another
	case f.Kind == fault.FeatureUnsupported:
		return http.StatusNotImplemented
	case f.Kind == fault.SessionNotActive:
		return http.StatusNotFound
	case f.Kind.Status == 0:
		return http.StatusInternalServerError
	}
	return f.Kind.Status
}

// Refuse words a fault as these clients and backends read it. The id of the request
// is the caller's, or a new one.
func Refuse(w http.ResponseWriter, r *http.Request, f *fault.Error, status, code int, name string) {
	id := r.Header.Get("X-Request-Id")
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		id = uuid.NewString()
	}
	w.Header().Set("X-Request-Id", id)
	w.Header().Set("X-Redial-Fault", f.Kind.ID)
	if f.Kind == fault.RateLimited || f.Kind == fault.Overloaded {
		w.Header().Set("Retry-After", "1")
	}
	body := map[string]any{"fault": f.Kind.ID, "code": code, "name": name, "message": f.Safe(), "request_id": id}
	if f.Kind == fault.FeatureUnsupported {
		body["items"] = []any{} // the Node SDK reads the list of a refusal, too
	}
	write(w, status, body)
}

// refuse words a fault for a client.
func refuse(w http.ResponseWriter, r *http.Request, f *fault.Error) {
	word := dialect.OpenTok.Speak(f)
	Refuse(w, r, f, Status(f), word.Code, word.Name)
}
