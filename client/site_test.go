// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/server"
)

type site struct {
	t    testing.TB
	cfg  config.Config
	s    *server.Server
	demo server.Demo
}

// newSite runs a real server on loopback.
func newSite(t testing.TB, edit ...func(*config.Config)) *site {
	t.Helper()
	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", ""
	cfg.Data.Dir = t.TempDir()
	cfg.Access.Keys = []config.Key{{Access: "AK", Secret: "0123456789abcdefghijklmnopqrstuvwxyz"}}
	cfg.Limits.CPUPercent = 0 // the clients of a test use the same processors
	cfg.Limits.JoinsPerSecond, cfg.Limits.JoinsBurst = 10_000, 10_000
	for _, f := range edit {
		f(&cfg)
	}
	s := &site{t: t, cfg: cfg}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *site) start() {
	s.t.Helper()
	srv, err := server.Start(context.Background(), s.cfg, server.NewLog(s.t.Output(), s.cfg.Log), server.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.s = srv
	if s.demo, err = srv.Demo(context.Background(), "demo", time.Hour); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) stop() {
	if s.s != nil {
		if err := s.s.Stop(context.Background()); err != nil {
			s.t.Error(err)
		}
		s.s = nil
	}
}

func (s *site) config(role, name string) client.Config {
	return client.Config{Endpoint: s.s.URL(), Token: s.demo.Tokens[role], Name: name}
}

func (s *site) join(cfg client.Config) *client.Room {
	s.t.Helper()
	r, err := client.Join(context.Background(), cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(r.Leave)
	return r
}

func TestMediaFlows(t *testing.T) {
	s := newSite(t)
	a := s.join(s.config("host", "alice"))
	if _, err := a.Publish(t.Context(), client.Pattern()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Publish(t.Context(), client.Tone()); err != nil {
		t.Fatal(err)
	}
	tracks := make(chan *client.RemoteTrack, 4)
	cfg := s.config("guest", "bob")
	cfg.AutoSubscribe = client.LayerHigh
	cfg.Listener.OnTrack = func(t *client.RemoteTrack) { tracks <- t }
	s.join(cfg)
	for range 2 {
		select {
		case tr := <-tracks:
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, err := tr.ReadRTP(ctx); err != nil {
				t.Fatal(tr.Info(), err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no track")
		}
	}
}

// rest makes a call of the REST API that has to work and returns its body.
func (s *site) rest(method, path, body string) string {
	s.t.Helper()
	management, err := s.s.ManagementToken(time.Hour)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.restAs(management, method, path, body)
}

func (s *site) restAs(token, method, path, body string) string {
	s.t.Helper()
	req, err := http.NewRequest(method, s.s.URL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %s %s %v", method, path, res.Status, b, err)
	}
	return string(b)
}
