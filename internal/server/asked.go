// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"

	"github.com/redial-rtc/redial/internal/api"
)

// askedServers lists the ICE servers that clients are given, each address by itself, for
// pages that ask a browser.
func (s *Server) askedServers(outside outside) func(r *http.Request, room, peer string) []api.ICEURL {
	return func(r *http.Request, room, peer string) (all []api.ICEURL) {
		for _, one := range s.cfg.Media.ICEServers {
			for _, u := range one.URLs {
				all = append(all, api.ICEURL{URL: u, Username: one.Username, Credential: one.Credential})
			}
		}
		for _, one := range s.relays.For(outside.origin(r).Host, room, peer) {
			for _, u := range one.urls {
				all = append(all, api.ICEURL{URL: u, Username: one.username, Credential: one.credential})
			}
		}
		return all
	}
}
