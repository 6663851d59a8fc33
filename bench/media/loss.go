// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"
)

// lossy is a network that loses a share of the media that comes to a client, by chance, and
// counts all of it.
type lossy struct {
	*stdnet.Net
	share float64
	came  atomic.Int64
}

func newLossy(share float64) (*lossy, error) {
	n, err := stdnet.NewNet()
	return &lossy{Net: n, share: share}, err
}

// ListenUDP opens a socket on it.
func (l *lossy) ListenUDP(network string, at *net.UDPAddr) (transport.UDPConn, error) {
	c, err := l.Net.ListenUDP(network, at)
	if err != nil {
		return nil, err
	}
	return lossyConn{c, l}, nil
}

type lossyConn struct {
	transport.UDPConn
	network *lossy
}

// ReadFrom returns the next packet that was not lost.
func (c lossyConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.UDPConn.ReadFrom(b)
		if err != nil || !media(b[:n]) {
			return n, from, err
		}
		c.network.came.Add(1)
		if rand.Float64() >= c.network.share {
			return n, from, nil
		}
	}
}

// media tells SRTP from all else that shares its port (RFC 7983, section 7; RFC 5761,
// section 4).
func media(b []byte) bool {
	return len(b) >= 12 && b[0] >= 128 && b[0] <= 191 && (b[1] < 192 || b[1] > 223)
}

// repairs is what a server sends for each packet that is needed, to clients who lose a
// share of them: first times, repeats and what finds out how much their lines carry.
func repairs(ctx context.Context, s server, dir string, l load, share float64, window time.Duration) (ratio float64, err error) {
	network, err := newLossy(share)
	if err != nil {
		return 0, err
	}
	api, err := newAPI(func(s *webrtc.SettingEngine) { s.SetNet(network) })
	if err != nil {
		return 0, err
	}
	r, err := s.start(ctx, api, dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.stop()) }()
	var done cleanup
	defer done.all()
	if err := publishTo(ctx, r, l, &done); err != nil {
		return 0, err
	}
	all, err := subscribeTo(ctx, r, l, &done)
	if err != nil {
		return 0, err
	}
	pause(ctx, settleFor)
	packets, lost := sum(all)
	came := network.came.Load()
	pause(ctx, window)
	packetsNow, lostNow := sum(all)
	needed := packetsNow + lostNow - packets - lost
	if needed <= 0 {
		return 0, errors.New("nothing arrived")
	}
	return float64(network.came.Load()-came) / float64(needed), ctx.Err()
}

func losing(l load, share float64) workload {
	name := fmt.Sprintf("%s, %.0f %% lost on the way: packets sent for one that is needed", l, 100*share)
	return workload{name, func(ctx context.Context, s server, _ *webrtc.API, dir string, o options, t *table) error {
		ratio, err := repairs(ctx, s, dir, l, share, o.window)
		if err == nil {
			t.add(name, s, ratio)
		}
		return err
	}}
}
