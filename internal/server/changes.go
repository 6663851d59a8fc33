// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/registry"
)

// Kinds of annotations.
const (
	annotatedStart    = "start"    // of a server, with its version
	annotatedSettings = "settings" // which were changed since the start before
)

// annotateStart keeps that the server starts, by which version, and which settings are
// not what they were the last time.
func annotateStart(ctx context.Context, o registry.Operations, cfg *config.Config, version string) error {
	before, known, err := o.Remembered(ctx, annotatedSettings)
	if err != nil {
		return err
	}
	now := cfg.Values()
	at := time.Now()
	if err := o.Annotate(ctx, registry.Annotation{At: at, Kind: annotatedStart, Data: map[string]any{"version": version}}); err != nil {
		return err
	}
	if changed := changedSettings(before, now); known && len(changed) > 0 {
		if err := o.Annotate(ctx, registry.Annotation{At: at, Kind: annotatedSettings, Data: map[string]any{"changed": changed}}); err != nil {
			return err
		}
	}
	return o.Remember(ctx, annotatedSettings, now)
}

// changedSettings lists what differs, with what it was and is where that can be told.
func changedSettings(before, now map[string]string) []map[string]string {
	var list []map[string]string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		was, had := before[name]
		if !had || was == now[name] {
			continue
		}
		one := map[string]string{"setting": name}
		if !strings.HasPrefix(now[name], config.HashedValue) {
			one["was"], one["now"] = was, now[name]
		}
		list = append(list, one)
	}
	return list
}
