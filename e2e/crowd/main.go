// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

// Command crowd fills a room with peers that each publish sound and a picture,
// one packet a second of both, and receive nothing; or it is the one who receives
// them all. It is for measuring large rooms and not shipped.
//
//	crowd publish ADDRESS CODE N   N peers, until it is stopped
//	crowd watch ADDRESS CODE N     joins, and leaves when sound and picture of N peers have come
//
// It prints lines of JSON. The server's limits.joins_per_second paces it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 4 {
		n, err := strconv.Atoi(args[3])
		switch {
		case err != nil || n < 1:
		case args[0] == "publish":
			return publish(ctx, args[1], args[2], n)
		case args[0] == "watch":
			return watch(ctx, args[1], args[2], n)
		}
	}
	return errors.New("usage: crowd publish|watch ADDRESS CODE N")
}

func say(event string, details map[string]any) {
	details["event"] = event
	b, _ := json.Marshal(details)
	fmt.Println(string(b))
}

// publish brings the peers in, ten at a time.
func publish(ctx context.Context, address, code string, n int) error {
	frames, err := pictures()
	if err != nil {
		return err
	}
	began := time.Now()
	var all sync.WaitGroup
	var failed atomic.Pointer[error]
	turns := make(chan struct{}, 10)
	rooms := make([]*client.Room, n)
	for i := range n {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			r, err := one(ctx, address, code, i, frames)
			if err != nil {
				failed.Store(&err)
			}
			rooms[i] = r
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	say("ready", map[string]any{"peers": n, "ms": time.Since(began).Milliseconds()})
	<-ctx.Done()
	for _, r := range rooms {
		all.Go(r.Leave)
	}
	all.Wait()
	return nil
}

// one is a peer of the crowd.
func one(ctx context.Context, address, code string, i int, frames [][]byte) (*client.Room, error) {
	cfg := client.Config{
		Endpoint: address, RoomCode: code, UserID: fmt.Sprintf("crowd-%d", i), Name: fmt.Sprintf("crowd %d", i), JoinTimeout: time.Minute,
		StepTimeout: 30 * time.Second, CallTimeout: 30 * time.Second,
	}
	var r *client.Room
	for {
		var err error
		if r, err = client.Join(ctx, cfg); err == nil {
			break
		}
		if !errors.Is(err, fault.RateLimited) || ctx.Err() != nil {
			return nil, err
		}
		time.Sleep(time.Second)
	}
	sound, err := track(webrtc.MimeTypeOpus)
	if err != nil {
		return r, err
	}
	picture, err := track(webrtc.MimeTypeVP8)
	if err != nil {
		return r, err
	}
	for _, t := range []webrtc.TrackLocal{sound, picture} {
		if _, err := r.Publish(ctx, t); err != nil {
			return r, err
		}
	}
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for at := i; ; at++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// Silence (RFC 6716, section 3.1: one frame of 20 ms, two bytes of it).
			_ = sound.WriteSample(media.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: 20 * time.Millisecond})
			_ = picture.WriteSample(media.Sample{Data: frames[at%len(frames)], Duration: time.Second})
		}
	}()
	return r, nil
}

func track(mime string) (*webrtc.TrackLocalStaticSample, error) {
	return webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, uuid.NewString(), uuid.NewString())
}

// pictures are frames of the client's smallest pattern, which are all key frames.
func pictures() ([][]byte, error) {
	file, err := os.ReadFile("client/pattern/low.ivf")
	if err != nil {
		return nil, err
	}
	r, _, err := ivfreader.NewWith(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for {
		frame, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, frame)
	}
}

// watch receives everything that n peers publish.
func watch(ctx context.Context, address, code string, n int) error {
	var mu sync.Mutex
	var tracks []*client.RemoteTrack
	var complaints []string
	cfg := client.Config{
		Endpoint: address, RoomCode: code, UserID: "watcher", Name: "watcher", AutoSubscribe: client.LayerLow,
		JoinTimeout: time.Minute, StepTimeout: 30 * time.Second,
	}
	cfg.Listener.OnTrack = func(t *client.RemoteTrack) {
		mu.Lock()
		defer mu.Unlock()
		tracks = append(tracks, t)
	}
	cfg.Listener.OnError = func(f *fault.Error) {
		mu.Lock()
		defer mu.Unlock()
		complaints = append(complaints, f.Error())
	}
	began := time.Now()
	r, err := client.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer r.Leave()
	joined := time.Since(began)
	for {
		sounds, pictures := 0, 0
		mu.Lock()
		for _, t := range tracks {
			if t.Stats().Packets == 0 {
				continue
			}
			if t.Info().Kind == "audio" {
				sounds++
			} else {
				pictures++
			}
		}
		told := complaints
		mu.Unlock()
		if sounds >= n && pictures >= n {
			say("watched", map[string]any{
				"join_ms": joined.Milliseconds(), "all_ms": time.Since(began).Milliseconds(), "sounds": sounds, "pictures": pictures, "errors": told,
			})
			return nil
		}
		select {
		case <-ctx.Done():
			say("stopped", map[string]any{"sounds": sounds, "pictures": pictures, "errors": told})
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
