// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pion/stun/v4"

	"github.com/redial-rtc/redial/internal/evidence"
)

// server is an ICE server, and whether it answers this server.
type server struct {
	url     string
	own     bool
	done    chan struct{}
	answers bool
	known   bool
}

// answerWithin is how long an ICE server has to answer this server.
const answerWithin = 3 * time.Second

// look asks the ICE servers of a run, each once.
func (r *Runs) look(urls []string) (all []*server) {
	if len(urls) == 0 {
		return nil
	}
	mine := map[netip.Addr]bool{}
	for _, c := range r.cfg.Engine.Candidates() {
		mine[c.Addr().Unmap()] = true
	}
	for _, u := range urls[:min(len(urls), evidence.MaxAskedServers)] {
		s := &server{url: u, done: make(chan struct{})}
		all = append(all, s)
		go func() {
			defer close(s.done)
			s.look(mine)
		}()
	}
	return all
}

// look sends a Binding request over UDP (RFC 8489, section 6.2.1), which TURN servers
// answer as well; over anything else nothing is known.
func (s *server) look(mine map[netip.Addr]bool) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	host, port := hostPort(s.url)
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(found) == 0 {
		s.known = err != nil && ctx.Err() == nil // nobody finds it by that name
		return
	}
	s.own = slices.ContainsFunc(found, func(a netip.Addr) bool { return mine[a.Unmap()] || a.Unmap().IsLoopback() })
	if evidence.ServerOver(s.url) != "udp" {
		return
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "udp", net.JoinHostPort(found[0].Unmap().String(), port))
	if err != nil {
		return
	}
	defer c.Close()
	s.known = true
	request := stun.MustBuild(stun.TransactionID, stun.BindingRequest)
	buf := make([]byte, 1500)
	for tries := 0; tries < 3 && ctx.Err() == nil; tries++ {
		if _, err := c.Write(request.Raw); err != nil {
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(answerWithin / 3))
		n, err := c.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return // nothing listens there
		}
		reply := &stun.Message{Raw: buf[:n]}
		if reply.Decode() == nil && reply.TransactionID == request.TransactionID {
			s.answers = true
			return
		}
	}
}

// asked tells whether it answered, as far as that is known.
func (s *server) asked() (answers, known bool) {
	<-s.done // within answerWithin
	return s.answers, s.known
}

// hostPort reads the address of an ICE server's URL (RFC 7064 and 7065).
func hostPort(url string) (host, port string) {
	scheme, rest, _ := strings.Cut(url, ":")
	rest, _, _ = strings.Cut(rest, "?")
	host, port, err := net.SplitHostPort(rest)
	if err == nil {
		return host, port
	}
	port = "3478"
	if strings.HasSuffix(strings.ToLower(scheme), "s") {
		port = "5349"
	}
	return strings.Trim(rest, "[]"), port
}
