// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Package admin is a client of the REST API of a Redial server: rooms and
// templates, room codes and tokens, who is in a room now, past sessions, events,
// why calls failed, faults provoked on purpose, and webhooks. The reference is
// docs/rest.md, docs/events.md, docs/why.md, docs/injection.md and docs/webhooks.md.
//
//	c, err := admin.New(admin.Config{URL: "https://video.example.org", Token: management})
//	room, err := c.Rooms.Create(ctx, admin.NewRoom{Name: "lobby"})
//	for e, err := range c.Events.All(ctx, admin.EventFilter{RoomID: room.ID, Errors: true}) { ... }
//
// # Errors
//
// A refusal is an [*Error]: the HTTP status, the server's words, the id of the
// request in its log, and the fault, which unwraps, so that
// errors.Is(err, fault.RoomNotFound) and errors.As(err, &f) with a *fault.Error
// work. A fault that this program does not know, of a newer server, keeps its id
// and words; see [fault.Unlisted]. A server that cannot be reached is
// [fault.EndpointUnreachable], a reply that cannot be understood
// [fault.ResponseMalformed], and a context that has ended [fault.RequestCancelled]
// with the context's error as its cause. Arguments that no server could take are
// [fault.FieldInvalid] and are not sent.
//
// # Trying again
//
// Nothing is tried twice unless [Config].Attempts says so. Then a call that was
// refused with 429 is made again, whichever it is, after as long as the server's
// Retry-After asks: the server has not begun it. A call that got no answer, or 502,
// 503 or 504, is made again only where doing it twice is the same as doing it
// once: all that only read, and those whose comment says "safe to repeat". No
// pause goes beyond the deadline of the context.
package admin

//go:generate go run ../internal/tsgen/gen
