// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
	"github.com/redial-rtc/redial/redialtest"
)

// TestRecorder records a call until the host ends it, and plays the files in
// another one.
func TestRecorder(t *testing.T) {
	srv := redialtest.Start(t)
	room := srv.CreateRoom(t, redialtest.Room{})
	code := srv.RoomCode(t, room.ID, "guest")
	host, err := client.Join(t.Context(), client.Config{Endpoint: srv.URL, Token: srv.Token(t, redialtest.Token{Room: room.ID, Role: "host", User: "host"}), Name: "host"})
	if err != nil {
		t.Fatal(err)
	}
	defer host.Leave()
	for _, src := range []*client.Player{client.Pattern(), client.Tone()} {
		if _, err := host.Publish(t.Context(), src); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	done := make(chan error, 1)
	go func() {
		done <- run(t.Context(), client.Config{Endpoint: srv.URL, RoomCode: code, Name: "Recorder"}, dir)
	}()
	// It has something when both files have grown.
	files := func() (names []string, bytes int64) {
		for _, pattern := range []string{"video-*.ivf", "audio-*.ogg"} {
			found, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, f := range found {
				if info, err := os.Stat(f); err == nil && info.Size() > 4000 {
					names, bytes = append(names, f), bytes+info.Size()
				}
			}
		}
		return names, bytes
	}
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if names, _ := files(); len(names) == 2 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("nothing is recorded")
		}
	}
	if err := host.EndRoom(t.Context(), client.EndOptions{Reason: "that was all"}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, fault.RoomEnded) {
			t.Errorf("the recorder ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the recorder does not end")
	}
	names, _ := files()
	if len(names) != 2 {
		t.Fatalf("there are %v", names)
	}
	if b, err := os.ReadFile(names[0]); err != nil || !bytes.HasPrefix(b, []byte("DKIF\x00\x00\x20\x00VP80\x80\x02\x68\x01")) {
		t.Errorf("no VP8 of 640x360 in %s: %v", names[0], err)
	}
	// The files can be played to the end.
	again, err := client.Join(t.Context(), client.Config{Endpoint: srv.URL, Token: srv.Token(t, redialtest.Token{Room: room.ID, Role: "host", User: "host"}), Name: "player",
		Listener: client.Listener{OnError: func(e *fault.Error) { t.Error(e) }}})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Leave()
	for _, name := range names {
		src, err := client.File(name)
		if err != nil {
			t.Fatal(err)
		}
		pub, err := again.Publish(t.Context(), src)
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-pub.Done():
		case <-time.After(30 * time.Second):
			t.Fatal("it does not end:", name)
		}
		if pub.PacketsSent() < 10 {
			t.Errorf("%d packets of %s", pub.PacketsSent(), name)
		}
	}
}
