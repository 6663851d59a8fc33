// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package cert

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// zapTo returns a logger of the ACME library that writes to ours. What is routine
// to the library is debugging to an operator.
func zapTo(log *slog.Logger) *zap.Logger { return zap.New(&core{log}) }

type core struct{ log *slog.Logger }

func (c *core) level(l zapcore.Level) slog.Level {
	if l < zapcore.WarnLevel {
		return slog.LevelDebug
	}
	return slog.LevelWarn // what failed is told as an error once, by us
}

func (c *core) Enabled(l zapcore.Level) bool {
	return c.log.Enabled(context.Background(), c.level(l))
}

func (c *core) With(fields []zapcore.Field) zapcore.Core { return &core{c.log.With(values(fields)...)} }

func (c *core) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return checked.AddCore(e, c)
	}
	return checked
}

func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	c.log.Log(context.Background(), c.level(e.Level), e.Message, values(fields)...)
	return nil
}

func (c *core) Sync() error { return nil }

func values(fields []zapcore.Field) []any {
	m := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(m)
	}
	all := make([]any, 0, 2*len(m.Fields))
	for k, v := range m.Fields {
		all = append(all, k, v)
	}
	return all
}
