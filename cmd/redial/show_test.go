// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestShowIsStoppedInTheMiddleOfACall: who gives up while the command asks how far it has
// come stops the reproduction, and no result is printed.
func TestShowIsStoppedInTheMiddleOfACall(t *testing.T) {
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	stopped := make(chan struct{}, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			giveUp()
			<-r.Context().Done()
			return
		case http.MethodDelete:
			stopped <- struct{}{}
		}
		_, _ = io.WriteString(w, `{"event": "1", "state": "running"}`)
	}))
	defer srv.Close()
	var out, errOut bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errOut, getenv: func(name string) string {
		return map[string]string{"REDIAL_SERVER": srv.URL, "REDIAL_TOKEN": "right"}[name]
	}}
	code := run(ctx, e, []string{"show", "01a2f3c4-5d0d-8f2e-9c11-2b6a0a3967d5"})
	if code == exitOK || out.Len() > 0 {
		t.Errorf("exit %d, printed %q", code, out.String())
	}
	select {
	case <-stopped:
	default:
		t.Errorf("it goes on; told %q", errOut.String())
	}
}
