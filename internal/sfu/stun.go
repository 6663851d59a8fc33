// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package sfu

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/pion/stun/v4"
	"golang.org/x/time/rate"

	"github.com/redial-rtc/redial/internal/limit"
)

// A browser that is told of no STUN server may ask strangers' ones, and one that
// is told of a server which is silent gathers candidates for many seconds. So the
// media port answers Binding requests (RFC 8489, section 3) beside the checks of
// ICE. The answer has one attribute and is 12 bytes longer than the shortest
// request over IPv4, 24 over IPv6, as on any STUN server; how many there are in a
// second is bounded for each host and altogether, since the source of a request
// may be forged.

// stunServer answers Binding requests within bounds.
type stunServer struct {
	all   *rate.Limiter
	hosts *limit.Callers

	sent, held atomic.Uint64 // answers, and requests that met a bound
}

// newSTUNServer returns nil when there is to be none.
func newSTUNServer(cfg Config) *stunServer {
	if cfg.STUNPerSecond <= 0 {
		return nil
	}
	host := max(cfg.STUNHostPerMinute, 1)
	return &stunServer{
		all:   rate.NewLimiter(rate.Limit(cfg.STUNPerSecond), cfg.STUNPerSecond),
		hosts: limit.New(limit.Rate{PerSecond: float64(host) / 60, Burst: host}),
	}
}

const (
	stunHeader = 20
	stunCookie = 0x2112A442
)

// plainBinding tells whether a packet is a Binding request to a STUN server: one
// without an attribute that must be understood. The checks of ICE have several, a
// user name first. RTP, RTCP and DTLS begin with other bytes (RFC 7983, section 7).
func plainBinding(b []byte) bool {
	if len(b) < stunHeader || b[0] != 0 || b[1] != 1 || binary.BigEndian.Uint32(b[4:]) != stunCookie ||
		int(binary.BigEndian.Uint16(b[2:])) != len(b)-stunHeader {
		return false
	}
	for rest := b[stunHeader:]; len(rest) > 0; {
		if len(rest) < 4 {
			return false
		}
		length := (int(binary.BigEndian.Uint16(rest[2:])) + 3) &^ 3
		if rest[0] < 0x80 || len(rest) < 4+length {
			return false
		}
		rest = rest[4+length:]
	}
	return true
}

// answer is the answer to a plain Binding request; nil when it met a bound.
func (s *stunServer) answer(request []byte, from netip.AddrPort) []byte {
	if s.hosts.Take(limit.Key(from.Addr())) > 0 || !s.all.AllowN(time.Now(), 1) {
		s.held.Add(1)
		return nil
	}
	var id [stun.TransactionIDSize]byte
	copy(id[:], request[8:stunHeader])
	m, err := stun.Build(stun.NewTransactionIDSetter(id), stun.BindingSuccess, &stun.XORMappedAddress{
		IP: from.Addr().Unmap().AsSlice(), Port: int(from.Port()),
	})
	if err != nil {
		return nil
	}
	s.sent.Add(1)
	return m.Raw
}
