// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"
)

// proxy carries TCP connections to an address, each for so long and no longer, as a
// proxy with a time limit does: it says nothing and ends both sides.
func proxy(ctx context.Context, listen, to, after string) error {
	limit, err := time.ParseDuration(after)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	go func() { <-ctx.Done(); _ = l.Close() }()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]string{"event": "ready"})
	for {
		near, err := l.Accept()
		if err != nil {
			return nil // it was told to end
		}
		go func() {
			defer near.Close()
			far, err := net.Dial("tcp", to)
			if err != nil {
				return
			}
			defer far.Close()
			done := make(chan struct{}, 2)
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				go func() {
					_, _ = io.Copy(way[1], way[0])
					done <- struct{}{}
				}()
			}
			select {
			case <-done:
			case <-time.After(limit):
			}
		}()
	}
}

// prefix carries requests to an address whose path goes before theirs.
func prefix(ctx context.Context, listen, to string) error {
	far, err := url.Parse(to)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: httputil.NewSingleHostReverseProxy(far)}
	go func() { <-ctx.Done(); _ = srv.Close() }()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]string{"event": "ready"})
	if err := srv.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
