// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/event"
	"github.com/redial-rtc/redial/internal/event/copy"
	"github.com/redial-rtc/redial/internal/event/intake"
	"github.com/redial-rtc/redial/internal/registry"
)

// EventFiles is the events of a data directory, which no server has open.
type EventFiles struct {
	copy.Files
	locks *registry.Registry
}

// Progress is how far a copy of events has come.
type Progress = copy.Progress

// OpenEventFiles takes the data directory for itself. It fails with
// fault.DataDirBusy while a server runs on it.
func OpenEventFiles(ctx context.Context, cfg config.Config, log *slog.Logger) (*EventFiles, error) {
	if err := os.MkdirAll(cfg.Data.Dir, 0o700); err != nil {
		return nil, fault.ConfigInvalid.Wrap(err, "setting", "data.dir")
	}
	reg, err := registry.Open(ctx, cfg.Data.Dir, log)
	if err != nil {
		return nil, err
	}
	return &EventFiles{locks: reg, Files: copy.Files{
		Dir: cfg.Data.Dir, Store: cfg.Events.Store, Account: cfg.Access.AccountID,
		Open: func(ctx context.Context, name string) (event.Store, error) {
			s, err := openEvents(ctx, name, cfg, log, nil)
			if err == nil {
				err = takeArrived(ctx, cfg.Data.Dir, s, log)
			}
			if err != nil {
				return nil, err
			}
			return s, nil
		},
	}}, nil
}

// takeArrived has the first store that is opened take the events that a server which was
// killed had acknowledged and not stored, or that are on their way in a backup. Where that
// fails the store is closed.
func takeArrived(ctx context.Context, dir string, s event.Store, log *slog.Logger) error {
	arrived, err := intake.Open(ctx, dir, log)
	if err == nil {
		err = errors.Join(arrived.Empty(ctx, s), arrived.Close())
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

// Close lets others have the data directory.
func (f *EventFiles) Close() error { return f.locks.Close() }
