// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/figures"
)

// Memory of a server whose viewers stay is looked at each minute. It is flat when the last
// quarter of the time holds little more than the second: in the first, pools fill.
const (
	soakViewers = 60
	soakGrowth  = 1.05
)

// soak forwards a picture and sound to viewers for a time and fails where memory grows.
func soak(ctx context.Context, s server, api *webrtc.API, dir string, span time.Duration) (err error) {
	r, err := s.start(ctx, api, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	var done cleanup
	defer done.all()
	var sources []*source
	for _, video := range []bool{true, false} {
		one, err := newLayers(video, fmt.Sprintf("video-%v", video), &layer{size: 1000, burst: 1, keyBurst: 1})
		if err != nil {
			return err
		}
		sources = append(sources, one)
	}
	if err := joinAs(ctx, r, member{name: "publisher", sources: sources}, &done); err != nil {
		return err
	}
	all, err := subscribeTo(ctx, r, load{publishers: len(sources), subscribers: soakViewers}, &done)
	if err != nil {
		return err
	}
	const looks = 60
	var sizes []float64
	for i := range looks + 1 {
		held, err := figures.Memory(r.pid(), figures.Resident)
		if err != nil {
			return err
		}
		packets, lost := sum(all)
		fmt.Fprintf(os.Stderr, "%s %s of %s: %.1f MiB, %d packets arrived, %d did not\n", time.Now().Format(time.TimeOnly), span*time.Duration(i)/looks, span, float64(held)/(1<<20), packets, lost)
		sizes = append(sizes, float64(held)/(1<<20))
		if i < looks {
			if pause(ctx, span/looks); ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	early, late := median(sizes[looks/4:looks/2]), median(sizes[looks*3/4:])
	fmt.Printf("%s with %d viewers: %.1f MiB in the second quarter, %.1f in the last\n", span, soakViewers, early, late)
	if late > soakGrowth*early {
		return fmt.Errorf("memory grows: %.1f MiB, then %.1f", early, late)
	}
	return nil
}
