// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog passes what the WebRTC library says to [Config.Log], and none of it to
// standard error, where it would be by default. Whatever matters of it reaches the
// app as an error, so even the library's errors are but debug lines.
type pionLog struct{ log *slog.Logger }

func (p pionLog) NewLogger(scope string) logging.LeveledLogger {
	return pionScope{p.log.With("scope", scope)}
}

type pionScope struct{ log *slog.Logger }

func (s pionScope) say(format string, args ...any) {
	if !s.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	s.log.Debug(format)
}

func (s pionScope) Trace(string)              {}
func (s pionScope) Tracef(string, ...any)     {}
func (s pionScope) Debug(string)              {}
func (s pionScope) Debugf(string, ...any)     {}
func (s pionScope) Info(string)               {}
func (s pionScope) Infof(string, ...any)      {}
func (s pionScope) Warn(m string)             { s.say(m) }
func (s pionScope) Warnf(f string, a ...any)  { s.say(f, a...) }
func (s pionScope) Error(m string)            { s.say(m) }
func (s pionScope) Errorf(f string, a ...any) { s.say(f, a...) }
