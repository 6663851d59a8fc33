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

const consoleHelp = `Prints a link that logs somebody in to the console of a server: once, within a minute.

  redial console                    everything the token may do
  redial console -rights support    find people, read why they failed, share it

The console is there with console.enabled, and at its own address; "redial dev" has it.
The rights are support, read (everything), operate (act in running rooms) and inject, as
of docs/console.md. The token is a management token ("redial token management") or one
of the console ("redial token console"), from -token or from REDIAL_TOKEN. A link never
allows more than the token does.`

func runConsole(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "console [flags]", consoleHelp)
	rights := f.String("rights", "", "allow only `THESE`, with commas: support, read, operate, inject")
	asJSON := f.Bool("json", false, "print one JSON object")
	server := newServerFlags(e, f, "or one of the console ")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	var order admin.ConsoleOrder
	if *rights != "" {
		for right := range strings.SplitSeq(*rights, ",") {
			order.Rights = append(order.Rights, admin.ConsoleRight(strings.TrimSpace(right)))
		}
	}
	c, err := server.client(e, "redial token management")
	if err != nil {
		return err
	}
	link, err := c.Console.Link(ctx, order)
	if err != nil {
		return said(c, err)
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(link)
	}
	_, err = fmt.Fprintln(e.stdout, link.URL)
	return err
}
