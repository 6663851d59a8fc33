// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/redial-rtc/redial/fault"
)

// gaps refuses a path with an empty part, or one that means another place ("."
// and ".."). An id that was lost on the way to the URL leaves such a gap, and the
// path without it is often that of another route: POST /v2/rooms/ is an update
// of no room, and never the creation of one. One slash at the end of a route that
// has no parts below it is let through, as some clients add one. It fails with
// fault.FieldMissing where the gap is in the place of an id, else with
// fault.RouteUnknown.
func (a *API) gaps(r *http.Request) error {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	gap := slices.IndexFunc(parts, isGap)
	if gap < 0 {
		return nil
	}
	filled := slices.Clone(parts)
	for i, p := range filled {
		if isGap(p) {
			filled[i] = "-"
		}
	}
	pattern := a.patternAt(r, "/"+strings.Join(filled, "/"))
	if pattern == "" && gap > 0 && gap == len(parts)-1 && parts[gap] == "" {
		return nil
	}
	_, path, _ := strings.Cut(pattern, " ")
	if names := strings.Split(strings.TrimPrefix(path, "/"), "/"); gap < len(names) && strings.HasPrefix(names[gap], "{") {
		return fault.FieldMissing.New("field", strings.Trim(names[gap], "{}"), "path", r.URL.EscapedPath())
	}
	return fault.RouteUnknown.New("path", r.URL.EscapedPath(), "reason", "a part of the path is empty, \".\" or \"..\"")
}

func isGap(part string) bool { return part == "" || part == "." || part == ".." }

// unreadable refuses ids in the path that hold control characters or are not
// UTF-8, and parameters that are not UTF-8: no id is like that, and what they
// would be looked up, logged or recorded as is not what was sent. It fails with
// fault.FieldInvalid, which names the part of the path or the parameter.
func (a *API) unreadable(r *http.Request) error {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for i, p := range parts {
		if id, err := url.PathUnescape(p); err == nil && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl) {
			continue
		}
		field := "path"
		_, path, _ := strings.Cut(a.patternAt(r, r.URL.Path), " ")
		if names := strings.Split(path, "/"); i < len(names) && strings.HasPrefix(names[i], "{") {
			field = strings.Trim(names[i], "{.}")
		}
		return fault.FieldInvalid.New("field", field, "want", "UTF-8 text without control characters")
	}
	for name, values := range r.URL.Query() {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) {
				return fault.FieldInvalid.New("field", strings.ToValidUTF8(name, "\uFFFD"), "want", "UTF-8 text")
			}
		}
	}
	return nil
}

// patternAt is the pattern of the route at a path: for the method of a request
// or, if there is none, for any other; "" when there is no route at all.
func (a *API) patternAt(r *http.Request, path string) string {
	for _, method := range []string{r.Method, http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		probe := &http.Request{Method: method, Host: r.Host, URL: &url.URL{Path: path}}
		if _, pattern := a.mux.Handler(probe); pattern != "" {
			return pattern
		}
	}
	return ""
}

// trimmed takes the slash off the end of the path.
func trimmed(r *http.Request) *http.Request {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if path == r.URL.Path || path == "" {
		return r
	}
	clone := *r
	trimmed := *r.URL
	trimmed.Path, trimmed.RawPath = path, strings.TrimSuffix(trimmed.RawPath, "/")
	clone.URL = &trimmed
	return &clone
}
