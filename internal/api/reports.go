// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"time"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/inject"
	"github.com/redial-rtc/redial/internal/report"
	"github.com/redial-rtc/redial/internal/token"
)

// report takes what an SDK reports. It answers 200 once the report is on disk
// and not before: the SDK forgets a report on 200 and on 401, and sends it again
// on anything else.
func (e *Events) report(c *Call) (any, error) {
	claims, err := e.reporter(c)
	if err != nil {
		return nil, err
	}
	body, err := c.Body()
	if err != nil {
		return nil, err
	}
	subject := event.Subject{AccountID: claims.Account, UserID: claims.UserID, UserProof: claims.UserProof, RoomID: claims.RoomID}
	// A room that does not exist is worth a report too; only a disk that fails is not.
	switch m, err := e.cfg.Registry.RoomNames(c.Context(), claims.RoomID); {
	case err == nil:
		subject.RoomName, subject.TemplateID = m.Name, m.TemplateID
	case !errors.Is(err, fault.RoomNotFound):
		return nil, err
	}
	events, err := report.HTTP(body, c.Request.Header.Get("user_agent_v2"), subject)
	if err != nil {
		return nil, err
	}
	for i := range events {
		if err := e.bind(c, claims, &events[i]); err != nil {
			return nil, err
		}
	}
	e.recall(c, claims, events)
	if err := e.storeInjected(events); err != nil {
		return nil, busy(err)
	}
	// What fits a quota is known when all of it is sent again.
	if err := e.cfg.Recorder.AppendReported(c.Context(), event.Reporter{Token: claims.Digest}, events...); err != nil {
		return nil, busy(err)
	}
	return map[string]any{"stored": len(events)}, nil
}

// knownWithin is for how long a report waits for what the server knew.
const knownWithin = time.Second

// recall puts beside reports what the server knew of them. However many there are, they
// wait for it once.
func (e *Events) recall(c *Call, claims token.Claims, events []event.Event) {
	if e.cfg.Known == nil {
		return
	}
	ctx, stop := context.WithTimeout(c.Context(), knownWithin)
	defer stop()
	for i := range events {
		events[i].Evidence = e.cfg.Known(ctx, claims, &events[i])
	}
}

// storeInjected fails as a full disk does, while that is provoked for one of
// those the events are about.
func (e *Events) storeInjected(events []event.Event) error {
	if e.cfg.Inject.Idle() {
		return nil
	}
	for i := range events {
		s := &events[i].Subject
		if err := e.cfg.Inject.Store(inject.Who{Room: s.RoomID, Peer: s.PeerID, User: s.UserID, Role: s.Role}); err != nil {
			return err
		}
	}
	return nil
}

// reporter checks who reports. A token that has expired still signs: the end of
// a token is a failure like any other, and a report waits in the browser until
// its user comes back, with the token of the call it is about. Nothing is
// granted by it but to add to the record of that room, for as long as events are
// kept.
func (e *Events) reporter(c *Call) (token.Claims, error) {
	claims, err := c.Verify(token.App)
	if err != nil && errors.Is(err, fault.TokenExpired) && time.Since(claims.ExpiresAt) <= e.cfg.Grace {
		return claims, nil
	}
	return claims, err
}

// busy says when to try again.
func busy(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	if errors.Is(f, fault.QueueFull) || errors.Is(f, fault.StoreUnavailable) || errors.Is(f, fault.Draining) {
		later := *f
		later.Details = append(append([]fault.Detail(nil), f.Details...), fault.Detail{Name: "retry_after_seconds", Value: int64(2)})
		return &later
	}
	return err
}

// feedback is refused in so many words: ratings and comments are not events,
// and an app that is told 200 would think they were kept.
func (e *Events) feedback(c *Call) (any, error) {
	if _, err := e.reporter(c); err != nil {
		return nil, err
	}
	return nil, fault.FeatureUnsupported.New("feature", "session feedback")
}
