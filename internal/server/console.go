// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/redial-rtc/redial/internal/api"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/console"
	"github.com/redial-rtc/redial/internal/token"
)

// consoleDoor is the console and the address that it has for itself.
type consoleDoor struct {
	cfg      config.Console
	desk     *console.Desk
	listener net.Listener
	outside  outside // of the console's address
}

// openConsole opens the console's address; nil where there is no console.
func (s *Server) openConsole(ctx context.Context, opt Options) (*consoleDoor, error) {
	cfg := s.cfg.Console
	if !cfg.Enabled {
		return nil, nil
	}
	d := &consoleDoor{cfg: cfg, listener: opt.Console, desk: console.NewDesk(cfg.Sessions, s.registry.Revoked, opt.Now)}
	if d.listener == nil {
		var err error
		if d.listener, err = listen(ctx, "console.listen", cfg.Listen); err != nil {
			return nil, err
		}
	}
	s.onClose("console listener", func(context.Context) error { return ignoreClosed(d.listener.Close()) })
	reached := s.cfg.HTTP
	reached.PublicURL = "" // which is another origin's
	d.outside = newOutside(reached)
	return d, nil
}

// serveConsole serves the console. outside is how the rest of the server is reached,
// panicked counts its panics with those of the rest.
func (s *Server) serveConsole(d *consoleDoor, tokens *token.Verifier, outside outside, panicked func()) {
	log := s.log.With("part", "console")
	web := newWeb(console.New(console.Config{
		Desk: d.desk, Tokens: tokens, REST: s.rest, Logins: d.cfg.Logins, Inject: s.cfg.Inject.Enabled, Log: log, Panicked: panicked,
		Secure: d.secure, ClientAddr: outside.client,
		Inner: func(from, call *http.Request) {
			origin := d.outside.origin(from)
			_, port, _ := net.SplitHostPort(s.address.String())
			call.Host = net.JoinHostPort(origin.Hostname(), port)
		},
	}), s.cfg, log)
	s.onClose("console", web.stop)
	if s.cert != nil {
		web.TLSConfig = s.webTLS()
	}
	go s.serve(web, s.loops.Listener("console.listen", d.listener), "console.listen")
	log.Info("the console is served", "url", d.url("").String())
}

// secure tells whether a request came over https, and whether it came so that there
// may be a login by it.
func (d *consoleDoor) secure(r *http.Request) (secure, ok bool) {
	if d.outside.origin(r).Scheme == "https" {
		return true, true
	}
	here := addressOf(r.RemoteAddr).IsLoopback() && config.IsLoopback(r.Host) && !d.outside.unnamed(r)
	return false, here
}

// url is where the console is, for somebody who reached this server by a host.
func (d *consoleDoor) url(host string) *url.URL {
	if d.cfg.PublicURL != "" {
		if u, err := url.Parse(d.cfg.PublicURL); err == nil {
			u.Path = "/console/"
			return u
		}
	}
	u := &url.URL{Scheme: "http", Host: d.listener.Addr().String(), Path: "/console/"}
	if config.IsLoopback(u.Host) {
		return u
	}
	u.Scheme = "https"
	_, port, _ := net.SplitHostPort(u.Host)
	if host != "" {
		u.Host = net.JoinHostPort(host, port)
	}
	return u
}

// ConsoleLink implements api.ConsoleDesk.
func (d *consoleDoor) ConsoleLink(r *http.Request, c token.Claims) (string, time.Time) {
	code, ends := d.desk.Link(c)
	return d.linked(d.url(hostOf(r.Host)), "", code), ends
}

// linked is the address of a view with a login in it, behind the #, so that no log has
// it.
func (d *consoleDoor) linked(u *url.URL, view, code string) string {
	return u.String() + "#/" + view + "?login=" + code
}

// ConsoleURL is a link to a view of the console, such as "live/ROOM" or "" for its start
// page, that works until it ends, as often as it is followed; "" where there is no
// console.
func (s *Server) ConsoleURL(view string, valid time.Duration) string {
	if s.console == nil {
		return ""
	}
	now := time.Now()
	return s.console.linked(s.console.url(""), view, s.console.desk.KeptLink(token.Claims{
		AccessKey: s.cfg.Access.Keys[0].Access, Account: s.cfg.Access.AccountID, Type: token.Console,
		Rights: token.AllRights(), ID: "console-link", IssuedAt: now, ExpiresAt: now.Add(valid),
	}))
}

// consoleRoutes are where links to log in are asked for.
func (s *Server) consoleRoutes() []api.Route {
	if s.console == nil {
		return api.ConsoleRoutes(nil)
	}
	return api.ConsoleRoutes(s.console)
}
