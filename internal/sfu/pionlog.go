// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog passes what the WebRTC library says to slog. The library warns about
// everyday things (a candidate that cannot be resolved, a late packet), so its
// warnings are our debug lines and only its errors are kept as such, one level
// down: whatever matters of them reaches the caller as a returned error.
type pionLog struct{ log *slog.Logger }

func (p pionLog) NewLogger(scope string) logging.LeveledLogger {
	return pionScope{p.log.With("scope", scope)}
}

type pionScope struct{ log *slog.Logger }

func (s pionScope) say(level slog.Level, format string, args ...any) {
	ctx := context.Background()
	if !s.log.Enabled(ctx, level) {
		return
	}
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	s.log.Log(ctx, level, format)
}

// levelTrace lies below every level a handler is normally set to.
const levelTrace = slog.LevelDebug - 4

func (s pionScope) Trace(string)              {}
func (s pionScope) Tracef(string, ...any)     {}
func (s pionScope) Debug(m string)            { s.say(levelTrace, m) }
func (s pionScope) Debugf(f string, a ...any) { s.say(levelTrace, f, a...) }
func (s pionScope) Info(m string)             { s.say(levelTrace, m) }
func (s pionScope) Infof(f string, a ...any)  { s.say(levelTrace, f, a...) }
func (s pionScope) Warn(m string)             { s.say(slog.LevelDebug, m) }
func (s pionScope) Warnf(f string, a ...any)  { s.say(slog.LevelDebug, f, a...) }
func (s pionScope) Error(m string)            { s.say(slog.LevelDebug, m) }
func (s pionScope) Errorf(f string, a ...any) { s.say(slog.LevelDebug, f, a...) }
