// SPDX-FileCopyrightText: 2026 The Redial authors
// SPDX-License-Identifier: Apache-2.0

package admin_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/redial-rtc/redial/admin"
	"github.com/redial-rtc/redial/fault"
)

// The examples run against a real server.
func exampleClient() *admin.Client {
	c, err := admin.New(admin.Config{URL: srv.URL, Token: srv.ManagementToken, Attempts: 3})
	if err != nil {
		log.Fatal(err)
	}
	return c
}

// A room, and the code that lets guests into it.
func ExampleRooms_Create() {
	ctx, c := context.Background(), exampleClient()
	room, err := c.Rooms.Create(ctx, admin.NewRoom{Name: "lobby", Size: 20})
	if err != nil {
		log.Fatal(err)
	}
	code, err := c.RoomCodes.Create(ctx, room.ID, "guest")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(room.Name, room.Size, code.Role)
	// Output: lobby 20 guest
}

// A refusal says what it is, by the catalogue of package fault.
func ExampleError() {
	_, err := exampleClient().Rooms.Get(context.Background(), "nowhere")
	var refused *admin.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Message)
	}
	fmt.Println(errors.Is(err, fault.RoomNotFound))
	// Output:
	// 404 The room does not exist (room: nowhere)
	// true
}

// Everything that failed in the last day, page by page.
func ExampleEvents_All() {
	n := 0
	for e, err := range exampleClient().Events.All(context.Background(), admin.EventFilter{
		RoomID: "692141c0d2b9f0a1e7c35b18", Errors: true, Since: time.Now().Add(-24 * time.Hour),
	}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Time, e.Data.User, e.Redial.Fault)
		n++
	}
	fmt.Println(n, "failures")
	// Output: 0 failures
}

// Why did somebody fail who is called Mia, in the room "consult"?
func ExampleDiagnoses_List() {
	page, err := exampleClient().Diagnoses.List(context.Background(), admin.DiagnosisFilter{
		Room: "consult", User: "mia", Since: time.Now().Add(-24 * time.Hour),
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range page.Diagnoses {
		fmt.Println(d.Failure.Happened, d.Verdict.Says, d.Verdict.Confidence)
	}
	fmt.Println(page.Total, "failures")
	// Output: 0 failures
}

// Failures as they happen, for as long as the context lasts.
func ExampleEvents_Follow() {
	ctx, stop := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer stop()
	for e, err := range exampleClient().Events.Follow(ctx, admin.EventFilter{Errors: true, RoomID: "692141c0d2b9f0a1e7c35b18"}, admin.FollowOptions{Past: 10}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e)
	}
	fmt.Println("done")
	// Output: done
}

// A fifth of a user's video packets are lost for ten seconds.
func ExampleInjections_Create() {
	ctx, c := context.Background(), exampleClient()
	room, err := c.Rooms.Create(ctx, admin.NewRoom{Name: "lossy"})
	if err != nil {
		log.Fatal(err)
	}
	rule, err := c.Injections.Create(ctx, admin.Injection{
		At: "loss", Room: room.ID, User: "ada", Probability: 0.2, Packets: admin.PacketsVideo, Network: admin.UDP, For: 10 * time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Injections.Remove(ctx, rule.ID) }()
	fmt.Println(rule.Fault, rule.At, rule.State, rule.Ends.Sub(rule.Begins))
	// Output: ice.disconnected loss running 10s
}
