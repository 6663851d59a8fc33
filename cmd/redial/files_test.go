// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A server whose file descriptors are used up by connections to the media port
// says so at /readyz and in its log, and is ready again once they are gone.
func TestReadinessTellsAWantOfFiles(t *testing.T) {
	program, err := exec.LookPath("redial")
	if err != nil {
		t.Fatal(err)
	}
	s := startProgram(t, exec.Command("sh", "-c", "ulimit -n 64 && exec "+program+" dev -http 127.0.0.1:0"))
	address := regexp.MustCompile(`url=(\S+) .*media_tcp=(\d+)`).FindStringSubmatch(s.said)
	if address == nil {
		t.Fatalf("no addresses in %q", s.said)
	}
	// A connection that stays open, as a prober's does.
	prober := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: patience}
	ready := func() (int, string) {
		res, err := prober.Get(address[1] + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	if code, body := ready(); code != 200 {
		t.Fatalf("at first: %d %s", code, body)
	}
	var held []net.Conn
	for range 64 {
		c, err := net.Dial("tcp", "127.0.0.1:"+address[2])
		if err != nil {
			break
		}
		held = append(held, c)
	}
	s.says(t, "socket=media.tcp")
	code, body := ready()
	if code != 503 || !strings.Contains(body, "media.tcp takes nothing in: too many open files") {
		t.Errorf("without descriptors: %d %s", code, body)
	}
	for _, c := range held {
		_ = c.Close()
	}
	for end := time.Now().Add(patience); code != 200 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		code, body = ready()
	}
	if code != 200 {
		t.Errorf("after they are gone: %d %s", code, body)
	}
	s.says(t, "taken in again")
	c, err := net.Dial("tcp", "127.0.0.1:"+address[2])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Rubbish is closed at once by whoever accepts it.
	if _, err := fmt.Fprint(c, "\x00\x02no"); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the media port: %v, want it closed by the server", err)
	}
	s.signal(t, syscall.SIGTERM)
	s.stops(t)
}
