// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/limit"
	"github.com/redial-rtc/redial/internal/report"
)

// Holders knows whose client was told which ICE credentials;
// participant.Service is one.
type Holders interface {
	Holder(ufrag, pwd string) (event.Subject, bool)
}

// WitnessConfig is what the route of witnesses is built from.
type WitnessConfig struct {
	Recorder *event.Recorder
	Holders  Holders
	Rate     Rate // of reports about one peer; zero = 30 a minute
}

// WitnessRoutes is the door at which clients' own devices tell what they knew.
func WitnessRoutes(cfg WitnessConfig) []Route {
	w := witnesses{cfg, limit.New(cfg.Rate.Or(Rate{PerSecond: 0.5, Burst: 30}))}
	return []Route{{Pattern: "POST /api/v1/witness", Access: Open, Op: fault.OpReport, MaxBody: report.MaxWitnessBody, Serve: w.report}}
}

type witnesses struct {
	cfg  WitnessConfig
	rate *limit.Callers // by peer
}

// witnessed answers a report.
type witnessed struct {
	Peers int `json:"peers"` // whose failures it is added to
}

// report takes what the device of a client tells. It is about those whose ICE
// credentials it shows, and nobody else: they go over signalling alone, so that
// nobody but a peer's own client has them. It names no peer, room or user itself.
func (w witnesses) report(c *Call) (any, error) {
	body, err := c.Body()
	if err != nil {
		return nil, err
	}
	shown, facts, err := report.Witness(body, time.Now())
	if err != nil {
		return nil, err
	}
	type peer struct{ room, id string }
	about := map[peer]event.Subject{}
	for _, s := range shown {
		if of, ok := w.cfg.Holders.Holder(s.Ufrag, s.Pwd); ok {
			about[peer{of.RoomID, of.PeerID}] = of
		}
	}
	if len(about) == 0 {
		return nil, fault.FieldInvalid.New("field", "credentials", "reason", "are those of nobody who is here, or was within the last 2 minutes",
			"want", "ice-ufrag and ice-pwd of a description that this server gave")
	}
	raw := facts.AppendJSON(nil)
	for of := range about {
		if wait := w.rate.Take(of.room + "/" + of.id); wait > 0 {
			return nil, rateLimited(wait)
		}
	}
	for _, of := range about {
		if err := w.cfg.Recorder.Witness(of, raw); err != nil {
			return nil, busy(err)
		}
	}
	return witnessed{Peers: len(about)}, nil
}
