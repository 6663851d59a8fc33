// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redial-rtc/redial/internal/cert"
)

// openTLS opens the certificate, and the address of plain HTTP.
func (s *Server) openTLS(ctx context.Context, metrics prometheus.Registerer) (err error) {
	cfg := s.cfg.HTTP
	if !cfg.Secured() {
		return nil
	}
	log := s.log.With("part", "certificate")
	if cfg.Redirect != "" {
		if s.plain, err = listen(ctx, "http.redirect_address", cfg.Redirect); err != nil {
			return err
		}
		s.plain = s.loops.Listener("http.redirect_address", s.plain)
		s.onClose("redirect listener", func(context.Context) error { return ignoreClosed(s.plain.Close()) })
	}
	if cfg.TLSCert != "" {
		s.cert, err = cert.Files(cfg.TLSCert, cfg.TLSKey, log, metrics)
		return err
	}
	acme := cert.ACMEConfig{
		Domains: cfg.ACME.Domains, Email: cfg.ACME.Email, Directory: cfg.ACME.Directory, RootsFile: cfg.ACME.RootsFile,
		Dir: filepath.Join(s.cfg.Data.Dir, "acme"), TLS: s.address, Log: log, Metrics: metrics,
	}
	if s.plain != nil {
		acme.HTTP = s.plain.Addr()
	}
	if s.acme, err = cert.NewACME(acme); err != nil {
		return err
	}
	s.cert = s.acme
	s.onClose("certificate", func(context.Context) error { return s.acme.Close() })
	return nil
}

// startTLS serves plain HTTP, and asks for certificates now that the authority can
// call.
func (s *Server) startTLS() error {
	if s.plain != nil {
		var h http.Handler = redirect{host: s.publicHost()}
		if s.acme != nil {
			h = s.acme.Redirect(h)
		}
		web := newWeb(h, s.cfg, s.log)
		s.onClose("redirect", web.stop)
		go s.serve(web, s.plain, "http.redirect_address")
	}
	if s.acme != nil {
		return s.acme.Start()
	}
	return nil
}

// publicHost returns where browsers are sent, host and port, of the host that they
// asked for: there, unless the settings name another.
func (s *Server) publicHost() func(asked string) string {
	_, port, _ := net.SplitHostPort(s.address.String())
	domains := s.cfg.HTTP.ACME.Domains
	public, isPublic := strings.CutPrefix(s.cfg.HTTP.PublicURL, "https://")
	return func(asked string) string {
		asked = hostOf(asked)
		switch {
		case isPublic:
			return strings.Trim(public, "/")
		case len(domains) > 0 && !slices.Contains(domains, strings.ToLower(asked)):
			asked = domains[0]
		}
		if port == "443" && !strings.Contains(asked, ":") {
			return asked
		}
		return net.JoinHostPort(asked, port)
	}
}

// redirect sends browsers to https. What is no visit of a page is refused: whoever
// sends a token in the clear should hear of it.
type redirect struct{ host func(asked string) string }

func (h redirect) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if (r.Method != http.MethodGet && r.Method != http.MethodHead) || r.Header.Get("Authorization") != "" || r.Header.Get("Upgrade") != "" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "This server speaks https only. What was sent here went over the network in the clear.\n")
		return
	}
	http.Redirect(w, r, "https://"+h.host(r.Host)+r.URL.RequestURI(), http.StatusPermanentRedirect)
}
