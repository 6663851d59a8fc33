// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/doctor"
	"github.com/redial-rtc/redial/internal/server"
)

const doctorHelp = `Looks for what keeps calls from working, and says of each finding why and what to do.

On the server, with the settings it runs with and as its user or as root:

  redial doctor -config /etc/redial/redial.yaml

looks at the settings, ports, media addresses, DNS, certificate, TURN, disk, file
descriptors, the kernel's buffers, the clock and the unit of systemd. The server may
run or not; whether its own media addresses lead back to it is known when it does.
A time server is asked only if one is named (-ntp).

On another machine, outside of the server's network:

  REDIAL_TOKEN=... redial doctor -from video.example.org

joins as a client does, over UDP alone and over TCP alone, and makes a relay at each
TURN server that clients are told of: so it sees which ports are open from there. The
token is a management token ("redial token management"), with which it makes a room
called redial-doctor, or a room token.

The exit code is 1 when something fails, 0 with warnings.`

func runDoctor(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "doctor [-config FILE | -from HOST] [flags]", doctorHelp)
	var (
		file   = f.String("config", "", "take the server's settings from this YAML `FILE`")
		from   = f.String("from", "", "look from this machine at the server at `HOST` or URL, as its clients do")
		token  = f.String("token", "", "a management or room `TOKEN` for -from (default REDIAL_TOKEN)")
		roots  = f.String("roots", "", "with -from, believe certificates of the authorities in this PEM `FILE` as well")
		ntp    = f.String("ntp", "", "compare the clock with the time server at `HOST`")
		unit   = f.String("unit", "redial.service", "the server's `UNIT` of systemd")
		asJSON = f.Bool("json", false, "print the report as JSON")
	)
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	for _, other := range []string{"config", "ntp", "unit"} {
		if *from != "" && f.given(other) {
			return usagef("-%s is for the server's own machine, and -from for another; give one of them", other)
		}
	}
	for _, other := range []string{"token", "roots"} {
		if *from == "" && f.given(other) {
			return usagef("-%s goes with -from", other)
		}
	}
	var report *doctor.Report
	if *from != "" {
		outside := doctor.Outside{URL: *from, Token: strings.TrimSpace(cmp.Or(*token, e.getenv("REDIAL_TOKEN")))}
		if !strings.Contains(*from, "://") {
			outside.URL = "https://" + *from
		}
		var err error
		if outside.Roots, err = readRoots(*roots); err != nil {
			return err
		}
		if report, err = doctor.From(ctx, outside); err != nil {
			return err
		}
	} else {
		local := doctor.Local{File: *file, NTP: *ntp, Unit: *unit}
		var err error
		local.Config, err = config.Load(*file, e.getenv, server.AddressProblems)
		if problems, is := errors.AsType[config.Problems](err); is {
			local.Problems = problems
		} else if err != nil {
			return err
		}
		local.Doubts = server.AddressDoubts(&local.Config)
		report = doctor.Here(ctx, local)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if *asJSON {
		out := json.NewEncoder(e.stdout)
		out.SetIndent("", "  ")
		if err := out.Encode(struct {
			*doctor.Report
			Worst doctor.Status `json:"worst"`
		}{report, report.Worst()}); err != nil {
			return err
		}
	} else {
		printReport(e, report)
	}
	if report.Worst() == doctor.Fail {
		return errors.New("something fails")
	}
	return nil
}

func printReport(e *env, r *doctor.Report) {
	for _, f := range r.Findings {
		fmt.Fprintf(e.stdout, "%-4s  %-12s %s\n", f.Status, f.Check, clean(f.Says))
		if f.Fix != "" {
			fmt.Fprintf(e.stdout, "%-4s  %-12s %s\n", "", "", "fix: "+clean(f.Fix))
		}
	}
}

// readRoots are the system's authorities and those of a file; nil for the system's
// alone.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}
