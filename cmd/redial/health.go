// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
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

	"github.com/redial-rtc/redial/internal/config"
)

const healthHelp = `Asks the server of these settings, on this machine, whether it is ready, and prints
what it says of each of its parts. The exit code is 1 when it is not. Containers
have no other program to ask with. Its certificate is not checked: it is for the
name that clients use. With -wait it asks again until the server is ready.`

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

// askHealth returns what a server says of its parts, and an error if it is not ready.
func askHealth(ctx context.Context, base string) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base, "/")+"/readyz", nil)
	if err != nil {
		return nil, usagef("%q is not the address of a server; write http://127.0.0.1:8080", base)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}} //nolint:gosec // see the help
	res, err := client.Do(req)
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
