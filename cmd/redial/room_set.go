// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redial-rtc/redial/admin"
)

const roomHelp = `Shows a room of a running server, makes one, and says who may come in and how many
may stream.

  redial room demo                    how it is set
  redial room demo -create            make it if there is none, and print its links
  redial room demo -links             the link of each role, for the page of this server
  redial room demo -lock              nobody new gets in; who is inside stays
  redial room demo -unlock            they do again
  redial room demo -max-streaming 6   six may publish at once; who only watches does
                                      not count; 0 is no limit

ROOM is an id, a name or a room code; what -create makes has a name. Whoever has a
link may come in with its role. A room that is locked is not locked again,
so that one of two who lock it knows that it was first. The token is a management
token, from -token or REDIAL_TOKEN.`

func runRoom(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "room ROOM [-create] [-links] [-lock | -unlock] [-max-streaming N] [flags]", roomHelp)
	var (
		create = f.Bool("create", false, "make the room if there is none of that name, and print its links")
		links  = f.Bool("links", false, "print the link of each role")
		lock   = f.Bool("lock", false, "let nobody new in")
		unlock = f.Bool("unlock", false, "take the lock off, if there is one")
		most   = f.Int("max-streaming", 0, "how many may publish at once, up to 20000; `0` is no limit")
		server = newServerFlags(e, f, "")
		asJSON = f.Bool("json", false, "print the room as JSON")
	)
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	if *lock && *unlock {
		return usagef("-lock and -unlock are opposites; give one of them")
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	if *create {
		if _, err := c.Rooms.Create(ctx, admin.NewRoom{Name: rest[0]}); err != nil {
			return said(c, err)
		}
		*links = true
	}
	id, err := findRoom(ctx, c, rest[0])
	if err != nil {
		return err
	}
	r, err := c.Rooms.Get(ctx, id)
	if err == nil && f.given("max-streaming") {
		r, err = c.Rooms.Update(ctx, id, admin.RoomChange{MaxStreaming: most})
	}
	switch {
	case err != nil:
	case *lock:
		r, err = c.Rooms.Lock(ctx, id)
	case *unlock:
		r, err = c.Rooms.Unlock(ctx, id)
	}
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		raw, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return printReply(e, raw)
	}
	state, limit := "open", "no limit"
	switch {
	case !r.Enabled:
		state = "disabled"
	case r.Locked:
		state = "locked"
	}
	if r.MaxStreaming > 0 {
		limit = fmt.Sprint(r.MaxStreaming)
	}
	if _, err = fmt.Fprintf(e.stdout, "%s  %s, %s, streaming: %s\n", r.ID, clean(r.Name), state, limit); err != nil || !*links {
		return err
	}
	return printLinks(ctx, e, c, id)
}

// printLinks prints where each role comes in on the server's own page.
func printLinks(ctx context.Context, e *env, c *admin.Client, room string) error {
	codes, err := c.RoomCodes.CreateAll(ctx, room)
	if err != nil {
		return said(c, err)
	}
	for _, code := range codes {
		if _, err := fmt.Fprintf(e.stdout, "%-10s  %s/#code=%s\n", clean(code.Role), strings.TrimRight(c.URL(), "/"), clean(code.Code)); err != nil {
			return err
		}
	}
	return nil
}
