// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/redial-rtc/redial/internal/token"
)

// server is one of those that are compared: how its program is started, each time with
// nothing left of the time before.
type server struct {
	name  string
	start func(ctx context.Context, api *webrtc.API, dir string) (*running, error)
}

// running is a server that takes participants.
type running struct {
	signalling

	process *exec.Cmd
	log     *os.File
}

// sendSide has LiveKit estimate by feedback on each packet, as we do. Its default goes by what
// the receiver estimates (REMB), which the clients here do not.
const sendSide = ", congestion_control: {use_send_side_bwe: true}"

const secret = "0123456789abcdefghijklmnopqrstuvwxyz"

// agents are the ICE agent of each transport of ours.
var agents = map[string]string{"own": "lite", "pion": "full"}

// redial is our server with one of its transports.
func redial(binary, transport string) server {
	return server{"redial, " + transport, func(ctx context.Context, api *webrtc.API, dir string) (*running, error) {
		web, media, err := ports()
		if err != nil {
			return nil, err
		}
		settings := fmt.Sprintf(`
http: {address: "127.0.0.1:%d"}
media: {udp: "127.0.0.1:%d", tcp: "", transport: %s, ice: %s}
access: {keys: [{access: bench, secret: %s}]}
data: {dir: data}
limits: {joins_per_second: 1000, joins_burst: 1000, room_peers: 2000, address_sockets: 2000, cpu_percent: 0} # all come from one address, and run on the same processors
log: {level: warn}
`, web, media, transport, agents[transport], secret)
		r, err := run(ctx, dir, "redial.yaml", settings, fmt.Sprintf("http://127.0.0.1:%d/healthz", web), binary, "serve", "-config", "redial.yaml")
		if err != nil {
			return nil, err
		}
		r.signalling, err = newOurs(ctx, api, fmt.Sprintf("http://127.0.0.1:%d", web), token.Key{Access: "bench", Secret: secret})
		if err != nil {
			return nil, errors.Join(err, r.stop())
		}
		return r, nil
	}}
}

// liveKitServer is a LiveKit server on this machine alone, with its defaults but for settings
// of its section rtc.
func liveKitServer(binary, rtc string) server {
	return server{"LiveKit", func(ctx context.Context, api *webrtc.API, dir string) (*running, error) {
		web, media, err := ports()
		if err != nil {
			return nil, err
		}
		settings := fmt.Sprintf(`
port: %d
bind_addresses: ["127.0.0.1"]
rtc: {udp_port: %d, tcp_port: 0, use_external_ip: false, node_ip: 127.0.0.1, enable_loopback_candidate: true, interfaces: {includes: ["lo"]}%s}
keys: {bench: %s}
logging: {level: error}
`, web, media, rtc, secret)
		url := fmt.Sprintf("http://127.0.0.1:%d", web)
		// Its own STUN servers are not asked where the address of the node is known.
		r, err := run(ctx, dir, "livekit.yaml", settings, url+"/", binary, "--config", "livekit.yaml", "--node-ip", "127.0.0.1")
		if err != nil {
			return nil, err
		}
		r.signalling = &liveKit{api: api, url: url, key: "bench", secret: secret}
		return r, nil
	}}
}

// run starts a program with its settings in a new directory, and waits until it answers.
func run(ctx context.Context, parent, name, settings, ready, binary string, args ...string) (*running, error) {
	dir, err := os.MkdirTemp(parent, strings.TrimSuffix(name, ".yaml")+"-")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(settings), 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	r := &running{process: exec.Command(binary, args...), log: log}
	r.process.Dir, r.process.Stdout, r.process.Stderr = dir, log, log
	if err := r.process.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	for range 600 {
		if res, err := web.Get(ready); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return r, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), r.stop())
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil, errors.Join(fmt.Errorf("%s does not answer; see %s", binary, log.Name()), r.stop())
}

// of is the same server for clients on another network.
func (r *running) of(api *webrtc.API) *running {
	return &running{signalling: r.with(api), process: r.process, log: r.log}
}

func (r *running) pid() int { return r.process.Process.Pid }

// stop ends the process, which a signal is no failure of.
func (r *running) stop() error {
	_ = r.process.Process.Signal(syscall.SIGTERM)
	killed := time.AfterFunc(20*time.Second, func() { _ = r.process.Process.Kill() })
	defer killed.Stop()
	err := r.process.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	return errors.Join(err, r.log.Close())
}

// ports finds a free port of TCP and one of UDP.
func ports() (tcp, udp int, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	defer l.Close()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return 0, 0, err
	}
	defer c.Close()
	return l.Addr().(*net.TCPAddr).Port, c.LocalAddr().(*net.UDPAddr).Port, nil
}

// build makes a program of a package, in a module's directory.
func build(ctx context.Context, module, pkg, binary string) error {
	c := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg)
	c.Dir, c.Env = module, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w: %s", pkg, err, out)
	}
	return nil
}
