// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// flood is one way to hurt a server.
type flood struct {
	name, what string
	run        func(context.Context, *scene) (told, error) // in the attacker's process, until the context ends
	after      func(context.Context, *server, scene) (found, broken string, err error)
	least      time.Duration // what it looks for takes so long
	files      int           // file descriptors the server may have; 0: as many as it gets
}

func (f flood) length(asked time.Duration) time.Duration { return max(asked, f.least) }

// told is what the attacker says of its flood.
type told struct {
	Found  string
	Broken []string
}

// floods are all there are, in the order in which they are measured.
var floods = []flood{
	{name: "ids", what: "refused frames with ids of 200 kB on 20 sockets, the answers not read", run: refusedFrames},
	{name: "metadata", what: "`listen-metadata-change` for up to 12 MB of values on 20 sockets, the answers not read", run: metadata},
	{name: "find", what: "`find-peer` with ids of 200 kB on 20 sockets, the answers not read", run: findPeers},
	{name: "oversize", what: "two sockets send frames that are too large, and binary ones", run: oversize},
	{name: "chat", what: "one viewer sends 60 kB messages to 20 peers", run: chat},
	{name: "offers", what: "two guests offer again and again before ICE is up", run: offers},
	{name: "bodies", what: "200 request bodies, a byte a second", run: slowBodies, least: 45 * time.Second},
	{name: "sockets", what: "connections and signalling sockets that are opened and never used", run: idleSockets},
	{name: "events", what: "one viewer's token reports failures over the socket and over REST", run: events, after: countEvents},
	{name: "unsigned", what: "tokens nobody signed claim to be the host", run: unsigned, after: countForged},
	{name: "takeover", what: "a viewer's code and tokens try to become the host", run: takeovers},
	{name: "rubbish", what: "UDP rubbish that looks like RTP, STUN and DTLS", run: rubbish},
	{name: "nack", what: "a viewer asks for every packet of a video again, all the time", run: nacks},
	{name: "reflect", what: "candidates and forged checks of addresses that never answer", run: reflect, least: 30 * time.Second},
	{name: "files", what: "media connections until the server has no file descriptor left", run: outOfFiles, least: 15 * time.Second, files: 128},
}

const floodVar = "REDIAL_ATTACK_FLOOD"

// letLoose runs a flood in a process of its own.
func letLoose(ctx context.Context, f flood, sc scene) (told, error) {
	var t told
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	// Whatever it does, it ends.
	ctx, cancel := context.WithTimeout(ctx, time.Duration(sc.Seconds*float64(time.Second))+patience)
	defer cancel()
	in, err := json.Marshal(sc)
	if err != nil {
		return t, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), floodVar+"="+f.name, "GOMAXPROCS=1", "GOMEMLIMIT=256MiB")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return t, fmt.Errorf("the attacker: %w", err)
	}
	return t, json.Unmarshal(out, &t)
}

// attackAs is the attacker's process.
func attackAs(ctx context.Context, name string) error {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 10)
	list, err := chosen(name)
	if err != nil {
		return err
	}
	var sc scene
	if err := json.NewDecoder(os.Stdin).Decode(&sc); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(sc.Seconds*float64(time.Second)))
	defer cancel()
	t, err := list[0].run(ctx, &sc)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(t)
}

// pour opens sockets and sends what next makes until the time is over. A socket
// that is cut is replaced.
func pour(ctx context.Context, sc *scene, token string, m manner, next func(n int) []byte) (frames, sockets int, err error) {
	for ctx.Err() == nil {
		s, failed := inside(ctx, sc, token, uuid.NewString(), m)
		if failed != nil {
			err = failed
			pause(ctx, 250*time.Millisecond)
			continue
		}
		sockets++
		for ctx.Err() == nil && s.send(ctx, next(frames)) == nil {
			frames++
		}
		s.drop()
	}
	if sockets > 0 {
		err = nil
	}
	return frames, sockets, err
}

// pourFromMany is pour on twenty sockets at once.
func pourFromMany(ctx context.Context, sc *scene, m manner, one []byte) (told, error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var frames, sockets int
	var last error
	for i := range 20 {
		wg.Go(func() {
			f, s, err := pour(ctx, sc, sc.Viewers[i], m, func(int) []byte { return one })
			mu.Lock()
			defer mu.Unlock()
			frames, sockets, last = frames+f, sockets+s, err
		})
	}
	wg.Wait()
	if sockets > 0 {
		last = nil
	}
	return told{Found: fmt.Sprintf("%d frames, %d sockets", frames, sockets)}, last
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func refusedFrames(ctx context.Context, sc *scene) (told, error) {
	// Every "<" of an answer may become six bytes.
	one := []byte(`{"method":"no-such-method","id":"` + strings.Repeat("<", 200_000) + `"}`)
	return pourFromMany(ctx, sc, slow, one)
}

func metadata(ctx context.Context, sc *scene) (told, error) {
	s, err := inside(ctx, sc, sc.Viewers[0], uuid.NewString(), hostile)
	if err != nil {
		return told{}, err
	}
	defer s.drop()
	value := strings.Repeat("v", 60_000)
	var keys []string
	kept := 0
	for i := range 200 {
		keys = append(keys, fmt.Sprint("key-", i))
		if err := s.call(ctx, "set-metadata", map[string]any{"key": keys[i], "data": value}); err == nil {
			kept++
		} else if !errors.Is(err, errRefused) {
			break
		}
	}
	one := frame("k", "listen-metadata-change", map[string]any{"keys": keys})
	t, err := pourFromMany(ctx, sc, slow, one)
	t.Found = fmt.Sprintf("%d values kept, %s", kept, t.Found)
	return t, err
}

func findPeers(ctx context.Context, sc *scene) (told, error) {
	ids := strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("<", 100)+`",`, 1900), ",")
	one := []byte(`{"method":"find-peer","id":"f","params":{"limit":100,"peers":[` + ids + `]}}`)
	return pourFromMany(ctx, sc, slow, one)
}

func oversize(ctx context.Context, sc *scene) (told, error) {
	large := frame("x", "ping", map[string]any{"timestamp": strings.Repeat("[", 900_000)})
	var all told
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for i := range 2 {
		wg.Go(func() {
			frames := 0
			for ctx.Err() == nil {
				s, err := inside(ctx, sc, sc.Viewers[i], uuid.NewString(), hostile)
				if err != nil {
					pause(ctx, 250*time.Millisecond)
					continue
				}
				for err == nil && ctx.Err() == nil {
					if i == 0 {
						err = s.send(ctx, large)
					} else {
						err = s.sendBinary(ctx, large)
					}
					frames++
				}
				s.drop()
			}
			mu.Lock()
			defer mu.Unlock()
			all.Found += fmt.Sprintf("%d %s, ", frames, []string{"too large", "binary"}[i])
		})
	}
	wg.Wait()
	all.Found = strings.TrimSuffix(all.Found, ", ")
	return all, failed
}

func chat(ctx context.Context, sc *scene) (told, error) {
	var crowd []*socket
	there, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	for i := range 20 {
		s, err := inside(there, sc, sc.Crowd[i], uuid.NewString(), hostile)
		if err != nil {
			return told{}, err
		}
		defer s.drop()
		crowd = append(crowd, s)
	}
	// The time of the flood begins when they are there.
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), time.Duration(sc.Seconds*float64(time.Second)))
	defer cancel()
	began, before := time.Now(), crowd[0].received()
	one := frame("m", "broadcast", map[string]any{"info": map[string]any{"type": "chat", "message": strings.Repeat("m", 60_000)}})
	frames, _, err := pour(ctx, sc, sc.Others[0], hostile, func(int) []byte { return one })
	rate := float64(crowd[0].received()-before) * 8 / time.Since(began).Seconds() / 1e6
	return told{Found: fmt.Sprintf("%d frames, %.1f Mbit/s to each", frames, rate)}, err
}
