// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/redial-rtc/redial/client"
)

// enough is how many packets of sound and how many pictures show that both arrive.
const enough = 10

// received counts what arrives of each peer.
type received struct {
	mu    sync.Mutex
	peers map[string]*struct{ sounds, pictures int }
	out   *json.Encoder
}

// count reads a track until it ends, and says of a peer once that both arrive.
func (r *received) count(ctx context.Context, t *client.RemoteTrack) {
	for {
		p, err := t.ReadRTP(ctx)
		if err != nil {
			return
		}
		r.mu.Lock()
		from := t.Info().PeerID
		of := r.peers[from]
		if of == nil {
			of = &struct{ sounds, pictures int }{}
			r.peers[from] = of
		}
		before := of.sounds >= enough && of.pictures >= enough
		switch {
		case t.Info().Kind == "audio":
			of.sounds++
		case p.Marker: // the last packet of a picture
			of.pictures++
		}
		if !before && of.sounds >= enough && of.pictures >= enough {
			_ = r.out.Encode(map[string]any{"event": "receives", "peer": from})
		}
		r.mu.Unlock()
	}
}

// sit joins with a token of either wire, sends sound and a picture, and says of whom
// it receives both.
func sit(ctx context.Context, args []string) error {
	r := &received{peers: map[string]*struct{ sounds, pictures int }{}, out: json.NewEncoder(os.Stdout)}
	cfg := config(args)
	cfg.AutoSubscribe, cfg.JoinTimeout, cfg.StepTimeout, cfg.CallTimeout = client.LayerHigh, time.Minute, 30*time.Second, 30*time.Second
	cfg.Listener.OnTrack = func(t *client.RemoteTrack) { go r.count(ctx, t) }
	if strings.Contains(cfg.Token, "://") {
		cfg.Dialect, cfg.PeerID = client.DialectOpenVidu, ""
	}
	room, err := client.Join(ctx, cfg)
	if err != nil {
		say("error", err)
		return err
	}
	defer room.Leave()
	for _, t := range []*client.Player{client.Tone(), client.Pattern()} {
		if _, err := room.Publish(ctx, t); err != nil {
			say("error", err)
			return err
		}
	}
	r.mu.Lock()
	_ = r.out.Encode(map[string]any{"event": "joined", "peer": room.PeerID()})
	r.mu.Unlock()
	return stay(ctx, room)
}
