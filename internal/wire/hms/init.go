// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/redial-rtc/redial/dialect"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/participant"
	"github.com/redial-rtc/redial/internal/token"
)

// ServeInit answers GET /init: where to connect and how. It is called across
// origins, and a refusal without CORS headers would reach the app as an
// unreachable server, so every answer carries them.
func (h *Handler) ServeInit(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	allowPages(head)
	// Who reconnects because the network has forgotten its connections must not
	// be led to ask over one of those, and wait for ever: the browser is to keep
	// none from here.
	head.Set("Connection", "close")
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if r.Method != http.MethodGet {
		h.refuseInit(w, fault.From(fault.MethodNotAllowed.New("want", "GET"), fault.OpInit))
		return
	}
	if h.tooOften(w, r, fault.OpInit) {
		return
	}
	v, err := h.admit(r, token.Bearer(r.Header), r.URL.Query().Get("peer_id"))
	if f := fault.From(err, fault.OpInit); f != nil {
		if r.Context().Err() == nil {
			h.all.TurnAway(v, f)
		}
		h.refuseInit(w, f)
		return
	}
	if h.initInjected(w, v) {
		return
	}
	endpoint, err := h.cfg.SocketURL(r)
	if f := fault.From(err, fault.OpInit); f != nil {
		h.log.Warn("the socket's address would not work", "proxy", r.RemoteAddr, "host", r.Host)
		h.all.TurnAway(v, f)
		h.refuseInit(w, f)
		return
	}
	h.log.Debug("init", "peer", v.ID, "room", v.Claims.RoomID)
	writeJSON(w, http.StatusOK, h.initConfig(endpoint, h.asksForVideo(r.Context(), v), h.iceServers(r, v)))
}

// asksForVideo tells whether a client is to ask for each video that it shows,
// rather than to be offered all of them: who joins a room of many videos. Who is
// inside goes on as it began.
func (h *Handler) asksForVideo(ctx context.Context, v participant.Visitor) bool {
	if p := h.all.Participant(v.Claims.RoomID, v.ID); p != nil {
		if s, ours := p.Wire().(*session); ours && s.media.onDemand.Load() != nil {
			return s.media.asks()
		}
	}
	return h.all.Videos(ctx, v.Claims.RoomID) >= h.cfg.OfferedVideos
}

// allowPages lets pages of any origin read the answer, which is of no use
// without a token.
func allowPages(head http.Header) {
	head.Set("Access-Control-Allow-Origin", "*")
	head.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	head.Set("Access-Control-Allow-Methods", "GET, OPTIONS")
	head.Set("Access-Control-Max-Age", "600")
	head.Set("Cache-Control", "no-store")
}

// iceServers are those that the visitor is told of.
func (h *Handler) iceServers(r *http.Request, v participant.Visitor) []map[string]any {
	all := append([]map[string]any{}, h.cfg.ICEServers...)
	if h.cfg.Relays != nil {
		all = append(all, h.cfg.Relays(r, v.Claims.RoomID, string(v.ID))...)
	}
	return all
}

func (h *Handler) initConfig(endpoint string, onDemand bool, servers []map[string]any) any {
	type obj = map[string]any
	// Without subscribeStats: the web SDK (0.15) asks the track of each count for its
	// layers, and one that was withdrawn during the count ends all counting in the
	// page with a TypeError. Nothing is made of those reports here.
	flags := []string{"publishStats", "simulcast"}
	if onDemand {
		flags = append(flags, "onDemandTracks")
	}
	return obj{
		"endpoint":         endpoint,
		"log_level":        "info",
		"policy":           "all",
		"rtcConfiguration": obj{"ice_servers": servers},
		"config": obj{
			"enabledFlags": flags,
			"networkHealth": obj{
				"url": "", "timeout": 10000,
				"scoreMap": obj{"1": obj{"low": 100, "high": 500}, "5": obj{"low": 500}},
			},
			"publishStats": obj{"maxSampleWindowSize": 30, "maxSamplePushInterval": 300},
		},
	}
}

// refuseInit writes a refusal. Clients never settle on 404, so it is never sent.
func (h *Handler) refuseInit(w http.ResponseWriter, f *fault.Error) {
	status := f.Kind.Status
	if status == 0 || status == http.StatusNotFound || status == 499 {
		status = http.StatusBadRequest
	}
	code := dialect.HMS.Speak(f).Code
	if n := inject.Code(f); n != 0 {
		code = n
		if n < 600 && n != http.StatusNotFound {
			status = n
		}
	}
	if wait := f.Detail("retry_after_seconds"); wait != nil {
		w.Header().Set("Retry-After", fmt.Sprint(wait))
	}
	writeJSON(w, status, refusalBody(f, code))
}

func refusalBody(f *fault.Error, code int) any {
	return struct {
		Code    int    `json:"code"`
		Name    string `json:"name"`
		Message string `json:"message"`
		Fault   string `json:"fault"`
	}{code, dialect.HMS.Speak(f).Name, f.Safe(), f.Kind.ID}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
