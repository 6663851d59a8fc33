// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"math"
	"strconv"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
)

// maxRetentionDays is the longest time that an account can name; longer is for
// ever.
const maxRetentionDays = 3650

// retentionBody says for how long the caller's account keeps its events. Days of
// 0 are for ever.
type retentionBody struct {
	Days        float64    `json:"days"`
	DefaultDays float64    `json:"default_days"` // of accounts that have chosen nothing
	Own         bool       `json:"own"`          // the account has chosen
	UpdatedAt   *time.Time `json:"updated_at,omitempty"`
	UpdatedBy   string     `json:"updated_by,omitempty"` // jti of the token
	Evicted     int64      `json:"evicted,omitempty"`    // events that went for want of room, ever
}

func (e *Events) retention(c *Call) (any, error) {
	own, chosen, err := e.cfg.Registry.Retention(c.Context(), c.Claims.Account)
	if err != nil {
		return nil, err
	}
	body := retentionBody{Days: inDays(e.cfg.Retention), DefaultDays: inDays(e.cfg.Retention)}
	if chosen {
		body.Days, body.Own, body.UpdatedAt, body.UpdatedBy = inDays(own.Keep), true, &own.UpdatedAt, own.UpdatedBy
	}
	if store, ok := e.cfg.Recorder.Store().(event.Sized); ok {
		if body.Evicted, err = store.Evicted(c.Context(), c.Claims.Account); err != nil {
			return nil, err
		}
	}
	return body, nil
}

// inDays is a duration in days, to four digits.
func inDays(d time.Duration) float64 { return math.Round(float64(d)/float64(event.Day)*1e4) / 1e4 }

// setRetention lets the account keep its events for a time of its own. What is
// older goes at once.
func (e *Events) setRetention(c *Call) (any, error) {
	var sent struct {
		Days *int `json:"days"`
	}
	if err := c.Decode(&sent); err != nil {
		return nil, err
	}
	switch {
	case sent.Days == nil:
		return nil, fault.FieldMissing.New("field", "days")
	case *sent.Days < 0 || *sent.Days > maxRetentionDays:
		return nil, fault.FieldInvalid.New("field", "days", "want", "a number from 1 to "+strconv.Itoa(maxRetentionDays)+", or 0 for ever")
	}
	keep := time.Duration(*sent.Days) * event.Day
	if err := e.cfg.Registry.SetRetention(c.Context(), c.Claims.Account, keep, c.Claims.ID); err != nil {
		return nil, err
	}
	c.Log.Info("retention of events changed", "account", c.Claims.Account, "days", *sent.Days, "by", c.Claims.ID)
	e.cfg.Recorder.Sweep()
	return e.retention(c)
}

// clearRetention gives the account's own time up.
func (e *Events) clearRetention(c *Call) (any, error) {
	if err := e.cfg.Registry.ClearRetention(c.Context(), c.Claims.Account); err != nil {
		return nil, err
	}
	c.Log.Info("retention of events changed", "account", c.Claims.Account, "days", "default", "by", c.Claims.ID)
	e.cfg.Recorder.Sweep()
	return nil, nil
}
