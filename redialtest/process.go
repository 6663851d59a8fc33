// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package redialtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"
)

// ready is the line that "redial dev -json" prints once it answers.
type ready struct {
	HTTP       string `json:"http"`
	Init       string `json:"init"`
	Management string `json:"management_token"`
	AccessKey  string `json:"access_key"`
	Secret     string `json:"secret"`
}

// process is the server as a child process, possibly several in a row.
type process struct {
	config  Config
	address string // where the last one listened, for a restart
	owned   string // a directory to remove at the end, or ""
	log     tail

	mu     sync.Mutex
	hold   io.Closer // the child's standard input: it ends when this is closed
	child  *exec.Cmd
	done   chan struct{} // closed when the child has ended
	ended  error         // how, once done is closed
	wanted bool          // it was told to end
}

// prepare makes the data directory.
func (p *process) prepare() error {
	if p.config.DataDir != "" {
		return nil
	}
	dir, err := os.MkdirTemp("", "redialtest-")
	p.config.DataDir, p.owned = dir, dir
	return err
}

func (p *process) cleanUp() {
	p.kill()
	if p.owned != "" {
		_ = os.RemoveAll(p.owned)
	}
}

// start runs the program and waits until it answers.
func (p *process) start(ctx context.Context) (ready, error) {
	words := slices.Concat(p.config.Command, []string{p.config.Binary, "dev", "-json", "-until-eof",
		"-http", p.config.Address, "-data", p.config.DataDir}, p.config.Args)
	cmd := exec.Command(words[0], words[1:]...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return ready{}, err
	}
	var log io.Writer = &p.log
	if p.config.Log != nil {
		log = io.MultiWriter(&p.log, p.config.Log)
	}
	said := make(chan ready, 1)
	// Both streams are one pipe, so that lines come in the order in which the
	// program wrote them: what it logged before it was ready is in the log.
	out := &lines{each: func(line []byte) {
		var r ready
		if json.Unmarshal(line, &r) != nil || r.HTTP == "" {
			fmt.Fprintf(log, "%s\n", line)
			return
		}
		select {
		case said <- r:
		default:
		}
	}}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = 2 * time.Second // for a grandchild that holds the pipes open
	if err := cmd.Start(); err != nil {
		return ready{}, fmt.Errorf("%s cannot be run: %w", words[0], err)
	}
	done := make(chan struct{})
	p.mu.Lock()
	p.child, p.hold, p.done, p.wanted = cmd, in, done, false
	p.mu.Unlock()
	go func() {
		err := cmd.Wait()
		out.end()
		p.mu.Lock()
		p.ended = err
		p.mu.Unlock()
		close(done)
	}()

	late := time.NewTimer(p.config.Timeout)
	defer late.Stop()
	select {
	case r := <-said:
		u, err := url.Parse(r.HTTP)
		if err != nil {
			return ready{}, fmt.Errorf("the server says it is at %q: %w", r.HTTP, err)
		}
		p.address = u.Host
		return r, nil
	case <-done:
		return ready{}, fmt.Errorf("%q ended before it was ready: %s", strings.Join(words, " "), p.end())
	case <-late.C:
		p.kill()
		return ready{}, fmt.Errorf("%q was not ready after %v; it said last:\n%s", strings.Join(words, " "), p.config.Timeout, p.log.String())
	case <-ctx.Done():
		p.kill()
		return ready{}, fmt.Errorf("waiting for the server: %w", context.Cause(ctx))
	}
}

// end says how the last child ended and what it said.
func (p *process) end() string {
	p.mu.Lock()
	how := "exit status 0"
	if p.ended != nil {
		how = p.ended.Error()
	}
	p.mu.Unlock()
	said := p.log.String()
	if said == "" {
		return how + "; it said nothing"
	}
	return how + "; it said last:\n" + said
}

// reaped is how long the end of a child may take to be known after its sockets
// have been closed.
const reaped = 500 * time.Millisecond

// died tells whether the child has ended, or is just ending, without having been
// told to.
func (p *process) died() bool {
	p.mu.Lock()
	done, wanted := p.done, p.wanted
	p.mu.Unlock()
	if done == nil || wanted {
		return false
	}
	select {
	case <-done:
		return true
	case <-time.After(reaped):
		return false
	}
}

// running tells whether there is a child that has not ended.
func (p *process) running() bool {
	p.mu.Lock()
	done := p.done
	p.mu.Unlock()
	if done == nil {
		return false
	}
	select {
	case <-done:
		return false
	default:
		return true
	}
}

// stop ends the child gracefully and says so when it does not end well; one that
// was killed here is left alone.
func (p *process) stop() error {
	p.mu.Lock()
	hold, done, wanted := p.hold, p.done, p.wanted
	p.wanted = true
	p.mu.Unlock()
	if done == nil || wanted {
		return nil
	}
	early := !p.running()
	_ = hold.Close()
	select {
	case <-done:
	case <-time.After(p.config.Timeout):
		p.kill()
		return fmt.Errorf("the server had not stopped after %v and was killed; it said last:\n%s", p.config.Timeout, p.log.String())
	}
	p.mu.Lock()
	failed := p.ended != nil
	p.mu.Unlock()
	if early || failed {
		return fmt.Errorf("the server ended by itself: %s", p.end())
	}
	return nil
}

// kill ends the child at once and waits until it is gone.
func (p *process) kill() {
	p.mu.Lock()
	child, hold, done := p.child, p.hold, p.done
	p.wanted = true
	p.mu.Unlock()
	if done == nil {
		return
	}
	_ = child.Process.Kill()
	_ = hold.Close() // of one behind Config.Command, which a signal may not reach
	<-done
}

// lines hands over whole lines of what is written to it.
type lines struct {
	each func([]byte)
	rest []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		l.each(line)
		l.rest = append(l.rest[:0:0], rest...)
	}
}

// end hands over a last line that was not ended.
func (l *lines) end() {
	if len(l.rest) > 0 {
		l.each(l.rest)
		l.rest = nil
	}
}

// tailSize is how much of a log is kept: enough for the story of one failure.
const tailSize = 16 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (l *tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	if cut := len(l.text) - tailSize; cut > 0 {
		if end := bytes.IndexByte(l.text[cut:], '\n'); end >= 0 {
			cut += end + 1 // whole lines
		}
		l.text = append(l.text[:0], l.text[cut:]...)
	}
	return len(b), nil
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimRight(string(l.text), "\n")
}
