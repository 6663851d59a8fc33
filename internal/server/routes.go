// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/docsite"
	"github.com/redial-rtc/redial/internal/wire/hms"
)

// asCalled hands requests to the routes as they came. http.ServeMux answers a
// path with doubled slashes or dots in it with a redirect to another path, and
// clients follow a redirect of a POST with a GET: what was called is then not
// what is done. The REST API judges its own paths; of the others, an unclean one
// is not there. A client of a room that came to a wrong path is told so.
type asCalled struct {
	rest   http.Handler // of /v2/, /api/, /why/ and /p/
	others *http.ServeMux
	astray http.HandlerFunc // for clients of a room at a wrong path
}

// noPage refuses a path that is no page: in a sentence for who reads it in a
// browser, in a fault for a program.
func noPage(w http.ResponseWriter, r *http.Request, status int) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, "There is nothing at this address. The demo page is at /", status)
		return
	}
	err := fault.RouteUnknown.New("path", r.URL.EscapedPath())
	if status == http.StatusMethodNotAllowed {
		err = fault.MethodNotAllowed.New("method", r.Method, "allowed", w.Header().Get("Allow"))
	}
	writeFault(w, fault.From(err, fault.OpAPI))
}

// documentation is the site under /docs/, made when it is first asked for.
func documentation(log *slog.Logger) func() map[string][]byte {
	return func() map[string][]byte {
		files, err := docsite.All()
		if err != nil { // the pages are part of the binary, and a test builds the site
			log.Error("the documentation cannot be shown", "err", err)
		}
		return files
	}
}

// ServeHTTP implements http.Handler.
func (a asCalled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := r.URL.EscapedPath()
	clean := path.Clean(at)
	switch {
	case at == "/init", at == "/ws", at == "/openvidu", at == "/sceenic", at == "/room", at == "/opentok", at == "/session/create", strings.HasPrefix(at, "/v2/project/"):
		a.others.ServeHTTP(w, r)
	case strings.HasPrefix(at, "/p/"): // which has a socket of its own
		a.rest.ServeHTTP(w, r)
	case hms.Astray(r):
		a.astray(w, r)
	case strings.HasPrefix(at, "/v2/"), strings.HasPrefix(at, "/api/"), strings.HasPrefix(at, "/why/"):
		a.rest.ServeHTTP(w, r)
	case at != clean && (clean == "/" || at != clean+"/"):
		writeFault(w, fault.From(fault.RouteUnknown.New("path", r.URL.EscapedPath()), fault.OpAPI))
	default:
		a.others.ServeHTTP(w, r)
	}
}
