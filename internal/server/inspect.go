// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"path"
	"path/filepath"

	"github.com/redial-rtc/redial/internal/datafile"
	"github.com/redial-rtc/redial/internal/event/eventlog"
)

// Inspect is datafile.Inspect, and unpacks what is packed in files that are whole
// otherwise.
func Inspect(ctx context.Context, dir string, told func(name string, bytes int64)) ([]datafile.Found, error) {
	found, err := datafile.Inspect(ctx, dir, told)
	for i := range found {
		one := &found[i]
		if one.Err == nil && path.Base(one.Name) == eventlog.File {
			one.Err = eventlog.Check(ctx, filepath.Join(dir, filepath.FromSlash(one.Name)))
		}
	}
	return found, err
}
