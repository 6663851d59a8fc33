// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/internal/config"
)

// counter reads one number of /metrics.
func (s *site) counter(name string) float64 {
	s.t.Helper()
	res, err := http.Get(s.s.URL() + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindSubmatch(b)
	if m == nil {
		s.t.Fatalf("%s is not among the metrics", name)
	}
	v, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// BenchmarkRepairs counts what a viewer is sent over a path that loses one packet in
// twenty in both directions, for each packet of the picture. 1.05 is what losses make
// necessary. An operation is one packet that the viewer reads.
func BenchmarkRepairs(b *testing.B) {
	s := newSite(b, func(c *config.Config) { c.Inject.Enabled = true })
	pub := s.join(s.config("host", "publisher"))
	if _, err := pub.Publish(b.Context(), client.Pattern()); err != nil {
		b.Fatal(err)
	}
	tracks := make(chan *client.RemoteTrack, 1)
	cfg := s.config("guest", "viewer")
	cfg.AutoSubscribe = client.LayerHigh
	cfg.Listener.OnTrack = func(t *client.RemoteTrack) { tracks <- t }
	viewer := s.join(cfg)
	video := <-tracks
	read := func() {
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		defer cancel()
		if _, err := video.ReadRTP(ctx); err != nil {
			b.Fatal(err)
		}
	}
	read()
	grant, err := s.s.InjectToken(time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	s.restAs(grant, "POST", "/api/v1/injections", `{"at":"loss","probability":0.05,"side":"subscribe","packets":"media","for":"1h","room":"`+s.demo.ID+`","peer":"`+viewer.PeerID()+`"}`)
	const sent, again, asked = `redial_sfu_packets_total{direction="out"}`, `redial_sfu_repeated_packets_total`, `redial_sfu_nacked_packets_total{direction="in"}`
	s0, a0, n0 := s.counter(sent), s.counter(again), s.counter(asked)
	b.ResetTimer()
	for b.Loop() {
		read()
	}
	b.StopTimer()
	s1, a1, n1 := s.counter(sent)-s0, s.counter(again)-a0, s.counter(asked)-n0
	b.ReportMetric((s1+a1)/s1, "sent/needed")
	b.ReportMetric(n1/s1, "asked/needed")
	b.ReportMetric(0, "ns/op") // as fast as the picture is
}
