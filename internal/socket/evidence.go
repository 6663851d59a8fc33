// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/redial-rtc/redial/internal/evidence"
)

// ending is how a socket ended.
type ending struct {
	at      time.Time
	by, how string
	code    websocket.StatusCode // 0 without a close frame
	unacked *uint64
}

// ends notes how the socket ends: the first to say so is right. It comes before the
// end, while the system still knows of the connection.
func (c *Conn) ends(by, how string, code websocket.StatusCode) {
	if c.ending.Load() != nil {
		return
	}
	e := &ending{at: time.Now(), by: by, how: how, code: code}
	if put, arrived := stream(c.raw); put != 0 {
		n := put - min(put, arrived)
		e.unacked = &n
	}
	c.ending.CompareAndSwap(nil, e)
}

// frameCode is the code of a close frame, 0 for one that only stands for its want.
func frameCode(code websocket.StatusCode) websocket.StatusCode {
	if code < 0 || code == websocket.StatusAbnormalClosure {
		return 0
	}
	return code
}

// endedBy says who ended a socket on which nothing more can be read.
func endedBy(code websocket.StatusCode, err error) (by, how string) {
	switch {
	case code > 0 && code != websocket.StatusAbnormalClosure:
		return evidence.ByRemote, evidence.HowClose
	case code == websocket.StatusAbnormalClosure:
		return evidence.ByRemote, evidence.HowFIN
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return evidence.ByRemote, evidence.HowReset
	}
	return evidence.ByNetwork, evidence.HowReset
}

// Evidence is what is known of the socket, open or ended. It may be called from
// anywhere. The request that it came of, and how many there were before, is for
// its owner to tell.
func (c *Conn) Evidence() *evidence.Socket {
	out := &evidence.Socket{Opened: evidence.Millis(c.opened), In: unixMilli(c.lastIn.Load()), Out: unixMilli(c.lastOut.Load())}
	if e := c.ending.Load(); e != nil {
		out.Ended, out.By, out.How, out.Code, out.Unacked = evidence.Millis(e.at), e.by, e.how, int(e.code), e.unacked
	} else if put, arrived := stream(c.raw); put != 0 {
		n := put - min(put, arrived)
		out.Unacked = &n
	}
	return out
}

func unixMilli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Door is what a request shows of the way it came. client is the address that the
// request is taken to be of, behind whatever proxy.
func (s *Set) Door(r *http.Request, client netip.Addr) *evidence.Door {
	hash := s.cfg.Addresses.Hash
	d := &evidence.Door{
		Proto: r.Proto, TLS: r.TLS != nil, Proxied: Proxied(r), Origin: pageOf(r.Header.Get("Origin")),
		Client: evidence.Kind(client), ClientHash: hash(client),
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && from.Addr().Unmap() != client.Unmap() {
		d.Peer, d.PeerHash = evidence.Kind(from.Addr()), hash(from.Addr())
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if to, err := netip.ParseAddrPort(local.String()); err == nil {
			d.Local, d.LocalHash = evidence.Kind(to.Addr()), hash(to.Addr())
		}
	}
	return d
}

// maxOrigin is how much is kept of a page's origin, in bytes: a name of the domain
// system, its scheme and its port.
const maxOrigin = 280

// pageOf is a page's origin (RFC 6454), with the kind of its address in place of an
// address; "" for one that is none.
func pageOf(origin string) string {
	if origin == "" || len(origin) > maxOrigin {
		return ""
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil {
		return ""
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		return u.Scheme + " " + evidence.Kind(a)
	}
	return u.Scheme + "://" + u.Host
}
