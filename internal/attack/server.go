// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/redial-rtc/redial/internal/figures"
	"github.com/redial-rtc/redial/internal/token"
)

// patience is how long a server may take to start and to stop.
const patience = 30 * time.Second

var key = token.Key{Access: "attack", Secret: "a secret of the servers that are attacked here"}

// server is one "redial serve".
type server struct {
	cmd    *exec.Cmd
	log    *os.File
	data   string
	url    string
	udp    int
	tcp    int
	bearer string
}

var ready = regexp.MustCompile(`msg=ready url=(\S+) media_udp=(\d+) media_tcp=(\d+)`)

// startServer runs the program with the settings it has by default, but that it
// is on loopback and on free ports.
func startServer(ctx context.Context, o options, f flood, dir string) (*server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	settings := filepath.Join(dir, "redial.yaml")
	text := fmt.Sprintf("http: {address: \"127.0.0.1:0\"}\nmedia: {udp: \"127.0.0.1:0\", tcp: \"127.0.0.1:0\"}\ndata: {dir: %q}\naccess: {keys: [{access: %q, secret: %q}]}\n",
		filepath.Join(dir, "data"), key.Access, key.Secret)
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return nil, err
	}
	words := []string{o.binary, "serve", "-config", settings}
	if f.files > 0 {
		words = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, f.files), "sh"}, words...)
	}
	s := &server{cmd: exec.CommandContext(ctx, words[0], words[1:]...), data: filepath.Join(dir, "data")}
	var err error
	if err = os.MkdirAll(o.logs, 0o700); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(filepath.Join(o.logs, f.name+".log")); err != nil {
		return nil, err
	}
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		said, err := os.ReadFile(s.log.Name())
		if err != nil {
			return nil, err
		}
		if m := ready.FindSubmatch(said); m != nil {
			s.url = string(m[1])
			s.udp, _ = strconv.Atoi(string(m[2]))
			s.tcp, _ = strconv.Atoi(string(m[3]))
			break
		}
		if time.Now().After(until) {
			return nil, errors.Join(fmt.Errorf("the server is not ready:\n%s", said), s.end())
		}
	}
	if s.bearer, err = token.Mint(key, token.Claims{Type: token.Management}); err != nil {
		return nil, err
	}
	return s, nil
}

// end stops the server; one that has died before is a failure.
func (s *server) end() error {
	defer s.log.Close()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	if err := s.cmd.Wait(); err != nil {
		said, _ := os.ReadFile(s.log.Name())
		return fmt.Errorf("the server ended badly: %w\n%s", err, said[max(0, len(said)-4000):])
	}
	return nil
}

// rest makes a REST call.
func (s *server) rest(ctx context.Context, method, path string, body, out any) error {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.bearer)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s", method, path, res.Status, raw)
	}
	return json.Unmarshal(raw, out)
}

// scene is what the attacker knows and holds: the addresses, tokens of people
// without rights, a room code for viewers, and what everybody in a room sees of
// the others.
type scene struct {
	Seconds  float64
	URL      string
	Host     string
	UDP, TCP int

	Room    string // where the honest call is
	Other   string // another one
	Code    string // of the room, for viewers
	Victim  string // peer id of the host
	User    string // and its user id
	Viewers []string
	Guests  []string
	Others  []string // viewers of the other room
	Crowd   []string // guests of the other room

	host, talker, counter string // tokens of the honest people; the attacker has them not
}

func (s *server) token(room, role, user string) string {
	raw, err := token.Mint(key, token.Claims{Type: token.App, RoomID: room, Role: role, UserID: user, ID: uuid.NewString()})
	if err != nil {
		panic(err) // the claims are constants of this program
	}
	return raw
}

// scene makes the rooms and hands out tokens.
func (s *server) scene(ctx context.Context, length time.Duration) (scene, error) {
	sc := scene{Seconds: length.Seconds(), URL: s.url, Host: strings.TrimPrefix(s.url, "http://"), UDP: s.udp, TCP: s.tcp,
		Victim: uuid.NewString(), User: "the-host"}
	for _, to := range []*string{&sc.Room, &sc.Other} {
		var made struct{ ID string }
		if err := s.rest(ctx, http.MethodPost, "/v2/rooms", map[string]any{}, &made); err != nil {
			return sc, err
		}
		*to = made.ID
	}
	var code struct{ Code string }
	if err := s.rest(ctx, http.MethodPost, "/v2/room-codes/room/"+sc.Room+"/role/viewer", nil, &code); err != nil {
		return sc, err
	}
	sc.Code = code.Code
	for i := range 24 {
		sc.Viewers = append(sc.Viewers, s.token(sc.Room, "viewer", fmt.Sprint("viewer-", i)))
		sc.Guests = append(sc.Guests, s.token(sc.Room, "guest", fmt.Sprint("guest-", i)))
		sc.Others = append(sc.Others, s.token(sc.Other, "viewer", fmt.Sprint("other-", i)))
		sc.Crowd = append(sc.Crowd, s.token(sc.Other, "guest", fmt.Sprint("crowd-", i)))
	}
	sc.host, sc.talker, sc.counter = s.token(sc.Room, "host", sc.User), s.token(sc.Room, "guest", "the-guest"), s.token(sc.Room, "viewer", "the-counter")
	return sc, nil
}

// memory is what the process holds of a kind, 0 where the system does not tell.
func (s *server) memory(kind string) int64 {
	held, _ := figures.Memory(s.cmd.Process.Pid, kind)
	return held
}

// processor is the processor time the server has used, 0 where the system does not tell.
func (s *server) processor() time.Duration {
	used, _ := figures.ProcessorTime(s.cmd.Process.Pid)
	return used
}
