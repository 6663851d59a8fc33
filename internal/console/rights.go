// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"maps"
	"net/http"

	"github.com/redial-rtc/redial/internal/token"
)

// opened are the calls of the REST API that the console makes, by the right that
// each takes. What is not here cannot be called through it, whoever asks: no token
// is made here, no key shown and no room thrown away.
var opened = map[string]token.Right{
	"POST /api/v1/search":               token.RightSupport,
	"GET /api/v1/diagnoses":             token.RightSupport,
	"GET /api/v1/events/{id}/diagnosis": token.RightSupport,
	"POST /api/v1/events/{id}/share":    token.RightSupport,
	"POST /api/v1/probes":               token.RightSupport,
	"GET /api/v1/faults":                token.RightSupport,
	"GET /api/v1/faults/{fault}":        token.RightSupport,
	"GET /api/v1/explain":               token.RightSupport,
	"GET /api/v1/attempts":              token.RightSupport,
	"GET /api/v1/injections":            token.RightSupport,

	"GET /api/v1/events/{id}/reproduction": token.RightSupport,

	"GET /api/v1/events/{id}":                   token.RightRead,
	"GET /v2/analytics/events":                  token.RightRead,
	"GET /api/v1/analytics/":                    token.RightRead,
	"GET /v2/sessions":                          token.RightRead,
	"GET /v2/sessions/{session}":                token.RightRead,
	"GET /api/v1/sessions/{session}/timeline":   token.RightRead,
	"GET /v2/rooms":                             token.RightRead,
	"GET /v2/rooms/{room}":                      token.RightRead,
	"GET /v2/active-rooms/{room}":               token.RightRead,
	"GET /v2/active-rooms/{room}/peers":         token.RightRead,
	"GET /v2/active-rooms/{room}/peers/{peer}":  token.RightRead,
	"GET /api/v1/live":                          token.RightRead,
	"GET /api/v1/live/{room}":                   token.RightRead,
	"GET /api/v1/live/{room}/stream":            token.RightRead,
	"GET /api/v1/causes":                        token.RightRead,
	"GET /api/v1/causes/{cause}":                token.RightRead,
	"GET /api/v1/annotations":                   token.RightRead,
	"GET /api/v1/health":                        token.RightRead,
	"GET /api/v1/audit":                         token.RightRead,
	"POST /v2/active-rooms/{room}/remove-peers": token.RightOperate,
	"POST /v2/active-rooms/{room}/end-room":     token.RightOperate,
	"POST /v2/rooms/{room}/lock":                token.RightOperate,
	"POST /v2/rooms/{room}/unlock":              token.RightOperate,

	"POST /v2/active-rooms/{room}/peers/{peer}/mute": token.RightOperate,
	"PUT /api/v1/causes/{cause}/mute":                token.RightOperate,
	"DELETE /api/v1/causes/{cause}/mute":             token.RightOperate,
	"POST /api/v1/injections":                        token.RightInject,
	"POST /api/v1/events/{id}/reproduction":          token.RightInject,
	"DELETE /api/v1/events/{id}/reproduction":        token.RightInject,
	"DELETE /api/v1/injections/{id}":                 token.RightInject,
}

// alsoOpened are the calls that a second right opens: who stops what is provoked has
// to see it, and RightInject holds no other right.
var alsoOpened = map[string]token.Right{"GET /api/v1/injections": token.RightInject}

// Calls are the calls of the REST API that the console makes, by the right that each
// takes.
func Calls() map[string]token.Right { return maps.Clone(opened) }

// book finds the right that a call takes.
type book struct{ mux *http.ServeMux }

func newBook() book {
	b := book{http.NewServeMux()}
	for pattern := range opened {
		b.mux.Handle(pattern, http.NotFoundHandler())
	}
	return b
}

// right is what a call takes, and whether rights open it; it is empty for one that the
// console does not make.
func (b book) right(r *http.Request, has token.Rights) (takes token.Right, open bool) {
	_, pattern := b.mux.Handler(r)
	takes = opened[pattern]
	also, second := alsoOpened[pattern]
	return takes, takes != "" && has.Allow(takes) || second && has.Allow(also)
}
