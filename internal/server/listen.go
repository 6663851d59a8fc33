// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/redial-rtc/redial/fault"
)

// listen opens a TCP socket for a setting. It fails with fault.ListenFailed,
// which names the setting, the address, why, and the addresses there are.
func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, listenFailed(err, setting, address)
	}
	return l, nil
}

// listenFailed words a refusal of the operating system.
func listenFailed(err error, setting, address string) error {
	why := "the system refuses it"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "another process uses it"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = "no interface of this machine has this address"
	case errors.Is(err, syscall.EACCES):
		why = "ports below 1024 need a privilege"
	case errors.As(err, new(*net.DNSError)):
		why = "the name has no address"
	}
	return fault.ListenFailed.Wrap(err, "setting", setting, "address", address, "reason", why, "interfaces", describe(interfaces()))
}

// netInterface is a network interface that is up, as far as it matters here.
type netInterface struct {
	Name      string
	Addresses []netip.Prefix
}

// interfaces lists the interfaces that are up. What cannot be read is left out:
// the list explains, nothing is decided by its absence.
func interfaces() []netInterface {
	all, _ := net.Interfaces()
	var up []netInterface
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		one := netInterface{Name: i.Name}
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				one.Addresses = append(one.Addresses, p)
			}
		}
		up = append(up, one)
	}
	return up
}

// describe lists interfaces in one line: "lo 127.0.0.1 ::1, eth0 10.0.0.5".
func describe(all []netInterface) string {
	var parts []string
	for _, i := range all {
		if len(i.Addresses) == 0 {
			continue
		}
		part := i.Name
		for _, p := range i.Addresses {
			part += " " + p.Addr().String()
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}
