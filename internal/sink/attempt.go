// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/eventjson"
)

// Headers of a request to a hook. No setting can replace them.
const (
	HeaderSignature = "Redial-Signature" // t=<Unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">,v1=...
	HeaderEventID   = "Redial-Event-Id"
	HeaderEventType = "Redial-Event-Type"
	HeaderAttempt   = "Redial-Attempt"   // from 1
	HeaderReplay    = "Redial-Replay-Id" // only where an event is sent again on request
)

const userAgent = "Redial"

// newClient makes a client that goes nowhere but where it is sent: no
// redirects, no proxy of the environment, no cookies.
func newClient(dial dialFunc, timeout time.Duration, concurrency int) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			DialContext: dial, ForceAttemptHTTP2: true, TLSHandshakeTimeout: timeout,
			MaxIdleConnsPerHost: concurrency, IdleConnTimeout: 90 * time.Second,
			MaxResponseHeaderBytes: 32 << 10, DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came of one request.
type answer struct {
	status     int // 0 without an answer
	retryAfter time.Duration
	err        error // nil: 2xx
}

// refused tells whether the receiver works and objects to this very event: the
// statuses that speak of the content (RFC 9110, sections 15.5.1, 15.5.14,
// 15.5.16 and 15.5.21). Any other failure speaks of the receiver.
func (a answer) refused() bool {
	switch a.status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// attempt sends a message once.
func (h *hook) attempt(ctx context.Context, m *message, n int, replayID int64) answer {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(m.body))
	if err != nil {
		return answer{err: withoutURL(err)}
	}
	for name, value := range h.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set(HeaderEventID, m.id)
	req.Header.Set(HeaderEventType, m.kind)
	req.Header.Set(HeaderAttempt, strconv.Itoa(n))
	if replayID != 0 {
		req.Header.Set(HeaderReplay, strconv.FormatInt(replayID, 10))
	}
	if len(h.Secrets) > 0 {
		req.Header.Set(HeaderSignature, sign(h.Secrets, time.Now(), m.body))
	}
	return post(h.client, req)
}

// post sends a request and reads as much of the answer as the connection needs
// to be used again.
func post(client *http.Client, req *http.Request) answer {
	res, err := client.Do(req)
	if err != nil {
		return answer{err: withoutURL(err)}
	}
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // what it says does not matter
	_ = res.Body.Close()
	return judge(res)
}

func judge(res *http.Response) answer {
	a := answer{status: res.StatusCode}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		a.err = fmt.Errorf("answered %d", res.StatusCode)
		if res.StatusCode >= 300 && res.StatusCode <= 399 {
			a.err = fmt.Errorf("answered %d: redirects are not followed", res.StatusCode)
		}
		a.retryAfter = retryAfter(res.Header.Get("Retry-After"))
	}
	return a
}

// retryAfter reads the header (RFC 9110, section 10.2.3).
func retryAfter(text string) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(time.Until(t), 0)
	}
	return 0
}

// withoutURL leaves out the address, which may hold a secret.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// sign gives the value of HeaderSignature.
func sign(secrets []string, now time.Time, body []byte) string {
	t := strconv.FormatInt(now.Unix(), 10)
	var b strings.Builder
	b.WriteString("t=" + t)
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(t + "."))
		mac.Write(body)
		b.WriteString(",v1=" + hex.EncodeToString(mac.Sum(nil)))
	}
	return b.String()
}

// payload is the body: the event as the events API gives it, with its account
// beside its id, where receivers of webhooks look for it.
func payload(e *event.Event) []byte {
	var w struct {
		Version   json.RawMessage `json:"version"`
		ID        json.RawMessage `json:"id"`
		AccountID string          `json:"account_id"`
		Timestamp json.RawMessage `json:"timestamp"`
		Type      json.RawMessage `json:"type"`
		Data      json.RawMessage `json:"data"`
		Redial    json.RawMessage `json:"redial"`
	}
	raw := eventjson.Append(nil, e)
	if json.Unmarshal(raw, &w) != nil {
		return raw // cannot happen: it is what was just written
	}
	w.AccountID = e.AccountID
	body, err := json.Marshal(w)
	if err != nil {
		return raw
	}
	return body
}
