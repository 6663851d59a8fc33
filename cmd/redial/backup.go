// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redial-rtc/redial/internal/datafile"
)

const backupHelp = `Copies a data directory to DIR, which must not exist yet: rooms, templates, codes,
sessions, revocations, events, and the keys kept beside them. A server may run on
the directory and is not held up; each database is copied as it is at one moment.
Every copy is checked, and DIR is there only once all of it is.

To restore: stop the server, move the old directory away, copy DIR to its place
with the server's user as owner, and start the server:

  mv data data.damaged
  cp -a DIR data && chown -R USER data

What is not in the data directory is not in the backup: the settings, access keys
that are kept elsewhere, and events that were moved to ClickHouse.`

func runBackup(ctx context.Context, e *env, args []string) error {
	f := newFlags(e, "backup [-config FILE | -data DIR] [-json] DIR", backupHelp)
	file := f.String("config", "", "take data.dir from this YAML `FILE`")
	data := f.String("data", "", "back up this data `DIR`")
	asJSON := f.Bool("json", false, "print the result as JSON")
	rest, err := f.parse(args, 1, 1)
	if err != nil {
		return err
	}
	from, err := dataDir(e, *file, *data)
	if err != nil {
		return err
	}
	began := time.Now()
	said := began
	files, err := datafile.Backup(ctx, from, rest[0], func(name string, done, total int64) {
		if time.Since(said) > time.Second {
			said = time.Now()
			fmt.Fprintf(e.stderr, "%s: %d %%\n", name, 100*done/max(total, 1))
		}
	})
	if err != nil {
		return err
	}
	var bytes int64
	for _, one := range files {
		bytes += one.Bytes
	}
	if *asJSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"from": from, "dir": rest[0], "bytes": bytes, "took_ms": time.Since(began).Milliseconds(), "files": files})
	}
	fmt.Fprintf(e.stdout, "%s holds a checked copy of %s: %d files, %s, in %s.\n", rest[0], from, len(files), megabytes(bytes), time.Since(began).Round(time.Millisecond))
	return nil
}
