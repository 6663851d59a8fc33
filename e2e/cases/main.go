// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command cases turns what replays have left, a directory each with replay.json
// and the events of its server, into recordings for the tests of package diagnose.
// It is for the tests and not shipped.
//
//	cases FROM TO
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/redial-rtc/redial/internal/diagnose"
	"github.com/redial-rtc/redial/internal/diagnose/recording"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/sqlite"
	"github.com/redial-rtc/redial/internal/explain"
	"github.com/redial-rtc/redial/internal/report"
)

// replay is replay.json: a recording that has no cases yet.
type replay struct {
	recording.Recording
	Events []string `json:"events"` // ids of the failures to be explained
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: cases FROM TO")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "cases:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, from, to string) error {
	dirs, err := filepath.Glob(filepath.Join(from, "*", "replay.json"))
	if err != nil {
		return err
	}
	if len(dirs) == 0 {
		return fmt.Errorf("no replay in %s", from)
	}
	var failed []error
	for _, path := range dirs {
		if err := record(ctx, path, to); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", filepath.Base(filepath.Dir(path)), err))
		}
	}
	return errors.Join(failed...)
}

// record writes the recording of one replay.
func record(ctx context.Context, path, to string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var r replay
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, filepath.Join(filepath.Dir(path), "data"), nil, sqlite.Words(report.Vocabulary()))
	if err != nil {
		return err
	}
	defer store.Close()
	all, err := failures(ctx, store)
	if err != nil {
		return err
	}
	ids := r.Events
	if r.Control() {
		for i := range all {
			ids = append(ids, all[i].ID)
		}
	}
	r.Cases = []diagnose.Case{}
	for _, id := range ids {
		e, err := store.Get(ctx, id)
		if err != nil {
			return err
		}
		if wait := time.Until(e.Time.Add(diagnose.NearWithin)); wait > 0 {
			fmt.Printf("%s: waits %v for what might still be told\n", r.Name, wait.Round(time.Second))
			time.Sleep(wait)
		}
		c, err := explain.Case(ctx, store, &e)
		if err != nil {
			return err
		}
		c.At = e.Time.Add(diagnose.NearWithin) // not when this runs, which is of no account
		r.Cases = append(r.Cases, *c)
	}
	if !r.Control() && len(r.Cases) == 0 {
		return errors.New("no failure to explain")
	}
	raw, err = json.MarshalIndent(r.Recording, "", " ")
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d failures, %d of them told as cases\n", r.Name, len(all), len(r.Cases))
	return os.WriteFile(filepath.Join(to, r.Name+".json"), append(anonymous(raw), '\n'), 0o644)
}

// failures gives every failure of a store, as many as a page has.
func failures(ctx context.Context, store event.Store) ([]event.Event, error) {
	page, err := store.Query(ctx, event.Query{Errors: true, Limit: event.MaxLimit})
	return page.Events, err
}

var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{24}\b|\b[0-9a-f]{32}\b`)

// anonymous puts a number for every id, the same for the same one.
func anonymous(raw []byte) []byte {
	seen := map[string]int{}
	return ids.ReplaceAllFunc(raw, func(id []byte) []byte {
		n, known := seen[string(id)]
		if !known {
			n = len(seen) + 1
			seen[string(id)] = n
		}
		return fmt.Appendf(nil, "id-%d", n)
	})
}
