// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/sfu"
	"github.com/redial-rtc/redial/internal/sink"
	"github.com/redial-rtc/redial/internal/token"
	"github.com/redial-rtc/redial/internal/vitals"
)

// selfHealth tells how the server is, for its operators.
func (s *Server) selfHealth(self *vitals.Watch, engine *sfu.Engine, tokens *token.Verifier, sinks *sink.Sinks, store event.Store) func(context.Context, string) api.Health {
	return func(ctx context.Context, account string) api.Health {
		ctx, cancel := context.WithTimeout(ctx, checkTimeout)
		defer cancel()
		h := api.Health{
			At: time.Now().UTC(), Ready: !s.health.draining.Load(), Checks: map[string]string{}, Process: self.Evidence(), Media: engine.Reach(),
			Certificates: s.certificates(), Keys: []api.KeyUse{}, Webhooks: []sink.HookState{},
		}
		for _, c := range s.health.checks {
			h.Checks[c.name] = "ok"
			if err := c.ask(ctx); err != nil {
				h.Checks[c.name], h.Ready = err.Error(), false
			}
		}
		if free, size, ok := datafile.Space(s.cfg.Data.Dir); ok {
			h.Disk = &api.Disk{Free: free, Size: size}
		}
		for access, at := range tokens.LastUsed(account) {
			use := api.KeyUse{Access: access}
			if !at.IsZero() {
				use.LastUsed = &at
			}
			h.Keys = append(h.Keys, use)
		}
		slices.SortFunc(h.Keys, func(a, b api.KeyUse) int { return cmp.Compare(a.Access, b.Access) })
		hooks, err := sinks.Of(account).Hooks(ctx)
		if err != nil {
			h.Checks["webhooks"] = err.Error()
		}
		h.Webhooks = append(h.Webhooks, hooks...)
		if cover, err := api.CoverOf(ctx, store, account, h.At); err == nil { // else the check of events says why
			h.Witness = &cover
		}
		return h
	}
}

// certificates are those that are served, as their metric has them.
func (s *Server) certificates() []api.Certificate {
	list := []api.Certificate{}
	if s.cert == nil {
		return list
	}
	families, err := s.metrics.Gather()
	if err != nil {
		s.log.Warn("when certificates end is not known", "err", err)
	}
	for _, f := range families {
		if f.GetName() != "redial_certificate_expiry_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			one := api.Certificate{Ends: time.Unix(int64(m.GetGauge().GetValue()), 0).UTC()}
			for _, l := range m.GetLabel() {
				one.Domain = l.GetValue()
			}
			list = append(list, one)
		}
	}
	return list
}
