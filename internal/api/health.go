// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"time"

	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/evidence"
	"github.com/redial-rtc/redial/internal/sink"
)

// Health is how a server is, as it knows itself. There are no addresses and no secrets
// in it.
type Health struct {
	At           time.Time         `json:"at"`
	Ready        bool              `json:"ready"`
	Checks       map[string]string `json:"checks"` // "ok", or what is wrong
	Process      *evidence.Self    `json:"process"`
	Media        []evidence.Reach  `json:"media"` // each address that clients are told, with the probe of itself
	Disk         *Disk             `json:"disk"`  // nil: not known
	Certificates []Certificate     `json:"certificates"`
	Keys         []KeyUse          `json:"keys"`
	Webhooks     []sink.HookState  `json:"webhooks"`
	Witness      *WitnessCover     `json:"witness"` // nil: not known
}

// WitnessCover is how often the clients' side of failures is known: what only they can
// tell, no rule can find without it.
type WitnessCover struct {
	Since  time.Time `json:"since"`  // a day ago
	Total  int       `json:"total"`  // failures since then
	Looked int       `json:"looked"` // of these, the latest, that were looked at, up to 1,000
	Client int       `json:"client"` // of these, that a client told, alone or beside the server
	Device int       `json:"device"` // of these, with what the client's device knew
}

// maxWitnessed is how many failures are looked at for WitnessCover.
const maxWitnessed = 1000

// CoverOf looks how often the clients' side of an account's failures of the last day is
// known. It fails with fault.StoreUnavailable.
func CoverOf(ctx context.Context, store event.Store, account string, now time.Time) (WitnessCover, error) {
	w := WitnessCover{Since: now.UTC().Add(-event.Day)}
	q := event.Query{AccountID: account, Errors: true, Since: w.Since, Desc: true, Limit: event.MaxLimit}
	for {
		page, err := store.Query(ctx, q)
		if err != nil {
			return w, err
		}
		if q.Start == "" {
			w.Total = page.Total
		}
		for i := range page.Events {
			e := &page.Events[i]
			w.Looked++
			if e.Source != event.FromServer {
				w.Client++
			}
			if len(e.Extra[event.WitnessField]) > 0 {
				w.Device++
			}
		}
		if q.Start = page.Next; q.Start == "" || w.Looked >= maxWitnessed {
			return w, nil
		}
	}
}

// Disk is the filesystem of the data directory, in bytes.
type Disk struct {
	Free uint64 `json:"free"` // that the server may still write
	Size uint64 `json:"size"`
}

// Certificate is one that the server serves.
type Certificate struct {
	Domain string    `json:"domain"`
	Ends   time.Time `json:"ends"`
}

// KeyUse is a key that signs tokens.
type KeyUse struct {
	Access   string     `json:"access_key"`
	LastUsed *time.Time `json:"last_used"` // nil: no good token since the server was started
}

// HealthRoutes are the rows of how the server is; give them to Config. ask tells it, as
// far as it concerns an account.
func HealthRoutes(ask func(ctx context.Context, account string) Health) []Route {
	return []Route{{Pattern: "GET /api/v1/health", Rate: Rate{PerSecond: 2, Burst: 10}, Serve: func(c *Call) (any, error) {
		return ask(c.Context(), c.Claims.Account), nil
	}}}
}
