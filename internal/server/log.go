// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"io"
	"log/slog"
	"time"

	"github.com/redial-rtc/redial/internal/config"
)

// NewLog makes the logger that everything else is handed.
func NewLog(w io.Writer, cfg config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.Level)); err != nil {
		level = slog.LevelInfo // config has checked it
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: readable}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// readable writes times with milliseconds and durations with a unit.
func readable(groups []string, a slog.Attr) slog.Attr {
	switch {
	case a.Key == slog.TimeKey && len(groups) == 0:
		return slog.String(a.Key, a.Value.Time().Format("2006-01-02T15:04:05.000Z07:00"))
	case a.Value.Kind() == slog.KindDuration:
		return slog.String(a.Key, a.Value.Duration().Round(time.Microsecond).String())
	}
	return a
}
