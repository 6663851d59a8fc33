// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event/eventlog"
	"github.com/redial-rtc/redial/internal/event/intake"
	"github.com/redial-rtc/redial/internal/registry"
	"github.com/redial-rtc/redial/internal/sink"
)

// planners tell what this version does to a database, by the name of its file.
var planners = map[string]func(context.Context, string) datafile.Upgrade{
	registry.File: registry.Upgrade,
	eventlog.File: eventlog.Upgrade, // of the embedded store and of the spool before another
	intake.File:   intake.Upgrade,
	sink.File:     sink.Upgrade,
}

// Upgrades tells what Start would do to the databases of a data directory or of a
// backup, in the order of their names. Nothing is changed, and a server may run on the
// directory meanwhile. It fails only when the directory cannot be read or holds none.
func Upgrades(ctx context.Context, dir string) (all []datafile.Upgrade, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return datafile.Fault(name, err)
		}
		plan := planners[path.Base(filepath.ToSlash(name))]
		if plan == nil || !d.Type().IsRegular() {
			return ctx.Err()
		}
		u := plan(ctx, name)
		if below, err := filepath.Rel(dir, name); err == nil {
			u.Name = filepath.ToSlash(below)
		}
		all = append(all, u)
		return ctx.Err()
	})
	if err == nil && len(all) == 0 {
		err = fault.FieldInvalid.New("field", "DIR", "reason", "holds no database", "dir", dir)
	}
	return all, err
}
