// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/server"
)

const upgradeHelp = `Says what this version of the program would do to the data directory of another
one when it starts there, and whether it knows all settings of the file. Nothing is
changed, and a server may run on the directory meanwhile: run the new program's
upgrade-check before it is installed.

  redial upgrade-check -config /etc/redial/redial.yaml
  redial upgrade-check /var/lib/redial          the data alone; or a backup

The exit code is 0 when the new version would start, 1 when it would not. A database
that was migrated is refused by earlier versions, so make a backup first.`

func runUpgradeCheck(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "upgrade-check [-config FILE] [-json] [DIR]", upgradeHelp)
	file := f.String("config", "", "check this YAML `FILE` as well, and take data.dir from it")
	asJSON := f.Bool("json", false, "print the result as JSON")
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	r := upgradeResult{Version: readBuild().Version, Dir: append(rest, "")[0], Settings: []config.Problem{}, Files: []upgradeFile{}}
	var settings error
	if r.Dir == "" || *file != "" {
		var cfg config.Config
		cfg, settings = config.Load(*file, e.getenv)
		if r.Dir == "" {
			r.Dir = cfg.Data.Dir
		}
		if found, ok := errors.AsType[config.Problems](settings); ok {
			r.Settings = found
		} else if settings != nil {
			return settings // there is no such file, so it names no directory
		}
	}
	found, err := server.Upgrades(ctx, r.Dir)
	if err != nil {
		return errors.Join(settings, err)
	}
	err = settings
	for _, u := range found {
		one := upgradeFile{Name: u.Name, From: u.From, To: u.To, Steps: append([]string{}, u.Steps...)}
		if one.OK = u.Err == nil; !one.OK {
			known := fault.From(u.Err, fault.OpServe)
			one.Fault, one.Message = known.Kind.ID, known.Error()
			err = errors.Join(err, u.Err)
		}
		r.Migrates = r.Migrates || len(u.Steps) > 0
		r.Files = append(r.Files, one)
	}
	r.OK = err == nil
	if !*asJSON {
		printUpgrade(e, r, found)
		return err
	}
	if bad := json.NewEncoder(e.stdout).Encode(r); bad != nil {
		return bad
	}
	if !r.OK {
		return &exitError{exitFailure, errors.New("this version would not start here")}
	}
	return nil
}

// upgradeResult is what -json prints.
type upgradeResult struct {
	Version  string           `json:"version"` // of this program
	Dir      string           `json:"dir"`
	OK       bool             `json:"ok"`       // this version would start
	Migrates bool             `json:"migrates"` // and would change a database, for good
	Settings []config.Problem `json:"settings"` // what is wrong with the file
	Files    []upgradeFile    `json:"files"`
}

type upgradeFile struct {
	Name    string   `json:"name"`
	From    int      `json:"from"` // versions of the schema
	To      int      `json:"to"`
	OK      bool     `json:"ok"`
	Steps   []string `json:"steps"`
	Fault   string   `json:"fault,omitempty"`
	Message string   `json:"message,omitempty"`
}

func printUpgrade(e *env, r upgradeResult, found []datafile.Upgrade) {
	fmt.Fprintf(e.stdout, "What redial %s would do in %s:\n\n", r.Version, r.Dir)
	for _, u := range found {
		switch {
		case u.Err != nil:
			fmt.Fprintf(e.stdout, "%s  cannot be used\n", u.Name)
		case len(u.Steps) == 0:
			fmt.Fprintf(e.stdout, "%s  nothing\n", u.Name)
		case u.From == u.To:
			fmt.Fprintf(e.stdout, "%s  version %d stays\n", u.Name, u.To)
		default:
			fmt.Fprintf(e.stdout, "%s  version %d becomes %d\n", u.Name, u.From, u.To)
		}
		for _, step := range u.Steps {
			fmt.Fprintf(e.stdout, "    - %s\n", step)
		}
	}
	switch {
	case !r.OK:
		fmt.Fprint(e.stdout, "\nIt would not start.\n")
	case r.Migrates:
		fmt.Fprintf(e.stdout, "\nEarlier versions cannot go back to this. Make a backup first: redial backup DIR\n")
	default:
		fmt.Fprint(e.stdout, "\nIt would start as it is.\n")
	}
}
