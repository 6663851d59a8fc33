// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/server"
)

const checkHelp = `Reads every database of a data directory, all of it, and says which are damaged
and where: every page, every index, every packed document. Nothing is changed, and a server may run on the directory meanwhile.
DIR may also be a backup, whose files are then compared with its list as well;
without DIR it is data.dir of the settings.

The exit code is 1 when something is damaged or cannot be read.`

func runCheck(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "check [-config FILE] [-json] [DIR]", checkHelp)
	file := f.String("config", "", "take data.dir from this YAML `FILE`")
	asJSON := f.Bool("json", false, "print the result as JSON")
	rest, err := f.parse(args, 0, 1)
	if err != nil {
		return err
	}
	dir, err := dataDir(e, *file, append(rest, "")[0])
	if err != nil {
		return err
	}
	found, err := server.Inspect(ctx, dir, func(name string, bytes int64) {
		if bytes > largeFile {
			fmt.Fprintf(e.stderr, "reading %s, %s\n", name, megabytes(bytes))
		}
	})
	if err != nil {
		return err
	}
	bad := 0
	for _, one := range found {
		if one.Err != nil {
			bad++
		}
	}
	if *asJSON {
		err = printChecked(e, dir, found, bad == 0)
	} else {
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		for _, one := range found {
			said := "ok"
			if one.Err != nil {
				said = fault.From(one.Err, fault.OpServe).Kind.Title
			}
			fmt.Fprintf(w, "%s\t%d bytes\t%s\n", one.Name, one.Bytes, said)
		}
		err = w.Flush()
	}
	for _, one := range found {
		err = errors.Join(err, one.Err)
	}
	return err
}

// largeFile is from how many bytes on reading a file takes long enough to say so.
const largeFile = 64 << 20

// checkedFile is one file as -json prints it.
type checkedFile struct {
	Name    string `json:"name"`
	Bytes   int64  `json:"bytes"`
	OK      bool   `json:"ok"`
	Fault   string `json:"fault,omitempty"`
	Message string `json:"message,omitempty"`
	Do      string `json:"do,omitempty"`
}

func printChecked(e *env, dir string, found []datafile.Found, ok bool) error {
	files := make([]checkedFile, 0, len(found))
	for _, one := range found {
		c := checkedFile{Name: one.Name, Bytes: one.Bytes, OK: one.Err == nil}
		if f := fault.From(one.Err, fault.OpServe); f != nil {
			c.Fault, c.Message, c.Do = f.Kind.ID, f.Error(), f.Kind.Do
		}
		files = append(files, c)
	}
	return json.NewEncoder(e.stdout).Encode(map[string]any{"dir": dir, "ok": ok, "files": files})
}

// dataDir is the directory that was named, or the one of the settings.
func dataDir(e *env, file, named string) (string, error) {
	if named != "" && file != "" {
		return "", usagef("a directory and -config were both given; name one of them")
	}
	if named != "" {
		return named, nil
	}
	cfg, err := config.Load(file, e.getenv)
	return cfg.Data.Dir, err
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
