// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redial-rtc/redial/internal/background"
	"github.com/redial-rtc/redial/internal/config"
	"github.com/redial-rtc/redial/internal/figures"
	"github.com/redial-rtc/redial/internal/server"
	"github.com/redial-rtc/redial/internal/token"
)

const (
	roleVar = "REDIAL_BENCH_ROLE"
	dirVar  = "REDIAL_BENCH_DIR"
)

var key = token.Key{Access: "bench", Secret: "this-key-signs-for-a-benchmark-and-nothing-else"}

// serve runs the server under test: the one that `redial serve` runs, but for
// its limits of calls from one address and of events of one token, since here all
// of them come from one.
func serve() error {
	background.Reserve()
	cfg := config.Default()
	cfg.HTTP.Address, cfg.Media.UDP, cfg.Media.TCP = "127.0.0.1:0", "127.0.0.1:0", ""
	cfg.Media.Advertise, cfg.Media.AllowOddAddresses = []string{"127.0.0.1"}, true
	cfg.Data.Dir = os.Getenv(dirVar)
	cfg.Limits.CPUPercent = 0
	cfg.Limits.APIPerSecond, cfg.Limits.APIBurst = 1e6, 1e6
	cfg.Events.Quotas = config.Quotas{}
	cfg.Events.Retention, cfg.Events.MaxBytes = 0, 0 // the history stays as it is
	cfg.Log.Level = "error"
	cfg.Access.Keys = []config.Key{{Access: key.Access, Secret: key.Secret}}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	s, err := server.Start(ctx, cfg, server.NewLog(os.Stderr, cfg.Log), server.Options{})
	if err != nil {
		return err
	}
	fmt.Println(s.URL())
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the process that measures
	return s.Stop(context.Background())
}

// target is a server under test.
type target struct {
	dir    string
	url    string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	client *http.Client
	tokens []string // of management, more than one since each may make so many calls a second
	calls  atomic.Int64
}

// tokens is how many there are.
const tokens = 100

// bearer gives the next token.
func (t *target) bearer() string { return t.tokens[t.calls.Add(1)%tokens] }

func start(ctx context.Context, dir string) (*target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t := &target{dir: dir, cmd: exec.CommandContext(ctx, self), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000, DisableCompression: true}}}
	t.cmd.Env = append(os.Environ(), roleVar+"=server", dirVar+"="+dir)
	t.cmd.Stderr = os.Stderr
	if t.stdin, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server did not start: %w", err), t.cmd.Wait())
	}
	t.url = strings.TrimSpace(line)
	for range tokens {
		bearer, err := token.Mint(key, token.Claims{Type: token.Management})
		if err != nil {
			return nil, err
		}
		t.tokens = append(t.tokens, bearer)
	}
	return t, nil
}

func (t *target) stop() error {
	_ = t.stdin.Close()
	t.client.CloseIdleConnections()
	return t.cmd.Wait()
}

// get reads a reply whole, which is what is timed.
func (t *target) get(ctx context.Context, path string) ([]byte, time.Duration, error) {
	return t.ask(ctx, http.MethodGet, path, nil)
}

// ask makes a call, with a body of JSON unless that is nil, and reads its reply whole.
func (t *target) ask(ctx context.Context, method, path string, body []byte) ([]byte, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, method, t.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Authorization", "Bearer "+t.bearer())
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	began := time.Now()
	res, err := t.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(res.Body)
	took := time.Since(began)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, res.Status, reply)
	}
	return reply, took, err
}

// post sends a body until it is taken, and says how often it was sent back for
// a full queue.
func (t *target) post(ctx context.Context, path, bearer, mediaType, agent string, body []byte) (refused int, err error) {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+path, bytes.NewReader(body))
		if err != nil {
			return refused, err
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		req.Header.Set("Content-Type", mediaType)
		req.Header.Set("User_agent_v2", agent)
		res, err := t.client.Do(req)
		if err != nil {
			return refused, err
		}
		reply, err := io.ReadAll(res.Body)
		res.Body.Close()
		switch {
		case err != nil:
			return refused, err
		case res.StatusCode == http.StatusTooManyRequests:
			refused++
			time.Sleep(100 * time.Millisecond)
		case res.StatusCode != http.StatusOK:
			return refused, fmt.Errorf("%s: %s: %s", path, res.Status, reply)
		default:
			return refused, nil
		}
	}
}

// metric reads one of the server's own counters.
func (t *target) metric(ctx context.Context, name string) (float64, error) {
	body, _, err := t.get(ctx, "/metrics")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("the server has no metric %s", name)
}

// peakMemory is the most memory the server has held since resetPeak, in bytes, 0 where
// the system does not tell.
func (t *target) peakMemory() int64 {
	held, _ := figures.Memory(t.cmd.Process.Pid, figures.Peak)
	return held
}

func (t *target) resetPeak() { figures.ResetPeak(t.cmd.Process.Pid) }

// processorTime is what a process has used, 0 where the system does not tell.
func processorTime(pid int) time.Duration {
	used, _ := figures.ProcessorTime(pid)
	return used
}
