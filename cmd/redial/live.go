// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/redial-rtc/redial/admin"
)

const liveHelp = `Shows how calls fare at this moment.

  redial live                       the rooms in which somebody is, and since when
  redial live -room demo            who is in the room, how their media goes, and what
                                    they do not get and why; once a second
  redial live -room demo -once      the same, once

Of each participant: the path of its media, what it sends and receives, the time of a
round trip, the share of packets lost, and each track that is not forwarded to it.
A server measures only while somebody watches. -json prints what the server says, a
line each. The token is a management token, from -token or REDIAL_TOKEN.`

func runLive(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "live [-room ROOM] [-once] [flags]", liveHelp)
	var (
		room   = f.String("room", "", "this "+roomUsage)
		once   = f.Bool("once", false, "measure once and end")
		asJSON = f.Bool("json", false, "print what the server says as JSON, a line each")
		server = newServerFlags(e, f, "")
	)
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	if *room == "" {
		found, err := c.Live.Rooms(ctx)
		if err != nil {
			return said(c, err)
		}
		return livePrinter{e, *asJSON}.rooms(&found)
	}
	id, err := findRoom(ctx, c, *room)
	if err != nil {
		return err
	}
	stream, err := c.Live.Stream(ctx, id)
	if err != nil {
		return said(c, err)
	}
	defer stream.Close()
	for n := 0; ; n++ {
		now, err := stream.Next()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF):
			fmt.Fprintln(e.stderr, "The session has ended.")
			return nil
		case err != nil:
			return said(c, err)
		case *once && n == 0: // rates take two
			continue
		}
		if err := (livePrinter{e, *asJSON}).room(&now); err != nil || *once {
			return err
		}
	}
}

// livePrinter writes measurements.
type livePrinter struct {
	env  *env
	json bool
}

func (p livePrinter) raw(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = fmt.Fprintf(p.env.stdout, "%s\n", line)
	}
	return err
}

func (p livePrinter) rooms(found *admin.LiveRooms) error {
	if p.json {
		return p.raw(found)
	}
	if len(found.Rooms) == 0 {
		fmt.Fprintln(p.env.stderr, "Nobody is in a call.")
		return nil
	}
	w := tabwriter.NewWriter(p.env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "room\tpeople\ttracks\tsince\t")
	for _, r := range found.Rooms {
		state := ""
		if r.Locked {
			state = "locked"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\n", clean(r.Name), r.Peers, r.Tracks, p.env.local(r.Since).Format("Mon 02 Jan 15:04 MST"), state)
	}
	if more := found.Total - len(found.Rooms); more > 0 {
		fmt.Fprintf(w, "and %d more rooms\n", more)
	}
	return w.Flush()
}

func (p livePrinter) room(now *admin.LiveRoom) error {
	if p.json {
		return p.raw(now)
	}
	w := tabwriter.NewWriter(p.env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(p.env.stdout, "%s  %s  %d in\n", clean(now.Name), p.env.local(now.At).Format("15:04:05 MST"), len(now.Peers))
	fmt.Fprintln(w, "who\trole\tpath\tup\tdown\trtt\tloss\topen\tnot forwarded")
	for i := range now.Peers {
		peer := &now.Peers[i]
		path := peer.Down
		if path == nil {
			path = peer.Up
		}
		var shut []string
		for _, g := range peer.Gates {
			text := fmt.Sprintf("%s %s: %s", g.FromName, g.Kind, g.State)
			if g.Since != nil {
				text += fmt.Sprintf(" %.0f s", max(0, now.At.Sub(*g.Since).Seconds()))
			}
			shut = append(shut, text)
		}
		name := peer.Name
		switch {
		case peer.Away:
			name += " (away)"
		case !peer.Measured:
			name += " (does not answer)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", clean(name), clean(peer.Role), pathWords(path),
			rateWords(peer.Up), rateWords(peer.Down), rttWords(peer.Down), lossWords(peer), peer.Open, clean(strings.Join(shut, ", ")))
	}
	err := w.Flush()
	fmt.Fprintln(p.env.stdout)
	return err
}

func pathWords(p *admin.LivePath) string {
	switch {
	case p == nil:
		return "none"
	case p.Protocol == "" || p.State != "connected":
		return p.State
	}
	return p.Protocol + ", " + p.RemoteType
}

func rateWords(p *admin.LivePath) string {
	switch {
	case p == nil || p.Bitrate == nil:
		return "-"
	case *p.Bitrate >= 1e6:
		return fmt.Sprintf("%.1f Mbit/s", float64(*p.Bitrate)/1e6)
	}
	return fmt.Sprintf("%d kbit/s", *p.Bitrate/1000)
}

func rttWords(p *admin.LivePath) string {
	if p == nil || p.RTT == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f ms", *p.RTT)
}

// lossWords is the worse of both directions.
func lossWords(p *admin.LivePeer) string {
	worst := -1.0
	for _, path := range []*admin.LivePath{p.Up, p.Down} {
		if path != nil && path.Loss != nil {
			worst = max(worst, *path.Loss)
		}
	}
	if worst < 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", worst*100)
}
