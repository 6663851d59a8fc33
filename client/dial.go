// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/fault"
)

const (
	maxAnswer       = 1 << 20 // bytes of an HTTP answer that are read
	protocolVersion = "2.5"
	protocolSpec    = "20250115"
	sdkVersion      = "1.0.0"
)

// httpClient is the way to the server: the requests that come before the socket.
type httpClient struct {
	origin *url.URL
	http   *http.Client
	agent  string
	step   time.Duration
}

// newHTTPClient uses a transport of its own that keeps nothing open, so that a
// session leaves no connection behind. Opening a TCP connection may take dial.
func newHTTPClient(cfg Config, origin *url.URL, dial time.Duration) *httpClient {
	dialer := &net.Dialer{Timeout: dial, KeepAlive: 15 * time.Second}
	return &httpClient{
		origin: origin, agent: agent(cfg), step: cfg.StepTimeout,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
				DisableKeepAlives: true, ResponseHeaderTimeout: cfg.StepTimeout, TLSHandshakeTimeout: cfg.StepTimeout,
			},
			// A redirect would carry the token to wherever it points.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// agent is the text by which the server tells clients apart.
func agent(cfg Config) string {
	parts := []string{
		"os:" + runtime.GOOS, "os_version:" + runtime.GOARCH, "sdk:go", "sdk_version:" + sdkVersion,
		"device_model:" + runtime.Version(),
	}
	keys := make([]string, 0, len(cfg.Agent))
	for k := range cfg.Agent {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	clean := strings.NewReplacer(",", "_", ":", "_", " ", "_")
	for _, k := range keys {
		parts = append(parts, clean.Replace(k)+":"+clean.Replace(cfg.Agent[k]))
	}
	return strings.Join(parts, ",")
}

// loopback tells whether the server is on this machine, where host candidates
// of the loopback interface make sense.
func (d *httpClient) loopback() bool {
	host := d.origin.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ask makes one HTTP request and returns status and body. It fails with what
// unreachable says.
func (d *httpClient) ask(ctx context.Context, op fault.Op, method, path, bearer string, body []byte) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, d.step)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.origin.String()+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, asFault(fault.EndpointInvalid.Wrap(err), op)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("user_agent_v2", d.agent)
	res, err := d.http.Do(req)
	if err != nil {
		return 0, nil, unreachable(err, op)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, nil, unreachable(err, op)
	}
	return res.StatusCode, answer, nil
}

// exchange gives a token for a room code.
func (d *httpClient) exchange(ctx context.Context, cfg Config) (string, error) {
	ask := map[string]string{"code": cfg.RoomCode, "user_id": cfg.UserID}
	if cfg.RoomID != "" {
		ask["room_id"] = cfg.RoomID
	}
	body, _ := json.Marshal(ask)
	status, answer, err := d.ask(ctx, fault.OpToken, http.MethodPost, "/v2/token", "", body)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", refusedHTTP(status, answer, fault.OpToken)
	}
	var got struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", asFault(fault.ResponseNotJSON.Wrap(err), fault.OpToken)
	}
	return got.Token, nil
}

// init asks where and how to connect.
func (d *httpClient) init(ctx context.Context, token, peer string) (wireInit, error) {
	var in wireInit
	q := url.Values{"peer_id": {peer}, "user_agent_v2": {d.agent}}
	status, answer, err := d.ask(ctx, fault.OpInit, http.MethodGet, "/init?"+q.Encode(), token, nil)
	switch {
	case err != nil:
		return in, err
	case status != http.StatusOK:
		return in, refusedHTTP(status, answer, fault.OpInit)
	case len(bytes.TrimSpace(answer)) == 0:
		return in, asFault(fault.ResponseEmpty.New(), fault.OpInit)
	}
	if err := json.Unmarshal(answer, &in); err != nil {
		return in, asFault(fault.ResponseNotJSON.Wrap(err), fault.OpInit)
	}
	if u, err := url.Parse(in.Endpoint); err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return in, asFault(fault.InitConfigMissing.New("field", "endpoint", "got", clip(in.Endpoint, 100)), fault.OpInit)
	}
	return in, nil
}

// open opens the socket. A refused upgrade that says why is worded so.
func (d *httpClient) open(ctx context.Context, endpoint, token, peer string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.step)
	defer cancel()
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, asFault(fault.InitConfigMissing.Wrap(err, "field", "endpoint"), fault.OpConnect)
	}
	q := u.Query()
	for k, v := range map[string]string{
		"peer": peer, "token": token, "user_agent_v2": d.agent,
		"protocol_version": protocolVersion, "protocol_spec": protocolSpec,
	} {
		q.Set(k, v)
	}
	u.RawQuery = q.Encode()
	ws, res, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{
		HTTPClient: d.http, CompressionMode: websocket.CompressionDisabled,
	})
	if err == nil {
		return ws, nil
	}
	err = hideToken(err, token)
	if res == nil {
		if ctx.Err() == context.Canceled {
			return nil, asFault(ctx.Err(), fault.OpConnect)
		}
		return nil, asFault(fault.SignalUpgrade.Wrap(err), fault.OpConnect)
	}
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	var r refusal
	if json.Unmarshal(body, &r) == nil && (r.Fault != "" || r.Code != 0) {
		return nil, r.fault(fault.OpConnect)
	}
	return nil, asFault(fault.SignalUpgrade.Wrap(err, "status", res.StatusCode), fault.OpConnect)
}

// hidden is an error whose text does not hold the token, which is part of the
// socket's address.
type hidden struct {
	err  error
	text string
}

func (h hidden) Error() string { return h.text }
func (h hidden) Unwrap() error { return h.err }

func hideToken(err error, token string) error {
	return hidden{err, strings.ReplaceAll(err.Error(), url.QueryEscape(token), "TOKEN")}
}

// iceServers are those of the configuration, else those of the server.
func iceServers(cfg Config, in wireInit) []webrtc.ICEServer {
	if cfg.ICEServers != nil {
		return cfg.ICEServers
	}
	var out []webrtc.ICEServer
	for _, s := range in.RTC.Servers {
		one := webrtc.ICEServer{URLs: s.URLs}
		if s.Username != "" {
			one.Username, one.Credential = s.Username, s.Credential
		}
		out = append(out, one)
	}
	return out
}
