// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"redial": main})
}

// TestScripts runs the stories in testdata/script against the real program.
// Beyond what testscript brings, a story can say
//
//	up REGEXP ARGUMENT...       start redial and wait until it has said REGEXP and where it is
//	down                        SIGTERM it and demand exit code 0
//	get ADDRESS CODE [REGEXP]   ask the server that is up; $AUTH is sent as bearer token,
//	                            or the content of the file it names after an @
//	eventually get ...          the same, again until it is so
//
// What "dev -json" says becomes $URL, $ADDRESS, $INIT, $DATA, $MANAGEMENT, $ROOM and
// $TOKEN_<role> and $CODE_<role>; what every server logs becomes $URL and $ADDRESS. Standard output and error of
// the server are in up.out and up.err.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(5 * time.Minute), // of all of them: a refusal that does not come would be waited for
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": up, "down": down, "get": get, "eventually": eventually,
		},
	})
}

const patience = 30 * time.Second // of a story, on a busy machine

// child is a server a story has started. What it says on its two streams is
// kept in whole lines; the streams are read by two goroutines, so that their order
// says nothing, and whatever is needed of both has to be waited for.
type child struct {
	cmd    *exec.Cmd
	ended  chan error // once everything it said has been read
	mu     sync.Mutex
	said   bytes.Buffer
	spoken chan struct{} // something was said
}

// start runs the program and also writes its streams to out and errOut.
func start(cmd *exec.Cmd, out, errOut io.Writer) (*child, error) {
	b := &child{cmd: cmd, ended: make(chan error, 1), spoken: make(chan struct{}, 1)}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(out, &stream{of: b}), io.MultiWriter(errOut, &stream{of: b})
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { b.ended <- cmd.Wait() }()
	return b, nil
}

// running are the servers of the stories, by their directory.
var running sync.Map

func up(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: up REGEXP ARGUMENT...")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	program, err := exec.LookPath("redial")
	ts.Check(err)
	cmd := exec.Command(program, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), "REDIAL_KEYS="+ts.Getenv("REDIAL_KEYS"))
	out, err := os.Create(ts.MkAbs("up.out"))
	ts.Check(err)
	errOut, err := os.Create(ts.MkAbs("up.err"))
	ts.Check(err)
	b, err := start(cmd, out, errOut)
	ts.Check(err)
	running.Store(ts.MkAbs("."), b)
	ts.Defer(func() { _ = cmd.Process.Kill(); out.Close(); errOut.Close() })
	facts, err := b.up(want)
	ts.Check(err)
	for name, value := range facts {
		ts.Setenv(name, value)
	}
}

// up waits until the server has said what is wanted and where it is, whichever
// is read first, and returns what it said of itself.
func (b *child) up(want *regexp.Regexp) (map[string]string, error) {
	timeout := time.After(patience)
	for {
		said := b.text()
		if facts := learn(said); want.MatchString(said) && facts["URL"] != "" {
			return facts, nil
		}
		select {
		case <-b.spoken:
		case err := <-b.ended:
			return nil, fmt.Errorf("%q ended (%v) before it said %s and its address:\n%s", b.cmd.Args, err, want, b.text())
		case <-timeout:
			return nil, fmt.Errorf("%q did not say %s and its address:\n%s", b.cmd.Args, want, b.text())
		}
	}
}

// down ends it and waits until everything it said has been read.
func (b *child) down() error {
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-b.ended:
		if err != nil {
			return fmt.Errorf("stopping: %w\n%s", err, b.text())
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("it did not stop:\n%s", b.text())
	}
}

func (b *child) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.String()
}

// stream adds the whole lines of one stream to what was said.
type stream struct {
	of   *child
	rest []byte
}

func (s *stream) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	end := bytes.LastIndexByte(s.rest, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	s.of.mu.Lock()
	s.of.said.Write(s.rest[:end])
	s.of.mu.Unlock()
	s.rest = append(s.rest[:0], s.rest[end:]...)
	select {
	case s.of.spoken <- struct{}{}:
	default:
	}
	return len(p), nil
}

// urlLogged is how a server says in its log, as text or as JSON, where it is.
var urlLogged = regexp.MustCompile(`(?:msg=ready url=|"msg":"ready","url":")([^\s"]+)`)

// learn is what a server said of itself, as a story's environment.
func learn(said string) map[string]string {
	facts := map[string]string{}
	at := func(url string) {
		_, address, _ := strings.Cut(url, "://")
		facts["URL"], facts["ADDRESS"] = url, address
	}
	if m := urlLogged.FindStringSubmatch(said); m != nil {
		at(m[1])
	}
	for line := range strings.Lines(said) {
		var ready devReady
		if json.Unmarshal([]byte(line), &ready) != nil || ready.Init == "" {
			continue
		}
		at(ready.HTTP)
		facts["INIT"], facts["DATA"], facts["MANAGEMENT"], facts["ROOM"] = ready.Init, ready.Data, ready.Management, ready.Rooms[0].ID
		for role, token := range ready.Rooms[0].Tokens {
			facts["TOKEN_"+role] = token
		}
		for role, code := range ready.Rooms[0].Codes {
			facts["CODE_"+role] = code
		}
	}
	return facts
}

// TestUpWaitsForBothStreams says what a server says in the order in which a busy
// machine reads it: the line that a story waits for comes before the address.
func TestUpWaitsForBothStreams(t *testing.T) {
	b := &child{cmd: exec.Command("redial"), ended: make(chan error, 1), spoken: make(chan struct{}, 1)}
	out, log := &stream{of: b}, &stream{of: b}
	say := func(s *stream, text string) {
		if _, err := io.WriteString(s, text); err != nil {
			t.Error(err)
		}
	}
	say(out, "Everything is forgotten at the end\n")
	say(log, "msg=ready url=http://127.0.0.1:4")
	if len(learn(b.text())) > 0 {
		t.Fatal("it believes half a line")
	}
	up := make(chan map[string]string)
	go func() {
		facts, err := b.up(regexp.MustCompile("forgotten"))
		if err != nil {
			t.Error(err)
		}
		up <- facts
	}()
	say(out, "more\n")
	say(log, "711 media_udp=1\n")
	if facts := <-up; facts["URL"] != "http://127.0.0.1:4711" || facts["ADDRESS"] != "127.0.0.1:4711" {
		t.Errorf("it is at %v", facts)
	}
	if facts := learn(`{"level":"INFO","msg":"ready","url":"https://a.example:8443","media_udp":1}`); facts["URL"] != "https://a.example:8443" {
		t.Errorf("a log for machines says %v", facts)
	}
	if facts := learn(`{"http":"http://127.0.0.1:9","init":"x","rooms":[{"id":"r"}]}`); facts["URL"] != "http://127.0.0.1:9" || facts["ROOM"] != "r" {
		t.Errorf("one line for programs says %v", facts)
	}
}

func down(ts *testscript.TestScript, neg bool, args []string) {
	v, ok := running.LoadAndDelete(ts.MkAbs("."))
	if neg || len(args) > 0 || !ok {
		ts.Fatalf("usage: down, after up")
	}
	ts.Check(v.(*child).down())
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: get ADDRESS CODE [REGEXP]")
	}
	ts.Check(ask(ts, args))
}

// eventually asks again until the answer is the one that is wanted: events are
// written after the reply they are about.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || args[0] != "get" {
		ts.Fatalf("usage: eventually get ADDRESS CODE [REGEXP]")
	}
	timeout := time.After(patience)
	for {
		err := ask(ts, args[1:])
		if err == nil {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-timeout:
			ts.Check(err)
		}
	}
}

// ask sends one request and says how the answer differs from what is wanted.
func ask(ts *testscript.TestScript, args []string) error {
	address, code := args[0], args[1]
	if strings.HasPrefix(address, "/") {
		address = ts.Getenv("URL") + address
	}
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	token := ts.Getenv("AUTH")
	if file, ok := strings.CutPrefix(token, "@"); ok {
		token = strings.TrimSpace(ts.ReadFile(file))
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if code == "refused" {
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return fmt.Errorf("get %s: %v, want a refused connection", address, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case strconv.Itoa(res.StatusCode) != code:
		return fmt.Errorf("get %s: %s, want %s\n%s", address, res.Status, code, body)
	case len(args) == 3 && !regexp.MustCompile(args[2]).Match(body):
		return fmt.Errorf("get %s does not say %s:\n%s", address, args[2], body)
	}
	return nil
}
