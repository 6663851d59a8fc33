// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"net"
	"time"
)

const timeService = "run a time service, such as systemd-timesyncd or chrony: tokens are judged by this clock"

// time looks whether the clock is right: as the kernel has it, and beside a time
// server if one was named.
func (h *here) time(ctx context.Context) {
	if h.NTP == "" {
		if yes, known := synchronised(); known && !yes {
			h.warn("clock", timeService+", or compare it: -ntp pool.ntp.org", "the kernel does not know whether it is right")
		} else if known {
			h.ok("clock", "the kernel says that it is synchronised")
		}
		return
	}
	off, err := offset(ctx, h.NTP)
	switch {
	case err != nil:
		h.warn("clock", "name a time server that is reached from here", "%s does not tell the time: %v", h.NTP, err)
	case off.Abs() > h.cfg.Access.TokenLeeway:
		h.fail("clock", timeService, "it is %v off, more than access.token_leeway, so good tokens are refused", off.Round(time.Millisecond))
	case off.Abs() > time.Second:
		h.warn("clock", timeService, "it is %v off", off.Round(time.Millisecond))
	default:
		h.ok("clock", "%v off, by %s", off.Round(time.Millisecond), h.NTP)
	}
}

// Of a packet of SNTP (RFC 4330, section 4).
const (
	ntpBytes = 48
	ntpEpoch = 2_208_988_800 // seconds from 1900 to 1970
)

// offset is how far a time server is ahead of this machine.
func offset(ctx context.Context, server string) (time.Duration, error) {
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(server, "123")
	}
	ctx, cancel := within(ctx)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "udp", server)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	until, _ := ctx.Deadline()
	_ = c.SetDeadline(until)
	ask := make([]byte, ntpBytes)
	ask[0] = 4<<3 | 3          // version 4, client
	_, _ = rand.Read(ask[40:]) // the transmit timestamp comes back as it is
	sent := time.Now()
	if _, err := c.Write(ask); err != nil {
		return 0, err
	}
	for {
		reply := make([]byte, 512)
		n, err := c.Read(reply)
		if err != nil {
			return 0, err
		}
		came := time.Now()
		if n < ntpBytes || reply[0]&7 != 4 || string(reply[24:32]) != string(ask[40:48]) {
			continue // no answer to this question
		}
		if reply[1] == 0 {
			return 0, errors.New("it does not want to be asked") // a kiss of death
		}
		in, out := ntpTime(reply[32:]), ntpTime(reply[40:])
		return (in.Sub(sent) + out.Sub(came)) / 2, nil
	}
}

func ntpTime(b []byte) time.Time {
	seconds, part := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint32(b[4:]))
	return time.Unix(seconds-ntpEpoch, part*int64(time.Second)>>32)
}

// parsed is a pair's chain.
func parsed(pair tls.Certificate) (chain []*x509.Certificate) {
	for _, raw := range pair.Certificate {
		if c, err := x509.ParseCertificate(raw); err == nil {
			chain = append(chain, c)
		}
	}
	return chain
}
