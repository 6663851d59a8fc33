// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/redial-rtc/redial/client"
	"github.com/redial-rtc/redial/fault"
)

// A bot that stays until it is sent away, and says what happens to it.
func ExampleJoin() {
	ctx := context.Background()
	room, err := client.Join(ctx, client.Config{
		Endpoint: "https://video.example.org",
		RoomCode: "abc-defg-hij",
		Name:     "Robot",
		Listener: client.Listener{
			OnReconnecting: func(cause *fault.Error) { log.Print("reconnecting: ", cause) },
			OnReconnected:  func() { log.Print("back again") },
			OnMessage:      func(m client.Message) { log.Print(m.From, ": ", m.Body) },
		},
	})
	if err != nil {
		log.Fatal(client.Describe(err).User)
	}
	defer room.Leave()
	<-room.Done()
	log.Print("ended: ", room.Err())
}

// An error is matched by its kind and worded for people.
func ExampleDescribe() {
	_, err := client.Join(context.Background(), client.Config{Endpoint: "https://video.example.org", Token: "expired"})
	switch {
	case errors.Is(err, fault.TokenExpired):
		log.Print("get another token")
	case err != nil && client.Describe(err).CanRetry:
		log.Print("try again later")
	case err != nil:
		d := client.Describe(err)
		log.Printf("%d %s: %s", d.Code, d.Name, d.Description)
	}
}

// An error in words: for the log, and for the user.
func ExampleProblem() {
	p := client.Describe(fault.RoomFull.New("limit", 50))
	fmt.Println(p.Fault, p.Code, p.Terminal, p.CanRetry)
	fmt.Println(p.Message)
	fmt.Println(p.User)
	// Output:
	// room.full 403 true true
	// The room is full (limit: 50)
	// This call is full. Please try again when someone has left.
}

// A host moderates: what takes effect at once and what only asks have different
// names.
func ExampleRoom_MuteTracks() {
	ctx := context.Background()
	var room *client.Room // from Join
	if err := room.MuteTracks(ctx, client.TrackFilter{Kind: "audio", Roles: []string{"guest"}}); err != nil {
		log.Print(err)
	}
	for p, err := range room.FindPeers(ctx, client.PeerFilter{Group: client.GroupHandRaised}) {
		if err != nil {
			log.Fatal(err)
		}
		_ = room.RequestRole(ctx, p.ID, "speaker") // the peer may decline
		_ = room.LowerPeerHand(ctx, p.ID)
	}
	_ = room.EndRoom(ctx, client.EndOptions{Reason: "that was all", Lock: true})
}

// Two peers change one value: whoever comes second looks again.
func ExampleRoom_ReplaceSessionMetadata() {
	ctx := context.Background()
	var room *client.Room // from Join
	for {
		now, err := room.SessionMetadata(ctx, "votes")
		if err != nil {
			log.Fatal(err)
		}
		var votes int
		_ = json.Unmarshal(now.Data, &votes)
		if _, err = room.ReplaceSessionMetadata(ctx, "votes", votes+1, now.Version); err == nil {
			return
		}
		if !errors.Is(err, fault.MetadataConflict) {
			log.Fatal(err)
		}
	}
}

// A file is sent over and over, muted for a while.
func ExampleRoom_Publish() {
	ctx := context.Background()
	var room *client.Room // from Join
	film, err := client.File("film.ivf")
	if err != nil {
		log.Fatal(err)
	}
	film.Loop = true
	pub, err := room.Publish(ctx, film, client.WithDescription("a film"))
	if err != nil {
		log.Fatal(err)
	}
	_ = pub.SetMuted(true)
	time.Sleep(time.Minute)
	_ = pub.SetMuted(false)
}

// A decoder takes what a track brings.
func ExampleRemoteTrack_Samples() {
	ctx := context.Background()
	var track *client.RemoteTrack // from OnTrack
	if track.Info().Kind == "video" {
		if err := track.SetLayer(ctx, client.LayerHigh); err != nil {
			log.Print(err)
		}
	}
	samples := track.Samples()
	for {
		s, err := samples.Read(ctx)
		if errors.Is(err, io.EOF) {
			return // withdrawn
		}
		if err != nil {
			log.Fatal(err)
		}
		log.Printf("%s at %v: %d bytes, keyframe %v", s.Codec, s.Time, len(s.Data), s.Keyframe)
	}
}
