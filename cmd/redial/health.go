// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/internal/config"
)

const healthHelp = `Asks the server of these settings, on this machine, whether it is ready, and prints
what it says of each of its parts. The exit code is 1 when it is not. Containers
have no other program to ask with. Its certificate is not checked: it is for the
name that clients use. With -wait it asks again until the server is ready.
With -detail and a management token it tells how the server is, as it knows itself:
probes of its addresses, stalls, clock, disk, certificates, use of keys, webhooks.`

// healthPatience is how long a server may take to answer, healthPause how long after
// an answer it is asked again.
const (
	healthPatience = 5 * time.Second
	healthPause    = time.Second
)

func runHealth(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "health [-config FILE] [-wait DURATION] [URL]", healthHelp)
	file := f.String("config", "", "take the server's address from this YAML `FILE`")
	wait := f.Duration("wait", 0, "ask again until it is ready, for this `DURATION` at most")
	detail := f.Bool("detail", false, "tell how the server is, with a management token")
	token := f.String("token", "", "with -detail, management `TOKEN` (default REDIAL_TOKEN)")
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	if *wait < 0 {
		return usagef("-wait %s is less than nothing; write 1m", *wait)
	}
	base := append(rest, "")[0]
	if base == "" {
		cfg, err := config.Load(*file, e.getenv)
		if err != nil {
			return err
		}
		base = cfg.HTTP.OwnURL(cfg.HTTP.Address)
	}
	if *detail {
		return healthDetail(ctx, e, base, strings.TrimSpace(cmp.Or(*token, e.getenv("REDIAL_TOKEN"))))
	}
	for until := time.Now().Add(*wait); ; {
		checks, err := askHealth(ctx, base)
		if left := time.Until(until); err != nil && left > 0 && !isUsage(err) {
			select {
			case <-ctx.Done():
			case <-time.After(min(healthPause, left)):
				continue
			}
		}
		for _, name := range slices.Sorted(maps.Keys(checks)) {
			fmt.Fprintf(e.stdout, "%-12s %s\n", clean(name), clean(checks[name]))
		}
		return err
	}
}

func isUsage(err error) bool {
	_, is := errors.AsType[*usageError](err)
	return is
}

// healthClient asks a server whose name in its certificate is another.
func healthClient() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}} //nolint:gosec // see the help
}

// healthDetail prints how a server is, as it knows itself.
func healthDetail(ctx context.Context, e *env, base, token string) error {
	if token == "" {
		return usagef("no token; give -token or set REDIAL_TOKEN (%q mints one)", "redial token management")
	}
	c, err := admin.New(admin.Config{URL: base, Token: token, HTTP: healthClient(), Timeout: healthPatience})
	if err != nil {
		return err
	}
	h, err := c.Health(ctx)
	if err != nil {
		return said(c, err)
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(e.stdout, "%-12s %s\n", clean(name), clean(fmt.Sprintf(format, args...)))
	}
	for _, name := range slices.Sorted(maps.Keys(h.Checks)) {
		line(name, "%s", h.Checks[name])
	}
	const form = "Mon 02 Jan 15:04 MST"
	if p := h.Process; p != nil {
		line("version", "%s, since %s", cmp.Or(p.Version, "not known"), e.local(p.Started).Format(form))
		line("stall", "%d ms", p.Stall)
		line("clock step", "%d ms", p.Step)
		line("files", "%d of %d", p.Files, p.MaxFiles)
	}
	for _, m := range h.Media {
		probe := "never probed"
		switch {
		case !m.Answered.IsZero():
			probe = fmt.Sprintf("probe arrived %.0f s ago", h.At.Sub(m.Answered).Seconds())
		case !m.Probed.IsZero():
			probe = "probe did not arrive"
		}
		line("media", "%s, %s: %d connections from %d networks, %s", m.Address, m.Protocol, m.Through, m.Networks, probe)
	}
	if h.Disk != nil {
		line("disk", "%d MiB free of %d", h.Disk.Free>>20, h.Disk.Size>>20)
	}
	for _, one := range h.Certificates {
		line("certificate", "%s ends %s", one.Domain, e.local(one.Ends).Format(form))
	}
	for _, k := range h.Keys {
		used := "not used since the start"
		if k.LastUsed != nil {
			used = "last used " + e.local(*k.LastUsed).Format(form)
		}
		line("key", "%s, %s", k.Access, used)
	}
	for _, w := range h.Webhooks {
		line("webhook", "%s %s, %d behind", w.Name, w.State, w.Behind)
	}
	if w := h.Witness; w != nil {
		line("witness", "%d of %d failures of the last day told by the client, %d with what its device knew", w.Client, w.Looked, w.Device)
	}
	if !h.Ready {
		return errors.New("it is not ready")
	}
	return nil
}

// askHealth returns what a server says of its parts, and an error if it is not ready.
func askHealth(ctx context.Context, base string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base, "/")+"/readyz", nil)
	if err != nil {
		return nil, usagef("%q is not the address of a server; write http://127.0.0.1:8080", base)
	}
	res, err := healthClient().Do(req)
	if err != nil {
		return nil, fmt.Errorf("it does not answer: %w", err)
	}
	defer res.Body.Close()
	var said struct {
		Checks map[string]string `json:"checks"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said); err != nil || said.Checks == nil {
		return nil, fmt.Errorf("what answers at %s is no Redial server (%s)", base, res.Status)
	}
	if res.StatusCode != http.StatusOK {
		return said.Checks, errors.New("it is not ready")
	}
	return said.Checks, nil
}
