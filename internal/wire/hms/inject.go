// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package hms

import (
	"net/http"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/participant"
)

// initInjected answers /init in the plan's stead.
func (h *Handler) initInjected(w http.ResponseWriter, v participant.Visitor) bool {
	h.goneInjected(v)
	f, rubbish := h.all.InitInjected(v)
	switch {
	case rubbish != nil:
		w.Header().Set("Content-Type", rubbish.Kind)
		_, _ = w.Write([]byte(rubbish.Body))
	case f != nil:
		f = fault.From(f, fault.OpInit)
		h.all.TurnAway(v, f)
		h.refuseInit(w, f)
	default:
		return false
	}
	return true
}

// upgradeInjected refuses to open a socket. Who asks is found out only while
// there is a rule.
func (h *Handler) upgradeInjected(w http.ResponseWriter, r *http.Request) bool {
	if h.all.Idle() {
		return false
	}
	q := r.URL.Query()
	v, err := h.admit(r, q.Get("token"), q.Get("peer"))
	if err != nil {
		return false
	}
	h.goneInjected(v)
	if !h.all.UpgradeInjected(v) {
		return false
	}
	http.Error(w, "This refusal was injected.", http.StatusServiceUnavailable)
	return true
}

// goneInjected ends the connection of a request without an answer while the
// plan has it that nobody listens here.
func (h *Handler) goneInjected(v participant.Visitor) {
	if h.all.Gone(v) {
		panic(http.ErrAbortHandler) // how net/http is told so
	}
}
