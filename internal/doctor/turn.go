// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	pion "github.com/pion/turn/v5"
)

// allocate makes a relay at a TURN server, as a client does, and gives it back.
func allocate(ctx context.Context, text, user, password string) error {
	u, err := stun.ParseURI(text)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx)
	defer cancel()
	address := net.JoinHostPort(u.Host, fmt.Sprint(u.Port))
	var conn net.PacketConn
	switch {
	case u.Proto == stun.ProtoTypeUDP && u.Scheme == stun.SchemeTypeTURN:
		to, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Host)
		if err != nil {
			return err
		}
		network := "udp6" // a client asks for a relay of the family of its socket
		if slices.ContainsFunc(to, func(a netip.Addr) bool { return a.Unmap().Is4() }) {
			network = "udp4"
		}
		if conn, err = (&net.ListenConfig{}).ListenPacket(ctx, network, ""); err != nil {
			return err
		}
	case u.Scheme == stun.SchemeTypeTURNS:
		stream, err := (&tls.Dialer{Config: &tls.Config{ServerName: u.Host, InsecureSkipVerify: true}}).DialContext(ctx, "tcp", address) //nolint:gosec // the certificate is looked at apart
		if err != nil {
			return err
		}
		conn = pion.NewSTUNConn(stream)
	default:
		stream, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		conn = pion.NewSTUNConn(stream)
	}
	defer conn.Close()
	c, err := pion.NewClient(&pion.ClientConfig{
		TURNServerAddr: address, STUNServerAddr: address, Conn: conn, Username: user, Password: password, LoggerFactory: quiet{},
	})
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close(); c.Close() })
	defer stop()
	if err := c.Listen(); err != nil {
		return err
	}
	relay, err := c.Allocate()
	if err != nil {
		return err
	}
	return relay.Close()
}

// turn tries one TURN server.
func (r *Report) turn(ctx context.Context, url, user, password string) {
	const check = "turn"
	if strings.HasPrefix(url, "stun") {
		return
	}
	if err := allocate(ctx, url, user, password); err != nil {
		fix := "open its port in the firewall, and check the host in its address (media.turn.host)"
		switch text := err.Error(); {
		case strings.Contains(text, "401"):
			fix = "make its secret the same on both sides, and set both clocks"
		case strings.Contains(text, "486"):
			fix = "raise media.turn.allocations or user_allocations; all relays are taken"
		}
		r.fail(check, fix, "%s makes no relay: %v", url, err)
		return
	}
	r.ok(check, "%s makes relays", url)
}

type quiet struct{}

func (quiet) NewLogger(string) logging.LeveledLogger { return quiet{} }

func (quiet) Trace(string)          {}
func (quiet) Tracef(string, ...any) {}
func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warn(string)           {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Error(string)          {}
func (quiet) Errorf(string, ...any) {}
