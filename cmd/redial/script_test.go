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
//	up REGEXP ARGUMENT...       start redial and wait until it has said REGEXP
//	down                        SIGTERM it and demand exit code 0
//	get ADDRESS CODE [REGEXP]   ask the server that is up; $AUTH is sent as bearer token,
//	                            or the content of the file it names after an @
//	eventually get ...          the same, again until it is so
//
// What "dev -json" says becomes $URL, $ADDRESS, $INIT, $DATA, $MANAGEMENT, $ROOM and
// $TOKEN_<role>; what "serve" logs becomes $URL and $ADDRESS. Standard output and error of
// the server are in up.out and up.err.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(2 * time.Minute), // a refusal that does not come would be waited for
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"up": up, "down": down, "get": get, "eventually": eventually,
		},
	})
}

const patience = 30 * time.Second // of a story, on a busy machine

// background is a server a story has started.
type background struct {
	cmd    *exec.Cmd
	ended  chan error
	mu     sync.Mutex
	said   bytes.Buffer
	spoken chan struct{} // something was said
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
	b := &background{cmd: exec.Command(program, args[1:]...), ended: make(chan error, 1), spoken: make(chan struct{}, 1)}
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"), "REDIAL_KEYS="+ts.Getenv("REDIAL_KEYS"))
	out, err := os.Create(ts.MkAbs("up.out"))
	ts.Check(err)
	errOut, err := os.Create(ts.MkAbs("up.err"))
	ts.Check(err)
	b.cmd.Stdout, b.cmd.Stderr = io.MultiWriter(out, b), io.MultiWriter(errOut, b)
	ts.Check(b.cmd.Start())
	go func() { b.ended <- b.cmd.Wait(); out.Close(); errOut.Close() }()
	running.Store(ts.MkAbs("."), b)
	ts.Defer(func() { _ = b.cmd.Process.Kill() })

	timeout := time.After(patience)
	for !want.MatchString(b.text()) {
		select {
		case <-b.spoken:
		case err := <-b.ended:
			ts.Fatalf("redial %s ended (%v) before it said %s:\n%s", strings.Join(args[1:], " "), err, args[0], b.text())
		case <-timeout:
			ts.Fatalf("redial %s did not say %s:\n%s", strings.Join(args[1:], " "), args[0], b.text())
		}
	}
	learn(ts, b.text())
}

func (b *background) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case b.spoken <- struct{}{}:
	default:
	}
	return b.said.Write(p)
}

func (b *background) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.String()
}

var urlLogged = regexp.MustCompile(`msg=ready url=(\S+)`)

// learn puts what a server said into the story's environment.
func learn(ts *testscript.TestScript, said string) {
	if m := urlLogged.FindStringSubmatch(said); m != nil {
		ts.Setenv("URL", m[1])
		_, address, _ := strings.Cut(m[1], "://")
		ts.Setenv("ADDRESS", address)
	}
	for line := range strings.Lines(said) {
		var ready devReady
		if json.Unmarshal([]byte(line), &ready) != nil || ready.Init == "" {
			continue
		}
		ts.Setenv("INIT", ready.Init)
		ts.Setenv("DATA", ready.Data)
		ts.Setenv("MANAGEMENT", ready.Management)
		ts.Setenv("ROOM", ready.Rooms[0].ID)
		for role, token := range ready.Rooms[0].Tokens {
			ts.Setenv("TOKEN_"+role, token)
		}
	}
}

func down(ts *testscript.TestScript, neg bool, args []string) {
	v, ok := running.LoadAndDelete(ts.MkAbs("."))
	if neg || len(args) > 0 || !ok {
		ts.Fatalf("usage: down, after up")
	}
	b := v.(*background)
	ts.Check(b.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-b.ended:
		if err != nil {
			ts.Fatalf("stopping: %v\n%s", err, b.text())
		}
	case <-time.After(patience):
		ts.Fatalf("did not stop:\n%s", b.text())
	}
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
