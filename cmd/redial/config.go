// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/server"
)

const configHelp = `Prints every setting with its default and what it means, as a file to start
from. With -check it reads a file as "redial serve" would, says everything that
is wrong with it, and starts nothing. Media addresses are judged as on the machine
it runs on. With -show it prints the settings in
force, file and environment applied, with secrets hidden.`

func runConfig(_ context.Context, e *env, args []string) error {
	f := newFlags(e, "config [-check FILE | -show FILE] [-json | -markdown]", configHelp)
	check := f.String("check", "", "check this `FILE`")
	show := f.String("show", "", "print the settings in force with this `FILE`")
	asJSON := f.Bool("json", false, "print JSON: the list of settings, or with -check the problems and doubts")
	markdown := f.Bool("markdown", false, "print the page of the docs")
	if _, err := f.parse(args, 0, 0); err != nil {
		return err
	}
	switch {
	case *check != "" && *show != "":
		return usagef("-check and -show do not go together")
	case *check != "":
		return checkConfig(e, *check, *asJSON)
	case *show != "":
		c, err := config.Load(*show, e.getenv)
		if err != nil {
			return err
		}
		return config.Render(e.stdout, c)
	case *asJSON:
		return json.NewEncoder(e.stdout).Encode(config.Settings())
	case *markdown:
		return config.Markdown(e.stdout)
	default:
		return config.Render(e.stdout, config.Default())
	}
}

// checked is what -check says with -json.
type checked struct {
	Valid    bool             `json:"valid"`
	Problems []config.Problem `json:"problems"` // what the server would not start with
	Doubts   []config.Problem `json:"doubts"`   // what works, and is probably not meant
}

func checkConfig(e *env, path string, asJSON bool) error {
	c, err := config.Load(path, e.getenv, server.AddressProblems)
	result := checked{Valid: err == nil, Problems: []config.Problem{}, Doubts: []config.Problem{}}
	if found, ok := errors.AsType[config.Problems](err); ok {
		result.Problems = found
	} else if err != nil {
		result.Problems = []config.Problem{{What: err.Error(), Fix: "name a file that can be read"}}
	} else {
		result.Doubts = append(append(result.Doubts, c.Doubts()...), server.AddressDoubts(&c)...)
	}
	if asJSON {
		if bad := json.NewEncoder(e.stdout).Encode(result); bad != nil {
			return bad
		}
		if err != nil {
			return &exitError{exitFailure, fmt.Errorf("%s is not valid", path)}
		}
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is valid.\n", path)
	for _, d := range result.Doubts {
		fmt.Fprintf(e.stdout, "  Worth a second look: %v\n", d)
	}
	return nil
}
