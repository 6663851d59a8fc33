// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"github.com/coder/websocket"
)

// relay carries a server's wire and, once it is armed, spoils its offers. Media
// does not pass through it.
func relay(ctx context.Context, address string) error {
	far, err := url.Parse(address)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var armed atomic.Bool
	here := l.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /arm", func(http.ResponseWriter, *http.Request) { armed.Store(true) })
	proxy := httputil.NewSingleHostReverseProxy(far)
	proxy.ModifyResponse = func(res *http.Response) error { return redirect(res, far, here) }
	mux.Handle("/", proxy)
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		carry(w, r, far, func(frame []byte) []byte {
			if !armed.Load() {
				return frame
			}
			return planB(frame)
		})
	})
	srv := &http.Server{Handler: mux}
	go func() { <-ctx.Done(); _ = srv.Close() }()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]string{"event": "ready", "url": "http://" + here})
	if err := srv.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// redirect makes the answer to /init name the relay.
func redirect(res *http.Response, far *url.URL, here string) error {
	if res.Request.URL.Path != "/init" {
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(body), "ws://"+far.Host+"/", "ws://"+here+"/")
	res.Body = io.NopCloser(strings.NewReader(text))
	res.ContentLength = int64(len(text))
	res.Header.Set("Content-Length", fmt.Sprint(len(text)))
	return nil
}

// carry joins the two halves of a socket.
func carry(w http.ResponseWriter, r *http.Request, far *url.URL, spoil func([]byte) []byte) {
	near, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer near.CloseNow()
	ctx := context.WithoutCancel(r.Context())
	there, _, err := websocket.Dial(ctx, "ws://"+far.Host+r.URL.RequestURI(), nil)
	if err != nil {
		return
	}
	defer there.CloseNow()
	near.SetReadLimit(1 << 20)
	there.SetReadLimit(1 << 20)
	go func() {
		defer there.CloseNow()
		for {
			kind, b, err := near.Read(ctx)
			if err != nil {
				_ = there.Close(max(websocket.CloseStatus(err), websocket.StatusNormalClosure), "")
				return
			}
			if there.Write(ctx, kind, b) != nil {
				return
			}
		}
	}()
	for {
		kind, b, err := there.Read(ctx)
		if err != nil {
			return
		}
		if near.Write(ctx, kind, spoil(b)) != nil {
			return
		}
	}
}

// offer takes an offer out of a frame; "" when it is something else.
func offer(frame []byte) (text string, params map[string]any) {
	var f struct {
		Method string         `json:"method"`
		Params map[string]any `json:"params"`
	}
	if json.Unmarshal(frame, &f) != nil || f.Method != "offer" {
		return "", nil
	}
	text, _ = f.Params["sdp"].(string)
	return text, f.Params
}

// planB puts a second track into every media section that has one, as servers
// did before Unified Plan (draft-uberti-rtcweb-plan-00).
func planB(b []byte) []byte {
	text, params := offer(b)
	if text == "" {
		return b
	}
	sections := strings.Split(text, "\r\nm=")
	for i, s := range sections {
		if strings.Contains(s, "\r\na=ssrc:") {
			sections[i] = strings.TrimSuffix(s, "\r\n") + fmt.Sprintf("\r\na=ssrc:%d cname:second\r\na=ssrc:%d msid:second second-%d", 4000+i, 4000+i, i)
			if i == len(sections)-1 {
				sections[i] += "\r\n"
			}
		}
	}
	params["sdp"] = strings.Join(sections, "\r\nm=")
	out, _ := json.Marshal(map[string]any{"method": "offer", "params": params})
	return out
}
