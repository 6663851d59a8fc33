// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/registry"
)

// acts are the routes of which it is kept who called them.
var acts = map[string]string{
	"POST /v2/active-rooms/{room}/remove-peers":      "peer.remove",
	"POST /v2/active-rooms/{room}/peers/{peer}/mute": "peer.mute",
	"POST /v2/active-rooms/{room}/end-room":          "room.end",
	"POST /v2/rooms/{room}/lock":                     "room.lock",
	"POST /v2/rooms/{room}/unlock":                   "room.unlock",
	"POST /api/v1/injections":                        "injection.add",
	"DELETE /api/v1/injections/{id}":                 "injection.remove",
	"DELETE /api/v1/injections":                      "injection.clear",
	"PUT /api/v1/causes/{cause}/mute":                "cause.mute",
	"DELETE /api/v1/causes/{cause}/mute":             "cause.unmute",
	"POST /api/v1/tokens/revoke":                     "token.revoke",
	"POST /api/v1/events/{id}/share":                 "failure.share",
	"DELETE /api/v1/shares/{link}":                   "failure.unshare",
	"POST /api/v1/probes":                            "failure.ask",
	"DELETE /api/v1/probes/{link}":                   "failure.unask",
	"POST /api/v1/events/{id}/reproduction":          "failure.reproduce",
	"DELETE /api/v1/events/{id}/reproduction":        "failure.reproduce.stop",
}

// looks are the routes of which it is kept that somebody at the console called them.
var looks = map[string]string{
	"POST /api/v1/search":               "people.search",
	"GET /api/v1/events/{id}/diagnosis": "failure.open",
}

// maxTarget is how much of the path of a call is kept.
const maxTarget = 512

// audited keeps who makes a call before it is made, and what became of it after. At the
// console nothing is done of which that cannot be kept; what a backend asks for with its
// management token is, and the log has it.
func (a *API) audited(pattern string, serve Handler) Handler {
	action, acts := acts[pattern]
	if !acts {
		action = looks[pattern]
	}
	if action == "" {
		return serve
	}
	return func(c *Call) (any, error) {
		if !acts && !c.atConsole() {
			return serve(c)
		}
		kept := a.cfg.Registry.Operations()
		target := c.Request.URL.Path
		if link := c.Path("link"); link != "" { // which is a secret
			target = strings.TrimSuffix(target, link)
		}
		id, err := kept.Begin(c.Context(), registry.Deed{
			Account: c.Claims.Account, By: c.Claims.AccessKey + "/" + c.Claims.ID, Address: event.Mask(c.addr.String()),
			Action: action, Target: clip(target[:min(len(target), maxTarget)]), Request: c.ID,
		})
		if err != nil {
			if acts && c.atConsole() {
				return nil, err
			}
			c.Log.Error("it is not kept who made a call", "action", action, "by", c.Claims.AccessKey, "err", err)
			return serve(c)
		}
		reply, failed := serve(c)
		outcome := "done"
		if failed != nil {
			outcome = fault.From(failed, c.route.Op).Kind.ID
		}
		if err := kept.Finish(context.WithoutCancel(c.Context()), id, outcome, c.concerns); err != nil {
			c.Log.Error("it is not kept what became of a call", "action", action, "err", err)
		}
		return reply, failed
	}
}

// atConsole tells whether a call comes from the console.
func (c *Call) atConsole() bool { return c.Context().Value(vouchedKey{}) != nil }

// concern notes an id that a call concerns and its path does not name, for the audit.
func (c *Call) concern(name, id string) {
	if id == "" {
		return
	}
	if c.concerns == nil {
		c.concerns = map[string]any{}
	}
	c.concerns[name] = clip(id)
}

// deedBody is something that somebody did.
type deedBody struct {
	ID      int64          `json:"id"`
	At      time.Time      `json:"at"`
	By      string         `json:"by"`
	Address string         `json:"address"`
	Action  string         `json:"action"`
	Target  string         `json:"target"`
	Request string         `json:"request_id"`
	Outcome string         `json:"outcome"`
	Details map[string]any `json:"details"`
}

type auditBody struct {
	Limit int        `json:"limit"`
	Audit []deedBody `json:"audit"`
	Next  string     `json:"next"` // the start of the next page; "" on the last one
}

// maxAuditPage is how many rows one page has at most.
const maxAuditPage = 1000

// audit lists who did what, the newest first: fault.FieldInvalid.
func (a *API) audit(c *Call) (any, error) {
	limit, err := c.QueryInt("limit")
	if err != nil {
		return nil, err
	}
	if limit == 0 {
		limit = 100
	}
	if limit < 1 || limit > maxAuditPage {
		return nil, fault.FieldInvalid.New("field", "limit", "want", "1 to "+strconv.Itoa(maxAuditPage))
	}
	start, err := c.QueryInt("start")
	if err != nil {
		return nil, err
	}
	if start < 0 {
		return nil, fault.FieldInvalid.New("field", "start", "reason", "is not the next of a page")
	}
	found, err := a.cfg.Registry.Operations().Audit(c.Context(), c.Claims.Account, int64(start), limit+1)
	if err != nil {
		return nil, err
	}
	body := auditBody{Limit: limit, Audit: []deedBody{}}
	if len(found) > limit {
		found = found[:limit]
		body.Next = strconv.FormatInt(found[limit-1].ID, 10)
	}
	for _, d := range found {
		if d.Details == nil {
			d.Details = map[string]any{}
		}
		body.Audit = append(body.Audit, deedBody{d.ID, d.At, d.By, d.Address, d.Action, d.Target, d.Request, d.Outcome, d.Details})
	}
	return body, nil
}
