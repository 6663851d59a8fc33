// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redial-rtc/redial/fault"
)

// TestReportsAreLimited fails more often in a minute than may be reported.
func TestReportsAreLimited(t *testing.T) {
	var got atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/client/report" {
			got.Add(1)
		}
	}))
	defer web.Close()
	r, err := newSession(Config{Endpoint: web.URL, Token: "e30.eyJyb29tX2lkIjoiciJ9.x"}.withDefaults())
	if err != nil {
		t.Fatal(err)
	}
	defer r.shutdown(nil, false)
	fail := func() {
		r.rep.failed("publish.failed", "PUBLISH", asFault(fault.DeviceLost.New(), fault.OpCapture), false)
		r.rep.flush()
	}
	for range reportsAMinute + 50 {
		fail()
	}
	if n := got.Load(); n != reportsAMinute {
		t.Errorf("%d reports were sent in a minute, want %d", n, reportsAMinute)
	}
	r.rep.mu.Lock()
	r.rep.minute = r.rep.minute.Add(-time.Minute) // it passes
	r.rep.mu.Unlock()
	fail()
	if n := got.Load(); n != reportsAMinute+1 {
		t.Errorf("%d reports were sent once the minute was over, want %d", n, reportsAMinute+1)
	}
}
